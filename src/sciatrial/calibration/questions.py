"""What everybody asks of a posterior: how much cells change, beside their carrier and beside a sham.

The arms are nobody's, and nothing is observed of them. Nothing stands between a posterior and its answers: the
simulator itself is asked, at its draws, with the same patients in every arm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sciatrial.calibration.arms import MAIN_PAIN, Arm
from sciatrial.calibration.terms import TermKind, Terms
from sciatrial.clinic import Protocol, control_of, sham_of
from sciatrial.foundation import Cause, CellType, Donor, Intervention, Route

CELLS, CARRIER, SHAM = "cells", "carrier", "sham"
# stands beside every answer
ABOUT_CELLS = (
    "What a fit says of cells rests on few controlled trials, all of pain from a disc: read it beside the table that "
    "leaves each of them out."
)
_NOTHING = 0.5  # points: what nobody would call a benefit


@dataclass(frozen=True)
class Question:
    """Cells of one kind by one route, in patients of one cause, at some months after entry."""

    name: str
    cause: Cause
    cells: Protocol
    months: tuple[float, ...]


def _cells(cell_type: CellType, route: Route) -> Protocol:
    return Protocol(
        intervention=Intervention.CELL_THERAPY, cell_type=cell_type, donor=Donor.ALLOGENEIC, dose_million_cells=20,
        route=route,
    )  # fmt: skip


QUESTIONS: Mapping[str, Question] = MappingProxyType(
    {
        question.name: question
        for question in (
            Question(
                "20 million marrow MSC into the disc, back pain", Cause.DISCOGENIC,
                _cells(CellType.BM_MSC, Route.INTRADISCAL), (6.0, 12.0, 24.0),
            ),
            Question(
                "20 million cord MSC beside the root, leg pain", Cause.HERNIATION,
                _cells(CellType.UC_MSC, Route.EPIDURAL_TRANSFORAMINAL), (3.0, 6.0, 12.0),
            ),
        )
    }
)  # fmt: skip


def with_questions(terms: Terms) -> Terms:
    """Return the terms with the arms of the questions behind them; nothing is observed of those."""
    rows, arms = [], list(terms.arms)
    for question in QUESTIONS.values():
        score = str(MAIN_PAIN[question.cause])
        for arm_id, protocol in ((CELLS, question.cells), (CARRIER, control_of(question.cells)),
                                 (SHAM, sham_of(question.cells))):  # fmt: skip
            arm = Arm(question.name, arm_id, question.cause, protocol, None, arm_id == CELLS, True, False, (), "")
            for month in question.months:
                rows.append(
                    {
                        "study_id": question.name, "arm_id": arm_id, "arm": len(arms), "group": question.name,
                        "cause": str(question.cause), "condition": "", "score": score, "rule": "",
                        "kind": str(TermKind.CHANGE), "month": month, "observed": np.nan, "se": np.nan, "n": np.nan,
                        "baseline": np.nan, "intervention": str(protocol.intervention), "is_cells": arm.is_cells,
                        "is_controlled": True, "is_open": False, "versus": -1,
                    }
                )  # fmt: skip
            arms.append(arm)
    joined: Any = pd.concat([terms.rows, pd.DataFrame(rows)], ignore_index=True)
    return Terms(joined[terms.rows.columns.tolist()], tuple(arms), terms.baselines, terms.unused)


def cell_effects(asked: pd.DataFrame, values: NDArray[np.float64]) -> pd.DataFrame:
    """Return what cells change in each draw, beside their carrier and beside a sham.

    Parameters
    ----------
    asked
        The rows of `with_questions` that are questions.
    values
        What the simulator gave for them; dims ``draw, number``.

    Returns
    -------
    pandas.DataFrame
        Columns ``question, month, against, draw, difference``: points of 100, below 0 is less pain.
    """
    frames = []
    places = {(r["study_id"], r["arm_id"], r["month"]): place for place, r in enumerate(asked.to_dict("records"))}
    for question in QUESTIONS.values():
        for month in question.months:
            for against in (CARRIER, SHAM):
                cells, other = (places[question.name, arm, month] for arm in (CELLS, against))
                told = {"question": question.name, "month": month, "against": against, "draw": np.arange(len(values))}
                frames.append(pd.DataFrame({**told, "difference": values[:, cells] - values[:, other]}))
    return pd.concat(frames, ignore_index=True)


def answers(drawn: pd.DataFrame, weights: NDArray[np.float64]) -> pd.DataFrame:
    """Summarise `cell_effects` of a posterior.

    Parameters
    ----------
    drawn
        As `cell_effects` gives it.
    weights
        Of the draws, dims ``draw``; they sum to 1.

    Returns
    -------
    pandas.DataFrame
        Columns ``question, month, against, median, low, high`` (90 % interval), ``probability_of_benefit`` (a fall of
        more than half a point), ``probability_of_ten_points``.
    """
    made = []
    key: Any
    for key, part in drawn.groupby(["question", "month", "against"], sort=False):
        d, w = part["difference"].to_numpy(dtype=float), weights[part["draw"].to_numpy(dtype=int)]
        told = np.isfinite(d)
        d, w = d[told], w[told] / w[told].sum()
        order = np.argsort(d, kind="stable")
        low, median, high = np.interp((0.05, 0.5, 0.95), np.cumsum(w[order]) - w[order] / 2, d[order])
        made.append(
            {
                "question": key[0], "month": key[1], "against": key[2], "median": median, "low": low, "high": high,
                "probability_of_benefit": float(w @ (d < -_NOTHING)), "probability_of_ten_points": float(w @ (d < -10)),
            }
        )  # fmt: skip
    return pd.DataFrame(made)
