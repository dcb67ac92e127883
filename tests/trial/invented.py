"""Invented patients who are known in every arm: for scripts and tests of trials whose course assigns patients."""

from dataclasses import dataclass

import numpy as np

from sciatrial.clinic import SCORES
from sciatrial.trial.accrual import arrivals_of
from sciatrial.trial.conducted import ArmScores, Conducted
from sciatrial.trial.time_trend import trend_points


@dataclass(frozen=True)
class InventedPatients:
    """As many patients as are asked for, of whom nothing is known but their places."""

    numbers: np.ndarray
    seed: int

    def __len__(self):
        return len(self.numbers)

    def only(self, kept):
        return InventedPatients(self.numbers[kept], self.seed)


def everybody(design, seed, *, effects=()):
    """Return a trial in which each patient is known in every arm, changed by `effects` points, one an arm."""
    generator = np.random.default_rng(seed)
    n, visits = design.size, len(design.visits_months)
    arrivals = arrivals_of(design.accrual, n, seed)
    trend = trend_points(design, arrivals.months)
    baseline = generator.normal(60, 12, n)
    values = 20 + 0.4 * baseline[:, None] + generator.normal(0, 9, (n, 1)) + generator.normal(0, 9, (n, visits))
    values += 0 if trend is None else trend[:, None]
    none = np.zeros((n, visits + 1), dtype=bool)
    potential = {}
    for place, arm in enumerate(design.arms):
        shown = values + (effects[place] if effects else 0.0)
        scores = np.repeat(np.concatenate([baseline[:, None], shown], axis=1)[:, :, None], len(SCORES), axis=2)
        potential[arm] = ArmScores(scores, none, np.ones(n, dtype=bool))
    first = next(iter(potential.values()))
    return Conducted(
        patients=InventedPatients(np.arange(n), seed),
        assigned=np.zeros(n, dtype=np.int64),
        scores=first.scores,
        rescued=none,
        is_solved=first.is_solved,
        is_observed=~none,
        potential=potential,
        arrivals=arrivals,
    )
