from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.stats.proportion import confint_proportions_2indep

from sciatrial.clinic import SCORES
from sciatrial.statistics import fit_proportional_odds, ordinal_odds_ratios, win_statistics
from sciatrial.trial.analysis import effects_seen
from sciatrial.trial.calendar import known_endpoints
from sciatrial.trial.monitoring import monitor
from sciatrial.trial.pairwise import known_values
from tests.trial.conftest import CELLS, SALINE, SHAM, invented_trial, scored, small_design

PAIN = SCORES.index("leg_pain")
RESCUE = {"score": "leg_pain", "above": 55}
THREE = {"cells": CELLS, "saline": SALINE, "sham": SHAM}


def responder_design(*, missing="observed_only", summary="risk_difference", strategy="treatment_policy", **changes):
    endpoint = {"outcome": "leg_pain", "month": 6, "measure": "response", "rule": "responder_30pct_pain",
                "missing": missing}  # fmt: skip
    words = {
        "n_total": 80, "endpoint": endpoint, "estimand": {"summary_measure": summary, "rescue": strategy},
        "analysis": "responders" if summary == "risk_difference" else "logistic",
    }  # fmt: skip
    if strategy != "treatment_policy":
        words["rescue"] = RESCUE
    return small_design(**words | changes)


def one(design, trial):
    """Return the only comparison of a trial whose looks all lie at its end."""
    found = effects_seen(design, [trial], [known_endpoints(design, trial)])
    return {name: getattr(found, name)[0, 0] for name in ("estimate", "standard_error", "low", "high", "p_value", "z")}


def counts(design, trial):
    """Return responders and patients of the first arm and the second."""
    value = known_values(design, trial, known_endpoints(design, trial))[:, 0]
    return [(int(np.nansum(value[trial.assigned == arm])), int(np.isfinite(value[trial.assigned == arm]).sum()))
            for arm in (0, 1)]  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_difference_interval_and_test_of_shares_are_those_of_another_program(seed):
    design = responder_design(dropout_per_year=0.3)
    trial = invented_trial(design, seed, effect=-8.0)
    (x, n), (y, m) = counts(design, trial)
    found = one(design, trial)
    assert found["estimate"] == pytest.approx(x / n - y / m)
    low, high = confint_proportions_2indep(x, n, y, m, method="newcomb", compare="diff")
    assert (found["low"], found["high"]) == pytest.approx((low, high), abs=1e-9)
    table = sm.stats.StratifiedTable([np.array([[x, n - x], [y, m - y]], dtype=float)])
    told: Any = table.test_null_odds(correction=False)
    assert found["z"] ** 2 == pytest.approx(told.statistic)
    assert found["p_value"] == pytest.approx(told.pvalue)
    assert found["standard_error"] == pytest.approx(np.sqrt(x * (n - x) / n**3 + y * (m - y) / m**3))


def test_numbers_of_a_trial_do_not_depend_on_the_trials_beside_it():
    """A trial whose patients are all in one stratum has its error of one stratum, whatever strata others have."""
    design = responder_design(adjust_for=("sex",), dropout_per_year=0.2)
    rng = np.random.default_rng(2)
    sexes = [np.zeros(80, dtype=bool), rng.random(80) < 0.5, rng.random(80) < 0.4]
    trials = [replace(invented_trial(design, seed, effect=-8.0), covariates=pd.DataFrame({"is_female": sex}))
              for seed, sex in enumerate(sexes)]  # fmt: skip
    seen = [known_endpoints(design, trial) for trial in trials]
    together = effects_seen(design, trials, seen)
    for place in range(3):
        alone = effects_seen(design, trials[place : place + 1], seen[place : place + 1])
        for name in ("estimate", "standard_error", "low", "high", "p_value", "z"):
            assert getattr(together, name)[place] == getattr(alone, name)[0]
    (x, n), (y, m) = counts(design, trials[0])
    assert together.standard_error[0, 0] == pytest.approx(np.sqrt(x * (n - x) / n**3 + y * (m - y) / m**3))


def test_more_responders_speak_for_the_first_arm():
    design = responder_design(sides="one_sided")
    found = one(design, invented_trial(design, 1, effect=-25.0))
    assert found["estimate"] > 0
    assert found["z"] > 0
    assert found["p_value"] < 0.01


def test_whoever_leaves_is_no_responder_or_left_out_as_the_study_says():
    trial = invented_trial(responder_design(dropout_per_year=0.5), 3, effect=-20.0)
    left = ~trial.is_observed[:, 3]
    for missing, patients in (("non_responder", 80), ("observed_only", 80 - left.sum())):
        design = responder_design(missing=missing)
        value = known_values(design, trial, known_endpoints(design, trial))[:, 0]
        assert np.isfinite(value).sum() == patients
        assert np.isfinite(value[left]).all() == (missing == "non_responder")
        assert np.nansum(value[left]) == 0


