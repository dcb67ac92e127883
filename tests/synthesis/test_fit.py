import numpy as np
import pandas as pd
import pytest

from sciatrial.synthesis.fit import binomial_fit, normal_fit


def test_a_free_mean_for_each_point_has_leverage_1():
    rng = np.random.default_rng(1)
    estimate, se = np.array([1.0, 2.0, 3.0]), np.array([0.5, 1.0, 2.0])
    fitted = estimate + se * rng.standard_normal((40_000, 3))
    fit = normal_fit(pd.DataFrame({"study": list("abc")}), estimate, se, fitted)
    assert fit.points["leverage"].to_numpy() == pytest.approx(np.ones(3), abs=0.04)
    assert fit.dic == pytest.approx(fit.residual_deviance + fit.effective_parameters)


def test_events_that_are_fitted_exactly_have_no_deviance_even_where_none_happened():
    events, n = np.array([0.0, 5.0, 10.0]), np.full(3, 10.0)
    fit = binomial_fit(pd.DataFrame({"study": list("abc")}), events, n, np.array([events / n]))
    assert fit.residual_deviance == pytest.approx(0)
