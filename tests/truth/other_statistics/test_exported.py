"""In a trial's datasets R finds its estimates by the code that stands beside them: make_exported.R ran it."""

from math import isnan

import pandas as pd
import pytest
from tests.truth.other_statistics.exported import CASES, FOLDER, exported

from sciatrial.exchange.adam_code import r_of_trial
from sciatrial.statistics import SmallSample
from sciatrial.trial import Analysis, Decision

FOUND = pd.read_csv(FOLDER / "found.csv")
REPEATED = (Analysis.MMRM, Analysis.CLDA)
# what R's searches leave of their way to the maximum, in standard errors; all else is exact
LEFT = {Analysis.MMRM: 2e-5, Analysis.CLDA: 2e-5, Analysis.PROPORTIONAL_ODDS: 1e-4, Analysis.LOGISTIC: 1e-6}
HOW_TO = FOLDER.parents[3] / "docs" / "how-to" / "export-a-trial.md"


def test_the_how_to_shows_code_that_was_run():
    code = HOW_TO.read_text(encoding="utf-8").split("```r\n")[1].split("```")[0]
    assert code == (FOLDER / "mmrm.R").read_text(encoding="utf-8")


def own_numbers(trial, design):
    """Yield estimate and standard error of each call, in their order."""
    for row in trial.contrasts.to_dict("records"):
        if row["why_not"]:
            continue
        if design.looks.information and row["decision"] != str(Decision.STOPPED_FOR_HARM):
            yield row["estimate"], row["standard_error"]
        yield row["final_estimate"], row["final_standard_error"]


@pytest.fixture(scope="module", params=CASES)
def case(request):
    return request.param, *exported(request.param)


def test_the_code_is_the_one_that_was_run(case):
    name, study, trial = case
    assert (FOLDER / f"{name}.R").read_text(encoding="utf-8") == r_of_trial(trial, study.design)


def test_r_finds_the_trials_own_numbers(case):
    name, study, trial = case
    design, rows = study.design, FOUND[FOUND["case"] == name]
    ours = list(own_numbers(trial, design))
    assert len(ours) == len(rows) > 0
    is_repeated = design.analysis in REPEATED
    for (estimate, error), row in zip(ours, rows.to_dict("records"), strict=True):
        assert row["estimate"] == pytest.approx(estimate, abs=LEFT.get(design.analysis, 1e-8) * error)
        # the adjustment of Kenward and Roger is not R's
        if not isnan(row["standard_error"]) and not (is_repeated and design.small_sample is SmallSample.KENWARD_ROGER):
            assert row["standard_error"] == pytest.approx(error, rel=1e-4)
