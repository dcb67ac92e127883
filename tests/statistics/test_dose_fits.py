import numpy as np
import pytest
from scipy.optimize import curve_fit

from sciatrial.foundation import TrialError
from sciatrial.statistics import (
    DoseChoice,
    DoseShape,
    dose_curve,
    first_reaching,
    fit_doses,
    target_dose_interval,
    target_doses,
)

DOSES = np.array([0, 2, 5, 20, 50, 100.0])
SPREAD = 0.04 * np.eye(6) + 0.01


def emax(dose, base, size, half):
    return base + size * dose / (half + dose)


def test_a_curve_without_noise_is_found_again():
    fits = fit_doses(list(DoseShape), DOSES, emax(DOSES, 1.0, 10.0, 8.0), SPREAD)
    assert fits.shapes[int(fits.aic[0].argmin())] is DoseShape.EMAX
    place = list(DoseShape).index(DoseShape.EMAX)
    assert [fits.base[0, place], fits.size[0, place], fits.numbers[0, place, 0]] == pytest.approx([1, 10, 8], rel=1e-4)
    # 10 d / (8 + d) = 5 at d = 8
    assert target_doses(fits, 5.0)[0] == pytest.approx(8, rel=1e-3)
    assert np.isinf(target_doses(fits, 9.9)[0])


def test_many_trials_are_fitted_as_one_by_one_and_as_scipy_does():
    y = emax(DOSES, 1.0, 10.0, 8.0) + np.random.default_rng(3).normal(0, 0.3, (70, 6))
    together = fit_doses([DoseShape.EMAX], DOSES, y, SPREAD)
    for row in (0, 69):
        alone = fit_doses([DoseShape.EMAX], DOSES, y[row], SPREAD)
        assert together.deviance[row] == pytest.approx(alone.deviance[0], abs=1e-12)
        own, _ = curve_fit(emax, DOSES, y[row], p0=[1, 10, 8], sigma=SPREAD)
        found = [alone.base[0, 0], alone.size[0, 0], alone.numbers[0, 0, 0]]
        assert found == pytest.approx(own, rel=1e-3)


@pytest.mark.parametrize("shape", DoseShape)
def test_a_rough_fit_is_hardly_worse(shape):
    y = emax(DOSES, 0.0, 6.0, 20.0) + np.random.default_rng(4).normal(0, 0.2, (20, 6))
    fine, rough = (fit_doses([shape], DOSES, y, SPREAD, is_rough=flag).deviance for flag in (False, True))
    assert (rough - fine > -1e-9).all()
    assert (rough - fine).max() < 0.05


def test_the_average_lies_between_its_shapes_and_weighs_by_aic():
    y = np.array([0, 1.0, 2, 4, 5, 6])
    fits = fit_doses([DoseShape.EMAX, DoseShape.LOG_LINEAR], DOSES, y, SPREAD)
    weights = fits.weights(DoseChoice.AVERAGE)[0]
    assert weights.sum() == pytest.approx(1)
    assert np.log(weights[0] / weights[1]) == pytest.approx((fits.aic[0, 1] - fits.aic[0, 0]) / 2)
    alone = [target_doses(fit_doses([shape], DOSES, y, SPREAD), 3.0)[0] for shape in fits.shapes]
    assert min(alone) <= target_doses(fits, 3.0, choice=DoseChoice.AVERAGE)[0] <= max(alone)


def test_a_target_is_the_first_dose_that_reaches_it():
    found = first_reaching(np.array([0, 10, 20.0]), np.array([[0, 4, 2], [0, 1, 2.0], [0, 0, 8]]), 3.0)
    assert found.tolist() == pytest.approx([7.5, np.inf, 13.75])


def test_intervals_are_reproducible_and_hold_the_target_of_most_trials():
    truth = dose_curve(DoseShape.EMAX, DOSES, (20.0,), largest=100) * 10  # 4 points at 13.33
    trials = truth + np.random.default_rng(5).multivariate_normal(np.zeros(6), 10 * SPREAD, size=40)

    def interval(y, seed=1):
        return target_dose_interval([DoseShape.EMAX], DOSES, y, 10 * SPREAD, 4.0, seed=seed, n_resamples=200)

    assert interval(trials[0]) == interval(trials[0])
    assert interval(trials[0]) != interval(trials[0], seed=2)
    held = [low <= 40 / 3 <= high for low, high in map(interval, trials)]
    assert np.mean(held) > 0.8
    assert np.isinf(interval(np.zeros(6))[1])


def test_a_relevant_effect_is_above_0():
    with pytest.raises(TrialError, match="relevant"):
        target_doses(fit_doses([DoseShape.LINEAR], DOSES, DOSES, SPREAD), 0.0)
