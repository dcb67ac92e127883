"""Estimates, intervals and tests of what the coefficients of mixed models add up to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sciatrial.foundation import Problem, TrialError
from sciatrial.statistics.mixed_model import MixedFits, SmallSample
from sciatrial.statistics.sweep import sweep

Floats = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Estimates:
    """Estimates with intervals and tests of 0; NaN where a trial has no fit, whose reason stands in the fits.

    Attributes
    ----------
    estimate, standard_error, low, high
        In units of the outcome; the dims are those that the maker names, the first is ``trial``.
    degrees_of_freedom
        Of the t distribution; above 0.
    statistic, p_value
        Student's t and its two-sided p.
    level
        Coverage of the intervals, 0 to 1.
    reasons
        Why a trial has no estimates, empty where it has; one a trial.
    """

    estimate: Floats
    standard_error: Floats
    degrees_of_freedom: Floats
    statistic: Floats
    p_value: Floats
    low: Floats
    high: Floats
    level: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class JointTests:
    """F tests that several contrasts are all 0; dims ``trial``, NaN where a trial has no fit or no such test."""

    statistic: Floats
    numerator: int
    denominator: Floats
    p_value: Floats


def contrasts(fits: MixedFits, weights: ArrayLike, *, level: float = 0.95) -> Estimates:
    """Estimate weighted sums of coefficients.

    Parameters
    ----------
    fits
        Of one or more trials.
    weights
        Dims ``..., coefficient`` for all trials or ``trial, ..., coefficient``: two dims are contrasts of all trials,
        three or more begin with trial.
    level
        Coverage of the intervals, above 0 and below 1.

    Returns
    -------
    Estimates
        Dims ``trial, contrast``, or those of the weights less the last. With the degrees of freedom of the fits'
        small-sample method; under Kenward and Roger its standard errors too.

    Raises
    ------
    TrialError
        When the weights do not pair with the coefficients, or the level is not between 0 and 1.

    Source
    ------
    Satterthwaite: Giesbrecht and Burns (1985), Biometrics 41, 477-486. Kenward and Roger (1997), Biometrics 53,
    983-997, whose denominator is the same for one contrast.
    """
    rows, shape = _rows(fits, weights)
    if not 0 < level < 1:
        raise TrialError("contrasts", Problem("level", f"{level:g}", "between 0 and 1", "0.95 is usual"))
    estimate = np.einsum("bcp,bp->bc", rows, fits.coefficients)
    error = np.sqrt(np.einsum("bcp,bpq,bcq->bc", rows, fits.adjusted_covariance, rows, optimize=True))
    freedom = _satterthwaite(fits, rows)
    return student(estimate.reshape(shape), error.reshape(shape), freedom.reshape(shape), level, fits.reasons)


def student(estimate: Floats, error: Floats, freedom: Floats, level: float, reasons: tuple[str, ...]) -> Estimates:
    """Return the estimates with Student's t intervals and tests; arrays share their dims."""
    from scipy.special import stdtr, stdtrit

    statistic = estimate / error
    half = stdtrit(freedom, (1 + level) / 2) * error
    p_value = 2 * stdtr(freedom, -np.abs(statistic))
    return Estimates(estimate, error, freedom, statistic, p_value, estimate - half, estimate + half, level, reasons)


def normal_of_t(statistic: ArrayLike, degrees_of_freedom: ArrayLike) -> Floats:
    """Return the normal statistic of the same one-sided p value as Student's t; dims as broadcast, NaN stays NaN."""
    from scipy.special import ndtri_exp
    from scipy.stats import t

    found: Floats = np.asarray(statistic, float)
    tail = t.logsf(np.abs(found), degrees_of_freedom)  # the logarithm keeps the digits of small tails
    return -ndtri_exp(tail) * np.where(found >= 0, 1.0, -1.0)


def _rows(fits: MixedFits, weights: ArrayLike) -> tuple[Floats, tuple[int, ...]]:
    rows: Floats = np.asarray(weights, float)
    trials, width = fits.coefficients.shape
    rows = rows[None] if rows.ndim == 1 else rows
    rows = np.broadcast_to(rows, (trials, *rows.shape)) if rows.ndim == 2 else rows
    if rows.shape[0] != trials or rows.shape[-1] != width:
        problem = Problem(
            "weights",
            f"shape {np.shape(weights)}",
            f"{width} coefficients of {trials} trials",
            "pair them with the fits",
        )
        raise TrialError("contrasts", problem)
    return rows.reshape(trials, -1, width), rows.shape[:-1]


