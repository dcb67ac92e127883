"""Responders by arm: risk differences with their intervals, in one stratum or several, and the test of association.

Every difference is an arm's less the control's. With several strata it is the Mantel-Haenszel difference: strata weigh
n₁n₀ / (n₁ + n₀), whatever the interval; one stratum is the plain difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfc, ndtri

from sciatrial.foundation import Problem, TrialError
from sciatrial.statistics.design import refuse, share_problem
from sciatrial.statistics.proportions import restricted_rates

Floats = NDArray[Any]
_HALVINGS = 52
# of a sum, relative to what is summed
_ROUNDING = 1e-12


class RiskInterval(StrEnum):
    """How the interval of a risk difference is made.

    ``newcombe``: from Wilson's limits of both arms, in one stratum Newcombe's method 10, in several Yan and Su's.
    ``miettinen_nurminen``: all differences that the score test does not reject. ``sato``: normal, with the variance of
    Sato, Greenland and Robins, which holds for many thin strata and for few thick ones.
    """

    NEWCOMBE = "newcombe"
    MIETTINEN_NURMINEN = "miettinen_nurminen"
    SATO = "sato"


@dataclass(frozen=True, eq=False)
class ResponderCounts:
    """Patients and those who responded, control first; dims ``trial, stratum, arm``, whole numbers."""

    responders: Floats
    patients: Floats


@dataclass(frozen=True, eq=False)
class RiskDifferences:
    """Differences of the shares of responders, −1 to 1; dims ``trial, arm``, without the control.

    Attributes
    ----------
    estimate, low, high
        NaN where there is no patient to compare; limits are cut at −1 and 1.
    standard_error
        Of Sato, Greenland and Robins, whatever the interval; exactly 0 where in each arm all or none respond, the same
        in every stratum.
    level
        Coverage of the intervals.
    interval
        How they are made.
    reasons
        Why a trial lacks an estimate, empty where it has all; one a trial.
    """

    estimate: Floats
    low: Floats
    high: Floats
    standard_error: Floats
    level: float
    interval: RiskInterval
    reasons: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class AssociationTests:
    """Chi-square tests with one degree of freedom of each arm against the control; dims ``trial, arm``."""

    statistic: Floats
    p_value: Floats
    reasons: tuple[str, ...]


def count_responders(response: ArrayLike, arms: ArrayLike, strata: ArrayLike | None = None) -> ResponderCounts:
    """Count patients and responders by stratum and arm.

    Parameters
    ----------
    response
        1 for a responder, 0 for another, NaN where missing (left out); dims ``patient`` or ``trial, patient``.
    arms
        0 for the control, then 1, 2, …; dims ``patient`` for all trials or ``trial, patient``.
    strata
        0, 1, 2, …; dims as those of the arms; one stratum by default.

    Returns
    -------
    ResponderCounts
        Dims ``trial, stratum, arm``.

    Raises
    ------
    TrialError
        Names every array that does not pair or holds other values.
    """
    y: Floats = np.atleast_2d(np.asarray(response, float))
    problems = []
    if y.ndim != 2 or not np.isin(y[~np.isnan(y)], (0, 1)).all():
        problems.append(Problem("response", f"shape {np.shape(response)}", "0, 1 or NaN by patient or trial, patient"))
    arm, arm_problems = _codes("arms", arms, y.shape)
    stratum, stratum_problems = _codes("strata", np.zeros(y.shape[1]) if strata is None else strata, y.shape)
    problems += arm_problems + stratum_problems
    if not arm_problems and arm.max() < 1:
        problems.append(Problem("arms", "one arm", "a control (0) and an arm or more"))
    refuse("responders", problems)
    n_strata, n_arms = int(stratum.max()) + 1, int(arm.max()) + 1
    cells = (np.arange(len(y))[:, None] * n_strata + stratum) * n_arms + arm
    total = len(y) * n_strata * n_arms
    known = ~np.isnan(y)

    def counted(weights: Floats) -> Floats:
        return np.bincount(cells.ravel(), weights.ravel(), total).reshape(len(y), n_strata, n_arms)

    return ResponderCounts(counted(np.where(known, y, 0.0)), counted(known.astype(float)))


def _codes(name: str, values: ArrayLike, shape: tuple[int, ...]) -> tuple[Floats, list[Problem]]:
    codes: Floats = np.asarray(values)
    if codes.shape not in (shape, shape[1:]):
        return codes, [Problem(name, f"shape {codes.shape}", f"one number for each patient of {shape}")]
    if not np.isfinite(codes).all() or (codes < 0).any() or (codes != np.floor(codes)).any():
        return codes, [Problem(name, "other values", "whole numbers from 0 on")]
    return np.broadcast_to(codes.astype(int), shape), []


def risk_differences(
    counts: ResponderCounts, *, interval: RiskInterval = RiskInterval.NEWCOMBE, level: float = 0.95
) -> RiskDifferences:
    """Estimate the difference of each arm's share of responders from the control's.

    Parameters
    ----------
    counts
        Of one stratum or several. A stratum that lacks one of two arms says nothing of their difference.
    interval
        How the interval is made.
    level
        Coverage, above 0 and below 1.

    Returns
    -------
    RiskDifferences
        Dims ``trial, arm``, without the control.

    Raises
    ------
    TrialError
        When counts are not possible, or the level is not between 0 and 1.

    Source
    ------
    Newcombe (1998), Statistics in Medicine 17, 873-890, method 10. Yan and Su (2010), Statistics in Biopharmaceutical
    Research 2, 329-335. Miettinen and Nurminen (1985), Statistics in Medicine 4, 213-226. Sato, Greenland and Robins
    (1989), Biometrics 45, 1323-1324.
    """
    refuse("risk differences", share_problem("level", level))
    pairs = _pairs(counts)
    quantile = float(ndtri((1 + level) / 2))
    makers = {
        RiskInterval.NEWCOMBE: _newcombe,
        RiskInterval.MIETTINEN_NURMINEN: _miettinen_nurminen,
        RiskInterval.SATO: _sato,
    }
    with np.errstate(invalid="ignore", divide="ignore"):
        estimate = np.clip((pairs.weights * (pairs.share - pairs.control_share)).sum(axis=1), -1.0, 1.0)
        limits = (np.clip(limit, -1.0, 1.0) for limit in makers[interval](pairs, estimate, quantile))
        found = (estimate, *limits, _sato_error(pairs, estimate))
    estimate, low, high, error = (np.where(pairs.is_known, values, np.nan) for values in found)
    return RiskDifferences(estimate, low, high, error, level, interval, _reasons(pairs.is_known))


def mantel_haenszel_test(counts: ResponderCounts, *, has_continuity_correction: bool = False) -> AssociationTests:
    """Test each arm against the control by the Cochran-Mantel-Haenszel statistic.

    Parameters
    ----------
    counts
        Of one stratum or several.
    has_continuity_correction
        Takes half a patient off the distance from the expected count, or all of it where it is less.

    Returns
    -------
    AssociationTests
        Dims ``trial, arm``. Where all or no patients respond the statistic is 0.

    Raises
    ------
    TrialError
        When counts are not possible.

    Source
    ------
    Mantel and Haenszel (1959), Journal of the National Cancer Institute 22, 719-748.
    """
    pairs = _pairs(counts)
    total = pairs.n + pairs.control_n
    responders = pairs.x + pairs.control_x
    several = np.maximum(total, 1.0)
    expected = pairs.n * responders / several
    variance = pairs.n * pairs.control_n * responders * (total - responders) / (several**2 * np.maximum(total - 1, 1))
    distance = np.abs((pairs.x - expected).sum(axis=1))
    if has_continuity_correction:
        distance = np.maximum(distance - 0.5, 0.0)
    spread = variance.sum(axis=1)
    statistic = np.where(spread > 0, distance**2 / np.where(spread > 0, spread, 1.0), 0.0)
    statistic = np.where(pairs.is_known, statistic, np.nan)
    return AssociationTests(statistic, erfc(np.sqrt(statistic / 2)), _reasons(pairs.is_known))


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Each arm beside the control; dims ``trial, stratum, arm``; strata without both have weight and counts 0."""

    x: Floats
    n: Floats
    control_x: Floats
    control_n: Floats
    weights: Floats
    is_known: Floats

    @property
    def share(self) -> Floats:
        return self.x / np.maximum(self.n, 1.0)

    @property
    def control_share(self) -> Floats:
        return self.control_x / np.maximum(self.control_n, 1.0)


