"""The analysis of covariance of many drawn trials at each of their looks, from sums by arm.

What the mixed model of one visit finds (see `effects_seen`), without going through it: adjusted for one covariate, a
least-squares fit needs the numbers, sums, squares and products of each arm only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtr, stdtrit

from sciatrial.statistics import Sides, normal_of_t
from sciatrial.trial.analysis import Effects
from sciatrial.trial.design import Design

Floats = NDArray[np.float64]
_EFFECTS = ("estimate", "standard_error", "degrees_of_freedom", "p_value", "low", "high", "z")
_FEW = "fewer than two patients with an endpoint value in an arm"
# a sum of squares below this share of what it is the rest of is rounding: the full fit decides
_ROUNDING = 1e-9


@dataclass(frozen=True)
class ArmSums:
    """Numbers, sums, squares and products by arm of ``change`` and ``baseline``; dims ``..., arm``."""

    n: Floats
    baseline: Floats
    change: Floats
    baseline_squares: Floats
    products: Floats
    change_squares: Floats

    def flat(self) -> ArmSums:
        """Return the same with dims ``analysis, arm``."""
        return ArmSums(*(values.reshape(-1, values.shape[-1]) for values in vars(self).values()))


def sums_by_arm(
    change: Floats, baseline: Floats, assigned: NDArray[np.int64], look: NDArray[np.int64], n_arms: int, n_looks: int
) -> ArmSums:
    """Sum up what is known at each look of each trial.

    Parameters
    ----------
    change
        NaN where never known; dims ``trial, patient``, as those of `baseline` and `assigned`.
    look
        The first look, from 0, at which it is known; dims ``trial, patient``.

    Returns
    -------
    ArmSums
        Dims ``trial, look, arm``: all that is known at that look.
    """
    trial, patient = np.nonzero(np.isfinite(change))
    x, y = baseline[trial, patient], change[trial, patient]
    # near their means, so that squares keep their digits
    x = x - (x.mean() if len(x) else 0.0)
    y = y - (y.mean() if len(y) else 0.0)
    code = (trial * n_looks + look[trial, patient]) * n_arms + assigned[trial, patient]
    shape = (len(change), n_looks, n_arms)

    def summed(weights: Floats | None) -> Floats:
        counts = np.bincount(code, weights, minlength=int(np.prod(shape)))
        return counts.reshape(shape).astype(float).cumsum(axis=1)

    return ArmSums(summed(None), summed(x), summed(y), summed(x * x), summed(x * y), summed(y * y))


def effects_of(design: Design, sums: ArmSums, exact: Callable[[int], Effects]) -> Effects:
    """Analyse trials from their sums.

    Parameters
    ----------
    design
        Comparisons, sides and level.
    sums
        Dims ``analysis, arm``.
    exact
        Gives the full fit of one analysis, by its number: asked where the sums leave too little to tell rounding from
        spread.

    Returns
    -------
    Effects
        Dims ``analysis, comparison``, as `effects_seen` to 1e-9.
    """
    names, compared = list(design.arms), design.compared()
    pairs = np.array([[names.index(item.arm), names.index(item.control)] for item in compared])
    n = np.maximum(sums.n, 1.0)
    mean_x, mean_y = sums.baseline / n, sums.change / n
    within_xx = (sums.baseline_squares - sums.baseline * mean_x).sum(axis=1)
    within_xy = (sums.products - sums.baseline * mean_y).sum(axis=1)
    within_yy = (sums.change_squares - sums.change * mean_y).sum(axis=1)
    freedom = sums.n.sum(axis=1) - (sums.n > 0).sum(axis=1) - 1
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = within_xy / within_xx
        rest = within_yy - slope * within_xy
        variance = rest / freedom
        arm, control = pairs[:, 0], pairs[:, 1]
        apart = mean_x[:, arm] - mean_x[:, control]
        estimate = mean_y[:, arm] - mean_y[:, control] - slope[:, None] * apart
        width = 1 / sums.n[:, arm] + 1 / sums.n[:, control] + apart**2 / within_xx[:, None]
        error = np.sqrt(variance[:, None] * width)
        statistic = estimate / error
    n_arm, n_control = sums.n[:, arm].astype(int), sums.n[:, control].astype(int)
    too_few = np.minimum(n_arm, n_control) < 2
    sign = float(design.benefit_sign)
    degrees = np.broadcast_to(freedom[:, None], estimate.shape).copy()
    critical = _critical(freedom, design.level)[:, None]
    z = sign * normal_of_t(statistic, degrees)
    p_value = ndtr(-z) if design.sides is Sides.ONE else 2 * stdtr(degrees, -np.abs(statistic))
    found = dict(
        zip(
            _EFFECTS,
            (estimate, error, degrees, p_value, estimate - critical * error, estimate + critical * error, z),
            strict=True,
        )
    )
    why_not = np.full(estimate.shape, "", dtype=object)
    why_not[too_few] = _FEW
    for values in found.values():
        values[too_few] = np.nan
    total_yy = sums.change_squares.sum(axis=1)
    total_xx = sums.baseline_squares.sum(axis=1)
    is_safe = (freedom >= 1) & (within_xx > _ROUNDING * total_xx) & (rest > _ROUNDING * total_yy)
    for number in np.flatnonzero(~is_safe & ~too_few.all(axis=1) | (sums.n.sum(axis=1) == 0)):
        one = exact(int(number))
        for name, values in found.items():
            values[number] = getattr(one, name)[0]
        why_not[number] = one.why_not[0]
    return Effects(**found, n_arm=n_arm, n_control=n_control, why_not=why_not)


def _critical(freedom: Floats, level: float) -> Floats:
    """Return Student's quantile for an interval; the freedoms of many trials are few whole numbers."""
    values, place = np.unique(freedom, return_inverse=True)
    return stdtrit(np.where(values > 0, values, np.nan), (1 + level) / 2)[place]
