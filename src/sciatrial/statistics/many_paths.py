"""The recursive integration of `integration` for many trials at once, each with its own information and bounds.

Every trial has the points that the widest of them needs, so that one array holds all. Sources: as `integration`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, pi, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from sciatrial.statistics.integration import gauss_legendre

Floats = NDArray[Any]

_TAIL = 8.0
_POINTS_PER_WIDTH = 1.5
_POINTS_AT_LEAST = 12
_POINTS_OF_A_PANEL = 64
_NEWTON_STEPS = 60
# numbers in the largest array: what a processor's second cache holds
_LARGEST_ARRAY = 2**16


@dataclass(frozen=True)
class ManyPaths:
    """The paths of each trial that have not stopped, at one look.

    Parameters
    ----------
    time
        Information at the look, 0 before the first, dims ``trial``.
    points, mass
        Scores, and the probability that a path is there and has not stopped; dims ``trial, point``.
    """

    time: Floats
    points: Floats
    mass: Floats

    def chosen(self, rows: Floats) -> ManyPaths:
        """Return the paths of some trials."""
        return ManyPaths(self.time[rows], self.points[rows], self.mass[rows])


def all_paths_of(n_trials: int) -> ManyPaths:
    """Return the paths of `n_trials` trials before the first look: all of them at 0."""
    return ManyPaths(np.zeros(n_trials), np.zeros((n_trials, 1)), np.ones((n_trials, 1)))


def shares_above(paths: ManyPaths, time: Floats, drift: Floats | float, bound_z: Floats) -> Floats:
    """Return the probability to go on and have Z above `bound_z` at information `time`; all with dims ``trial``."""
    return (paths.mass * ndtr(-_centred(paths, time, drift, bound_z))).sum(axis=1)


def shares_below(paths: ManyPaths, time: Floats, drift: Floats | float, bound_z: Floats) -> Floats:
    """Return the probability to go on and have Z below `bound_z` at information `time`; all with dims ``trial``."""
    return (paths.mass * ndtr(_centred(paths, time, drift, bound_z))).sum(axis=1)


def _centred(paths: ManyPaths, time: Floats, drift: Floats | float, bound_z: Floats) -> Floats:
    step = time - paths.time
    moved = bound_z * np.sqrt(time) - drift * step
    return (moved[:, None] - paths.points) / np.sqrt(step)[:, None]


def bounds_above(paths: ManyPaths, time: Floats, drift: float, probability: Floats) -> Floats:
    """Return the z above which the paths lie with `probability`, as `integration.bound_above`; dims ``trial``."""
    found = np.where(probability <= 0, np.inf, -np.inf)
    left = paths.mass.sum(axis=1)
    active = np.flatnonzero((probability > 0) & (probability < left))
    if not len(active):
        return found
    mine, time, wanted = paths.chosen(active), time[active], probability[active]
    step, root = time - mine.time, np.sqrt(time)
    width = np.sqrt(step)
    start = mine.points + drift * step[:, None]
    score = np.minimum(drift * time - root * ndtri(wanted), start.max(axis=1) - width * ndtri(wanted / left[active]))
    target = np.log(wanted)
    for _ in range(_NEWTON_STEPS):
        centred = (score[:, None] - start) / width[:, None]
        tail = (mine.mass * ndtr(-centred)).sum(axis=1)
        slope = (mine.mass * np.exp(-0.5 * centred * centred)).sum(axis=1) / (width * sqrt(2 * pi))
        move = (np.log(tail) - target) * tail / slope
        score = score + move
        if np.abs(move).max() < 1e-11:
            break
    found[active] = score / root
    return found


def bounds_below(paths: ManyPaths, time: Floats, drift: float, probability: Floats) -> Floats:
    """Return the z below which the paths lie with `probability`: -inf for 0, inf when fewer are left."""
    return -bounds_above(ManyPaths(paths.time, -paths.points, paths.mass), time, -drift, probability)


def all_go_on(
    paths: ManyPaths, time: Floats, next_time: Floats, drift: Floats | float, lower_z: Floats, upper_z: Floats
) -> ManyPaths:
    """Return the paths with Z between two bounds at `time`, on points fine enough for `next_time`; dims ``trial``."""
    root, step = np.sqrt(time), time - paths.time
    low = np.maximum(lower_z * root, drift * time - _TAIL * root)
    high = np.maximum(np.minimum(upper_z * root, drift * time + _TAIL * root), low)
    narrowest = 1 / np.sqrt(1 / step + 1 / (next_time - time))
    points, weights = _points_between(low, high, narrowest)
    start = paths.points + (drift * step)[:, None]
    density = np.empty_like(points)
    scale = np.sqrt(step)
    chunk = max(1, _LARGEST_ARRAY // (points.shape[1] * start.shape[1]))
    for first in range(0, len(points), chunk):
        rows = slice(first, first + chunk)
        centred = (points[rows, :, None] - start[rows, None, :]) / scale[rows, None, None]
        centred *= centred
        centred *= -0.5
        np.exp(centred, out=centred)
        density[rows] = (centred @ paths.mass[rows, :, None])[..., 0]
    return ManyPaths(time, points, weights * density / (sqrt(2 * pi) * scale)[:, None])


def points_needed(information: Floats) -> Floats:
    """Return how many points a trial needs at most, whatever its bounds; dims ``trial, look`` give ``trial``."""
    if information.shape[1] < 2:
        return np.ones(len(information))
    steps = np.diff(information, axis=1, prepend=0.0)
    narrowest = 1 / np.sqrt(1 / steps[:, :-1] + 1 / steps[:, 1:])
    return (2 * _TAIL * np.sqrt(information[:, :-1]) / narrowest).max(axis=1)


def _points_between(low: Floats, high: Floats, narrowest: Floats) -> tuple[Floats, Floats]:
    """Gauss-Legendre points and weights of every trial, dims ``trial, point``."""
    wanted = _POINTS_AT_LEAST + _POINTS_PER_WIDTH * float(((high - low) / narrowest).max())
    n_panels = ceil(wanted / _POINTS_OF_A_PANEL)
    nodes, weights = gauss_legendre(4 * ceil(wanted / n_panels / 4))
    half = (high - low) / (2 * n_panels)
    middles = low[:, None] + half[:, None] * (2 * np.arange(n_panels) + 1)
    points = middles[:, :, None] + half[:, None, None] * nodes
    return points.reshape(len(low), -1), np.tile(half[:, None] * weights, n_panels)
