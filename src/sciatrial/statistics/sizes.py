"""Numbers of patients and powers of any two-arm comparison, from the fixed design to the group-sequential one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, isfinite

import numpy as np

from sciatrial.foundation import Problem
from sciatrial.statistics.design import GroupSequentialDesign
from sciatrial.statistics.stopping import characteristics, stopping_at


class Direction(StrEnum):
    """Which difference, first arm minus second, speaks against the null."""

    HIGHER = "higher"
    LOWER = "lower"

    @property
    def sign(self) -> float:
        """1 or -1."""
        return 1.0 if self is Direction.HIGHER else -1.0


@dataclass(frozen=True)
class SampleSize:
    """Patients that a comparison needs, as exact numbers; `whole_patients` rounds them up.

    Parameters
    ----------
    n_fixed
        Patients of both arms in a design with one look.
    n_max
        Patients of both arms at the last look.
    n_arms
        The same in the first and the second arm.
    n_at_looks
        Patients of both arms at each look, shape (look,).
    expected_n_null, expected_n_between, expected_n_alternative
        Expected patients without an effect, with half of it, with all of it.
    critical_effects
        Effect at each look at which z is on the efficacy bound, in the unit of the effect, shape (look,).
    reject_at_looks
        Probability to stop at each look for efficacy, given the effect, shape (look,).
    early_stop
        Probability to stop before the last look, given the effect.
    """

    n_fixed: float
    n_max: float
    n_arms: tuple[float, float]
    n_at_looks: np.ndarray
    expected_n_null: float
    expected_n_between: float
    expected_n_alternative: float
    critical_effects: np.ndarray
    reject_at_looks: np.ndarray
    early_stop: float

    @property
    def whole_patients(self) -> tuple[int, int]:
        """Patients of each arm, rounded up."""
        first, second = (ceil(n - 1e-9) for n in self.n_arms)
        return first, second


@dataclass(frozen=True)
class Power:
    """What a design of a given size finds at each effect.

    Parameters
    ----------
    n_at_looks
        Patients of both arms at each look, shape (look,).
    critical_effects
        Effect at each look at which z is on the efficacy bound, shape (look,).
    power
        Probability to find the effect in the tested direction, shape (effect,).
    reject_at_looks
        The same by look, shape (look, effect).
    futility_stop, early_stop, expected_n
        Probability to stop for futility, to stop before the last look, and expected patients, shape (effect,).
    """

    n_at_looks: np.ndarray
    critical_effects: np.ndarray
    power: np.ndarray
    reject_at_looks: np.ndarray
    futility_stop: np.ndarray
    early_stop: np.ndarray
    expected_n: np.ndarray


def n_at_looks(design: GroupSequentialDesign, n_max: float) -> np.ndarray:
    """Return the patients of both arms at each look, shape (look,)."""
    return n_max * np.array(design.information_rates)


def size_record(
    design: GroupSequentialDesign, n_fixed: float, inflation: float, allocation: float, critical_effects: np.ndarray
) -> SampleSize:
    """Return the sizes of a design from those of a fixed one and the `inflation` of its largest size."""
    found = characteristics(design)
    n_max = n_fixed * inflation
    return SampleSize(
        n_fixed=n_fixed,
        n_max=n_max,
        n_arms=(n_max * allocation / (1 + allocation), n_max / (1 + allocation)),
        n_at_looks=n_at_looks(design, n_max),
        expected_n_null=n_fixed * found.expected_ratio_null,
        expected_n_between=n_fixed * found.expected_ratio_between,
        expected_n_alternative=n_fixed * found.expected_ratio_alternative,
        critical_effects=critical_effects,
        reject_at_looks=found.stopping.efficacy,
        early_stop=found.stopping.early,
    )


def power_record(
    design: GroupSequentialDesign, n_max: float, drifts: Sequence[float] | np.ndarray, critical_effects: np.ndarray
) -> Power:
    """Return what a design finds at each drift, shape (effect,)."""
    stops = [stopping_at(design, float(drift)) for drift in drifts]
    return Power(
        n_at_looks=n_at_looks(design, n_max),
        critical_effects=critical_effects,
        power=np.array([stop.power for stop in stops]),
        reject_at_looks=np.array([stop.efficacy for stop in stops]).T,
        futility_stop=np.array([stop.futility.sum() for stop in stops]),
        early_stop=np.array([stop.early for stop in stops]),
        expected_n=n_max * np.array([stop.expected_information for stop in stops]),
    )


def positive_problem(where: str, value: float) -> list[Problem]:
    """Return the problem of a number that must be finite and above 0."""
    return [] if isfinite(value) and value > 0 else [Problem(where, f"{value:g}", "a number above 0")]


def effect_problem(where: str, effect: float, null: float, direction: Direction) -> list[Problem]:
    """Return the problem of an alternative that is not finite, or does not lie on the tested side of the null."""
    if isfinite(effect) and isfinite(null) and (effect - null) * direction.sign > 0:
        return []
    return [Problem(where, f"{effect:g} with null {null:g}", f"{direction} than the null", "change the direction")]
