"""The ceiling: the engine's lanes and method in C with explicit vectors, by gcc -O3 -march=native -ffast-math."""

import ctypes
import subprocess
import sys
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1]))
from worker import Inputs, serve

FLAGS = ("-O3", "-march=native", "-ffast-math", "-mprefer-vector-width=512")
MOST_STEPS = 20_000


def prepare(inputs: Inputs):
    """Compile both precisions."""
    return {name: _solver(inputs, inputs.folder / f"ceiling_{name}") for name in ("f64", "f32")}


def _solver(inputs: Inputs, folder: Path):
    library = folder / "ceiling.so"
    subprocess.run(["gcc", *FLAGS, "-shared", "-fPIC", "-o", library, folder / "lanes.c", "-lm"], check=True)
    entry = ctypes.CDLL(str(library)).simulate
    entry.restype = None
    n_outputs = inputs.n_outputs

    def solve(tolerance: float, rows: np.ndarray) -> np.ndarray:
        n, n_visits = len(rows), len(inputs.visits)
        event_start, mine = inputs.events_of(rows)
        values = np.full((n, n_visits, n_outputs), np.nan)
        status, steps = np.zeros(n, np.int64), np.zeros(n, np.int64)
        arrays = [
            inputs.parameters[rows], inputs.initial[rows], np.tile(inputs.visits, (n, 1)), n_visits,
            event_start, inputs.event_day[mine], inputs.event_state[mine],
            inputs.event_factor[mine], inputs.event_amount[mine], tolerance * 0.01 * inputs.scales,
            ctypes.c_double(tolerance), MOST_STEPS, values, status, steps,
        ]  # fmt: skip
        entry(ctypes.c_int64(n), *(_passed(item) for item in arrays))
        values[status != 0] = np.nan
        return values

    return solve


def _passed(item):
    if isinstance(item, np.ndarray):
        return ctypes.c_void_p(np.ascontiguousarray(item).ctypes.data)
    return ctypes.c_int64(item) if isinstance(item, int) else item


if __name__ == "__main__":
    version = subprocess.run(["gcc", "-dumpfullversion"], capture_output=True, text=True, check=True).stdout.strip()
    serve(prepare, f"gcc {version}", gives="outputs", notes=[" ".join(FLAGS)])
