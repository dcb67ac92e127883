"""The design of a parallel-group trial: arms, allocation, visits, endpoint, rescue, dropout."""

from __future__ import annotations

from enum import StrEnum
from math import gcd
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from sciatrial.clinic import Protocol
from sciatrial.foundation import LONGEST_MONTHS, Intervention, Score

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
_Months = Annotated[float, Field(gt=0, le=LONGEST_MONTHS)]


class Analysis(StrEnum):
    """How the endpoint is analysed."""

    ANCOVA = "ancova"


class Endpoint(BaseModel):
    """What the trial is judged by: the change of one score from baseline to one visit."""

    model_config = _STRICT

    outcome: Score
    month: _Months
    measure: Literal["change_from_baseline"] = "change_from_baseline"


class Rescue(BaseModel):
    """Tablets that a patient gets when a measured score exceeds a threshold at a visit.

    Parameters
    ----------
    score, above
        Measured score, and the value (0 to below 100) above which rescue starts.
    intervention
        ``nsaid`` or ``gabapentinoid``.
    course_weeks
        1 to 520 weeks from that visit.
    from_month
        Earliest visit at which rescue is offered.
    """

    model_config = _STRICT

    score: Score
    above: Annotated[float, Field(ge=0, lt=100)]  # no measured score exceeds 100
    intervention: Literal[Intervention.NSAID, Intervention.GABAPENTINOID] = Intervention.NSAID
    course_weeks: Annotated[float, Field(ge=1, le=520)] = 12.0
    from_month: Annotated[float, Field(ge=0, le=LONGEST_MONTHS)] = 1.0

    @field_validator("score")
    @classmethod
    def _higher_is_worse(cls, score: Score) -> Score:
        if score is Score.QUALITY_OF_LIFE:
            raise ValueError("rescue starts above a threshold; quality_of_life is worse below one")
        return score


class Comparison(BaseModel):
    """One arm against another."""

    model_config = _STRICT

    arm: str
    control: str

    @property
    def name(self) -> str:
        """``arm vs control``."""
        return f"{self.arm} vs {self.control}"


