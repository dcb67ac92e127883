"""Sample size and power for proportions: two arms by normal approximation with any margin, one arm exactly.

Source: Farrington and Manning 1990 (restricted estimates under a margin). Without a margin they are the pooled
proportion; the alternative has the variance of each arm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite, pi, sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri
from scipy.stats import binom

from sciatrial.foundation import Problem, TrialError
from sciatrial.statistics.design import GroupSequentialDesign, refuse, share_problem
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
from sciatrial.statistics.stopping import characteristics

Floats = NDArray[Any]
_LARGEST_EXACT = 100_000


class NullVariance(StrEnum):
    """Variance of the test: estimated as the null has it, or from each arm by itself."""

    POOLED = "pooled"
    UNPOOLED = "unpooled"


@dataclass(frozen=True)
class ProportionComparison:
    """How the proportions of two arms are compared: by their difference, first arm minus second.

    Parameters
    ----------
    second
        Proportion of the second arm, above 0 and below 1.
    null
        Difference under the null, above -1 and below 1; a margin makes it a test of non-inferiority by Farrington and
        Manning.
    allocation
        Patients of the first arm for each one of the second, above 0.
    direction
        Which side of the null is shown.
    variance
        Variance of the test under the null.
    """

    second: float
    null: float = 0.0
    allocation: float = 1.0
    direction: Direction = Direction.HIGHER
    variance: NullVariance = NullVariance.POOLED


@dataclass(frozen=True)
class ExactSize:
    """One arm tested exactly: patients, successes that reject, true level and power.

    The level and the power go up and down with the patients; `n` is the smallest number with the power.
    """

    n: int
    critical_count: int
    level: float
    power: float


def proportion_sample_size(design: GroupSequentialDesign, comparison: ProportionComparison, first: float) -> SampleSize:
    """Return how many patients find a difference of proportions with the power of the design.

    Parameters
    ----------
    design
        One look for a fixed design.
    comparison
        How the proportions are compared.
    first
        Proportion of the first arm, above 0 and below 1; its difference lies on the tested side of the null.

    Raises
    ------
    TrialError
        Names every number that cannot be used.
    """
    problems = [*_problems(comparison), *share_problem("first", first)]
    effect = first - comparison.second
    problems += effect_problem("first − second", effect, comparison.null, comparison.direction)
    refuse("sample size of proportions", problems)
    null_sd, true_sd = _unit_sds(comparison, first)
    rules = design.rules
    quantiles = -float(ndtri(rules.alpha_of_a_side)) * null_sd - float(ndtri(rules.beta)) * true_sd
    n_fixed = (quantiles / (effect - comparison.null)) ** 2
    inflation = characteristics(design).inflation_factor
    critical = _critical_effects(design, comparison, n_fixed * inflation)
    return size_record(design, n_fixed, inflation, comparison.allocation, critical)


def proportion_power(
    design: GroupSequentialDesign, comparison: ProportionComparison, firsts: Sequence[float], n_max: float
) -> Power:
    """Return what a design with `n_max` patients of both arms (above 0) finds at each proportion of the first arm.

    Raises
    ------
    TrialError
        Names every number that cannot be used.
    """
    problems = [*_problems(comparison), *positive_problem("n_max", n_max)]
    for first in firsts:
        problems += share_problem("firsts", first)
    refuse("power of proportions", problems)
    quantile = -float(ndtri(design.rules.alpha_of_a_side))
    drifts = []
    for first in firsts:
        null_sd, true_sd = _unit_sds(comparison, first)
        shift = (first - comparison.second - comparison.null) * comparison.direction.sign * sqrt(n_max)
        # the drift with which a normal design of one look has the power that two variances give
        drifts.append(quantile + (shift - quantile * null_sd) / true_sd)
    return power_record(design, n_max, drifts, _critical_effects(design, comparison, n_max))


def exact_binomial_sample_size(null: float, alternative: float, *, alpha: float, beta: float) -> ExactSize:
    """Return the smallest single arm whose exact one-sided test has the power.

    Parameters
    ----------
    null, alternative
        Proportions, above 0 and below 1; the alternative may lie on either side.
    alpha, beta
        One-sided errors, above 0 and below 1.

    Raises
    ------
    TrialError
        Names every number that cannot be used; when more than 100 000 patients are needed.
    """
    problems = [*share_problem("null", null), *share_problem("alternative", alternative)]
    problems += [*share_problem("alpha", alpha), *share_problem("beta", beta)]
    if null == alternative:
        problems.append(Problem("alternative", f"{alternative:g}", "another proportion than the null"))
    refuse("exact binomial sample size", problems)
    for start in range(1, _LARGEST_EXACT, 1000):
        sizes = np.arange(start, start + 1000)
        enough = np.flatnonzero(_exact_powers(sizes, null, alternative, alpha)[2] >= 1 - beta)
        if len(enough):
            return exact_binomial_power(int(sizes[enough[0]]), null, alternative, alpha=alpha)
    raise TrialError(
        "exact binomial sample size",
        Problem("alternative", f"{alternative:g} is too near to {null:g}", f"at most {_LARGEST_EXACT} patients"),
    )


def exact_binomial_power(n: int, null: float, alternative: float, *, alpha: float) -> ExactSize:
    """Return successes that reject, level and power of the exact one-sided test of `n` patients (1 or more)."""
    problems = [
        *share_problem("null", null),
        *share_problem("alternative", alternative),
        *share_problem("alpha", alpha),
    ]
    refuse("exact binomial power", [*problems, *positive_problem("n", n)])
    count, level, power = _exact_powers(np.array([n]), null, alternative, alpha)
    return ExactSize(n, int(count[0]), float(level[0]), float(power[0]))


def _exact_powers(
    sizes: np.ndarray, null: float, alternative: float, alpha: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Critical counts, levels and powers, each of shape (size,)."""
    if alternative < null:  # failures are counted instead
        count, level, power = _exact_powers(sizes, 1 - null, 1 - alternative, alpha)
        return sizes - count, level, power
    count = binom.isf(alpha, sizes, null) + 1
    return count, binom.sf(count - 1, sizes, null), binom.sf(count - 1, sizes, alternative)


