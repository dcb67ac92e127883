"""How far patients differ where a study does not say: a predictive SD by outcome and time, from the studies that do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import exp, isnan, log, sqrt
from typing import Any

import pandas as pd

from sciatrial.evidence.instruments import INSTRUMENTS, Scaling
from sciatrial.evidence.published import Evidence
from sciatrial.foundation import Outcome, SpreadKind, Statistic

# assumption: the SD of baseline scores of at least 20 patients is not below 6 points of 100; if it is printed so,
# it is suspected to be a standard error (see `checks.sd_may_be_se`)
SMALLEST_SD_0_100 = 6.0
_PAIN = (Outcome.LEG_PAIN, Outcome.BACK_PAIN, Outcome.PAIN_UNSPECIFIED)
# assumption: the SD of a single study differs from its kind's by at least this factor (log scale), however few told it
_LEAST_SPREAD_OF_LOG_SD = 0.2


class Phase(StrEnum):
    """What an SD is the SD of."""

    BASELINE = "baseline"
    FOLLOW_UP = "follow_up"
    CHANGE = "change"


@dataclass(frozen=True)
class PredictiveSd:
    """What the SD of a study that printed none may be: log-normal, in points of 100.

    `median` in points, `log_sd` on the log scale between studies, from `n_studies`.
    """

    outcome: str
    phase: Phase
    median: float
    log_sd: float
    n_studies: int

    @property
    def root_mean_square(self) -> float:
        """The SD whose square is the expected variance, so that a standard error carries the doubt about the SD."""
        return self.median * exp(self.log_sd**2)

    def in_words(self) -> str:
        """Say where the SD comes from."""
        low, high = self.median * exp(-1.96 * self.log_sd), self.median * exp(1.96 * self.log_sd)
        return f"predicted from {self.n_studies} studies: {self.median:.3g} ({low:.3g} to {high:.3g})"


def family_of(outcome: str) -> str:
    """Return the outcomes whose spreads are taken together: the pains are one, every other stands alone."""
    return "pain" if outcome in _PAIN else str(outcome)


def predictive_sds(rows: Any, evidence: Evidence) -> dict[tuple[str, Phase], PredictiveSd]:
    """Learn the SD between patients of each outcome and phase from the rows that print one.

    Parameters
    ----------
    rows
        What `harmonise` returned.
    evidence
        The tables: of studies that share patients one counts.

    Returns
    -------
    dict
        By family of outcome and phase; a study counts once a phase, by the mean of its log SDs, and an interval or a
        standard error that is not much wider than its rounding does not count. A phase that fewer than three studies
        tell takes that of the phase which most studies tell.
    """
    told = rows[rows["usable"] & (rows["spread_sd_0_100"] >= SMALLEST_SD_0_100) & rows["statistic"].isin(_AVERAGES)]
    told = told[[_is_on_0_100(row["instrument"]) and not _is_rounding(row) for row in told.to_dict("records")]]
    told = told[~told["study_id"].isin(_repeats(told, evidence))]
    frame: Any = pd.DataFrame(
        {
            "family": [family_of(outcome) for outcome in told["outcome"]],
            "phase": [
                phase_of(statistic, month) for statistic, month in zip(told["statistic"], told["month"], strict=True)
            ],
            "study_id": told["study_id"].to_numpy(),
            "log_sd": [log(sd) for sd in told["spread_sd_0_100"]],
        }
    )
    known = {}
    for (family, phase), group in frame.groupby(["family", "phase"]):
        of_studies = group.groupby("study_id")["log_sd"].mean()
        between = float(of_studies.std(ddof=1)) if len(of_studies) > 1 else 0.0
        known[str(family), Phase(str(phase))] = PredictiveSd(
            str(family), Phase(str(phase)), exp(float(of_studies.mean())),
            max(between * sqrt(1 + 1 / len(of_studies)), _LEAST_SPREAD_OF_LOG_SD), len(of_studies),
        )  # fmt: skip
    for family in {family for family, _ in known}:
        for phase in Phase:
            if (family, phase) not in known or known[family, phase].n_studies < _FEWEST_STUDIES:
                others = [known[family, other] for other in Phase if (family, other) in known]
                known[family, phase] = max(others, key=lambda item: item.n_studies)
    return known


def _is_rounding(row: Mapping[str, Any]) -> bool:
    """Say whether an interval or standard error is of the size of its last digit: the SD behind it is a guess then."""
    if row["spread_kind"] not in (SpreadKind.CI95, SpreadKind.SE):
        return False
    numbers = [row[name] for name in ("value", "spread_low", "spread_high") if not isnan(row[name])]
    digits = max(len(f"{number:.6f}".rstrip("0").split(".")[1]) for number in numbers)
    width = row["spread_low"] * 2 if row["spread_kind"] == SpreadKind.SE else row["spread_high"] - row["spread_low"]
    return bool(width < _UNITS * 10.0**-digits)


# units of the last digit
_UNITS = 5


def _repeats(rows: Any, evidence: Evidence) -> set[str]:
    """Name of each group that shares patients all studies but the one with most rows."""
    counts = rows["study_id"].value_counts()
    marked = evidence.studies[evidence.studies["overlap_group"] != ""]
    repeats: set[str] = set()
    for _, group in marked.groupby("overlap_group"):
        present = sorted((study for study in group["study_id"] if study in counts.index), key=lambda s: (-counts[s], s))
        repeats |= set(present[1:])
    return repeats


_AVERAGES = (Statistic.MEAN, Statistic.MEAN_CHANGE)
_FEWEST_STUDIES = 3


def phase_of(statistic: str, month: float) -> Phase:
    """Say what the spread beside a mean or a mean change is the SD of."""
    if statistic == Statistic.MEAN_CHANGE:
        return Phase.CHANGE
    return Phase.BASELINE if month == 0 else Phase.FOLLOW_UP


def _is_on_0_100(word: str) -> bool:
    return word in INSTRUMENTS and INSTRUMENTS[word].scaling is Scaling.WIDTH
