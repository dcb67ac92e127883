"""The closed list of functions works for numbers, arrays, quantities and symbols alike."""

import math

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from sciatrial.foundation import unit_registry
from sciatrial.model import exp, hill, log, maximum, mechanism, output, positive_part, power


@given(st.floats(0, 1e6), st.floats(1e-3, 1e3), st.integers(1, 4))
def test_hill_rises_from_0_to_1(x, half, steepness):
    value = hill(x, half=half, steepness=steepness)
    assert 0 <= value <= 1
    assert hill(half, half=half, steepness=steepness) == pytest.approx(0.5)


@given(st.floats(0, 1e3), st.floats(1e-2, 1e2), st.integers(2, 4))
def test_hill_with_a_whole_parameter_equals_hill_with_a_whole_number(x, half, steepness):
    assert hill(x, half=half, steepness=float(steepness)) == pytest.approx(
        hill(x, half=half, steepness=steepness), rel=1e-9, abs=1e-300
    )


def test_power_takes_what_is_below_zero_for_zero():
    assert power(-1e-12, 2.5) == 0.0
    assert power(0.0, 2.5) == 0.0


def test_positive_part_and_maximum():
    assert np.array_equal(positive_part(np.array([-1.0, 0.0, 2.0])), [0.0, 0.0, 2.0])
    assert maximum(2.0, 5.0) == maximum(5.0, 2.0) == 5.0


def test_functions_take_symbols():
    x = sympy.Symbol("x")
    assert exp(x) == sympy.exp(x)
    assert log(x) == sympy.log(x)
    assert positive_part(x) == sympy.Max(x, 0)
    assert float(hill(x, half=2, steepness=3).subs(x, 2)) == 0.5


def test_functions_take_quantities():
    ureg = unit_registry()
    value = hill(3.0 * ureg("mmHg"), half=3.0 * ureg("mmHg"), steepness=2)
    assert float(value.to("dimensionless").magnitude) == 0.5
    assert float(exp(ureg.Quantity(1.0, "dimensionless"))) == pytest.approx(math.e)


def test_a_mechanism_knows_its_name_its_needs_and_what_it_changes():
    @mechanism(changes={"a": -1, "b": +1}, sources=("assumption:test",))
    def moving(a, moving_rate):
        """Move a to b."""
        return moving_rate * a

    assert (moving.name, moving.needs, dict(moving.changes)) == ("moving", ("a", "moving_rate"), {"a": -1, "b": 1})


def test_an_output_takes_its_meaning_from_its_docstring():
    @output("dimensionless")
    def twice(a):
        """Twice as much."""
        return 2 * a

    assert (twice.meaning, twice.is_output, twice.unit) == ("Twice as much", True, "dimensionless")
