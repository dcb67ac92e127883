"""The tables of a folder before anybody had a result: who was enrolled, what they received, where they began.

Whoever predicts what a study found must not be able to look. Results are taken away from the text of the files, before
any cell of them becomes a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from sciatrial.evidence.harmonise import CROSSOVER_MARK
from sciatrial.evidence.keys import TextRow, key_problems
from sciatrial.evidence.published import Evidence
from sciatrial.evidence.read import checked_frame, refuse_no_folder, tables_in_force, text_rows
from sciatrial.evidence.rows import TABLES
from sciatrial.foundation import EvidenceError, Problem, SpreadKind, Statistic

_OF_DESIGN = ("studies", "arms", "outcomes")


def read_blinded(folder: str | Path) -> Evidence:
    """Read a folder of studies without anything that they found.

    Parameters
    ----------
    folder
        A folder with the seven tables, as `read_evidence` takes it.

    Returns
    -------
    Evidence
        Studies and arms without their notes; outcomes at month 0 as they are; of all other outcomes what was measured,
        when, in how many and as which statistic, with ``value`` NaN and no spread. ``where`` keeps whether the arm had
        changed its treatment by then, and nothing else. The other four tables are empty.

    Raises
    ------
    EvidenceError
        As `read_evidence`, of what is left.
    """
    source = Path(folder)
    refuse_no_folder(source, str(folder))
    settled = tables_in_force(source)
    problems: list[Problem] = []
    texts: dict[str, list[TextRow]] = {}
    frames: dict[str, pd.DataFrame] = {}
    for table, row_type in TABLES.items():
        rows, of_file = text_rows(settled, table, row_type)
        problems += of_file
        if rows is None:
            continue
        kept = [_without_results(table, row) for row in rows] if table in _OF_DESIGN else []
        texts[table] = kept
        frames[table], of_rows = checked_frame(table, row_type, kept)
        problems += of_rows
    problems += key_problems(texts)
    if problems:
        raise EvidenceError(str(folder), problems)
    outcomes = frames["outcomes"]
    frames["outcomes"] = outcomes.assign(value=outcomes["value"].where(outcomes["month"] == 0))
    return Evidence(**frames)


def _without_results(table: str, row: TextRow) -> TextRow:
    if table != "outcomes":
        return TextRow(row.number, {**row.cells, "notes": ""}, row.origin)
    if _is_entry(row.cells):
        return TextRow(row.number, {**row.cells, "where": f"row {row.number}"}, row.origin)
    after = f", {CROSSOVER_MARK}" if CROSSOVER_MARK in row.cells["where"].lower() else ""
    blank = {
        "value": _any_value(row.cells), "spread_kind": SpreadKind.NONE.value, "spread_low": "", "spread_high": "",
        "where": f"row {row.number}{after}", "source_url": "",
    }  # fmt: skip
    return TextRow(row.number, {**row.cells, **blank}, row.origin)


def _is_entry(cells: Mapping[str, str]) -> bool:
    try:
        return float(cells["month"]) == 0
    except ValueError:
        return False


def _any_value(cells: Mapping[str, str]) -> str:
    """Return a value that every rule of a row allows; it becomes NaN once the row is checked."""
    is_level = cells["statistic"] in (Statistic.MEAN, Statistic.MEDIAN)
    return cells["scale_min"] if is_level and cells["scale_min"] else "0"
