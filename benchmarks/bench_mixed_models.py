"""Mixed models for repeated measures a second on one thread: fits, Satterthwaite's degrees of freedom and tests.

Made-up trials of 200 patients, 4 visits and 15 % missing outcomes at single visits; unstructured covariance, REML.
Budget: 1,000 fits a second. Processor seconds of one thread; the median of three rounds.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from sciatrial.statistics import (
    SmallSample,
    fit_ancova,
    fit_mixed_models,
    fit_repeated_measures,
    treatment_differences,
)

N_TRIALS, N_PATIENTS, N_SINGLE, N_FREE, ROUNDS, MISSING = 2000, 200, 100, 256, 3, 0.15


def data() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return change (trial, patient, visit), arms (patient) and baseline (trial, patient)."""
    rng = np.random.default_rng(7)
    baseline = rng.normal(60.0, 12.0, (N_TRIALS, N_PATIENTS))
    arms = np.arange(N_PATIENTS) % 2
    covariance = 100 * (0.4 + 0.6 * 0.7 ** np.abs(np.subtract.outer(range(4), range(4))))
    error = rng.multivariate_normal(np.zeros(4), covariance, baseline.shape)
    change = -0.5 * (baseline[..., None] - 60) - arms[:, None] * np.array([2.0, 4.0, 5.0, 6.0]) + error
    change[rng.random(change.shape) < MISSING] = np.nan
    return change, arms, baseline


def speed(run, n: int) -> float:
    """Return fits in a processor second: the median of the rounds."""
    speeds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        run()
        speeds.append(n / (time.process_time() - start))
    return float(np.median(speeds))


def main() -> None:
    """Print and write the figures."""
    change, arms, baseline = data()
    covariates = np.stack([np.ones_like(baseline), np.broadcast_to(arms, baseline.shape), baseline], axis=-1)[:N_FREE]
    design = np.einsum("tpz,vw->tpvwz", covariates, np.eye(4)).reshape(N_FREE, N_PATIENTS, 4, 12)

    def many(small_sample: SmallSample) -> object:
        return treatment_differences(fit_repeated_measures(change, arms, baseline, small_sample=small_sample))

    def single() -> None:
        for trial in range(N_SINGLE):
            treatment_differences(fit_repeated_measures(change[trial], arms, baseline[trial]))

    # the first call loads what the others share
    fits = fit_repeated_measures(change[:64], arms, baseline[:64]).fits
    rows = {
        "many at a time, Satterthwaite": speed(lambda: many(SmallSample.SATTERTHWAITE), N_TRIALS),
        "many at a time, Kenward and Roger": speed(lambda: many(SmallSample.KENWARD_ROGER), N_TRIALS),
        "many at a time, any design": speed(lambda: fit_mixed_models(change[:N_FREE], design), N_FREE),
        "one at a time, Satterthwaite": speed(single, N_SINGLE),
        "analysis of covariance of one visit": speed(lambda: fit_ancova(change[..., 3], arms, baseline), N_TRIALS),
    }
    for name, value in rows.items():
        print(f"{name:<36} {value:>8.0f} fits/s")
    told = {
        "patients": N_PATIENTS,
        "visits": 4,
        "missing": MISSING,
        "threads": 1,
        "likelihoods_a_fit": float(fits.n_steps.mean()),
        "fits_per_second": rows,
        "python": sys.version.split()[0],
    }
    result = Path(__file__).parent / "results" / "mixed_models.json"
    result.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
