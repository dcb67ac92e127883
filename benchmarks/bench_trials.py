"""Patient-level trials a second, patients being there: drawn from a pool, and every look analysed.

Four arms, 300 patients in all, five visits, stratified blocks, dropout, missed visits and rescue; analysis of
covariance, one look and three group-sequential looks with bounds at the information reached. The patients are made up:
speed does not depend on their scores. Budgets on 2 cores: 5,000 trials a second with one look, 3,000 with three; bounds
of a design in 2 ms. Beside them rpact, which draws test statistics and no patients, and refua-clinical, in an
environment of its own; a program that is not there is left out, and the table says so. Processor seconds of one
thread, the median of three rounds; ours also by the clock with two threads.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from benchmarks.bench_engine_peers import environment
from threadpoolctl import threadpool_limits

from sciatrial.clinic import Protocol
from sciatrial.statistics import (
    Sides,
    Spending,
    SpendingKind,
    bounds_at_many,
    bounds_at_realised_information,
    group_sequential_design,
)
from sciatrial.trial import Design, PatientPool, resample_trials
from sciatrial.trial.pool import settings_of_pool

ROUTE = "epidural_transforaminal"
HERE = Path(__file__).parent
N_TRIALS, ROUNDS, N_BOUNDS = 4_000, 3, 1_000

IN_R = """
suppressMessages(library(rpact))
speed <- function(n, run) median(sapply(1:3, function(round) {
  s <- sum(proc.time()[1:2]); run(); n / (sum(proc.time()[1:2]) - s)
}))
one <- getDesignGroupSequential(kMax = 1, alpha = 0.025, sided = 1)
looks <- c(0.4, 0.7, 1)
three <- getDesignGroupSequential(informationRates = looks, alpha = 0.025, sided = 1, typeOfDesign = "asOF")
inverse <- getDesignInverseNormal(informationRates = looks, alpha = 0.025, sided = 1, typeOfDesign = "asOF")
n <- 5000
means <- function(design, subjects) getSimulationMeans(design, alternative = 0.3, stDev = 1,
  plannedSubjects = round(subjects), maxNumberOfIterations = n, seed = 7)
cat("statistics, 2 arms, 1 look\\t", speed(n, function() means(one, 150)), "\\n", sep = "")
cat("statistics, 2 arms, 3 looks\\t", speed(n, function() means(three, 150 * looks)), "\\n", sep = "")
cat("statistics, 4 arms, 3 looks\\t", speed(1000, function() getSimulationMultiArmMeans(inverse, activeArms = 3,
  muMaxVector = 0.3, stDev = 1, plannedSubjects = c(30, 52, 75), maxNumberOfIterations = 1000, seed = 7)),
  "\\n", sep = "")
cat("bounds\\t", speed(200, function() for (k in 1:200) getDesignGroupSequential(
  informationRates = c(0.4 + k / 1e4, 0.7, 1), alpha = 0.05, sided = 2, typeOfDesign = "asOF")), "\\n", sep = "")
