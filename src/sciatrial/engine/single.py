"""Single precision, guarded: a few patients of the batch are solved in both precisions first."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sciatrial.engine.batch import Batch
from sciatrial.engine.events import Rule
from sciatrial.engine.solve import Precision, Processor, SlowEngineWarning, solve
from sciatrial.engine.trajectories import Status, Trajectories
from sciatrial.foundation import Progress, silent
from sciatrial.model import Model

_N_GUARDS = 64
# In tolerances. At the default one the solver's own largest error is six of them, so two solutions that are both
# right may lie that far apart.
_MOST = 10.0
_MOST_DECIDED_OTHERWISE = 0.05


def solve_single(
    model: Model,
    batch: Batch,
    rules: Sequence[Rule],
    names: tuple[str, ...],
    *,
    tolerance: float,
    max_steps: int,
    threads: int | None,
    progress: Progress,
    processor: Processor,
) -> Trajectories:
    """Solve every patient in single precision where that is good enough for this batch, else in double.

    Warns
    -----
    SlowEngineWarning
        When single precision is refused.
    """
    how = {"tolerance": tolerance, "max_steps": max_steps, "threads": threads}

    def run(
        some: Batch, theirs: Sequence[Rule], precision: Precision, told: Progress, where: Processor
    ) -> Trajectories:
        return solve(model, some, theirs, names, progress=told, precision=precision, processor=where, **how)

    n = len(batch.initial)
    if n <= _N_GUARDS:  # the guard alone would take longer than all of them in double
        return run(batch, rules, Precision.DOUBLE, progress, processor)
    rows = np.unique(np.linspace(0, n - 1, _N_GUARDS).astype(np.int64))
    few, theirs = batch.of(rows), [rule.of(rows) for rule in rules]
    single, double = (run(few, theirs, word, silent, Processor.VECTOR) for word in (Precision.SINGLE, Precision.DOUBLE))
    why = _too_coarse(model, single, double, tolerance)
    if why:
        warnings.warn(
            f"single precision is not good enough here: {why}. Double precision does the work, some 1.8 times slower.",
            SlowEngineWarning,
            stacklevel=3,
        )
        return run(batch, rules, Precision.DOUBLE, progress, processor)
    done = run(batch, rules, Precision.SINGLE, progress, processor)
    left = np.flatnonzero(done.status != Status.SOLVED)
    if len(left):
        done.put(left, run(batch.of(left), [rule.of(left) for rule in rules], Precision.DOUBLE, silent, processor))
    return done


def _too_coarse(model: Model, single: Trajectories, double: Trajectories, tolerance: float) -> str:
    """Return where single precision lies too far from double; empty where it does not."""
    solved = double.status == Status.SOLVED
    unsolved = int((solved & (single.status != Status.SOLVED)).sum())
    if unsolved:
        return f"{unsolved} of {len(solved)} patients that were tried could not be solved in it"
    differs = (single.triggered != double.triggered).any(axis=1)  # dims patient, visit
    otherwise = solved & differs.any(axis=1)
    if otherwise.sum() > max(1.0, _MOST_DECIDED_OTHERWISE * len(solved)):
        return f"other decisions are taken for {int(otherwise.sum())} of {len(solved)} patients that were tried"
    # after another decision another course is right: up to the visit that it was taken at, courses are compared
    first = np.where(differs.any(axis=1), differs.argmax(axis=1), differs.shape[1])
    compared = solved[:, None] & (np.arange(differs.shape[1]) <= first[:, None])
    scales = {item.name: item.scale for item in model.outputs}
    worst = _worst(
        single.values[compared], double.values[compared], np.array([scales[name] for name in single.outputs])
    )
    for name, share in zip(single.outputs, worst, strict=True):
        if share > _MOST * tolerance:
            return f"{name} is {share:.1g} (relative) from double, more than {_MOST:g} × the tolerance of {tolerance:g}"
    ended = solved & ~otherwise
    scale = np.array([state.scale for state in model.states])
    worst = _worst(single.final_states[ended], double.final_states[ended], scale)
    for state, share in zip(model.states, worst, strict=True):
        if share > _MOST * tolerance:
            return f"{state.name} ends {share:.1g} (relative) from double, more than {_MOST:g} × {tolerance:g}"
    return ""


def _worst(
    mine: NDArray[np.float64], reference: NDArray[np.float64], scale: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the largest error of each column, relative to size and scale; dims ``case, column``."""
    away, size = np.abs(mine - reference), np.abs(reference) + 0.01 * scale
    share = np.divide(away, size, out=np.where(away > 0, np.inf, 0.0), where=size > 0)
    return share.max(axis=0, initial=0.0)
