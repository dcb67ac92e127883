"""What a fit learned, and whether it can be believed."""

import numpy as np
import pytest
from tests.calibration.small import prior_of_small, small_calibration, small_fit

from sciatrial.calibration import diagnose


@pytest.fixture(scope="module")
def fit():
    return small_fit()


def test_a_prior_has_learned_nothing():
    table = diagnose.parameter_table(small_calibration().problem, prior_of_small(2000))
    free = table[table["inclusion"] == ""]
    assert free["contraction"].abs().median() < 0.05
    assert (free["posterior_50"] - free["prior_50"]).abs().median() < 0.1 * (
        free["prior_95"] - free["prior_05"]
    ).median() + 1


def test_a_posterior_has_learned_something(fit):
    table = fit.posterior.parameters
    assert table["contraction"].max() > 0.2
    assert (table["posterior_05"] <= table["posterior_50"]).all()


def test_effects_have_their_error_and_bayes_factor(fit):
    table = fit.posterior.effects
    odds = table["posterior"] / (1 - table["posterior"])
    finite = np.isfinite(odds)
    assert np.allclose(table.loc[finite, "bayes_factor"], odds[finite])
    assert (table["error"] > 0).all()


def test_each_study_that_counts_has_its_influence(fit):
    names = set(fit.influence["study"])
    assert "gadjradj2022" in names
    assert "orozco2011" in names  # its levels count, what its cells do does not
    assert any(name.startswith("fact: ") for name in names)


def test_pairs_that_cannot_be_told_apart_are_the_strongest_first(fit):
    size = fit.confounded["correlation"].abs().to_numpy()
    assert (np.diff(size) <= 1e-12).all()


def test_checks_say_what_was_found_and_wanted(fit):
    checks = fit.posterior.checks
    assert {"R-hat", "effective sample", "divergences", "E-BFMI"} <= set(checks["check"])
    assert any("what cells do" in name for name in checks["check"])
    assert checks["holds"].dtype == bool
