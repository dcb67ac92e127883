"""Signs that small studies say something else than large ones: regression and rank tests, trim and fill, the funnel.

Sources: Egger and others 1997; Sterne & Egger 2005 (the regression with random effects); Begg & Mazumdar 1994; Peters
and others 2006; Duval & Tweedie 2000 (L0); Peters and others 2008 (contours).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri, stdtr, stdtrit
from scipy.stats import kendalltau, rankdata

from sciatrial.foundation import EvidenceError, Problem
from sciatrial.synthesis.effect_sizes import ArmCounts, EffectMeasure, effect_sizes
from sciatrial.synthesis.pool import PooledEffect, pool_effects
from sciatrial.synthesis.weighted import Floats

FEWEST_FOR_POWER = 10


class EggerModel(StrEnum):
    """The classical regression with a multiplicative error, or the one with random effects."""

    CLASSICAL = "classical"
    RANDOM_EFFECTS = "random_effects"


class Side(StrEnum):
    """The side of the funnel on which studies seem to be missing."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True)
class AsymmetryTest:
    """One test of funnel asymmetry: its statistic (z or t, or Kendall's tau), p value, and what to think of it.

    ``limit`` is the effect that the regression gives for a study without sampling error (NaN for the rank test).
    """

    name: str
    statistic: float
    df: float
    p_value: float
    limit: float
    limit_low: float
    limit_high: float
    note: str


@dataclass(frozen=True, eq=False)
class TrimAndFill:
    """The pooled effect once the studies that seem to be missing are filled in; ``filled`` marks them."""

    n_missing: int
    side: Side
    pooled: PooledEffect
    filled: np.ndarray
    note: str


@dataclass(frozen=True, eq=False)
class FunnelContours:
    """Effects at which a study of a standard error would just reach each p value; dims ``level, standard error``."""

    standard_errors: Floats
    p_values: Floats
    low: Floats
    high: Floats


def power_note(n_studies: int) -> str:
    """Return what the number of studies means for a test of asymmetry, empty when it is enough."""
    if n_studies >= FEWEST_FOR_POWER:
        return ""
    return (
        f"{n_studies} studies: under {FEWEST_FOR_POWER}, tests of asymmetry have hardly any power; "
        "a large p value says nothing"
    )


def egger_test(result: PooledEffect, model: EggerModel = EggerModel.CLASSICAL) -> AsymmetryTest:
    """Return Egger's regression of the effect on its standard error.

    Parameters
    ----------
    result
        What `pool_effects` gave without moderators; 3 studies or more.
    model
        Classical (weights 1 / variance, t with k − 2), or random effects with the method and test of the result.
    """
    _plain(result, 3)
    errors = np.sqrt(result.variances)
    if model == EggerModel.CLASSICAL:
        return _regression("Egger, classical", result.estimates, errors, 1 / result.variances, result.confidence)
    found = pool_effects(
        result.estimates,
        result.variances,
        method=result.method,
        test=result.test,
        moderators=errors,
        confidence=result.confidence,
    )
    return AsymmetryTest(
        "Egger, random effects",
        float(found.statistics[1]),
        found.df,
        float(found.p_values[1]),
        float(found.coefficients[0]),
        float(found.low[0]),
        float(found.high[0]),
        power_note(result.n_studies),
    )


def peters_test(treated: ArmCounts, control: ArmCounts, *, confidence: float = 0.95) -> AsymmetryTest:
    """Return Peters' regression of the log odds ratio on 1 / patients, weighted by events times non-events.

    Unlike Egger's it does not mistake the link between a log odds ratio and its own variance for asymmetry.
    """
    sizes = effect_sizes(EffectMeasure.OR, treated, control)
    events = np.asarray(treated.events, float) + np.asarray(control.events, float)
    total = np.asarray(treated.total, float) + np.asarray(control.total, float)
    kept = (events > 0) & (events < total) & np.isfinite(sizes.estimates)
    weights = (events * (total - events) / total)[kept]
    return _regression("Peters", sizes.estimates[kept], 1 / total[kept], weights, confidence)


