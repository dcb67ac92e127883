"""What each patient would show in each arm, and when: from which follows what a trial knows on a day of its course."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sciatrial.trial.calendar import known_endpoints
from sciatrial.trial.conduct import score_column
from sciatrial.trial.conducted import Conducted, randomised_months, reassigned, visit_months
from sciatrial.trial.design import Design
from sciatrial.trial.estimand import after_rescue, changes_of

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class KnownBy:
    """One visit of every patient of a trial, in every arm.

    Attributes
    ----------
    benefit
        Change from baseline as the estimand has it, positive where it is a benefit; NaN where it is never known (lost,
        missed); dims ``arm, patient``.
    baseline
        The endpoint's score at entry; dims ``patient``.
    arrived, seen
        Months of randomisation and of the visit, from the first site's opening; dims ``patient``.
    """

    benefit: Floats
    baseline: Floats
    arrived: Floats
    seen: Floats

    def known(self, arms: NDArray[np.int64], month: float) -> NDArray[np.int64]:
        """Return the patients, of the first ones that have the arms `arms`, whose visit is known by a month."""
        n = len(arms)
        value = self.benefit[arms, np.arange(n)]
        return np.flatnonzero(np.isfinite(value) & (self.seen[:n] <= month))


def known_by(design: Design, trial: Conducted, seed: int, month: float) -> KnownBy:
    """Return what there is to know of one visit.

    Parameters
    ----------
    design
        With accrual.
    trial
        Conducted with `every_arm`.
    seed
        Of its luck.
    month
        The visit, in months after randomisation.
    """
    occasion = 1 + design.visits_months.index(month)
    column = score_column(design.endpoint.outcome)
    n = len(trial.assigned)
    benefits = []
    for index in range(len(design.arms)):
        mine = reassigned(design, trial, np.full(n, index), seed)
        known = known_endpoints(design, mine)
        change = np.where(known, mine.scores[:, :, column] - mine.scores[:, :1, column], np.nan)
        change = changes_of(design.estimand, change, after_rescue(mine.rescued))[:, occasion]
        benefits.append(design.benefit_sign * np.where(known[:, occasion], change, np.nan))
    arrived = randomised_months(design, trial)
    seen = visit_months(trial, arrived, design.visits_months)[:, occasion]
    return KnownBy(np.stack(benefits), trial.scores[:, 0, column], arrived, seen)
