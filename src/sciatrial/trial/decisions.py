"""Whether a trial's finding is the right one: what was shown beside what is true."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from sciatrial.trial.aims import SummaryMeasure

if TYPE_CHECKING:
    from sciatrial.trial.design import Design
    from sciatrial.trial.truth import Truth


class TrueEffect(StrEnum):
    """What a comparison's true effect calls for.

    ``matters``: a benefit above the minimal important change; right is to show it. ``none``: no benefit, or none that
    is larger than twice the Monte-Carlo error of the truth; right is to show nothing, or a harm that there is.
    ``between``: a benefit that does not matter; neither is wrong. ``unknown``: no minimal important change is planned
    with, or no truth was found.
    """

    MATTERS = "matters"
    NONE = "none"
    BETWEEN = "between"
    UNKNOWN = "unknown"


def true_effects(design: Design, truth: Truth) -> list[TrueEffect]:
    """Return what the true effect of each comparison calls for."""
    # an important change is one of scores: it says nothing of shares, odds and pairs
    is_of_means = design.estimand.summary_measure is SummaryMeasure.DIFFERENCE_IN_MEANS
    important = design.minimal_important_change if is_of_means else None
    return [
        _true_effect(design.benefit_sign * float(value), float(error), important)
        for value, error in zip(truth.values, truth.errors, strict=True)
    ]


def _true_effect(benefit: float, error: float, important: float | None) -> TrueEffect:
    if important is None or benefit != benefit:
        return TrueEffect.UNKNOWN
    if benefit > important:
        return TrueEffect.MATTERS
    return TrueEffect.NONE if benefit <= 2 * error else TrueEffect.BETWEEN
