"""Ordered categories and pairs equal what R says of them (`ordinal.json`, written by `make_ordinal.R`)."""

import json
from pathlib import Path

import numpy as np
import pytest

from sciatrial.statistics import fit_proportional_odds, win_statistics

TOLD = json.loads((Path(__file__).parent / "ordinal.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("told", TOLD["ordinal"], ids=lambda told: f"{len(told['arm'])}-patients")
def test_proportional_odds_equal_those_of_mass(told):
    fits = fit_proportional_odds(told["category"], told["arm"], told["baseline"])
    # polr stops its search where the likelihood is flat to some 1e-12: half the digits of a coefficient
    np.testing.assert_allclose(fits.coefficients[0], told["coefficients"], rtol=2e-5)
    np.testing.assert_allclose(fits.thresholds[0][np.isfinite(fits.thresholds[0])], told["thresholds"], rtol=2e-5)
    np.testing.assert_allclose(np.sqrt(np.diag(fits.covariance[0])), told["errors"], rtol=1e-4)
    assert fits.deviance[0] == pytest.approx(told["deviance"], abs=1e-7)
    assert fits.deviance[0] <= told["deviance"] + 1e-10


@pytest.mark.parametrize("told", TOLD["wins"], ids=lambda told: f"{len(told['arm'])}-patients")
def test_win_statistics_equal_pairs_counted_one_by_one(told):
    outcomes = np.array(told["arm"] + told["control"], dtype=float)
    arms = np.repeat([1, 0], [len(told["arm"]), len(told["control"])])
    found = win_statistics(outcomes, arms, margins=told["margins"])
    np.testing.assert_allclose(found.wins[0, 0], told["wins"], atol=1e-14)
    np.testing.assert_allclose(found.losses[0, 0], told["losses"], atol=1e-14)
    for name, value in (("log_win_ratio", "log_ratio"), ("log_win_odds", "log_odds"), ("net_benefit", "net")):
        estimates = getattr(found, name)
        assert estimates.estimate[0, 0] == pytest.approx(told[value], rel=1e-10)
        assert estimates.standard_error[0, 0] == pytest.approx(told[f"{value}_error"], rel=1e-10)
