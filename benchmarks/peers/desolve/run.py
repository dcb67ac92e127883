"""R's deSolve with the right-hand side that our engine generates, compiled as C; from event to event."""

import subprocess
import sys
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1]))
from worker import Inputs, serve

HERE = Path(__file__).parent
METHODS = ("lsoda", "lsode", "vode", "radau", "adams", "ode45")


def prepare(inputs: Inputs):
    """Write the patients as tables, compile the right-hand side, and start R."""
    folder = inputs.folder / "desolve"
    folder.mkdir(exist_ok=True)
    (folder / "rates.c").write_text(inputs.text("rates.c"), encoding="utf-8")
    flags = ("-O3", "-march=native", "-ffast-math", "-shared", "-fPIC")
    subprocess.run(["gcc", *flags, "-o", folder / "rates.so", folder / "rates.c", "-lm"], check=True)
    n, last = len(inputs.initial), inputs.visits[-1]
    patient = np.repeat(np.arange(n), np.diff(inputs.event_start))
    kept = inputs.event_day < last
    events = (patient, inputs.event_day, inputs.event_state, inputs.event_factor, inputs.event_amount)
    _write(folder / "events", np.stack([item[kept] for item in events], axis=1))
    _write(folder / "parameters", inputs.parameters)
    _write(folder / "initial", inputs.initial)
    _write(folder / "visits", inputs.visits[None])
    _write(folder / "scales", inputs.scales[None])
    process = subprocess.Popen(
        ["Rscript", str(HERE / "solve.R"), str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin
    assert process.stdout
    told = process.stdout.readline()
    if not told:
        raise SystemExit("R ended without a word")

    def solver(method: str):
        def solve(tolerance: float, rows: np.ndarray):
            _write(folder / "rows", rows[None].astype(float))
            process.stdin.write(f"{method} {tolerance!r}\n")
            process.stdin.flush()
            seconds = float(process.stdout.readline())
            found = np.fromfile(folder / "found").reshape(len(rows), len(inputs.visits), len(inputs.state_names))
            return found, seconds

        return solve

    return {method: solver(method) for method in METHODS}


def _write(path: Path, array: np.ndarray) -> None:
    """Write an array of two dimensions as R reads it: its shape, then its numbers, column after column."""
    with path.open("wb") as file:
        np.array(array.shape, dtype=float).tofile(file)
        np.ascontiguousarray(array.T, dtype=float).tofile(file)


if __name__ == "__main__":
    asked = 'cat(paste0("deSolve ", packageVersion("deSolve"), ", R ", getRversion()))'
    done = subprocess.run(["Rscript", "-e", asked], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"R has no deSolve: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else 'no R'}")
    serve(prepare, done.stdout, notes=["our generated right-hand side, by gcc"])
