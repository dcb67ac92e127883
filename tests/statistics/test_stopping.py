import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from sciatrial.foundation import TrialError
from sciatrial.statistics import (
    POCOCK,
    FixedFutility,
    Sides,
    Spending,
    SpendingKind,
    characteristics,
    drift_for_power,
    fixed_information,
    group_sequential_design,
    stopping_at,
)

POCOCK_LIKE = Spending(SpendingKind.POCOCK_TYPE)


def test_a_fixed_design_needs_what_it_needs():
    found = characteristics(group_sequential_design(beta=0.1))
    assert found.inflation_factor == pytest.approx(1.0, abs=1e-9)
    assert found.fixed_information == pytest.approx((ndtri(0.975) + ndtri(0.9)) ** 2, rel=1e-12)
    assert found.expected_ratio_null == pytest.approx(1.0, abs=1e-9)


@settings(deadline=None, max_examples=20)
@given(power=st.floats(0.3, 0.97), n_looks=st.integers(1, 5))
def test_the_drift_for_a_power_has_that_power(power, n_looks):
    design = group_sequential_design(np.arange(1, n_looks + 1) / n_looks, efficacy=POCOCK_LIKE)
    assert stopping_at(design, drift_for_power(design, power)).power == pytest.approx(power, abs=1e-9)


def test_more_looks_cost_information_at_the_end_and_save_it_on_average():
    found = [
        characteristics(group_sequential_design(np.arange(1, k + 1) / k, beta=0.1, efficacy=POCOCK))
        for k in range(1, 6)
    ]
    assert all(np.diff([item.inflation_factor for item in found]) > 0)
    assert all(np.diff([item.expected_ratio_alternative for item in found]) < 0)


def test_a_larger_effect_is_found_more_often_and_earlier():
    design = group_sequential_design([0.3, 0.6, 1], efficacy=POCOCK, futility=FixedFutility((0.0, 0.5)))
    stops = [stopping_at(design, drift) for drift in (-1.0, 0.0, 1.0, 2.0, 3.0, 5.0)]
    assert all(np.diff([stop.power for stop in stops]) > 0)
    assert all(np.diff([stop.futility.sum() for stop in stops]) < 0)
    assert stops[-1].expected_information < stops[-2].expected_information


def test_a_two_sided_design_without_an_effect_errs_alike_in_both_directions():
    stop = stopping_at(group_sequential_design([0.5, 1], alpha=0.05, sides=Sides.TWO), 0.0)
    np.testing.assert_allclose(stop.efficacy, stop.other_direction, atol=1e-13)
    assert stop.power == pytest.approx(0.025, abs=1e-9)
    assert stop.early == pytest.approx(2 * stop.efficacy[0], abs=1e-13)


def test_a_power_that_is_not_a_share_is_refused():
    with pytest.raises(TrialError, match=r"power: 1\.2"):
        drift_for_power(group_sequential_design(), 1.2)


def test_the_fixed_information_of_another_power_is_larger():
    design = group_sequential_design()
    assert fixed_information(design, 0.95) > fixed_information(design)
