"""Shapes of an effect over time: functions that are 0 at month 0 and linear in what each treatment contributes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from sciatrial.foundation import EvidenceError, Problem

# months: how fast an early and a late part of an effect come
EARLY_MONTHS, LATE_MONTHS = 0.7, 6.0


class Course(StrEnum):
    """The shape of an effect over time."""

    LINEAR = "linear"  # t
    EMAX = "emax"  # t / (half time + t); the half time is estimated
    ITP = "itp"  # (1 - exp(-rate t)) / (1 - exp(-rate last)); the rate is estimated (Fu and Manner 2010)
    FRACTIONAL_POLYNOMIAL = "fractional polynomial"  # of 1 + t, less its value at 0 (Jansen et al. 2015)
    TWO_EXPONENTIALS = "two exponentials"  # 1 - exp(-t/0.7) and 1 - exp(-t/6)
    SPLINE = "spline"  # natural cubic spline in log(1 + t)


@dataclass(frozen=True)
class Shape:
    """A course and what fixes it.

    Parameters
    ----------
    course
        Which function.
    powers
        Of a fractional polynomial: one or two of -2, -1, -0.5, 0, 0.5, 1, 2, 3; 0 is the logarithm, and a repeated
        power has its second term times the logarithm.
    knots_months
        Of a spline: three or more, increasing, from 0.
    parameter_median, parameter_log_sd
        Lognormal prior of the half time in months (Emax), or of the rate per month (ITP); shared by all treatments.
        Median above 0; sd of the logarithm above 0.
    """

    course: Course
    powers: tuple[float, ...] = (0.0, 0.5)
    knots_months: tuple[float, ...] = (0.0, 1.0, 6.0, 24.0)
    parameter_median: float = 1.0
    parameter_log_sd: float = 1.0

    def __post_init__(self) -> None:
        problems = []
        if not 1 <= len(self.powers) <= 2 or not set(self.powers) <= {-2, -1, -0.5, 0, 0.5, 1, 2, 3}:
            problems.append(Problem("powers", str(self.powers), "one or two of -2, -1, -0.5, 0, 0.5, 1, 2, 3"))
        knots = np.asarray(self.knots_months, dtype=float)
        if len(knots) < 3 or (np.diff(knots) <= 0).any() or (knots < 0).any():
            problems.append(Problem("knots_months", str(self.knots_months), "three or more, increasing, from 0"))
        if not (self.parameter_median > 0 and self.parameter_log_sd > 0):
            problems.append(Problem("prior of the course's parameter", "is none", "median and sd above 0"))
        if problems:
            raise EvidenceError("course", problems)

    @property
    def coefficients(self) -> tuple[str, ...]:
        """Names of what a treatment contributes."""
        if self.course is Course.TWO_EXPONENTIALS:
            return ("early", "late")
        if self.course is Course.FRACTIONAL_POLYNOMIAL:
            return tuple(f"power {power:g}" for power in self.powers)
        if self.course is Course.SPLINE:
            return tuple(f"spline {number}" for number in range(1, len(self.knots_months)))
        return {Course.LINEAR: ("slope",), Course.EMAX: ("maximum",), Course.ITP: ("end",)}[self.course]

    @property
    def parameter(self) -> str | None:
        """Name of the parameter that is estimated beside the coefficients, if there is one."""
        return {Course.EMAX: "half_time_months", Course.ITP: "rate_per_month"}.get(self.course)

    def told(self) -> str:
        """Return the shape in words."""
        if self.parameter:
            prior = f"lognormal, median {self.parameter_median:g}, log sd {self.parameter_log_sd:g}"
            return f"{self.course} ({self.parameter}: {prior}; shared)"
        if self.course is Course.FRACTIONAL_POLYNOMIAL:
            return f"{self.course} (powers {', '.join(f'{power:g}' for power in self.powers)} of 1 + months)"
        if self.course is Course.SPLINE:
            return f"natural cubic spline in log(1 + months), knots {', '.join(f'{k:g}' for k in self.knots_months)}"
        return str(self.course)


def basis(shape: Shape, months: Any, parameter: Any, last_month: float, xp: Any = np) -> Any:
    """Return the functions of a course: the shape of `months` with one more dimension, ``coefficient``.

    Parameters
    ----------
    shape
        The course.
    months
        From 0, any shape.
    parameter
        Half time or rate, for courses that have one.
    last_month
        Where the ITP function is 1.
    xp
        numpy, or JAX's numpy.
    """
    if shape.course is Course.LINEAR:
        columns = [months]
    elif shape.course is Course.EMAX:
        columns = [months / (parameter + months)]
    elif shape.course is Course.ITP:
        columns = [xp.expm1(-parameter * months) / xp.expm1(-parameter * last_month)]
    elif shape.course is Course.TWO_EXPONENTIALS:
        columns = [-xp.expm1(-months / EARLY_MONTHS), -xp.expm1(-months / LATE_MONTHS)]
    elif shape.course is Course.FRACTIONAL_POLYNOMIAL:
        columns = _fractional(shape.powers, months, xp)
    else:
        columns = _natural(shape.knots_months, months, xp)
    return xp.stack(columns, axis=-1)


def _fractional(powers: tuple[float, ...], months: Any, xp: Any) -> list[Any]:
    log = xp.log1p(months)
    columns = [log if power == 0 else (1 + months) ** power - 1 for power in powers]
    if len(powers) == 2 and powers[0] == powers[1]:
        columns[1] = log**2 if powers[0] == 0 else (1 + months) ** powers[0] * log
    return columns


def _natural(knots_months: tuple[float, ...], months: Any, xp: Any) -> list[Any]:
    """Natural cubic spline by truncated powers (Hastie et al. 2009, equation 5.4); every function is 0 at month 0."""
    knots, at = np.log1p(np.asarray(knots_months)), xp.log1p(months)
    last = knots[-1]

    def bent(knot: float) -> Any:
        cubes = xp.maximum(at - knot, 0.0) ** 3 - xp.maximum(at - last, 0.0) ** 3
        return cubes / (last - knot)

    return [at, *(bent(knot) - bent(knots[-2]) for knot in knots[:-2])]
