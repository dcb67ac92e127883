"""The guard of single precision: a few patients of the batch are solved in both precisions first."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from sciatrial.engine.batch import Batch
from sciatrial.engine.events import Rule
from sciatrial.engine.solve import Precision, SlowEngineWarning, solve
from sciatrial.engine.trajectories import Trajectories
from sciatrial.foundation import silent
from sciatrial.model import Model

_N_GUARDS = 64
# In tolerances. At the default one the solver's own largest error is six of them, so two solutions that are both
# right may lie that far apart.
_MOST = 10.0


def guarded(
    model: Model, batch: Batch, rules: Sequence[Rule], names: tuple[str, ...], tolerance: float, max_steps: int
) -> Precision:
    """Return single precision where it is good enough for this batch, else double, with a warning that says why.

    Warns
    -----
    SlowEngineWarning
        When single precision is refused.
    """
    rows = np.unique(np.linspace(0, len(batch.initial) - 1, _N_GUARDS).astype(np.int64))
    few = batch.of(rows)
    theirs = [rule.of(rows) for rule in rules]

    def run(precision: Precision) -> Trajectories:
        return solve(
            model, few, theirs, names, tolerance=tolerance, max_steps=max_steps, threads=None, progress=silent,
            precision=precision,
        )  # fmt: skip

    why = _too_coarse(run(Precision.SINGLE), run(Precision.DOUBLE), tolerance)
    if not why:
        return Precision.SINGLE
    warnings.warn(
        f"single precision is not good enough here: {why}. Double precision does the work, some 1.8 times slower.",
        SlowEngineWarning,
        stacklevel=4,
    )
    return Precision.DOUBLE


def _too_coarse(single: Trajectories, double: Trajectories, tolerance: float) -> str:
    """Return where single precision lies too far from double; empty where it does not."""
    solved = double.status == 0
    unsolved = np.flatnonzero(solved & (single.status != 0))
    if len(unsolved):
        return f"{len(unsolved)} of {len(solved)} patients that were tried could not be solved in it"
    # where another decision was taken, another course is right
    same = solved & (single.triggered == double.triggered).all(axis=(1, 2))
    if not same.any() or not single.outputs:
        return ""
    reference = np.abs(double.values[same])
    size = reference + 0.01 * reference.max(axis=(0, 1))
    away = np.abs(single.values[same] - double.values[same])
    share = np.divide(away, size, out=np.zeros_like(away), where=away > 0)
    worst = share.max(axis=(0, 1))
    column = int(worst.argmax())
    if worst[column] <= _MOST * tolerance:
        return ""
    return (
        f"{single.outputs[column]} is {worst[column]:.1g} (relative) from double in one of {int(same.sum())} patients "
        f"that were tried, more than {_MOST:g} × the tolerance of {tolerance:g}"
    )
