"""A graphics processor against the vector code: how far results lie apart, and patients a second.

Without a graphics processor it says why it did not run.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from bench_engine import VISITS, doses

from sciatrial.engine import Trajectories, simulate
from sciatrial.engine.graphics import NoGraphicsError, graphics_code
from sciatrial.engine.solve import cores
from sciatrial.model import sciatica_model
from sciatrial.parameters import CELL_EFFECTS, read_prior, reference_draw
from sciatrial.population import cohort_named, sample_patients

N_PATIENTS, N_SAMPLED, REPEATS = 100_000, 4_000, 3


def main() -> None:
    """Print the table."""
    model = sciatica_model()
    try:
        start = time.perf_counter()
        device = graphics_code(model, is_double=True)
        seconds = time.perf_counter() - start
    except NoGraphicsError as missing:
        print(f"not run: {missing}")
        return
    name = device.arrays.cuda.runtime.getDeviceProperties(0)["name"].decode()
    print(f"{name}, {device.most_threads} threads at a time; compiled and loaded in {seconds:.1f} s")
    draw = reference_draw(read_prior(), included=CELL_EFFECTS)
    patients = sample_patients(model, draw, cohort_named("chronic_radicular"), n_patients=N_SAMPLED, seed=1)
    copies = N_PATIENTS // N_SAMPLED
    parameters, initial = np.tile(patients.parameters, (copies, 1)), np.tile(patients.entry_states, (copies, 1))
    events = doses(model, N_PATIENTS)

    def run(processor: str, precision: str) -> tuple[Trajectories, float]:
        best = np.inf
        for _ in range(REPEATS):
            start = time.perf_counter()
            done = simulate(
                model, parameters, initial, times_days=VISITS, events=events, outputs=["leg_pain"],
                processor=processor, precision=precision,
            )  # fmt: skip
            best = min(best, time.perf_counter() - start)
        return done, N_PATIENTS / best

    print(f"{N_PATIENTS} patients, two years, 5 events, 12 visits; vector code on {cores()} cores")
    print(f"{'precision':>10} {'graphics/s':>11} {'vector/s':>10} {'apart':>10} {'other steps':>12}   (points of 100)")
    for precision in ("double", "single"):
        graphics, speed = run("graphics", precision)
        vector, vector_speed = run("vector", precision)
        apart = np.abs(graphics["leg_pain"] - vector["leg_pain"]).max()
        n_other = int((graphics.steps != vector.steps).sum())
        print(f"{precision:>10} {speed:>11.0f} {vector_speed:>10.0f} {apart:>10.2e} {n_other:>12}")


if __name__ == "__main__":
    main()
