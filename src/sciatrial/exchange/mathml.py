"""Expressions as content MathML, in the subset that SBML allows."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from sciatrial.model import Expression

MATHML = "http://www.w3.org/1998/Math/MathML"
SBML = "http://www.sbml.org/sbml/level3/version2/core"
_OPERATORS = {
    "add": "plus", "subtract": "minus", "multiply": "times", "divide": "divide", "negate": "minus", "power": "power",
    "exp": "exp", "log": "ln",
}  # fmt: skip


def math(parent: Element, expression: Expression) -> Element:
    """Append a ``math`` element with the expression to `parent` and return it."""
    element = SubElement(parent, f"{{{MATHML}}}math")
    _append(element, expression)
    return element


def number(parent: Element, value: float, unit: str = "dimensionless") -> None:
    """Append a number with its unit."""
    element = SubElement(parent, f"{{{MATHML}}}cn", {f"{{{SBML}}}units": unit})
    if value == int(value) and abs(value) < 1e9:
        element.set("type", "integer")
        element.text = f" {int(value)} "
    elif "e" in repr(value):
        mantissa, exponent = repr(value).split("e")
        element.set("type", "e-notation")
        element.text = f" {mantissa} "
        SubElement(element, f"{{{MATHML}}}sep").tail = f" {int(exponent)} "
    else:
        element.text = f" {value!r} "


def _append(parent: Element, expression: Expression) -> None:
    kind, parts = expression.kind, expression.parts
    if kind == "name":
        SubElement(parent, f"{{{MATHML}}}ci").text = f" {parts[0]} "
    elif kind == "number":
        number(parent, parts[0])
    elif kind == "hill":
        _append(parent, expression.spelled_out())
    elif kind == "positive_part":
        _positive_part(parent, parts[0])
    else:
        element = SubElement(parent, f"{{{MATHML}}}apply")
        SubElement(element, f"{{{MATHML}}}{_OPERATORS[kind]}")
        for part in parts:
            _append(element, part)


def _positive_part(parent: Element, part: Expression) -> None:
    """Append x where it is above 0, else 0: every level of SBML and every program knows ``piecewise``."""
    element = SubElement(parent, f"{{{MATHML}}}piecewise")
    piece = SubElement(element, f"{{{MATHML}}}piece")
    _append(piece, part)
    condition = SubElement(piece, f"{{{MATHML}}}apply")
    SubElement(condition, f"{{{MATHML}}}gt")
    _append(condition, part)
    number(condition, 0.0)
    number(SubElement(element, f"{{{MATHML}}}otherwise"), 0.0)
