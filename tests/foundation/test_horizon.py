"""The model is asked about months that it was made for."""

import math

import pytest

from sciatrial.foundation import months_problem


@pytest.mark.parametrize("months", [(0.1,), (1.0, 60.0)])
def test_months_within_five_years_are_taken(months):
    assert months_problem("--months", months) is None


@pytest.mark.parametrize("months", [(), (0.0,), (-1.0, 3.0), (3.0, 60.1), (999.0,), (math.nan,), (3.0, math.inf)])
def test_other_months_are_refused_by_name(months):
    problem = months_problem("--months", months)
    assert problem is not None
    assert str(problem).startswith("--months: ")
    assert "up to 60" in problem.expected
