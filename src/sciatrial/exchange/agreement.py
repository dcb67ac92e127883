"""How far another program's course lies from ours, in the measure by which we promise agreement."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sciatrial.engine import Events, simulate
from sciatrial.exchange.case import Case
from sciatrial.foundation import Score, scale_of
from sciatrial.model import Model

_TIGHTEST = 1e-11
# sizes of outputs that are neither states nor scores, in their unit; all others are shares
_OTHER_SCALES = {"root_pressure": 10.0}


def output_scale(model: Model, name: str) -> float:
    """Return a typical size of an output: what its errors are measured against where it is small."""
    for state in model.states:
        if state.name == name:
            return state.scale
    if name in [str(score) for score in Score]:
        return scale_of(name)[1]
    return _OTHER_SCALES.get(name, 1.0)


def our_course(case: Case, days: ArrayLike, *, tolerance: float = _TIGHTEST) -> dict[str, NDArray[np.float64]]:
    """Return every output of a case on these days (dims ``day``), by our engine at its tight tolerance."""
    model = case.model
    events = [
        Events.every(model, [0], change.day, change.state, factor=change.factor, amount=change.amount)
        for change in case.changes
    ]
    names = [item.name for item in model.outputs]
    run = simulate(
        model,
        np.array([[case.parameters[name] for name in model.parameter_names]]),
        np.array([[case.initial[name] for name in model.state_names]]),
        times_days=np.asarray(days, dtype=float),
        events=Events.joined(*events),
        outputs=names,
        tolerance=tolerance,
        max_steps=1_000_000,
    )
    return {name: run[name][0] for name in names}


def largest_difference(
    case: Case, ours: Mapping[str, NDArray[np.float64]], theirs: Mapping[str, NDArray[np.float64]]
) -> tuple[float, str]:
    """Return the largest ``|difference| / (|ours| + 0.01 × scale)`` over all outputs and days, and where it is."""
    worst, where = 0.0, ""
    for name, reference in ours.items():
        error = np.abs(theirs[name] - reference) / (np.abs(reference) + 0.01 * output_scale(case.model, name))
        if not np.isfinite(error).all():
            return float("inf"), name
        if error.max() > worst:
            worst, where = float(error.max()), name
    return worst, where
