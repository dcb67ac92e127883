"""How far studies differ beyond chance: tau² by nine estimators, its standard error and interval, I² and H².

Everything is batched: arrays of ``data set, study`` with NaN where a data set lacks a study, with or without
moderators.

Sources: DerSimonian & Laird 1986 (DL); Hedges & Olkin 1985 (HE); Hunter & Schmidt 2004 (HS); Sidik & Jonkman 2005
(SJ); Paule & Mandel 1982 (PM); Morris 1983 and Berkey et al. 1995 (EB, which has the root of PM); Hardy & Thompson
1996 (ML); Raudenbush 2009 (REML); Viechtbauer 2005 (standard errors), 2007 (Q-profile intervals); Higgins & Thompson
2002 (I², H²).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, chdtri

from sciatrial.foundation import EvidenceError, Problem
from sciatrial.synthesis.weighted import Fit, Floats, Studies, fit, quadratic, studies_of, trace, trace_twice

MOST_STEPS = 300
# where hills of a likelihood are looked for, in typical variances
COARSE = (0.1, 0.3, 1.0, 3.0, 10.0, 100.0)


class TauMethod(StrEnum):
    """How tau² is estimated; ``EE`` sets it to 0, the common-effect model."""

    EE = "EE"
    DL = "DL"
    REML = "REML"
    ML = "ML"
    PM = "PM"
    EB = "EB"
    HE = "HE"
    SJ = "SJ"
    HS = "HS"


@dataclass(frozen=True, eq=False)
class Heterogeneity:
    """Heterogeneity of each data set; every array has dims ``data set``.

    Attributes
    ----------
    tau2, tau2_se
        Variance between studies and its standard error (NaN for ``EE`` and for a single study).
    tau2_low, tau2_high, i2_low, i2_high, h2_low, h2_high
        Q-profile intervals; NaN for ``EE`` and when no degree of freedom is left.
    q, q_df, q_p
        Cochran's Q with weights 1 / variance, or the residual Q with moderators.
    i2, h2
        Per cent of the variance that is between studies; total over sampling variance.
    typical_variance
        The "typical" sampling variance behind I² and H².
    """

    tau2: Floats
    tau2_se: Floats
    tau2_low: Floats
    tau2_high: Floats
    q: Floats
    q_df: Floats
    q_p: Floats
    i2: Floats
    h2: Floats
    i2_low: Floats
    i2_high: Floats
    h2_low: Floats
    h2_high: Floats
    typical_variance: Floats


def heterogeneity(
    estimates: ArrayLike,
    variances: ArrayLike,
    *,
    method: TauMethod = TauMethod.REML,
    moderators: ArrayLike | None = None,
    confidence: float = 0.95,
) -> Heterogeneity:
    """Return tau², I², H² and their Q-profile intervals for one or many data sets.

    Parameters
    ----------
    estimates, variances
        Dims ``study`` or ``data set, study``, NaN where a data set lacks a study; any scale, variances above 0.
    method
        The estimator of tau².
    moderators
        Columns of the regression, constant included; dims ``study, coefficient``.
    confidence
        Level of the intervals, between 0 and 1.

    Raises
    ------
    EvidenceError
        When the numbers cannot be pooled.
    """
    studies = studies_of(estimates, variances, moderators)
    return heterogeneity_of(studies, tau2_of(studies, TauMethod(method)), TauMethod(method), confidence)


def heterogeneity_of(
    studies: Studies, tau2: Floats, method: TauMethod, confidence: float, *, intervals: bool = True
) -> Heterogeneity:
    """Return what is known of the heterogeneity of each data set once tau² is estimated."""
    if not 0 < confidence < 1:
        raise EvidenceError("pooling", Problem("confidence", f"{confidence}", "between 0 and 1", "use 0.95"))
    weights = studies.weights(0.0)
    plain = fit(studies, weights)
    spare = studies.spare
    q = np.where(spare > 0, plain.q, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        typical = np.where(spare > 0, spare / trace(studies, weights, plain), np.nan)
        if method is TauMethod.EE:
            i2 = np.where(q > 0, np.maximum(0.0, 100 * (q - spare) / q), 0.0)
            h2 = np.where(spare > 0, q / spare, 1.0)
        else:
            i2 = np.where(spare > 0, 100 * tau2 / (typical + tau2), 0.0)
            h2 = np.where(spare > 0, 1 + tau2 / typical, 1.0)
    nothing = np.full(len(q), np.nan)
    low = high = nothing
    if intervals and method is not TauMethod.EE:
        low, high = q_profile(studies, confidence)
    return Heterogeneity(
        tau2=tau2,
        tau2_se=tau2_error(studies, tau2, method),
        tau2_low=low,
        tau2_high=high,
        q=q,
        q_df=spare,
        q_p=np.where(spare > 0, chdtrc(np.maximum(spare, 1), q), 1.0),
        i2=i2,
        h2=h2,
        i2_low=100 * low / (typical + low),
        i2_high=100 * high / (typical + high),
        h2_low=1 + low / typical,
        h2_high=1 + high / typical,
        typical_variance=typical,
    )


def tau2_of(studies: Studies, method: TauMethod) -> Floats:
    """Return tau² of each data set by one estimator; 0 where no degree of freedom is left."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = _ESTIMATORS[method](studies)
    return np.where(studies.spare > 0, found, 0.0) if (studies.spare <= 0).any() else found


