"""Our engine beside other programs: the same model, patients, events and visits, at equal accuracy, in one run.

Every engine works in a process, and every peer in an environment, of its own. Each solver of an engine is tried at
falling tolerances until the largest error of any output at any visit is below `LARGEST_ERROR`; the fastest solver is
kept, and all engines are then timed in turn, several times, in processor seconds on one core. Writes
``results/engine.json`` and a plot; exits with 1 when a peer of `REQUIRED` did not run. With names of engines as
arguments it looks at those only, and writes beside its inputs.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks import model_sources
from benchmarks.patients import VISITS, Everybody, everybody, relative_errors, simulated
from benchmarks.plot_engine_peers import plot
from numpy.typing import NDArray

from sciatrial.engine import Trajectories
from sciatrial.exchange import reference_case, to_sbml
from sciatrial.foundation import Cause
from sciatrial.model import sciatica_model

HERE = Path(__file__).parent

INPUTS, RESULTS, ENVIRONMENTS = HERE.parent / "build" / "bench", HERE / "results", HERE.parent / ".venv-peers"
LARGEST_ERROR = 1e-3
TOLERANCES = tuple(digit * 10.0**power for power in range(-2, -9, -1) for digit in (1, 0.5, 0.2))
FIRST_TRIED = TOLERANCES.index(1e-3)
N_DRAWS, N_EACH = 6, 15
MOST_UNSOLVED = 0.01
MOST_EACH_TIMED = 30  # patients of each cause and treatment: results of some 30 MB
FEW = 2  # patients of each cause and treatment on whom solvers are compared
SECONDS_TRYING, SECONDS_CHECKING, SECONDS_TIMING, ROUNDS = 30.0, 10.0, 1.0, 5
REQUIRED = ("numbalsoda_generated", "pydiffsol", "libroadrunner", "amici", "diffrax")
# one core for everybody
ONE_THREAD = {
    "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}  # fmt: skip


@dataclass(frozen=True)
class Engine:
    """A row of the table: the folder of its program, its solvers there (all, when none is named), and what it is."""

    name: str
    folder: str
    solvers: tuple[str, ...] = ()
    precision: str = "double"
    is_ready_made: bool = False


ENGINES = (
    Engine("sciatrial_f64", "sciatrial", ("f64",)),
    Engine("sciatrial_f32", "sciatrial", ("f32",), "single"),
    Engine("sciatrial_scalar", "sciatrial", ("scalar",)),
    Engine("ceiling", "ceiling", ("f64",)),
    Engine("ceiling_f32", "ceiling", ("f32",), "single"),
    Engine("numbalsoda_generated", "numbalsoda"),
    Engine("pydiffsol", "pydiffsol", is_ready_made=True),
    Engine("libroadrunner", "libroadrunner", is_ready_made=True),
    Engine("amici", "amici", is_ready_made=True),
    Engine("desolve", "desolve", is_ready_made=True),
    Engine("scipy", "scipy", is_ready_made=True),
    Engine("diffrax", "diffrax", is_ready_made=True),
)


@dataclass(frozen=True)
class Setting:
    """A solver at a tolerance: its largest error on some patients, and how many it solved in a second."""

    solver: str
    tolerance: float
    error: float
    patients: int
    unsolved: int
    speed: float


@dataclass
class Found:
    """What is known of an engine so far."""

    engine: Engine
    version: str = ""
    first_result: float = float("nan")
    setting: Setting | None = None
    on_few: Setting | None = None
    tried: list[Setting] = field(default_factory=list)
    speeds: list[float] = field(default_factory=list)
    speeds_on_few: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def speed(self) -> float:
        """Patients a second on one core: the median of the rounds."""
        return float(np.median(self.speeds)) if self.speeds else float("nan")

    @property
    def speed_on_few(self) -> float:
        """The same, at the tolerance that was enough for the few."""
        return float(np.median(self.speeds_on_few)) if self.speeds_on_few else self.speed


class Worker:
    """A program that runs one engine; see ``peers/worker.py``."""

    def __init__(self, engine: Engine, python: str) -> None:
        self.start = time.perf_counter()
        self.complaints = (INPUTS / f"{engine.name}.log").open("w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [python, str(HERE / "peers" / engine.folder / "run.py"), str(INPUTS)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.complaints, text=True,
            env={**os.environ, **ONE_THREAD, "XDG_CACHE_HOME": str(INPUTS / f"cache_{engine.name}")},
        )  # fmt: skip
        self.told = self._answer()

    def _answer(self) -> dict[str, Any]:
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line:
            self.complaints.seek(0)
            lines = self.complaints.read().strip().splitlines()
            raise RuntimeError(lines[-1] if lines else "it ended without a word")
        return json.loads(line)

    def run(
        self, solver: str, tolerance: float, rows: NDArray[np.int64], *, save: Path | None = None, seconds: float = 0.0
    ) -> dict[str, Any]:
        """Return processor seconds and how many patients could not be solved."""
        order = {
            "solver": solver, "tolerance": tolerance, "rows": rows.tolist(), "save": str(save) if save else None,
            "seconds": seconds,
        }  # fmt: skip
        assert self.process.stdin
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End the program."""
        if self.process.stdin:
            self.process.stdin.close()
        self.process.wait()
        self.complaints.close()


