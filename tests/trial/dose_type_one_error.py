"""Print how often null trials show a dose response, with their errors: python -m tests.trial.dose_type_one_error"""

from collections.abc import Iterator

import numpy as np

from sciatrial.trial.dose_response import dose_findings
from tests.trial.conftest import invented_trial
from tests.trial.test_dose_finding import ASKED, dose_design

N_TRIALS = 2_000
SHAPES = [
    {"shape": "linear"}, {"shape": "emax", "half_dose": 10}, {"shape": "sigmoid_emax", "half_dose": 20, "hill": 3},
    {"shape": "exponential", "growth_dose": 40}, {"shape": "quadratic", "peak_dose": 60},
]  # fmt: skip
PLANS = {
    "ANCOVA, 4 arms of 10": {"n_total": 40},
    "ANCOVA, 4 arms of 40": {"n_total": 160},
    "ANCOVA, unequal arms, 160 patients, 25 % dropout a year": {
        "n_total": 160, "allocation": {"saline": 2, "high": 1, "low": 1, "cells": 1}, "dropout_per_year": 0.25,
    },
    "MMRM (Kenward-Roger), 4 arms of 20, 25 % dropout a year": {
        "n_total": 80, "dropout_per_year": 0.25, "analysis": "mmrm", "small_sample": "kenward_roger",
    },
}  # fmt: skip


def shares() -> Iterator[tuple[str, float]]:
    """Yield description, and share of null trials that show a dose response at a one-sided alpha of 0.025."""
    for name, words in PLANS.items():
        design = dose_design(dose_finding=ASKED | {"candidates": SHAPES, "n_resamples": 100}, **words)
        shown = [
            bool(dose_findings(design, invented_trial(design, seed), seed=seed).target["is_shown"].iloc[0])
            for seed in range(N_TRIALS)
        ]
        yield name, float(np.mean(shown))


if __name__ == "__main__":
    print("| null trials | alpha | shows a dose response | ± | trials |\n|---|---|---|---|---|")  # noqa: T201
    for name, share in shares():
        error = np.sqrt(share * (1 - share) / N_TRIALS)
        print(f"| {name} | 0.025 | {share:.4f} | {error:.4f} | {N_TRIALS} |", flush=True)  # noqa: T201
