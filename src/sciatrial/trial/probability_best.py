"""What is known of arms by some day: posterior of their means, and the probability that each is the best."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]
_POINTS_LOG2 = 13  # of the sequence: probabilities to about 0.001
_FEWEST_IN_AN_ARM = 2


@dataclass(frozen=True)
class ArmPosterior:
    """Normal posterior of the arms' mean benefits, up to a number that all of them share.

    ``mean`` (dims ``arm``) in points, positive for a benefit; ``covariance`` dims ``arm, arm``.
    """

    mean: Floats
    covariance: Floats


def arm_posterior(
    benefit: Floats,
    arms: NDArray[np.int64],
    baseline: Floats,
    periods: NDArray[np.int64],
    *,
    among: NDArray[np.int64],
) -> ArmPosterior | None:
    """Return the posterior by regression of the benefit on arm, baseline and period, with a flat prior.

    Normal, the residual variance taken as estimated.

    Parameters
    ----------
    benefit
        Of those whose value is known, in points; dims ``patient``.
    arms, baseline, periods
        The arm's index, the score at entry, the period of assignment; dims ``patient``.
    among
        Indices of the arms that are asked for.

    Returns
    -------
    ArmPosterior or None
        Dims in the order of `among`; None where an arm of them has fewer than two values, or none are left for the
        variance.
    """
    counts = np.array([(arms == arm).sum() for arm in among])
    if counts.min(initial=_FEWEST_IN_AN_ARM) < _FEWEST_IN_AN_ARM:
        return None
    present = np.unique(arms)
    columns = [(arms == arm).astype(float) for arm in present]
    columns.append(baseline - baseline.mean())
    columns += [(periods == period).astype(float) for period in np.unique(periods)[1:]]
    design = np.stack(columns, axis=1)
    fitted, _, rank, _ = np.linalg.lstsq(design, benefit, rcond=None)
    left = len(benefit) - int(rank)
    if left < 1:
        return None
    variance = float(((benefit - design @ fitted) ** 2).sum()) / left
    places = np.searchsorted(present, among)
    covariance = variance * np.linalg.pinv(design.T @ design)
    mean = np.asarray(fitted[places], dtype=float)
    return ArmPosterior(mean, covariance[np.ix_(places, places)])


def probability_of_best(posterior: ArmPosterior) -> Floats:
    """Return the probability of each arm to have the largest mean benefit; dims ``arm``, summing to 1.

    By 8192 points of a low-discrepancy sequence, the same for every trial.
    """
    n_arms = len(posterior.mean)
    values, vectors = np.linalg.eigh(posterior.covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    drawn = posterior.mean + _normal_points(n_arms) @ root.T
    return np.bincount(drawn.argmax(axis=1), minlength=n_arms) / len(drawn)


@lru_cache(maxsize=16)
def _normal_points(n_arms: int) -> Floats:
    """Return standard normal points that fill their space evenly; dims ``point, arm``."""
    from scipy.stats import qmc

    middle = 0.5 / 2**_POINTS_LOG2  # of each point's cell: none is at an end
    return ndtri(qmc.Sobol(n_arms, scramble=False).random_base2(_POINTS_LOG2) + middle)
