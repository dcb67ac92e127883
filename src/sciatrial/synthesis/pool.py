"""Pooled effects of one or of many data sets: coefficients, tests, intervals, heterogeneity, prediction.

The same arithmetic serves one data set and a thousand. Sources: DerSimonian & Laird 1986; Hartung & Knapp 2001, Knapp &
Hartung 2003 (the test for regressions); Röver, Knapp & Friede 2015 (its truncated variant); Higgins, Thompson &
Spiegelhalter 2009 and Riley, Higgins & Deeks 2011 (prediction intervals).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, fdtrc, ndtr, ndtri, stdtr, stdtrit

from sciatrial.foundation import EvidenceError, Problem
from sciatrial.synthesis.heterogeneity import Heterogeneity, TauMethod, heterogeneity_of, tau2_of
from sciatrial.synthesis.weighted import Fit, Floats, Studies, fit, studies_of

LOG_TWO_PI = float(np.log(2 * np.pi))


class Test(StrEnum):
    """Which distribution and which standard error tests and intervals of coefficients take.

    ``HARTUNG_KNAPP_TRUNCATED`` never makes an interval narrower than the plain one ("ad hoc" correction).
    """

    __test__ = False

    NORMAL = "normal"
    T = "t"
    HARTUNG_KNAPP = "hartung_knapp"
    HARTUNG_KNAPP_TRUNCATED = "hartung_knapp_truncated"


class PredictionKind(StrEnum):
    """The distribution of a prediction interval: normal, t(k − p), or t(k − p − 1) of Higgins and others 2009."""

    NORMAL = "normal"
    T = "t"
    HIGGINS_THOMPSON_SPIEGELHALTER = "higgins_thompson_spiegelhalter"


@dataclass(frozen=True, eq=False)
class PooledMany:
    """Pooled effects of many data sets.

    Attributes
    ----------
    coefficients, standard_errors, statistics, p_values, low, high
        Dims ``data set, coefficient``; the constant comes first.
    covariance
        Dims ``data set, coefficient, coefficient``.
    df
        Degrees of freedom of the tests, infinite for the normal distribution; dims ``data set``.
    heterogeneity
        tau², Q, I², H² and intervals.
    qm, qm_df, qm_p
        The joint test of all columns but the constant: chi-square, or F with ``df`` below; NaN without moderators.
    r2
        Per cent of tau² that the moderators explain; NaN without moderators.
    log_likelihood, aic
        Restricted for ``REML``, else not.
    weights
        Per cent; dims ``data set, study``, 0 where a study is absent.
    prediction_low, prediction_high, hts_low, hts_high
        Interval for the effect in a new study, by the distribution of the test and by t(k − 2); without moderators.
    n_studies
        Dims ``data set``.
    """

    method: TauMethod
    test: Test
    confidence: float
    coefficients: Floats
    standard_errors: Floats
    covariance: Floats
    statistics: Floats
    df: Floats
    p_values: Floats
    low: Floats
    high: Floats
    heterogeneity: Heterogeneity
    qm: Floats
    qm_df: int
    qm_p: Floats
    r2: Floats
    log_likelihood: Floats
    aic: Floats
    weights: Floats
    prediction_low: Floats
    prediction_high: Floats
    hts_low: Floats
    hts_high: Floats
    n_studies: Floats


@dataclass(frozen=True, eq=False)
class PooledEffect:
    """The pooled effect of one data set; fields as in `PooledMany`, without its first dimension.

    ``estimates``, ``variances`` and ``moderators`` (constant included) are what was pooled; ``notes`` say what could
    not be estimated and why.
    """

    method: TauMethod
    test: Test
    confidence: float
    estimates: Floats
    variances: Floats
    moderators: Floats
    has_constant: bool
    coefficients: Floats
    standard_errors: Floats
    covariance: Floats
    statistics: Floats
    df: float
    p_values: Floats
    low: Floats
    high: Floats
    tau2: float
    tau2_se: float
    tau2_low: float
    tau2_high: float
    q: float
    q_df: float
    q_p: float
    i2: float
    i2_low: float
    i2_high: float
    h2: float
    h2_low: float
    h2_high: float
    typical_variance: float
    qm: float
    qm_df: int
    qm_p: float
    r2: float
    log_likelihood: float
    aic: float
    weights: Floats
    prediction_low: float
    prediction_high: float
    hts_low: float
    hts_high: float
    n_studies: int
    notes: tuple[str, ...]

    @property
    def estimate(self) -> float:
        """The first coefficient: the pooled effect when there are no moderators."""
        return float(self.coefficients[0])

    @property
    def standard_error(self) -> float:
        """Standard error of the first coefficient."""
        return float(self.standard_errors[0])


@dataclass(frozen=True)
class PredictedEffect:
    """The mean effect at given moderators with its interval, and the interval for a new study there."""

    estimate: float
    standard_error: float
    low: float
    high: float
    prediction_low: float
    prediction_high: float
    kind: PredictionKind
    why_not: str = ""


def pool_many(
    estimates: ArrayLike,
    variances: ArrayLike,
    *,
    method: TauMethod = TauMethod.REML,
    test: Test = Test.NORMAL,
    moderators: ArrayLike | None = None,
    has_constant: bool = True,
    confidence: float = 0.95,
    intervals: bool = True,
) -> PooledMany:
    """Pool many data sets at once.

    Parameters
    ----------
    estimates, variances
        Dims ``data set, study``, NaN where a data set lacks a study; variances above 0.
    method
        The estimator of tau².
    test
        The distribution behind tests and intervals; for a single study it is the normal one.
    moderators
        Columns without the constant; dims ``study``, ``study, moderator`` or ``data set, study, moderator``.
    has_constant
        Whether a constant is put before the moderators.
    confidence
        Level of all intervals, between 0 and 1.
    intervals
        Whether the Q-profile intervals of tau², I² and H² are computed as well.

    Raises
    ------
    EvidenceError
        With every problem of the numbers.
    """
    y = np.atleast_2d(np.asarray(estimates, float))
    studies = studies_of(y, variances, _columns(moderators, has_constant))
    return _pooled(studies, TauMethod(method), Test(test), confidence, intervals, has_constant)


def pool_effects(
    estimates: ArrayLike,
    variances: ArrayLike,
    *,
    method: TauMethod = TauMethod.REML,
    test: Test = Test.NORMAL,
    moderators: ArrayLike | None = None,
    has_constant: bool = True,
    confidence: float = 0.95,
) -> PooledEffect:
    """Pool one data set; see `pool_many` for the parameters.

    One study gives its own estimate with a normal interval; two give no interval by t(k − 2). What cannot be
    estimated is NaN, and ``notes`` of the result say why.

    Raises
    ------
    EvidenceError
        With every problem of the numbers.
    """
    y, v = np.atleast_1d(np.asarray(estimates, float)), np.atleast_1d(np.asarray(variances, float))
    if y.ndim != 1 or y.shape != v.shape:
        raise EvidenceError(
            "pooling", Problem("estimates", f"shapes {y.shape} and {v.shape}", "one row of studies", "use pool_many")
        )
    kept = ~(np.isnan(y) | np.isnan(v))
    if moderators is not None:
        moderators = np.asarray(moderators, float)[kept]
    y, v = y[kept], v[kept]
    studies = studies_of(y, v, _columns(moderators, has_constant))
    many = _pooled(studies, TauMethod(method), Test(test), confidence, True, has_constant)
    spread = many.heterogeneity
    found: dict[str, Any] = {name: getattr(many, name)[0] for name in _ARRAYS}
    found |= {name: float(getattr(many, name)[0]) for name in _SCALARS}
    found |= {item.name: float(getattr(spread, item.name)[0]) for item in fields(Heterogeneity)}
    return PooledEffect(
        method=many.method,
        test=many.test,
        confidence=confidence,
        estimates=y,
        variances=v,
        moderators=studies.moderators[0],
        has_constant=has_constant,
        qm_df=many.qm_df,
        n_studies=len(y),
        notes=_notes(many, studies),
        **found,
    )


def predict_effect(
    result: PooledEffect, moderators_row: ArrayLike | None = None, *, kind: PredictionKind | None = None
) -> PredictedEffect:
    """Return the mean effect at a row of moderators, and the interval for a new study there.

    Parameters
    ----------
    result
        What `pool_effects` gave.
    moderators_row
        One value for each moderator, without the constant; none for a model without moderators.
    kind
        The distribution of the prediction interval; that of the test when none is given.

    Raises
    ------
    EvidenceError
        When the row has the wrong length.
    """
    row = np.zeros(0) if moderators_row is None else np.atleast_1d(np.asarray(moderators_row, float))
    row = np.concatenate([[1.0], row]) if result.has_constant else row
    if len(row) != len(result.coefficients):
        raise EvidenceError(
            "prediction",
            Problem(
                "moderators_row",
                f"{len(row) - result.has_constant} values",
                f"{len(result.coefficients) - result.has_constant}, one for each moderator",
                "give the moderators in the order in which they were pooled",
            ),
        )
    if kind is None:
        kind = PredictionKind.NORMAL if np.isinf(result.df) else PredictionKind.T
    estimate = float(row @ result.coefficients)
    error = float(np.sqrt(row @ result.covariance @ row))
    half = _quantile(result.confidence, result.df) * error
    spare = result.n_studies - len(row)
    df = {PredictionKind.NORMAL: np.inf, PredictionKind.T: spare}.get(kind, spare - 1)
    why_not = ""
    if df <= 0:
        why_not = f"{result.n_studies} studies leave no degree of freedom for a prediction interval of kind {kind}"
    wide = _quantile(result.confidence, df) * np.sqrt(error**2 + result.tau2) if df > 0 else np.nan
    return PredictedEffect(
        estimate,
        error,
        estimate - half,
        estimate + half,
        float(estimate - wide),
        float(estimate + wide),
        PredictionKind(kind),
        why_not,
    )


_ARRAYS = ("coefficients", "standard_errors", "covariance", "statistics", "p_values", "low", "high", "weights")
_SCALARS = (
    "df", "qm", "qm_p", "r2", "log_likelihood", "aic", "prediction_low", "prediction_high", "hts_low", "hts_high",
)  # fmt: skip


def _columns(moderators: ArrayLike | None, has_constant: bool) -> Floats | None:
    if moderators is None:
        return None
    x = np.asarray(moderators, float)
    x = x[:, None] if x.ndim == 1 else x
    return np.concatenate([np.ones((*x.shape[:-1], 1)), x], axis=-1) if has_constant else x


def _quantile(confidence: float, df: float) -> float:
    upper = 1 - (1 - confidence) / 2
    return float(ndtri(upper) if np.isinf(df) else stdtrit(df, upper))


def _pooled(
    studies: Studies, method: TauMethod, test: Test, confidence: float, intervals: bool, has_constant: bool
) -> PooledMany:
    tau2 = tau2_of(studies, method)
    spread = heterogeneity_of(studies, tau2, method, confidence, intervals=intervals)
    weights = studies.weights(tau2)
    fitted = fit(studies, weights)
    covariance, df = _scaled(studies, fitted, test)
    errors = np.sqrt(np.einsum("bpp->bp", covariance))
    with np.errstate(divide="ignore", invalid="ignore"):  # estimates that are all the same, by Hartung and Knapp
        statistics = fitted.coefficients / errors
    normal = np.isinf(df)
    upper = 1 - (1 - confidence) / 2
    finite = np.where(normal, 1.0, df)
    if normal.all():
        quantile = np.full(len(df), ndtri(upper))
        p_values = 2 * ndtr(-np.abs(statistics))
    else:
        quantile = np.where(normal, ndtri(upper), stdtrit(finite, upper))
        p_values = 2 * np.where(normal[:, None], ndtr(-np.abs(statistics)), stdtr(finite[:, None], -np.abs(statistics)))
    half = quantile[:, None] * errors
    qm, qm_df, qm_p = _joint(fitted, covariance, df, has_constant)
    log_likelihood = _log_likelihood(studies, weights, fitted, restricted=method is TauMethod.REML)
    low, high, hts_low, hts_high = _predictions(studies, fitted, errors, tau2, quantile, upper)
    return PooledMany(
        method=method,
        test=test,
        confidence=confidence,
        coefficients=fitted.coefficients,
        standard_errors=errors,
        covariance=covariance,
        statistics=statistics,
        df=df,
        p_values=p_values,
        low=fitted.coefficients - half,
        high=fitted.coefficients + half,
        heterogeneity=spread,
        qm=qm,
        qm_df=qm_df,
        qm_p=qm_p,
        r2=_explained(studies, tau2, method, has_constant),
        log_likelihood=log_likelihood,
        aic=-2 * log_likelihood + 2 * (studies.n_coefficients + (method is not TauMethod.EE)),
        weights=100 * weights / weights.sum(axis=1, keepdims=True),
        prediction_low=low,
        prediction_high=high,
        hts_low=hts_low,
        hts_high=hts_high,
        n_studies=studies.count,
    )


def _scaled(studies: Studies, fitted: Fit, test: Test) -> tuple[Floats, Floats]:
    """Return the covariance of the coefficients and the degrees of freedom, as the test wants them."""
    if test is Test.NORMAL:
        return fitted.covariance, np.full(len(studies.count), np.inf)
    spare = studies.spare
    df = np.where(spare > 0, spare, np.inf)
    if test is Test.T:
        return fitted.covariance, df
    factor = fitted.q / np.maximum(spare, 1)
    if test is Test.HARTUNG_KNAPP_TRUNCATED:
        factor = np.maximum(factor, 1.0)
    return np.where(spare > 0, factor, 1.0)[:, None, None] * fitted.covariance, df


def _joint(fitted: Fit, covariance: Floats, df: Floats, has_constant: bool) -> tuple[Floats, int, Floats]:
    first = 1 if has_constant else 0
    b, v = fitted.coefficients[:, first:], covariance[:, first:, first:]
    n = b.shape[1]
    if n == 0:
        nothing = np.full(len(b), np.nan)
        return nothing, 0, nothing
    qm = np.einsum("bp,bp->b", b, np.linalg.solve(v, b[..., None])[..., 0])
    normal = np.isinf(df)
    qm = np.where(normal, qm, qm / n)
    return qm, n, np.where(normal, chdtrc(n, qm), fdtrc(n, np.where(normal, 1.0, df), qm))


def _explained(studies: Studies, tau2: Floats, method: TauMethod, has_constant: bool) -> Floats:
    if studies.is_mean or not has_constant or method is TauMethod.EE:
        return np.full(len(tau2), np.nan)
    constant = np.ascontiguousarray(studies.present[..., None])
    before = tau2_of(
        Studies(studies.estimates, studies.variances, studies.present, constant, studies.count, is_mean=True), method
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(before > 0, np.maximum(0.0, 100 * (before - tau2) / before), 0.0)


def _log_likelihood(studies: Studies, weights: Floats, fitted: Fit, *, restricted: bool) -> Floats:
    n = studies.spare if restricted else studies.count
    found = np.einsum("bk->b", np.log(weights + (1 - studies.present))) - n * LOG_TWO_PI - fitted.q
    if restricted:
        x = studies.moderators
        plain = np.log(studies.count) if studies.is_mean else np.linalg.slogdet(x.swapaxes(1, 2) @ x)[1]
        found = found + plain - fitted.log_determinant
    return found / 2


def _predictions(
    studies: Studies, fitted: Fit, errors: Floats, tau2: Floats, quantile: Floats, upper: float
) -> tuple[Floats, Floats, Floats, Floats]:
    if not studies.is_mean:
        nothing = np.full(len(tau2), np.nan)
        return nothing, nothing, nothing, nothing
    mean = fitted.coefficients[:, 0]
    wide = np.sqrt(errors[:, 0] ** 2 + tau2)
    left = studies.count - 2
    with np.errstate(invalid="ignore"):
        by_t = np.where(left > 0, stdtrit(np.maximum(left, 1), upper), np.nan) * wide
    return mean - quantile * wide, mean + quantile * wide, mean - by_t, mean + by_t


def _counted(n: int, one: str, more: str) -> str:
    return f"one {one}" if n == 1 else f"{n} {more}"


def _notes(many: PooledMany, studies: Studies) -> tuple[str, ...]:
    count, spare = int(studies.count[0]), int(studies.spare[0])
    notes = []
    if spare <= 0:
        sizes = (_counted(count, "study", "studies"), _counted(studies.n_coefficients, "coefficient", "coefficients"))
        notes.append(f"{sizes[0]} for {sizes[1]}: heterogeneity cannot be estimated")
        if many.test is not Test.NORMAL:
            notes.append("no degree of freedom is left: test and interval are by the normal distribution")
    elif count < 5 and many.method is not TauMethod.EE:
        notes.append(f"tau² from {count} studies is hardly known: read its interval")
    if studies.is_mean and count < 3:
        notes.append("a prediction interval by t(k − 2) needs 3 studies or more")
    return tuple(notes)
