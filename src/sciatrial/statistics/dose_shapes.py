"""Shapes of a dose response: the curves that a dose-finding trial is planned for, and that are fitted to it.

Each is written as base + size × curve(dose), and its curve has none to two numbers of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from sciatrial.foundation import Problem
from sciatrial.statistics.design import refuse

Floats = NDArray[Any]

# of the largest dose: what is added under the logarithm, and where a beta curve is back at 0
_OFFSET, _END = 0.01, 1.2


class DoseShape(StrEnum):
    """How the effect goes with the dose.

    ``linear``; ``log_linear``: with the logarithm of the dose plus 1 % of the largest; ``emax``: rises to a plateau,
    half of it at `half_dose`; ``sigmoid_emax``: the same with the dose to the power of `hill`; ``exponential``: slowly,
    then fast, e-fold each `growth_dose`; ``quadratic``: a parabola that turns at `peak_dose`; ``logistic``: S-shaped,
    half at `half_dose`, as steep as `spread_dose` is small; ``beta``: rises and falls, with the powers `rise` and
    `fall` of the dose's share of 120 % of the largest dose and of the rest.
    """

    LINEAR = "linear"
    LOG_LINEAR = "log_linear"
    EMAX = "emax"
    SIGMOID_EMAX = "sigmoid_emax"
    EXPONENTIAL = "exponential"
    QUADRATIC = "quadratic"
    LOGISTIC = "logistic"
    BETA = "beta"

    @property
    def numbers(self) -> tuple[str, ...]:
        """Names of the numbers of the curve."""
        return _NUMBERS[self]

    @property
    def n_parameters(self) -> int:
        """Numbers that a fit estimates, base and size included."""
        return 2 + len(self.numbers)


_NUMBERS: dict[DoseShape, tuple[str, ...]] = {
    DoseShape.LINEAR: (),
    DoseShape.LOG_LINEAR: (),
    DoseShape.EMAX: ("half_dose",),
    DoseShape.SIGMOID_EMAX: ("half_dose", "hill"),
    DoseShape.EXPONENTIAL: ("growth_dose",),
    DoseShape.QUADRATIC: ("peak_dose",),
    DoseShape.LOGISTIC: ("half_dose", "spread_dose"),
    DoseShape.BETA: ("rise", "fall"),
}


@dataclass(frozen=True)
class DoseCandidate:
    """A shape with a guess for each number of its curve, in the order of `DoseShape.numbers`; doses in their unit."""

    shape: DoseShape
    guesses: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        names = self.shape.numbers
        if len(self.guesses) != len(names) or not all(isfinite(value) and value > 0 for value in self.guesses):
            expected = f"{', '.join(names)}: a number above 0 each" if names else "none"
            refuse("dose candidate", [Problem("guesses", f"{self.guesses} of {self.shape}", expected, "correct them")])

    @property
    def in_words(self) -> str:
        """The shape and its guesses."""
        told = [
            f"{name.replace('_', ' ')} {value:g}" for name, value in zip(self.shape.numbers, self.guesses, strict=True)
        ]
        return str(self.shape).replace("_", " ") + (f" ({', '.join(told)})" if told else "")


def dose_curve(shape: DoseShape, doses: ArrayLike, numbers: Sequence[ArrayLike], *, largest: float) -> Floats:
    """Return the curve of a shape without its base and size.

    Parameters
    ----------
    doses
        0 to `largest`, any dims.
    numbers
        As in `DoseShape.numbers`, above 0; each broadcasts with the doses.
    largest
        Largest dose of the trial, above 0.

    Source
    ------
    Bretz, Pinheiro and Branson (2005), Biometrics 61, 738-748, table 1; Bornkamp, Pinheiro and Bretz (2009), Journal of
    Statistical Software 29, 7.
    """
    dose = np.asarray(doses, float)
    own = [np.asarray(value, float) for value in numbers]
    if shape is DoseShape.LINEAR:
        return dose / largest
    if shape is DoseShape.LOG_LINEAR:
        return np.log1p(dose / (_OFFSET * largest))
    if shape is DoseShape.EMAX:
        return dose / (own[0] + dose)
    if shape is DoseShape.SIGMOID_EMAX:
        power = (dose / own[0]) ** own[1]
        return power / (1 + power)
    if shape is DoseShape.EXPONENTIAL:
        return np.expm1(dose / own[0])
    if shape is DoseShape.QUADRATIC:
        return dose / largest - dose**2 / (2 * own[0] * largest)
    if shape is DoseShape.LOGISTIC:
        return expit((dose - own[0]) / own[1])
    share = dose / (_END * largest)
    rise, fall = own
    with np.errstate(divide="ignore"):
        scale = (rise + fall) * np.log(rise + fall) - rise * np.log(rise) - fall * np.log(fall)
        return np.exp(scale + rise * np.log(share) + fall * np.log1p(-share))


def tells_doses_apart(candidate: DoseCandidate, doses: ArrayLike) -> bool:
    """Return whether a candidate's curve is finite and differs between doses; dims of doses ``dose``."""
    at = np.asarray(doses, float)
    with np.errstate(over="ignore", invalid="ignore"):
        curve = dose_curve(candidate.shape, at, candidate.guesses, largest=float(at.max()))
        return bool(np.isfinite(curve).all() and np.ptp(curve) > 1e-9 * np.abs(curve).max())


def search_bounds(shape: DoseShape, largest: float) -> tuple[tuple[float, float], ...]:
    """Return between which values a fit looks for each number of a curve, those of `DoseShape.numbers`.

    Beyond them doses of a trial tell curves no longer apart. Source: the defaults of Bornkamp and others (2009).
    """
    near, far = 0.001 * largest, 1.5 * largest
    return {
        DoseShape.EMAX: ((near, far),),
        DoseShape.SIGMOID_EMAX: ((near, far), (0.5, 10.0)),
        DoseShape.EXPONENTIAL: ((0.1 * largest, 2 * largest),),
        DoseShape.LOGISTIC: ((near, far), (0.01 * largest, 0.5 * largest)),
        DoseShape.BETA: ((0.05, 4.0), (0.05, 4.0)),
    }.get(shape, ())
