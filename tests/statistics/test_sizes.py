import numpy as np
import pytest

from sciatrial.statistics import Direction, MeanComparison, group_sequential_design, mean_sample_size, stopping_at
from sciatrial.statistics.sizes import effect_problem, power_record, size_record


def test_a_size_record_follows_the_allocation_and_the_looks():
    design = group_sequential_design([0.5, 1])
    record = size_record(design, 100.0, 1.1, 2.0, np.zeros(2))
    assert record.n_max == pytest.approx(110)
    assert record.n_arms == pytest.approx((110 * 2 / 3, 110 / 3))
    np.testing.assert_allclose(record.n_at_looks, [55, 110])
    assert record.whole_patients == (74, 37)


def test_whole_patients_are_rounded_up_but_not_beyond_a_whole_number():
    design = group_sequential_design()
    assert size_record(design, 100.0 + 1e-11, 1.0, 1.0, np.zeros(1)).whole_patients == (50, 50)


def test_a_power_record_has_a_column_for_each_effect():
    design = group_sequential_design([0.5, 1])
    record = power_record(design, 80.0, [0.0, 2.5, 3.5], np.zeros(2))
    assert record.reject_at_looks.shape == (2, 3)
    np.testing.assert_allclose(record.reject_at_looks.sum(axis=0), record.power)
    assert record.power[1] == pytest.approx(stopping_at(design, 2.5).power)


def test_the_side_that_is_tested_decides_which_effect_is_one():
    assert not effect_problem("effect", -1.0, 0.0, Direction.LOWER)
    assert "higher than the null" in str(effect_problem("effect", -1.0, 0.0, Direction.HIGHER)[0])


def test_expected_patients_lie_below_the_largest_number():
    found = mean_sample_size(group_sequential_design([0.5, 1], beta=0.1), MeanComparison(20.0), 10.0)
    assert found.expected_n_alternative < found.n_fixed < found.expected_n_null < found.n_max
