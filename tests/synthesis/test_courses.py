import numpy as np
import pytest

from sciatrial.foundation import EvidenceError
from sciatrial.synthesis.courses import Course, Shape, basis


@pytest.mark.parametrize("course", Course)
def test_every_course_begins_at_0_and_has_its_coefficients(course):
    shape = Shape(course)
    values = basis(shape, np.array([0.0, 1.0, 12.0]), 2.0, 24.0)
    assert values.shape == (3, len(shape.coefficients))
    assert (values[0] == 0).all()


def test_emax_is_half_at_its_half_time():
    assert basis(Shape(Course.EMAX), np.array([2.0]), 2.0, 24.0)[0, 0] == 0.5


def test_itp_is_1_at_the_last_month():
    assert basis(Shape(Course.ITP), np.array([24.0]), 0.3, 24.0)[0, 0] == pytest.approx(1)


def test_a_natural_spline_is_straight_in_log_time_beyond_its_last_knot():
    months = np.expm1(np.log1p(24.0) + np.array([0.1, 0.2, 0.3]))
    values = basis(Shape(Course.SPLINE), months, 1.0, 60.0)
    assert np.abs(np.diff(values, 2, axis=0)).max() < 1e-12


def test_a_repeated_power_has_the_logarithm_in_its_second_term():
    shape = Shape(Course.FRACTIONAL_POLYNOMIAL, powers=(1.0, 1.0))
    values = basis(shape, np.array([3.0]), 1.0, 24.0)
    assert values[0] == pytest.approx([3.0, 4 * np.log(4)])


def test_wrong_powers_and_knots_are_told_together():
    with pytest.raises(EvidenceError) as told:
        Shape(Course.SPLINE, powers=(0.3,), knots_months=(3.0, 1.0))
    assert len(told.value.problems) == 2