class Design(BaseModel):
    """A parallel-group trial.

    Parameters
    ----------
    arms
        Name → what the arm receives; two or more.
    n_total
        Patients randomised in all, at least two for each arm.
    allocation
        Arm → whole number; the ratio of the arms' sizes. Left out, all arms are equal.
    n_per_arm
        Instead of `n_total`, when all arms are equal.
    visits_months
        Months after randomisation, increasing; the baseline visit is not listed.
    endpoint
        What the trial is judged by; its month is a visit.
    comparisons
        Which arms are compared. Left out: every arm with cells against every arm without; with none of either kind,
        every arm against the first.
    analysis
        ``ancova``: change on arm and baseline, ordinary least squares, those with an endpoint value.
    alpha
        Two-sided error of each comparison (0.001 to 0.2), not adjusted for their number.
    dropout_per_year
        Share of patients lost within a year, 0 to 0.9; the time of dropout is exponential.
    rescue
        Rescue tablets, or none.
    minimal_important_change
        Points of the endpoint that matter to a patient; drawn in figures, used by no test.
    """

    model_config = _STRICT

    arms: dict[str, Protocol]
    n_total: Annotated[int, Field(ge=4, le=1_000_000)] | None = None
    n_per_arm: Annotated[int, Field(ge=2, le=1_000_000)] | None = None
    allocation: dict[str, Annotated[int, Field(ge=1, le=100)]] | None = None
    visits_months: tuple[_Months, ...]
    endpoint: Endpoint
    comparisons: tuple[Comparison, ...] = ()
    analysis: Analysis = Analysis.ANCOVA
    alpha: Annotated[float, Field(ge=0.001, le=0.2)] = 0.05
    dropout_per_year: Annotated[float, Field(ge=0, le=0.9)] = 0.0
    rescue: Rescue | None = None
    minimal_important_change: Annotated[float, Field(gt=0, le=100)] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        problems = [*self._size_problems(), *self._visit_problems(), *self._comparison_problems()]
        problems += self._rescue_problems()
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def _size_problems(self) -> list[str]:
        problems = []
        if len(self.arms) < 2:
            problems.append(f"a trial has two arms or more; found {len(self.arms)}")
        if (self.n_total is None) == (self.n_per_arm is None):
            problems.append("give n_total or n_per_arm, one of them and not both")
        if self.allocation is not None:
            if self.n_per_arm is not None:
                problems.append("n_per_arm makes all arms equal: leave allocation out")
            problems += [f"allocation.{arm}: no such arm" for arm in self.allocation if arm not in self.arms]
            problems += [f"allocation: arm {arm} is missing" for arm in self.arms if arm not in self.allocation]
        if not problems and min(self.expected_sizes().values()) < 2:
            sizes = ", ".join(f"{arm} {size:g}" for arm, size in self.expected_sizes().items())
            problems.append(f"every arm needs two patients or more; n_total and allocation give {sizes}")
        return problems

    def _visit_problems(self) -> list[str]:
        if not self.visits_months:
            return ["visits_months: give one visit or more"]
        problems = []
        if any(b <= a for a, b in zip(self.visits_months, self.visits_months[1:], strict=False)):
            problems.append("visits_months: give each visit once, in increasing order")
        if self.endpoint.month not in self.visits_months:
            visits = ", ".join(f"{month:g}" for month in self.visits_months)
            problems.append(f"endpoint.month: {self.endpoint.month:g} is not a visit; visits are {visits}")
        return problems

    def _comparison_problems(self) -> list[str]:
        problems = []
        for index, comparison in enumerate(self.comparisons):
            for role, arm in (("arm", comparison.arm), ("control", comparison.control)):
                if arm not in self.arms:
                    problems.append(f"comparisons.{index}.{role}: {arm!r} is not an arm")
            if comparison.arm == comparison.control:
                problems.append(f"comparisons.{index}: an arm cannot be its own control")
            if comparison in self.comparisons[:index]:
                problems.append(f"comparisons.{index}: {comparison.name} is listed twice")
        return problems

    def _rescue_problems(self) -> list[str]:
        """Find arms that take the rescue tablets anyway: the end of the rescue course would end the arm's own."""
        if self.rescue is None:
            return []
        tablets = self.rescue.intervention
        return [
            f"rescue.intervention: arm {arm} takes {tablets} anyway; choose other tablets for rescue"
            for arm, protocol in self.arms.items()
            if tablets in (protocol.intervention, *protocol.co_treatments)
        ]

    @property
    def size(self) -> int:
        """Patients randomised in all."""
        return self.n_total if self.n_total is not None else (self.n_per_arm or 0) * len(self.arms)

    @property
    def ratio(self) -> dict[str, int]:
        """Allocation ratio in lowest terms, in the order of the arms."""
        given = self.allocation or {arm: 1 for arm in self.arms}
        divisor = gcd(*given.values())
        return {arm: given[arm] // divisor for arm in self.arms}

    def expected_sizes(self) -> dict[str, float]:
        """Return each arm's expected number of patients."""
        whole = sum(self.ratio.values())
        return {arm: self.size * share / whole for arm, share in self.ratio.items()}

    def compared(self) -> tuple[Comparison, ...]:
        """Return the comparisons, also where the design leaves them out."""
        if self.comparisons:
            return self.comparisons
        cells = [arm for arm, protocol in self.arms.items() if protocol.is_cell_therapy]
        controls = [arm for arm in self.arms if arm not in cells]
        if cells and controls:
            return tuple(Comparison(arm=arm, control=control) for arm in cells for control in controls)
        first, *others = self.arms
        return tuple(Comparison(arm=arm, control=first) for arm in others)
