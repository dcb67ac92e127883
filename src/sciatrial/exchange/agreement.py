"""How far another program's course lies from ours, in the measure by which we promise agreement."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sciatrial.engine import Events, simulate
from sciatrial.exchange.case import Case

_TIGHTEST = 1e-11


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
    scales = {item.name: item.scale for item in case.model.outputs}
    for name, reference in ours.items():
        error = np.abs(theirs[name] - reference) / (np.abs(reference) + 0.01 * scales[name])
        if not np.isfinite(error).all():
            return float("inf"), name
        if error.max() > worst:
            worst, where = float(error.max()), name
    return worst, where
