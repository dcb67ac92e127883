"""Pairs of patients compared outcome by outcome: win ratio, win odds and net benefit of a hierarchy, with ties.

Every patient of an arm meets every one of the control. The first outcome decides; where it ties, the next one does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sciatrial.foundation import Problem
from sciatrial.statistics.design import refuse, share_problem
from sciatrial.statistics.inference import Estimates, student

Floats = NDArray[Any]
# pairs held at a time
_PAIRS = 4_000_000


@dataclass(frozen=True, eq=False)
class WinStatistics:
    """What the pairs of each arm and the control say; dims ``trial, arm``, without the control.

    Attributes
    ----------
    wins, losses
        Share of pairs won and lost at each outcome; dims ``trial, arm, outcome``. The rest of the pairs ties.
    log_win_ratio
        Natural logarithm of wins / losses; NaN, with the reason, where no pair is won or none is lost.
    log_win_odds
        Natural logarithm of (wins + ties / 2) / (losses + ties / 2).
    net_benefit
        Wins − losses, −1 to 1.
    """

    wins: Floats
    losses: Floats
    log_win_ratio: Estimates
    log_win_odds: Estimates
    net_benefit: Estimates


def win_statistics(
    outcomes: ArrayLike, arms: ArrayLike, *, margins: Sequence[float] | None = None, level: float = 0.95
) -> WinStatistics:
    """Compare each arm with the control by pairs of patients.

    Parameters
    ----------
    outcomes
        Higher is better, the weightiest first; dims ``patient, outcome`` or ``trial, patient, outcome``. A pair of
        which one is NaN ties at that outcome. A patient all of whose outcomes are NaN takes no part.
    arms
        0 for the control, then 1, 2, …; dims ``patient`` for all trials or ``trial, patient``.
    margins
        A pair is decided by a difference of more than this; 0 or more, one an outcome, 0 by default.
    level
        Coverage of the intervals, above 0 and below 1.

    Returns
    -------
    WinStatistics
        Standard errors by the delta method from the variance of two-sample U statistics; normal.

    Raises
    ------
    TrialError
        When shapes do not pair, arms are not numbered 0, 1, 2, …, or margins or level cannot be used.

    Source
    ------
    Pocock and others (2012), European Heart Journal 33, 176-182. Bebu and Lachin (2016), Biostatistics 17, 178-187.
    Brunner, Vandemeulebroecke and Mütze (2021), Statistics in Medicine 40, 3367-3384 (win odds).
    """
    x: Floats = np.asarray(outcomes, float)
    x = x[None] if x.ndim == 2 else x
    arm = np.asarray(arms, float)
    codes = np.unique(arm)
    problems = share_problem("level", level)
    if x.ndim != 3 or not x.size:
        problems.append(Problem("outcomes", f"shape {np.shape(outcomes)}", "dims trial, patient, outcome"))
    elif arm.shape not in (x.shape[:2], x.shape[1:2]):
        problems.append(Problem("arms", f"shape {arm.shape}", f"one for each patient of {x.shape[:2]}"))
    if not np.array_equal(codes, np.arange(len(codes))) or len(codes) < 2:
        problems.append(Problem("arms", f"{codes[:9].tolist()}", "0 for the control, then 1, 2, …"))
    wide = np.zeros(x.shape[-1]) if margins is None else np.asarray(margins, float)
    if wide.shape != x.shape[-1:] or not (np.isfinite(wide) & (wide >= 0)).all():
        problems.append(Problem("margins", f"{margins}", f"{x.shape[-1]} numbers of 0 or more"))
    refuse("win statistics", problems)
    assigned = np.where(np.isnan(x).all(axis=2), np.nan, np.broadcast_to(arm, x.shape[:2]))
    control = _gathered(x, assigned == 0)
    compared = [_compared(_gathered(x, assigned == code), control, wide) for code in codes[1:]]
    wins, losses, first, second = (np.stack(values, axis=1) for values in zip(*compared, strict=True))
    return _summary(wins, losses, first + second, level)


def crossed_win_statistics(
    first: ArrayLike, second: ArrayLike, *, margins: Sequence[float] | None = None, level: float = 0.95
) -> WinStatistics:
    """Compare two worlds of the same patients: each in the first world against every other one in the second.

    Nobody meets the own other world, so that the pairs are of different patients, as in a trial. Where a patient's
    worlds are alike, the errors of both sides cancel in part.

    Parameters
    ----------
    first, second
        Outcomes in either world, higher is better, the weightiest first; dims ``patient, outcome``. A patient all of
        whose outcomes are NaN in one of them takes no part.
    margins, level
        As in `win_statistics`.

    Returns
    -------
    WinStatistics
        Dims ``trial, arm`` of one each; standard errors from the variance of a one-sample U statistic of patients.

    Raises
    ------
    TrialError
        When shapes do not pair, or margins or level cannot be used.

    Source
    ------
    Hoeffding (1948), Annals of Mathematical Statistics 19, 293-325.
    """
    x, y = np.asarray(first, float), np.asarray(second, float)
    problems = share_problem("level", level)
    if x.ndim != 2 or x.shape != y.shape or not x.size:
        problems.append(Problem("outcomes", f"shapes {x.shape} and {y.shape}", "dims patient, outcome, both alike"))
    wide = np.zeros(x.shape[-1]) if margins is None else np.asarray(margins, float)
    if wide.shape != x.shape[-1:] or not (np.isfinite(wide) & (wide >= 0)).all():
        problems.append(Problem("margins", f"{margins}", f"{x.shape[-1]} numbers of 0 or more"))
    refuse("win statistics", problems)
    takes_part = np.isfinite(x).any(axis=1) & np.isfinite(y).any(axis=1)
    x, y = x[takes_part], y[takes_part]
    n = len(x)
    size = max(1, _PAIRS // max(n, 1))
    # (patient, won or lost): in the first world against others, and in the second against them
    own, against = np.zeros((n, 2)), np.zeros((n, 2))
    decided = np.zeros((2, len(wide)))
    for start in range(0, n, size):
        rows = np.arange(start, min(start + size, n))
        undecided = np.ones((len(rows), n), dtype=bool)
        undecided[np.arange(len(rows)), rows] = False
        for outcome, margin in enumerate(wide):
            difference = x[rows, None, outcome] - y[None, :, outcome]  # NaN decides nothing
            for place, now in enumerate((difference > margin, difference < -margin)):
                now &= undecided
                own[rows, place] += now.sum(axis=1)
                against[:, place] += now.sum(axis=0)
                decided[place, outcome] += now.sum()
            undecided &= (np.abs(difference) <= margin) | np.isnan(difference)
    others = max(n - 1, 1)
    shares = decided / (n * others if n > 1 else np.nan)
    influence = (own + against) / others - 2 * shares.sum(axis=1)
    covariance = influence.T @ influence / (n * (n - 1.0) if n > 1 else np.nan)
    return _summary(shares[0][None, None], shares[1][None, None], covariance[None, None], level)


def _gathered(x: Floats, is_own: Floats) -> tuple[Floats, Floats]:
    """Return the outcomes of the patients of one arm, filled up to the same number in every trial, and who is real."""
    number = int(is_own.sum(axis=1).max())
    order = np.argsort(~is_own, axis=1, kind="stable")[:, :number]
    return np.take_along_axis(x, order[..., None], axis=1), np.take_along_axis(is_own, order, axis=1)


def _compared(
    arm: tuple[Floats, Floats], control: tuple[Floats, Floats], margins: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return shares won and lost (trial, outcome), and both parts of the covariance of wins and losses."""
    trials = len(arm[0])
    size = max(1, _PAIRS // max(arm[1].shape[1] * control[1].shape[1], 1))
    parts = []
    for start in range(0, trials, size):
        some = slice(start, start + size)
        parts.append(_of_pairs(arm[0][some], arm[1][some], control[0][some], control[1][some], margins))
    won, lost, first, second = (np.concatenate(values) for values in zip(*parts, strict=True))
    return won, lost, first, second


def _of_pairs(
    x: Floats, is_real: Floats, control: Floats, is_real_control: Floats, margins: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    both = is_real[:, :, None] & is_real_control[:, None]
    n, m = is_real.sum(axis=1), is_real_control.sum(axis=1)
    pairs = np.where(n * m > 0, n * m, np.nan)
    undecided = both.copy()
    won_at, lost_at = [], []
    won, lost = np.zeros_like(both), np.zeros_like(both)
    for outcome, margin in enumerate(margins):
        difference = x[:, :, None, outcome] - control[:, None, :, outcome]  # NaN decides nothing
        now_won, now_lost = undecided & (difference > margin), undecided & (difference < -margin)
        won_at.append(now_won.sum(axis=(1, 2)) / pairs)
        lost_at.append(now_lost.sum(axis=(1, 2)) / pairs)
        won, lost = won | now_won, lost | now_lost
        undecided &= ~(now_won | now_lost)
    by_patient = np.stack([won.sum(axis=2), lost.sum(axis=2)], axis=2) / np.maximum(m, 1)[:, None, None]
    by_control = np.stack([won.sum(axis=1), lost.sum(axis=1)], axis=2) / np.maximum(n, 1)[:, None, None]
    return (
        np.stack(won_at, axis=1),
        np.stack(lost_at, axis=1),
        _spread(by_patient, is_real, n),
        _spread(by_control, is_real_control, m),
    )


def _spread(shares: Floats, is_real: Floats, number: Floats) -> Floats:
    """Return the covariance of the mean of patients' shares won and lost; NaN below two patients."""
    mean = (shares * is_real[..., None]).sum(axis=1) / np.maximum(number, 1)[:, None]
    centred = (shares - mean[:, None]) * is_real[..., None]
    degrees = np.where(number > 1, number * (number - 1.0), np.nan)
    return centred.swapaxes(1, 2) @ centred / degrees[:, None, None]


def _summary(wins: Floats, losses: Floats, covariance: Floats, level: float) -> WinStatistics:
    won, lost = wins.sum(axis=2), losses.sum(axis=2)
    gain = won - lost
    var_won, var_lost, both = covariance[..., 0, 0], covariance[..., 1, 1], covariance[..., 0, 1]
    var_gain = var_won + var_lost - 2 * both
    has_ratio, has_odds = (won > 0) & (lost > 0), np.abs(gain) < 1
    few = [_few(row) for row in np.isnan(covariance[..., 0, 0])]
    safe_won, safe_lost = np.where(has_ratio, won, np.nan), np.where(has_ratio, lost, np.nan)
    safe_gain = np.where(has_odds, gain, np.nan)
    ratio_variance = var_won / safe_won**2 + var_lost / safe_lost**2 - 2 * both / (safe_won * safe_lost)
    # the odds are (1 + gain) / (1 − gain)
    odds_variance = var_gain * (2 / (1 - safe_gain**2)) ** 2
    no_ratio = _reasons(few, has_ratio, "no pair is won, or none is lost")
    no_odds = _reasons(few, has_odds, "every pair is won, or every one is lost")
    return WinStatistics(
        wins=wins,
        losses=losses,
        log_win_ratio=_normal(np.log(safe_won / safe_lost), ratio_variance, level, no_ratio),
        log_win_odds=_normal(np.log1p(safe_gain) - np.log1p(-safe_gain), odds_variance, level, no_odds),
        net_benefit=_normal(gain, var_gain, level, tuple(few)),
    )


def _normal(estimate: Floats, variance: Floats, level: float, reasons: tuple[str, ...]) -> Estimates:
    error = np.sqrt(np.maximum(variance, 0.0))
    # pairs that all fall alike have no spread to test by
    error = np.where((error > 0) & np.isfinite(estimate), error, np.nan)
    estimate = np.where(np.isnan(variance), np.nan, estimate)
    return student(estimate, error, np.full_like(error, np.inf), level, reasons)


def _few(is_missing: Floats) -> str:
    if not is_missing.any():
        return ""
    return f"arm {int(np.argmax(is_missing)) + 1}: fewer than two patients here or in the control"


def _reasons(few: list[str], is_there: Floats, told: str) -> tuple[str, ...]:
    return tuple(
        first or ("" if row.all() else f"arm {int(np.argmin(row)) + 1}: {told}")
        for first, row in zip(few, is_there, strict=True)
    )
