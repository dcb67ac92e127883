"""What the mechanism leaves unexplained, as a plain regression: the part of a prediction that is no biology.

Each column is a course over time (fast, or slow) of one kind of patients, score, care or design. It is fitted with the
mechanism, shrunk towards nothing, and every prediction says how much of it comes from here. Cells that are compared
with something have no column: what they do is said by their mechanisms or not at all. Where nothing stands beside them
(`uncontrolled_cells`) it is the other way round: their mechanisms say nothing, and what such arms show beyond patients
with idle cells is learned from such arms alone, whatever it comes from.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from sciatrial.calibration.contrasts import uncontrolled_cells
from sciatrial.calibration.differences import taken_apart
from sciatrial.calibration.terms import TermKind, Terms, family
from sciatrial.foundation import Cause, Intervention, Score

FAST_MONTHS = 0.1  # the same as in the regression that the mechanism is compared with
SLOW_MONTHS = 6.0
USUAL_BASELINE = 60.0
# what one point of a mean is worth in the unit of the term; a share of responders rises when scores fall
WORTH = {
    TermKind.CHANGE: 1.0,
    TermKind.FINAL: 1.0,
    TermKind.MEDIAN: 1.0,
    TermKind.PERCENT_CHANGE: 100 / USUAL_BASELINE,
    TermKind.SHARE: -1.0,  # fitted in points of a mean, see `PATIENT_SD`
    TermKind.SD: 0.0,
    TermKind.DIFFERENCE: 1.0,
}
_SLOW_TREATMENTS = (Intervention.SURGERY, Intervention.EPIDURAL_STEROID, Intervention.PHYSIOTHERAPY)
_FAST_TREATMENTS = (
    *_SLOW_TREATMENTS,
    Intervention.GABAPENTINOID,
    Intervention.NSAID,
    Intervention.ANTIDEPRESSANT,
    Intervention.PRP,
    Intervention.LOCAL_ANAESTHETIC,
)


class ColumnKind(StrEnum):
    """What a column is about: the level of patients and score, care and design, a treatment, or cells of one arm."""

    LEVEL = "level"
    DESIGN = "design"
    TREATMENT = "treatment"
    UNCONTROLLED = "uncontrolled"


@dataclass(frozen=True)
class Columns:
    """Columns of the regression: `names`, `values` (dims ``term, column``), and the kind of each."""

    names: tuple[str, ...]
    values: NDArray[np.float64]
    kinds: tuple[ColumnKind, ...]


def worth(terms: Terms) -> NDArray[np.float64]:
    """Return what a point of a mean is worth in the unit in which each term is fitted; dims ``term``."""
    return np.array([WORTH[TermKind(kind)] for kind in terms.rows["kind"]])


def courses(terms: Terms) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the fast and the slow course at each term's visit, 0 at entry and 1 at last; dims ``term``."""
    month = terms.rows["month"].to_numpy(dtype=float)
    return 1 - np.exp(-month / FAST_MONTHS), 1 - np.exp(-month / SLOW_MONTHS)


def discrepancy_columns(terms: Terms, *, single_arms: bool = False) -> Columns:
    """Return the columns of the discrepancy for some terms.

    With `single_arms` nothing is put down to arms of cells for standing alone: their columns are 0. A difference of two
    arms has the differences of their columns.
    """
    terms, of_numbers = taken_apart(terms)
    rows = terms.rows
    fast, slow = courses(terms)
    size = worth(terms) * rows["baseline"].fillna(USUAL_BASELINE).to_numpy(dtype=float) / USUAL_BASELINE
    cause = rows["cause"].where(rows["cause"].isin([Cause.HERNIATION, Cause.DISCOGENIC]), "narrowing").to_numpy()
    score = np.array([family(word) for word in rows["score"]])
    names: list[str] = []
    columns: list[NDArray] = []

    kinds: list[ColumnKind] = []

    def add(kind: ColumnKind, name: str, mask: NDArray, course: NDArray) -> None:
        kinds.append(kind)
        names.append(name)
        columns.append(mask * course * size)

    for word in (Cause.HERNIATION, Cause.DISCOGENIC, "narrowing"):
        for what in (Score.LEG_PAIN, Score.BACK_PAIN, "disability", Score.NUMBNESS):
            mine = (cause == word) & (score == what)
            if word == Cause.DISCOGENIC and what == Score.NUMBNESS:
                continue
            add(ColumnKind.LEVEL, f"{word}, {what}: early", mine, fast)
            add(ColumnKind.LEVEL, f"{word}, {what}: late", mine, slow)
    context = np.array([terms.arms[place].protocol.context or "" for place in rows["arm"]])
    for word in ("oral", "injection", "intradiscal"):
        add(ColumnKind.DESIGN, f"care by {word}", context == word, fast)
    add(ColumnKind.DESIGN, "no concurrent control", ~rows["is_controlled"].to_numpy(dtype=bool), fast)
    add(ColumnKind.DESIGN, "open", rows["is_open"].to_numpy(dtype=bool), fast)
    intervention = rows["intervention"].to_numpy()
    for word in _FAST_TREATMENTS:
        add(ColumnKind.TREATMENT, f"{word}: early", intervention == word, fast)
    for word in _SLOW_TREATMENTS:
        add(ColumnKind.TREATMENT, f"{word}: late", intervention == word, slow)
    alone = uncontrolled_cells(rows) & (not single_arms)
    add(ColumnKind.UNCONTROLLED, "cells without a control: early", alone, fast)
    add(ColumnKind.UNCONTROLLED, "cells without a control: late", alone, slow)
    return Columns(tuple(names), of_numbers @ np.stack(columns, axis=1), tuple(kinds))
