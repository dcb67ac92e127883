"""Laws as LaTeX and as MathML for a browser, from what is written.

Browsers break no line inside MathML. A law that is wider than a page is cut here, before a sign, into lines.
"""

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
        # not mtext: a browser takes that for space, and then sets signs without any
        return f"<mi>{html.escape(parts[0].replace('_', ' '))}</mi>"
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


# a page of A4 holds so many letters beside the name of what is told
WIDEST = 92


def mathml_lines(expression: Expression, widest: int = WIDEST) -> list[str]:
    """Return an expression as lines of MathML that fit a page, broken before a sign; one line where it fits."""
    if letters(expression) <= widest:
        return [mathml(expression)]
    lines: list[str] = []
    line, used = "", 0
    for text, width, may_break in _pieces(expression, widest):
        if line and may_break and used + width > widest:
            lines.append(line)
            line, used = "", 0
        line, used = line + text, used + width
    return [*lines, line]


def _pieces(expression: Expression, widest: int) -> list[tuple[str, int, bool]]:
    """Return (MathML, letters, whether a line may break before it), from left to right."""
    kind, parts = expression.kind, expression.parts
    if kind in ("add", "subtract", "multiply"):
        mine = _STRENGTH[kind]
        sign = {"add": "+", "subtract": "−", "multiply": "·"}[kind]
        left = _operand(parts[0], mine, widest)
        right = _operand(parts[1], mine + (kind == "subtract"), widest)
        first = (f'<mo form="infix">{sign}</mo>{right[0][0]}', right[0][1] + 3, True)
        return [*left, first, *right[1:]]
    width = letters(expression)
    if width > widest:
        if kind == "negate":
            (text, used, may_break), *rest = _held(_pieces(parts[0], widest), _STRENGTH.get(parts[0].kind, 9) < 2)
            return [(f"<mo>−</mo>{text}", used + 2, may_break), *rest]
        if kind == "positive_part":
            (text, used, may_break), *rest = _pieces(parts[0], widest)
            held = [(f"<mo>[</mo>{text}", used + 1, may_break), *rest]
            text, used, may_break = held[-1]
            return [*held[:-1], (f"{text}<msub><mo>]</mo><mo>+</mo></msub>", used + 2, may_break)]
        if kind == "hill":
            above, below = (
                f"<msup>{_row(_brackets(part, 6, mathml, _MATHML))}{_row(mathml(parts[2]))}</msup>"
                for part in parts[:2]
            )
            return [
                (above, width // 3, False), (f'<mo form="infix">/</mo><mo>(</mo>{above}', width // 3, True),
                (f'<mo form="infix">+</mo>{below}<mo>)</mo>', width // 3, True),
            ]  # fmt: skip
        if kind == "divide":  # too wide for a fraction: a slash
            above = _held(_pieces(parts[0], widest), _STRENGTH.get(parts[0].kind, 9) < 3)
            below = _held(_pieces(parts[1], widest), _STRENGTH.get(parts[1].kind, 9) < 9)
            first = (f'<mo form="infix">/</mo>{below[0][0]}', below[0][1] + 2, True)
            return [*above, first, *below[1:]]
        if kind in ("exp", "log"):
            inside = _held(_pieces(parts[0], widest), True)
            return [
                (f"<mi>{'exp' if kind == 'exp' else 'ln'}</mi>{inside[0][0]}", inside[0][1] + 3, False),
                *inside[1:],
            ]
    return [(mathml(expression), width, False)]


def _operand(expression: Expression, least: int, widest: int) -> list[tuple[str, int, bool]]:
    """Return the pieces of an operand, in brackets where it must be; a short bracket is not broken."""
    in_brackets = _STRENGTH.get(expression.kind, 9) < least
    width = letters(expression) + 2
    if in_brackets and width <= widest // 2:
        return [(_round(mathml(expression)), width, False)]
    return _held(_pieces(expression, widest), in_brackets)


def _held(pieces: list[tuple[str, int, bool]], in_brackets: bool) -> list[tuple[str, int, bool]]:
    """Return pieces with a bracket at either end where the reading asks for it."""
    if not in_brackets:
        return pieces
    (first, width, may_break), *rest = pieces
    held = [(f"<mo>(</mo>{first}", width + 1, may_break), *rest]
    last, width, may_break = held[-1]
    return [*held[:-1], (f"{last}<mo>)</mo>", width + 1, may_break)]


def letters(expression: Expression) -> int:
    """Return about how many letters wide an expression is when it is set in one line."""
    kind, parts = expression.kind, expression.parts
    if kind == "name":
        return len(parts[0]) + 1
    if kind == "number":
        return len(f"{parts[0]:g}")
    widths = [letters(part) for part in parts]
    if kind == "divide":
        return max(widths)
    if kind == "hill":
        raised = 0 if parts[2].kind == "number" and parts[2].parts[0] == 1 else round(0.7 * widths[2])
        return widths[0] + widths[1] + 3 + 2 * raised
    if kind == "power":
        return widths[0] + 2 + round(0.7 * widths[1])
    return sum(widths) + {"exp": 5, "log": 4, "positive_part": 3, "negate": 2}.get(kind, 3)


def _row(text: str) -> str:
    return f"<mrow>{text}</mrow>"


def _round(text: str) -> str:
    return f"<mo>(</mo>{text}<mo>)</mo>"


def _brackets(expression: Expression, least: int, write: Callable[[Expression], str], around: str) -> str:
    text = write(expression)
    return around.replace("{}", text) if _STRENGTH.get(expression.kind, 9) < least else text
