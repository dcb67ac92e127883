"""What a design plans and USDM has no place for, as notes: nothing of a study file passes unsaid."""

from __future__ import annotations

from enum import Enum
from typing import Any

from pydantic import BaseModel

from sciatrial.trial import Design

# what stands in the document itself; everything else of a design is a note where it is not what a study file leaves out
PLACED = frozenset({
    "arms", "n_total", "n_per_arm", "allocation", "visits_months", "visit_window_days", "endpoint", "comparisons",
    "analysis", "estimand", "sides", "alpha", "looks", "dropout_per_year", "rescue",
})  # fmt: skip
# of the simulation, and of no protocol
SIMULATED = frozenset({"dropout_hazard", "missing_visits", "costs", "time_trend", "accrual"})


def notes_of(design: Design, *, is_blind: bool) -> list[str]:
    """Return the notes of a design, one of each thing.

    Parameters
    ----------
    design
        Its settings beyond those of `PLACED` are told by the names that the study file has for them.
    is_blind
        Whether its arms are treated alike.
    """
    told = [f"Analysis: {design.analysis}, {design.sides}, alpha {design.alpha:g}"]
    if design.looks.information:
        shares = ", ".join(f"{share:g}" for share in design.looks.information)
        told.append(f"Interim looks at shares {shares} of the expected endpoints{_bounds(design)}")
    if design.dropout_per_year:
        told.append(f"Planned with {design.dropout_per_year:g} of patients lost a year")
    if design.endpoint.missing is not None:
        told.append(f"Whoever is not seen at the endpoint: {_words(design.endpoint.missing)}")
    if design.factorial is not None:
        told.append("The estimands are of the arms; the margins of the two factors, which are tested, have none here")
    told.append(
        "Blinding is read off the arms: the study file does not plan it" if is_blind
        else "Arms differ in route, days, own cells taken or what is given beside, so that patients can tell them "
        "apart; the study file does not plan blinding"
    )  # fmt: skip
    for name in type(design).model_fields:
        value = getattr(design, name)
        if name in PLACED or value == type(design).model_fields[name].get_default(call_default_factory=False):
            continue
        whose = "assumed for the simulation" if name in SIMULATED else "in the study file"
        told.append(f"{name.replace('_', ' ').capitalize()} ({whose}): {_settings(value)}")
    return told


def _bounds(design: Design) -> str:
    """Return the rules of the looks."""
    rest = design.looks.model_fields_set - {"information"}
    return "".join(
        f"; {_words(name)}: {_settings(getattr(design.looks, name))}"
        for name in type(design.looks).model_fields
        if name in rest
    )


def _settings(value: Any) -> str:
    """Return settings as the study file names them, those that are left out left out."""
    if isinstance(value, BaseModel):
        given = {name: getattr(value, name) for name in type(value).model_fields if name in value.model_fields_set}
        return "; ".join(f"{_words(name)} {_settings(item)}" for name, item in given.items() if item is not None)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_settings(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_settings, value))}]"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return _words(value) if isinstance(value, Enum) else str(value)


def _words(word: Any) -> str:
    return str(word).replace("_", " ")
