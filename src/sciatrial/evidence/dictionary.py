"""The data dictionary: every table, column and word, every instrument and every rule for responders, as one frame.

Columns and their units are read from ``tables/SCHEMA.md``, words from their closed lists, scales from the instruments:
nothing is written twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from types import NoneType
from typing import get_args

import pandas as pd

from sciatrial.evidence.instruments import INSTRUMENTS, Instrument, Scaling
from sciatrial.evidence.meanings import SHARE_MEANINGS, WORD_MEANINGS
from sciatrial.evidence.responders import RESPONDER_RULES, Criterion, ResponderRule
from sciatrial.evidence.rows import TABLES, Row, word_list, words_of
from sciatrial.foundation import EvidenceError, unknown_word

DICTIONARY_COLUMNS = (
    "table", "column", "word", "kind", "meaning", "unit", "allowed", "may_be_empty", "lowest", "highest", "direction",
    "common_scale",
)  # fmt: skip

_COMMON_SCALE = {
    Scaling.WIDTH: "0 to 100 by width",
    Scaling.OWN_SCALE: "stays as it is",
    Scaling.IMAGING: "kept, not a score",
    Scaling.COMPOSITE: "0 to 100 by width, kept apart: several domains in one number",
    Scaling.BETWEEN_ARMS: "kept, not the value of an arm",
    Scaling.UNKNOWN: "none, scale not known",
}


def data_dictionary(table: str | None = None) -> pd.DataFrame:
    """Return what every column of the tables holds and what every word in it means.

    Parameters
    ----------
    table
        One of studies, arms, outcomes, safety, risk_of_bias, facts, parameters; None: all seven.

    Returns
    -------
    pandas.DataFrame
        One row for each table, column and word, in the order of the files: ``table, column, word, kind, meaning,
        unit, allowed, may_be_empty, lowest, highest, direction, common_scale``. `kind` is table, column, word,
        instrument, responder_rule or share; `may_be_empty` is yes or no for columns; the last four are for
        instruments, in the instrument's own points, NaN where an end is not fixed. What does not apply is "".

    Raises
    ------
    EvidenceError
        When there is no such table, with the nearest one.
    """
    if table is not None and table not in TABLES:
        raise EvidenceError("data dictionary", unknown_word("table", table, TABLES, "table"))
    rows: list[dict[str, object]] = []
    for name, row_type in TABLES.items():
        if table in (None, name):
            rows.extend(_rows_of(name, row_type))
    filled = {"lowest": float("nan"), "highest": float("nan")}
    return pd.DataFrame(
        [{column: row.get(column, filled.get(column, "")) for column in DICTIONARY_COLUMNS} for row in rows],
        columns=list(DICTIONARY_COLUMNS),
    )


def _rows_of(table: str, row_type: type[Row]) -> list[dict[str, object]]:
    introduction, columns = _schema()[table]
    rows: list[dict[str, object]] = [{"table": table, "kind": "table", "meaning": introduction}]
    for column in row_type.model_fields:
        meaning, unit, allowed = columns[column]
        words = word_list(row_type, column)
        rows.append(
            {
                "table": table, "column": column, "kind": "column", "meaning": meaning, "unit": unit,
                "allowed": ", ".join(words_of(row_type, column)) or allowed or _limits(row_type, column),
                "may_be_empty": "yes" if _may_be_empty(row_type, column) else "no",
            }
        )  # fmt: skip
        if words is not None:
            rows.extend(
                {"table": table, "column": column, "word": word, "kind": "word", "meaning": meaning}
                for word, meaning in WORD_MEANINGS[words].items()
            )
        if (table, column) == ("outcomes", "instrument"):
            rows.extend({"table": table, "column": column} | row for row in _instrument_rows())
    return rows


def _instrument_rows() -> Iterator[dict[str, object]]:
    for instrument in INSTRUMENTS.values():
        yield _instrument_row(instrument)
    for rule in RESPONDER_RULES.values():
        yield {"word": rule.word, "kind": "responder_rule", "meaning": _rule_in_words(rule), "unit": "patients"}
    for word, meaning in SHARE_MEANINGS.items():
        yield {
            "word": word, "kind": "share", "meaning": f"patients: {meaning}", "unit": "patients",
            "common_scale": "as the paper counted it: never compared with a simulation",
        }  # fmt: skip


def _instrument_row(instrument: Instrument) -> dict[str, object]:
    nan = float("nan")
    return {
        "word": instrument.word,
        "kind": "instrument",
        "meaning": instrument.meaning,
        "unit": "points of the instrument",
        "lowest": nan if instrument.lowest is None else float(instrument.lowest),
        "highest": nan if instrument.highest is None else float(instrument.highest),
        "direction": str(instrument.direction),
        "common_scale": _COMMON_SCALE[instrument.scaling],
    }


def _rule_in_words(rule: ResponderRule) -> str:
    criteria = [_criterion_in_words(criterion) for criterion in rule.criteria]
    if rule.needs_no_intervention:
        criteria.append("no further intervention")
    return " and ".join(criteria)


def _criterion_in_words(criterion: Criterion) -> str:
    measure = {"sf36": "SF-36"}.get(str(criterion.measure), str(criterion.measure))
    if criterion.percent_better is not None:
        return f"{measure} better by {criterion.percent_better:g} percent of baseline or more"
    if criterion.points_better is not None:
        return f"{measure} better by {criterion.points_better:g} points of 100 or more"
    return f"{measure} {criterion.at_most:g} of 100 or less"


def _may_be_empty(row_type: type[Row], column: str) -> bool:
    return NoneType in get_args(row_type.model_fields[column].annotation)


def _limits(row_type: type[Row], column: str) -> str:
    return row_type.model_fields[column].description or ""


@cache
def _schema() -> dict[str, tuple[str, dict[str, tuple[str, str, str]]]]:
    """Return for each table its first sentence and for each column its meaning, unit and what is allowed."""
    text = files("sciatrial.evidence").joinpath("tables/SCHEMA.md").read_text(encoding="utf-8")
    found = {}
    for table in TABLES:
        section = text.split(f"## {table}.csv\n")[1].split("\n## ")[0]
        columns = {}
        for line in re.findall(r"^\| `.*\|$", section, flags=re.MULTILINE):
            name, _, meaning, unit, allowed = (cell.strip() for cell in line.strip("|").split("|"))
            columns[name.strip("`")] = (meaning.replace("`", ""), unit, allowed.replace("`", ""))
        found[table] = (section.strip().split("\n")[0].replace("`", ""), columns)
    return found