def _gradients(fits: MixedFits, rows: Floats) -> tuple[Floats, Floats]:
    """Return each contrast's variance and its derivatives by the covariance parameters."""
    lever = rows @ fits.covariance  # (trial, contrast, coefficient)
    variance = (lever * rows).sum(axis=-1)
    turned = lever[:, None] @ fits.slopes  # (trial, parameter, contrast, coefficient)
    return variance, (turned * lever[:, None]).sum(axis=-1).swapaxes(1, 2)


def _satterthwaite(fits: MixedFits, rows: Floats) -> Floats:
    """Return 2 v² / var(v), var(v) by the delta method; dims ``trial, contrast``."""
    variance, gradient = _gradients(fits, rows)
    spread = (gradient @ sweep(fits.information).inverse * gradient).sum(axis=-1)
    return 2 * variance**2 / spread


def joint_contrasts(fits: MixedFits, weights: ArrayLike) -> JointTests:
    """Test by F whether several contrasts are all 0.

    Parameters
    ----------
    fits
        Of one or more trials.
    weights
        Dims ``contrast, coefficient`` or ``trial, contrast, coefficient``; linearly independent.

    Returns
    -------
    JointTests
        One F test a trial.

    Raises
    ------
    TrialError
        When the weights do not pair with the coefficients, or some follow from the others.

    Source
    ------
    Satterthwaite: Fai and Cornelius (1996), Journal of Statistical Computation and Simulation 54, 363-378: the
    contrasts are rotated to independent ones, whose squared t statistics are averaged and matched to an F by the mean.
    Kenward and Roger (1997), section 3.
    """
    from scipy.special import fdtrc

    rows, _ = _rows(fits, weights)
    number = rows.shape[1]
    if np.linalg.matrix_rank(rows).min() < number:
        problem = Problem("weights", "contrasts that follow from others", "independent ones", "leave some out")
        raise TrialError("joint contrasts", problem)
    estimate = np.einsum("bcp,bp->bc", rows, fits.coefficients)
    if fits.asked.small_sample is SmallSample.KENWARD_ROGER:
        covariance = rows @ fits.adjusted_covariance @ rows.swapaxes(1, 2)
        scale, freedom = _kenward_roger(fits, rows)
    else:
        covariance = rows @ fits.covariance @ rows.swapaxes(1, 2)
        scale, freedom = 1.0, _fai_cornelius(fits, rows, covariance)
    statistic = scale * np.einsum("bc,bcd,bd->b", estimate, sweep(covariance).inverse, estimate) / number
    return JointTests(statistic, number, freedom, fdtrc(number, freedom, statistic))


def _fai_cornelius(fits: MixedFits, rows: Floats, covariance: Floats) -> Floats:
    is_known = np.asarray(np.isfinite(covariance).all(axis=(1, 2)))
    rotation = np.linalg.eigh(np.where(is_known[:, None, None], covariance, np.eye(rows.shape[1])))[1]
    single = _satterthwaite(fits, rotation.swapaxes(1, 2) @ rows)
    number = rows.shape[1]
    if number == 1:
        return single[:, 0]
    # the mean of F(1, ν) is ν / (ν − 2); below 2 there is none
    total = np.where(single > 2, single / np.maximum(single - 2, 1e-300), 0.0).sum(axis=1)
    freedom = np.where(total > number, 2 * total / np.where(total > number, total - number, 1.0), np.nan)
    return np.where(is_known, freedom, np.nan)


def _kenward_roger(fits: MixedFits, rows: Floats) -> tuple[Floats, Floats]:
    """Return the scale and the denominator that match two moments of F."""
    number = rows.shape[1]
    if number == 1:
        return np.ones(len(rows)), _satterthwaite(fits, rows)[:, 0]
    lever = rows @ fits.covariance
    inner = sweep(lever @ rows.swapaxes(1, 2)).inverse
    turned = inner[:, None] @ (lever[:, None] @ fits.slopes @ lever.swapaxes(1, 2)[:, None])
    spread = sweep(fits.information).inverse
    traces = np.trace(turned, axis1=2, axis2=3)
    first = np.einsum("bij,bi,bj->b", spread, traces, traces)
    second = np.einsum("bij,bicd,bjdc->b", spread, turned, turned, optimize=True)
    b = (first + 6 * second) / (2 * number)
    g = ((number + 1) * first - (number + 4) * second) / ((number + 2) * second)
    below = 3 * number + 2 * (1 - g)
    c1, c2, c3 = g / below, (number - g) / below, (number + 2 - g) / below
    mean = 1 / (1 - second / number)
    variance = 2 / number * (1 + c1 * b) / ((1 - c2 * b) ** 2 * (1 - c3 * b))
    ratio = variance / (2 * mean**2)
    freedom = 4 + (number + 2) / (number * ratio - 1)
    return freedom / (mean * (freedom - 2)), freedom
