"""The way to the maximum of the likelihood: Fisher scoring that ends in Newton's steps, many trials at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.statistics.covariance import Covariance, matrices
from sciatrial.statistics.likelihood import Evaluation, Likelihood, evaluate
from sciatrial.statistics.moments import AbstractMoments
from sciatrial.statistics.sweep import sweep

Floats = NDArray[Any]

# a step that promises less deviance than this ends a fit: parameters then move by 1e-9 of their standard error
_GAIN = 1e-18
# where rounding hides so small a gain, a fit that has taken all steps stands if it ended with less than this
_ENOUGH = 1e-10
_MOST_STEPS = 60
# a residual covariance with a smaller pivot than this has visits that determine one another
_FLAT = 1e-9
# information with a smaller pivot than this has no inverse to step by
_SINGULAR = 1e-10


@dataclass(frozen=True, eq=False)
class Climbed:
    """Where the climbs of some trials ended, the likelihood there, likelihoods evaluated, and why an end is none."""

    parameters: Floats
    evaluation: Evaluation
    n_steps: Floats
    reasons: list[str]


def climb(moments: AbstractMoments, structure: Covariance, parameters: Floats, likelihood: Likelihood) -> Climbed:
    """Return the parameters of least deviance; trials that have arrived are no longer evaluated."""
    current = parameters.copy()
    best = evaluate(moments, structure, current, likelihood)
    step, gain = _step(best)
    scale = np.ones(len(current))
    n_steps = np.ones(len(current), int)
    active = np.flatnonzero(gain >= _GAIN)
    part, held = moments, np.arange(len(current))
    for _ in range(_MOST_STEPS):
        if not len(active):
            break
        # to copy moments costs as much as half an evaluation, so not for every trial that arrives
        if len(active) <= 0.8 * len(held):
            part, held = moments.chosen(active), active
        scale[active] = _inside(structure, current[active], step[active], scale[active], moments.seen.shape[-1])
        candidate = current.copy()
        candidate[active] += scale[active, None] * step[active]
        tried = evaluate(part, structure, candidate[held], likelihood)
        n_steps[active] += 1
        is_better = tried.deviance <= best.deviance[held] + 1e-11 * (1 + np.abs(best.deviance[held]))
        is_better &= np.isin(held, active)
        better, worse = held[is_better], np.setdiff1d(active, held[is_better])
        scale[worse] /= 2
        if len(better):
            taken = tried.chosen(is_better)
            current[better] = candidate[better]
            best = best.replaced(better, taken)
            step[better], gain[better] = _step(taken)
            scale[better] = 1.0
        active = np.flatnonzero((gain >= _GAIN) & (scale > 1e-10))
    return Climbed(current, best, n_steps, [_verdict(value) for value in gain.tolist()])


def _inside(structure: Covariance, current: Floats, step: Floats, scale: Floats, visits: int) -> Floats:
    """Return the scales, halved until every step ends at a covariance that is positive definite."""
    scale = scale.copy()
    for _ in range(_MOST_STEPS):
        outside = sweep(matrices(structure, current + scale[:, None] * step, visits)).pivot < _FLAT
        if not outside.any():
            break
        scale[outside] /= 2
    return scale


def _verdict(gain: float) -> str:
    """Return why the last step's promise of `gain` is no end of a fit; empty where it is, NaN where there is none."""
    if gain < _ENOUGH:
        return ""
    return (
        "did not converge: the likelihood grows towards a covariance that is not of full rank; "
        "too few patients are seen at these visits, so take a simpler covariance or fewer visits"
    )


def _step(evaluation: Evaluation) -> tuple[Floats, Floats]:
    """Return the step of the parameters and the gain of deviance that it promises, NaN where there is none.

    Scoring is safe far from the maximum, Newton's step is faster near it; near is where scoring promises little.
    """
    scoring, newton = sweep(evaluation.expected), sweep(evaluation.observed)
    step = -(scoring.inverse @ evaluation.score[..., None])[..., 0] / 2
    gain = np.where(scoring.pivot > _SINGULAR, -np.einsum("bi,bi->b", step, evaluation.score) / 2, np.nan)
    near = (gain < 1.0) & (newton.pivot > 1e-6)
    fast = -(newton.inverse @ evaluation.score[..., None])[..., 0] / 2
    step = np.where(near[:, None], fast, step)
    return step, np.where(near, -np.einsum("bi,bi->b", fast, evaluation.score) / 2, gain)
