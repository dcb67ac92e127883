"""LaTeX and MathML say what the law says."""

from xml.etree import ElementTree as ET

import pytest
import sympy

from sciatrial.model import Expression, law_as_written, sciatica_model
from sciatrial.report.notation import latex, mathml

MODEL = sciatica_model()
LAWS = (*MODEL.formulas, *MODEL.mechanisms)
A, B, C = (Expression.called(name) for name in ("a", "b", "c"))


def value_of(node, numbers):
    """Return the value of presentation MathML, read by arithmetic's own rules."""
    tag, children = node.tag, list(node)
    if tag == "mtext":
        return numbers[node.text.replace(" ", "_")]
    if tag == "mn":
        return float(node.text)
    if tag == "mfrac":
        return value_of(children[0], numbers) / value_of(children[1], numbers)
    if tag == "msup":
        return value_of(children[0], numbers) ** value_of(children[1], numbers)
    if tag == "msub":
        return max(value_of(children[0], numbers), 0.0)
    values, text = [], ""
    for child in children:
        if child.tag == "mo":
            text += {"−": "-", "·": "*", "[": "(", "]": ")"}.get(child.text, child.text)
        elif child.tag == "mi":
            text += child.text
        else:
            text += f"v[{len(values)}]"
            values.append(value_of(child, numbers))
    return eval(text, {"v": values, "exp": lambda x: float(sympy.exp(x)), "ln": lambda x: float(sympy.log(x))})


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
