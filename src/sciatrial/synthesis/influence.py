"""What each study does to a pooled effect: leave-one-out, studentised deleted residuals, Cook's distance, hat values.

All data sets with one study less are pooled at once. Source: Viechtbauer & Cheung 2010.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sciatrial.foundation import EvidenceError, Problem
from sciatrial.synthesis.pool import PooledEffect, PooledMany, Test, pool_many
from sciatrial.synthesis.weighted import Floats


@dataclass(frozen=True, eq=False)
class Influence:
    """Each study's pull; every array has dims ``study``.

    Attributes
    ----------
    without
        The pooled effect without each study: dims ``study left out``, a row of the leave-one-out table each.
    studentised_residuals
        Estimate less what the others predict, over its standard error.
    cooks_distance
        How far all coefficients move, in the metric of their covariance.
    covariance_ratio
        Determinant of the covariance without the study over that with it.
    hat
        Share of a study in its own prediction.
    weights
        Per cent.
    """

    without: PooledMany
    studentised_residuals: Floats
    cooks_distance: Floats
    covariance_ratio: Floats
    hat: Floats
    weights: Floats


def influence(result: PooledEffect) -> Influence:
    """Return what each study does to a pooled effect.

    Parameters
    ----------
    result
        What `pool_effects` gave, with or without moderators.

    Raises
    ------
    EvidenceError
        When the result has too few studies to leave one out.
    """
    k, p = result.moderators.shape
    if k - 1 < p:
        raise EvidenceError(
            "influence",
            Problem("studies", f"{k} for {p} coefficients", "one more than coefficients", "pool more studies"),
        )
    without, plainly = leave_one_out(result), leave_one_out(replace(result, test=Test.NORMAL))
    # the test of Hartung and Knapp scales every variance of the model, not that of the coefficients alone
    factor = without.covariance[:, 0, 0] / plainly.covariance[:, 0, 0]
    x, y, v = result.moderators, result.estimates, result.variances
    predicted = np.einsum("kp,kp->k", x, without.coefficients)
    spread = np.einsum("kp,kpq,kq->k", x, without.covariance, x)
    moved = result.coefficients - without.coefficients
    inverse = np.linalg.inv(result.covariance)
    weights = 1 / (v + result.tau2)
    plain = np.linalg.inv(x.T @ (weights[:, None] * x))
    return Influence(
        without=without,
        studentised_residuals=(y - predicted) / np.sqrt(factor * (v + without.heterogeneity.tau2) + spread),
        cooks_distance=np.einsum("kp,pq,kq->k", moved, inverse, moved),
        covariance_ratio=np.linalg.det(without.covariance) / np.linalg.det(result.covariance),
        hat=weights * np.einsum("kp,pq,kq->k", x, plain, x),
        weights=result.weights,
    )


def leave_one_out(result: PooledEffect) -> PooledMany:
    """Return the pooled effect without each study in turn; dims ``study left out``."""
    k = len(result.estimates)
    estimates = np.where(np.eye(k, dtype=bool), np.nan, result.estimates)
    first = 1 if result.has_constant else 0
    moderators = result.moderators[:, first:] if result.moderators.shape[1] > first else None
    return pool_many(
        estimates,
        np.broadcast_to(result.variances, (k, k)),
        method=result.method,
        test=result.test,
        moderators=moderators,
        has_constant=result.has_constant,
        confidence=result.confidence,
    )