def _pairs(counts: ResponderCounts) -> _Pairs:
    x, n = np.asarray(counts.responders, float), np.asarray(counts.patients, float)
    problems = []
    if x.ndim != 3 or x.shape != n.shape or x.shape[2] < 2:
        found = f"shapes {x.shape} and {n.shape}"
        raise TrialError("responders", Problem("counts", found, "dims trial, stratum, arm, with 2 arms or more"))
    if not ((x >= 0) & (x <= n) & np.isfinite(n)).all():
        problems.append(Problem("counts", "more responders than patients, or fewer than 0", "0 to the patients"))
    refuse("responders", problems)
    both = (n[..., 1:] > 0) & (n[..., :1] > 0)
    arm_x, arm_n = x[..., 1:] * both, n[..., 1:] * both
    control_x, control_n = x[..., :1] * both, n[..., :1] * both
    raw = arm_n * control_n / np.maximum(arm_n + control_n, 1.0)
    sums = raw.sum(axis=1, keepdims=True)
    return _Pairs(arm_x, arm_n, control_x, control_n, raw / np.where(sums > 0, sums, 1.0), np.asarray(sums[:, 0] > 0))


def _reasons(is_known: Floats) -> tuple[str, ...]:
    return tuple(
        "" if row.all() else f"arm {int(np.argmin(row)) + 1}: no stratum holds it and the control" for row in is_known
    )


