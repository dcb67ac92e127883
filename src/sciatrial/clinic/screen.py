"""Who may enrol: criteria on measured scores, and what each of them excludes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sciatrial.foundation import Score


@dataclass(frozen=True)
class Screening:
    """`is_eligible` (dims ``patient``) and, for each criterion, whom it excludes by itself (dims ``patient``)."""

    is_eligible: NDArray[np.bool_]
    turned_away: Mapping[str, NDArray[np.bool_]]

    @property
    def excluded(self) -> dict[str, int]:
        """How many each criterion excludes by itself."""
        return {criterion: int(whom.sum()) for criterion, whom in self.turned_away.items()}


def screen(scores: Mapping[Score, NDArray[np.float64]], eligible: Mapping[Score, tuple[float, float]]) -> Screening:
    """Apply eligibility criteria to measured scores.

    Parameters
    ----------
    scores
        Measured scores at screening; dims ``patient``. A score that is not a number excludes the patient.
    eligible
        Score → lowest and highest value that may enrol, both included.
    """
    size = len(next(iter(scores.values())))
    is_eligible = np.ones(size, dtype=bool)
    turned_away: dict[str, NDArray[np.bool_]] = {}
    for score, (low, high) in eligible.items():
        fits = (scores[score] >= low) & (scores[score] <= high)
        turned_away[f"{score} outside {low:g} to {high:g}"] = ~fits
        is_eligible &= fits
    return Screening(is_eligible, turned_away)
