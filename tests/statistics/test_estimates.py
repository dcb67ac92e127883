from math import inf, isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri

from sciatrial.foundation import TrialError
from sciatrial.statistics import (
    POCOCK,
    FixedFutility,
    HaybittlePeto,
    Sides,
    Spending,
    SpendingKind,
    design_at_alpha,
    final_estimate,
    group_sequential_design,
    repeated_p_value,
    stagewise_p_value,
)
from sciatrial.statistics.estimates import _more_extreme

LDOF = Spending(SpendingKind.O_BRIEN_FLEMING_TYPE)
DESIGN = group_sequential_design([0.4, 0.7, 1], efficacy=LDOF)


@settings(deadline=None, max_examples=20)
@given(z=st.floats(-3, 5), error=st.floats(0.1, 3))
def test_with_one_look_everything_is_ordinary(z, error):
    fixed = group_sequential_design()
    found = final_estimate(fixed, 1, z, standard_error=error)
    assert found.p_value == pytest.approx(ndtr(-z), abs=1e-13)
    assert found.median_unbiased == pytest.approx(z * error, abs=1e-9)
    assert found.low == pytest.approx((z - ndtri(0.975)) * error, abs=1e-9)
    assert found.high == pytest.approx((z + ndtri(0.975)) * error, abs=1e-9)


def test_a_p_value_on_the_bound_is_the_alpha_spent_so_far():
    for look in (1, 2, 3):
        found = stagewise_p_value(DESIGN, look, DESIGN.efficacy_z[look - 1])
        assert found == pytest.approx(DESIGN.alpha_spent[look - 1], abs=1e-10)


def test_the_interval_excludes_nothing_exactly_when_the_trial_rejects():
    for look in (1, 2, 3):
        found = final_estimate(DESIGN, look, DESIGN.efficacy_z[look - 1], standard_error=1.0, level=0.95)
        assert (found.low < 0) == (found.p_value > 0.025) or abs(found.low) < 1e-6


@settings(deadline=None, max_examples=20)
@given(z=st.floats(2.2, 4.5), more=st.floats(0.01, 1.0))
def test_a_more_extreme_end_has_a_smaller_p_value_and_a_larger_estimate(z, more):
    one, other = (final_estimate(DESIGN, 2, value, standard_error=1.0) for value in (z, z + more))
    assert other.p_value < one.p_value
    assert other.median_unbiased > one.median_unbiased
    assert one.low < one.median_unbiased < one.high


def test_stopping_early_is_estimated_lower_than_it_looks():
    found = final_estimate(DESIGN, 2, DESIGN.efficacy_z[1] + 0.2, standard_error=1.0)
    assert found.median_unbiased < DESIGN.efficacy_z[1] + 0.2


def test_simulated_estimates_are_too_high_half_of_the_time_and_intervals_hold():
    drift, n = 2.0, 4000
    times = np.array(DESIGN.information_rates)
    steps = np.diff(times, prepend=0.0)
    noise = np.random.Generator(np.random.Philox(3)).standard_normal((n, 3)) * np.sqrt(steps)
    z = (noise + drift * steps).cumsum(axis=1) / np.sqrt(times)
    crossed = z >= np.array(DESIGN.efficacy_z)
    looks = np.where(crossed.any(axis=1), crossed.argmax(axis=1), 2)
    # the p value of the true drift is uniform, which is what the estimate and the interval rest on
    shares = np.array([_share(look + 1, z[path, look], drift) for path, look in enumerate(looks)])
    for point in (0.025, 0.5, 0.975):
        assert abs((shares < point).mean() - point) < 4 * np.sqrt(point * (1 - point) / n)


def _share(look, z, drift):
    return _more_extreme(DESIGN, look, z, drift * np.array(DESIGN.information_rates[:look]))


@pytest.mark.parametrize("rule", [POCOCK, LDOF, Spending(SpendingKind.USER, None, (0.005, 0.025))], ids=str)
def test_a_design_at_the_repeated_p_value_is_just_rejected(rule):
    design = group_sequential_design([0.5, 1], efficacy=rule)
    for look, z in ((1, 2.0), (2, 1.7)):
        p_value = repeated_p_value(design, look, z)
        assert design_at_alpha(design, p_value).efficacy_z[look - 1] == pytest.approx(z, abs=1e-6)


def test_a_repeated_p_value_on_the_bound_is_alpha():
    for look in (1, 2, 3):
        assert repeated_p_value(DESIGN, look, DESIGN.efficacy_z[look - 1]) == pytest.approx(0.025, rel=1e-6)


def test_repeated_p_values_have_ends():
    assert repeated_p_value(DESIGN, 1, -2.0) == 0.5
    assert repeated_p_value(DESIGN, 3, 40.0) == 1e-12


def test_a_bound_that_does_not_depend_on_alpha_has_no_repeated_p_value():
    peto = group_sequential_design([0.5, 1], efficacy=HaybittlePeto(3.0))
    assert isnan(repeated_p_value(peto, 1, 2.0))
    assert repeated_p_value(peto, 2, peto.efficacy_z[1]) == pytest.approx(0.025, rel=1e-6)
    only_futility = group_sequential_design(
        [0.5, 1], efficacy=LDOF, futility=FixedFutility((0.0,)), futility_only_looks=(1,)
    )
    assert isnan(repeated_p_value(only_futility, 1, 2.0))
    assert only_futility.efficacy_z[0] == inf


def test_a_two_sided_p_value_is_of_both_directions():
    design = group_sequential_design([0.5, 1], alpha=0.05, sides=Sides.TWO, efficacy=LDOF)
    assert stagewise_p_value(design, 2, design.efficacy_z[1]) == pytest.approx(0.05, abs=1e-9)
    assert stagewise_p_value(design, 1, -3.0) == pytest.approx(stagewise_p_value(design, 1, 3.0), abs=1e-12)
    assert repeated_p_value(design, 2, -design.efficacy_z[1]) == pytest.approx(0.05, rel=1e-6)


def test_every_problem_is_named():
    with pytest.raises(TrialError) as found:
        final_estimate(DESIGN, 4, inf, level=1.0)
    for part in ("look: 4 of 3", "z: inf", "level: 1", "standard_error"):
        assert part in str(found.value)
    with pytest.raises(TrialError, match="standard_error: 0"):
        final_estimate(DESIGN, 1, 2.0, standard_error=0.0)
