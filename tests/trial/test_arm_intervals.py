from dataclasses import replace
from math import inf, isnan

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import t as student

from sciatrial.statistics import IntersectionTest, closed_tests, group_sequential_design
from sciatrial.trial.arm_intervals import Stages, combined_estimate, familywise_p_value, simultaneous_interval

FIXED, TWO = group_sequential_design([1.0]), group_sequential_design([0.5, 1.0])


def stages(benefit, error=1.0, looks=1):
    values = np.array(benefit, dtype=float).reshape(looks, -1)
    return Stages(values, np.full(values.shape, error), np.full(looks, inf), np.ones(values.shape))


def p_value(some, test):
    return familywise_p_value(FIXED, closed_tests(some.statistic[None], FIXED, some.ratios, test=test), 0, 0)


def test_one_arm_in_one_stage_has_the_usual_p_value_and_interval():
    alone = stages([2.5])
    assert p_value(alone, IntersectionTest.DUNNETT) == pytest.approx(0.0062097, abs=1e-6)
    low, high = simultaneous_interval(FIXED, alone, 0, 0)
    assert (low, high) == pytest.approx((2.5 - 1.959964, 2.5 + 1.959964), abs=1e-4)


@pytest.mark.parametrize("freedom", [1.0, 2.0, 3.0])
def test_an_early_bound_with_hardly_any_patients_has_students_wide_interval(freedom):
    early = group_sequential_design([0.2, 1.0])
    alone = replace(stages([[2.5], [np.nan]], looks=2), freedom=np.full(2, freedom))
    low, high = simultaneous_interval(early, alone, 0, 0)
    far = student.isf(ndtr(-early.efficacy_z[0]), freedom)
    assert far > 30
    assert (2.5 - low, high - 2.5) == pytest.approx((far, far), rel=1e-4)
    found = combined_estimate(np.array([2.5]), np.ones(1), np.array([freedom]), np.ones(1), early.efficacy_z[0])
    assert found == pytest.approx((2.5, 2.5 - far, 2.5 + far), rel=1e-4)


def test_what_no_benefit_however_far_can_reach_has_no_end():
    _, low, high = combined_estimate(np.array([2.5]), np.ones(1), np.ones(1), np.ones(1), 12.0)
    assert (low, high) == (-inf, inf)


def test_two_arms_have_bonferronis_p_value_and_dunnetts_interval():
    two = stages([2.5, 0.0])
    assert p_value(two, IntersectionTest.BONFERRONI) == pytest.approx(2 * 0.0062097, abs=1e-6)
    low, high = simultaneous_interval(FIXED, two, 0, 0)
    assert high - 2.5 == pytest.approx(2.2121, abs=1e-3)  # Dunnett's one-sided bound of two arms
    assert 2.5 - low == pytest.approx(high - 2.5, abs=1e-3)


def test_a_stage_that_could_not_be_analysed_leaves_no_interval():
    assert all(map(isnan, simultaneous_interval(TWO, stages([[2.0, 1.0], [np.nan, 1.0]], looks=2), 0, 1)))
    assert all(map(isnan, combined_estimate(*np.array([[np.nan], [1.0], [10.0], [1.0]]), 2.0)))


def test_stages_with_their_planned_weights_have_the_usual_estimate():
    weights = np.sqrt([0.5, 0.5])
    found = combined_estimate(np.array([1.0, 3.0]), np.array([1.0, 1.0]), np.array([1e9, 1e9]), weights, 1.96)
    assert found == pytest.approx((2.0, 2 - 1.96 / np.sqrt(2), 2 + 1.96 / np.sqrt(2)), abs=1e-5)
