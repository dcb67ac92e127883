"""Print how often trials that drop arms show one without effect, with errors: python -m tests.trial.arms_dropped"""

import sys
from dataclasses import dataclass

import numpy as np

from sciatrial.clinic import SCORES
from sciatrial.trial import Decision, Design
from sciatrial.trial.accrual import arrivals_of
from sciatrial.trial.arm_looks import looked_at_arms
from sciatrial.trial.conduct import allocate
from sciatrial.trial.conducted import ArmScores, Conducted, reassigned
from tests.trial.conftest import CELLS, SALINE

ARMS = {
    "one": CELLS,
    "two": CELLS.model_copy(update={"dose_million_cells": 40.0}),
    "three": CELLS.model_copy(update={"dose_million_cells": 80.0}),
    "control": SALINE,
}
WORDS = {
    "arms": ARMS, "n_total": 120, "visits_months": (3,), "endpoint": {"outcome": "leg_pain", "month": 3},
    "sides": "one_sided", "alpha": 0.025, "accrual": {"per_month": 10}, "looks": {"information": [0.5]},
}  # fmt: skip
PICK = {"multi_arm": {"most": [1]}}
CASES = {
    "best of three, Dunnett": PICK,
    "best of three, patients not recruited": {"multi_arm": {"most": [1], "freed": "not_recruited"}},
    "above z = 0 and within 1 of the best, Simes": {"multi_arm": {"above_z": [0], "within_z": [1], "test": "simes"}},
    "best two, then one, Pocock, first shown stops": {
        "multi_arm": {"most": [2, 1], "stop": "first_shown"},
        "looks": {"information": [0.35, 0.7], "spending": {"kind": "pocock"}},
    },
    "best of three, control twice as large, 16 % drop out": {
        **PICK, "allocation": {"one": 1, "two": 1, "three": 1, "control": 2}, "dropout_per_year": 0.5,
    },
}  # fmt: skip
TRUTHS = {
    "no arm has an effect": ((0.0, 0.0, 0.0), 0.0),
    "no arm has an effect, later patients do worse by up to 20 points": ((0.0, 0.0, 0.0), 20.0),
    "the first arm has one of 10 points": ((-10.0, 0.0, 0.0), 0.0),
}


@dataclass(frozen=True)
class People:
    """As many as there are, without covariates."""

    n: int

    def __len__(self):
        return self.n


def design_of(case):
    return Design.model_validate(WORDS | case)


def known_in_every_arm(design, seed, effects, drift=0.0):
    """Return an invented trial in which everybody is known in every arm; later patients do worse by `drift` in all."""
    generator = np.random.default_rng(seed)
    n = design.size
    baseline = generator.normal(60, 12, n)
    value = 20 + 0.6 * baseline + generator.normal(0, 12, n) + drift * np.arange(n) / n
    nobody = np.zeros((n, 2), dtype=bool)

    def arm(effect):
        scores = np.repeat(np.stack([baseline, value + effect], axis=1)[:, :, None], len(SCORES), axis=2)
        return ArmScores(scores, nobody, np.ones(n, dtype=bool))

    potential = dict(zip(design.arms, map(arm, (*effects, 0.0)), strict=True))
    assigned = allocate(design, n, seed)
    seen = np.ones((n, 2), dtype=bool)
    trial = Conducted(
        People(n), assigned, potential["control"].scores, nobody, seen[:, 0], seen, potential,
        arrivals=arrivals_of(design.accrual, n, seed),
    )  # fmt: skip
    return reassigned(design, trial, assigned, seed)


def simulated(design, effects, drift, n_trials, first=0):
    """Return what is shown of each arm, its estimate, whether it was kept, and whether its interval covers."""
    shown, estimate, kept, covered = [], [], [], []
    for start in range(first, first + n_trials, 250):
        seeds = list(range(start, min(start + 250, first + n_trials)))
        trials = [known_in_every_arm(design, seed, effects, drift) for seed in seeds]
        for _, found in looked_at_arms(design, design.multi_arm, trials, seeds):
            rows = found.contrasts
            shown.append((rows["decision"] == Decision.EFFICACY).to_numpy())
            kept.append(rows["decision"].isin([Decision.EFFICACY, Decision.ENDED]).to_numpy())
            estimate.append(rows["estimate"].to_numpy())
            truth = np.array(effects)
            covered.append(((rows["repeated_low"] <= truth) & (truth <= rows["repeated_high"])).to_numpy())
    return tuple(map(np.array, (shown, estimate, kept, covered)))


def main(n_trials):
    head = (
        "| design | truth | an arm without effect is shown | ± | all intervals cover | bias of the arms kept | trials |"
    )
    print(f"{head}\n|---|---|---|---|---|---|---|")  # noqa: T201
    for name, case in CASES.items():
        design = design_of(case)
        for truth, (effects, drift) in TRUTHS.items():
            shown, estimate, kept, covered = simulated(design, effects, drift, n_trials)
            error = shown[:, np.array(effects) == 0].any(axis=1).mean()
            bias = np.where(kept, estimate - np.array(effects), np.nan)
            print(  # noqa: T201
                f"| {name} | {truth} | {error:.4f} | {np.sqrt(error * (1 - error) / n_trials):.4f} | "
                f"{covered.all(axis=1).mean():.4f} | {np.nanmean(bias):.2f} | {n_trials} |",
                flush=True,
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4_000)
