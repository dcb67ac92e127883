"""Predictions fixed on disk and, only then, what the studies found → how good the predictions were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sciatrial.calibration.blind import BlindPredictions
from sciatrial.calibration.blind_terms import observed_numbers
from sciatrial.calibration.scores import crps, paired_differences, score_table, usual_strata
from sciatrial.calibration.validation import COURSE, MECHANISM, NO_CELLS, NO_DIFFERENCE, POOLED, Validation
from sciatrial.evidence import read_blinded, read_evidence
from sciatrial.foundation import CalibrationError, Problem, Record

BASELINES = (POOLED, COURSE, NO_CELLS)


@dataclass(frozen=True, repr=False)
class BlindValidation(Record):
    """How good blind predictions were.

    ``predictions`` are the numbers of `BlindPredictions` with ``observed``, ``crps``, and the CRPS of each baseline;
    ``scores`` and ``differences`` as `score_table` and `paired_differences` give them, trials of cells apart from the
    rest; ``not_predicted, arms, fallbacks`` and ``made_with`` as they were fixed.
    """

    predictions: pd.DataFrame = field(compare=False)
    scores: pd.DataFrame = field(compare=False)
    differences: pd.DataFrame = field(compare=False)
    not_predicted: pd.DataFrame = field(compare=False)
    arms: pd.DataFrame = field(compare=False)
    fallbacks: pd.DataFrame = field(compare=False)
    made_with: Mapping[str, Any] = field(default_factory=dict)

    def table(self) -> pd.DataFrame:
        """Return the scores."""
        return self.scores

    @property
    def validation(self) -> Validation:
        """The same in the form of a validation on studies left out, for the same report."""
        nothing = pd.DataFrame()
        return Validation(
            self.predictions.assign(fold=0), self.scores, self.differences, nothing, self.fallbacks, nothing, nothing,
            self.made_with,
        )  # fmt: skip

    def summary(self) -> dict[str, Any]:
        """Return the few numbers that tell the whole, None where there is none."""
        told = self.validation

        def score(model: str, column: str) -> float | None:
            value = told.score(model, "all", "arms", column) if len(self.scores) else np.nan
            return float(value) if np.isfinite(value) else None

        return {
            "n_studies": len(set(self.predictions["study_id"])),
            "n_predicted": len(self.predictions),
            "coverage_50": score(MECHANISM, "coverage_50"),
            "coverage_90": score(MECHANISM, "coverage_90"),
            "crps": score(MECHANISM, "crps"),
            "crps_baseline": {name: score(name, "crps") for name in BASELINES},
            "n_from_few_patients": int(np.sum(self.predictions["is_few"].to_numpy(dtype=bool))),
            "not_predicted": _values(self.not_predicted),
        }

    def __repr__(self) -> str:
        told = self.summary()
        if told["crps"] is None:
            return f"BlindValidation: no number could be predicted, {len(self.not_predicted)} could not"
        others = ", ".join(f"{name} {value:.1f}" for name, value in told["crps_baseline"].items())
        return (
            f"BlindValidation: {told['n_predicted']} numbers of {told['n_studies']} studies\n"
            f"  CRPS: mechanism {told['crps']:.1f}, {others}\n"
            f"  50 % intervals hold {told['coverage_50']:.0%}, 90 % intervals {told['coverage_90']:.0%}"
        )


def _values(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as plain values, None where a number is missing."""
    return [
        {name: None if isinstance(value, float) and np.isnan(value) else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]


def score_blind(predictions: str | Path, tables: str | Path) -> BlindValidation:
    """Read fixed predictions, then what was found, and compare.

    Parameters
    ----------
    predictions
        The folder into which `BlindPredictions` were saved.
    tables
        The folder of tables that they were made for.

    Raises
    ------
    StudyError
        When the predictions are not there, or not as they were saved.
    CalibrationError
        When the designs in the tables are no longer those that were predicted.
    EvidenceError
        When the tables cannot be read.
    """
    fixed = BlindPredictions.load(predictions)
    if read_blinded(tables).fingerprint() != fixed.made_with["designs"]:
        what = Problem(
            "designs", "are not those that were predicted", "the tables that the predictions were made for",
            "predict again",
        )  # fmt: skip
        raise CalibrationError(str(tables), what)
    rows = observed_numbers(read_evidence(tables), fixed.numbers)
    models = {
        MECHANISM: fixed.mechanism, NO_CELLS: fixed.without_cells, POOLED: fixed.pooled_mean, COURSE: fixed.time_course
    }  # fmt: skip
    scores, differences = pd.DataFrame(), pd.DataFrame()
    if len(rows):
        how: dict[str, Any] = {"strata": _strata(rows), "seed": int(fixed.made_with["seed"]),
                               "contrasts_by_model": {NO_DIFFERENCE: fixed.no_difference}}  # fmt: skip
        scores, differences = score_table(models, rows, **how), paired_differences(models, rows, **how)
    observed = rows["observed"].to_numpy(dtype=float)
    for name, draws in models.items():
        rows["crps" if name == MECHANISM else f"crps, {name}"] = crps(draws, observed) if len(rows) else observed
    return BlindValidation(
        rows, scores, differences, fixed.not_predicted, fixed.arms, fixed.fallbacks, fixed.made_with
    )  # fmt: skip


def _strata(rows: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """Return the usual strata, and trials of cells apart from the rest."""
    studies, is_cells = rows["study_id"].to_numpy(), rows["is_cells"].to_numpy(dtype=bool)
    of_cells = np.isin(studies.astype(str), studies[is_cells].astype(str))
    return {**usual_strata(rows), "trials of cells": of_cells, "trials without cells": ~of_cells}
