"""Numbers and laws in MathML, read back by the library of the field."""

from xml.etree.ElementTree import Element, tostring

import pytest

from sciatrial.exchange.mathml import math, number
from sciatrial.model import Expression, law_as_written, sciatica_model

libsbml = pytest.importorskip("libsbml")


@pytest.mark.parametrize("value", [0.0, 3.0, -2.0, 0.1, 1e-7, 2.5e12, 1 / 3])
def test_a_number_comes_back_exactly(value):
    parent = Element("parent")
    number(parent, value)
    text = parent[0].text.strip()
    exponent = parent[0][0].tail.strip() if len(parent[0]) else "0"
    assert float(f"{text}e{exponent}") == value


def test_the_positive_part_is_piecewise():
    parent = Element("parent")
    math(parent, (1 - Expression.called("x")).positive_part())
    shown = libsbml.formulaToL3String(libsbml.readMathMLFromString(tostring(parent[0], encoding="unicode")))
    assert shown.replace(" dimensionless", "") == "piecewise(1 - x, (1 - x) > 0, 0)"


def test_every_law_can_be_read_back():
    for law in (*sciatica_model().formulas, *sciatica_model().mechanisms):
        parent = Element("parent")
        math(parent, law_as_written(law))
        assert libsbml.readMathMLFromString(tostring(parent[0], encoding="unicode")) is not None, law.name
