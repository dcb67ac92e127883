"""Logistic regression of many trials at once; where the likelihood has no maximum, a trial says why.

Newton's steps with halving. Fits that do not settle are asked, by a linear programme, whether a weighted sum of their
columns separates responders from others: then some coefficients are infinite and no fit is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from sciatrial.foundation import Problem, TrialError
from sciatrial.statistics.design import refuse, share_problem
from sciatrial.statistics.inference import Estimates, student
from sciatrial.statistics.separation import separating_columns
from sciatrial.statistics.sweep import sweep

Floats = NDArray[Any]

_MOST_STEPS = 40
_MOST_HALVINGS = 20
# the last step moves no patient's log odds by more than this
_SETTLED = 1e-9
_SINGULAR = 1e-10
# numbers of the design held at a time, eight bytes each
_NUMBERS = 10_000_000


@dataclass(frozen=True, eq=False)
class LogisticFits:
    """Fitted logistic regressions; NaN where a trial has no fit, whose reason says why.

    Attributes
    ----------
    coefficients
        Log odds ratios; dims ``trial, coefficient``.
    covariance
        Inverse information; dims ``trial, coefficient, coefficient``.
    deviance
        −2 log-likelihood; dims ``trial``.
    reasons
        Why a trial has no fit, empty where it has; one a trial.
    """

    coefficients: Floats
    covariance: Floats
    deviance: Floats
    reasons: tuple[str, ...]


def fit_logistic(response: ArrayLike, design: ArrayLike) -> LogisticFits:
    """Fit a logistic regression to each of many trials.

    Parameters
    ----------
    response
        1 for a responder, 0 for another, NaN where missing; dims ``patient`` or ``trial, patient``.
    design
        Columns, constant included; dims ``patient, coefficient`` for all trials or ``trial, patient, coefficient``.
        Finite wherever the response is known.

    Returns
    -------
    LogisticFits
        One fit a trial; those that fail say why.

    Raises
    ------
    TrialError
        When shapes do not pair, or values cannot be used.

    Source
    ------
    Albert and Anderson (1984), Biometrika 71, 1-10 (when there is a maximum).
    """
    y, x = checked_response(response, design)
    size = max(1, _NUMBERS // max(x.shape[1] * x.shape[2], 1))
    parts = [_fit(y[first : first + size], x[first : first + size]) for first in range(0, len(y), size)]
    return LogisticFits(
        coefficients=np.concatenate([part.coefficients for part in parts]),
        covariance=np.concatenate([part.covariance for part in parts]),
        deviance=np.concatenate([part.deviance for part in parts]),
        reasons=tuple(reason for part in parts for reason in part.reasons),
    )


class OddsFits(Protocol):
    """What contrasts of log odds need of a fit: see `LogisticFits`."""

    @property
    def coefficients(self) -> Floats:
        """Dims ``trial, coefficient``."""
        ...

    @property
    def covariance(self) -> Floats:
        """Dims ``trial, coefficient, coefficient``."""
        ...

    @property
    def reasons(self) -> tuple[str, ...]:
        """One a trial."""
        ...


def log_odds_contrasts(fits: OddsFits, weights: ArrayLike, *, level: float = 0.95) -> Estimates:
    """Estimate weighted sums of coefficients, with Wald's intervals and tests.

    Parameters
    ----------
    fits
        From `fit_logistic` or `fit_proportional_odds`.
    weights
        Dims ``contrast, coefficient``.
    level
        Coverage of the intervals, above 0 and below 1.

    Returns
    -------
    Estimates
        Dims ``trial, contrast``, log odds ratios; degrees of freedom are infinite (normal).

    Raises
    ------
    TrialError
        When the weights do not pair with the coefficients, or the level is not between 0 and 1.
    """
    rows = np.atleast_2d(np.asarray(weights, float))
    problems = share_problem("level", level)
    if rows.ndim != 2 or rows.shape[1] != fits.coefficients.shape[1]:
        expected = f"dims contrast, coefficient, with {fits.coefficients.shape[1]} coefficients"
        problems.append(Problem("weights", f"shape {np.shape(weights)}", expected))
    refuse("contrasts of log odds", problems)
    estimate = fits.coefficients @ rows.T
    error = np.sqrt(np.einsum("cp,bpq,cq->bc", rows, fits.covariance, rows))
    return student(estimate, error, np.full_like(estimate, np.inf), level, fits.reasons)


def checked_response(response: ArrayLike, design: ArrayLike) -> tuple[Floats, Floats]:
    """Return response and design with dims ``trial, patient`` and ``trial, patient, coefficient``.

    Raises
    ------
    TrialError
        When shapes do not pair, or values cannot be used.
    """
    y: Floats = np.atleast_2d(np.asarray(response, float))
    x: Floats = np.asarray(design, float)
    x = np.broadcast_to(x, (len(y), *x.shape)) if x.ndim == 2 else x
    if y.ndim != 2 or x.ndim != 3 or x.shape[:2] != y.shape:
        found = f"shapes {np.shape(response)} and {np.shape(design)}"
        expected = "trial, patient and a row of coefficients for each"
        raise TrialError("logistic regression", Problem("response and design", found, expected))
    known = ~np.isnan(y)
    problems = []
    if not np.isin(y[known], (0, 1)).all():
        problems.append(Problem("response", "other values", "1 for a responder, 0 for another, NaN where missing"))
    if not np.isfinite(x[known]).all():
        expected = "finite numbers"
        problems.append(Problem("design", "missing values beside a response", expected, "leave the response out (NaN)"))
    refuse("logistic regression", problems)
    return y, x


def _fit(y: Floats, x: Floats) -> LogisticFits:
    known = ~np.isnan(y)
    outcome = np.where(known, y, 0.0)
    columns = np.where(known[..., None], x, 0.0)
    trials, _, width = x.shape
    reasons = _why_not(outcome, columns, known)
    coefficients = np.full((trials, width), np.nan)
    covariance = np.full((trials, width, width), np.nan)
    deviance = np.full(trials, np.nan)
    active = np.flatnonzero([not reason for reason in reasons])
    beta = np.zeros((len(active), width))
    height = _deviance(outcome[active], columns[active], known[active], beta)
    for _ in range(_MOST_STEPS):
        if not len(active):
            break
        here, seen, rows = outcome[active], known[active], columns[active]
        mean = expit((rows @ beta[..., None])[..., 0])
        swept = sweep(rows.swapaxes(1, 2) @ (rows * (mean * (1 - mean))[..., None]))
        slope = (rows.swapaxes(1, 2) @ ((here - mean) * seen)[..., None])[..., 0]
        step = (swept.inverse @ slope[..., None])[..., 0]
        step[swept.pivot < _SINGULAR] = np.nan
        # the whole step counts, not what halving leaves of it: a trial without a way up has not arrived
        settled = np.asarray(np.abs((rows @ step[..., None])[..., 0]).max(axis=1) < _SETTLED)
        beta, height = _halved(here, rows, seen, beta, step, height)
        done = active[settled]
        coefficients[done], deviance[done] = beta[settled], height[settled]
        covariance[done] = swept.inverse[settled]
        going = ~settled & np.isfinite(step).all(axis=1)
        for trial in active[~settled & ~going].tolist():
            reasons[trial] = _why_unsettled(outcome[trial], columns[trial], known[trial])
        active, beta, height = active[going], beta[going], height[going]
    for trial in active.tolist():
        reasons[trial] = _why_unsettled(outcome[trial], columns[trial], known[trial])
    return LogisticFits(coefficients, covariance, deviance, tuple(reasons))


def _deviance(y: Floats, x: Floats, known: Floats, beta: Floats) -> Floats:
    odds = (x @ beta[..., None])[..., 0]
    return 2 * ((np.logaddexp(0.0, odds) - y * odds) * known).sum(axis=1)


def _halved(y: Floats, x: Floats, known: Floats, beta: Floats, step: Floats, height: Floats) -> tuple[Floats, Floats]:
    """Take each step, or its half, quarter, … until the deviance does not rise; return coefficients and deviance."""
    step = np.where(np.isfinite(step), step, 0.0)
    reached = _deviance(y, x, known, beta + step)
    for _ in range(_MOST_HALVINGS):
        rises = reached > height + 1e-10 * (1 + height)
        if not rises.any():
            break
        step = np.where(rises[:, None], step / 2, step)
        reached = _deviance(y, x, known, beta + step)
    return beta + step, reached


def _why_not(y: Floats, x: Floats, known: Floats) -> list[str]:
    pivot = sweep(x.swapaxes(1, 2) @ x).pivot
    number, responders = known.sum(axis=1), y.sum(axis=1)
    reasons = [""] * len(y)
    for trial in range(len(y)):
        if not number[trial]:
            reasons[trial] = "no response is known"
        elif responders[trial] in (0, number[trial]):
            reasons[trial] = "no patient responds" if responders[trial] == 0 else "every patient responds"
        elif pivot[trial] < _SINGULAR:
            reasons[trial] = "the columns cannot be told apart: one repeats others"
    return reasons


def _why_unsettled(y: Floats, x: Floats, known: Floats) -> str:
    """Return which columns separate responders from others, or that Newton's steps did not settle."""
    signs = np.where(y[known] == 1, 1.0, -1.0)
    found = separating_columns(x[known] * signs[:, None])
    if found is None:
        return f"no maximum of the likelihood after {_MOST_STEPS} steps"
    columns = ", ".join(str(place) for place in found[0])
    kind = "completely" if found[1] else "partly"
    return f"separation: coefficients {columns} set responders and others {kind} apart, so some are infinite"
