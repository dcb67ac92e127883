"""Who may enrol: cause, duration, age, sex, and what must be measured at entry."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from sciatrial.foundation import Cause, CohortError, Score, unknown_word

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)


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