def _wilson(share: Floats, n: Floats, quantile: Floats | float) -> tuple[Floats, Floats]:
    """Return Wilson's limits; of strata without patients something finite, which weighs 0."""
    square = quantile**2 / np.maximum(n, 1.0)
    middle = (share + square / 2) / (1 + square)
    half = np.sqrt(square * (share * (1 - share) + square / 4)) / (1 + square)
    return np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)


def _stratified_wilson(share: Floats, n: Floats, weights: Floats, quantile: float) -> tuple[Floats, Floats]:
    """Return Yan and Su's limits of the weighted share: strata share a quantile such that their sum has the coverage.

    Where nobody in any stratum varies (all respond or none do), the strata's variances are in the ratio of 1 / n.
    """
    variance = share * (1 - share) / np.maximum(n, 1.0)
    flat = (weights * variance).sum(axis=1, keepdims=True) == 0
    variance = np.where(flat, 1 / np.maximum(n, 1.0), variance)
    root = (weights * np.sqrt(variance)).sum(axis=1, keepdims=True)
    own = quantile * np.sqrt((weights**2 * variance).sum(axis=1, keepdims=True)) / root
    # weights sum to 1 but for rounding
    return tuple(np.clip((weights * limit).sum(axis=1), 0.0, 1.0) for limit in _wilson(share, n, own))  # type: ignore[return-value]


def _newcombe(pairs: _Pairs, estimate: Floats, quantile: float) -> tuple[Floats, Floats]:
    if pairs.n.shape[1] == 1:
        low, high = (limit[:, 0] for limit in _wilson(pairs.share, pairs.n, quantile))
        control_low, control_high = (limit[:, 0] for limit in _wilson(pairs.control_share, pairs.control_n, quantile))
        share, control = pairs.share[:, 0], pairs.control_share[:, 0]
        return (
            estimate - np.sqrt((share - low) ** 2 + (control_high - control) ** 2),
            estimate + np.sqrt((high - share) ** 2 + (control - control_low) ** 2),
        )
    low, high = _stratified_wilson(pairs.share, pairs.n, pairs.weights, quantile)
    control_low, control_high = _stratified_wilson(pairs.control_share, pairs.control_n, pairs.weights, quantile)
    factor = (pairs.weights**2 / np.maximum(pairs.n, 1.0)).sum(axis=1)
    control_factor = (pairs.weights**2 / np.maximum(pairs.control_n, 1.0)).sum(axis=1)
    return (
        estimate - quantile * np.sqrt(factor * low * (1 - low) + control_factor * control_high * (1 - control_high)),
        estimate + quantile * np.sqrt(factor * high * (1 - high) + control_factor * control_low * (1 - control_low)),
    )


def _miettinen_nurminen(pairs: _Pairs, estimate: Floats, quantile: float) -> tuple[Floats, Floats]:
    total = pairs.n + pairs.control_n
    # a share of two patients or fewer has no such correction; strata that are left out weigh 0
    correction = total / np.maximum(total - 1, 1)
    share, control_share = pairs.share, pairs.control_share
    n, control_n = np.maximum(pairs.n, 1.0), np.maximum(pairs.control_n, 1.0)

    def is_rejected(difference: Floats) -> Floats:
        null = difference[:, None]
        first, second = restricted_rates(share, control_share, control_n / n, null)
        spread = correction * (first * (1 - first) / n + second * (1 - second) / control_n)
        variance = (pairs.weights**2 * spread).sum(axis=1)
        return (estimate - difference) ** 2 > quantile**2 * variance

    return tuple(_last_accepted(is_rejected, estimate, np.full_like(estimate, end)) for end in (-1.0, 1.0))  # type: ignore[return-value]


def _last_accepted(is_rejected: Any, inside: Floats, outside: Floats) -> Floats:
    """Halve the way between an accepted difference and the end of the scale until they meet."""
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        rejected = is_rejected(middle)
        inside, outside = np.where(rejected, inside, middle), np.where(rejected, middle, outside)
    return outside


def _sato(pairs: _Pairs, estimate: Floats, quantile: float) -> tuple[Floats, Floats]:
    half = quantile * _sato_error(pairs, estimate)
    return estimate - half, estimate + half


def _sato_error(pairs: _Pairs, estimate: Floats) -> Floats:
    total = np.maximum(pairs.n + pairs.control_n, 1.0)
    raw = (pairs.n * pairs.control_n / total).sum(axis=1)
    first = (
        pairs.n**2 * pairs.control_x
        - pairs.control_n**2 * pairs.x
        + pairs.n * pairs.control_n * (pairs.control_n - pairs.n) / 2
    ) / total**2
    second = (pairs.x * (pairs.control_n - pairs.control_x) + pairs.control_x * (pairs.n - pairs.x)) / (2 * total)
    along, apart = estimate * first.sum(axis=1), second.sum(axis=1)
    # where all respond in one arm and none in the other both cancel, but for rounding
    is_none = along + apart <= _ROUNDING * (np.abs(estimate) * np.abs(first).sum(axis=1) + apart)
    return np.sqrt(np.where(is_none, 0.0, along + apart)) / raw