def begg_test(result: PooledEffect) -> AsymmetryTest:
    """Return Begg's rank correlation (Kendall's tau) of the standardised effects with their variances.

    Exact without ties, else by the normal approximation.
    """
    _plain(result, 3)
    weights = 1 / result.variances
    mean = weights @ result.estimates / weights.sum()
    standard = (result.estimates - mean) / np.sqrt(result.variances - 1 / weights.sum())
    tied = len(np.unique(standard)) < len(standard) or len(np.unique(result.variances)) < len(standard)
    found = kendalltau(standard, result.variances, method="asymptotic" if tied else "exact")
    return AsymmetryTest(
        "Begg",
        float(found.statistic),  # pyright: ignore[reportAttributeAccessIssue]
        np.nan,
        float(found.pvalue),  # pyright: ignore[reportAttributeAccessIssue]
        np.nan,
        np.nan,
        np.nan,
        power_note(result.n_studies),
    )


def trim_and_fill(result: PooledEffect, *, side: Side | None = None) -> TrimAndFill:
    """Return the pooled effect with mirror images of the studies that lack a counterpart (estimator L0).

    Parameters
    ----------
    result
        What `pool_effects` gave without moderators; the same method and test pool the filled data.
    side
        Where studies are missing; found from Egger's regression when none is given.
    """
    _plain(result, 3)
    y, v = result.estimates, result.variances
    if side is None:
        slope = pool_effects(y, v, method=result.method, moderators=np.sqrt(v)).coefficients[1]
        side = Side.RIGHT if slope < 0 else Side.LEFT
    sign = -1.0 if side == Side.RIGHT else 1.0
    order = np.argsort(sign * y, kind="stable")
    flipped, spread = (sign * y)[order], v[order]
    k, missing, before = len(y), 0, -1
    center = 0.0
    for _ in range(100):
        kept = slice(0, k - missing)
        center = pool_effects(flipped[kept], spread[kept], method=result.method).estimate
        away = flipped - center
        ranks = rankdata(np.abs(away))
        t = ranks[away > 0].sum()
        before, missing = missing, max(0, int(np.round((4 * t - k * (k + 1)) / (2 * k - 1))))
        if missing == before:
            break
    mirrored = 2 * center - flipped[k - missing :]
    all_y = np.concatenate([y, sign * mirrored])
    all_v = np.concatenate([v, spread[k - missing :]])
    pooled = pool_effects(all_y, all_v, method=result.method, test=result.test, confidence=result.confidence)
    return TrimAndFill(missing, Side(side), pooled, np.arange(k + missing) >= k, power_note(k))


def funnel_contours(
    standard_errors: ArrayLike, *, p_values: ArrayLike = (0.1, 0.05, 0.01), null: float = 0.0
) -> FunnelContours:
    """Return, for each p value, the effects between which a study of a standard error is not significant.

    Parameters
    ----------
    standard_errors
        Where contours are wanted, on the scale of the effects, 0 or more.
    p_values
        Two-sided levels, between 0 and 1.
    null
        The effect of nothing.
    """
    errors, levels = np.atleast_1d(np.asarray(standard_errors, float)), np.atleast_1d(np.asarray(p_values, float))
    half = ndtri(1 - levels / 2)[:, None] * errors
    return FunnelContours(errors, levels, null - half, null + half)


def _plain(result: PooledEffect, fewest: int) -> None:
    if result.moderators.shape[1] > 1 or result.n_studies < fewest:
        raise EvidenceError(
            "small studies",
            Problem(
                "result",
                f"{result.n_studies} studies, {result.moderators.shape[1]} coefficients",
                f"{fewest} studies or more, no moderators",
                "pool without moderators",
            ),
        )


def _regression(name: str, y: Floats, column: Floats, weights: Floats, confidence: float) -> AsymmetryTest:
    """Return the weighted linear regression with a multiplicative error: t test of the slope, limit at 0."""
    df = len(y) - 2
    if df < 1 or np.ptp(column) == 0:
        raise EvidenceError(
            "small studies",
            Problem(name, f"{len(y)} studies", "3 studies or more of unequal precision", "leave this test out"),
        )
    x = np.column_stack([np.ones(len(y)), column])
    covariance = np.linalg.inv(x.T @ (weights[:, None] * x))
    b = covariance @ (x.T @ (weights * y))
    rest = y - x @ b
    covariance = covariance * (weights @ rest**2) / df
    t = b[1] / np.sqrt(covariance[1, 1])
    half = stdtrit(df, 1 - (1 - confidence) / 2) * np.sqrt(covariance[0, 0])
    return AsymmetryTest(
        name, float(t), float(df), float(2 * stdtr(df, -abs(t))), float(b[0]), float(b[0] - half), float(b[0] + half),
        power_note(len(y)),
    )  # fmt: skip
