"""Which shares of responders have a rule that can be applied to the scores of simulated patients.

Only words whose threshold is part of the word are here. `mcid_*` leaves its threshold to the paper, and
`responder_20pct_20mm_vas_or_20pct_odi` can be read in two ways: both stay descriptive, like all other words.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Measure(StrEnum):
    """The score that a responder rule looks at."""

    PAIN = "pain"
    DISABILITY = "disability"
    SF36 = "sf36"


@dataclass(frozen=True)
class Criterion:
    """One threshold, met at the visit; exactly one of the three numbers is given.

    `percent_better` is improvement in percent of the patient's baseline, `points_better` improvement in points of
    0 to 100, `at_most` the score itself on 0 to 100. Meeting the threshold exactly counts.
    """

    measure: Measure
    percent_better: float | None = None
    points_better: float | None = None
    at_most: float | None = None


@dataclass(frozen=True)
class ResponderRule:
    """A responder meets every criterion and, where the rule says so, has had no further intervention."""

    word: str
    criteria: tuple[Criterion, ...]
    needs_no_intervention: bool = False


def _percent(measure: Measure, *thresholds: float) -> tuple[ResponderRule, ...]:
    ending = {Measure.PAIN: "pain", Measure.DISABILITY: "odi", Measure.SF36: "sf36"}[measure]
    return tuple(
        ResponderRule(f"responder_{threshold:g}pct_{ending}", (Criterion(measure, percent_better=threshold),))
        for threshold in thresholds
    )


_HALF_PAIN_AND_HALF_DISABILITY = (
    Criterion(Measure.PAIN, percent_better=50),
    Criterion(Measure.DISABILITY, percent_better=50),
)

RESPONDER_RULES: dict[str, ResponderRule] = {
    rule.word: rule
    for rule in (
        *_percent(Measure.PAIN, 30, 50, 75),
        *_percent(Measure.DISABILITY, 30, 50, 75),
        *_percent(Measure.SF36, 30, 50, 75),
        ResponderRule("responder_50pct_pain_and_odi", _HALF_PAIN_AND_HALF_DISABILITY),
        ResponderRule("responder_50pct_pain_and_disability", _HALF_PAIN_AND_HALF_DISABILITY),
        ResponderRule(
            "composite_50pct_pain_15pt_odi_no_intervention",
            (Criterion(Measure.PAIN, percent_better=50), Criterion(Measure.DISABILITY, points_better=15)),
            needs_no_intervention=True,
        ),
        ResponderRule("vas20_or_less", (Criterion(Measure.PAIN, at_most=20),)),
        ResponderRule(
            "vas_2pt_and_odi_10pt",
            (Criterion(Measure.PAIN, points_better=20), Criterion(Measure.DISABILITY, points_better=10)),
        ),
        ResponderRule("responder_40pct_rmdq", (Criterion(Measure.DISABILITY, percent_better=40),)),
        # 3 of the 24 items
        ResponderRule("responder_rmdq_3pt", (Criterion(Measure.DISABILITY, points_better=3 * 100 / 24),)),
    )
}
