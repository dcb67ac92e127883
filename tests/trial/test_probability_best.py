from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal, norm

from sciatrial.trial.probability_best import ArmPosterior, arm_posterior, probability_of_best

OTHER_STATISTICS = Path(__file__).parents[1] / "truth" / "other_statistics"


def test_of_two_arms_it_is_the_normal_probability_of_a_difference_above_0():
    covariance = np.array([[4.0, 1.0], [1.0, 3.0]])
    found = probability_of_best(ArmPosterior(np.array([1.0, 0.2]), covariance))
    exact = norm.cdf(0.8 / np.sqrt(4 + 3 - 2))
    assert found == pytest.approx([exact, 1 - exact], abs=0.002)


def test_of_four_arms_it_is_that_of_an_orthant():
    mean = np.array([0.0, 1.0, 0.7, -0.4])
    root = np.random.default_rng(3).normal(size=(4, 4))
    covariance = root @ root.T + np.eye(4)
    found = probability_of_best(ArmPosterior(mean, covariance))
    for arm in range(4):
        others = [place for place in range(4) if place != arm]
        less = np.zeros((3, 4))
        less[np.arange(3), others], less[:, arm] = 1, -1
        exact = multivariate_normal.cdf(np.zeros(3), less @ mean, less @ covariance @ less.T)
        assert found[arm] == pytest.approx(exact, abs=0.003)
    assert found.sum() == pytest.approx(1)


def test_the_posterior_is_that_of_a_regression_on_arm_baseline_and_period():
    seen = pd.read_csv(OTHER_STATISTICS / "course.csv")
    expected = pd.read_csv(OTHER_STATISTICS / "course_expected.csv").set_index("what")
    arms, period, baseline, change = (seen[name].to_numpy() for name in ("arm", "period", "baseline", "change"))
    found = arm_posterior(change, arms, baseline, period, among=np.arange(4))
    for arm in (1, 2, 3):
        told = expected.loc[f"period_{arm}"]
        assert found.mean[arm] - found.mean[0] == pytest.approx(told["estimate"], abs=1e-9)
        variance = found.covariance[arm, arm] + found.covariance[0, 0] - 2 * found.covariance[0, arm]
        assert np.sqrt(variance) == pytest.approx(told["standard_error"], abs=1e-9)


def test_nothing_is_known_of_an_arm_with_fewer_than_two_values():
    arms, zeros = np.array([0, 0, 0, 1]), np.zeros(4, dtype=int)
    assert arm_posterior(np.arange(4.0), arms, np.arange(4.0), zeros, among=np.array([0, 1])) is None
    assert arm_posterior(np.arange(4.0), arms, np.arange(4.0), zeros, among=np.array([0])) is not None


def test_nothing_is_known_where_no_value_is_left_for_the_variance():
    arms, zeros = np.array([0, 0, 1, 1]), np.arange(4)
    assert arm_posterior(np.arange(4.0), arms, np.array([1.0, 4, 2, 8]), zeros, among=np.array([0, 1])) is None