def tau2_error(studies: Studies, tau2: Floats, method: TauMethod) -> Floats:
    """Return the standard error of tau² of each data set, NaN where there is none."""
    spare, count = studies.spare, studies.count
    if method is TauMethod.EE:
        return np.full(len(count), np.nan)
    spread = (studies.variances + tau2[:, None]) * studies.present
    with np.errstate(divide="ignore", invalid="ignore"):
        if method in (TauMethod.ML, TauMethod.REML, TauMethod.PM, TauMethod.EB):
            weights = studies.weights(tau2)
            if method is TauMethod.ML:
                variance = 2 / np.einsum("bk,bk->b", weights, weights)
            elif method is TauMethod.REML:
                variance = 2 / trace_twice(studies, weights, fit(studies, weights))
            else:
                variance = 2 * count**2 / spare / weights.sum(axis=1) ** 2
        else:
            weights = _moment_weights(studies, method)
            fitted = fit(studies, weights)
            scale = {TauMethod.DL: trace(studies, weights, fitted), TauMethod.HS: weights.sum(axis=1)}.get(
                method, spare
            )
            variance = 2 * trace_twice(studies, weights, fitted, spread) / scale**2
    return np.sqrt(np.where(spare > 0, variance, np.nan))


def q_profile(studies: Studies, confidence: float) -> tuple[Floats, Floats]:
    """Return the Q-profile interval of tau² of each data set; both ends 0 when even no heterogeneity is too much."""
    spare = np.maximum(studies.spare, 1.0)
    tail = (1 - confidence) / 2
    low = q_root(studies, chdtri(spare, tail))
    high = q_root(studies, chdtri(spare, 1 - tail))
    alone = studies.spare <= 0
    return np.where(alone, np.nan, low), np.where(alone, np.nan, high)


def q_root(studies: Studies, target: Floats, *, start: Floats | float = 0.0) -> Floats:
    """Return the tau² of each data set at which the generalised Q equals a target, 0 when Q(0) is below it.

    Q falls and is convex in tau²: a tangent never passes the root from the left, and the tangent of 1 / Q is nearly
    exact.
    """
    tau2 = np.broadcast_to(np.asarray(start, float), target.shape).copy()
    low = np.zeros_like(target)
    size = _typical_size(studies)
    for _ in range(MOST_STEPS):
        weights = studies.weights(tau2)
        fitted = fit(studies, weights)
        slope = np.einsum("bk,bk->b", weights * fitted.residuals, weights * fitted.residuals)
        excess = fitted.q - target
        slope = np.where(slope > 0, slope, np.inf)
        low = np.where(excess > 0, np.maximum(low, tau2), low)
        # from the left the tangent of 1 / Q, which may pass the root; from the right that of Q, which falls left of it
        step = np.where(excess > 0, excess * fitted.q / (target * slope), excess / slope)
        new = np.maximum(tau2 + step, low)
        change, tau2 = np.abs(new - tau2), new
        if (change <= 1e-13 * (tau2 + size)).all():
            break
    return tau2


def _zero(studies: Studies) -> Floats:
    return np.zeros(len(studies.count))


def _moment_weights(studies: Studies, method: TauMethod) -> Floats:
    if method is TauMethod.HE:
        return studies.present
    if method is TauMethod.SJ:
        return studies.present / (studies.variances / _crude_variance(studies)[:, None] + 1)
    return studies.weights(0.0)


def _crude_variance(studies: Studies) -> Floats:
    mean = studies.estimates.sum(axis=1) / studies.count
    away = (studies.estimates - mean[:, None]) * studies.present
    return np.einsum("bk,bk->b", away, away) / studies.count


def _by_moments(studies: Studies, method: TauMethod) -> Floats:
    weights = _moment_weights(studies, method)
    fitted = fit(studies, weights)
    if method is TauMethod.SJ:
        return np.where(_crude_variance(studies) > 0, fitted.q / studies.spare, 0.0)
    if method is TauMethod.HS:
        return np.maximum(0.0, (fitted.q - studies.count) / weights.sum(axis=1))
    expected = trace(studies, weights, fitted, studies.variances * studies.present)
    return np.maximum(0.0, (fitted.q - expected) / trace(studies, weights, fitted))


