from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sciatrial.clinic import SCORES
from sciatrial.foundation import TrialError
from sciatrial.trial import run_trial
from sciatrial.trial.course import Completed
from sciatrial.trial.monitoring import monitor
from sciatrial.trial.run import baseline_table, conduct_counts, enrolled, patient_rows, trial_result
from sciatrial.trial.subgroup import IN_SUBGROUP
from tests.trial.conftest import SALINE, SHAM, small_design
from tests.trial.enriched import RULE, design_of, known_trial


def _completed(design, trial):
    return Completed(trial, monitor(design, [trial])[0])


@pytest.fixture(scope="module")
def result(model, with_rescue, patients):
    return run_trial(model, with_rescue, patients, seed=9, name="large")


def test_a_run_is_the_conducted_trial_analysed(model, with_rescue, rescued_trial, result):
    assert (
        result.fingerprint()
        == trial_result(model, with_rescue, _completed(with_rescue, rescued_trial), "large", seed=9).fingerprint()
    )


def test_the_same_seed_gives_the_same_trial_and_another_seed_another(model, patients):
    first, again, other = (run_trial(model, small_design(), patients, seed=seed) for seed in (1, 1, 2))
    assert first.fingerprint() == again.fingerprint()
    assert first.contrasts["estimate"].item() != other.contrasts["estimate"].item()


def test_too_few_patients_are_refused(model, patients):
    with pytest.raises(TrialError) as raised:
        run_trial(model, small_design(n_total=241), patients, seed=1)
    assert "there are 240" in str(raised.value)
    assert "241 or more" in str(raised.value)


def test_the_first_patients_are_enrolled(patients):
    few = enrolled(small_design(n_total=10), patients)
    assert few.numbers.tolist() == patients.numbers[:10].tolist()
    assert len(few.covariates) == len(few.parameters) == len(few.entry_states) == len(few.context_maximum) == 10
    assert few.screening["screened"] == patients.numbers[9] + 1
    assert few.screening["eligible"] == 10


def test_counts_of_arms_add_up_to_everybody_randomised(with_rescue, rescued_trial):
    counts = conduct_counts(with_rescue, rescued_trial)
    assert sum(counts["randomised"].values()) == 240
    assert counts["unsolved_in_trial"] == 0
    for arm, n in counts["randomised"].items():
        # the endpoint is at the last visit
        assert counts["observed_at_endpoint"][arm] + counts["dropped_out"][arm] == n


def test_counts_equal_what_the_patient_rows_say(with_rescue, rescued_trial):
    counts = conduct_counts(with_rescue, rescued_trial)
    rows = patient_rows(with_rescue, rescued_trial)
    last = rows[rows["month"] == 6]
    for arm in with_rescue.arms:
        mine = last[last["arm"] == arm]
        assert counts["randomised"][arm] == len(mine)
        assert counts["observed_at_endpoint"][arm] == mine["is_observed"].sum()
        assert counts["rescued"][arm] == mine["is_rescued"].sum() > 0


def test_counts_of_the_analysis_equal_the_observed(with_rescue, rescued_trial, result):
    row = result.contrasts.iloc[0]
    observed = conduct_counts(with_rescue, rescued_trial)["observed_at_endpoint"]
    assert (row["n_arm"], row["n_control"]) == (observed["cells"], observed["saline"])


def test_screening_counts_travel_with_the_trial(result, patients):
    for name in ("screened", "eligible", "unsolved"):
        assert result.conduct[name] == patients.screening[name]


def test_a_patient_keeps_the_mark_of_rescue(result):
    for _, rows in result.patients.groupby("patient"):
        assert rows["is_rescued"].is_monotonic_increasing


def test_the_mark_of_rescue_begins_at_the_visit_where_it_was_given(with_rescue, rescued_trial, result):
    first = np.argmax(rescued_trial.rescued, axis=1)
    rescued = rescued_trial.rescued.any(axis=1)
    months = np.array([0, *with_rescue.visits_months])
    rows = result.patients[result.patients["is_rescued"]].groupby("patient")["month"].min()
    expected = dict(zip(rescued_trial.patients.numbers[rescued], months[first[rescued]], strict=True))
    assert rows.to_dict() == expected


def test_scores_of_a_patient_who_left_are_empty(result):
    names = [str(score) for score in SCORES]
    gone = ~result.patients["is_observed"]
    assert gone.any()
    assert result.patients.loc[gone, names].isna().all(axis=None)
    assert result.patients.loc[~gone, names].notna().all(axis=None)


def test_the_estimate_can_be_computed_again_from_the_patient_rows(result):
    wide = result.patients.pivot_table(index="patient", columns="month", values="leg_pain").dropna(subset=[0, 6])
    arm = result.patients.groupby("patient")["arm"].first().loc[wide.index]
    x = np.column_stack([np.ones(len(wide)), arm == "cells", wide[0]]).astype(float)
    coefficients = np.linalg.lstsq(x, wide[6] - wide[0], rcond=None)[0]
    assert result.contrasts["estimate"].item() == pytest.approx(coefficients[1])


def test_the_baseline_table_equals_the_covariates(with_rescue, rescued_trial):
    table = baseline_table(with_rescue, rescued_trial).set_index(["characteristic", "arm"])
    people = rescued_trial.patients.covariates
    mine = people[rescued_trial.assigned == 0]
    assert table.loc[("Age", "all"), "mean"] == pytest.approx(people["age_years"].mean())
    assert table.loc[("Leg pain", "cells"), "sd"] == pytest.approx(mine["leg_pain"].std())
    assert table.loc[("Female", "cells"), "percent"] == pytest.approx(100 * mine["is_female"].mean())
    assert table.loc[("Age", "cells"), "n"] + table.loc[("Age", "saline"), "n"] == table.loc[("Age", "all"), "n"] == 240


