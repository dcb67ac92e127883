import numpy as np
import pytest
from scipy.stats import mannwhitneyu
from statsmodels.miscmodels.ordinal_model import OrderedModel

from sciatrial.foundation import TrialError
from sciatrial.statistics import fit_logistic, fit_proportional_odds, ordinal_odds_ratios


def trials(n_trials=4, n_patients=90, effect=0.9, seed=6):
    rng = np.random.default_rng(seed)
    covariate = rng.normal(60, 12, (n_trials, n_patients))
    arms = np.arange(n_patients) % 2
    score = effect * arms + 0.04 * (covariate - 60) + rng.logistic(size=covariate.shape)
    return np.digitize(score, [-1, 0.2, 1.4]).astype(float), arms, covariate


def test_it_equals_statsmodels():
    y, arms, covariate = trials()
    y[0, :7] = np.nan
    fits = fit_proportional_odds(y, arms, covariate)
    for trial in range(4):
        seen = np.isfinite(y[trial])
        design = np.column_stack([arms, covariate[trial]])[seen]
        expected = OrderedModel(y[trial][seen], design, distr="logit").fit(
            disp=0, method="bfgs", gtol=1e-8, maxiter=500
        )
        np.testing.assert_allclose(fits.coefficients[trial], expected.params[:2], rtol=1e-5)
        np.testing.assert_allclose(np.sqrt(np.diag(fits.covariance[trial])), expected.bse[:2], rtol=1e-4)
        np.testing.assert_allclose(fits.deviance[trial], -2 * expected.llf, rtol=1e-9)


def test_two_categories_are_logistic_regression():
    y, arms, covariate = trials()
    y = (y > 1).astype(float)
    fits = fit_proportional_odds(y, arms, covariate)
    design = np.stack([np.ones_like(covariate), np.broadcast_to(arms, covariate.shape), covariate], axis=-1)
    expected = fit_logistic(y, design)
    np.testing.assert_allclose(fits.coefficients, expected.coefficients[:, 1:], rtol=1e-7)
    np.testing.assert_allclose(fits.covariance, expected.covariance[:, 1:, 1:], rtol=1e-6)
    np.testing.assert_allclose(fits.thresholds[:, 0], -expected.coefficients[:, 0], rtol=1e-7)


def test_its_test_is_near_to_wilcoxons_where_the_effect_is_small():
    y, arms, _ = trials(n_trials=20, n_patients=400, effect=0.15)
    found = ordinal_odds_ratios(fit_proportional_odds(y, arms))
    for trial in range(20):
        expected = mannwhitneyu(y[trial, arms == 1], y[trial, arms == 0], use_continuity=False, method="asymptotic")
        assert found.p_value[trial, 0] == pytest.approx(expected.pvalue, abs=0.004)


def test_a_category_that_nobody_has_changes_nothing():
    y, arms, covariate = trials(n_trials=2)
    moved = np.where(y[1] >= 2, y[1] + 3, y[1])
    found = fit_proportional_odds(np.stack([y[0], moved]), arms, covariate)
    expected = fit_proportional_odds(y, arms, covariate)
    np.testing.assert_allclose(found.coefficients, expected.coefficients, rtol=1e-9)
    np.testing.assert_allclose(found.deviance, expected.deviance, rtol=1e-11)
    np.testing.assert_array_equal(np.isfinite(found.thresholds[1]), [True, True, False, False, False, True])
    np.testing.assert_array_equal(np.isfinite(found.thresholds[0]), [True, True, True, False, False, False])


def test_trials_without_a_fit_say_why_and_spoil_no_other():
    y, arms, covariate = trials(n_trials=5)
    y[0] = 2
    y[1] = np.nan
    y[2] = np.where(arms == 1, 3, np.minimum(y[2], 2))
    covariate[3] = arms
    found = fit_proportional_odds(y, arms, covariate)
    assert found.reasons[0] == "every patient is in one category"
    assert found.reasons[1] == "no outcome is known"
    assert found.reasons[2].startswith("separation: coefficients 0 ")
    assert "one is constant or repeats others" in found.reasons[3]
    assert found.reasons[4] == ""
    assert np.isnan(found.coefficients[:4]).all()
    expected = fit_proportional_odds(y[4], arms, covariate[4])
    np.testing.assert_allclose(found.coefficients[4], expected.coefficients[0], rtol=1e-10)


def test_the_test_keeps_its_level():
    y, arms, covariate = trials(n_trials=2000, n_patients=80, effect=0.0)
    rejected = (ordinal_odds_ratios(fit_proportional_odds(y, arms, covariate)).p_value < 0.05).mean()
    assert rejected == pytest.approx(0.05, abs=0.016)  # Wald's test; three Monte-Carlo errors


def test_what_cannot_be_fitted_is_refused_by_name():
    y, arms, _ = trials()
    with pytest.raises(TrialError, match="categories"):
        fit_proportional_odds(y + 0.5, arms)
    with pytest.raises(TrialError, match=r"proportional odds(.|\n)*arms"):
        fit_proportional_odds(y, arms + 1)
