"""Type I error of borrowed controls in invented trials, beside the quadrature: python -m tests.trial.borrowing_error.

Scores are normal, so that the true control mean is known. Each row prints its Monte-Carlo error; nothing is claimed.
"""

from __future__ import annotations

from sys import argv, stdout

import numpy as np

from sciatrial.statistics import ArmErrors, success_by_drift
from sciatrial.trial import given_prior
from sciatrial.trial.arm_means import adjusted_means
from sciatrial.trial.borrowed import BORROWED, NOT_BORROWED, borrowed_rows
from tests.trial.conftest import invented_trial, small_design

# of `invented_trial`: the change is 20 − 0.4 × baseline with a mean baseline of 60
TRUE_CONTROL = -4.0
DRIFTS = (-6.0, 0.0, 6.0, -12.0, -3.0, 3.0, 12.0)


def rates(n_trials: int, drift: float, *, n_total: int = 80, analysis: str = "ancova") -> dict[str, float]:
    """Return shares of trials that show a benefit where there is none, their error and the quadrature's."""
    prior = [{"weight": 1, "mean": TRUE_CONTROL - drift, "sd": 3}]
    design = small_design(
        n_total=n_total, analysis=analysis, sides="one_sided",
        borrowing={"arm": "saline", "prior": prior, "patient_sd": 12, "robust_sd": 15},
    )  # fmt: skip
    given = given_prior(design.borrowing)
    shown = {BORROWED: 0, NOT_BORROWED: 0}
    covariances = []
    for seed in range(n_trials):
        trial = invented_trial(design, seed)
        rows = borrowed_rows(design, trial, given).set_index("analysis")["shown"]
        for name in shown:
            shown[name] += bool(rows[name])
        covariances.append(adjusted_means(design, trial, ("saline", "cells")).covariance)
    spread = np.mean(covariances, axis=0)
    # means of a whole trial move with its mean baseline too, which no prior knows
    moved = 0.4**2 * 12**2 / n_total
    errors = ArmErrors(spread[0, 0] + moved, spread[1, 1] + moved, spread[0, 1] + moved)
    expected = success_by_drift(given.mixture.negated(), errors, -drift, error=0.025)[0]
    share = {name: count / n_trials for name, count in shown.items()}
    error = {name: float(np.sqrt(value * (1 - value) / n_trials)) for name, value in share.items()}
    return {
        "drift": drift, "borrowed": share[BORROWED], "borrowed_error": error[BORROWED],
        "without": share[NOT_BORROWED], "without_error": error[NOT_BORROWED], "quadrature": float(expected),
    }  # fmt: skip


if __name__ == "__main__":
    for size in (40, 80):
        for value in DRIFTS:
            found = rates(int(argv[1]) if len(argv) > 1 else 4000, value, n_total=size)
            stdout.write(f"{size} " + " ".join(f"{name} {number:.4f}" for name, number in found.items()) + "\n")
