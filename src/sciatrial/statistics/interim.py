"""At a look: what the rest of the trial is likely to find.

Source: Jennison and Turnbull 2000, chapter 10 (conditional and predictive power).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isfinite, sqrt

import numpy as np

from sciatrial.foundation import Problem
from sciatrial.statistics.design import Binding, GroupSequentialDesign, Sides, refuse
from sciatrial.statistics.integration import stopping_shares

# Gauss-Hermite points of the average over the drift: the conditional power is smooth on the posterior's width
_POSTERIOR_POINTS = 64


def conditional_power(
    design: GroupSequentialDesign,
    look: int,
    z: float,
    *,
    drift: float | None = None,
    stage_means: Sequence[float] | None = None,
    futility_stops: bool = True,
) -> float:
    """Return the probability that a later look crosses its efficacy bound, given z at an interim look.

    Parameters
    ----------
    design
        The design; only its later looks count.
    look
        Number of the interim look, from 1 to the last but one.
    z
        Test statistic there, positive in the direction of the effect.
    drift
        Assumed mean of z at full information; left out, the observed one, z / √information.
    stage_means
        Instead of `drift`: mean of the statistic of each later stage's own patients, for stages of other sizes than
        planned that keep their planned weights, shape (later look,).
    futility_stops
        Whether a path that falls below a futility bound is lost; False lets it go on.

    Raises
    ------
    TrialError
        When there is no such interim look, z is not a number, or the stage means are too few.
    """
    refuse("conditional power", _problems(design, look, z, stage_means))
    steps = np.diff(np.array(design.information_rates)[look - 1 :])
    if stage_means is None:
        assumed = _observed_drift(design, look, z) if drift is None else drift
        means = assumed * steps
    else:
        means = np.array(stage_means, dtype=float) * np.sqrt(steps)
    return _rest_of_the_trial(design, look, z, means, futility_stops)


def conditional_rejection_probability(design: GroupSequentialDesign, look: int, z: float) -> float:
    """Return the conditional power without an effect: the type I error that is left, for a changed rest of the trial.

    Futility bounds count when they are binding only. Arguments and errors as in `conditional_power`.
    """
    binding = design.rules.binding is Binding.BINDING
    return conditional_power(design, look, z, drift=0.0, futility_stops=binding)


def predictive_power(
    design: GroupSequentialDesign,
    look: int,
    z: float,
    *,
    prior_drift: float = 0.0,
    prior_sd: float = inf,
    futility_stops: bool = True,
) -> float:
    """Return the conditional power averaged over what the drift may be, given z at an interim look.

    Parameters
    ----------
    design, look, z, futility_stops
        As in `conditional_power`.
    prior_drift, prior_sd
        Normal prior of the mean of z at full information; inf is the flat prior.

    Raises
    ------
    TrialError
        As in `conditional_power`, and when `prior_sd` is not above 0.
    """
    problems = _problems(design, look, z, None)
    if not prior_sd > 0:
        problems.append(Problem("prior_sd", f"{prior_sd:g}", "a number above 0, or inf"))
    refuse("predictive power", problems)
    time = design.information_rates[look - 1]
    precision = time + prior_sd**-2
    mean = (z * sqrt(time) + prior_drift * prior_sd**-2) / precision
    points, weights = np.polynomial.hermite_e.hermegauss(_POSTERIOR_POINTS)
    steps = np.diff(np.array(design.information_rates)[look - 1 :])
    powers = [
        _rest_of_the_trial(design, look, z, drift * steps, futility_stops) for drift in mean + points / sqrt(precision)
    ]
    return float(weights @ powers / weights.sum())


def stage_mean(effect: float, sd: float, n: float, allocation: float = 1.0) -> float:
    """Return the mean of a stage's own statistic: an effect, over `sd`, with `n` patients of both arms (above 0)."""
    return effect / sd * sqrt(n * allocation) / (1 + allocation)


def repeated_interval(estimate: float, standard_error: float, bound_z: float) -> tuple[float, float]:
    """Return the repeated confidence interval at a look whose efficacy bound is `bound_z`.

    Such intervals of all looks together hold the effect with probability 1 − alpha (two-sided) or, each end by itself,
    1 − alpha (one-sided), whatever makes the trial stop. Source: Jennison and Turnbull 2000, chapter 9.
    """
    return estimate - bound_z * standard_error, estimate + bound_z * standard_error


def _observed_drift(design: GroupSequentialDesign, look: int, z: float) -> float:
    return z / sqrt(design.information_rates[look - 1])


def _rest_of_the_trial(
    design: GroupSequentialDesign, look: int, z: float, means: np.ndarray, futility_stops: bool
) -> float:
    """Crossing probability of a fresh score path that starts at the interim look, with bounds moved to its origin."""
    rates = np.array(design.information_rates)
    later = rates[look:]
    times = later - rates[look - 1]
    start = z * sqrt(rates[look - 1]) + means.cumsum()
    counts = futility_stops or design.rules.sides is Sides.TWO
    lower = design.lower_z[look:] if counts else np.full(len(later), -inf)
    upper = np.array(design.efficacy_z)[look:]
    moved = [(bounds * np.sqrt(later) - start) / np.sqrt(times) for bounds in (lower, upper)]
    return float(stopping_shares(times, moved[0], moved[1], 0.0)[1].sum())


def _problems(design: GroupSequentialDesign, look: int, z: float, stage_means: Sequence[float] | None) -> list[Problem]:
    problems = []
    n_later = design.n_looks - look
    if not 1 <= look < design.n_looks:
        problems.append(Problem("look", f"{look} of {design.n_looks}", f"an interim look, 1 to {design.n_looks - 1}"))
    if not isfinite(z):
        problems.append(Problem("z", f"{z}", "a finite number"))
    if stage_means is not None and len(stage_means) != n_later:
        problems.append(Problem("stage_means", f"{len(stage_means)} for {n_later} later looks", "one a later look"))
    return problems
