"""What an analysis uses, read off beside the estimate that it gives."""

import numpy as np
import pytest

from sciatrial.trial.analysed import analysed_rows, analysed_values, ended_trial
from sciatrial.trial.monitoring import monitor
from tests.trial.conftest import completed_of, small_design


def design_of(rescue, strategy, **changes):
    return small_design(n_total=240, rescue=rescue, dropout_per_year=0.4, estimand={"rescue": strategy}, **changes)


def rows_of(design, trial):
    ended = ended_trial(design, completed_of(design, trial))
    return ended, analysed_rows(design, ended.trial, ended.analysed, ended.first_look)


@pytest.mark.parametrize("strategy", ["treatment_policy", "composite", "while_on_treatment", "principal_stratum"])
def test_the_analysis_of_covariance_of_the_rows_gives_the_estimate(strategy, rescue, rescued_trial):
    design = design_of(rescue, strategy)
    _, rows = rows_of(design, rescued_trial)
    mine = monitor(design, [rescued_trial])[0].contrasts
    arm = (rescued_trial.assigned[rows["place"]] == 0).astype(float)
    columns = np.column_stack([np.ones(len(rows)), arm, rows["baseline"]])
    estimate = np.linalg.lstsq(columns, rows["change"].to_numpy(), rcond=None)[0][1]
    assert estimate == pytest.approx(mine["estimate"].item(), abs=1e-10)
    assert len(rows) == mine["n_arm"].item() + mine["n_control"].item()


@pytest.mark.parametrize(
    ("strategy", "made"),
    [("treatment_policy", {""}), ("composite", {"", "baseline"}), ("while_on_treatment", {"", "last_before_rescue"})],
)
def test_a_value_that_was_not_measured_says_how_it_was_made(strategy, made, rescue, rescued_trial):
    _, rows = rows_of(design_of(rescue, strategy), rescued_trial)
    assert set(rows["derivation"]) == made
    assert (rows.query("derivation == 'baseline'")["change"] == 0).all()


def test_whoever_is_not_seen_is_a_failure_that_says_so(rescue, rescued_trial):
    endpoint = {"outcome": "leg_pain", "month": 6, "measure": "response", "rule": "responder_30pct_pain",
                "missing": "non_responder"}  # fmt: skip
    words = {"endpoint": endpoint, "analysis": "responders"}
    design = small_design(
        n_total=240, rescue=rescue, dropout_per_year=0.4, **words, estimand={"summary_measure": "risk_difference"}
    )
    _, rows = rows_of(design, rescued_trial)
    unseen = ~rescued_trial.is_observed[rows["place"], -1]
    assert len(rows) == 240
    assert ((rows["derivation"] == "failure") == unseen).all()
    assert (rows.loc[unseen, "value"] == 0).all()
    assert rows["change"].isna().all()


def test_a_mixed_model_uses_every_visit_up_to_the_endpoint(rescue, rescued_trial):
    _, rows = rows_of(design_of(rescue, "hypothetical", analysis="mmrm"), rescued_trial)
    assert set(rows["month"]) == {1, 3, 6}
    _, longer = rows_of(design_of(rescue, "treatment_policy", analysis="clda"), rescued_trial)
    assert set(longer["month"]) == {0, 1, 3, 6}
    assert set(longer.query("month == 0")["change"]) == {0.0}


def test_a_hierarchy_has_a_row_for_each_outcome(rescue, rescued_trial):
    outcomes = [{"event": "rescue"}, {"rule": "responder_50pct_pain"}, {"score": "leg_pain", "margin": 5}]
    endpoint = {"outcome": "leg_pain", "month": 6, "measure": "hierarchy", "hierarchy": outcomes}
    design = small_design(
        n_total=240, rescue=rescue, dropout_per_year=0.4, endpoint=endpoint, analysis="win_statistics",
        estimand={"rescue": "composite", "summary_measure": "win_odds"},
    )  # fmt: skip
    values = analysed_values(design, rescued_trial, rescued_trial.is_observed)
    assert values.names == ("no rescue", "responder_50pct_pain", "improvement of leg_pain")
    assert values.values.shape == (240, 3)
