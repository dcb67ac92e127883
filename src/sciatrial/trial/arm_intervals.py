"""What combined stages say of one arm: familywise p value, simultaneous interval, estimate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite, nan

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from sciatrial.statistics import (
    ClosedTests,
    GroupSequentialDesign,
    normal_equivalents,
    normal_of_t,
    repeated_p_value,
)

Floats = NDArray[np.float64]
# in standard errors: where an end is looked for first, and beyond which it is infinite
_NEAR, _FURTHEST = 30.0, 1e18
_PRECISION = 1e-6


@dataclass(frozen=True)
class Stages:
    """The tests of each stage's own patients; dims ``look, comparison`` but of `freedom`, ``look``.

    Attributes
    ----------
    benefit, standard_error
        Effect, positive in favour of the arm, and its standard error; NaN where an arm is not there.
    freedom
        Degrees of freedom, which the comparisons of a stage share.
    ratios
        Patients of each arm for one of the control.
    """

    benefit: Floats
    standard_error: Floats
    freedom: Floats
    ratios: Floats

    @property
    def statistic(self) -> Floats:
        """Student's t of each comparison in each stage."""
        return self.benefit / self.standard_error


def familywise_p_value(bounds: GroupSequentialDesign, found: ClosedTests, comparison: int, look: int) -> float:
    """Return the smallest familywise alpha with which an arm would have been shown by a look, counted from 0.

    `found` is the closed test of one trial. The p value is the largest repeated one of all intersections that hold the
    arm, each at its best look so far.

    Returns
    -------
    float
        NaN where an intersection could not be tested; 0.5 stands for 0.5 or more.
    """
    mine = found.combined_z[0, : look + 1][:, found.intersections[:, comparison]]
    if np.isnan(mine).any(axis=0).any():
        return nan
    # looks whose bound is infinite test nothing, and of the others the last one nearly always decides
    efficacy = np.array(bounds.efficacy_z[: look + 1])
    margin = np.where(np.isfinite(efficacy)[:, None], mine - efficacy[:, None], -np.inf)
    best = margin.argmax(axis=0)
    if not np.isfinite(efficacy).any():
        return nan
    worst = {place: float(mine[place, best == place].min()) for place in set(best.tolist())}
    return max(repeated_p_value(bounds, place + 1, z) for place, z in worst.items())


def simultaneous_interval(
    bounds: GroupSequentialDesign, stages: Stages, comparison: int, look: int
) -> tuple[float, float]:
    """Return the repeated interval of an arm's benefit that covers for all arms at once, by a look counted from 0.

    The single-step interval: an arm's own stages, each with the p value that the largest of all arms there would have,
    are combined for every benefit that might be true. It holds with probability 1 - 2 alpha or more for all arms
    together, whatever the looks decide, and is wider than the closed test: it may hold 0 where the arm is shown.

    Returns
    -------
    tuple
        Lower and upper end; NaN where the bound is infinite, or a stage could not be analysed; infinite where no
        benefit however far off is excluded, as with an early bound and a degree of freedom or two.

    Source
    ------
    Posch and others (2005), Statistics in Medicine 24, 3697-3714.
    """
    bound = bounds.efficacy_z[look]
    benefit, error = (values[: look + 1, comparison] for values in (stages.benefit, stages.standard_error))
    if not isfinite(bound) or not np.isfinite(benefit).all():
        return nan, nan
    rates = np.array(bounds.information_rates[: look + 1])
    weights = np.sqrt(np.diff(rates, prepend=0.0) / rates[-1])
    tables = [
        normal_equivalents(ratios[there].tolist(), freedom)
        for ratios, there, freedom in zip(
            stages.ratios, np.isfinite(stages.benefit[: look + 1]), stages.freedom, strict=False
        )
    ]

    def z_of(statistic: Floats) -> float:
        """Return the combined z with the p values that statistics of one arm have as the largest of all."""
        return float(weights @ [float(of_largest(value)) for of_largest, value in zip(tables, statistic, strict=True)])

    middle = float(benefit @ (1 / error**2) / (1 / error**2).sum())
    low = crossing(lambda true: z_of((benefit - true) / error) - bound, (middle, middle), error)
    high = -crossing(lambda true: z_of((-true - benefit) / error) - bound, (-middle, -middle), error)
    return low, high


def crossing(falling: Callable[[float], float], around: tuple[float, float], error: Floats) -> float:
    """Return where a falling function is 0, looked for ever further from what it is around; infinite where nowhere.

    `around` holds a lower and an upper value between which it may lie, `error` standard errors: the largest says how
    far to look, the smallest how near to come.
    """
    unit, step = float(error.max()), _NEAR
    while step <= _FURTHEST:
        low, high = around[0] - step * unit, around[1] + step * unit
        if falling(low) >= 0 >= falling(high):
            near = _PRECISION * float(error.min())
            return float(brentq(falling, low, high, xtol=near, maxiter=1_000))  # type: ignore[arg-type]
        step *= 4
    return -inf if falling(around[0]) < 0 else inf


def combined_estimate(
    benefit: Floats, standard_error: Floats, freedom: Floats, weights: Floats, bound: float
) -> tuple[float, float, float]:
    """Return the benefit at which the combined statistic of the stages is 0, and those at which it is at its bound.

    Parameters
    ----------
    benefit, standard_error, freedom
        Of each stage's own patients, positive in favour of the arm; dims ``stage``.
    weights
        Of the stages' statistics; their squares sum to 1.
    bound
        Of the combined statistic, above 0.

    Returns
    -------
    tuple
        Estimate (median-unbiased where no look stops the trial), lower and upper end (NaN where the bound is infinite,
        infinite as in `simultaneous_interval`); all NaN where a stage could not be analysed.

    Source
    ------
    Lehmacher and Wassmer (1999), Biometrics 55, 1286-1290.
    """
    if not np.isfinite(benefit).all():
        return nan, nan, nan

    def z_of(true: float) -> float:
        return float(weights @ normal_of_t((benefit - true) / standard_error, freedom))

    def where(value: float) -> float:
        return crossing(lambda true: z_of(true) - value, (float(benefit.min()), float(benefit.max())), standard_error)

    return (where(0.0), where(bound), where(-bound)) if isfinite(bound) else (where(0.0), nan, nan)
