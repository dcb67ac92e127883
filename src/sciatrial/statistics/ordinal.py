"""Proportional odds: one odds ratio of an arm for every cut between ordered categories, many trials at once.

The score test of this model without covariates is Wilcoxon's. Newton's steps with halving; the likelihood is concave,
so a trial either arrives or has no maximum and says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from sciatrial.foundation import Problem, TrialError
from sciatrial.statistics.arm_design import arm_design
from sciatrial.statistics.inference import Estimates
from sciatrial.statistics.logistic import log_odds_contrasts
from sciatrial.statistics.separation import separating_columns
from sciatrial.statistics.sweep import sweep

Floats = NDArray[Any]

_MOST_STEPS = 60
_MOST_HALVINGS = 30
# the last step moves no patient's log odds by more than this
_SETTLED = 1e-9
_SINGULAR = 1e-11
_NUMBERS = 5_000_000
_MOST_CATEGORIES = 101


@dataclass(frozen=True, eq=False)
class OrdinalFits:
    """Fitted proportional-odds models, logit P(category ≤ k) = thresholdₖ − columns × coefficients.

    Attributes
    ----------
    thresholds
        Dims ``trial, cut`` between neighbouring categories of all; NaN at a cut that no patient of the trial lies just
        below, and where a trial has no fit.
    coefficients
        Log odds of a higher category: each arm against the control, then covariates; dims ``trial, coefficient``.
    covariance
        Of the coefficients, inverse observed information; dims ``trial, coefficient, coefficient``.
    deviance
        −2 log-likelihood; dims ``trial``.
    n_arms
        The control included.
    reasons
        Why a trial has no fit, empty where it has; one a trial.
    """

    thresholds: Floats
    coefficients: Floats
    covariance: Floats
    deviance: Floats
    n_arms: int
    reasons: tuple[str, ...]


def fit_proportional_odds(categories: ArrayLike, arms: ArrayLike, covariates: ArrayLike | None = None) -> OrdinalFits:
    """Fit ordered categories on arm and covariates to each of many trials.

    Parameters
    ----------
    categories
        0, 1, 2, … up to 100, in order, NaN where missing; dims ``patient`` or ``trial, patient``.
    arms
        0 for the control, then 1, 2, …; dims ``patient`` for all trials or ``trial, patient``.
    covariates
        Known before treatment; dims as those of the arms, or one more for several. A patient who lacks one takes no
        part.

    Returns
    -------
    OrdinalFits
        One fit a trial; a category that nobody has in a trial is as if it were not there.

    Raises
    ------
    TrialError
        When shapes do not pair, arms are not numbered 0, 1, 2, …, or categories are other numbers.

    Source
    ------
    McCullagh (1980), Journal of the Royal Statistical Society B 42, 109-142. Pratt (1981), Journal of the American
    Statistical Association 76, 103-106 (concave likelihood).
    """
    y, columns, n_arms = arm_design(categories, arms, covariates, "proportional odds")
    known = ~np.isnan(y)
    seen = y[known]
    if not len(seen) or (seen != np.floor(seen)).any() or seen.min() < 0 or seen.max() >= _MOST_CATEGORIES:
        expected = f"whole numbers from 0 to {_MOST_CATEGORIES - 1}, some of them known"
        raise TrialError("proportional odds", Problem("categories", "other values", expected))
    n_categories = max(int(seen.max()) + 1, 2)
    size = max(1, _NUMBERS // (y.shape[1] * (n_categories + columns.shape[2])))
    parts = [_fit(y[at : at + size], columns[at : at + size], n_categories) for at in range(0, len(y), size)]
    return OrdinalFits(
        thresholds=np.concatenate([part["thresholds"] for part in parts]),
        coefficients=np.concatenate([part["coefficients"] for part in parts]),
        covariance=np.concatenate([part["covariance"] for part in parts]),
        deviance=np.concatenate([part["deviance"] for part in parts]),
        n_arms=n_arms,
        reasons=tuple(reason for part in parts for reason in part["reasons"]),
    )


def ordinal_odds_ratios(fits: OrdinalFits, *, level: float = 0.95) -> Estimates:
    """Estimate the log odds ratio of a higher category of each arm against the control.

    Parameters
    ----------
    fits
        From `fit_proportional_odds`.
    level
        Coverage of the intervals, above 0 and below 1.

    Returns
    -------
    Estimates
        Dims ``trial, arm``, without the control; natural logarithms, conditional on the covariates; normal.

    Raises
    ------
    TrialError
        When the level is not between 0 and 1.
    """
    return log_odds_contrasts(fits, np.eye(fits.coefficients.shape[1])[: fits.n_arms - 1], level=level)


@dataclass(frozen=True, eq=False)
class _Slopes:
    """A likelihood with its derivatives by thresholds and coefficients; dims ``trial, …``."""

    first: Floats
    information: Floats


def _fit(y: Floats, columns: Floats, n_categories: int) -> dict[str, Any]:
    trials, _, width = columns.shape
    known = ~np.isnan(y)
    code = np.where(known, y, 0).astype(int)
    counts = ((code[..., None] == np.arange(n_categories)) & known[..., None]).sum(axis=1)
    # categories of each trial are numbered anew without the empty ones, so that every threshold is finite
    place = np.cumsum(counts > 0, axis=1) - 1
    ranks = np.take_along_axis(place, code, axis=1)
    n_cuts = n_categories - 1
    has_cut = np.arange(n_cuts) < place[:, -1:]
    present = np.concatenate([has_cut, np.ones((trials, width), bool)], axis=1)
    reasons = _why_not(columns, known, place[:, -1])
    found: dict[str, Any] = {
        "thresholds": np.full((trials, n_cuts), np.nan),
        "coefficients": np.full((trials, width), np.nan),
        "covariance": np.full((trials, width, width), np.nan),
        "deviance": np.full(trials, np.nan),
    }
    active = np.flatnonzero([not reason for reason in reasons])
    theta = np.concatenate([_start(counts, has_cut), np.zeros((trials, width))], axis=1)[active]
    height = _deviance(ranks[active], columns[active], known[active], theta, n_cuts, present[active])
    for _ in range(_MOST_STEPS):
        if not len(active):
            break
        own = (ranks[active], columns[active], known[active])
        slopes = _slopes(*own, theta, n_cuts, present[active])
        swept = sweep(slopes.information, present[active])
        step = (swept.inverse @ slopes.first[..., None])[..., 0]
        step[swept.pivot < _SINGULAR] = np.nan
        moved = np.concatenate([step[:, :n_cuts], (own[1] @ step[:, n_cuts:, None])[..., 0]], axis=1)
        settled = np.asarray(np.abs(moved).max(axis=1) < _SETTLED)
        theta, height = _halved(own, theta, step, height, n_cuts, present[active])
        done = active[settled]
        found["coefficients"][done], found["deviance"][done] = theta[settled, n_cuts:], height[settled]
        found["covariance"][done] = swept.inverse[settled, n_cuts:, n_cuts:]
        found["thresholds"][done] = _placed(theta[settled, :n_cuts], counts[done])
        going = ~settled & np.isfinite(step).all(axis=1)
        for trial in active[~settled & ~going].tolist():
            reasons[trial] = _why_unsettled(ranks[trial], columns[trial], known[trial], n_cuts)
        active, theta, height = active[going], theta[going], height[going]
    for trial in active.tolist():
        reasons[trial] = _why_unsettled(ranks[trial], columns[trial], known[trial], n_cuts)
    found["reasons"] = reasons
    return found


def _start(counts: Floats, has_cut: Floats) -> Floats:
    """Return the thresholds without any column: log odds of the shares up to each category that is there."""
    n_categories = counts.shape[1]
    order = np.argsort(counts == 0, axis=1, kind="stable")
    shares = np.cumsum(np.take_along_axis(counts, order, axis=1), axis=1) / np.maximum(counts.sum(axis=1), 1)[:, None]
    return np.where(has_cut, logit(np.clip(shares[:, : n_categories - 1], 1e-9, 1 - 1e-9)), 0.0)


def _placed(thresholds: Floats, counts: Floats) -> Floats:
    """Return thresholds at their cuts of all categories: each stands above the category that it closes."""
    placed = np.full_like(thresholds, np.nan)
    for trial, number in enumerate(counts):
        own = np.flatnonzero(number)[:-1]
        placed[trial, own] = thresholds[trial, : len(own)]
    return placed


def _ends(ranks: Floats, columns: Floats, theta: Floats, n_cuts: int, present: Floats) -> tuple[Floats, Floats]:
    """Return each patient's threshold above and below, less the patient's sum; infinite at the ends."""
    shift = (columns @ theta[:, n_cuts:, None])[..., 0]
    cuts = np.where(present[:, :n_cuts], theta[:, :n_cuts], np.inf)
    infinite = np.full((len(theta), 1), np.inf)
    bounds = np.concatenate([-infinite, cuts, infinite], axis=1)
    upper = np.take_along_axis(bounds, ranks + 1, axis=1) - shift
    return upper, np.take_along_axis(bounds, ranks, axis=1) - shift


def _probability(upper: Floats, lower: Floats) -> Floats:
    # the side that is nearer to 0 keeps its digits
    turned = lower > 0
    high, low = np.where(turned, -lower, upper), np.where(turned, -upper, lower)
    return expit(high) - expit(low)


def _deviance(ranks: Floats, columns: Floats, known: Floats, theta: Floats, n_cuts: int, present: Floats) -> Floats:
    upper, lower = _ends(ranks, columns, theta, n_cuts, present)
    share = np.where(known, _probability(upper, lower), 1.0)
    with np.errstate(divide="ignore"):
        return -2 * np.log(np.maximum(share, 0.0)).sum(axis=1)


def _slopes(ranks: Floats, columns: Floats, known: Floats, theta: Floats, n_cuts: int, present: Floats) -> _Slopes:
    upper, lower = _ends(ranks, columns, theta, n_cuts, present)
    share = np.where(known, _probability(upper, lower), 1.0)
    above, below = expit(upper), expit(lower)
    density, density_below = above * (1 - above) * known / share, below * (1 - below) * known / share
    cut = np.arange(n_cuts)
    at_upper = np.concatenate([ranks[..., None] == cut, -columns], axis=-1)
    at_lower = np.concatenate([ranks[..., None] - 1 == cut, -columns], axis=-1)
    own = density[..., None] * at_upper - density_below[..., None] * at_lower
    bend = (density * (1 - 2 * above))[..., None] * at_upper
    bend_below = (density_below * (1 - 2 * below))[..., None] * at_lower
    information = own.swapaxes(1, 2) @ own - at_upper.swapaxes(1, 2) @ bend + at_lower.swapaxes(1, 2) @ bend_below
    return _Slopes(own.sum(axis=1), information)


def _halved(
    own: tuple[Floats, Floats, Floats], theta: Floats, step: Floats, height: Floats, n_cuts: int, present: Floats
) -> tuple[Floats, Floats]:
    """Take each step, or its half, quarter, … until the deviance does not rise; return parameters and deviance."""
    step = np.where(np.isfinite(step), step, 0.0)
    reached = _deviance(*own, theta + step, n_cuts, present)
    for _ in range(_MOST_HALVINGS):
        rises = reached > height + 1e-10 * (1 + height)
        if not rises.any():
            break
        step = np.where(rises[:, None], step / 2, step)
        reached = _deviance(*own, theta + step, n_cuts, present)
    return theta + step, reached


def _why_not(columns: Floats, known: Floats, highest: Floats) -> list[str]:
    centred = (columns - columns.sum(axis=1, keepdims=True) / np.maximum(known.sum(axis=1), 1)[:, None, None]) * known[
        ..., None
    ]
    pivot = sweep(centred.swapaxes(1, 2) @ centred).pivot
    reasons = [""] * len(columns)
    for trial in range(len(columns)):
        if not known[trial].any():
            reasons[trial] = "no outcome is known"
        elif highest[trial] < 1:
            reasons[trial] = "every patient is in one category"
        elif pivot[trial] < _SINGULAR:
            reasons[trial] = "the columns cannot be told apart: one is constant or repeats others"
    return reasons


def _why_unsettled(ranks: Floats, columns: Floats, known: Floats, n_cuts: int) -> str:
    """Return which columns set the categories apart, or that Newton's steps did not settle."""
    rank, own = ranks[known], columns[known]
    cut = np.arange(min(n_cuts, int(rank.max())))
    upper = np.concatenate([rank[:, None] == cut, -own], axis=1)[rank < rank.max()]
    lower = np.concatenate([rank[:, None] - 1 == cut, -own], axis=1)[rank > 0]
    found = separating_columns(np.concatenate([upper, -lower]).astype(float))
    places = [place - len(cut) for place in found[0] if place >= len(cut)] if found else []
    if not places:
        return f"no maximum of the likelihood after {_MOST_STEPS} steps"
    told = ", ".join(str(place) for place in places)
    return f"separation: coefficients {told} set categories apart, so some are infinite"
