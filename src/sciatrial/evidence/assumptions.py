"""What must be assumed to turn a printed number into an estimate with a standard error: all of it here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import pandas as pd

from sciatrial.foundation import EvidenceError, FigureFrom, Problem


def _doubt() -> Mapping[str, float]:
    return {FigureFrom.PAPER: 1.0, FigureFrom.REGISTRY: 1.0, FigureFrom.REVIEW: 1.15, FigureFrom.PRESS: 1.5}


@dataclass(frozen=True)
class Assumptions:
    """Choices that no table settles. Each is printed with every result and can be varied.

    Parameters
    ----------
    correlation_before_after
        Of a patient's score before and after, -1 to 1; gives the SD of a change from two SDs.
    correlation_over_visits, correlation_over_outcomes
        Of the sampling errors of two visits, and of two outcomes, of one arm, 0 to below 1. Never 0 by silence.
    dropout_per_year
        Share of the assigned who are no longer seen after a year, 0 to below 1, where the arm does not say.
    predicted_sd_factor
        What a predicted SD is multiplied with, above 0, to see how far an answer hangs on it.
    standard_error_factor
        By `figure_from`: what a standard error is multiplied with, 1 or more, since somebody else's table or the press
        says less than the paper.
    share_total
        Give the arms of a randomised study that tell no number of patients equal shares of what its total leaves.
    fill_both
        Use a row that prints neither n nor spread, both filled in; without it such a row gives nothing.
    use_medians
        Turn medians with quartiles that are not skewed into means.
    use_percent_changes
        Multiply a percent change with the mean baseline.
    """

    correlation_before_after: float = 0.5
    correlation_over_visits: float = 0.6
    correlation_over_outcomes: float = 0.4
    dropout_per_year: float = 0.14
    predicted_sd_factor: float = 1.0
    standard_error_factor: Mapping[str, float] = field(default_factory=_doubt)
    share_total: bool = False
    fill_both: bool = True
    use_medians: bool = True
    use_percent_changes: bool = True

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises
        ------
        EvidenceError
            With every number outside its range.
        """
        problems = []
        for name, low, high in _RANGES:
            value = getattr(self, name)
            if not low <= value < high and not (value == high == 1 and name == "correlation_before_after"):
                problems.append(Problem(name, f"is {value:g}", f"{low:g} to {high:g}", "choose a number in the range"))
        if not self.predicted_sd_factor > 0:
            problems.append(Problem("predicted_sd_factor", f"is {self.predicted_sd_factor:g}", "above 0"))
        for word, factor in self.standard_error_factor.items():
            if factor < 1:
                what = f"is {factor:g} for {word}"
                problems.append(Problem("standard_error_factor", what, "1 or more", "a source can only lessen trust"))
        if missing := [str(word) for word in FigureFrom if word not in self.standard_error_factor]:
            problems.append(Problem("standard_error_factor", f"lacks {', '.join(missing)}", "a factor for every word"))
        if problems:
            raise EvidenceError("assumptions", problems)

    def table(self) -> pd.DataFrame:
        """Return every assumption, its value, why, and the values that a sensitivity analysis should try."""
        rows = []
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, Mapping):
                value = ", ".join(f"{word} {factor:g}" for word, factor in value.items())
            elif isinstance(value, bool):
                value = "yes" if value else "no"
            why, others = _WHY[item.name]
            rows.append({"assumption": item.name, "value": str(value), "why": why, "vary": others})
        return pd.DataFrame(rows)


_RANGES = (
    ("correlation_before_after", -1.0, 1.0),
    ("correlation_over_visits", 0.0, 1.0),
    ("correlation_over_outcomes", 0.0, 1.0),
    ("dropout_per_year", 0.0, 1.0),
)
_WHY = {
    "correlation_before_after": (
        "assumption: no study prints it; at 0.5 a change varies as much between patients as a score does", "0.3, 0.7"),
    "correlation_over_visits": (
        "assumption: patients keep their rank from visit to visit", "0.3, 0.8, in effects over time"),
    "correlation_over_outcomes": (
        "assumption: pain and disability of one arm move together in part", "0.2, 0.6, where they are pooled together"),
    "dropout_per_year": ("facts.csv, followup_1y: 86 percent with acute sciatica were seen at one year", "0, 0.3"),
    "predicted_sd_factor": ("1: as predicted from the studies that print an SD", "0.7, 1.4"),
    "standard_error_factor": ("assumption: reviews and press copy, round and select", "1 for all"),
    "share_total": ("randomised arms are mostly of one size, but a table that does not say it is no source", "yes"),
    "fill_both": ("the assigned less dropout and a predicted spread are each better than no row", "no"),
    "use_medians": ("Luo 2018 and Wan 2014; only where Shi's test does not speak against symmetry", "no"),
    "use_percent_changes": ("assumption: the percent change of the mean is the mean percent change", "no"),
}  # fmt: skip
