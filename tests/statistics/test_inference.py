import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtr, stdtr

from sciatrial.foundation import TrialError
from sciatrial.statistics import (
    Covariance,
    Information,
    SmallSample,
    contrasts,
    fit_mixed_models,
    joint_contrasts,
    normal_of_t,
)
from sciatrial.statistics.likelihood import Likelihood, evaluate
from sciatrial.statistics.moments import free_moments
from tests.statistics.trials import crossed_design, trials


def one_group(n_patients=14, n_visits=3):
    """Return complete outcomes of one group and a design of one mean a visit."""
    rng = np.random.default_rng(4)
    outcome = rng.multivariate_normal(np.full(n_visits, 0.4), np.eye(n_visits) + 0.5, n_patients)
    return outcome, np.broadcast_to(np.eye(n_visits), (n_patients, n_visits, n_visits))


def test_a_mean_of_one_visit_has_the_t_test_of_that_visit():
    outcome, design = one_group()
    for small_sample in SmallSample:
        found = contrasts(fit_mixed_models(outcome, design, small_sample=small_sample), np.eye(3))
        expected = stats.ttest_1samp(outcome, 0.0)
        np.testing.assert_allclose(found.degrees_of_freedom, 13.0, rtol=1e-7)
        np.testing.assert_allclose(found.statistic[0], expected.statistic, rtol=1e-9)
        np.testing.assert_allclose(found.p_value[0], expected.pvalue, rtol=1e-7)
        ends = expected.confidence_interval(0.95)
        np.testing.assert_allclose([found.low[0], found.high[0]], ends, rtol=1e-8)


def test_kenward_and_rogers_joint_test_is_hotellings_where_data_are_complete():
    """Kenward and Roger (1997), section 4: the exact F of Hotelling's T² is recovered."""
    outcome, design = one_group()
    found = joint_contrasts(fit_mixed_models(outcome, design, small_sample=SmallSample.KENWARD_ROGER), np.eye(3))
    mean, covariance = outcome.mean(axis=0), np.cov(outcome.T)
    t2 = 14 * mean @ np.linalg.solve(covariance, mean)
    assert found.numerator == 3
    assert found.denominator[0] == pytest.approx(14 - 3, rel=1e-6)
    assert found.statistic[0] == pytest.approx(t2 * (14 - 3) / (3 * 13), rel=1e-6)
    assert found.p_value[0] == pytest.approx(stats.f.sf(t2 * 11 / 39, 3, 11), rel=1e-6)


@pytest.mark.parametrize("small_sample", SmallSample)
def test_balanced_compound_symmetry_has_the_exact_f_of_the_analysis_of_variance(small_sample):
    outcome, design = one_group(n_patients=8, n_visits=4)
    fits = fit_mixed_models(outcome, design, structure=Covariance.COMPOUND_SYMMETRY, small_sample=small_sample)
    differences = np.eye(4)[1:] - np.eye(4)[0]
    found = joint_contrasts(fits, differences)
    centred = outcome - outcome.mean(axis=1, keepdims=True)
    between = 8 * ((outcome.mean(axis=0) - outcome.mean()) ** 2).sum() / 3
    within = ((centred - centred.mean(axis=0)) ** 2).sum() / 21
    assert found.denominator[0] == pytest.approx(21, rel=1e-6)
    assert found.statistic[0] == pytest.approx(between / within, rel=1e-8)
    single = contrasts(fits, differences)
    np.testing.assert_allclose(single.degrees_of_freedom, 21, rtol=1e-6)


def test_satterthwaites_gradient_is_that_of_the_variance():
    change, arms, baseline = trials(n_trials=1, n_patients=30)
    design = crossed_design(arms, baseline - 60)[1]
    fits = fit_mixed_models(change, design)
    row, moments = np.eye(12)[10], free_moments(change, design)

    def variance(parameters):
        at = evaluate(moments, Covariance.UNSTRUCTURED, parameters, Likelihood.RESTRICTED)
        return row @ at.covariance[0] @ row

    gradient = np.array(
        [
            (variance(fits.parameters + unit) - variance(fits.parameters - unit)) / 2e-3
            for unit in 1e-3 * np.eye(10)[:, None]
        ]
    )
    spread = gradient @ np.linalg.inv(fits.information[0]) @ gradient
    expected = 2 * variance(fits.parameters) ** 2 / spread
    assert contrasts(fits, row).degrees_of_freedom[0, 0] == pytest.approx(expected, rel=1e-6)