def _unit_sds(comparison: ProportionComparison, first: float) -> tuple[float, float]:
    """Return the standard errors × √(patients of both arms) under the null and as they are."""
    true_sd = _unit_sd(first, comparison.second, comparison.allocation)
    if comparison.variance is NullVariance.UNPOOLED:
        return true_sd, true_sd
    return _unit_sd(*restricted_proportions(first, comparison), comparison.allocation), true_sd


def _unit_sd(first: float, second: float, allocation: float) -> float:
    return sqrt((1 + allocation) * (first * (1 - first) / allocation + second * (1 - second)))


def restricted_proportions(first: float, comparison: ProportionComparison) -> tuple[float, float]:
    """Return the likeliest proportions of both arms among those that differ by the null.

    Parameters
    ----------
    first
        Observed or expected proportion of the first arm, 0 to 1.
    comparison
        The second arm's proportion, the null and the allocation.

    Source
    ------
    Farrington and Manning 1990: the root of the cubic likelihood equation in trigonometric form.
    """
    found = restricted_rates(first, comparison.second, 1 / comparison.allocation, comparison.null)
    return float(found[0]), float(found[1])


def restricted_rates(first: ArrayLike, second: ArrayLike, ratio: ArrayLike, null: ArrayLike) -> tuple[Floats, Floats]:
    """Return the likeliest proportions of both arms that differ by the null, for arrays that broadcast.

    Parameters
    ----------
    first, second
        Observed proportions, 0 to 1.
    ratio
        Patients of the second arm for each one of the first, above 0.
    null
        First less second, above -1 and below 1.
    """
    one, two, share, gap = (np.asarray(value, float) for value in (first, second, ratio, null))
    a = 1 + share
    b = -(1 + share + one + share * two + gap * (share + 2))
    c = gap**2 + gap * (2 * one + share + 1) + one + share * two
    d = -one * gap * (1 + gap)
    v = b**3 / (3 * a) ** 3 - b * c / (6 * a**2) + d / (2 * a)
    u = np.sign(v) * np.sqrt(np.maximum(b**2 / (3 * a) ** 2 - c / (3 * a), 0.0))
    cosine = np.clip(v / np.where(u == 0, 1.0, u**3), -1.0, 1.0)
    restricted = 2 * u * np.cos((pi + np.arccos(cosine)) / 3) - b / (3 * a)
    restricted = np.where(gap == 0, (one + share * two) / (1 + share), restricted)
    restricted = np.clip(restricted, np.maximum(gap, 0.0), 1 + np.minimum(gap, 0.0))  # rounding
    return restricted, restricted - gap


def _critical_effects(design: GroupSequentialDesign, comparison: ProportionComparison, n_max: float) -> np.ndarray:
    """Difference at each look at which z is on the efficacy bound; nan where no proportion reaches it."""
    sizes = n_at_looks(design, n_max)
    return np.array([_critical_effect(comparison, bound, n) for bound, n in zip(design.efficacy_z, sizes, strict=True)])


def _critical_effect(comparison: ProportionComparison, bound_z: float, n: float) -> float:
    sign = comparison.direction.sign

    def miss(first: float) -> float:
        margin = (first - comparison.second - comparison.null) * sign
        return margin * sqrt(n) - bound_z * _unit_sds(comparison, first)[0]

    null_first = min(max(comparison.second + comparison.null, 0.0), 1.0)
    end = 1.0 if comparison.direction is Direction.HIGHER else 0.0
    if not isfinite(bound_z) or miss(null_first) * miss(end) > 0:
        return float("nan")
    return root_between(miss, null_first, end, error=1e-12) - comparison.second


def _problems(comparison: ProportionComparison) -> list[Problem]:
    problems = [*share_problem("second", comparison.second), *positive_problem("allocation", comparison.allocation)]
    if not -1 < comparison.null < 1:
        problems.append(Problem("null", f"{comparison.null:g}", "a difference above -1 and below 1"))
    return problems
