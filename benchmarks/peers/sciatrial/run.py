"""Our own engine: vector code in both precisions, and the scalar reference."""

import sys
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1]))
from worker import Inputs, serve

import sciatrial
from sciatrial.engine import Events, simulate
from sciatrial.model import sciatica_model

KINDS = {
    "f64": {"processor": "vector", "precision": "double"},
    "f32": {"processor": "vector", "precision": "single"},
    "scalar": {"processor": "scalar", "precision": "double"},
}


def prepare(inputs: Inputs):
    """Return the three ways."""
    model = sciatica_model()
    names = [item.name for item in model.outputs]

    def solver(kind: str):
        def solve(tolerance: float, rows: np.ndarray) -> np.ndarray:
            start, mine = inputs.events_of(rows)
            events = Events(
                np.repeat(np.arange(len(rows)), np.diff(start)), inputs.event_day[mine], inputs.event_state[mine],
                inputs.event_factor[mine], inputs.event_amount[mine],
            )  # fmt: skip
            run = simulate(
                model, inputs.parameters[rows], inputs.initial[rows], times_days=inputs.visits, events=events,
                outputs=names, tolerance=tolerance, threads=1, **KINDS[kind],
            )  # fmt: skip
            run.values[run.status != 0] = np.nan
            return run.values

        return solve

    return {kind: solver(kind) for kind in KINDS}


if __name__ == "__main__":
    serve(prepare, sciatrial.__version__, gives="outputs")
