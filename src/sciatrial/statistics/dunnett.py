"""Dunnett's distribution: the largest of several comparisons with one control, by quadrature and by table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import inf, isfinite
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline
from scipy.special import gammaln, log_ndtr, logsumexp, ndtri_exp

from sciatrial.foundation import Problem
from sciatrial.statistics.design import refuse
from sciatrial.statistics.roots import root_between

Floats = NDArray[Any]

# of the control's mean, in its standard errors: beyond lies less than 1e-18
_WIDEST, _POINTS = 9.0, 200
_SCALE_POINTS = 80
# between knots the table errs by less than 1e-8
_LOWEST, _HIGHEST, _STEP = -9.0, 36.0, 0.05
# beyond this z, a p value of 1e-15, the table goes on straight
_CERTAIN_Z = 8.0


def dunnett_p_value(
    largest: ArrayLike, allocation_ratios: Sequence[float], *, degrees_of_freedom: float = inf
) -> Floats:
    """Return how often the largest of several comparisons with one control is this large or larger under the null.

    Parameters
    ----------
    largest
        Largest of the standardised differences, any dims.
    allocation_ratios
        Patients of each arm for each one of the control, above 0. Two comparisons correlate by
        √(r₁ / (1 + r₁)) √(r₂ / (1 + r₂)): a half where all arms are equal.
    degrees_of_freedom
        Of the variance that all comparisons share, 1 or more; infinite where it is known.

    Returns
    -------
    numpy.ndarray
        One-sided p values, dims as given; absolute error below 1e-8.

    Raises
    ------
    TrialError
        Names every number that cannot be used.

    Source
    ------
    Dunnett (1955), Journal of the American Statistical Association 50, 1096-1121.
    """
    _refuse_what_is_wrong(allocation_ratios, degrees_of_freedom)
    statistic = np.asarray(largest, float)
    ratios = tuple(sorted(allocation_ratios))
    upper, _ = _log_tails(np.atleast_1d(statistic).ravel(), ratios, degrees_of_freedom)
    return np.exp(upper).reshape(statistic.shape)


def dunnett_critical_value(
    alpha: float, allocation_ratios: Sequence[float], *, degrees_of_freedom: float = inf
) -> float:
    """Return the bound that the largest comparison passes with probability alpha under the null.

    Parameters
    ----------
    alpha
        One-sided familywise error, above 0 and below 1/2.
    allocation_ratios, degrees_of_freedom
        As in `dunnett_p_value`.

    Raises
    ------
    TrialError
        Names every number that cannot be used.
    """
    if not 0 < alpha < 0.5:
        refuse("Dunnett's test", [Problem("alpha", f"{alpha:g}", "above 0 and below 1/2")])

    def miss(bound: float) -> float:
        return float(dunnett_p_value(bound, allocation_ratios, degrees_of_freedom=degrees_of_freedom)) - alpha

    high = 10.0
    while miss(high) > 0:
        high *= 2
    return root_between(miss, 0.0, high)


def normal_equivalents(allocation_ratios: Sequence[float], degrees_of_freedom: float) -> Callable[[Floats], Floats]:
    """Return a function that turns the largest comparison into the z with the same one-sided p value.

    For simulated trials by the thousand: a table with cubic pieces, which errs by less than 1e-8 from a statistic of -9
    to 36, or to z = 8. Beyond, tails fall as Student's do; with known variance it goes on straight above, and is
    constant below.
    """
    _refuse_what_is_wrong(allocation_ratios, degrees_of_freedom)
    table, end, height, slope = _table(tuple(sorted(allocation_ratios)), degrees_of_freedom)
    lowest = float(table(_LOWEST))

    def equivalent(largest: Floats) -> Floats:
        found = np.asarray(table(np.clip(largest, _LOWEST, end)))
        above, below = largest > end, largest < _LOWEST
        if not (above | below).any():
            return found
        if not isfinite(degrees_of_freedom):
            return np.where(above, height + slope * (largest - end), found)
        upper = log_ndtr(-height) + _log_fall(largest, end, degrees_of_freedom)
        lower = log_ndtr(lowest) + _log_fall(largest, _LOWEST, degrees_of_freedom)
        return np.where(above, -ndtri_exp(upper), np.where(below, ndtri_exp(lower), found))

    return equivalent


def _log_fall(statistic: Floats, end: float, freedom: float) -> Floats:
    """Return by how much the logarithm of a tail falls from an end on: as Student's does, which is one arm's."""
    from scipy.stats import t

    beyond = np.maximum(np.abs(statistic), abs(end))
    return np.asarray(t.logsf(beyond, freedom) - t.logsf(abs(end), freedom))


@lru_cache(maxsize=256)
def _table(ratios: tuple[float, ...], degrees_of_freedom: float) -> tuple[CubicSpline, float, float, float]:
    """Return the table, its last statistic, and its height and slope there."""
    knots = np.arange(_LOWEST, _HIGHEST + _STEP / 2, _STEP)
    upper, lower = _log_tails(knots, ratios, degrees_of_freedom)
    # each side by the tail that keeps its digits
    equivalents = np.where(upper < lower, -ndtri_exp(upper), ndtri_exp(lower))
    inside = equivalents < _CERTAIN_Z
    table, end = CubicSpline(knots[inside], equivalents[inside]), float(knots[inside][-1])
    return table, end, float(table(end)), float(table(end, 1))


def _log_tails(statistic: Floats, ratios: tuple[float, ...], freedom: float) -> tuple[Floats, Floats]:
    """Return the logarithms of the probabilities of a larger and of a smaller largest comparison."""
    if isfinite(freedom):
        scales, log_weights = _scales(freedom)
        known = normal_equivalents(ratios, inf)(statistic[:, None] * scales)
        return _log_mean(log_ndtr(-known), log_weights), _log_mean(log_ndtr(known), log_weights)
    points, weights = np.polynomial.legendre.leggauss(_POINTS)
    points = _WIDEST * points
    log_weights = np.log(_WIDEST * weights / np.sqrt(2 * np.pi)) - points**2 / 2
    below = np.zeros((len(statistic), _POINTS))
    for ratio in ratios:
        shared = ratio / (1 + ratio)  # share of a comparison's variance that comes from the control
        below += log_ndtr((statistic[:, None] - np.sqrt(shared) * points) / np.sqrt(1 - shared))
    with np.errstate(divide="ignore"):
        above = np.log(-np.expm1(np.minimum(below, 0.0)))
    return _log_mean(above, log_weights), _log_mean(below, log_weights)


def _log_mean(log_values: Floats, log_weights: Floats) -> Floats:
    return np.asarray(logsumexp(log_values + log_weights, axis=1))


def _scales(freedom: float) -> tuple[Floats, Floats]:
    """Return points of the estimated over the true standard deviation, and the logarithms of their weights."""
    points, weights = np.polynomial.legendre.leggauss(_SCALE_POINTS)
    middle, half = 1.0, 9.0 / np.sqrt(2 * freedom)
    low, high = max(middle - half, 0.0), middle + half
    scales = low + (high - low) * (points + 1) / 2
    density = (
        (freedom / 2) * np.log(freedom / 2)
        - gammaln(freedom / 2)
        + np.log(2.0)
        + (freedom - 1) * np.log(scales)
        - freedom * scales**2 / 2
    )
    return scales, density + np.log((high - low) / 2 * weights)


def _refuse_what_is_wrong(ratios: Sequence[float], freedom: float) -> None:
    problems = [
        Problem("allocation_ratios", f"{ratio:g}", "above 0") for ratio in ratios if not (isfinite(ratio) and ratio > 0)
    ]
    if not len(ratios):
        problems.append(Problem("allocation_ratios", "none", "one for each arm but the control"))
    if not freedom >= 1:
        problems.append(Problem("degrees_of_freedom", f"{freedom:g}", "1 or more"))
    refuse("Dunnett's test", problems)
