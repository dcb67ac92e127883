"""CSV files → `Evidence`. Every faulty row of every table is told of at once; nothing is dropped."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from sciatrial.evidence.keys import TextRow, key_problems, place
from sciatrial.evidence.published import Evidence
from sciatrial.evidence.row_rules import row_faults
from sciatrial.evidence.rows import TABLES, Row, is_number_column, words_of
from sciatrial.foundation import EvidenceError, Problem, nearest, unknown_word

# made by write_tables for as long as it replaces files; it holds all seven as they were
BEFORE_UPDATE = ".tables-before-update"


def read_evidence(folder: str | Path | None = None) -> Evidence:
    """Read the seven tables and check every row.

    Parameters
    ----------
    folder
        A folder with studies, arms, outcomes, safety, risk_of_bias, facts and parameters (.csv), columns as in
        ``tables/SCHEMA.md`` in any order. None: the tables shipped with the package.

    Returns
    -------
    Evidence
        Number columns float (NaN where empty), all others text ("" where empty), rows in the order of the files.

    Raises
    ------
    EvidenceError
        With every problem of every table: missing or unreadable files, columns, cells, contradictions inside a
        row, repeated rows, rows that point at unknown studies or arms. A row number is the one that a spreadsheet
        shows: the header is row 1.

    Examples
    --------
    >>> read_evidence().table().head(2)
         table  rows  studies
    0  studies   172    172.0
    1     arms   311    172.0
    """
    source: Traversable = files("sciatrial.evidence").joinpath("tables") if folder is None else Path(folder)
    subject = "the tables of the package" if folder is None else str(folder)
    refuse_no_folder(source, subject)
    problems: list[Problem] = []
    texts: dict[str, list[TextRow]] = {}
    frames: dict[str, pd.DataFrame] = {}
    settled = tables_in_force(source)
    for table, row_type in TABLES.items():
        rows, file_problems = text_rows(settled, table, row_type)
        problems.extend(file_problems)
        if rows is None:
            continue
        texts[table] = rows
        frames[table], row_problems = checked_frame(table, row_type, rows)
        problems.extend(row_problems)
    problems.extend(key_problems(texts))
    if problems:
        raise EvidenceError(subject, problems)
    return Evidence(**frames)


def refuse_no_folder(source: Traversable, subject: str) -> None:
    """Refuse what is no folder.

    Raises
    ------
    EvidenceError
        Naming `subject`.
    """
    if not source.is_dir():
        raise EvidenceError(
            subject, Problem("folder", "there is no such folder", "a folder with the seven tables", "check the path")
        )


def tables_in_force(folder: Traversable) -> Traversable:
    """Return where a folder's tables are: the copy of the old ones while an update is under way or was cut off."""
    before = folder.joinpath(BEFORE_UPDATE)
    return before if before.is_dir() else folder


def text_rows(source: Traversable, table: str, row_type: type[Row]) -> tuple[list[TextRow] | None, list[Problem]]:
    """Return the rows of one file as text, or None where its columns cannot be told."""
    name = f"{table}.csv"
    file = source.joinpath(name)
    if not file.is_file():
        return None, [
            Problem(
                name,
                "there is no such file",
                "one file for each of the seven tables",
                "add it; a table without rows still needs its header",
            )
        ]
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return None, [
            Problem(
                name,
                f"is not UTF-8 text (byte {error.start})",
                "UTF-8 text",
                "save it as CSV UTF-8 from the program that wrote it",
            )
        ]
    except OSError as error:
        return None, [Problem(name, f"cannot be read ({error.strerror})", "a readable file", "check its permissions")]
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        return None, [
            Problem(
                name,
                f"is not CSV ({error})",
                "RFC 4180: commas, double quotes around text with commas",
                "save it again as CSV",
            )
        ]
    if not lines:
        return None, [Problem(name, "is empty", "a header row", "write the columns of SCHEMA.md in the first row")]
    header, *body = lines
    problems = _header_problems(name, header, list(row_type.model_fields))
    if any(column not in header for column in row_type.model_fields):
        return None, problems
    rows = []
    for number, cells in enumerate(body, start=2):
        if not cells:
            continue  # a blank line is not a row
        if len(cells) != len(header):
            problems.append(
                Problem(
                    f"{name}, row {number}",
                    f"has {len(cells)} cells",
                    f"{len(header)} cells",
                    "put text that holds a comma between double quotes",
                )
            )
            continue
        named = dict(zip(header, cells, strict=True))
        rows.append(TextRow(number, {column: named[column] for column in row_type.model_fields}))
    return rows, problems


