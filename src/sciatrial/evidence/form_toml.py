"""A TOML form → the text of its rows, by table, each with its place in the form, and what is wrong with the form."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from sciatrial.evidence.instruments import INSTRUMENTS
from sciatrial.evidence.keys import TextRow, place
from sciatrial.evidence.rows import TABLES, YesNo
from sciatrial.foundation import EvidenceError, Problem, SpreadKind, Statistic, unknown_word

LISTS = tuple(table for table in TABLES if table != "studies")
# a cell that a person has to look at, as forms made from a registry mark it
DOUBT_MARK = "# confirm:"

_FORMAT = 1
_TOP_WORDS = ("schema", "confirmed", "adds_to", "study", *LISTS)
_FOR_EVERY_ROW = ("study_id", "source_url", "figure_from")


class FormRows(NamedTuple):
    """Rows as text, faults of the form itself, what looks odd, and whether a person has confirmed it.

    `inherited` holds the places of cells that repeat one of the study: a fault there is told once, of the study.
    """

    rows: dict[str, list[TextRow]]
    problems: list[Problem]
    warnings: list[Problem]
    is_confirmed: bool
    inherited: frozenset[str] = frozenset()
    adds_to: str = ""


class _Document(NamedTuple):
    name: str
    values: Mapping[str, Any]
    lines: Mapping[str, list[int]]

    def problem(self, where: str, found: str, expected: str, next_step: str = "correct it in the form") -> Problem:
        return Problem(f"{self.name}, {where}", found, expected, next_step)


def read_toml_form(path: Path) -> FormRows:
    """Read a TOML form; floats keep the spelling that they have in the file.

    Raises
    ------
    EvidenceError
        For a file that cannot be read or is not TOML: nothing else can then be told of it.
    """
    text = _text_of(path)
    try:
        values = tomllib.loads(text, parse_float=str)
    except tomllib.TOMLDecodeError as error:
        problem = Problem("file", f"is not TOML: {error}", "TOML", "text stands between double quotes, numbers do not")
        raise EvidenceError(str(path), problem) from error
    form = _Document(path.name, values, _header_lines(text))
    problems = [*_faults_at_the_top(form), *_faults_of_the_study(form)]
    rows, faults, inherited = _rows(form)
    is_confirmed = values.get("confirmed", True) is True
    adds_to = values.get("adds_to")
    warnings = list(_warnings(form, text))
    return FormRows(
        rows, problems + faults, warnings, is_confirmed, inherited, adds_to if isinstance(adds_to, str) else ""
    )


def _text_of(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        expected = "a TOML form, a folder or CSV files"
        hint = "check the path; `sciatrial evidence new NAME` writes a form"
        raise EvidenceError(str(path), Problem("file", f"cannot be read ({error.strerror})", expected, hint)) from error
    except UnicodeDecodeError as error:
        problem = Problem("file", f"is not UTF-8 text (byte {error.start})", "UTF-8 text", "save it as UTF-8")
        raise EvidenceError(str(path), problem) from error


def _header_lines(text: str) -> dict[str, list[int]]:
    """Return the line of each ``[study]`` and ``[[table]]``."""
    lines: dict[str, list[int]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[{1,2}\s*(\w+)\s*\]{1,2}\s*(?:#.*)?$", line):
            lines.setdefault(header[1], []).append(number)
    return lines


def _faults_at_the_top(form: _Document) -> Iterator[Problem]:
    for word in form.values:
        if word not in _TOP_WORDS:
            yield unknown_word(f"{form.name}, {word}", word, _TOP_WORDS, "part of a form")
    schema, confirmed = form.values.get("schema", _FORMAT), form.values.get("confirmed", True)
    if schema != _FORMAT:
        yield form.problem("schema", f"is {schema!r}", f"{_FORMAT}", "write it anew: `sciatrial evidence new NAME`")
    if not isinstance(confirmed, bool):
        yield form.problem("confirmed", f"is {confirmed!r}", "true or false")


def _faults_of_the_study(form: _Document) -> Iterator[Problem]:
    study, adds_to = form.values.get("study"), form.values.get("adds_to")
    which = "[study] for a new study, adds_to for more rows of one that is in the tables"
    if study is not None and adds_to is not None:
        yield form.problem("adds_to", "stands beside [study]", "one of the two", which)
    elif study is None and adds_to is None:
        yield form.problem("study", "is missing", "[study] with study_id, citation, design and so on", which)
    if study is not None and not isinstance(study, dict):
        yield form.problem("study", "is not one table", "one [study]", "write one form for each study")
    if adds_to is not None and not isinstance(adds_to, str):
        yield form.problem("adds_to", f"is {adds_to!r}", "a study_id of the tables, in double quotes")
    if study is not None and not form.values.get("arms"):
        yield form.problem("arms", "there is no arm", "one [[arms]] for each arm", "add what each arm received")


def _rows(form: _Document) -> tuple[dict[str, list[TextRow]], list[Problem], frozenset[str]]:
    rows: dict[str, list[TextRow]] = {}
    inherited: set[str] = set()
    problems: list[Problem] = []
    study, adds_to = form.values.get("study"), form.values.get("adds_to")
    given = {"study_id": adds_to} if isinstance(adds_to, str) else {}
    if isinstance(study, dict):
        cells, faults = _cells(form, "studies", "study", study, {})
        rows["studies"] = [TextRow(1, cells, _origin(form, "study", 1, 1))]
        problems.extend(faults)
        given = {column: cells[column] for column in _FOR_EVERY_ROW}
    for table in LISTS:
        entries = form.values.get(table, [])
        rows[table] = []
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            problems.append(form.problem(table, "is not a list of tables", f"[[{table}]] before each row"))
            continue
        for number, entry in enumerate(entries, start=1):
            cells, faults = _cells(form, table, f"{table} {number}", entry, given)
            row = TextRow(number, cells, _origin(form, table, number, len(entries)))
            rows[table].append(row)
            problems.extend(faults)
            inherited.update(place(table, row, column) for column in given if column not in entry)
    return rows, problems, frozenset(inherited)


def _origin(form: _Document, table: str, number: int, count: int) -> str:
    lines = form.lines.get(table, [])
    name = "study" if table == "study" else f"{table} {number}"
    # rows written on one line, or brackets inside a text: no line can be told
    return f"{form.name}, {name}" + (f" (line {lines[number - 1]})" if len(lines) == count else "")


def _cells(
    form: _Document, table: str, where: str, entry: Mapping[str, Any], given: Mapping[str, str]
) -> tuple[dict[str, str], list[Problem]]:
    """Return the text of every column of a row, and what no cell can hold."""
    columns = list(TABLES[table].model_fields)
    problems = [
        unknown_word(f"{form.name}, {where}, {word}", word, columns, "column") for word in entry if word not in columns
    ]
    cells = {column: given.get(column, "") for column in columns}
    for column, value in entry.items():
        if isinstance(value, bool):
            expected = '"yes" or "no", in double quotes'
            problems.append(form.problem(f"{where}, {column}", f"is {str(value).lower()}", expected))
        elif isinstance(value, (list, dict)):
            problems.append(form.problem(f"{where}, {column}", "is a list", "one value", "one row for each value"))
        elif column in columns:
            cells[column] = value if isinstance(value, str) else str(value)
    return cells | _what_need_not_be_said(table, entry, cells), problems


def _what_need_not_be_said(table: str, entry: Mapping[str, Any], cells: Mapping[str, str]) -> dict[str, str]:
    """Return the cells that follow: an arm is one of its own, no spread is none, an instrument has its scale."""
    if table == "arms" and "is_pooled" not in entry:
        return {"is_pooled": YesNo.NO.value}
    if table != "outcomes":
        return {}
    filled: dict[str, str] = {}
    if not {"spread_kind", "spread_low", "spread_high"} & set(entry):
        filled["spread_kind"] = SpreadKind.NONE.value
    instrument = INSTRUMENTS.get(cells["instrument"])
    is_scale_said = bool({"scale_min", "scale_max"} & set(entry))
    if instrument and not is_scale_said and cells["statistic"] != Statistic.PERCENT_CHANGE:
        filled["scale_min"] = "" if instrument.lowest is None else f"{instrument.lowest:g}"
        filled["scale_max"] = "" if instrument.highest is None else f"{instrument.highest:g}"
    return filled


def _warnings(form: _Document, text: str) -> Iterator[Problem]:
    if form.values.get("confirmed", True) is False:
        yield form.problem("confirmed", "is false", "true", "set it when a person has read every cell")
    lines = [number for number, line in enumerate(text.splitlines(), start=1) if DOUBT_MARK in line]
    if lines:
        found = f"{len(lines)} cell{'s' if len(lines) > 1 else ''} marked '{DOUBT_MARK}'"
        where = f"line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines))}"
        yield form.problem(where, found, "none", "compare each with the source, then delete the mark")