def environment(folder: str) -> str:
    """Return the Python of a peer's environment, made and filled when its requirements are new."""
    wanted = HERE / "peers" / folder / "requirements.txt"
    if not wanted.exists():
        return sys.executable
    place = ENVIRONMENTS / f"bench-{folder}"
    python, stamp = place / "bin" / "python", place / "installed.txt"
    if not (stamp.exists() and stamp.read_text(encoding="utf-8") == wanted.read_text(encoding="utf-8")):
        print(f"installing {folder} ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(wanted)]
        done = subprocess.run(install, capture_output=True, text=True, check=False)
        if done.returncode:
            told = [line for line in (done.stdout + done.stderr).splitlines() if "rror" in line]
            raise RuntimeError(f"could not be installed: {told[-1] if told else done.returncode}")
        stamp.write_text(wanted.read_text(encoding="utf-8"), encoding="utf-8")
    return str(python)


def write_inputs(people: Everybody) -> None:
    """Write patients and the model in every language, for the workers."""
    model, events = people.model, people.events
    shutil.rmtree(INPUTS, ignore_errors=True)  # nothing that was compiled before, so that first results are honest
    INPUTS.mkdir(parents=True)
    order = np.lexsort((np.arange(len(events)), events.day, events.patient))
    np.savez(
        INPUTS / "patients.npz", parameters=people.parameters, initial=people.initial, visits=VISITS,
        event_start=np.searchsorted(events.patient[order], np.arange(len(people) + 1)), event_day=events.day[order],
        event_state=events.state[order], event_factor=events.factor[order], event_amount=events.amount[order],
    )  # fmt: skip
    words = {
        "states": model.state_names, "parameters": model.parameter_names, "n_outputs": len(model.outputs),
        "scales": [state.scale for state in model.states],
    }  # fmt: skip
    one = replace(reference_case(Cause.HERNIATION), changes=())  # each patient's numbers are set afterwards
    texts = {
        "model.json": json.dumps(words), "model.xml": to_sbml(one), "kernels.py": model_sources.numba_source(model),
        "rates.diffsl": model_sources.diffsl_source(model), "rates_jax.py": model_sources.jax_source(model),
        "rates.c": model_sources.scalar_c_source(model),
    }  # fmt: skip
    driver = (HERE / "peers" / "ceiling" / "lanes.c").read_text(encoding="utf-8")
    for name, lanes, is_double in (("f64", 8, True), ("f32", 16, False)):
        written = model_sources.ceiling_source(model, driver, lanes=lanes, is_double=is_double)
        (INPUTS / f"ceiling_{name}").mkdir(exist_ok=True)
        texts |= dict(zip((f"ceiling_{name}/lanes.c", f"ceiling_{name}/kernels.h"), written, strict=True))
    for name, text in texts.items():
        (INPUTS / name).write_text(text, encoding="utf-8")


def spread(people: Everybody, n_each: int) -> NDArray[np.int64]:
    """Return rows of `n_each` patients of every cause and treatment, from first to last draw."""
    found = []
    for cause in np.unique(people.cause):
        for treatment in np.unique(people.treatment):
            rows = np.flatnonzero((people.cause == cause) & (people.treatment == treatment))
            found.append(rows[np.linspace(0, len(rows) - 1, n_each).round().astype(int)])
    return np.sort(np.concatenate(found))


def of_rows(run: Trajectories, rows: NDArray[np.int64]) -> Trajectories:
    """Return what a run holds of some patients."""
    return replace(run, values=run.values[rows])


@dataclass(frozen=True)
class Judge:
    """Measures errors: the same outputs at the same visits for everybody."""

    people: Everybody
    reference: Trajectories

    def outputs(self, rows: NDArray[np.int64], states: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return all outputs from states; dims ``patient, visit, output``."""
        model = self.people.model
        values: dict[str, Any] = {name: states[:, :, place] for place, name in enumerate(model.state_names)}
        values |= {
            name: self.people.parameters[rows, place][:, None] for place, name in enumerate(model.parameter_names)
        }
        with np.errstate(all="ignore"):  # a solver that fails may leave any numbers
            values |= model.evaluate(values)
        return np.stack([np.broadcast_to(values[item.name], states.shape[:2]) for item in model.outputs], axis=2)

    def error(self, rows: NDArray[np.int64], found: NDArray[np.float64], gives: str) -> float:
        """Return the largest error over the patients who were solved."""
        values = self.outputs(rows, found) if gives == "states" else found
        reference = of_rows(self.reference, rows)
        with np.errstate(all="ignore"):
            errors = relative_errors(self.people, replace(reference, values=values), reference)
        return float(np.nanmax(errors, initial=0.0))


def measured(judge: Judge, worker: Worker, solver: str, tolerance: float, rows: NDArray[np.int64]) -> Setting:
    """Run a solver once; patients left unsolved count as an error that is too large."""
    with tempfile.TemporaryDirectory() as folder:
        answer = worker.run(solver, tolerance, rows, save=Path(folder) / "found.npy")
        found = np.load(Path(folder) / "found.npy")
    error = judge.error(rows, found, worker.told["gives"])
    return Setting(solver, tolerance, error, len(rows), answer["unsolved"], len(rows) / max(answer["seconds"], 1e-9))


def is_good(setting: Setting) -> bool:
    """Return whether it solved all, or all but a few, and those accurately enough."""
    return setting.error < LARGEST_ERROR and setting.unsolved <= MOST_UNSOLVED * setting.patients


def loosest(judge: Judge, worker: Worker, solver: str, rows: NDArray[np.int64], tried: list[Setting]) -> Setting | None:
    """Return a solver at its loosest tolerance that is accurate enough.

    None when it takes too long to find, or when the solver is already slower than one that is accurate enough: at
    tighter tolerances it would be slower still.
    """
    to_beat = max((item.speed for item in tried if is_good(item)), default=0.0)
    place, step, best, spent = FIRST_TRIED, 0, None, 0.0
    while 0 <= place < len(TOLERANCES) and spent < SECONDS_TRYING:
        now = measured(judge, worker, solver, TOLERANCES[place], rows)
        tried.append(now)
        spent += len(rows) / now.speed
        print(f"    {told(now)}", flush=True)
        is_hopeless = now.unsolved > 0.1 * len(rows) and now.tolerance < 1e-4
        if not is_good(now) and (step < 0 or now.speed < 0.9 * to_beat or is_hopeless):
            return best
        if is_good(now):
            best = now
            if step > 0:
                return best
        step = step or (-1 if is_good(now) else 1)
        place += step
    return best


def told(setting: Setting) -> str:
    """Return a setting in words."""
    unsolved = f", {setting.unsolved} unsolved" if setting.unsolved else ""
    return (
        f"{setting.solver:<17} {setting.tolerance:g}: error {setting.error:.1e} over {setting.patients} patients"
        f"{unsolved}, {setting.speed:,.0f}/s"
    )


def explored(judge: Judge, engine: Engine, worker: Worker, found: Found) -> None:
    """Find an engine's best solver on a few patients, then its tolerance on as many as its speed allows."""
    few = spread(judge.people, FEW)
    solvers = engine.solvers or worker.told["solvers"]
    worker.run(solvers[0], 1e-4, few[:1])
    found.first_result = time.perf_counter() - worker.start
    for solver in solvers:
        worker.run(solver, 1e-4, few[:1])
    good = [item for solver in solvers if (item := loosest(judge, worker, solver, few, found.tried)) is not None]
    if not good:
        raise RuntimeError("no solver was accurate enough in time")
    best = max(good, key=lambda item: item.speed)
    found.on_few = best
    many = int(best.speed * SECONDS_CHECKING)
    n_each = next((n for n in (N_DRAWS * N_EACH, 30, 10, 4) if n * len(few) // FEW <= many), FEW)
    rows = spread(judge.people, n_each)
    for tolerance in [item for item in TOLERANCES if item <= best.tolerance]:
        best = measured(judge, worker, best.solver, tolerance, rows)
        print(f"    {told(best)}", flush=True)
        if is_good(best):
            found.setting = best
            return
    raise RuntimeError("accurate enough on a few patients, but on no larger number at any tolerance")


def timed(people: Everybody, ready: Sequence[tuple[Found, Worker]]) -> None:
    """Time all engines in turn, several times."""
    pairs = len(spread(people, 1))

    def speed(worker: Worker, setting: Setting) -> float:
        n_each = int(setting.speed * SECONDS_TIMING / pairs)
        rows = spread(people, min(max(n_each, 1), MOST_EACH_TIMED))
        return len(rows) / worker.run(setting.solver, setting.tolerance, rows, seconds=SECONDS_TIMING)["seconds"]

    for _ in range(ROUNDS):
        for found, worker in ready:
            assert found.setting
            assert found.on_few
            found.speeds.append(speed(worker, found.setting))
            if found.on_few.tolerance != found.setting.tolerance:
                found.speeds_on_few.append(speed(worker, found.on_few))


def rows_of(all_found: Sequence[Found]) -> list[dict[str, Any]]:
    """Return the rows of the table."""
    ours = next(item.speed for item in all_found if item.engine.name == "sciatrial_f64")
    rows = []
    for item in all_found:
        setting = item.setting
        ran = bool(item.speeds) and setting is not None
        rows.append(
            {
                "engine": item.engine.name, "precision": item.engine.precision,
                "patients_per_second_per_core": round(item.speed, 1) if ran else None,
                "max_relative_error": setting.error if ran and setting else None,
                "tolerance": setting.tolerance if setting else None, "solver": setting.solver if setting else "",
                "patients": setting.patients if setting else 0, "version": item.version,
                "is_ready_made": item.engine.is_ready_made,
                "seconds_to_first_result": round(item.first_result, 2) if np.isfinite(item.first_result) else None,
                "slowest_and_fastest_round": [round(min(item.speeds)), round(max(item.speeds))] if ran else None,
                "unsolved": setting.unsolved if setting else None,
                "on_few_patients": asdict(replace(item.on_few, speed=round(item.speed_on_few, 1))) if ran else None,
                "ours_is_faster_by": round(ours / item.speed, 2) if ran else None,
                "note": "; ".join(item.notes),
            }
        )  # fmt: skip
    return rows


def targets(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the ratios that were promised, what they are, and what they are where few patients set the tolerance."""
    ran = {row["engine"]: row for row in rows if row["patients_per_second_per_core"]}

    def speed(name: str, *, on_few: bool) -> float:
        if name not in ran:
            return float("nan")
        row = ran[name]
        return row["on_few_patients"]["speed"] if on_few else row["patients_per_second_per_core"]

    def best(*, on_few: bool) -> str:
        ready_made = [name for name, row in ran.items() if row["is_ready_made"]]
        return max(ready_made, key=lambda name: speed(name, on_few=on_few), default="no peer")

    def ratio(words: str, above: str, below: dict[bool, str], target: float) -> dict[str, Any]:
        now = {few: speed(above, on_few=few) / speed(below[few], on_few=few) for few in (False, True)}
        found = {few: None if np.isnan(value) else round(value, 3) for few, value in now.items()}
        return {"ratio": words, "is": found[False], "is_on_few": found[True], "target": target}

    peer = {few: best(on_few=few) for few in (False, True)}
    return [
        ratio(f"double / best peer ({peer[False]}; on few {peer[True]})", "sciatrial_f64", peer, 30.0),
        ratio(
            "double / numbalsoda with our right-hand side", "sciatrial_f64",
            dict.fromkeys((False, True), "numbalsoda_generated"), 25.0,
        ),
        ratio("single / double", "sciatrial_f32", dict.fromkeys((False, True), "sciatrial_f64"), 1.8),
        ratio("double / ceiling", "sciatrial_f64", dict.fromkeys((False, True), "ceiling"), 0.85),
    ]  # fmt: skip


def show(rows: Sequence[Mapping[str, Any]], ratios: Sequence[Mapping[str, Any]]) -> None:
    """Print the table."""
    print(
        f"\n{'engine':<22}{'solver':<18}{'tolerance':>10}{'max error':>11}{'patients':>9}{'per s and core':>15}"
        f"{'ours is':>9}{'first':>8}"
    )
    for row in rows:
        if row["patients_per_second_per_core"] is None:
            print(f"{row['engine']:<22}did not run: {row['note']}")
            continue
        print(
            f"{row['engine']:<22}{row['solver']:<18}{row['tolerance']:>10g}{row['max_relative_error']:>11.1e}"
            f"{row['patients']:>9}{row['patients_per_second_per_core']:>15,.0f}{row['ours_is_faster_by']:>8.1f}x"
            f"{row['seconds_to_first_result']:>6.1f} s"
        )
    print()
    for item in ratios:
        if item["is"] is None:
            print(f"{item['ratio']:<60} not measured, target {item['target']:g}")
            continue
        word = "met" if item["is"] >= item["target"] else "missed"
        print(
            f"{item['ratio']:<60}{item['is']:>8.2f}, target {item['target']:g}: {word} by "
            f"{abs(item['is'] / item['target'] - 1):.0%}; {item['is_on_few']:.2f} where few patients set the tolerances"
        )


def main() -> int:
    """Run everything; return the exit code."""
    model = sciatica_model()
    drawn = everybody(model, n_draws=N_DRAWS, n_each=N_EACH)
    people = drawn.with_decisions_of(simulated(drawn, 1e-10, max_steps=200_000))
    judge = Judge(people, simulated(people, 1e-11, max_steps=200_000))
    write_inputs(people)
    folder = INPUTS if sys.argv[1:] else RESULTS  # some engines only: a look, not a result
    folder.mkdir(exist_ok=True)
    print(f"{len(people)} patients, {len(VISITS)} visits in two years, {len(people.events)} events", flush=True)
    chosen = [engine for engine in ENGINES if not sys.argv[1:] or engine.name in sys.argv[1:]]
    all_found, ready = [], []
    for engine in chosen:
        print(f"== {engine.name}", flush=True)
        found = Found(engine)
        all_found.append(found)
        try:
            worker = Worker(engine, environment(engine.folder))
            found.version, found.notes = worker.told["version"], worker.told["notes"]
            explored(judge, engine, worker, found)
            ready.append((found, worker))
        except (RuntimeError, OSError, ValueError, subprocess.SubprocessError) as error:
            found.notes.append(str(error)[:300])
            print(f"    did not run: {error}", flush=True)
    timed(people, ready)
    for _, worker in ready:
        worker.close()
    rows = rows_of(all_found)
    ratios = targets(rows)
    show(rows, ratios)
    (folder / "engine.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    plot(rows, folder)
    missing = [row["engine"] for row in rows if row["engine"] in REQUIRED and not row["patients_per_second_per_core"]]
    if missing:
        print(f"\nrequired, but did not run: {', '.join(missing)}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
