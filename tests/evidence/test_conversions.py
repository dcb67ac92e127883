"""Formulas against what they must give for samples whose moments are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sciatrial.evidence.conversions import (
    difference_from_shares,
    join_groups,
    mean_from_quartiles,
    quartiles_are_skewed,
    sd_from_quartiles,
    sd_from_range,
    sd_of_change,
)

numbers = st.floats(min_value=0.5, max_value=50)


@pytest.fixture(scope="module")
def samples():
    """Return 4000 samples of 40 normal scores, mean 50 and SD 12."""
    return np.random.default_rng(11).normal(50, 12, size=(4000, 40))


def test_quartiles_of_normal_scores_give_their_mean_and_sd(samples):
    first, median, third = np.quantile(samples, [0.25, 0.5, 0.75], axis=1)
    means = [mean_from_quartiles(a, b, c, 40) for a, b, c in zip(first, median, third, strict=True)]
    sds = [sd_from_quartiles(a, c, 40) for a, c in zip(first, third, strict=True)]
    assert np.mean(means) == pytest.approx(50, abs=0.15)
    assert np.mean(sds) == pytest.approx(12, rel=0.03)


def test_the_range_of_normal_scores_gives_their_sd(samples):
    sds = [sd_from_range(low, high, 40) for low, high in zip(samples.min(axis=1), samples.max(axis=1), strict=True)]
    assert np.mean(sds) == pytest.approx(12, rel=0.03)


def test_normal_quartiles_are_called_skewed_about_one_time_in_twenty(samples):
    quartiles = np.quantile(samples, [0.25, 0.5, 0.75], axis=1).T
    assert np.mean([quartiles_are_skewed(*three, 40) for three in quartiles]) == pytest.approx(0.05, abs=0.03)


def test_scores_at_the_floor_are_called_skewed():
    assert quartiles_are_skewed(0, 1, 5, 171)
    assert quartiles_are_skewed(2, 2, 2, 50)


@given(before=numbers, after=numbers, correlation=st.floats(min_value=-1, max_value=1))
def test_the_variance_of_a_change_is_that_of_a_difference(before, after, correlation):
    expected = before**2 + after**2 - 2 * correlation * before * after
    assert sd_of_change(before, after, correlation) == pytest.approx(np.sqrt(max(expected, 0)))


def test_joined_groups_are_those_of_all_their_patients():
    groups = [np.random.default_rng(k).normal(10 * k, 3 + k, size=12 + k) for k in range(3)]
    joined = join_groups(
        np.array([len(g) for g in groups]),
        np.array([g.mean() for g in groups]),
        np.array([g.std(ddof=1) for g in groups]),
    )
    together = np.concatenate(groups)
    assert joined == pytest.approx((len(together), together.mean(), together.std(ddof=1)))


def test_shares_of_normal_changes_give_back_the_difference_of_their_means():
    sd, threshold, means = 25.0, -30.0, (-28.0, -18.0)
    shares = [stats.norm.cdf((threshold - mean) / sd) for mean in means]
    difference, _ = difference_from_shares(shares[0], 1e9, shares[1], 1e9, sd)
    assert difference == pytest.approx(-10, abs=1e-5)


def test_the_standard_error_of_a_difference_from_shares_is_that_of_simulated_trials():
    generator, n, sd = np.random.default_rng(3), 60, 25.0
    responders = [generator.binomial(n, share, size=4000) / n for share in (0.5, 0.35)]
    found = [difference_from_shares(a, n, b, n, sd) for a, b in zip(*responders, strict=True)]
    assert np.mean([se for _, se in found]) == pytest.approx(np.std([d for d, _ in found]), rel=0.05)


def test_shares_of_none_and_all_stay_finite():
    difference, se = difference_from_shares(1.0, 10, 0.0, 10, 25.0)
    assert np.isfinite([difference, se]).all()
    assert difference < 0
