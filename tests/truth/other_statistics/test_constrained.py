"""Constrained longitudinal data analysis equals nlme's gls (`constrained.json`, written by `make_constrained.R`)."""

import json
from pathlib import Path

import numpy as np
import pytest

from sciatrial.statistics import constrained_differences, fit_constrained_measures

TOLD = json.loads((Path(__file__).parent / "constrained.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("told", TOLD["cases"], ids=lambda told: f"{len(told['arms'])}-patients")
def test_estimates_and_errors_equal_those_of_nlme(told):
    values = np.array(told["values"], dtype=float)
    fits = fit_constrained_measures(values, told["arms"])
    # gls stops up to 1e-9 below the maximum, which is half the digits of a coefficient
    np.testing.assert_allclose(fits.coefficients[0], told["coefficients"], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(np.sqrt(np.diag(fits.covariance[0])), told["standard_errors"], rtol=1e-5)
    assert -fits.deviance[0] / 2 == pytest.approx(told["log_likelihood"], abs=1e-8)
    n_arms = int(max(told["arms"])) + 1
    found = constrained_differences(fits, n_arms)
    by_visit = np.reshape(told["coefficients"][1:], (values.shape[1] - 1, n_arms))
    np.testing.assert_allclose(found.estimate[0], by_visit[:, 1:].T, rtol=1e-5, atol=1e-5)
