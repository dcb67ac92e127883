import numpy as np
import pytest

from sciatrial.trial.dose_response import dose_findings, fitted_effects
from tests.trial.conftest import invented_trial, small_design
from tests.trial.test_dose_finding import ARMS, ASKED, dose_design

SHAPES = [{"shape": "linear"}, {"shape": "emax", "half_dose": 20}, {"shape": "emax", "half_dose": 60}]


def with_slope(design, seed, points_per_100):
    """Return an invented trial in which pain falls by so many points for each hundred million cells."""
    trial = invented_trial(design, seed)
    doses = np.array([protocol.dose_million_cells or 0.0 for protocol in design.arms.values()])
    trial.scores[:, 1:] -= (points_per_100 * doses[trial.assigned] / 100)[:, None, None]
    return trial


@pytest.fixture(scope="module")
def found():
    design = dose_design(dose_finding=ASKED | {"candidates": SHAPES, "n_resamples": 200}, n_total=400)
    return dose_findings(design, with_slope(design, 4, 20), seed=1)


def test_a_dose_response_is_shown_and_its_dose_is_named(found):
    target = found.target.iloc[0]
    assert target["is_shown"]
    assert target["shape"] == "linear"
    # 5 points at 25 million cells
    assert target["target_low"] < 25 < target["target_high"]
    assert target["target_dose"] == pytest.approx(25, abs=8)
    assert found.arms["arm"].tolist() == ["saline", "low", "cells", "high"]
    assert found.arms["effect"].iloc[-1] == pytest.approx(20, abs=4)
    assert found.arms["effect"].iloc[0] == 0


def test_two_guesses_of_one_shape_are_one_fit(found):
    emax = found.shapes.loc[found.shapes["shape"] == "emax"]
    assert emax["aic"].nunique() == 1
    assert found.shapes.drop_duplicates("shape")["weight"].sum() == pytest.approx(1)
    curves = fitted_effects(found.shapes, np.array([0.0, 25.0, 100.0]), 100.0)
    assert set(curves) == {"linear", "emax"}
    assert curves["linear"][1] == pytest.approx(curves["linear"][2] / 4)


def test_the_seed_decides_the_interval_alone(found):
    design = dose_design(dose_finding=ASKED | {"candidates": SHAPES, "n_resamples": 200}, n_total=400)
    other = dose_findings(design, with_slope(design, 4, 20), seed=2).target.iloc[0]
    assert other["target_dose"] == found.target["target_dose"].iloc[0]
    assert other["target_high"] != found.target["target_high"].iloc[0]


def test_without_a_dose_response_no_shape_is_fitted():
    design = dose_design()
    quiet = dose_findings(design, with_slope(design, 5, -20), seed=1)
    assert not quiet.target["is_shown"].iloc[0]
    assert np.isnan(quiet.target["target_dose"].iloc[0])
    assert quiet.shapes["aic"].isna().all()


def test_a_trial_that_cannot_be_analysed_says_why():
    design = dose_design()
    trial = with_slope(design, 5, 0)
    trial.is_observed[:, -1] = False
    assert dose_findings(design, trial, seed=1).target["why_not"].iloc[0].startswith("nobody was seen")
    assert dose_findings(small_design(arms=ARMS, n_total=200), trial, seed=1) is None
