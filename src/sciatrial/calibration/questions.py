"""What everybody asks of a posterior: how much cells change, beside their carrier and beside a sham.

The arms are nobody's: they are simulated and emulated with the published ones, and nothing is observed of them. So
the answer to each question is there for every refit, without more simulation.
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
from sciatrial.calibration.emulator import Emulator
from sciatrial.calibration.problem import Likelihood
from sciatrial.calibration.sampler import Sample, population_inputs
from sciatrial.calibration.terms import TermKind, Terms
from sciatrial.clinic import Protocol, control_of, sham_of
from sciatrial.foundation import Cause, CellType, Donor, Intervention, Route
from sciatrial.parameters import CELL_EFFECTS

CELLS, CARRIER, SHAM = "cells", "carrier", "sham"
# stands beside every answer until differences have an emulator of their own
NOT_TO_BE_QUOTED = (
    "Answers about cells are preliminary and not to be quoted: the emulator behind them is linear in what cells do, "
    "and the simulator's own differences reach several times as far."
)


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
                        "is_controlled": True, "is_open": False,
                    }
                )  # fmt: skip
            arms.append(arm)
    more = pd.DataFrame(rows)
    joined: Any = pd.concat([terms.rows, more], ignore_index=True)
    return Terms(joined[terms.rows.columns.tolist()], tuple(arms), terms.baselines, terms.unused)


def cell_effects(
    problem: Likelihood, emulator: Emulator, asked: pd.DataFrame, z: NDArray[np.float64], present: NDArray[np.bool_]
) -> pd.DataFrame:
    """Return what cells change in each draw, beside their carrier and beside a sham.

    Parameters
    ----------
    problem
        For the coordinates.
    emulator
        Of the questions' numbers.
    asked
        The rows of `with_questions` that are questions, in the emulator's order.
    z, present
        Coordinates and indicators; dims ``draw, …``.

    Returns
    -------
    pandas.DataFrame
        Columns ``question, month, against, draw, difference``: points of 100, below 0 is less pain.
    """
    inputs = population_inputs(problem)
    x = np.stack([inputs(a, b.astype(float)) for a, b in zip(z, present, strict=True)])
    values = emulator.value(x)  # (draw, number)
    columns = [problem.space.groups.index(group) for group in CELL_EFFECTS if group in problem.space.groups]
    any_mechanism = present[:, columns].any(axis=1)
    frames = []
    places = {(r["study_id"], r["arm_id"], r["month"]): place for place, r in enumerate(asked.to_dict("records"))}
    for question in QUESTIONS.values():
        for month in question.months:
            for against in (CARRIER, SHAM):
                cells, other = (places[question.name, arm, month] for arm in (CELLS, against))
                apart = values[:, cells] - values[:, other]
                if against == CARRIER:
                    # without any mechanism cells are their carrier, whatever the polynomial says
                    apart = np.where(any_mechanism, apart, 0.0)
                frames.append(
                    pd.DataFrame(
                        {
                            "question": question.name, "month": month, "against": against,
                            "draw": np.arange(len(apart)), "difference": apart,
                        }
                    )
                )  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def answers(problem: Likelihood, emulator: Emulator, asked: pd.DataFrame, sample: Sample) -> pd.DataFrame:
    """Summarise `cell_effects` of a posterior.

    Returns
    -------
    pandas.DataFrame
        Columns ``question, month, against, median, low, high`` (90 % interval), ``probability_of_benefit`` (a fall of
        more than half a point), ``probability_of_ten_points``; and, the same in every row, ``… present`` of each effect
        of cells and ``no_cell_effect``.
    """
    drawn = cell_effects(problem, emulator, asked, sample.flat("z"), sample.flat("present"))
    made = []
    key: Any
    for key, part in drawn.groupby(["question", "month", "against"], sort=False):
        d = part["difference"].to_numpy(dtype=float)
        low, median, high = np.quantile(d, (0.05, 0.5, 0.95))
        made.append(
            {
                "question": key[0], "month": key[1], "against": key[2], "median": median, "low": low, "high": high,
                "probability_of_benefit": float((d < -_NOTHING).mean()),
                "probability_of_ten_points": float((d < -10).mean()),
            }
        )  # fmt: skip
    table = pd.DataFrame(made)
    present = sample.flat("present")[:, [problem.space.groups.index(group) for group in CELL_EFFECTS]]
    for group, flags in zip(CELL_EFFECTS, present.T, strict=True):
        table[f"{group} present"] = float(flags.mean())
    table["no_cell_effect"] = float((~present.any(axis=1)).mean())
    return table


_NOTHING = 0.5  # points: below what the emulator can tell from none
