"""Sample size and power for two arms with a mean each: difference or ratio, t or normal test, any margin.

The fixed design is exact, by the noncentral t distribution. A group-sequential design takes its inflation factor and,
for power, the drift of the normal design that has the same power with one look.

Source: Wassmer and Brannath 2016, chapter 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf, isfinite, sqrt

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit
from scipy.stats import nct

from sciatrial.foundation import Problem
from sciatrial.statistics.design import GroupSequentialDesign, refuse
from sciatrial.statistics.roots import root_between
from sciatrial.statistics.sizes import (
    Direction,
    Power,
    SampleSize,
    effect_problem,
    n_at_looks,
    positive_problem,
    power_record,
    size_record,
)
from sciatrial.statistics.stopping import characteristics, fixed_information

_LARGEST = 1e9
# two patients have no degree of freedom, and the t distribution with nearly none overflows
_FEWEST = 2.1
# beyond these degrees of freedom t and normal power agree to 1e-7, and the noncentral t of scipy is slow
_NORMAL_FROM_DF = 1e6


class MeanTest(StrEnum):
    """How the means are tested."""

    T = "t"
    NORMAL = "normal"


class MeanEffect(StrEnum):
    """How the means are compared, first arm with second."""

    DIFFERENCE = "difference"
    RATIO = "ratio"


@dataclass(frozen=True)
class MeanComparison:
    """How the means of two arms are compared.

    Parameters
    ----------
    sd
        Standard deviation of a patient, above 0: in the unit of the outcome, or for a ratio over the second arm's mean.
    second_sd
        That of the second arm, if it is another one (normal test only).
    null
        Difference or ratio under the null; a margin makes it a test of non-inferiority.
    allocation
        Patients of the first arm for each one of the second, above 0.
    direction
        Which side of the null is shown.
    test, effect
        t or normal; difference or ratio.
    """

    sd: float
    second_sd: float | None = None
    null: float = 0.0
    allocation: float = 1.0
    direction: Direction = Direction.HIGHER
    test: MeanTest = MeanTest.T
    effect: MeanEffect = MeanEffect.DIFFERENCE

    @property
    def unit_sd(self) -> float:
        """Standard error of the effect × √(patients of both arms)."""
        second = self.sd if self.second_sd is None else self.second_sd
        if self.effect is MeanEffect.RATIO:  # arm 1 − null × arm 2, over the mean of arm 2
            second *= self.null
        return sqrt((1 + self.allocation) * (self.sd**2 / self.allocation + second**2))


def mean_sample_size(design: GroupSequentialDesign, comparison: MeanComparison, effect: float) -> SampleSize:
    """Return how many patients find a difference or ratio of means with the power of the design.

    Parameters
    ----------
    design
        One look for a fixed design.
    comparison
        How the means are compared.
    effect
        Difference or ratio, on the tested side of the null.

    Raises
    ------
    TrialError
        Names every number that cannot be used.
    """
    problems = [*_problems(comparison), *effect_problem("effect", effect, comparison.null, comparison.direction)]
    refuse("sample size of means", problems)
    shift = abs(effect - comparison.null) / comparison.unit_sd
    n_fixed = _fixed_size(design, comparison.test, shift)
    inflation = characteristics(design).inflation_factor
    critical = _effects_at(design, comparison, n_fixed * inflation, design.efficacy_z)
    return size_record(design, n_fixed, inflation, comparison.allocation, critical)


def mean_power(
    design: GroupSequentialDesign, comparison: MeanComparison, effects: Sequence[float], n_max: float
) -> Power:
    """Return what a design with `n_max` patients of both arms (2.1 or more) finds at each difference or ratio.

    Raises
    ------
    TrialError
        Names every number that cannot be used.
    """
    problems = _problems(comparison)
    if not n_max >= _FEWEST or not isfinite(n_max):
        problems.append(Problem("n_max", f"{n_max:g}", f"{_FEWEST:g} patients or more"))
    problems += [Problem("effects", f"{value}", "finite numbers") for value in effects if not isfinite(value)]
    refuse("power of means", problems)
    alpha = design.rules.alpha_of_a_side
    drifts = []
    for effect in effects:
        shift = (effect - comparison.null) * comparison.direction.sign * sqrt(n_max) / comparison.unit_sd
        drifts.append(_normal_drift(alpha, n_max, shift, comparison.test))
    return power_record(design, n_max, drifts, _effects_at(design, comparison, n_max, design.efficacy_z))


def futility_effects(design: GroupSequentialDesign, comparison: MeanComparison, n_max: float) -> np.ndarray:
    """Return the effect at each interim look at which z is on the futility bound, shape (look − 1,)."""
    return _effects_at(design, comparison, n_max, design.futility_z)


def _normal_drift(alpha: float, n: float, shift: float, test: MeanTest) -> float:
    if test is MeanTest.NORMAL or n - 2 > _NORMAL_FROM_DF:
        return shift
    # the log of the smaller tail keeps its digits
    if shift >= -float(ndtri(alpha)):
        return float(-ndtri(alpha) - ndtri(nct.cdf(-stdtrit(n - 2, alpha), n - 2, shift)))
    return float(-ndtri(alpha) + ndtri(nct.sf(-stdtrit(n - 2, alpha), n - 2, shift)))


def _fixed_size(design: GroupSequentialDesign, test: MeanTest, shift: float) -> float:
    normal = fixed_information(design) / shift**2
    if test is MeanTest.NORMAL or normal - 2 > _NORMAL_FROM_DF:
        return normal
    alpha, beta = design.rules.alpha_of_a_side, design.rules.beta

    def miss(n: float) -> float:
        return float(nct.cdf(-stdtrit(n - 2, alpha), n - 2, shift * sqrt(n))) - beta

    high = normal + 4
    while miss(high) > 0 and high < _LARGEST:
        high *= 2
    low = max(_FEWEST, 0.5 * normal)  # a t test needs more than the normal one
    return low if miss(low) <= 0 else root_between(miss, low, high, error=1e-9)


def _effects_at(
    design: GroupSequentialDesign, comparison: MeanComparison, n_max: float, bounds_z: Sequence[float]
) -> np.ndarray:
    """Effects at which the tests at the looks lie on bounds of z, by the level of the bound."""
    n = n_at_looks(design, n_max)[: len(bounds_z)]
    bounds = np.array(bounds_z, dtype=float)
    if comparison.test is MeanTest.T:
        bounds = np.where(np.isfinite(bounds) & (n > 2), -stdtrit(np.maximum(n - 2, 1e-9), ndtr(-bounds)), bounds)
    effects = comparison.null + comparison.direction.sign * bounds * comparison.unit_sd / np.sqrt(n)
    return np.where(np.abs(bounds) < inf, effects, np.nan)


def _problems(comparison: MeanComparison) -> list[Problem]:
    problems = [*positive_problem("sd", comparison.sd), *positive_problem("allocation", comparison.allocation)]
    if not isfinite(comparison.null):
        problems.append(Problem("null", f"{comparison.null}", "a finite number"))
    if comparison.effect is MeanEffect.RATIO:
        problems += positive_problem("null", comparison.null)
    if comparison.second_sd is not None:
        problems += positive_problem("second_sd", comparison.second_sd)
        if comparison.test is MeanTest.T:
            problems.append(Problem("second_sd", "a t test of unequal standard deviations", "the normal test"))
    return problems
