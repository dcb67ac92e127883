"""Shares of responders by logistic regression, standardised over the patients: what arms differ by in the population.

The odds ratio of the regression is conditional on the covariates; the difference of standardised shares is marginal,
as that of a trial without covariates, and more precise.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from sciatrial.foundation import Problem, TrialError
from sciatrial.statistics.arm_design import arm_design
from sciatrial.statistics.inference import Estimates, student
from sciatrial.statistics.logistic import LogisticFits, checked_response, fit_logistic, log_odds_contrasts

Floats = NDArray[Any]


class MarginalVariance(StrEnum):
    """Variance of a standardised share.

    ``delta``: of the coefficients alone, the patients' covariates taken as fixed and the model as true (Ge and others
    2011). ``sandwich``: of the coefficients and of the covariates drawn, also where the model is wrong (M-estimation).
    """

    DELTA = "delta"
    SANDWICH = "sandwich"


@dataclass(frozen=True, eq=False)
class ResponderModels:
    """Logistic regressions of response on arm and covariates.

    Attributes
    ----------
    fits
        Coefficients: constant, difference of each arm from the control in log odds, covariates in their order.
    response
        Dims ``trial, patient``, NaN for a patient who takes no part.
    design
        Dims ``trial, patient, coefficient``.
    n_arms
        The control included.
    """

    fits: LogisticFits
    response: Floats
    design: Floats
    n_arms: int


@dataclass(frozen=True, eq=False)
class MarginalRisks:
    """Standardised shares of responders and their differences.

    Attributes
    ----------
    risks
        Dims ``trial, arm``, control first; 0 to 1. Tests are of 0 and say nothing.
    differences
        Less the control; dims ``trial, arm``, without it.
    """

    risks: Estimates
    differences: Estimates


def fit_responders(response: ArrayLike, arms: ArrayLike, covariates: ArrayLike) -> ResponderModels:
    """Fit a logistic regression of response on arm and covariates to each trial.

    Parameters
    ----------
    response
        1 for a responder, 0 for another, NaN where missing; dims ``patient`` or ``trial, patient``.
    arms
        0 for the control, then 1, 2, …; dims ``patient`` for all trials or ``trial, patient``.
    covariates
        Known before treatment; dims as those of the arms, or one more for several. A patient who lacks one takes no
        part.

    Returns
    -------
    ResponderModels
        For `marginal_risks` and `odds_ratios`.

    Raises
    ------
    TrialError
        When shapes do not pair, or arms are not numbered 0, 1, 2, ….
    """
    y, columns, n_arms = arm_design(response, arms, covariates, "responder analysis")
    y, design = checked_response(y, np.concatenate([np.ones((*y.shape, 1)), columns], axis=-1))
    assigned = np.broadcast_to(np.asarray(arms, float), y.shape)
    fits = fit_logistic(y, design)
    reasons = [_named(reason, y[trial], assigned[trial], n_arms) for trial, reason in enumerate(fits.reasons)]
    fits = LogisticFits(fits.coefficients, fits.covariance, fits.deviance, tuple(reasons))
    return ResponderModels(fits, y, design, n_arms)


def _named(reason: str, response: Floats, arms: Floats, n_arms: int) -> str:
    """Add to a separation the arms in which all or none respond: the usual cause."""
    if not reason.startswith("separation"):
        return reason
    for code in range(n_arms):
        own = response[(arms == code) & ~np.isnan(response)]
        if len(own) and own.min() == own.max():
            reason += f"; arm {code}: {'every' if own[0] else 'no'} patient responds"
    return reason


def odds_ratios(models: ResponderModels, *, level: float = 0.95) -> Estimates:
    """Estimate the log odds ratio of each arm against the control, conditional on the covariates.

    Returns
    -------
    Estimates
        Dims ``trial, arm``, without the control; natural logarithms.

    Raises
    ------
    TrialError
        When the level is not between 0 and 1.
    """
    width = models.design.shape[2]
    return log_odds_contrasts(models.fits, np.eye(width)[1 : models.n_arms], level=level)


def marginal_risks(
    models: ResponderModels, *, variance: MarginalVariance = MarginalVariance.SANDWICH, level: float = 0.95
) -> MarginalRisks:
    """Estimate the share of responders if all patients were in each arm, and its difference from the control's.

    Parameters
    ----------
    models
        From `fit_responders`; standardised over the patients of each trial who take part.
    variance
        What counts as chance.
    level
        Coverage of the intervals, above 0 and below 1.

    Returns
    -------
    MarginalRisks
        Normal intervals, not cut at 0 and 1.

    Raises
    ------
    TrialError
        When the level is not between 0 and 1.

    Source
    ------
    Ge and others (2011), Drug Information Journal 45, 481-493. Stefanski and Boos (2002), The American Statistician 56,
    29-38 (M-estimation).
    """
    if not 0 < level < 1:
        raise TrialError("standardisation", Problem("level", f"{level:g}", "above 0 and below 1"))
    known = ~np.isnan(models.response)
    number = np.maximum(known.sum(axis=1), 1)[:, None]
    columns = np.where(known[..., None], models.design, 0.0)
    coefficients, spread = models.fits.coefficients, models.fits.covariance
    residual = np.where(known, models.response, 0.0) - expit((columns @ coefficients[..., None])[..., 0])
    shares, slopes, influences = [], [], []
    for code in range(models.n_arms):
        moved = columns.copy()
        moved[..., 1 : models.n_arms] = 0.0
        if code:
            moved[..., code] = known
        mean = expit((moved @ coefficients[..., None])[..., 0])
        share = (mean * known).sum(axis=1) / number[:, 0]
        slope = ((mean * (1 - mean) * known)[:, None] @ moved)[:, 0] / number
        by_score = (columns @ (spread @ slope[..., None]))[..., 0] * residual * number
        influences.append(known * (mean - share[:, None] + by_score))
        shares.append(share)
        slopes.append(slope)
    share, slope = np.stack(shares, axis=1), np.stack(slopes, axis=1)
    if variance is MarginalVariance.DELTA:
        covariance = slope @ spread @ slope.swapaxes(1, 2)
    else:
        influence = np.stack(influences, axis=1)
        covariance = influence @ influence.swapaxes(1, 2) / number[..., None] ** 2
    rows, reasons = np.eye(models.n_arms), models.fits.reasons
    return MarginalRisks(
        risks=_sums(share, covariance, rows, level, reasons),
        differences=_sums(share, covariance, rows[1:] - rows[0], level, reasons),
    )


def _sums(share: Floats, covariance: Floats, rows: Floats, level: float, reasons: tuple[str, ...]) -> Estimates:
    estimate = share @ rows.T
    error = np.sqrt(np.einsum("ca,bad,cd->bc", rows, covariance, rows))
    return student(estimate, error, np.full_like(estimate, np.inf), level, reasons)
