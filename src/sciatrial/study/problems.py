"""What pydantic found wrong → problems in the words of the study file."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from sciatrial.foundation import Problem, nearest

_Model = TypeVar("_Model", bound=BaseModel)

# the unit that the end of a key promises
_UNITS = {
    "points_per_year": "points a year", "million_cells": "million cells", "per_month": "patients a month",
    "_months": "months", "month": "months", "_weeks": "weeks", "_doses": "weeks",
    "_ml": "mL", "_mg": "mg", "_years": "years", "percent_female": "percent", "per_year": "share a year, 0 to 1",
    "alpha": "probability", "_probability": "probability",
}  # fmt: skip
_TYPES = {
    "float_type": "a number", "float_parsing": "a number", "int_type": "a whole number",
    "int_parsing": "a whole number", "int_from_float": "a whole number", "string_type": "text in quotes",
    "bool_type": "true or false", "list_type": "a list in [ ]", "tuple_type": "a list in [ ]",
    "dict_type": "a table", "model_type": "a table", "model_attributes_type": "a table",
}  # fmt: skip
_CROSSOVER = "crossover"
_BOUNDS = {"ge": "{} or more", "gt": "more than {}", "le": "{} or less", "lt": "less than {}"}


def validated(model: type[_Model], values: Mapping[str, Any], where: str) -> tuple[_Model | None, list[Problem]]:
    """Check values against a pydantic model; return it, or every problem in the file's words.

    Parameters
    ----------
    model
        What the values must fit.
    values
        As read from TOML.
    where
        Dotted key of the table that holds them; "" for the top of the file.
    """
    try:
        # by way of JSON: there a list fits a tuple and a word fits an enum, while "20 mg" fits no number
        text = json.dumps(values, default=str)
        return model.model_validate_json(text, strict=True), []
    except ValidationError as error:
        problems = [p for item in error.errors() for p in _problems(item, model, where)]
        return None, list(dict.fromkeys(problems))


def _problems(item: Mapping[str, Any], model: type[BaseModel], where: str) -> Iterable[Problem]:
    place = [str(part) for part in item["loc"] if str(part) != "[key]"]
    key = ".".join([where, *place] if where else place)
    kind, found = item["type"], _told(item["input"])
    context = item.get("ctx", {})
    if kind == "default_factory_not_called":
        return  # another setting is wrong, and is told
    if kind == "extra_forbidden":
        yield _unknown_setting(key, place, model)
    elif kind == "missing":
        yield Problem(key, "is missing", _expectation(place), "add it")
    elif kind in ("enum", "literal_error"):
        choices = _choices(str(context.get("expected", "")))
        close = nearest(str(item["input"]), choices)
        next_step = f"did you mean {close!r}?" if close else "choose one of these"
        yield Problem(key, f"{found} is not known", "one of " + ", ".join(choices), next_step)
    elif kind == "value_error":
        yield from (own_problem(key, line) for line in str(context["error"]).splitlines())
    else:
        yield Problem(key, f"is {found}", _expected(item, model, place), _advice(item, place))


def _told(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "infinite"
    text = json.dumps(value, default=str, ensure_ascii=False)
    text = f"'{value}'" if isinstance(value, str) else text
    return text if len(text) <= 80 else text[:77] + "…"


def _choices(expected: str) -> list[str]:
    return re.findall(r"'([^']*)'", expected)


def _unknown_setting(key: str, place: Sequence[str], model: type[BaseModel]) -> Problem:
    if place[-1] == _CROSSOVER:
        found = "is not simulated: cells do not wash out, and a second period would start elsewhere than the first"
        return Problem(key, found, "parallel arms", "delete it, and give each arm its own patients")
    known = [name for name in _fields(model, place[:-1]) if f"{key.rpartition('.')[0]}.{name}" != "trial.arms"]
    close = nearest(place[-1], known)
    advice = f"did you mean {close!r}?" if close else "delete it, or see `sciatrial new` for what there is"
    return Problem(key, "no such setting", "one of " + ", ".join(known), advice)


def _fields(model: type[BaseModel], place: Sequence[str]) -> list[str]:
    """Return the settings of the table at `place`."""
    table = _table(model, place)
    return [field.alias or name for name, field in table.model_fields.items()] if table is not None else []


def _field(model: type[BaseModel], place: Sequence[str]) -> Any:
    table = _table(model, place[:-1])
    fields = {} if table is None else {field.alias or name: field for name, field in table.model_fields.items()}
    return fields.get(place[-1]) if place else None


def _table(model: type[BaseModel], place: Sequence[str]) -> type[BaseModel] | None:
    """Return the model of the table at `place`; list places and names of arms are passed over."""
    here: type[BaseModel] = model
    for part in place:
        field = here.model_fields.get(part)
        if field is not None:
            inner = next((t for t in _parts(field.annotation) if hasattr(t, "model_fields")), None)
            if inner is None:
                return None
            here = inner
    return here


def _parts(annotation: Any) -> list[Any]:
    inside = getattr(annotation, "__args__", ())
    return [annotation, *(part for item in inside for part in _parts(item))]


def _expectation(place: Sequence[str]) -> str:
    unit = _unit(place)
    return f"a value in {unit}" if unit else "a value"


def _unit(place: Sequence[str]) -> str:
    names = [part for part in place if not part.isdigit()]
    return next((unit for end, unit in _UNITS.items() if names and names[-1].endswith(end)), "")


def _expected(item: Mapping[str, Any], model: type[BaseModel], place: Sequence[str]) -> str:
    kind, context = item["type"], item.get("ctx", {})
    unit = f" ({_unit(place)})" if _unit(place) else ""
    if kind == "finite_number":
        return "a finite number" + unit
    if kind in _TYPES:
        return _TYPES[kind] + unit
    if kind == "string_pattern_mismatch":
        return "letters, digits, hyphens and underscores, 60 at most"
    limits = _limits(model, place) or context
    if "ge" in limits and "le" in limits:
        return (f"{limits['ge']:g} to {limits['le']:g}" if limits["ge"] < limits["le"] else f"{limits['ge']:g}") + unit
    bounds = [text.format(f"{limits[word]:g}") for word, text in _BOUNDS.items() if word in limits]
    return " and ".join(bounds) + unit if bounds else str(item["msg"])


def _limits(model: type[BaseModel], place: Sequence[str]) -> dict[str, float]:
    """Return both ends of what a setting may be, where its field says so."""
    field = _field(model, place)
    if field is None:
        return {}
    notes = [*field.metadata, *(n for part in _parts(field.annotation) for n in getattr(part, "__metadata__", ()))]
    notes += [inner for note in notes for inner in getattr(note, "metadata", ())]
    return {word: getattr(note, word) for note in notes for word in _BOUNDS if hasattr(note, word)}


def _advice(item: Mapping[str, Any], place: Sequence[str]) -> str:
    if isinstance(item["input"], str) and item["type"] in ("float_type", "int_type", "float_parsing", "int_parsing"):
        unit = _unit(place)
        return (
            f"write the number alone, without quotes, in {unit}" if unit else "write the number alone, without quotes"
        )
    return "correct the value"


def own_problem(key: str, line: str) -> Problem:
    """Split a message of our own validators: ``part.of.key: what is wrong; what is expected; what to do``."""
    head, separator, rest = line.partition(": ")
    if separator and head and " " not in head:
        key, line = f"{key}.{head}" if key else head, rest
    found, expected, advice, *_ = [*line.split("; ", 2), "", ""]
    return Problem(key or "the file", found, expected, advice or "correct the file")
