"""A case as Antimony text, which people can read and which becomes SBML in other programs.

Source
------
Smith et al., Antimony: a modular model definition language, Bioinformatics 2009.
"""

from __future__ import annotations

from sciatrial.exchange.case import Case
from sciatrial.exchange.sbml import rate_of_change, unit_id
from sciatrial.model import Expression, law_as_written

_UNITS = """\
  unit day = 86400 second
  unit per_day = 1 / (86400 second)
  unit million_cells = 1e6 item
  unit per_million_cells = 1 / (1e6 item)
  unit mmHg = 133.322387415 pascal
  unit mg = 1e-3 gram
"""
_STRENGTH = {"add": 1, "subtract": 1, "multiply": 2, "divide": 2, "negate": 3, "power": 4}
_SIGNS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}


def to_antimony(case: Case) -> str:
    """Return a case as Antimony text: states, numbers, laws and events, each with its meaning behind ``//``."""
    model = case.model
    lines = [f"// {case.title}. One virtual patient; time in days from entry. For research, not for care."]
    lines += [f"model {case.name}()", "", _UNITS, "  // states at entry"]
    lines += [f"  {s.name} = {case.initial[s.name]!r}; // {s.meaning} [{s.unit}]" for s in model.states]
    lines += ["", "  // numbers of this patient"]
    lines += [f"  {p.name} = {case.parameters[p.name]!r}; // {p.meaning} [{p.unit}]" for p in model.parameters]
    lines += ["", "  // formulas"]
    lines += [f"  {f.name} := {infix(law_as_written(f))}; // {f.meaning} [{f.unit}]" for f in model.formulas]
    lines += ["", "  // mechanisms"]
    for item in model.mechanisms:
        told = " ".join((item.rate.__doc__ or "").split())
        lines.append(f"  {item.name} := {infix(law_as_written(item))}; // {told}")
    lines += ["", "  // rates of change, per day"]
    lines += [f"  {s.name}' = {infix(rate_of_change(model.mechanisms, s.name))};" for s in model.states]
    if case.changes:
        lines += ["", "  // what happens; a dose on day 0 is given"]
    for place, day in enumerate(case.days):
        mine = [f"{c.state} = {c.factor!r} * {c.state} + {c.amount!r}" for c in case.changes if c.day == day]
        lines.append(f"  event_{place}: at (time >= {day!r}), t0=false, persistent=true, fromTrigger=true:")
        lines.append("    " + ", ".join(mine) + ";")
    lines += ["", "  // units"]
    quantities = [*model.states, *model.parameters, *model.formulas]
    lines += [f"  {q.name} has {unit_id(q.unit)};" for q in quantities]
    return "\n".join([*lines, "end", ""])


def infix(expression: Expression) -> str:
    """Return an expression as text with as few brackets as its order of operations needs."""
    kind, parts = expression.kind, expression.parts
    if kind == "name":
        return parts[0]
    if kind == "number":
        return f"{parts[0]:g}" if float(f"{parts[0]:g}") == parts[0] else repr(parts[0])
    if kind == "hill":
        return infix(expression.spelled_out())
    if kind in ("exp", "log"):
        return f"{'exp' if kind == 'exp' else 'ln'}({infix(parts[0])})"
    if kind == "positive_part":
        inner = infix(parts[0])
        return f"piecewise({inner}, {inner} > 0, 0)"
    mine = _STRENGTH[kind]
    if kind == "negate":
        return f"-{_bracketed(parts[0], mine)}"
    if kind == "power":
        return f"{_bracketed(parts[0], mine + 1)}^{_bracketed(parts[1], mine + 1)}"
    # a - (b + c), a / (b * c) need their brackets, a + b + c does not
    right = mine + 1 if kind in ("subtract", "divide") else mine
    return f"{_bracketed(parts[0], mine)} {_SIGNS[kind]} {_bracketed(parts[1], right)}"


def _bracketed(expression: Expression, least: int) -> str:
    shown = expression.spelled_out()
    text = infix(shown)
    return f"({text})" if _STRENGTH.get(shown.kind, 9) < least else text