def test_percentages_of_herniation_classes_add_up(with_rescue, rescued_trial):
    table = baseline_table(with_rescue, rescued_trial)
    classes = table[table["characteristic"].str.startswith("Herniation") & (table["arm"] == "all")]
    assert classes["percent"].sum() == pytest.approx(100)


def test_somebody_who_could_not_be_solved_is_counted_and_not_analysed(model, with_rescue, rescued_trial):
    solved = rescued_trial.is_solved.copy()
    solved[0] = False
    seen = rescued_trial.is_observed & solved[:, None]
    trial = replace(rescued_trial, is_solved=solved, is_observed=seen)
    counted = trial_result(model, with_rescue, _completed(with_rescue, trial), "one unsolved", seed=9)
    assert counted.conduct["unsolved_in_trial"] == 1
    whole = trial_result(model, with_rescue, _completed(with_rescue, rescued_trial), "all solved", seed=9)
    lost = int(rescued_trial.is_observed[0, -1])
    n = ["n_arm", "n_control"]
    assert counted.contrasts[n].to_numpy().sum() == whole.contrasts[n].to_numpy().sum() - lost


@pytest.fixture(scope="module")
def stopped(model, patients):
    """A trial that stops for futility, which every statistic crosses, while patients still come."""
    futility = {"kind": "fixed", "bounds_z": (1.5,)}
    design = small_design(
        n_total=240, sides="one_sided", dropout_per_year=0.2, accrual={"per_month": 4},
        arms={"sham": SHAM, "saline": SALINE}, looks={"information": (0.2,), "futility": futility},
    )  # fmt: skip
    return design, run_trial(model, design, patients, seed=3, name="stopped")


def test_a_stopped_trial_has_no_patient_who_was_never_randomised(stopped, patients):
    design, result = stopped
    n = result.contrasts["n_randomised"].item()
    assert result.contrasts["decision"].item() == "futility"
    assert n < design.size
    assert result.patients["patient"].unique().tolist() == patients.numbers[:n].tolist()
    assert sum(result.conduct["randomised"].values()) == n
    assert result.conduct["screened"] == patients.numbers[n - 1] + 1
    assert result.conduct["eligible"] == n
    baseline = result.baseline.query("characteristic == 'Age'").set_index("arm")["n"]
    assert baseline["all"] == baseline["sham"] + baseline["saline"] == n
    assert result.arms.query("month == 0 and score == 'leg_pain'")["n"].sum() == n


def test_the_tables_of_a_stopped_trial_are_those_of_a_trial_of_its_patients(model, stopped, patients):
    design, result = stopped
    n = result.contrasts["n_randomised"].item()
    fixed = small_design(n_total=n, dropout_per_year=0.2, arms=design.arms)
    small = run_trial(model, fixed, patients, seed=3, name="its patients")
    for name in ("arms", "baseline", "patients", "inside"):
        pd.testing.assert_frame_equal(getattr(result, name), getattr(small, name))
    assert result.conduct == small.conduct


def test_the_endpoint_and_the_level_are_kept_with_the_result(model, patients):
    result = run_trial(model, small_design(alpha=0.1), patients, seed=1, name="at ten")
    assert result.endpoint == {"outcome": "leg_pain", "month": 6.0, "measure": "change_from_baseline"}
    assert (result.alpha, result.name) == (0.1, "at ten")


def test_what_a_response_is_and_how_it_is_compared_is_kept_with_the_result(model, patients):
    endpoint = {"outcome": "leg_pain", "month": 6, "measure": "response", "rule": "responder_30pct_pain",
                "missing": "non_responder"}  # fmt: skip
    words = {"n_total": 120, "endpoint": endpoint, "analysis": "responders", "dropout_per_year": 0.3}
    design = small_design(**words, estimand={"summary_measure": "risk_difference"})
    result = run_trial(model, design, patients, seed=1, name="responders")
    assert result.endpoint["rule"] == "responder_30pct_pain"
    assert result.endpoint["summary_measure"] == "risk_difference"
    assert "risk difference of leg_pain at month 6" in repr(result)
    row = result.contrasts.iloc[0]
    # from the patients themselves, as the file of them is kept
    last = result.patients.query("month == 6").set_index("patient")
    first = result.patients.query("month == 0").set_index("patient")
    responds = last["leg_pain"] - first["leg_pain"] <= -0.3 * first["leg_pain"]  # not of those who left
    shares = responds.groupby(last["arm"]).mean()
    assert row["estimate"] == pytest.approx(shares["cells"] - shares["saline"])
    assert (row["n_arm"], row["n_control"]) == (60, 60)


def test_who_is_in_the_subgroup_stands_in_the_baseline_table_and_beside_each_patient():
    design = design_of({"enrichment": RULE})
    trial = known_trial(design, 1, (0.0, 0.0, 0.0))
    inside = trial.people[IN_SUBGROUP].to_numpy()
    rows = patient_rows(design, trial)
    assert rows.groupby("patient", sort=False)[IN_SUBGROUP].first().tolist() == inside.tolist()
    plain = pd.DataFrame(
        {"age_years": 45.0, "is_female": inside, "symptom_months": 6.0, "herniation_class": ""}, inside
    )
    people = plain.reset_index(drop=True).assign(in_subgroup=inside, **dict.fromkeys(map(str, SCORES), 50.0))
    told = baseline_table(design, replace(trial, patients=replace(trial.patients, covariates=people)))
    mine = told[told["characteristic"] == "In the subgroup: subgroup"].set_index("arm")
    assert mine.loc["all", "percent"] == pytest.approx(100 * inside.mean())
    assert mine.loc["cells", "percent"] == pytest.approx(100 * inside[trial.assigned == 0].mean())
