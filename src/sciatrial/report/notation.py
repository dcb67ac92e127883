"""Laws as LaTeX and as MathML for a browser, from what is written."""

from __future__ import annotations

import html
from collections.abc import Callable

from sciatrial.model import Expression

_LATEX, _MATHML = r"\left({}\right)", "<mo>(</mo>{}<mo>)</mo>"
_STRENGTH = {"add": 1, "subtract": 1, "multiply": 2, "divide": 5, "negate": 2, "power": 4}


def latex(expression: Expression) -> str:
    """Return an expression as LaTeX; names are set as upright words."""
    kind, parts = expression.kind, expression.parts
    if kind == "name":
        return rf"\text{{{parts[0].replace('_', ' ')}}}"
    if kind == "number":
        return f"{parts[0]:g}"
    if kind == "divide":
        return rf"\frac{{{latex(parts[0])}}}{{{latex(parts[1])}}}"
    if kind == "exp":
        return rf"\exp\left({latex(parts[0])}\right)"
    if kind == "log":
        return rf"\ln\left({latex(parts[0])}\right)"
    if kind == "positive_part":
        return rf"\left[{latex(parts[0])}\right]_{{+}}"
    if kind == "hill":
        x, half, steepness = parts
        if steepness.kind == "number" and steepness.parts[0] == 1:
            return rf"\frac{{{latex(x)}}}{{{latex(x)} + {latex(half)}}}"
        n = latex(steepness)
        above, below = (_brackets(part, 6, latex, _LATEX) for part in (x, half))
        return rf"\frac{{{above}^{{{n}}}}}{{{above}^{{{n}}} + {below}^{{{n}}}}}"
    if kind == "power":
        return _brackets(parts[0], 6, latex, _LATEX) + f"^{{{latex(parts[1])}}}"
    if kind == "negate":
        return "-" + _brackets(parts[0], 2, latex, _LATEX)
    sign = {"add": " + ", "subtract": " - ", "multiply": r" \cdot "}[kind]
    mine = _STRENGTH[kind]
    left = _brackets(parts[0], mine, latex, _LATEX)
    right = _brackets(parts[1], mine + (kind == "subtract"), latex, _LATEX)
    return f"{left}{sign}{right}"


def mathml(expression: Expression) -> str:
    """Return an expression as presentation MathML, without the ``math`` element."""
    kind, parts = expression.kind, expression.parts
    if kind == "name":
        return f"<mtext>{html.escape(parts[0].replace('_', ' '))}</mtext>"
    if kind == "number":
        return f"<mn>{parts[0]:g}</mn>"
    if kind == "divide":
        return f"<mfrac>{_row(mathml(parts[0]))}{_row(mathml(parts[1]))}</mfrac>"
    if kind in ("exp", "log"):
        return f"<mi>{'exp' if kind == 'exp' else 'ln'}</mi>{_round(mathml(parts[0]))}"
    if kind == "positive_part":
        return f"<msub>{_row('<mo>[</mo>' + mathml(parts[0]) + '<mo>]</mo>')}<mo>+</mo></msub>"
    if kind == "hill":
        x, half, steepness = (mathml(part) for part in parts)
        if parts[2].kind == "number" and parts[2].parts[0] == 1:
            return f"<mfrac>{_row(x)}{_row(x + '<mo>+</mo>' + half)}</mfrac>"
        bases = (_brackets(part, 6, mathml, _MATHML) for part in parts[:2])
        above, below = (f"<msup>{_row(base)}{_row(steepness)}</msup>" for base in bases)
        return f"<mfrac>{above}{_row(above + '<mo>+</mo>' + below)}</mfrac>"
    if kind == "power":
        base = _brackets(parts[0], 6, mathml, _MATHML)
        return f"<msup>{_row(base)}{_row(mathml(parts[1]))}</msup>"
    if kind == "negate":
        return f"<mo>−</mo>{_brackets(parts[0], 2, mathml, _MATHML)}"
    sign = {"add": "+", "subtract": "−", "multiply": "·"}[kind]
    mine = _STRENGTH[kind]
    left = _brackets(parts[0], mine, mathml, _MATHML)
    right = _brackets(parts[1], mine + (kind == "subtract"), mathml, _MATHML)
    return f"{left}<mo>{sign}</mo>{right}"


def _row(text: str) -> str:
    return f"<mrow>{text}</mrow>"


def _round(text: str) -> str:
    return f"<mo>(</mo>{text}<mo>)</mo>"


def _brackets(expression: Expression, least: int, write: Callable[[Expression], str], around: str) -> str:
    text = write(expression)
    return around.replace("{}", text) if _STRENGTH.get(expression.kind, 9) < least else text
