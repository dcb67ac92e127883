"""Streaming: patients a second and the most memory for a million patients and for ten, on one thread and on all.

Budget: memory that does not grow with the number of patients; 1.8 times the patients a second on two cores. Each run
is a process of its own, so that its memory is its own. ``--ten`` adds ten million patients.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.patients import VISITS, everybody

from sciatrial.engine import Crowd, falls_by, histogram, moments, prepare, responders, stream
from sciatrial.foundation import DAYS_PER_MONTH
from sciatrial.model import sciatica_model

OUTPUTS = ("leg_pain", "back_pain", "disability", "quality_of_life")
INTO = (
    moments,
    histogram("leg_pain", low=0, high=100, n_bins=1000),
    responders({"30 %": falls_by("leg_pain", 30), "50 %": falls_by("leg_pain", 50)}),
)


def one_run(n_patients: int, threads: int) -> dict[str, float]:
    """Follow patients; return patients a second, and MiB at the start and at most."""
    model = sciatica_model()
    people = everybody(model, n_draws=6, n_each=15)
    prepare(model)
    n = len(people)

    def source(first: int, stop: int) -> Crowd:
        """Return the same ten thousand people again and again, each time with parameters of their own."""
        rows = np.arange(first, stop) % n
        luck = np.random.default_rng([first]).normal(0, 0.05, (stop - first, len(model.parameters)))
        some = people.of(rows[: min(len(rows), n)])
        return Crowd(some.parameters * np.exp(luck), some.initial, some.events, some.rules)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = time.perf_counter()
    found = stream(model, source, n_patients=n_patients, times_days=VISITS, outputs=OUTPUTS, into=INTO, threads=threads)
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    month_12 = int(np.argmin(np.abs(VISITS - 12 * DAYS_PER_MONTH)))
    return {
        "n_patients": n_patients, "threads": threads, "per_second": n_patients / seconds, "mib_before": before,
        "mib_most": after, "unsolved": found.n_unsolved, "leg_pain_month_12": float(found.results[0].mean[month_12, 0]),
    }  # fmt: skip


def main() -> None:
    """Print the table."""
    if len(sys.argv) == 3:
        print(json.dumps(one_run(int(sys.argv[1]), int(sys.argv[2]))))
        return
    sizes = [(100_000, 1), (1_000_000, 1), (1_000_000, 2)] + ([(10_000_000, 2)] if "--ten" in sys.argv else [])
    print(f"{'patients':>10} {'threads':>7} {'a second':>9} {'MiB before':>10} {'at most':>8} {'unsolved':>8}")
    speed = {}
    for n_patients, threads in sizes:
        done = subprocess.run(
            [sys.executable, __file__, str(n_patients), str(threads)], capture_output=True, text=True, check=True
        )
        row = json.loads(done.stdout)
        speed[n_patients, threads] = row["per_second"]
        print(
            f"{n_patients:>10} {threads:>7} {row['per_second']:>9.0f} {row['mib_before']:>10.0f} "
            f"{row['mib_most']:>8.0f} {row['unsolved']:>8}",
            flush=True,
        )
    print(f"two threads: {speed[1_000_000, 2] / speed[1_000_000, 1]:.2f} times one")


if __name__ == "__main__":
    main()
