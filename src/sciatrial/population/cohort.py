"""Who may enrol: cause, duration, age, sex, and what must be measured at entry."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from math import sqrt
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

from sciatrial.foundation import Cause, CohortError, Problem, Score, unknown_word

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)
_SUM = 1e-6


class AgeYears(BaseModel):
    """Ages of the people screened: a normal cut off at both ends, in years (0 to 110)."""

    model_config = _STRICT

    mean: Annotated[float, Field(ge=0, le=110)]
    sd: Annotated[float, Field(ge=0, le=40)]
    lowest: Annotated[float, Field(ge=0, le=110, alias="from")]
    highest: Annotated[float, Field(ge=0, le=110, alias="to")]

    @field_validator("highest")
    @classmethod
    def _above_lowest(cls, highest: float, info) -> float:
        if highest < info.data.get("lowest", 0):
            raise ValueError("the highest age lies below the lowest")
        return highest


class Cohort(BaseModel):
    """A named population of patients who could be screened, and the criteria that they must meet.

    Parameters
    ----------
    name
        How the cohort is called.
    cause
        What irritates the root, or ``discogenic``.
    symptom_months
        Shortest and longest time since onset at entry, 0.1 to 240 months; log-uniform between them.
    age_years, percent_female
        Of the people screened. In this version age and sex are described, they do not change the course.
    eligible
        Score → lowest and highest *measured* value (0 to 100) that may enrol, both included.
    meaning, sources
        In words, and where the numbers come from.
    """

    model_config = _STRICT

    name: str
    cause: Cause
    symptom_months: tuple[Annotated[float, Field(ge=0.1, le=240)], Annotated[float, Field(ge=0.1, le=240)]]
    age_years: AgeYears
    percent_female: Annotated[float, Field(ge=0, le=100)]
    eligible: dict[Score, tuple[float, float]] = Field(default_factory=dict)
    meaning: str = ""
    sources: tuple[str, ...] = ()

    @field_validator("symptom_months")
    @classmethod
    def _in_order(cls, months: tuple[float, float]) -> tuple[float, float]:
        if months[1] < months[0]:
            raise ValueError("give the shorter duration first")
        return months

    @field_validator("eligible")
    @classmethod
    def _ranges(cls, eligible: dict[Score, tuple[float, float]]) -> dict[Score, tuple[float, float]]:
        for score, (low, high) in eligible.items():
            if high < low:
                raise ValueError(f"{score}: the highest value {high:g} lies below the lowest {low:g}")
        return eligible

    @property
    def causes(self) -> tuple[Cause, ...]:
        """What irritates the roots of its patients, each cause once."""
        return (self.cause,)


class MixedCohort(Cohort):
    """Several cohorts that are screened side by side, as in a trial that enrols more than one cause.

    What is told of it as of a cohort is the range or the mean over its parts; `cause` is that of its first part.

    Parameters
    ----------
    parts
        The cohorts, each with criteria, durations and ages of its own; two or more.
    shares
        Of the people screened that come from each, above 0; they sum to 1.
    """

    parts: tuple[Cohort, ...] = Field(min_length=2)
    shares: tuple[Annotated[float, Field(gt=0, lt=1)], ...]

    @property
    def causes(self) -> tuple[Cause, ...]:
        """What irritates the roots of its patients, each cause once."""
        return tuple(dict.fromkeys(part.cause for part in self.parts))

    @classmethod
    def of(cls, parts: Sequence[Cohort], shares: Sequence[float]) -> Self:
        """Return the cohort of several.

        Parameters
        ----------
        parts, shares
            As they are kept; `shares` sum to 1.

        Raises
        ------
        CohortError
            When there are fewer than two parts, or their shares are not above 0 or do not sum to 1.
        """
        if len(parts) < 2 or len(shares) != len(parts) or min(shares) <= 0 or abs(sum(shares) - 1) > _SUM:
            found = ", ".join(f"{part.name} {share:g}" for part, share in zip(parts, shares, strict=False))
            expected = "two cohorts or more, shares above 0 that sum to 1"
            raise CohortError("cohort", Problem("cohorts", found or "none", expected, "divide each by their sum"))
        lowest, highest = min(p.age_years.lowest for p in parts), max(p.age_years.highest for p in parts)
        weighted = list(zip(shares, parts, strict=True))
        mean = sum(share * part.age_years.mean for share, part in weighted)
        square = sum(share * (part.age_years.sd**2 + (part.age_years.mean - mean) ** 2) for share, part in weighted)
        asked_of_all = [score for score in parts[0].eligible if all(score in part.eligible for part in parts)]
        return cls(
            name=" and ".join(part.name for part in parts),
            cause=parts[0].cause,
            symptom_months=(min(p.symptom_months[0] for p in parts), max(p.symptom_months[1] for p in parts)),
            age_years=AgeYears.model_validate(
                {"mean": mean, "sd": sqrt(square), "from": lowest, "to": highest}
            ),
            percent_female=sum(share * part.percent_female for share, part in weighted),
            eligible={
                score: (min(p.eligible[score][0] for p in parts), max(p.eligible[score][1] for p in parts))
                for score in asked_of_all
            },
            meaning="; ".join(f"{100 * share:.3g} % of those screened: {part.meaning}" for share, part in weighted),
            sources=tuple(dict.fromkeys(source for part in parts for source in part.sources)),
            parts=tuple(parts),
            shares=tuple(share / sum(shares) for share in shares),
        )  # fmt: skip


@cache
def _shipped() -> dict[str, Cohort]:
    text = files("sciatrial.population").joinpath("tables", "cohorts.toml").read_text(encoding="utf-8")
    return {name: Cohort(name=name, **values) for name, values in tomllib.loads(text).items()}


def cohort_names() -> tuple[str, ...]:
    """Return the names of the shipped cohorts."""
    return tuple(_shipped())


def cohort_named(name: str) -> Cohort:
    """Return a shipped cohort.

    Raises
    ------
    CohortError
        For an unknown name, with the nearest one.
    """
    if name not in _shipped():
        raise CohortError("cohort", unknown_word("cohort", name, _shipped(), "cohort"))
    return _shipped()[name]


def mixed_cohort(shares: Mapping[str, float]) -> MixedCohort:
    """Return shipped cohorts that are screened side by side.

    Parameters
    ----------
    shares
        Name of a shipped cohort → share of the people screened, above 0; two or more, they sum to 1.

    Raises
    ------
    CohortError
        For an unknown name, with the nearest one, and for shares that do not sum to 1.
    """
    return MixedCohort.of([cohort_named(name) for name in shares], list(shares.values()))
