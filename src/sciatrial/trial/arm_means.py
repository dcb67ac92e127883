"""Each arm's adjusted mean at the endpoint, with the covariance between arms; dose finding and borrowing use it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sciatrial.statistics import contrasts
from sciatrial.trial.analysis import fits_of, known_changes
from sciatrial.trial.calendar import known_endpoints
from sciatrial.trial.conducted import Conducted
from sciatrial.trial.design import Design


@dataclass(frozen=True)
class ArmMeans:
    """Mean changes at the endpoint, of all who are analysed at their mean baseline.

    Attributes
    ----------
    arms
        Those asked for.
    mean
        In points, as measured; dims ``arm``.
    covariance
        Dims ``arm, arm``.
    degrees_of_freedom
        The least of the differences from the first arm.
    n
        Patients with an endpoint; dims ``arm``.
    why_not
        Why there are none (all NaN), empty where there are.
    """

    arms: tuple[str, ...]
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    degrees_of_freedom: float
    n: NDArray[np.int64]
    why_not: str


def adjusted_means(design: Design, trial: Conducted, arms: tuple[str, ...]) -> ArmMeans:
    """Return the adjusted means of some arms of a trial that went to its end, by the analysis of its design.

    Parameters
    ----------
    design
        Analysed by ``ancova`` or ``mmrm``, a change from baseline.
    arms
        Two or more, the control first.
    """
    known = known_changes(design, trial, known_endpoints(design, trial))
    places = [list(design.arms).index(arm) for arm in arms]
    n = np.array([np.isfinite(known.change[known.arms == place, -1]).sum() for place in places])

    def none(why: str) -> ArmMeans:
        size = len(arms)
        return ArmMeans(arms, np.full(size, np.nan), np.full((size, size), np.nan), np.nan, n, why)

    if why := known.why_not(design):
        return none(why)
    if n.min() < 2:
        return none("fewer than two patients with an endpoint value in an arm")
    fits, width = fits_of(design, [known])
    if fits.reasons[0]:
        return none(fits.reasons[0])
    weights = np.zeros((len(arms), fits.coefficients.shape[1]))
    taking_part = np.isfinite(known.change).any(axis=1)
    slopes = known.further[:, list(known.adjusted)]
    if known.has_spread:
        slopes = np.concatenate([slopes, known.baseline[:, None]], axis=1)
    for row, place in zip(weights, places, strict=True):
        own = row[-width:]
        own[0] = 1.0
        if (code := known.present.index(place)) > 0:
            own[code] = 1.0
        own[len(known.present) :] = slopes[taking_part].mean(axis=0)
    covariance = weights @ fits.adjusted_covariance[0] @ weights.T
    freedom = contrasts(fits, weights[1:] - weights[0]).degrees_of_freedom
    return ArmMeans(arms, weights @ fits.coefficients[0], covariance, float(freedom.min()), n, "")
