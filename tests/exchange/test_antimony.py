"""Antimony text becomes, in the hands of its own library, the same model."""

import numpy as np
import pytest

from sciatrial.exchange import largest_difference, our_course, reference_case, to_antimony
from sciatrial.exchange.antimony import infix
from sciatrial.model import Expression, law_as_written
from tests.exchange.conftest import DAYS, by_roadrunner

antimony = pytest.importorskip("antimony")


def as_sbml(text):
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(text) >= 0, antimony.getLastError()
    return antimony.getSBMLString(antimony.getMainModuleName())


@pytest.mark.parametrize("cause", ["herniation", "discogenic"])
def test_the_text_gives_the_same_courses_as_our_engine(cause):
    case = reference_case(cause, "cells_intradiscal")
    theirs = by_roadrunner(as_sbml(to_antimony(case)), case)
    worst, where = largest_difference(case, our_course(case, DAYS), theirs)
    assert worst <= 1e-6, where


def test_every_line_tells_its_meaning(case):
    text = to_antimony(case)
    assert all(f"// {item.meaning}" in text for item in (*case.model.states, *case.model.parameters))


def test_brackets_keep_the_order_of_operations(case):
    """Every law, read back as arithmetic, has the value of the law itself."""
    names = [*case.model.state_names, *case.model.parameter_names, *(f.name for f in case.model.formulas)]
    numbers = {name: 0.3 + 0.013 * (place % 41) for place, name in enumerate(names)}

    def piecewise(value, condition, other):
        return value if condition else other

    for law in (*case.model.formulas, *case.model.mechanisms):
        written = law_as_written(law)
        text = infix(written).replace("^", "**")
        read = eval(text, {"exp": np.exp, "ln": np.log, "piecewise": piecewise, **numbers})
        assert read == pytest.approx(written.value(numbers), rel=1e-12), law.name


def test_a_difference_of_sums_keeps_its_brackets():
    a, b, c = (Expression.called(name) for name in "abc")
    assert infix(a - (b + c)) == "a - (b + c)"
    assert infix(a / (b * c)) == "a / (b * c)"
    assert infix(a + b + c) == "a + b + c"
    assert infix(-(a + b) * c) == "-(a + b) * c"