"""


def designs() -> dict[str, Design]:
    """Return the designs with one and with three looks."""
    cells = {"intervention": "cell_therapy", "cell_type": "bm_msc", "donor": "allogeneic", "route": ROUTE}
    words = {
        "arms": {
            "low": Protocol(**cells, dose_million_cells=10),
            "high": Protocol(**cells, dose_million_cells=40),
            "saline": Protocol(intervention="saline", route=ROUTE),
            "sham": Protocol(intervention="sham", route=ROUTE),
        },
        "n_total": 300,
        "visits_months": (1, 3, 6, 9, 12),
        "endpoint": {"outcome": "leg_pain", "month": 12},
        "comparisons": [{"arm": arm, "control": "sham"} for arm in ("low", "high", "saline")],
        "randomisation": {"strata": ["age_years>=50", "symptom_months>=12"]},
        "dropout_per_year": 0.15,
        "missing_visits": {"probability": 0.05},
        "rescue": {"score": "leg_pain", "above": 50},
    }
    looks = {"information": (0.4, 0.7), "deciding": {"arm": "high", "control": "sham"}}
    return {
        "1 look": Design.model_validate(words),
        "3 looks": Design.model_validate(words | {"accrual": {"per_month": 10}, "looks": looks}),
    }


def pool_of(design: Design) -> PatientPool:
    """Return made-up patients, fifty for each of a trial."""
    rng = np.random.default_rng(7)
    n, visits, arms = 50 * design.size, len(design.visits_months), len(design.arms)
    baseline = rng.normal(60, 12, n)
    scores = np.empty((arms, n, visits + 1))
    scores[:, :, 0] = baseline
    scores[:, :, 1:] = 20 + 0.6 * baseline[:, None] + rng.normal(0, 8, (n, 1)) + rng.normal(0, 8, (n, visits))
    scores[:2, :, 1:] -= 4
    rescued = np.zeros(scores.shape, dtype=bool)
    rescued[:, :, 2] = rng.random((arms, n)) < 0.2
    truth = np.array([-4.0, -4.0, 0.0])
    covariates = pd.DataFrame({"age_years": rng.normal(50, 9, n), "symptom_months": rng.uniform(3, 21, n)})
    return PatientPool(
        place=0, seed=7, window=design.size, arms=tuple(design.arms), visits_months=tuple(design.visits_months),
        outcome=str(design.endpoint.outcome), made_for=settings_of_pool(design), scores=scores, rescued=rescued,
        is_solved=np.ones((arms, n), dtype=bool), covariates=covariates, screening={}, truth=truth,
        truth_errors=np.zeros(3), own=truth, own_errors=np.zeros(3),
    )  # fmt: skip


def speed(run, n: int, clock=time.process_time) -> float:
    """Return how many are done in a second: the median of the rounds."""
    speeds = []
    for _ in range(ROUNDS):
        start = clock()
        run()
        speeds.append(n / (clock() - start))
    return float(np.median(speeds))


def ours() -> dict[str, float]:
    """Return our trials a second."""
    rows = {}
    for name, design in designs().items():
        pool = pool_of(design)

        def run(adjusted: bool, threads: int = 1, design=design, pool=pool) -> None:
            resample_trials(design, pool, count=N_TRIALS, adjusted=adjusted, threads=threads)

        run(False)
        rows[f"patients, 4 arms, {name}"] = speed(lambda run=run: run(False), N_TRIALS)
        clocked = speed(lambda run=run: run(False, 2), N_TRIALS, time.perf_counter)
        rows[f"patients, 4 arms, {name}, 2 threads by the clock"] = clocked
        rows[f"patients, 4 arms, {name}, estimates adjusted"] = speed(lambda run=run: run(True), N_TRIALS)
    return rows


def bounds() -> dict[str, float]:
    """Return milliseconds for the bounds of one design with three looks."""
    spending = Spending(SpendingKind.O_BRIEN_FLEMING_TYPE)
    plan = group_sequential_design([0.4, 0.7, 1.0], alpha=0.05, sides=Sides.TWO, efficacy=spending)
    information = np.tile([0.4, 0.7, 1.0], (N_BOUNDS, 1)) + np.arange(N_BOUNDS)[:, None] * 1e-5

    def designed() -> None:
        for k in range(200):
            group_sequential_design([0.4 + k / 1e4, 0.7, 1.0], alpha=0.05, sides=Sides.TWO, efficacy=spending)

    def alone() -> None:
        for row in information[:200]:
            bounds_at_realised_information(plan, row)

    return {
        "planned": 1e3 / speed(designed, 200),
        "at realised information, one at a time": 1e3 / speed(alone, 200),
        "at realised information, 1,000 at once": 1e3 / speed(lambda: bounds_at_many(plan, information), N_BOUNDS),
    }


def in_r() -> dict[str, float]:
    """Return what R says, nothing where it or rpact is not there."""
    if shutil.which("Rscript") is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "trials.R"
        script.write_text(IN_R, encoding="utf-8")
        done = subprocess.run(["Rscript", str(script)], capture_output=True, text=True, check=False)
    lines = [line.split("\t") for line in done.stdout.splitlines() if "\t" in line]
    return {name: float(value) for name, value in lines}


def in_refua() -> dict[str, float]:
    """Return refua-clinical's trials a second, nothing where it cannot be installed."""
    try:
        python = environment("refua_clinical")
    except (RuntimeError, subprocess.CalledProcessError) as error:
        print(f"refua-clinical is left out: {error}")
        return {}
    script = HERE / "peers" / "refua_clinical" / "run.py"
    done = subprocess.run([python, str(script)], capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"refua-clinical is left out: {done.stderr.strip().splitlines()[-1:]}")
        return {}
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Print and write the figures."""
    rows, milliseconds, rpact, refua = ours(), bounds(), in_r(), in_refua()
    if "bounds" in rpact:
        milliseconds["rpact, planned"] = 1e3 / rpact.pop("bounds")
    for name, value in rows.items():
        print(f"{name:<62} {value:>8.0f} trials/s")
    for program, table in (("rpact", rpact), ("refua-clinical", refua)):
        for name, value in table.items():
            print(f"{program + ', ' + name:<62} {value:>8.0f} trials/s")
        if not table:
            print(f"{program:<62} not there")
    for name, value in milliseconds.items():
        print(f"bounds of three looks, {name:<39} {value:>8.3f} ms")
    told = {
        "patients": 300, "visits": 5, "strata": 4, "dropout_per_year": 0.15, "missed_visits": 0.05,
        "trials_per_second": rows, "rpact_trials_per_second": rpact, "refua_clinical_trials_per_second": refua,
        "bounds_milliseconds": milliseconds,
    }  # fmt: skip
    path = HERE / "results" / "trials.json"
    path.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    with threadpool_limits(1):
        sys.exit(main())
