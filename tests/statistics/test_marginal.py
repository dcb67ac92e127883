import numpy as np
import pytest

from sciatrial.foundation import TrialError
from sciatrial.statistics import (
    MarginalVariance,
    fit_responders,
    marginal_risks,
    odds_ratios,
)


def trials(n_trials, n_patients=120, seed=5, slope=1.2, effect=0.8):
    rng = np.random.default_rng(seed)
    covariate = rng.normal(0, 1, (n_trials, n_patients))
    arms = np.arange(n_patients) % 2
    odds = -0.4 + effect * arms + slope * covariate
    return (rng.random(odds.shape) < 1 / (1 + np.exp(-odds))).astype(float), arms, covariate


def population_difference(slope=1.2, effect=0.8):
    points, weights = np.polynomial.hermite_e.hermegauss(80)
    share = [weights @ (1 / (1 + np.exp(-(-0.4 + arm * effect + slope * points)))) / weights.sum() for arm in (0, 1)]
    return share[1] - share[0]


def test_the_estimate_is_marginal_covers_its_truth_and_gains_from_the_covariate():
    y, arms, covariate = trials(3000)
    truth = population_difference()
    found = marginal_risks(fit_responders(y, arms, covariate)).differences
    error = found.estimate[:, 0].std() / np.sqrt(3000)
    assert found.estimate.mean() == pytest.approx(truth, abs=4 * error)
    assert ((found.low < truth) & (found.high > truth)).mean() == pytest.approx(0.95, abs=0.015)
    raw = y[:, arms == 1].mean(axis=1) - y[:, arms == 0].mean(axis=1)
    assert found.estimate[:, 0].std() < 0.95 * raw.std()
    # the odds ratio is another estimand: conditional, and further from 1 than the marginal one
    assert np.median(odds_ratios(fit_responders(y, arms, covariate)).estimate) == pytest.approx(0.8, abs=0.05)


def test_the_sandwich_has_the_true_spread_of_estimates():
    y, arms, covariate = trials(3000, slope=2.0)
    models = fit_responders(y, arms, covariate)
    sandwich = marginal_risks(models).risks
    assert sandwich.standard_error.mean(axis=0) == pytest.approx(sandwich.estimate.std(axis=0), rel=0.06)
    # taking covariates as drawn costs precision of a share: the delta method leaves that out
    delta = marginal_risks(models, variance=MarginalVariance.DELTA).risks
    assert (delta.standard_error.mean(axis=0) < 0.9 * sandwich.standard_error.mean(axis=0)).all()


def test_separation_names_the_arm_and_is_no_estimate():
    y, arms, covariate = trials(3)
    y[0, arms == 1] = 1.0
    models = fit_responders(y, arms, covariate)
    found = marginal_risks(models)
    assert found.differences.reasons[0].endswith("arm 1: every patient responds")
    assert np.isnan(found.risks.estimate[0]).all()
    assert np.isfinite(found.differences.standard_error[1:]).all()


def test_a_patient_without_a_covariate_takes_no_part():
    y, arms, covariate = trials(1)
    gone = np.arange(120) < 9
    alone = fit_responders(y[:, ~gone], arms[~gone], covariate[:, ~gone])
    covariate[0, gone] = np.nan
    found, expected = (marginal_risks(item).differences for item in (fit_responders(y, arms, covariate), alone))
    np.testing.assert_allclose(found.estimate, expected.estimate, rtol=1e-10)
    np.testing.assert_allclose(found.standard_error, expected.standard_error, rtol=1e-10)


def test_what_cannot_be_analysed_is_refused_by_name():
    y, arms, covariate = trials(2)
    with pytest.raises(TrialError, match=r"arms.*\n.*\n.*covariates"):
        fit_responders(y, arms + 1, covariate[:, :4])
    with pytest.raises(TrialError, match="level"):
        marginal_risks(fit_responders(y, arms, covariate), level=2)
