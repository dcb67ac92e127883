import pint
import pytest

from sciatrial.foundation import DAYS_PER_MONTH, DAYS_PER_YEAR, WEEKS_PER_MONTH, unit_registry


def test_there_is_one_registry():
    assert unit_registry() is unit_registry()


def test_a_number_of_cells_cannot_be_taken_for_a_fraction():
    with pytest.raises(pint.DimensionalityError):
        unit_registry()("3 million_cells").to("dimensionless")


def test_points_of_pain_cannot_be_taken_for_a_fraction():
    with pytest.raises(pint.DimensionalityError):
        unit_registry()("3 nrs_point").to("dimensionless")


def test_a_rate_per_hour_becomes_24_times_a_rate_per_day():
    assert unit_registry()("1/hour").to("1/day").magnitude == pytest.approx(24)


def test_a_number_of_cells_over_a_number_of_cells_is_a_fraction():
    ureg = unit_registry()
    assert (ureg("3 million_cells") / ureg("6 million_cells")).to("dimensionless").magnitude == 0.5


def test_the_months_of_a_year_make_a_year():
    assert pytest.approx(DAYS_PER_YEAR, rel=1e-3) == 12 * DAYS_PER_MONTH


def test_the_weeks_of_a_month_make_a_month():
    assert pytest.approx(DAYS_PER_MONTH, rel=1e-3) == 7 * WEEKS_PER_MONTH
