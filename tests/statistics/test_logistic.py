import numpy as np
import pytest
import statsmodels.api as sm

from sciatrial.foundation import TrialError
from sciatrial.statistics import fit_logistic, log_odds_contrasts


def trials(n_trials=5, n_patients=60, seed=2):
    rng = np.random.default_rng(seed)
    arm = np.tile(np.arange(n_patients) % 2, (n_trials, 1))
    x = np.stack([np.ones_like(arm), arm, rng.normal(60, 12, arm.shape)], axis=-1)
    odds = -0.5 + 0.8 * x[..., 1] + 0.03 * (x[..., 2] - 60)
    y = (rng.random(odds.shape) < 1 / (1 + np.exp(-odds))).astype(float)
    y[rng.random(y.shape) < 0.1] = np.nan
    return y, x


def test_it_equals_statsmodels():
    y, x = trials()
    fits = fit_logistic(y, x)
    found = log_odds_contrasts(fits, np.eye(3), level=0.9)
    for trial in range(5):
        seen = np.isfinite(y[trial])
        expected = sm.Logit(y[trial][seen], x[trial][seen]).fit(disp=0, method="newton", tol=1e-12)
        np.testing.assert_allclose(fits.coefficients[trial], expected.params, rtol=1e-8)
        np.testing.assert_allclose(fits.deviance[trial], -2 * expected.llf, rtol=1e-10)
        np.testing.assert_allclose(found.standard_error[trial], expected.bse, rtol=1e-7)
        np.testing.assert_allclose(found.p_value[trial], expected.pvalues, rtol=1e-6)


def test_one_trial_and_one_design_need_no_dim_of_trials():
    y, x = trials()
    np.testing.assert_allclose(fit_logistic(y[0], x[0]).coefficients[0], fit_logistic(y, x).coefficients[0], rtol=1e-12)
    np.testing.assert_allclose(
        fit_logistic(y, x[0]).coefficients[1], fit_logistic(y[1], x[0]).coefficients[0], rtol=1e-12
    )


def test_far_columns_do_not_throw_newtons_steps():
    rng = np.random.default_rng(4)
    x = np.column_stack([np.ones(400), rng.normal(0, 1, 400), 1000 + 3 * rng.normal(0, 1, 400)])
    y = (rng.random(400) < 1 / (1 + np.exp(-(3.0 + 4 * x[:, 1])))).astype(float)
    assert fit_logistic(y, x).reasons == ("",)


def test_separation_is_told_with_its_columns_and_spoils_no_other_trial():
    y, x = trials(n_trials=4)
    y[0] = np.where(x[0, :, 2] > 60, 1.0, 0.0)
    y[1] = np.where(x[1, :, 1] == 1, 1.0, np.arange(60) // 2 % 2)
    y[2] = 1.0
    found = fit_logistic(y, x)
    assert "completely" in found.reasons[0]
    assert "2" in found.reasons[0].split("coefficients")[1].split("set")[0]
    assert "partly" in found.reasons[1]
    assert "1" in found.reasons[1].split("coefficients")[1].split("set")[0]
    assert found.reasons[2] == "every patient responds"
    assert found.reasons[3] == ""
    assert np.isnan(found.coefficients[:3]).all()
    np.testing.assert_allclose(found.coefficients[3], fit_logistic(y[3], x[3]).coefficients[0], rtol=1e-12)


def test_other_failures_are_told():
    y, x = trials(n_trials=3)
    x[0, :, 2] = 2 * x[0, :, 1]
    y[1] = np.nan
    y[2] = np.where(np.isnan(y[2]), np.nan, 0.0)
    reasons = fit_logistic(y, x).reasons
    assert "one repeats others" in reasons[0]
    assert reasons[1:] == ("no response is known", "no patient responds")


def test_what_cannot_be_fitted_is_refused_by_name():
    y, x = trials()
    with pytest.raises(TrialError, match="response and design"):
        fit_logistic(y[:, :5], x)
    x[0, np.isfinite(y[0]), 2] = np.nan
    with pytest.raises(TrialError, match=r"1 for a responder.*\n.*missing values beside a response"):
        fit_logistic(y * 2, x)
    with pytest.raises(TrialError, match="3 coefficients"):
        log_odds_contrasts(fit_logistic(*trials()), np.eye(2))
