"""What a trial leaves behind: the records of one trial, of a batch of trials, and of all of them.

Their ``alpha`` is the design's, ``alpha_of_a_side`` the error in the direction of a benefit; intervals have the level
1 − 2 × that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sciatrial.foundation import Record

if TYPE_CHECKING:
    import pandas as pd


class Scenario(StrEnum):
    """Which truth the simulated trials meet.

    ``prior``: each trial its own draw of the prior, so that success is assurance. ``posterior``: the same with draws of
    a posterior; a run has one of the two. ``reference``: reference values with every cell effect present and no fluid
    or needle effect, so that success is power at that assumption. The others change the numbers of cell effects in the
    same draws as ``prior`` or ``posterior``, and nothing else. ``no_cell_effect``: every one taken out, so that biology
    and context are identical and success against the same carrier is a false positive. ``optimistic``: every one
    present, each number at the value that 95 % of draws in which it is present do not exceed (an assumption: all of
    them together are far less probable than that). ``only_`` a mechanism: that one as the draw has it, which may be
    absent, the other two taken out. ``unblinded_null``: as ``no_cell_effect``, and patients who learn which arm they
    are in respond otherwise to the context of care; its success is the bias of broken blinding, and no type I error.
    """

    PRIOR = "prior"
    POSTERIOR = "posterior"
    REFERENCE = "reference"
    NO_CELL_EFFECT = "no_cell_effect"
    OPTIMISTIC = "optimistic"
    ONLY_LESS_INFLAMMATION = "only_less_inflammation"
    ONLY_NEUROTROPHIC_SUPPORT = "only_neurotrophic_support"
    ONLY_REPAIR = "only_repair"
    UNBLINDED_NULL = "unblinded_null"

    @property
    def is_drawn(self) -> bool:
        """Whether it is the prior or a posterior as it stands, of which a run has one."""
        return self in (Scenario.PRIOR, Scenario.POSTERIOR)


def no_rows() -> pd.DataFrame:
    """Return a frame without rows or columns: of what a design does not have."""
    import pandas as pd

    return pd.DataFrame()


@dataclass(frozen=True)
class TrialResult(Record):
    """One simulated trial, analysed.

    ``contrasts``: one row a comparison, at the look that decided. ``looks``: one row a comparison and look until it
    stopped. ``arms``: one row an arm, score and visit. ``baseline``: the baseline table. ``patients``: one row a
    patient and visit, as measured. ``inside``: what no trial can see. ``conduct``: counts. ``dose_target``,
    ``dose_arms``, ``dose_shapes``: what the trial says of its doses. ``allocation``: one row a period and arm of a
    trial whose course assigns patients; ``analyses``: what other analyses of it say; ``margins``: what a factorial
    trial says; ``borrowed``: what it says with a prior of the control (`borrowed_rows`). Empty where the
    design has no such thing.
    """

    name: str
    endpoint: Mapping[str, Any]
    alpha: float
    alpha_of_a_side: float
    contrasts: pd.DataFrame
    looks: pd.DataFrame
    arms: pd.DataFrame
    baseline: pd.DataFrame
    patients: pd.DataFrame
    inside: pd.DataFrame
    conduct: Mapping[str, Any]
    dose_target: pd.DataFrame = field(default_factory=no_rows)
    dose_arms: pd.DataFrame = field(default_factory=no_rows)
    dose_shapes: pd.DataFrame = field(default_factory=no_rows)
    allocation: pd.DataFrame = field(default_factory=no_rows)
    analyses: pd.DataFrame = field(default_factory=no_rows)
    margins: pd.DataFrame = field(default_factory=no_rows)
    borrowed: pd.DataFrame = field(default_factory=no_rows)

    def table(self) -> pd.DataFrame:
        """Return the comparisons."""
        return self.contrasts

    def __repr__(self) -> str:
        first, digits = self.contrasts.iloc[0], 3 if "summary_measure" in self.endpoint else 1
        numbers = [f"{first[name]:.{digits}f}" for name in ("estimate", "ci_low", "ci_high")]
        told = first["why_not"] or f"{numbers[0]} ({numbers[1]} to {numbers[2]})"
        return f"TrialResult: {self.name}\n  {_judged_by(self.endpoint)}\n  {first['comparison']}: {told}"


def _judged_by(endpoint: Mapping[str, Any]) -> str:
    """Return score, month and, where it is no difference in means, the summary measure."""
    measure = str(endpoint.get("summary_measure", "change")).replace("_", " ")
    return f"{measure} of {endpoint['outcome']} at month {endpoint['month']:g}"


@dataclass(frozen=True)
class TrialBatch(Record):
    """Some simulated trials of one scenario, numbered from ``first``; the unit in which long work is kept."""

    scenario: str
    first: int
    alpha: float
    alpha_of_a_side: float
    endpoint: Mapping[str, Any]
    trials: pd.DataFrame
    looks: pd.DataFrame
    courses: pd.DataFrame
    inside: pd.DataFrame
    counts: pd.DataFrame
    responses: pd.DataFrame
    doses: pd.DataFrame = field(default_factory=no_rows)
    allocation: pd.DataFrame = field(default_factory=no_rows)
    analyses: pd.DataFrame = field(default_factory=no_rows)
    margins: pd.DataFrame = field(default_factory=no_rows)
    borrowed: pd.DataFrame = field(default_factory=no_rows)

    def table(self) -> pd.DataFrame:
        """Return one row a trial and comparison."""
        return self.trials


@dataclass(frozen=True)
class OperatingCharacteristics(Record):
    """Many simulated trials: how often they would be right.

    ``trials``: one row a scenario, trial and comparison, with the true effect. ``summary``: one row a scenario,
    comparison and quantity with its Monte-Carlo standard error. ``looks``: one row a scenario, trial, comparison and
    look until the comparison stopped. ``stopping``: one row a scenario, comparison, look and quantity. ``courses``,
    ``inside``: each trial's arm means. ``counts``: each trial's patients. ``doses``: one row a scenario and trial, with
    the true target dose, and ``dose_summary``: one row a scenario and quantity; empty where the design finds no dose.
    ``allocation``, ``analyses``, ``margins``, ``borrowed``: as in `TrialResult`, of each trial, with the true values.
    """

    alpha: float
    alpha_of_a_side: float
    endpoint: Mapping[str, Any]
    trials: pd.DataFrame
    summary: pd.DataFrame
    looks: pd.DataFrame
    stopping: pd.DataFrame
    courses: pd.DataFrame
    inside: pd.DataFrame
    counts: pd.DataFrame
    responses: pd.DataFrame
    doses: pd.DataFrame = field(default_factory=no_rows)
    dose_summary: pd.DataFrame = field(default_factory=no_rows)
    allocation: pd.DataFrame = field(default_factory=no_rows)
    analyses: pd.DataFrame = field(default_factory=no_rows)
    margins: pd.DataFrame = field(default_factory=no_rows)
    borrowed: pd.DataFrame = field(default_factory=no_rows)

    @property
    def drawn(self) -> Scenario:
        """The scenario whose trials have draws of their own: of the prior or of a posterior."""
        is_posterior = len(self.trials) and Scenario.POSTERIOR in set(self.trials["scenario"])
        return Scenario.POSTERIOR if is_posterior else Scenario.PRIOR

    def table(self) -> pd.DataFrame:
        """Return the summary."""
        return self.summary

    def __repr__(self) -> str:
        counts = self.counts.groupby("scenario").size().to_dict() if len(self.counts) else {}
        told = ", ".join(f"{scenario} {count}" for scenario, count in counts.items()) or "none could enrol"
        return (
            f"OperatingCharacteristics: trials by scenario: {told}\n  {_judged_by(self.endpoint)}, alpha {self.alpha:g}"
        )
