from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import multivariate_normal, norm

from sciatrial.statistics import integration
from sciatrial.statistics.integration import all_paths, bound_above, bound_below, go_on, share_above, stopping_shares

looks = st.sets(st.integers(2, 98), min_size=1, max_size=7).map(lambda shares: [*sorted(shares), 100])
drifts = st.floats(-4, 5)


@settings(deadline=None, max_examples=40)
@given(rates=looks, drift=drifts, data=st.data())
def test_coarse_points_agree_with_fine_ones_to_1e_10(rates, drift, data):
    times = np.array(rates) / 100
    upper = np.array(data.draw(st.lists(st.floats(0.5, 5), min_size=len(times), max_size=len(times))))
    lower = upper - np.array(data.draw(st.lists(st.floats(0.1, 9), min_size=len(times), max_size=len(times))))
    usual = stopping_shares(times, lower, upper, drift)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(integration, "_POINTS_PER_WIDTH", 6.0)
        patch.setattr(integration, "_POINTS_AT_LEAST", 40)
        patch.setattr(integration, "_TAIL", 8.5)
        np.testing.assert_allclose(usual, stopping_shares(times, lower, upper, drift), rtol=0, atol=1e-10)


def test_three_looks_equal_the_multivariate_normal_integral():
    times, upper, drift = np.array([0.3, 0.55, 1.0]), np.array([2.8, 2.3, 2.0]), 2.5
    correlation = np.sqrt(np.minimum.outer(times, times) / np.maximum.outer(times, times))
    never = multivariate_normal.cdf(upper, drift * np.sqrt(times), correlation, abseps=1e-10, releps=1e-10)
    _, above = stopping_shares(times, np.full(3, -inf), upper, drift)
    assert 1 - above.sum() == pytest.approx(never, abs=2e-6)


def test_two_looks_equal_a_bivariate_integral_by_hand():
    times, upper = np.array([0.5, 1.0]), np.array([2.5, 2.0])
    grid, weights = np.polynomial.legendre.leggauss(400)
    z = -10 + (grid + 1) * 12.5 / 2
    inner = norm.sf((upper[1] - z * np.sqrt(0.5)) / np.sqrt(0.5))
    expected = (weights * 12.5 / 2 * norm.pdf(z) * inner).sum()
    assert stopping_shares(times, np.full(2, -inf), upper, 0.0)[1, 1] == pytest.approx(expected, abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(rates=looks, drift=drifts)
def test_every_path_stops_once_when_the_last_bounds_meet(rates, drift):
    times = np.array(rates) / 100
    upper, lower = np.full(len(times), 2.2), np.append(np.full(len(times) - 1, -0.3), 2.2)
    assert stopping_shares(times, lower, upper, drift).sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("step", [1e-3, 1e-4])
def test_looks_that_lie_close_together_are_integrated_as_well(step):
    times = np.array([0.5, 0.5 + step, 1.0])
    with_both = stopping_shares(times, np.full(3, -inf), np.array([2.5, 2.5, 2.0]), 1.0)
    with_one = stopping_shares(times[[0, 2]], np.full(2, -inf), np.array([2.5, 2.0]), 1.0)
    assert 0 < with_both[1].sum() - with_one[1].sum() < 0.01
    assert stopping_shares(times, np.array([-inf, -inf, 2.0]), np.array([2.5, 2.5, 2.0]), 1.0).sum() == pytest.approx(1)


@settings(deadline=None, max_examples=40)
@given(probability=st.floats(1e-9, 0.3), drift=drifts)
def test_a_bound_is_crossed_with_the_probability_that_it_was_made_for(probability, drift):
    paths = go_on(all_paths(), 0.4, 1.0, drift, -1.5, 2.5)
    bound = bound_above(paths, 1.0, drift, probability)
    if bound == -inf:
        assert paths.mass.sum() <= probability
    else:
        assert share_above(paths, 1.0, drift, bound) == pytest.approx(probability, rel=1e-9)


def test_a_lower_bound_mirrors_an_upper_one():
    paths, mirrored = go_on(all_paths(), 0.4, 1.0, 1.0, -1.5, 2.5), go_on(all_paths(), 0.4, 1.0, -1.0, -2.5, 1.5)
    assert bound_below(paths, 1.0, 1.0, 0.05) == pytest.approx(-bound_above(mirrored, 1.0, -1.0, 0.05), abs=1e-12)


def test_a_bound_without_probability_is_never_crossed():
    assert bound_above(all_paths(), 0.5, 0.0, 0.0) == inf
    assert bound_below(all_paths(), 0.5, 0.0, 0.0) == -inf
    assert bound_above(all_paths(), 0.5, 0.0, 1.0) == -inf


def test_the_first_look_is_an_ordinary_quantile():
    assert bound_above(all_paths(), 0.3, 0.0, 0.01) == pytest.approx(-ndtri(0.01), abs=1e-13)
