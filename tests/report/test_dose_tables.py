from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sciatrial.report.dose_figures import plot_dose_response
from sciatrial.report.dose_tables import dose_lines, dose_operating_wide, dose_plan_words, dose_section, dose_told
from sciatrial.trial.dose_truth import summarise_doses
from tests.trial.test_dose_finding import ASKED
from tests.trial.test_dose_response import dose_design, dose_findings, with_slope


@pytest.fixture(scope="module")
def result():
    """What one trial says of its doses, as a `TrialResult` holds it."""
    design = dose_design(dose_finding=ASKED | {"n_resamples": 100}, n_total=400)
    found = dose_findings(design, with_slope(design, 4, 20), seed=1)
    return SimpleNamespace(dose_target=found.target, dose_arms=found.arms, dose_shapes=found.shapes)


@pytest.fixture(scope="module")
def operating(result):
    rows = [
        result.dose_target.assign(
            scenario=scenario, trial=0, true_target=20.0, true_target_error=1.0, true_effect_at_target=6.0
        )
        for scenario in ("prior", "no_cell_effect")
    ]
    return SimpleNamespace(dose_summary=summarise_doses(pd.concat(rows)))


def test_a_plan_is_told_with_its_guesses():
    told = " ".join(dose_plan_words({"trial": {"dose_finding": ASKED}}))
    assert "linear" in told
    assert "5 points of benefit over saline" in told
    assert dose_plan_words({"trial": {}}) == []


def test_one_trial_is_told_whether_it_shows_something_or_not(result):
    assert dose_told(result).startswith("A dose response is shown")
    assert "95 % interval" in dose_told(result)
    beyond = result.dose_target.assign(target_dose=np.inf, target_high=np.inf)
    assert "to beyond the largest dose" in dose_told(SimpleNamespace(dose_target=beyond))
    quiet = result.dose_target.assign(is_shown=False)
    assert "no dose is named" in dose_told(SimpleNamespace(dose_target=quiet))
    none = result.dose_target.assign(why_not="nobody came")
    assert "nobody came" in dose_told(SimpleNamespace(dose_target=none))


def test_shares_have_their_errors_and_a_line_a_scenario(operating):
    shares, numbers = dose_operating_wide(operating)
    assert shares["scenario"].tolist() == ["prior draws", "no cell effect"]
    assert shares["named dose is enough"].iloc[0].startswith("100.0 ±")
    assert numbers["true dose"].iloc[0] == "20"
    assert len(dose_lines(operating)) == 2
    assert dose_lines(SimpleNamespace(dose_summary=pd.DataFrame())) == []


def test_the_section_is_there_where_doses_are_to_be_found(result, operating):
    section = dose_section({"trial": {"dose_finding": ASKED}}, result, operating)
    assert section["shapes"]["candidate"].tolist() == ["linear"]
    assert section["expected_error"] == 2.5
    assert dose_section({"trial": {}}, result, operating) is None


def test_the_figure_shows_estimates_fits_and_target(result):
    figure = plot_dose_response(result)
    told = [text.get_text() for text in figure.legends[0].get_texts()]
    assert told[0] == "linear, least AIC"
    assert any(text.startswith("target dose") for text in told)
    quiet = SimpleNamespace(**{**vars(result), "dose_target": result.dose_target.assign(target_dose=np.nan)})
    assert not any("target" in text.get_text() for text in plot_dose_response(quiet).legends[0].get_texts())
