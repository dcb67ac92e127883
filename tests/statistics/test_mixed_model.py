import numpy as np
import pytest

from sciatrial.foundation import TrialError
from sciatrial.statistics import Covariance, Likelihood, SmallSample, fit_mixed_models
from sciatrial.statistics.likelihood import evaluate
from sciatrial.statistics.moments import free_moments
from tests.statistics.trials import crossed_design, trials

ARRAYS = ("coefficients", "covariance", "adjusted_covariance", "parameters", "residual_covariance", "deviance")


def many(n_trials=3, **more):
    change, arms, baseline = trials(n_trials=n_trials, **more)
    return change, crossed_design(arms, baseline)[1]


@pytest.mark.parametrize("structure", Covariance)
@pytest.mark.parametrize("likelihood", Likelihood)
def test_a_fit_ends_where_the_likelihood_has_no_slope(structure, likelihood):
    change, design = many()
    fits = fit_mixed_models(change, design, structure=structure, likelihood=likelihood)
    at = evaluate(free_moments(change, design), structure, fits.parameters, likelihood)
    assert fits.is_fitted.all()
    # what a last step of Newton's could still gain
    gain = np.einsum("ti,tij,tj->t", at.score, np.linalg.inv(at.observed), at.score) / 4
    assert (gain < 1e-6).all()
    assert (np.linalg.eigvalsh(at.observed) > 0).all()


@pytest.mark.parametrize("structure", Covariance)
def test_no_neighbour_has_a_lower_deviance(structure):
    change, design = many(n_trials=1)
    fits = fit_mixed_models(change, design, structure=structure)
    moments, rng = free_moments(change, design), np.random.default_rng(2)
    for _ in range(20):
        other = fits.parameters * (1 + 0.01 * rng.standard_normal(fits.parameters.shape))
        assert evaluate(moments, structure, other, Likelihood.RESTRICTED).deviance[0] > fits.deviance[0]


def test_complete_data_have_the_closed_form_of_the_covariance():
    """Without missing visits and with one design for all visits, it is the residual one of the regressions."""
    change, design = many(missing=0.0)
    fits = fit_mixed_models(change, design)
    residual = change - np.einsum("tpvc,tc->tpv", design, fits.coefficients)
    expected = np.einsum("tpv,tpw->tvw", residual, residual) / (60 - 3)
    np.testing.assert_allclose(fits.residual_covariance, expected, rtol=1e-9)


@pytest.mark.parametrize("small_sample", SmallSample)
def test_many_at_once_are_those_fitted_one_at_a_time(small_sample):
    change, design = many(n_trials=70, n_patients=40)
    together = fit_mixed_models(change, design, small_sample=small_sample)
    for trial in (0, 5, 63, 64, 69):
        alone = fit_mixed_models(change[trial], design[trial], small_sample=small_sample)
        for name in ARRAYS:
            np.testing.assert_allclose(getattr(together, name)[trial], getattr(alone, name)[0], rtol=1e-8, err_msg=name)


def test_patients_without_any_visit_change_nothing():
    change, design = many(n_trials=1)
    with_ghosts = np.concatenate([change, np.full((1, 7, 4), np.nan)], axis=1)
    design_with_ghosts = np.concatenate([design, design[:, :7]], axis=1)
    fits, other = fit_mixed_models(change, design), fit_mixed_models(with_ghosts, design_with_ghosts)
    for name in ARRAYS:
        np.testing.assert_allclose(getattr(fits, name), getattr(other, name), rtol=1e-10)


def test_a_change_of_units_changes_units_only():
    change, design = many(n_trials=1)
    fits, other = fit_mixed_models(change, design), fit_mixed_models(1000 * change, design)
    np.testing.assert_allclose(other.coefficients, 1000 * fits.coefficients, rtol=1e-7)
    np.testing.assert_allclose(other.residual_covariance, 1e6 * fits.residual_covariance, rtol=1e-7)


def test_a_failed_fit_says_why_and_leaves_the_others_alone():
    change, design = many(n_trials=5)
    sound = fit_mixed_models(change, design)
    change, design = change.copy(), design.copy()
    change[0, :, 2] = np.nan
    first, second = np.arange(60) < 30, np.arange(60) >= 30
    change[1, first, 0] = change[1, second, 3] = np.nan
    design[2, ..., 4] = design[2, ..., 1]
    change[3] = np.einsum("pvc,c->pv", design[3], np.arange(12.0))
    fits = fit_mixed_models(change, design)
    assert fits.reasons[0] == "visit 3: nobody attends it"
    assert fits.reasons[1].startswith("visits 1 and 4: no patient attends both")
    assert fits.reasons[2].startswith("the fixed effects cannot be told apart")
    assert fits.reasons[3].startswith("the outcome of a visit does not vary")
    assert fits.reasons[4] == ""
    assert np.isnan(fits.coefficients[:4]).all()
    assert np.isnan(fits.deviance[:4]).all()
    np.testing.assert_allclose(fits.coefficients[4], sound.coefficients[4], rtol=1e-9)
    assert "1 of 5 trials fitted" in repr(fits)
    assert "nobody attends" in repr(fits)


def test_too_few_patients_for_a_covariance_are_a_failed_fit():
    change, design = many(n_trials=2, n_patients=5, missing=0.0)
    fits = fit_mixed_models(change, design)
    assert not fits.is_fitted.any()
    assert all("grows towards a covariance that is not of full rank" in reason for reason in fits.reasons)


def test_problems_of_the_input_are_named():
    change, design = many(n_trials=2)
    change[:, :, 1] = np.nan
    with pytest.raises(TrialError, match="visit 2: nobody attends it in any trial"):
        fit_mixed_models(change, design)
    change, design = many(n_trials=2)
    with pytest.raises(TrialError, match="a row of coefficients for each patient and visit"):
        fit_mixed_models(change, design[:, :-1])
    with pytest.raises(TrialError, match="1 to 60 visits"):
        fit_mixed_models(np.ones(3), design)
    with pytest.raises(TrialError, match="missing values beside an outcome"):
        fit_mixed_models(change, np.where(np.isfinite(change)[..., None], np.nan, design))
    change[0, 0, 0] = np.inf
    with pytest.raises(TrialError, match="infinite values"):
        fit_mixed_models(change, design)
