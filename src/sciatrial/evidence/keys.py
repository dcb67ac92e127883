"""Rows that occur twice and rows that point at nothing: each makes the tables unusable.

These rules look at the text of all rows, sound or not, so that one faulty cell does not hide or cause another problem.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sciatrial.foundation import Problem, nearest


class TextRow(NamedTuple):
    """One row as it stands in its file: the number that a spreadsheet shows, and its cells by column.

    `origin` says where a row is that stands in no table of its own, for example ``form.toml, outcomes 3 (line 41)``.
    """

    number: int
    cells: Mapping[str, str]
    origin: str = ""

    @property
    def name(self) -> str:
        """Where the row is, in few words."""
        return self.origin or f"row {self.number}"


_KEYS = {
    "studies": ("study_id",),
    "arms": ("study_id", "arm_id"),
    "facts": ("name",),
    "parameters": ("name",),
}
_WITH_STUDY = ("arms", "outcomes", "safety", "risk_of_bias")
_WITH_ARM = ("outcomes", "safety")


def place(table: str, row: TextRow, column: str = "") -> str:
    """Return where a problem is, for example ``outcomes.csv, row 214 (noriega2017, arm msc), column spread_low``."""
    cells = row.cells
    subject = cells.get("study_id") or cells.get("name") or ""
    if table in ("arms", "outcomes", "safety") and cells.get("arm_id"):
        subject += f", arm {cells['arm_id']}"
    text = (row.origin or f"{table}.csv, row {row.number}") + (f" ({subject})" if subject else "")
    return text + (f", column {column}" if column else "")


def key_problems(tables: Mapping[str, Sequence[TextRow]]) -> list[Problem]:
    """Return every row that repeats another and every row that points at an unknown study or arm.

    Parameters
    ----------
    tables
        The rows of each table that could be read, by the table's name.
    """
    problems = [problem for table, rows in tables.items() for problem in _repeated_rows(table, rows)]
    if "studies" in tables:
        for table in _WITH_STUDY:
            problems.extend(_unknown_studies(table, tables.get(table, ()), tables["studies"]))
    if "arms" in tables:
        for table in _WITH_ARM:
            problems.extend(_unknown_arms(table, tables.get(table, ()), tables["arms"]))
    return problems


def _repeated_rows(table: str, rows: Sequence[TextRow]) -> list[Problem]:
    problems = []
    first_whole: dict[tuple[str, ...], str] = {}
    first_key: dict[tuple[str, ...], str] = {}
    for row in rows:
        whole = tuple(row.cells.values())
        if whole in first_whole:
            problems.append(
                Problem(
                    place(table, row),
                    f"is the same as {first_whole[whole]}",
                    "one row for each fact",
                    "delete one of the two",
                )
            )
            continue
        first_whole[whole] = row.name
        columns = _KEYS.get(table, ())
        key = tuple(row.cells.get(column, "") for column in columns)
        if not columns or not all(key):
            continue
        if key in first_key:
            problems.append(
                Problem(
                    place(table, row, columns[-1]),
                    f"{key[-1]!r} is already used in {first_key[key]}",
                    f"{' and '.join(columns)} together occur once",
                    "rename or merge one of the two",
                )
            )
        else:
            first_key[key] = row.name
    return problems


def _unknown_studies(table: str, rows: Sequence[TextRow], studies: Sequence[TextRow]) -> list[Problem]:
    known = {study.cells.get("study_id", "") for study in studies}
    return [
        Problem(
            place(table, row, "study_id"),
            f"{study!r} is not a study of studies.csv",
            "a study_id of studies.csv",
            _did_you_mean(study, known),
        )
        for row in rows
        if (study := row.cells.get("study_id", "")) and study not in known
    ]


def _unknown_arms(table: str, rows: Sequence[TextRow], arms: Sequence[TextRow]) -> list[Problem]:
    known: dict[str, list[str]] = {}
    for arm in arms:
        known.setdefault(arm.cells.get("study_id", ""), []).append(arm.cells.get("arm_id", ""))
    problems = []
    for row in rows:
        study, arm_id = row.cells.get("study_id", ""), row.cells.get("arm_id", "")
        # a study without arms is told of where it is unknown
        if not arm_id or study not in known or arm_id in known[study]:
            continue
        problems.append(
            Problem(
                place(table, row, "arm_id"),
                f"{arm_id!r} is not an arm of {study}",
                "one of " + ", ".join(known[study]),
                _did_you_mean(arm_id, known[study]),
            )
        )
    return problems


def _did_you_mean(word: str, known: Sequence[str] | set[str]) -> str:
    close = nearest(word, sorted(known))
    return f"did you mean {close!r}?" if close else "add the row that it points at, or correct the word"