def _paule_mandel(studies: Studies) -> Floats:
    return q_root(studies, np.maximum(studies.spare, 1.0))


def _by_likelihood(studies: Studies, restricted: bool) -> Floats:
    """Return the maximum: up from the estimate by moments; where 0 is higher, the best hill of a coarse search."""
    tau2 = _climbed(studies, _by_moments(studies, TauMethod.HE), restricted)
    nothing = np.zeros_like(tau2)
    tau2 = np.where(_height(studies, nothing, restricted) > _height(studies, tau2, restricted), 0.0, tau2)
    ended = np.flatnonzero(tau2 == 0)
    if len(ended) == 0:
        return tau2
    some = _chosen(studies, ended)
    size = _typical_size(some)
    heights = np.stack([_height(some, size * share, restricted) for share in (0.0, *COARSE)])
    best = heights.argmax(axis=0)
    higher = np.flatnonzero(best > 0)
    if len(higher):
        starts = size[higher] * np.array([0.0, *COARSE])[best[higher]]
        tau2[ended[higher]] = _climbed(_chosen(some, higher), starts, restricted)
    return tau2


def _chosen(studies: Studies, places: NDArray[np.intp]) -> Studies:
    return Studies(
        studies.estimates[places],
        studies.variances[places],
        studies.present[places],
        studies.moderators[places],
        studies.count[places],
        studies.is_mean,
    )


def _typical_size(studies: Studies) -> Floats:
    """Return the harmonic mean of the variances: a single huge one does not rule it."""
    return studies.count / studies.weights(0.0).sum(axis=1)


def _height(studies: Studies, tau2: Floats, restricted: bool) -> Floats:
    """Return the log likelihood but for a constant."""
    weights = studies.weights(tau2)
    fitted = fit(studies, weights)
    logs = np.log(weights + (1 - studies.present)).sum(axis=1)
    return (logs - fitted.q - (fitted.log_determinant if restricted else 0.0)) / 2


def _climbed(studies: Studies, start: Floats, restricted: bool) -> Floats:
    """Return the top of the hill: Fisher scoring, then Newton, kept between a rising and a falling point."""
    tau2, size = start.copy(), _typical_size(studies)
    low, high = np.full_like(tau2, -1.0), np.full_like(tau2, np.inf)
    for turn in range(MOST_STEPS):
        score, expected, observed = _slopes(studies, tau2, restricted)
        low, high = np.where(score > 0, tau2, low), np.where(score < 0, tau2, high)
        step = score / (np.where(observed > 0.2 * expected, observed, expected) if turn > 1 else expected)
        settled = np.abs(step) <= 1e-12 * (tau2 + size)
        new = np.maximum(tau2 + step, 0.0)
        outside = ((new <= low) | (new >= high)) & ~settled & np.isfinite(high)
        new = np.where(outside, (np.maximum(low, 0.0) + high) / 2, new)
        still = settled | (new == tau2)
        tau2 = new
        if still.all():
            break
    # a step of rounding above 0 is 0
    return np.where(tau2 > 1e-10 * size, tau2, 0.0)


def _slopes(studies: Studies, tau2: Floats, restricted: bool) -> tuple[Floats, Floats, Floats]:
    """Return the slope of the log likelihood in tau², its expected and its observed curvature."""
    weights = studies.weights(tau2)
    fitted: Fit = fit(studies, weights)
    u = weights * fitted.residuals
    if restricted:
        first, second = trace(studies, weights, fitted), trace_twice(studies, weights, fitted)
    else:
        first, second = weights.sum(axis=1), np.einsum("bk,bk->b", weights, weights)
    score = (np.einsum("bk,bk->b", u, u) - first) / 2
    return score, second / 2, quadratic(studies, weights, fitted, u) - second / 2


_ESTIMATORS: dict[TauMethod, Callable[[Studies], Floats]] = {
    TauMethod.EE: _zero,
    TauMethod.DL: lambda studies: _by_moments(studies, TauMethod.DL),
    TauMethod.HE: lambda studies: _by_moments(studies, TauMethod.HE),
    TauMethod.HS: lambda studies: _by_moments(studies, TauMethod.HS),
    TauMethod.SJ: lambda studies: _by_moments(studies, TauMethod.SJ),
    TauMethod.PM: _paule_mandel,
    TauMethod.EB: _paule_mandel,
    TauMethod.ML: lambda studies: _by_likelihood(studies, restricted=False),
    TauMethod.REML: lambda studies: _by_likelihood(studies, restricted=True),
}
