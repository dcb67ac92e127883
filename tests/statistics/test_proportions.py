import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import binom

from sciatrial.foundation import TrialError
from sciatrial.statistics import (
    Direction,
    NullVariance,
    ProportionComparison,
    exact_binomial_power,
    exact_binomial_sample_size,
    group_sequential_design,
    proportion_power,
    proportion_sample_size,
    restricted_proportions,
)

FIXED = group_sequential_design(beta=0.1)


@settings(deadline=None, max_examples=30)
@given(
    first=st.floats(0.03, 0.97), second=st.floats(0.03, 0.97), null=st.floats(-0.4, 0.4), allocation=st.floats(0.3, 3)
)
def test_restricted_proportions_are_the_likeliest_that_differ_by_the_null(first, second, null, allocation):
    low, high = max(0.0, null), min(1.0, 1.0 + null)

    def loss(p):
        q = p - null
        arms = first * np.log(p) + (1 - first) * np.log1p(-p), second * np.log(q) + (1 - second) * np.log1p(-q)
        return -(allocation * arms[0] + arms[1])

    best = minimize_scalar(loss, bounds=(low + 1e-9, high - 1e-9), method="bounded", options={"xatol": 1e-10})
    found = restricted_proportions(first, ProportionComparison(second, null=null, allocation=allocation))
    assert found[0] - found[1] == pytest.approx(null, abs=1e-12)
    assert found[0] == pytest.approx(best.x, abs=2e-5)


@settings(deadline=None, max_examples=30)
@given(second=st.floats(0.1, 0.6), gain=st.floats(0.08, 0.35), variance=st.sampled_from(NullVariance))
def test_a_sample_size_has_the_power_it_was_made_for(second, gain, variance):
    comparison = ProportionComparison(second, variance=variance)
    n = proportion_sample_size(FIXED, comparison, second + gain).n_max
    assert proportion_power(FIXED, comparison, [second + gain], n).power[0] == pytest.approx(0.9, abs=1e-9)


def test_power_is_alpha_on_the_null_and_grows_with_the_difference():
    design = group_sequential_design([0.5, 1])
    power = proportion_power(design, ProportionComparison(0.3), [0.3, 0.4, 0.5, 0.6], 200).power
    assert power[0] == pytest.approx(0.025, abs=1e-9)
    assert np.all(np.diff(power) > 0)


def test_a_lower_proportion_mirrors_a_higher_one():
    up = proportion_sample_size(FIXED, ProportionComparison(0.3), 0.45)
    down = proportion_sample_size(FIXED, ProportionComparison(0.7, direction=Direction.LOWER), 0.55)
    assert up.n_max == pytest.approx(down.n_max)
    np.testing.assert_allclose(up.critical_effects, -down.critical_effects, atol=1e-9)


def test_a_bound_that_no_proportion_reaches_has_no_critical_effect():
    design = group_sequential_design([0.05, 1])
    assert np.isnan(proportion_power(design, ProportionComparison(0.3), [0.5], 60).critical_effects[0])


def test_an_exact_size_holds_its_level_and_its_power_and_no_smaller_one_has_both():
    found = exact_binomial_sample_size(0.3, 0.5, alpha=0.025, beta=0.1)
    assert found.level <= 0.025
    assert found.power >= 0.9
    assert found.power == pytest.approx(binom.sf(found.critical_count - 1, found.n, 0.5))
    assert exact_binomial_power(found.n - 1, 0.3, 0.5, alpha=0.025).power < 0.9


def test_fewer_successes_mirror_more():
    up = exact_binomial_sample_size(0.3, 0.5, alpha=0.025, beta=0.1)
    down = exact_binomial_sample_size(0.7, 0.5, alpha=0.025, beta=0.1)
    assert (down.n, down.critical_count) == (up.n, up.n - up.critical_count)
    assert down.power == pytest.approx(up.power)


def test_every_number_that_cannot_be_used_is_named():
    with pytest.raises(TrialError) as found:
        proportion_sample_size(FIXED, ProportionComparison(1.0, null=1.0, allocation=-1.0), 0.0)
    for part in ("second: 1", "allocation: -1", "null: 1", "first: 0", "first − second"):
        assert part in str(found.value)
    with pytest.raises(TrialError, match="another proportion"):
        exact_binomial_sample_size(0.3, 0.3, alpha=0.025, beta=0.1)
    with pytest.raises(TrialError, match=r"firsts: 1\.2"):
        proportion_power(FIXED, ProportionComparison(0.3), [0.5, 1.2], 100)