def test_a_patient_who_could_not_be_solved_is_no_failure_of_the_treatment():
    design = responder_design(missing="non_responder")
    trial = invented_trial(design, 3)
    solved = np.arange(80) > 4
    trial = replace(trial, is_solved=solved, is_observed=trial.is_observed & (solved[:, None] | (np.arange(4) == 0)))
    assert np.isnan(known_values(design, trial, known_endpoints(design, trial))[:5, 0]).all()


@pytest.mark.parametrize(
    ("strategy", "values"),
    [
        ("treatment_policy", [0, 1, 0]),
        ("composite", [0, 0, 0]),
        ("while_on_treatment", [0, 0, 0]),
        ("principal_stratum", [np.nan, np.nan, 0]),
    ],
)
def test_rescue_and_leaving_come_together_as_the_strategy_says(strategy, values):
    # the first is rescued at month 3 and leaves, the second is rescued and stays, the third leaves without rescue
    design = responder_design(missing="non_responder", strategy=strategy, n_total=4, visits_months=(3, 6))
    trial = invented_trial(design, 1)
    trial.scores[:, :, PAIN] = [[60, 58, 10], [60, 58, 10], [60, 10, 10], [60, 10, 10]]
    trial.rescued[:2, 1] = True
    trial.is_observed[[0, 2], 2] = False
    found = known_values(design, trial, known_endpoints(design, trial))[:3, 0]
    np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize("missing", ["observed_only", "non_responder"])
def test_while_on_treatment_a_response_is_that_of_the_last_visit_seen_before_rescue(missing):
    design = responder_design(missing=missing, strategy="while_on_treatment", n_total=4, visits_months=(1, 3, 6))
    trial = invented_trial(design, 1)
    # rescued at month 3, a visit missed: responds at month 1, does not, missed that too; the last is never rescued
    trial.scores[:, :, PAIN] = [[60, 10, 58, 58], [60, 58, 10, 10], [60, 10, 10, 10], [60, 10, 10, 10]]
    trial.rescued[:3, 2] = True
    trial.is_observed[:3, 2:] = False
    trial.is_observed[2, 1] = False
    trial.is_observed[3, 3] = False
    found = known_values(design, trial, known_endpoints(design, trial))[:, 0]
    np.testing.assert_array_equal(found, [1, 0, 0, 0 if missing == "non_responder" else np.nan])


def test_the_conditional_odds_ratio_is_that_of_another_program():
    design = responder_design(summary="odds_ratio")
    trial = invented_trial(design, 2, effect=-10.0)
    value = known_values(design, trial, trial.is_observed)[:, 0]
    columns = np.stack([np.ones(80), trial.assigned == 0, trial.scores[:, 0, PAIN]], axis=1).astype(float)
    told = sm.Logit(value, columns).fit(disp=0)
    found = one(design, trial)
    assert found["estimate"] == pytest.approx(told.params[1], rel=1e-6)
    assert found["standard_error"] == pytest.approx(told.bse[1], rel=1e-5)


def test_the_marginal_odds_ratio_is_nearer_to_one_than_the_conditional_one_and_its_error_that_of_resampling():
    design = responder_design(n_total=400, summary="marginal_odds_ratio")
    trial = invented_trial(design, 2, effect=-12.0)
    marginal = one(design, trial)
    conditional = one(responder_design(n_total=400, summary="odds_ratio"), trial)
    assert 0 < marginal["estimate"] < conditional["estimate"]
    generator = np.random.default_rng(1)
    again = []
    for _ in range(300):
        rows = generator.integers(0, 400, 400)
        some = replace(
            trial, assigned=trial.assigned[rows], scores=trial.scores[rows], rescued=trial.rescued[rows],
            is_observed=trial.is_observed[rows], is_solved=trial.is_solved[rows],
        )  # fmt: skip
        again.append(some)
    bootstrap = effects_seen(design, again, [item.is_observed for item in again]).estimate[:, 0]
    assert marginal["standard_error"] == pytest.approx(bootstrap.std(), rel=0.2)


def test_a_third_arm_changes_nothing_between_the_other_two():
    endpoint = responder_design().endpoint
    words = {"arms": THREE, "endpoint": endpoint, "n_total": 90, "analysis": "logistic"}
    design = small_design(**words, estimand={"summary_measure": "odds_ratio"})
    trial = invented_trial(design, 2, effect=-9.0)
    moved = replace(trial, scores=trial.scores.copy())
    moved.scores[trial.assigned == 2, 3, PAIN] = 3.0
    plain, changed = (effects_seen(design, [item], [item.is_observed]) for item in (trial, moved))
    assert np.isfinite(plain.estimate).all()
    assert plain.estimate[0, 0] == changed.estimate[0, 0]
    assert plain.estimate[0, 1] != changed.estimate[0, 1]


