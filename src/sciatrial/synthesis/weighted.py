"""Weighted least squares over many data sets at once: what every estimator of heterogeneity is made of.

For weights w the matrix P = W − W X (X'WX)⁻¹ X'W leaves what the moderators do not explain; W = diag(w). All is
computed from sums over studies, so no matrix of studies by studies is ever made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sciatrial.foundation import EvidenceError, Problem

Floats = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Studies:
    """Estimates of many data sets; studies that a data set lacks have weight 0.

    Attributes
    ----------
    estimates, variances, present
        Dims ``data set, study``; 0, 1 and 0 where a study is absent.
    moderators
        Columns of the regression, dims ``data set, study, coefficient``; 0 where absent.
    count
        Studies that each data set has.
    is_mean
        Whether a constant is the only column.
    """

    estimates: Floats
    variances: Floats
    present: Floats
    moderators: Floats
    count: Floats
    is_mean: bool

    @property
    def n_coefficients(self) -> int:
        """Number of columns of the regression."""
        return self.moderators.shape[2]

    @property
    def spare(self) -> Floats:
        """Studies less coefficients, for each data set."""
        return self.count - self.n_coefficients

    def weights(self, tau2: Floats | float) -> Floats:
        """Return 1 / (variance + tau²), 0 for absent studies; dims ``data set, study``."""
        return self.present / (self.variances + np.asarray(tau2)[..., None])


@dataclass(frozen=True, eq=False)
class Fit:
    """One weighted regression for each data set: coefficients, (X'WX)⁻¹ and its log determinant, what is left over."""

    coefficients: Floats
    covariance: Floats
    log_determinant: Floats
    residuals: Floats
    q: Floats


def studies_of(estimates: ArrayLike, variances: ArrayLike, moderators: ArrayLike | None = None) -> Studies:
    """Return checked studies.

    Parameters
    ----------
    estimates, variances
        Dims ``data set, study``, NaN where a data set lacks a study; variances above 0.
    moderators
        Columns of the regression, constant included; dims ``study, coefficient`` or ``data set, study, coefficient``.

    Raises
    ------
    EvidenceError
        With every problem, when shapes differ, a variance is not above 0, or columns are missing or repeat one another.
    """
    y: Floats = np.atleast_2d(np.asarray(estimates, float))
    v: Floats = np.atleast_2d(np.asarray(variances, float))
    problems = []
    if y.shape != v.shape or y.ndim != 2:
        problems.append(Problem("variances", f"shape {v.shape}", f"that of the estimates, {y.shape}", "pair them"))
        raise EvidenceError("pooling", problems)
    absent = np.isnan(y) | np.isnan(v)
    bad = ~absent & ~((v > 0) & np.isfinite(v) & np.isfinite(y))
    if bad.any():
        place = np.argwhere(bad)[0].tolist()
        problems.append(
            Problem(
                f"data set, study {place}",
                f"estimate {y[tuple(place)]:g}, variance {v[tuple(place)]:g}",
                "finite numbers and a variance above 0",
                "leave the study out (NaN) or correct its variance",
            )
        )
    count = (~absent).sum(axis=1)
    is_mean = moderators is None
    if is_mean:
        x: Floats = np.ones((*y.shape, 1))
    else:
        x = np.asarray(moderators, float)
        x = x[:, None] if x.ndim == 1 else x
        if x.shape[-2] != y.shape[1] or (x.ndim == 3 and x.shape[0] != y.shape[0]) or x.ndim > 3:
            problems.append(
                Problem("moderators", f"shape {x.shape}", f"one row for each of {y.shape[1]} studies", "pair them")
            )
            raise EvidenceError("pooling", problems)
        x = np.broadcast_to(x, (*y.shape, x.shape[-1]))
        if (~absent[..., None] & ~np.isfinite(x)).any():
            problems.append(
                Problem("moderators", "missing values", "a number for every study", "leave those studies out (NaN)")
            )
    if count.min(initial=x.shape[2]) < x.shape[2]:
        problems.append(
            Problem(
                "studies",
                f"{int(count.min())} for {x.shape[2]} coefficients",
                "at least as many studies as coefficients",
                "use fewer moderators" if x.shape[2] > 1 else "leave the empty data set out",
            )
        )
    if problems:
        raise EvidenceError("pooling", problems)
    present = (~absent).astype(float)
    if absent.any():
        y, v, x = np.where(absent, 0.0, y), np.where(absent, 1.0, v), np.where(absent[..., None], 0.0, x)
    if not is_mean and (np.linalg.matrix_rank(x) < x.shape[2]).any():
        raise EvidenceError(
            "pooling",
            Problem("moderators", "columns that repeat one another", "independent columns", "leave one of them out"),
        )
    return Studies(y, v, present, x, count.astype(float), is_mean)


def fit(studies: Studies, weights: Floats) -> Fit:
    """Return the weighted regression of each data set."""
    y, x = studies.estimates, studies.moderators
    if studies.is_mean:
        total = weights.sum(axis=1)
        mean = np.einsum("bk,bk->b", weights, y) / total
        residuals = (y - mean[:, None]) * studies.present
        q = np.einsum("bk,bk,bk->b", weights, residuals, residuals)
        return Fit(mean[:, None], (1 / total)[:, None, None], np.log(total), residuals, q)
    weighted = weights[..., None] * x
    cross = x.swapaxes(1, 2) @ weighted
    covariance = np.linalg.inv(cross)
    coefficients = np.einsum("bpq,bkq,bk->bp", covariance, weighted, y)
    residuals = (y - np.einsum("bkp,bp->bk", x, coefficients)) * studies.present
    q = np.einsum("bk,bk,bk->b", weights, residuals, residuals)
    return Fit(coefficients, covariance, np.linalg.slogdet(cross)[1], residuals, q)


def trace(studies: Studies, weights: Floats, fitted: Fit, spread: Floats | None = None) -> Floats:
    """Return tr(P S) for each data set, S = diag(spread), the identity when none is given."""
    s = studies.present if spread is None else spread
    squares = weights**2 * s
    if studies.is_mean:
        return np.einsum("bk,bk->b", weights, s) - squares.sum(axis=1) * fitted.covariance[:, 0, 0]
    x = studies.moderators
    inner = x.swapaxes(1, 2) @ (squares[..., None] * x)
    return np.einsum("bk,bk->b", weights, s) - np.einsum("bpq,bqp->b", fitted.covariance, inner)


def trace_twice(studies: Studies, weights: Floats, fitted: Fit, spread: Floats | None = None) -> Floats:
    """Return tr(P S P S) for each data set; twice this is the variance of y'Py when S is the variance of y."""
    ws = weights if spread is None else weights * spread
    second, third = weights * ws, weights * ws * ws
    direct = np.einsum("bk,bk->b", ws, ws)
    if studies.is_mean:
        m = fitted.covariance[:, 0, 0]
        return direct - 2 * m * third.sum(axis=1) + (m * second.sum(axis=1)) ** 2
    x, m = studies.moderators, fitted.covariance
    once = m @ (x.swapaxes(1, 2) @ (second[..., None] * x))
    twice = m @ (x.swapaxes(1, 2) @ (third[..., None] * x))
    return direct - 2 * np.trace(twice, axis1=1, axis2=2) + np.einsum("bpq,bqp->b", once, once)


def quadratic(studies: Studies, weights: Floats, fitted: Fit, vector: Floats) -> Floats:
    """Return u'Pu for each data set; dims of u ``data set, study``."""
    wu = weights * vector
    direct = np.einsum("bk,bk->b", wu, vector)
    if studies.is_mean:
        return direct - wu.sum(axis=1) ** 2 * fitted.covariance[:, 0, 0]
    side = np.einsum("bkp,bk->bp", studies.moderators, wu)
    return direct - np.einsum("bp,bpq,bq->b", side, fitted.covariance, side)
