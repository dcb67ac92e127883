"""Recursive integration: how likely a score path is to be inside its bounds at one look and outside at the next.

The score path B has independent normal increments: at the share t of full information it has mean drift × t and
variance t, so the test statistic is Z = B / √t. Its sub-density among paths that have not stopped is carried from look
to look on Gauss-Legendre points; the integrand is a smooth product of normals, so that the error falls exponentially in
their number.

Sources: Armitage, McPherson and Rowe 1969 (the recursion); Jennison and Turnbull 2000, chapter 19 (numerical form).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, inf, log, pi, sqrt

import numpy as np
from scipy.special import ndtr, ndtri

# beyond this many standard deviations of the unstopped path lies less than 1e-15 of the probability
_TAIL = 8.0
# points for each width of the narrowest normal in the integrand, and a few more: 1.5 already gives 1e-11
_POINTS_PER_WIDTH = 1.8
_POINTS_AT_LEAST = 16
_POINTS_OF_A_PANEL = 64
_NEWTON_STEPS = 60


@dataclass(frozen=True)
class Paths:
    """The paths that have not stopped, at one look.

    Parameters
    ----------
    time
        Share of full information at the look, 0 before the first.
    points
        Scores B, shape (point,).
    mass
        Probability that a path is at the point and has not stopped, shape (point,).
    """

    time: float
    points: np.ndarray
    mass: np.ndarray


def all_paths() -> Paths:
    """Return the paths before the first look: all of them at 0."""
    return Paths(0.0, np.zeros(1), np.ones(1))


def share_above(paths: Paths, time: float, drift: float, bound_z: float) -> float:
    """Return the probability to go on from `paths` and have Z above `bound_z` at share `time` of information."""
    step = time - paths.time
    centred = (bound_z * sqrt(time) - paths.points - drift * step) / sqrt(step)
    return float(paths.mass @ ndtr(-centred))


def share_below(paths: Paths, time: float, drift: float, bound_z: float) -> float:
    """Return the probability to go on from `paths` and have Z below `bound_z` at share `time` of information."""
    step = time - paths.time
    centred = (bound_z * sqrt(time) - paths.points - drift * step) / sqrt(step)
    return float(paths.mass @ ndtr(centred))


def bound_above(paths: Paths, time: float, drift: float, probability: float) -> float:
    """Return the z above which the paths lie with `probability` at share `time` of information.

    The logarithm of the tail is concave, and the bounds of unstopped paths and of paths that all start at the highest
    point lie right of the root: from there Newton's steps only go left and always arrive.

    Returns
    -------
    float
        inf when `probability` is 0, -inf when fewer paths than that are left.
    """
    if probability <= 0:
        return inf
    left = float(paths.mass.sum())
    if probability >= left:
        return -inf
    step = time - paths.time
    width = sqrt(step)
    start = paths.points + drift * step
    score = min(
        drift * time - sqrt(time) * float(ndtri(probability)),
        float(start.max()) - width * float(ndtri(probability / left)),
    )
    target = log(probability)
    for _ in range(_NEWTON_STEPS):
        centred = (score - start) / width
        tail = float(paths.mass @ ndtr(-centred))
        slope = float(paths.mass @ np.exp(-0.5 * centred * centred)) / (width * sqrt(2 * pi))
        move = (log(tail) - target) * tail / slope
        score += move
        if abs(move) < 1e-12:
            break
    return score / sqrt(time)


def bound_below(paths: Paths, time: float, drift: float, probability: float) -> float:
    """Return the z below which the paths lie with `probability`: -inf for 0, inf when fewer are left."""
    return -bound_above(Paths(paths.time, -paths.points, paths.mass), time, -drift, probability)


def go_on(paths: Paths, time: float, next_time: float, drift: float, lower_z: float, upper_z: float) -> Paths:
    """Return the paths with Z between two bounds at share `time`, on points fine enough for `next_time`."""
    root = sqrt(time)
    low = max(lower_z * root, drift * time - _TAIL * root)
    high = min(upper_z * root, drift * time + _TAIL * root)
    if low >= high:
        return Paths(time, np.zeros(1), np.zeros(1))
    step = time - paths.time
    narrowest = 1 / sqrt(1 / step + 1 / (next_time - time))
    points, weights = _points_between(low, high, narrowest)
    centred = (points[:, None] - (paths.points + drift * step)) / sqrt(step)  # (point, earlier point)
    density = np.exp(-0.5 * centred * centred) @ paths.mass / sqrt(2 * pi * step)
    return Paths(time, points, weights * density)


def stopping_shares(times: np.ndarray, lower_z: np.ndarray, upper_z: np.ndarray, drift: float) -> np.ndarray:
    """Return the probabilities to stop below and above at each look.

    The inner loop of everything else: what it is given is not checked.

    Parameters
    ----------
    times
        Shares of full information, above 0 and increasing, shape (look,).
    lower_z, upper_z
        Bounds of Z, -inf and inf allowed, shape (look,).
    drift
        Mean of Z at full information.

    Returns
    -------
    array
        Shape (2, look): below the lower bound, above the upper one, for the first time.
    """
    shares = np.zeros((2, len(times)))
    paths = all_paths()
    last = len(times) - 1
    for look, time in enumerate(times):
        shares[0, look] = share_below(paths, time, drift, lower_z[look])
        shares[1, look] = share_above(paths, time, drift, upper_z[look])
        if look < last:
            paths = go_on(paths, time, times[look + 1], drift, lower_z[look], upper_z[look])
    return shares


def _points_between(low: float, high: float, narrowest: float) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre points and weights, in panels of equal width when one polynomial would be too long."""
    wanted = _POINTS_AT_LEAST + _POINTS_PER_WIDTH * (high - low) / narrowest
    n_panels = ceil(wanted / _POINTS_OF_A_PANEL)
    nodes, weights = gauss_legendre(8 * ceil(wanted / n_panels / 8))
    half = (high - low) / (2 * n_panels)
    middles = low + half * (2 * np.arange(n_panels) + 1)
    return (middles[:, None] + half * nodes).ravel(), np.tile(half * weights, n_panels)


@lru_cache(maxsize=16)
def gauss_legendre(n_points: int) -> tuple[np.ndarray, np.ndarray]:
    """Return points and weights between -1 and 1."""
    return np.polynomial.legendre.leggauss(n_points)
