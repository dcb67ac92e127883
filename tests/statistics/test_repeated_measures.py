import numpy as np
import pytest

from sciatrial.foundation import TrialError
from sciatrial.statistics import (
    SmallSample,
    arm_means,
    contrasts,
    fit_mixed_models,
    fit_repeated_measures,
    treatment_differences,
)
from tests.statistics.trials import EFFECTS, crossed_design, trials

NAMES = ("estimate", "standard_error", "degrees_of_freedom", "statistic", "p_value", "low", "high")


@pytest.mark.parametrize("small_sample", SmallSample)
def test_it_is_the_mixed_model_of_its_design(small_sample):
    change, arms, baseline = trials()
    design = crossed_design(arms, baseline)[1]
    found = treatment_differences(fit_repeated_measures(change, arms, baseline, small_sample=small_sample))
    fits = fit_mixed_models(change, design, small_sample=small_sample)
    expected = contrasts(fits, np.eye(12)[[1, 4, 7, 10]])
    measures = fit_repeated_measures(change, arms, baseline, small_sample=small_sample)
    np.testing.assert_allclose(measures.fits.coefficients, fits.coefficients, rtol=1e-7)
    np.testing.assert_allclose(measures.fits.covariance, fits.covariance, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(measures.fits.deviance, fits.deviance, rtol=1e-10)
    for name in NAMES:
        np.testing.assert_allclose(getattr(found, name)[:, 0], getattr(expected, name), rtol=1e-7, err_msg=name)


def test_many_at_once_are_those_fitted_one_at_a_time():
    change, arms, baseline = trials(n_trials=70, n_patients=40)
    together = treatment_differences(fit_repeated_measures(change, arms, baseline))
    for trial in (0, 10, 63, 64, 69):
        alone = treatment_differences(fit_repeated_measures(change[trial], arms, baseline[trial]))
        for name in NAMES:
            np.testing.assert_allclose(getattr(together, name)[trial], getattr(alone, name)[0], rtol=1e-8, err_msg=name)


def test_each_arm_is_compared_with_the_control():
    change, _, baseline = trials(n_trials=1, n_patients=61)
    arms = np.arange(61) % 3
    measures = fit_repeated_measures(change, arms, baseline)
    differences, means = treatment_differences(measures), arm_means(measures)
    assert differences.estimate.shape == (1, 2, 4)
    assert means.estimate.shape == (1, 3, 4)
    np.testing.assert_allclose(means.estimate[:, 1:] - means.estimate[:, :1], differences.estimate, rtol=1e-9)


def test_means_of_arms_are_those_at_the_mean_baseline():
    change, arms, baseline = trials(n_trials=1, missing=0.0)
    measures = fit_repeated_measures(change, arms, baseline)
    slopes = measures.fits.coefficients[0, 2::3]
    for arm in (0, 1):
        here = arms == arm
        expected = change[0, here].mean(axis=0) - slopes * (baseline[0, here].mean() - baseline.mean())
        np.testing.assert_allclose(arm_means(measures).estimate[0, arm], expected, rtol=1e-9)


def test_where_the_baseline_lies_does_not_matter_to_the_differences():
    change, arms, baseline = trials(n_trials=1)
    here = treatment_differences(fit_repeated_measures(change, arms, baseline))
    far = treatment_differences(fit_repeated_measures(change, arms, baseline + 1e5))
    np.testing.assert_allclose(here.estimate, far.estimate, rtol=1e-7)
    np.testing.assert_allclose(here.degrees_of_freedom, far.degrees_of_freedom, rtol=1e-6)


def test_a_patient_without_a_baseline_takes_no_part():
    change, arms, baseline = trials(n_trials=1)
    lacking = baseline.copy()
    lacking[0, 5] = np.nan
    found = treatment_differences(fit_repeated_measures(change, arms, lacking))
    kept = np.arange(60) != 5
    expected = treatment_differences(fit_repeated_measures(change[:, kept], arms[kept], baseline[:, kept]))
    np.testing.assert_allclose(found.estimate, expected.estimate, rtol=1e-9)


@pytest.mark.parametrize("small_sample", SmallSample)
def test_intervals_cover_the_truth_when_dropout_depends_on_what_was_seen(small_sample):
    """24 patients; whoever did badly at a visit tends to leave before the next: missing at random, not completely."""
    n_trials = 1500
    change, arms, baseline = trials(n_trials=n_trials, n_patients=24, missing=0.0, seed=11)
    rng = np.random.default_rng(12)
    for visit in range(3):
        leaves = rng.random(change.shape[:2]) < 1 / (1 + np.exp(2.5 - 0.1 * change[..., visit]))
        change[..., visit + 1 :][leaves] = np.nan
    lost = np.isnan(change[..., 3]).mean()
    found = treatment_differences(fit_repeated_measures(change, arms, baseline, small_sample=small_sample))
    fitted = np.isfinite(found.estimate[:, 0, 3])
    assert 0.15 < lost < 0.5
    assert fitted.mean() > 0.98
    covered = ((found.low <= EFFECTS) & (found.high >= EFFECTS))[fitted, 0].mean(axis=0)
    error = np.sqrt(0.95 * 0.05 / n_trials)
    # Satterthwaite ignores that the estimated weights vary, and may fall short by a point in trials as small as these
    allowed = 0.01 if small_sample is SmallSample.SATTERTHWAITE else 0.0
    assert (covered > 0.95 - allowed - 3 * error).all(), covered
    assert (covered < 0.95 + 3 * error).all(), covered


def test_arms_and_baselines_that_cannot_be_used_are_named():
    change, arms, baseline = trials(n_trials=2)
    with pytest.raises(TrialError, match="0 for the control, then 1, 2"):
        fit_repeated_measures(change, arms + 1, baseline)
    with pytest.raises(TrialError, match="0 for the control"):
        fit_repeated_measures(change, np.zeros(60), baseline)
    with pytest.raises(TrialError, match=r"baseline: shape \(2, 59\)"):
        fit_repeated_measures(change, arms, baseline[:, 1:])
