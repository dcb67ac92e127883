from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

from sciatrial.report.borrowing_tables import (
    arms_left_wide,
    arms_used_wide,
    borrowed_wide,
    borrowing_lines,
    borrowing_plan_words,
    borrowing_section,
    drift_told,
    drifts_wide,
    parts_wide,
    prior_told,
    varied_wide,
)
from sciatrial.trial import Scenario, drift_table, planned_errors
from sciatrial.trial.borrowed import borrowed_rows
from tests.trial.conftest import invented_trial
from tests.trial.test_borrowing import OWN, PUBLISHED
from tests.trial.test_borrowing_summaries import DESIGN, PRIOR

ENDPOINT = {"outcome": "leg_pain", "month": 6.0, "measure": "change_from_baseline"}
ARM = {
    "study_id": "old2001", "arm_id": "sham", "month": 6.0, "estimate": -4.0, "se": 3.0, "n": 20.0,
    "value_rule": "unchanged", "sd_rule": "sd", "differs": "route none, not intradiscal",
    "fitted_to": "1 number that the fit aims at",
    "citation": "Old (2001)", "why_not": "",
}  # fmt: skip
FROM_TABLES = replace(
    PRIOR,
    arms=pd.DataFrame([ARM, ARM | {"study_id": "other2002", "why_not": "receives surgery, not placebo procedure"}]),
    varied=pd.DataFrame([{"assumption": "as planned", "mean": -4.0, "sd": 3.0, "patients": 40.0}]),
    pooled={
        "median": -4.0, "low": -9.0, "high": 1.0, "new_low": -14.0, "new_high": 6.0, "tau_median": 3.0, "tau_low": 0.1,
        "tau_high": 9.0, "n_studies": 1.0, "between_trial_sd": 5.0,
    },
    twice=("old2001",), told="Shared evidence: old2001.",
)  # fmt: skip


@pytest.fixture(scope="module")
def result():
    rows = borrowed_rows(DESIGN, invented_trial(DESIGN, 1, effect=-6), PRIOR)
    return SimpleNamespace(borrowed=rows, endpoint=ENDPOINT, alpha_of_a_side=0.025, name="trial 1")


@pytest.fixture(scope="module")
def operating(result):
    rows = [result.borrowed.assign(scenario=name, trial=0, truth=-6.0) for name in ("prior", "no_cell_effect")]
    return SimpleNamespace(borrowed=pd.concat(rows), endpoint=ENDPOINT, drawn=Scenario.PRIOR)


@pytest.fixture(scope="module")
def drifts():
    return drift_table(DESIGN, PRIOR, planned_errors(DESIGN, PRIOR)).assign(comparison="cells vs saline")


def test_what_is_assumed_is_told():
    assert borrowing_plan_words({"trial": {}}) == []
    assert "the study itself gives the prior 1 × N(-25, 5²)" in " ".join(
        borrowing_plan_words({"trial": {"borrowing": OWN}})
    )
    assert "half-normal with scale 10 points" in " ".join(borrowing_plan_words({"trial": {"borrowing": PUBLISHED}}))


def test_a_prior_is_told_with_what_it_is_worth_and_where_it_comes_from():
    told = " ".join(prior_told(FROM_TABLES))
    assert "is worth 44.4 patients" in told
    assert "Of 1 study the mean change is −4.0 (−9.0 to 1.0)" in told
    assert told.endswith("Shared evidence: old2001.")
    assert parts_wide(PRIOR)["part"].tolist() == ["informative", "vague"]
    assert varied_wide(FROM_TABLES)["worth patients"].tolist() == ["40.0"]


def test_an_index_of_quality_of_life_keeps_its_decimals(drifts):
    index = replace(PRIOR, means=(0.154,), sds=(0.031,), patient_sd=0.2, robust_sd=0.2)
    assert "mean 0.154 and standard deviation 0.031" in prior_told(index, 3)[0]
    assert parts_wide(index, 3)["mean"].tolist() == ["0.1540", "0.1540"]
    assert drifts_wide(drifts.assign(drift=0.0123), 3)["true control less prior mean"].unique().tolist() == ["0.012"]
    assert "lies 0.012 points from the prior's mean" in drift_told(drifts.assign(drift=0.0123), 3)[0]


def test_arms_in_and_out_of_the_prior_are_listed_with_source_and_reason():
    used, left = arms_used_wide(FROM_TABLES), arms_left_wide(FROM_TABLES)
    assert used["study and arm"].tolist() == ["old2001, sham"]
    assert used["source"].tolist() == ["Old (2001)"]
    assert left["why it is left out"].tolist() == ["receives surgery, not placebo procedure"]
    assert arms_used_wide(PRIOR).empty


def test_trials_stand_with_and_without_borrowing(operating):
    trials, meets = borrowed_wide(operating)
    assert trials["analysis"].tolist() == ["with borrowing", "without borrowing"] * 2
    assert meets["scenario"].tolist() == ["prior draws", "no cell effect"]
    assert len(borrowing_lines(operating)) == 2
    assert borrowing_lines(SimpleNamespace(borrowed=pd.DataFrame())) == []


def test_the_largest_error_by_drift_is_told_and_not_promised(drifts):
    told = drift_told(drifts)[0]
    assert told.startswith("cells vs saline: the largest type I error on the grid is ")
    assert f"{100 * drifts['type_one_error'].max():.2f} %" in told
    assert len(drifts_wide(drifts)) == 11


def test_a_report_without_borrowing_has_no_section(result, operating, drifts):
    assert borrowing_section(result, operating, None, drifts) is None
    section = borrowing_section(result, operating, FROM_TABLES, drifts)
    assert section["twice"] == "old2001"
    assert borrowing_section(result, operating, FROM_TABLES, pd.DataFrame())["drift_told"] == []