def test_one_joint_contrast_is_the_square_of_its_t():
    change, arms, baseline = trials(n_trials=2, n_patients=30)
    for small_sample in SmallSample:
        fits = fit_mixed_models(change, crossed_design(arms, baseline)[1], small_sample=small_sample)
        single, joint = contrasts(fits, np.eye(12)[10]), joint_contrasts(fits, np.eye(12)[10])
        np.testing.assert_allclose(joint.statistic, single.statistic[:, 0] ** 2, rtol=1e-9)
        np.testing.assert_allclose(joint.denominator, single.degrees_of_freedom[:, 0], rtol=1e-9)
        np.testing.assert_allclose(joint.p_value, single.p_value[:, 0], rtol=1e-7)


@pytest.mark.parametrize("structure", Covariance)
def test_kenward_and_rogers_covariance_is_its_formula_written_out(structure):
    """Sums over the matrices of all patients, derivatives by differences."""
    from sciatrial.statistics.covariance import derivatives, matrices, second_derivatives

    change, arms, baseline = trials(n_trials=1, n_patients=16)
    design = crossed_design(arms, (baseline - 60) / 12)[1]
    fits = fit_mixed_models(
        change,
        design,
        structure=structure,
        small_sample=SmallSample.KENWARD_ROGER,
        information=Information.EXPECTED,
    )
    seen = np.isfinite(change).ravel()

    def whole(matrix):
        return np.kron(np.eye(16), matrix)[np.ix_(seen, seen)]

    x = design.reshape(-1, 12)[seen]
    w = np.linalg.inv(whole(matrices(structure, fits.parameters, 4)[0]))
    slopes = [whole(slope) for slope in derivatives(structure, fits.parameters, 4)[0]]
    bends = second_derivatives(structure, fits.parameters, 4)
    phi = np.linalg.inv(x.T @ w @ x)
    p = w - w @ x @ phi @ x.T @ w
    n = len(slopes)
    u = np.linalg.inv([[np.trace(p @ a @ p @ b) / 2 for a in slopes] for b in slopes])
    middle = np.zeros((12, 12))
    for i in range(n):
        for j in range(n):
            q = x.T @ w @ slopes[i] @ w @ slopes[j] @ w @ x
            pi, pj = (x.T @ w @ slopes[k] @ w @ x for k in (i, j))
            r = 0.0 if bends is None else x.T @ w @ whole(bends[0, i, j]) @ w @ x
            middle += u[i, j] * (q - pi @ phi @ pj - r / 4)
    np.testing.assert_allclose(fits.information[0], np.linalg.inv(u), rtol=1e-8)
    expected = phi + 2 * phi @ middle @ phi
    np.testing.assert_allclose(fits.adjusted_covariance[0], expected, rtol=1e-6, atol=1e-9 * np.abs(expected).max())


def test_a_trial_without_a_fit_has_no_estimates_and_its_reason():
    change, arms, baseline = trials(n_trials=2)
    change[0, :, 0] = np.nan
    fits = fit_mixed_models(change, crossed_design(arms, baseline)[1])
    found = contrasts(fits, np.eye(12)[1])
    assert np.isnan([found.estimate[0], found.p_value[0], found.degrees_of_freedom[0], found.low[0]]).all()
    assert found.reasons == ("visit 1: nobody attends it", "")
    assert np.isfinite(found.high[1])
    assert np.isnan(joint_contrasts(fits, np.eye(12)[:2]).statistic).tolist() == [True, False]


def test_weights_and_levels_that_cannot_be_used_are_named():
    fits = fit_mixed_models(*one_group())
    with pytest.raises(TrialError, match="3 coefficients of 1 trials"):
        contrasts(fits, np.eye(4))
    with pytest.raises(TrialError, match="between 0 and 1"):
        contrasts(fits, np.eye(3), level=95)
    with pytest.raises(TrialError, match="contrasts that follow from others"):
        joint_contrasts(fits, [[1, -1, 0], [0, 1, -1], [1, 0, -1]])


def test_a_normal_statistic_has_the_one_sided_p_value_of_students():
    statistic, freedom = np.array([-60.0, -1.3, 0.0, 2.1, 9.0]), np.array([4.0, 7.5, 3.0, 30.0, 12.0])
    z = normal_of_t(statistic, freedom)
    np.testing.assert_allclose(ndtr(-np.abs(z)), stdtr(freedom, -np.abs(statistic)), rtol=1e-9)
    assert (np.sign(z) == np.sign(statistic)).all()
    assert np.isnan(normal_of_t(np.nan, 3.0))
