"""Print error and power of trials whose size is estimated anew, with errors: python -m tests.trial.sizes_reestimated"""

import sys

import numpy as np

from sciatrial.clinic import SCORES
from sciatrial.trial import Decision, Design
from sciatrial.trial.accrual import arrivals_of
from sciatrial.trial.conduct import allocate
from sciatrial.trial.conducted import Conducted
from sciatrial.trial.new_size import resized
from tests.trial.arms_dropped import People
from tests.trial.conftest import CELLS, SALINE

WORDS = {
    "arms": {"cells": CELLS, "saline": SALINE}, "n_total": 80, "visits_months": (3,), "sides": "one_sided",
    "endpoint": {"outcome": "leg_pain", "month": 3}, "accrual": {"per_month": 10}, "alpha": 0.025,
}  # fmt: skip
LOOK = {"looks": {"information": [0.5]}}
SPREAD = 12.0
CASES = {
    "promising zone from 20 %, combination": {
        **LOOK, "reestimation": {"kind": "promising_zone", "lowest": 0.2, "most": 160},
    },
    "promising zone from 50 %, ordinary statistic": {
        **LOOK,
        "reestimation": {"kind": "promising_zone", "lowest": 0.5, "target": 0.9, "most": 160, "test": "ordinary"},
    },
    "conditional power 80 %, 60 to 160 patients": {
        **LOOK, "reestimation": {"kind": "conditional_power", "least": 60, "most": 160},
    },
    "blinded, for 8 points": {
        "reestimation": {"kind": "blinded", "at_endpoints": 40, "effect": 8, "least": 60, "most": 160},
    },
}  # fmt: skip


def design_of(case):
    return Design.model_validate(WORDS | case)


def invented(design, seed, effect):
    """Return an invented trial with as many patients as there may be, the first arm's changed by `effect` points."""
    generator = np.random.default_rng(seed)
    n = design.most_patients
    baseline, assigned = generator.normal(60, 12, n), allocate(design, n, seed)
    value = 20 + 0.6 * baseline + generator.normal(0, SPREAD, n) + effect * (assigned == 0)
    scores = np.repeat(np.stack([baseline, value], axis=1)[:, :, None], len(SCORES), axis=2)
    seen = np.ones((n, 2), dtype=bool)
    return Conducted(
        NoCovariates(n), assigned, scores, ~seen, seen[:, 0], seen, {}, arrivals=arrivals_of(design.accrual, n, seed)
    )


class NoCovariates(People):
    """People of whom the first ones can be taken."""

    def only(self, rows):
        return NoCovariates(len(range(*rows.indices(self.n))))


def found(design, effect, n_trials, first=0):
    """Return whether each trial shows a benefit, its patients, and its two errors of estimation."""
    shown, size, naive, adjusted = [], [], [], []
    for start in range(first, first + n_trials, 250):
        seeds = range(start, min(start + 250, first + n_trials))
        trials = [invented(design, seed, effect) for seed in seeds]
        for _, mine in resized(design, design.reestimation, trials):
            row = mine.contrasts.iloc[0]
            shown.append(row["decision"] == Decision.EFFICACY)
            size.append(row["n_randomised"])
            naive.append(row["estimate"] - effect)
            adjusted.append(row["adjusted_estimate"] - effect)
    return tuple(map(np.array, (shown, size, naive, adjusted)))


def main(n_trials):
    head = ("error at no effect", "±", "power at −8 points", "±", "patients at 0, at −8", "bias, adjusted at −8")
    print(f"| design | {' | '.join(head)} | trials |")  # noqa: T201
    print("|---|---|---|---|---|---|---|---|")  # noqa: T201
    for name, case in CASES.items():
        design = design_of(case)
        told = []
        for effect in (0.0, -8.0):
            shown, size, naive, adjusted = found(design, effect, n_trials)
            share = shown.mean()
            told.append((share, np.sqrt(share * (1 - share) / n_trials), size.mean(), naive.mean(), adjusted.mean()))
        (error, error_se, n_null, _, _), (power, power_se, n_effect, bias, adjusted_bias) = told
        print(  # noqa: T201
            f"| {name} | {error:.4f} | {error_se:.4f} | {power:.3f} | {power_se:.3f} | {n_null:.0f}, {n_effect:.0f} | "
            f"{bias:.2f}, {adjusted_bias:.2f} | {n_trials} |",
            flush=True,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
