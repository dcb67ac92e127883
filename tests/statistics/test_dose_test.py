import numpy as np
import pytest
from scipy.stats import norm, t

from sciatrial.foundation import TrialError
from sciatrial.statistics import (
    DoseCandidate,
    DoseShape,
    dose_contrasts,
    dose_response_test,
    dose_test_power,
    dunnett_p_value,
    largest_t_quantile,
    largest_t_tail,
)

DOSES = [0, 5, 20, 100]
ONE = [DoseCandidate(DoseShape.LINEAR)]


def test_one_contrast_is_students_test():
    assert largest_t_quantile(0.025, [[1.0]], degrees_of_freedom=30) == pytest.approx(t.isf(0.025, 30), abs=1e-8)
    assert largest_t_quantile(0.025, [[1.0]]) == pytest.approx(norm.isf(0.025), abs=1e-8)
    p, error = largest_t_tail([-1.0, 0.5, 2.0], [[1.0]], 12)
    assert p == pytest.approx(t.sf([-1.0, 0.5, 2.0], 12), abs=1e-12)
    assert error.max() < 1e-12


@pytest.mark.parametrize("df", [12, np.inf])
def test_comparisons_with_one_control_have_dunnetts_distribution(df):
    correlation = np.full((3, 3), 0.5) + 0.5 * np.eye(3)
    bounds = [0.4, 1.7, 2.6]
    p, error = largest_t_tail(bounds, correlation, df)
    assert (np.abs(p - dunnett_p_value(bounds, [1, 1, 1], degrees_of_freedom=df)) < 2 * error + 1e-9).all()
    assert error.max() < 1e-3


def test_the_same_statistic_twice_counts_once():
    assert largest_t_quantile(0.05, np.ones((2, 2)), degrees_of_freedom=20) == pytest.approx(t.isf(0.05, 20), abs=1e-8)


def test_power_of_one_contrast_is_that_of_a_normal_shift():
    best = dose_contrasts(ONE, DOSES, np.eye(4))
    means = np.array([0.0, 0.1, 0.4, 2.0])
    power, error = dose_test_power(means, np.eye(4), best)
    assert power == pytest.approx(norm.sf(norm.isf(0.025) - best.weights[0] @ means), abs=error + 1e-3)


def test_level_and_scale_of_the_estimates_do_not_matter():
    candidates = [*ONE, DoseCandidate(DoseShape.EMAX, (10,))]
    y, spread = np.array([1.0, 2, 4, 5]), np.diag([1.0, 2, 1, 3])
    first = dose_response_test(y, spread, dose_contrasts(candidates, DOSES, spread))
    moved = dose_response_test(3 * y + 7, 9 * spread, dose_contrasts(candidates, DOSES, 9 * spread))
    assert moved.statistic == pytest.approx(first.statistic)
    # which directions are summed over turns with rounding
    assert moved.p_value == pytest.approx(first.p_value, abs=1e-5)


@pytest.mark.parametrize(
    ("doses", "covariance", "told"),
    [([0, 5, 5], np.eye(3), "distinct"), ([0, 5], np.eye(3), "2 doses"), ([0, 5], -np.eye(2), "positive definite")],
)
def test_what_cannot_be_tested_is_named(doses, covariance, told):
    with pytest.raises(TrialError, match=told):
        dose_contrasts(ONE, doses, covariance)
    with pytest.raises(TrialError, match="alpha"):
        largest_t_quantile(0.7, [[1.0]])
