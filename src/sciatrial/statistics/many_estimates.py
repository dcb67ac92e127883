"""After many trials stopped: median-unbiased estimates and intervals in the stagewise order, all at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from sciatrial.foundation import Problem, TrialError
from sciatrial.statistics.many_paths import all_go_on, all_paths_of, shares_above

Floats = NDArray[Any]

_WIDEST_DRIFT = 60.0
_STEPS = 100
_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class ManyEstimates:
    """What stopped trials say, as `FinalEstimate`: means of z at the look where each stopped; dims ``trial``.

    An effect is that mean × its standard error at the look. ``p_value`` is one-sided.
    """

    p_value: Floats
    median_unbiased: Floats
    low: Floats
    high: Floats


def estimates_of_many(
    information: ArrayLike, upper_z: ArrayLike, lower_z: ArrayLike, z: ArrayLike, *, level: float = 0.95
) -> ManyEstimates:
    """Estimate the effect in many trials that stopped at the same look.

    Parameters
    ----------
    information
        At each look up to the one where the trial stopped, in any unit, increasing; dims ``trial, look``.
    upper_z, lower_z
        Bounds at the looks before it: `lower_z` is -inf where futility is not binding, −`upper_z` in two-sided designs;
        dims ``trial, earlier look``.
    z
        Statistic where the trial stopped, positive in the direction of the effect; dims ``trial``.
    level
        Of the two-sided interval, above 0 and below 1.

    Returns
    -------
    ManyEstimates
        As `final_estimate` to 1e-7.

    Raises
    ------
    TrialError
        When shapes do not pair.

    Source
    ------
    Jennison and Turnbull 2000, chapter 8.
    """
    times, upper, lower, at = (np.asarray(values, float) for values in (information, upper_z, lower_z, z))
    expected = (len(at), times.shape[1] - 1) if times.ndim == 2 else None
    if upper.shape != expected or lower.shape != expected or len(times) != len(at):
        shapes = f"shapes {times.shape}, {upper.shape}, {lower.shape}, {at.shape}"
        problem = Problem("bounds", shapes, "trial, look; twice trial, earlier look; and trial", "pair them")
        raise TrialError("estimates of many trials", problem)
    stopped = _Stopped(times, upper, lower, at)
    outside = (1 - level) / 2
    root = np.sqrt(times[:, -1])
    means = [root * _drift_at(stopped, share) for share in (0.5, outside, 1 - outside)]
    return ManyEstimates(_more_extreme(stopped, np.zeros(len(at))), *means)


@dataclass(frozen=True)
class _Stopped:
    times: Floats
    upper: Floats
    lower: Floats
    z: Floats

    def chosen(self, rows: Floats) -> _Stopped:
        return _Stopped(*(values[rows] for values in vars(self).values()))


def _more_extreme(stopped: _Stopped, drift: Floats) -> Floats:
    """Probability of crossing before the look, or of at least z there, under each trial's drift."""
    last = stopped.times.shape[1] - 1
    paths, found = all_paths_of(len(stopped.z)), np.zeros(len(stopped.z))
    for look, time in enumerate(stopped.times.T):
        bound = stopped.z if look == last else stopped.upper[:, look]
        found += shares_above(paths, time, drift, bound)
        if look < last:
            later = stopped.times[:, look + 1]
            paths = all_go_on(paths, time, later, drift, stopped.lower[:, look], stopped.upper[:, look])
    return found


def _drift_at(stopped: _Stopped, share: float) -> Floats:
    """Return the drift at which the probability is `share`: secant steps on the probit scale, kept in a bracket.

    The probability grows with the drift, and its probit nearly in a straight line.
    """
    wanted, root = float(ndtri(share)), np.sqrt(stopped.times[:, -1])

    def miss(rows: Floats, drift: Floats) -> Floats:
        return ndtri(np.clip(_more_extreme(stopped.chosen(rows), drift), 1e-300, 1 - 1e-16)) - wanted

    widest = (_WIDEST_DRIFT + np.abs(stopped.z)) / root
    low, high = -widest, widest
    active = np.arange(len(root))
    now = (stopped.z + wanted) / root
    slope = root.copy()
    earlier, before = now, miss(active, now)
    found = now.copy()
    for _ in range(_STEPS):
        found[active] = earlier
        is_open = np.abs(before) > _TOLERANCE
        active, earlier, before, slope = active[is_open], earlier[is_open], before[is_open], slope[is_open]
        if not len(active):
            return found
        low[active] = np.where(before < 0, earlier, low[active])
        high[active] = np.where(before > 0, earlier, high[active])
        now = earlier - before / slope
        is_out = ~((low[active] < now) & (now < high[active]))
        now = np.where(is_out, (low[active] + high[active]) / 2, now)
        after = miss(active, now)
        with np.errstate(invalid="ignore", divide="ignore"):
            turned = (after - before) / (now - earlier)
        slope = np.where(np.isfinite(turned) & (turned > 0), turned, root[active])
        is_stuck = now == earlier
        earlier, before = now, np.where(is_stuck, 0.0, after)
    return found
