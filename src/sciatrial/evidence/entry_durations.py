"""How long the patients of a study had had symptoms at entry, where its design bounds it.

The arms table has the mean where one is printed; few print it, and most say who was let in. Which bound comes from
which page is written in ``entry_durations.csv`` beside this file.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import pandas as pd

_FILE = "entry_durations.csv"


@dataclass(frozen=True)
class EntryDuration:
    """Months of symptoms that let a patient in: `shortest` and `longest`, None where the study sets no such bound."""

    shortest: float | None
    longest: float | None


@cache
def entry_durations() -> pd.DataFrame:
    """Return the bounds as listed.

    Returns
    -------
    pandas.DataFrame
        Columns ``study_id, arm_id`` ("" for every arm), ``from_months, to_months`` (NaN: no bound), ``basis, source``.
    """
    with files("sciatrial.evidence").joinpath(_FILE).open(encoding="utf-8") as file:
        listed = pd.read_csv(file, keep_default_na=False, dtype=str)
    bounds = {column: pd.to_numeric(listed[column]) for column in ("from_months", "to_months")}
    return listed.assign(**bounds)


def entry_duration_of(study_id: str, arm_id: str) -> EntryDuration:
    """Return the bounds of one arm: its own, or else those of its study, or else none."""
    told = {(row["study_id"], row["arm_id"]): row for row in entry_durations().to_dict("records")}
    row = told.get((study_id, arm_id)) or told.get((study_id, ""))
    if row is None:
        return EntryDuration(None, None)
    return EntryDuration(*(None if pd.isna(row[word]) else float(row[word]) for word in ("from_months", "to_months")))
