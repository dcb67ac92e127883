"""Frames → the text of their cells, as a file holds it: whole numbers without a point, an empty cell for a missing one.

Where a row was read from a text before, that text is kept: ``15.0`` stays ``15.0``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from sciatrial.evidence.keys import TextRow
from sciatrial.evidence.rows import TABLES, Row, is_number_column


def printed_rows(table: str, frame: pd.DataFrame) -> list[TextRow]:
    """Return the rows of a checked frame as text, numbered as a spreadsheet shows them."""
    numbers = [is_number_column(TABLES[table], column) for column in frame.columns]
    rows = []
    for number, cells in enumerate(frame.itertuples(index=False, name=None), start=2):
        texts = [printed_number(cell) if is_number else cell for cell, is_number in zip(cells, numbers, strict=True)]
        rows.append(TextRow(number, dict(zip(frame.columns, texts, strict=True))))
    return rows


def printed_number(number: float) -> str:
    """Return the shortest text that reads back as the same number; "" for NaN."""
    if number != number:
        return ""
    text = repr(float(number))
    return text.removesuffix(".0")


def plain_cells(table: str, cells: Mapping[str, str]) -> dict[str, str]:
    """Return cells with every number in its shortest form, so that equal numbers are equal texts."""
    return {column: _plain(TABLES[table], column, text) for column, text in cells.items()}


def as_first_printed(table: str, rows: Iterable[TextRow], known: Iterable[TextRow]) -> list[dict[str, str]]:
    """Return the cells of `rows`, each number spelt as in the first row of `known` that says the same."""
    spelt: dict[tuple[str, ...], Mapping[str, str]] = {}
    for row in known:
        spelt.setdefault(identity(table, row), row.cells)
    return [dict(spelt.get(identity(table, row), row.cells)) for row in rows]


def identity(table: str, row: TextRow) -> tuple[str, ...]:
    """Return what makes two rows the same: all cells, numbers by their value, columns in the order of the schema."""
    plain = plain_cells(table, row.cells)
    return tuple(plain[column] for column in TABLES[table].model_fields)


def _plain(row_type: type[Row], column: str, text: str) -> str:
    if not text or not is_number_column(row_type, column) or "_" in text:
        return text
    try:
        return printed_number(float(text))
    except ValueError:
        return text
