"""Candidate rows → a TOML form for a person to read, correct and confirm."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from sciatrial.exchange.registry_rows import Candidate, CandidateRow, Cell

_NUMBER = re.compile(r"[-+]?(0|[1-9]\d*)(\.\d+)?")
_NUMBER_COLUMNS = (
    "year", "n_total", "n_centres", "followup_months", "dose_million_cells", "n_doses", "n_assigned",
    "mean_age_years", "percent_female", "month", "n", "value", "spread_low", "spread_high", "n_with_event", "n_at_risk",
)  # fmt: skip


def candidate_form(candidate: Candidate) -> str:
    """Write candidates as a form: ``# confirm:`` beside each doubtful cell, what was left out at the end.

    The form says ``confirmed = false``: `add_study` refuses it until a person has compared each cell with the source.
    """
    return "\n".join(_lines(candidate)) + "\n"


def _lines(candidate: Candidate) -> Iterator[str]:
    yield f"# Candidate from ClinicalTrials.gov, {candidate.nct_id}. Rules made it, nobody has checked it."
    yield "# Compare every cell with the registry and the paper; decide where one is to be confirmed, delete the mark."
    yield "# Then write confirmed = true. `sciatrial evidence check` tells what is still wrong."
    yield ""
    yield "schema    = 1"
    yield "confirmed = false"
    yield from _row_lines("[study]", candidate.study)
    for header, rows in (("[[arms]]", candidate.arms), ("[[outcomes]]", candidate.outcomes),
                         ("[[safety]]", candidate.safety)):  # fmt: skip
        for one in rows:
            yield from _row_lines(header, one)
    if candidate.left_out:
        yield ""
        yield "# Left out, because the tables have no word for it or no rule could tell:"
        for problem in candidate.left_out:
            yield f"# - {_one_line(f'{problem.where}: {problem.found}')}"


def _row_lines(header: str, one: CandidateRow) -> Iterator[str]:
    yield ""
    yield f"# candidate, confidence {one.confidence}: {_one_line(one.because)}"
    yield header
    width = max(len(column) for column in one.cells)
    for column, cell in one.cells.items():
        line = f"{column:<{width}} = {_value(column, cell)}"
        yield f"{line}  # confirm: {_one_line(cell.doubt)}" if cell.doubt else line


def _value(column: str, cell: Cell) -> str:
    if column in _NUMBER_COLUMNS and _NUMBER.fullmatch(cell.text):
        return cell.text
    # a JSON string is a TOML string, but for the delete character
    return json.dumps(str(cell.text), ensure_ascii=False).replace("\x7f", "\\u007f")


def _one_line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f\s]+", " ", text).strip()