def _header_problems(name: str, header: Sequence[str], expected: Sequence[str]) -> list[Problem]:
    where = f"{name}, header"
    if len(header) == 1 and any(mark in header[0] for mark in ";\t"):
        return [Problem(where, "the columns are separated by semicolons or tabs", "commas", "save it again as CSV")]
    problems = [
        Problem(where, f"column {column!r} stands twice", "every column once", "delete one")
        for column in dict.fromkeys(header)
        if header.count(column) > 1
    ]
    missing = [column for column in expected if column not in header]
    for column in header:
        if column not in expected:
            problems.append(unknown_word(where, column, missing or expected, "column"))
    for column in missing:
        close = nearest(column, [word for word in header if word not in expected])
        problems.append(
            Problem(
                where,
                f"column {column!r} is missing",
                ", ".join(expected),
                f"rename {close!r} to {column!r}" if close else "add the column, its cells may be empty",
            )
        )
    return problems


def checked_frame(table: str, row_type: type[Row], rows: Sequence[TextRow]) -> tuple[pd.DataFrame, list[Problem]]:
    """Return the frame of the sound rows and what is wrong with the others."""
    problems: list[Problem] = []
    sound: list[Row] = []
    for row in rows:
        try:
            checked = row_type.model_validate(dict(row.cells))
        except ValidationError as error:
            problems.extend(_cell_problem(table, row, row_type, fault) for fault in error.errors())
            continue
        sound.append(checked)
        problems.extend(
            Problem(place(table, row, fault.column), fault.found, fault.expected, fault.next_step)
            for fault in row_faults(table, checked)
        )
    return _frame(row_type, sound), problems


def _cell_problem(table: str, row: TextRow, row_type: type[Row], fault: Mapping[str, Any]) -> Problem:
    """Tell one cell's fault in our own words."""
    column = str(fault["loc"][0])
    where = place(table, row, column)
    cell = row.cells[column]
    words = words_of(row_type, column)
    expected = ", ".join(words) if words else row_type.model_fields[column].description or "some text"
    if cell == "":
        return Problem(where, "is empty", expected, "give the value; this column may not be empty")
    if words:
        return unknown_word(where, cell, words)
    return Problem(where, f"{cell!r} cannot stand here", expected, _mend(cell, fault["type"]))


def _mend(cell: str, kind: str) -> str:
    """Return the next step that the shape of a faulty cell suggests."""
    if kind.endswith("_parsing") and "," in cell:
        return f"write {cell.replace(',', '.')!r} with a point, or drop the thousands mark"
    if kind in ("finite_number", "float_parsing", "int_parsing"):
        return "leave the cell empty when nothing was reported"
    if kind == "string_pattern_mismatch" and cell != cell.strip():
        return "remove the blanks around it"
    return "check it in the source"


def _frame(row_type: type[Row], rows: Sequence[Row]) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    for column in row_type.model_fields:
        cells = [getattr(row, column) for row in rows]
        if is_number_column(row_type, column):
            columns[column] = np.array([np.nan if cell is None else float(cell) for cell in cells], dtype=float)
        else:
            columns[column] = pd.array(["" if cell is None else str(cell) for cell in cells], dtype="str")
    return pd.DataFrame(columns)
