"""LaTeX and MathML say what the law says."""

from xml.etree import ElementTree as ET

import pytest
import sympy

from sciatrial.exchange import rate_of_change
from sciatrial.model import Expression, law_as_written, sciatica_model
from sciatrial.report.notation import WIDEST, _pieces, latex, letters, mathml, mathml_lines

MODEL = sciatica_model()
LAWS = (*MODEL.formulas, *MODEL.mechanisms)
A, B, C = (Expression.called(name) for name in ("a", "b", "c"))


def value_of(node, numbers):
    """Return the value of presentation MathML, read by arithmetic's own rules."""
    tag, children = node.tag, list(node)
    if tag == "mi":
        return numbers[node.text.replace(" ", "_")]
    if tag == "mn":
        return float(node.text)
    if tag == "mfrac":
        return value_of(children[0], numbers) / value_of(children[1], numbers)
    if tag == "msup":
        return value_of(children[0], numbers) ** value_of(children[1], numbers)
    if tag == "msub" and children[0].tag != "mo":
        return max(value_of(children[0], numbers), 0.0)
    values, text = [], ""
    for child in children:
        if child.tag == "mo":
            text += {"−": "-", "·": "*", "[": "positive(", "]": ")"}.get(child.text, child.text)
        elif child.tag == "msub" and child[0].tag == "mo":
            text += ")"
        elif child.tag == "mi" and child.text in ("exp", "ln"):
            text += child.text
        else:
            text += f"v[{len(values)}]"
            values.append(value_of(child, numbers))
    positive = {"positive": lambda x: max(x, 0.0)}
    return eval(
        text, {**positive, "v": values, "exp": lambda x: float(sympy.exp(x)), "ln": lambda x: float(sympy.log(x))}
    )


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_the_equation_on_the_page_has_the_value_of_the_law(law):
    names = [*MODEL.state_names, *MODEL.parameter_names, *(f.name for f in MODEL.formulas)]
    numbers = {name: 0.3 + 0.017 * (place % 37) for place, name in enumerate(names)}
    written = law_as_written(law)
    shown = ET.fromstring(f"<mrow>{mathml(written)}</mrow>")
    assert value_of(shown, numbers) == pytest.approx(float(written.value(numbers)), rel=1e-9)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_braces_and_brackets_of_latex_are_closed(law):
    text = latex(law_as_written(law))
    assert text.count("{") == text.count("}")
    assert text.count(r"\left") == text.count(r"\right")


def test_latex_keeps_the_order_of_operations():
    assert latex(A - (B + C)) == r"\text{a} - \left(\text{b} + \text{c}\right)"
    assert latex((A + B) * C) == r"\left(\text{a} + \text{b}\right) \cdot \text{c}"
    assert latex(A / (B * C)) == r"\frac{\text{a}}{\text{b} \cdot \text{c}}"
    assert latex((A / B) ** 2) == r"\left(\frac{\text{a}}{\text{b}}\right)^{2}"


def test_a_hill_curve_is_written_as_one_fraction():
    assert latex(A.hill(B, 2)) == r"\frac{\text{a}^{2}}{\text{a}^{2} + \text{b}^{2}}"


RATES = [rate_of_change(MODEL.mechanisms, state.name) for state in MODEL.states]


@pytest.mark.parametrize("expression", [*map(law_as_written, LAWS), *RATES], ids=lambda e: str(letters(e)))
def test_lines_joined_say_the_same_and_fit_a_page(expression):
    lines = mathml_lines(expression)
    assert len(lines) == 1 or letters(expression) > WIDEST
    names = {name for text in lines for name in _names(text)}
    numbers = {name: 0.2 + 0.013 * place for place, name in enumerate(sorted(names))}
    joined = ET.fromstring(f"<mrow>{''.join(lines)}</mrow>")
    assert value_of(joined, numbers) == pytest.approx(expression.value(numbers), rel=1e-12)


def _names(text):
    found = {node.text.replace(" ", "_") for node in ET.fromstring(f"<m>{text}</m>").iter("mi")}
    return found - {"exp", "ln"}


def test_no_line_of_a_law_is_wider_than_a_page():
    for expression in [*map(law_as_written, LAWS), *RATES]:
        pieces = _pieces(expression, WIDEST)
        assert max(width for _, width, _ in pieces) <= WIDEST + 6
