"""The engine: patients a second on one core, counted steps, time to the first result, and the ratio to scipy.

Budget: 50 000 patients a second on one core at a tolerance of 1e-4. Both sides run in this process, one after the
other, on the same patients; ratios matter, seconds belong to the machine. ``bench_engine_peers.py`` does the same with
every other program, on every cause and treatment.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

import numpy as np
from scipy.integrate import solve_ivp

from sciatrial.engine import Events, simulate
from sciatrial.model import sciatica_model
from sciatrial.parameters import CELL_EFFECTS, read_prior, reference_draw
from sciatrial.population import cohort_named, sample_patients

N_PATIENTS, N_SCIPY = 20_000, 2
VISITS = np.array([7, 14, 28, 56, 91, 122, 182, 244, 304, 365, 548, 730], dtype=float)


def doses(model, n: int) -> Events:
    """Return five events: cells, tablets on and off, a steroid, cells again."""
    rows = np.arange(n)
    return Events.joined(
        Events.every(model, rows, 0.0, "anchored_epidural_cells", amount=5.0),
        Events.every(model, rows, 30.0, "nsaid_exposure", factor=0.0, amount=1.0),
        Events.every(model, rows, 72.0, "nsaid_exposure", factor=0.0),
        Events.every(model, rows, 120.0, "steroid_depot", amount=40.0),
        Events.every(model, rows, 180.0, "anchored_epidural_cells", amount=5.0),
    )


def error(values: np.ndarray, reference: np.ndarray) -> tuple[float, float]:
    """Return the largest and the 99.9th percentile of the error of leg pain, in points of 100."""
    away = np.abs(values - reference)
    return float(away.max()), float(np.quantile(away, 0.999))


def by_scipy(model, parameters, initial, events, rtol) -> np.ndarray:
    """Return leg pain at the visits, from the plain Python laws."""
    names = model.state_names
    numbers = dict(zip(model.parameter_names, parameters, strict=True))
    scale = np.array([state.scale for state in model.states])

    def rhs(_, y):
        return list(model.rates(numbers | dict(zip(names, y, strict=True))).values())

    y, pain = np.array(initial), []
    stops = sorted({0.0, *VISITS, *events.day})
    for start, stop in zip(stops, [*stops[1:], None], strict=True):
        if start in VISITS:
            pain.append(model.evaluate(numbers | dict(zip(names, y, strict=True)))["leg_pain"])
        for i in np.flatnonzero((events.day == start) & (events.patient == 0)):
            y[events.state[i]] = events.factor[i] * y[events.state[i]] + events.amount[i]
        if stop is not None:
            y = solve_ivp(rhs, (start, stop), y, method="LSODA", rtol=rtol, atol=1e-2 * rtol * scale).y[:, -1]
    return np.array(pain)


def first_result(cache: str) -> float:
    """Return the seconds that a fresh process needs to its first result."""
    code = (
        "import time; t = time.perf_counter()\n"
        "import numpy as np\nfrom sciatrial.engine import simulate\nfrom sciatrial.model import sciatica_model\n"
        "m = sciatica_model()\n"
        "simulate(m, np.full(len(m.parameters), 0.1), np.zeros(len(m.states)), times_days=[1.0])\n"
        "print(time.perf_counter() - t)"
    )
    environment = {**os.environ, "XDG_CACHE_HOME": cache}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    return float(done.stdout)


def main() -> None:
    """Print the table."""
    model = sciatica_model()
    draw = reference_draw(read_prior(), included=CELL_EFFECTS)
    cohort = cohort_named("chronic_radicular")
    patients = sample_patients(model, draw, cohort, n_patients=N_PATIENTS, seed=1)
    events = doses(model, N_PATIENTS)

    def run(tolerance, precision="double", threads=1):
        return simulate(
            model, patients.parameters, patients.entry_states, times_days=VISITS, events=events, outputs=["leg_pain"],
            tolerance=tolerance, precision=precision, threads=threads,
        )  # fmt: skip

    reference = run(1e-10)["leg_pain"]  # the same engine, seven orders tighter; LSODA agrees in tests/truth
    print(f"{N_PATIENTS} patients, two years, 5 events, 12 visits, one thread")
    print(
        f"{'tolerance':>10} {'precision':>9} {'patients/s':>11} {'steps':>7} {'max error':>10} {'p99.9':>9}   (of 100)"
    )
    speed = {}
    for tolerance, precision in ((1e-3, "double"), (1e-4, "double"), (1e-4, "single"), (1e-5, "double")):
        seconds = []
        for _ in range(9):
            start = time.process_time()
            done = run(tolerance, precision)
            seconds.append(time.process_time() - start)
        speed[tolerance, precision] = N_PATIENTS / float(np.median(seconds))
        largest, most = error(done["leg_pain"], reference)
        rate, steps = speed[tolerance, precision], done.steps.mean()
        print(f"{tolerance:>10g} {precision:>9} {rate:>11.0f} {steps:>7.1f} {largest:>10.4f} {most:>9.5f}")
    print(f"single / double at 1e-4: {speed[1e-4, 'single'] / speed[1e-4, 'double']:.2f}")
    wall = {}
    for threads in (1, 2):
        seconds = []
        for _ in range(9):
            start = time.perf_counter()
            run(1e-4, threads=threads)
            seconds.append(time.perf_counter() - start)
        wall[threads] = float(np.median(seconds))
    print(f"two threads / one, by the clock: {wall[1] / wall[2]:.2f}")

    start = time.process_time()
    pain = np.array(
        [by_scipy(model, patients.parameters[i], patients.entry_states[i], events, 1e-4) for i in range(N_SCIPY)]
    )
    scipy_speed = N_SCIPY / (time.process_time() - start)
    print(
        f"scipy LSODA, plain Python laws, rtol 1e-4: {scipy_speed:.2f} patients/s, max error "
        f"{error(pain, reference[:N_SCIPY])[0]:.4f}; ours at 1e-4: {speed[1e-4, 'double'] / scipy_speed:.0f} times"
    )
    with tempfile.TemporaryDirectory() as cache:
        print(f"first result in a fresh process: {first_result(cache):.1f} s cold, {first_result(cache):.1f} s warm")


if __name__ == "__main__":
    main()
