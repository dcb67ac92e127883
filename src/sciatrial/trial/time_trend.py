"""A time trend: patients who are enrolled later do better or worse in every arm alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from sciatrial.foundation import Score, scale_of, uniforms
from sciatrial.trial.accrual import Accrual, arrival_months

if TYPE_CHECKING:
    from sciatrial.trial.design import Design

_Points = Annotated[float, Field(ge=-100, le=100)]
_MONTHS_A_YEAR = 12.0


class TimeTrend(BaseModel):
    """Points by which what is measured after baseline changes with the time of randomisation; an assumption.

    It is added to the endpoint's score as the patient has it, in every arm alike, before it is measured: the scale's
    ends bound it. The baseline stays.

    Parameters
    ----------
    points_per_year
        A linear trend: points of the endpoint's score, −100 to 100, for each year from the first site's opening to the
        patient's randomisation.
    step_points
        Or a step: points, −100 to 100, from `step_month` on.
    step_month
        Month of the step, above 0 to 600.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    points_per_year: _Points | None = None
    step_points: _Points | None = None
    step_month: Annotated[float, Field(gt=0, le=600)] | None = None

    @model_validator(mode="after")
    def _has_one_shape(self) -> Self:
        if (self.points_per_year is None) == (self.step_points is None):
            told = "is one of two; points_per_year or step_points; give one of them and not both"
            raise ValueError(f"points_per_year: {told}")
        if (self.step_points is None) != (self.step_month is None):
            raise ValueError("step_month: belongs to step_points; both or none; give the other, or delete this one")
        return self

    def problems(self, score: Score, accrual: Accrual | None) -> list[str]:
        """Return what does not fit the endpoint and the accrual, as ``key: found; expected; next``."""
        found = []
        if accrual is None:
            told = "is missing; patients a month, from which the time of randomisation follows"
            found.append(f"accrual: {told}; add accrual = {{ per_month = … }}, or leave time_trend out")
        low, high, _ = scale_of(score)
        name = "points_per_year" if self.step_points is None else "step_points"
        if abs(getattr(self, name)) > high - low:
            told = f"{getattr(self, name):g} is more than the scale of {score} holds; {low - high:g} to {high - low:g}"
            found.append(f"time_trend.{name}: {told}; give points of this score")
        return found

    def points_at(self, months: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the points that patients randomised at these months have more; dims of `months`."""
        if self.step_points is not None and self.step_month is not None:
            return np.where(months >= self.step_month, self.step_points, 0.0)
        return (self.points_per_year or 0.0) * months / _MONTHS_A_YEAR

    def in_words(self, score: str) -> str:
        """Return the trend in a clause."""
        if self.step_points is not None:
            told = f"{self.step_points:+g} points of {score} after baseline for all randomised from month "
            told += f"{self.step_month:g} on, in every arm alike"
        else:
            told = f"{self.points_per_year:+g} points of {score} after baseline a year of enrolment, in every arm alike"
        return told.replace("-", "−", 1)


def trend_points(design: Design, months: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the points that each patient's score has more after baseline, None without a trend.

    Parameters
    ----------
    months
        Of randomisation; dims ``patient``.
    """
    return None if design.time_trend is None else design.time_trend.points_at(months)


def months_of_truth(design: Design, patients: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """Return months of randomisation of patients who stand for all of a trial: each planned one equally likely.

    Parameters
    ----------
    patients
        Numbers of the patients; dims ``patient``.
    seed
        Of the truth's luck.
    """
    if design.time_trend is None or design.accrual is None:  # nothing depends on them
        return np.full(len(patients), np.nan)
    planned = arrival_months(design.accrual, design.size)
    luck = uniforms(seed, "month of a patient of the truth", patients)
    return planned[(luck * len(planned)).astype(np.int64)]
