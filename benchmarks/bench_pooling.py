"""Random-effects fits a second on one core: ours, many and one at a time, beside metafor and pimeta, in one run.

Every program fits the same made-up data sets by REML with Hartung and Knapp's test. A program that is not there is
left out, and the table says so. Processor seconds (threads, if any, add up); the median of three rounds.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from sciatrial.synthesis import Test, pool_effects, pool_many

N_SETS, N_STUDIES, ROUNDS, N_SINGLE, N_PEER = 5000, 10, 3, 500, 200
PIMETA = Path(__file__).parents[1] / ".venv-peers" / "metafor" / "bin" / "python"

ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

IN_R = """
suppressMessages(library(metafor)); options(warn = -1)
y <- as.matrix(read.csv("y.csv", header = FALSE)); v <- as.matrix(read.csv("v.csv", header = FALSE))
invisible(rma(y[1, ], v[1, ], test = "knha", control = list(maxiter = 1000, stepadj = 0.5)))
for (round in 1:3) {
  s <- sum(proc.time()[1:2])
  fit <- function(i) rma(y[i, ], v[i, ], test = "knha", control = list(maxiter = 1000, stepadj = 0.5))
  found <- sapply(seq_len(nrow(y)), function(i) fit(i)$tau2)
  cat(nrow(y) / (sum(proc.time()[1:2]) - s), mean(found), "\\n")
}
"""
IN_PIMETA = """
import numpy as np, pimeta, time
y, v = np.loadtxt("y.csv", delimiter=","), np.loadtxt("v.csv", delimiter=",")
for _ in range(3):
    start = time.process_time()
    found = [pimeta.rma(a.tolist(), b.tolist(), test="knha").tau2 for a, b in zip(y, v)]
    print(len(y) / (time.process_time() - start), np.mean(found))
"""


def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    v = rng.uniform(0.02, 0.3, (N_SETS, N_STUDIES))
    return rng.normal(-0.4, np.sqrt(0.1 + v)), v


def speed(run, n: int) -> float:
    """Return fits in a processor second: the median of the rounds."""
    speeds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        run()
        speeds.append(n / (time.process_time() - start))
    return float(np.median(speeds))


def peer(command: list[str], script: str, y: np.ndarray, v: np.ndarray) -> tuple[float, float]:
    """Return a peer's speed and its mean tau²."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "script").write_text(script, encoding="utf-8")
        np.savetxt(Path(folder) / "y.csv", y, delimiter=",")
        np.savetxt(Path(folder) / "v.csv", v, delimiter=",")
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, env=ONE_THREAD)
    rounds = np.array([line.split() for line in done.stdout.strip().splitlines()], float)
    return float(np.median(rounds[:, 0])), float(rounds[-1, 1])


def main() -> None:
    """Print and write the figures."""
    y, v = data()
    few = pool_many(y[:N_PEER], v[:N_PEER], test=Test.HARTUNG_KNAPP).heterogeneity.tau2.mean()
    rows = {
        "ours, many at a time": speed(lambda: pool_many(y, v, test=Test.HARTUNG_KNAPP), N_SETS),
        "ours, without intervals of tau²": speed(
            lambda: pool_many(y, v, test=Test.HARTUNG_KNAPP, intervals=False), N_SETS
        ),
        "ours, one at a time": speed(
            lambda: [pool_effects(a, b, test=Test.HARTUNG_KNAPP) for a, b in zip(y[:N_SINGLE], v, strict=False)],
            N_SINGLE,
        ),
    }
    left_out = {}
    scripts = {"metafor": IN_R, "pimeta": IN_PIMETA}
    commands = {
        "metafor": ["Rscript", "script"] if shutil.which("Rscript") else None,
        "pimeta": [str(PIMETA), "script"] if PIMETA.exists() else None,
    }
    for name, command in commands.items():
        if command is None:
            left_out[name] = "not installed"
            continue
        try:
            rows[name], tau2 = peer(command, scripts[name], y[:N_PEER], v[:N_PEER])
            print(f"{name}: mean tau² {tau2:.6f}, ours {few:.6f}")
        except (subprocess.CalledProcessError, ValueError, IndexError) as error:
            said = getattr(error, "stderr", "") or str(error)
            left_out[name] = f"failed: {said.strip().splitlines()[-1]}"
    ours = rows["ours, many at a time"]
    for name, value in rows.items():
        print(f"{name:<34} {value:>10.0f} fits/s   ours is {ours / value:.1f} times as fast")
    for name, reason in left_out.items():
        print(f"{name:<34} left out: {reason}")
    result = Path(__file__).parent / "results" / "pooling.json"
    told = {"studies": N_STUDIES, "fits_per_second": rows, "left_out": left_out, "python": sys.version.split()[0]}
    result.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
