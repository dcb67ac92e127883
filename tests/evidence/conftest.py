"""The shipped tables, copies of them that a test may spoil, and single rows to start from."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pandas as pd
import pytest

from sciatrial.evidence import Evidence, read_evidence
from sciatrial.evidence.rows import OutcomeRow

SHIPPED = Path(str(files("sciatrial.evidence").joinpath("tables")))

SOUND_OUTCOME = {
    "study_id": "author2020", "arm_id": "cells", "outcome": "leg_pain", "instrument": "nrs_10", "scale_min": "0",
    "scale_max": "10", "month": "6", "n": "20", "statistic": "mean", "value": "4", "spread_kind": "sd",
    "spread_low": "2", "spread_high": "", "where": "Table 2", "source_url": "", "figure_from": "paper",
}  # fmt: skip


@pytest.fixture(scope="session")
def schema_text() -> str:
    """Return the data dictionary."""
    return (SHIPPED / "SCHEMA.md").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def sound_outcome() -> dict[str, str]:
    """Return the cells of an outcome row that breaks no rule."""
    return dict(SOUND_OUTCOME)


@pytest.fixture(scope="session")
def evidence() -> Evidence:
    """Return the shipped tables."""
    return read_evidence()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the shipped tables."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "tables"))


@pytest.fixture
def spoil(folder: Path) -> Callable[[str, int, str, str], None]:
    """Return a function that writes a text into one cell; the row is the one that a spreadsheet shows."""

    def write(table: str, row: int, column: str, text: str) -> None:
        path = folder / f"{table}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file))
        lines[row - 1][lines[0].index(column)] = text
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(lines)

    return write


@pytest.fixture
def outcome_row() -> Callable[..., OutcomeRow]:
    """Return a function that makes an outcome row, sound unless told otherwise."""
    return lambda **cells: OutcomeRow.model_validate(SOUND_OUTCOME | cells)


@pytest.fixture
def one_outcome(evidence: Evidence) -> Callable[..., Evidence]:
    """Return a function that makes tables whose only outcome row is the given one, of an arm of the shipped tables."""
    from dataclasses import replace

    def make(**cells: object) -> Evidence:
        row = {
            "study_id": "noriega2017", "arm_id": "msc", "outcome": "leg_pain", "instrument": "nrs_10",
            "scale_min": 0.0, "scale_max": 10.0, "month": 6.0, "n": 20.0, "statistic": "mean", "value": 4.0,
            "spread_kind": "none", "spread_low": float("nan"), "spread_high": float("nan"), "where": "Table 2",
            "source_url": "", "figure_from": "paper",
        }  # fmt: skip
        return replace(evidence, outcomes=pd.DataFrame([row | cells]))

    return make


@pytest.fixture
def form(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a form of an invented study, with pieces of its text exchanged or added."""

    def write(*exchanged: tuple[str, str], more: str = "", top: str = "") -> Path:
        text = FORM
        for old, new in exchanged:
            if old not in text:
                raise ValueError(f"{old!r} is not in the form")
            text = text.replace(old, new, 1)
        path = tmp_path / "invented.toml"
        path.write_text(f"{top}\n{text}\n{more}", encoding="utf-8")
        return path

    return write


FORM = """
[study]
study_id = "invented2026"
citation = "Nobody N, Journal of Examples"
year = 2026
design = "rct"
blinding = "double"
condition = "lumbar_radicular_pain"
n_total = 41
followup_months = 6
source_kind = "full_text"
figure_from = "paper"

[[arms]]
arm_id = "cells"
role = "experimental"
intervention = "cell_therapy"
cell_type = "svf"
dose_basis = "nucleated"
n_assigned = 21

[[arms]]
arm_id = "saline"
role = "control"
intervention = "saline"
n_assigned = 20

[[outcomes]]
arm_id = "cells"
outcome = "leg_pain"
instrument = "nrs_10"
month = 6
n = 20
statistic = "mean"
value = 3.50
spread_kind = "sd"
spread_low = 2.0
where = "Table 2"

[[outcomes]]
arm_id = "saline"
outcome = "leg_pain"
instrument = "nrs_10"
month = 6
n = 19
statistic = "mean"
value = 4.8
spread_kind = "sd"
spread_low = 2.1
where = "Table 2"

[[safety]]
arm_id = "cells"
event = "dropout"
n_with_event = 1
n_at_risk = 21
where = "Figure 1"
"""