def test_proportional_odds_are_those_of_the_statistics_room():
    endpoint = {"outcome": "leg_pain", "month": 6, "measure": "category", "categories": (45, 55, 65)}
    design = small_design(
        n_total=80, endpoint=endpoint, analysis="proportional_odds", estimand={"summary_measure": "common_odds_ratio"}
    )
    trial = invented_trial(design, 5, effect=-8.0)
    category = (trial.scores[:, 3, PAIN, None] <= np.array([45, 55, 65])).sum(axis=1)
    room = ordinal_odds_ratios(fit_proportional_odds(category, trial.assigned == 0, trial.scores[:, 0, PAIN]))
    found = one(design, trial)
    assert found["estimate"] == pytest.approx(room.estimate[0, 0])
    assert found["z"] > 0  # less pain is a better category


@pytest.mark.parametrize("measure", ["win_odds", "win_ratio", "net_benefit"])
def test_pairs_are_those_of_the_statistics_room(measure):
    steps = ({"event": "rescue"}, {"score": "leg_pain", "margin": 5})
    endpoint = {"outcome": "leg_pain", "month": 6, "measure": "hierarchy", "hierarchy": steps}
    design = small_design(
        n_total=60, endpoint=endpoint, analysis="win_statistics", rescue=RESCUE,
        estimand={"summary_measure": measure, "rescue": "composite"},
    )  # fmt: skip
    trial = invented_trial(design, 6, effect=-8.0)
    trial.rescued[:, 1] = trial.scores[:, 1, PAIN] > 60
    outcomes = np.stack([~trial.rescued[:, 1], trial.scores[:, 0, PAIN] - trial.scores[:, 3, PAIN]], axis=1)
    room = win_statistics(outcomes.astype(float), trial.assigned == 0, margins=(0, 5))
    name = measure if measure == "net_benefit" else f"log_{measure}"
    assert one(design, trial)["estimate"] == pytest.approx(getattr(room, name).estimate[0, 0])


def test_of_somebody_who_left_after_rescue_rescue_alone_is_known():
    steps = ({"event": "rescue"}, {"score": "leg_pain"})
    design = small_design(
        n_total=4, visits_months=(3, 6), analysis="win_statistics", rescue=RESCUE,
        endpoint={"outcome": "leg_pain", "month": 6, "measure": "hierarchy", "hierarchy": steps},
        estimand={"summary_measure": "win_odds", "rescue": "composite"},
    )  # fmt: skip
    trial = invented_trial(design, 1)
    trial.rescued[0, 1] = True
    trial.is_observed[:2, 2] = False
    found = known_values(design, trial, known_endpoints(design, trial))
    assert found[0, 0] == 0
    assert np.isnan(found[0, 1])
    assert np.isnan(found[1]).all()


def test_where_everybody_responds_there_is_no_test_but_an_interval():
    design = small_design(
        visits_months=(6,), n_total=6, endpoint=responder_design().endpoint, analysis="responders",
        estimand={"summary_measure": "risk_difference"},
    )  # fmt: skip
    found = one(design, scored([0, 0, 0, 1, 1, 1], [60] * 6, [10] * 6))
    assert found["estimate"] == 0
    assert found["z"] == 0
    assert found["standard_error"] > 0.1
    assert found["low"] == pytest.approx(-found["high"])


def test_a_separation_gives_a_reason_instead_of_an_odds_ratio():
    design = small_design(
        visits_months=(6,), n_total=6, endpoint=responder_design().endpoint, analysis="logistic",
        estimand={"summary_measure": "odds_ratio"},
    )  # fmt: skip
    trial = scored([0, 0, 0, 1, 1, 1], [60, 70, 62, 61, 72, 63], [10, 10, 10, 60, 70, 62])
    row = monitor(design, [trial])[0].contrasts.iloc[0]
    assert "separation" in row["why_not"]
    assert np.isnan(row["estimate"])


def test_the_statistic_goes_with_looks():
    design = responder_design(
        n_total=200, missing="non_responder", dropout_per_year=0.3, sides="one_sided",
        accrual={"per_month": 10}, looks={"information": (0.5,)},
    )  # fmt: skip
    trial = invented_trial(design, 1, effect=-30.0)
    found = monitor(design, [trial])[0]
    first = found.looks.iloc[0]
    assert first["n_arm"] + first["n_control"] == 100  # who left counts when the visit would have come
    assert found.contrasts["decision"].iloc[0] == "efficacy"
    assert found.contrasts["look"].iloc[0] == 1
    assert found.contrasts["repeated_low"].iloc[0] < found.contrasts["estimate"].iloc[0]


def test_the_type_one_error_of_two_looks_at_shares_is_that_of_the_plan():
    design = responder_design(n_total=120, accrual={"per_month": 20}, looks={"information": (0.5,)})
    trials = [invented_trial(design, seed) for seed in range(1500)]
    decisions = [item.contrasts["decision"].iloc[0] for item in monitor(design, trials)]
    share = np.mean([word in ("efficacy", "other_direction") for word in decisions])
    assert share == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 1500))
