"""Trials reduced to sums over the patients who were seen at the same visits.

Whatever the covariance, the likelihood needs only these sums: patients of one pattern of missing visits share one
matrix. So one pass over the patients is enough, and every step of a fit costs the same for 20 patients or 20 000.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]


class AbstractMoments(Protocol):
    """Sums over patients, and what the likelihood asks of them.

    Weights have dims ``trial, pattern, visit, which, visit`` and are 0 at visits that the pattern lacks.
    """

    @property
    def seen(self) -> Floats:
        """Visits that each pattern has, 0 or 1; dims ``trial, pattern, visit``."""
        ...

    @property
    def count(self) -> Floats:
        """Patients of each pattern; dims ``trial, pattern``."""
        ...

    @property
    def outcome(self) -> Floats:
        """Cross products of the outcome; dims ``trial, pattern, visit, visit``."""
        ...

    def information(self, weights: Floats) -> Floats:
        """Return X'WX for each set of weights; dims ``trial, which, coefficient, coefficient``."""
        ...

    def side(self, weights: Floats) -> Floats:
        """Return X'Wy for each set of weights; dims ``trial, which, coefficient``."""
        ...

    def spread(self, covariance: Floats) -> Floats:
        """Return the sum over patients of XCX', C with dims ``trial, coefficient, coefficient``; as `residual`."""
        ...

    def residual(self, coefficients: Floats) -> Floats:
        """Return the cross products of the residuals; dims ``trial, pattern, visit, visit``."""
        ...

    def chosen(self, trials: Floats) -> Self:
        """Return the moments of some trials."""
        ...


@dataclass(frozen=True, eq=False)
class CrossedMoments:
    """Moments where every covariate has a coefficient of its own at every visit (all are crossed with visit).

    Coefficients run through the covariates of the first visit, then of the second. The sums are of covariates by
    covariates, so they do not grow with the visits.
    """

    seen: Floats
    count: Floats
    covariates: Floats  # (trial, pattern, covariate, covariate)
    covariates_outcome: Floats  # (trial, pattern, covariate, visit)
    outcome: Floats  # (trial, pattern, visit, visit)

    def information(self, weights: Floats) -> Floats:
        """See `AbstractMoments`."""
        trials, patterns, visits, which, _ = weights.shape
        width = self.covariates.shape[-1]
        flat = weights.reshape(trials, patterns, -1).swapaxes(1, 2) @ self.covariates.reshape(trials, patterns, -1)
        parts = flat.reshape(trials, visits, which, visits, width, width).transpose(0, 2, 1, 4, 3, 5)
        return parts.reshape(trials, which, visits * width, visits * width)

    def side(self, weights: Floats) -> Floats:
        """See `AbstractMoments`."""
        trials, patterns, visits, which, _ = weights.shape
        width = self.covariates.shape[-1]
        left = weights.transpose(0, 2, 3, 1, 4).reshape(trials, visits * which, patterns * visits)
        right = self.covariates_outcome.swapaxes(2, 3).reshape(trials, patterns * visits, width)
        return (left @ right).reshape(trials, visits, which, width).swapaxes(1, 2).reshape(trials, which, -1)

    def spread(self, covariance: Floats) -> Floats:
        """See `AbstractMoments`."""
        trials, patterns, visits = self.seen.shape
        width = self.covariates.shape[-1]
        parts = covariance.reshape(trials, visits, width, visits, width).swapaxes(2, 3)
        flat = self.covariates.reshape(trials, patterns, -1) @ parts.reshape(trials, visits**2, width**2).swapaxes(1, 2)
        return flat.reshape(trials, patterns, visits, visits)

    def residual(self, coefficients: Floats) -> Floats:
        """See `AbstractMoments`."""
        trials, _, visits = self.seen.shape
        by_visit = coefficients.reshape(trials, 1, visits, -1)
        mixed = by_visit @ self.covariates_outcome
        return (
            self.outcome - mixed - mixed.swapaxes(2, 3) + by_visit @ self.covariates @ by_visit.swapaxes(2, 3)
        )  # (trial, pattern, visit, visit)

    def chosen(self, trials: Floats) -> CrossedMoments:
        """See `AbstractMoments`."""
        return CrossedMoments(
            self.seen[trials],
            self.count[trials],
            self.covariates[trials],
            self.covariates_outcome[trials],
            self.outcome[trials],
        )


@dataclass(frozen=True, eq=False)
class FreeMoments:
    """Moments of any design matrix; the sums are of coefficients by coefficients for every pair of visits."""

    seen: Floats
    count: Floats
    design: Floats  # (trial, pattern, visit, visit, coefficient, coefficient)
    design_outcome: Floats  # (trial, pattern, visit, visit, coefficient)
    outcome: Floats  # (trial, pattern, visit, visit)

    def information(self, weights: Floats) -> Floats:
        """See `AbstractMoments`."""
        trials, which, width = len(weights), weights.shape[3], self.design.shape[-1]
        flat = weights.transpose(0, 3, 1, 2, 4).reshape(trials, which, -1)
        return (flat @ self.design.reshape(trials, -1, width**2)).reshape(trials, which, width, width)

    def side(self, weights: Floats) -> Floats:
        """See `AbstractMoments`."""
        trials, which, width = len(weights), weights.shape[3], self.design.shape[-1]
        flat = weights.transpose(0, 3, 1, 2, 4).reshape(trials, which, -1)
        return flat @ self.design_outcome.reshape(trials, -1, width)

    def spread(self, covariance: Floats) -> Floats:
        """See `AbstractMoments`."""
        trials, width = len(covariance), self.design.shape[-1]
        flat = self.design.reshape(trials, -1, width**2) @ covariance.reshape(trials, width**2, 1)
        return flat.reshape(self.outcome.shape)

    def residual(self, coefficients: Floats) -> Floats:
        """See `AbstractMoments`."""
        mixed = (self.design_outcome @ coefficients[:, None, None, :, None])[..., 0]
        square = self.spread(coefficients[:, :, None] * coefficients[:, None])
        return self.outcome - mixed - mixed.swapaxes(2, 3) + square

    def chosen(self, trials: Floats) -> FreeMoments:
        """See `AbstractMoments`."""
        return FreeMoments(
            self.seen[trials],
            self.count[trials],
            self.design[trials],
            self.design_outcome[trials],
            self.outcome[trials],
        )


@dataclass(frozen=True, eq=False)
class _Groups:
    """Patients sorted by trial and pattern: their order, where each group begins and ends, its trial and its place."""

    order: Floats
    edges: Floats
    trial: Floats
    place: Floats
    shape: tuple[int, int]


def _groups(seen: Floats) -> _Groups:
    trials, patients, visits = seen.shape
    codes = seen @ (1 << np.arange(visits, dtype=np.int64))
    ranks = np.unique(codes, return_inverse=True)[1].reshape(codes.shape)
    keys = (np.arange(trials)[:, None] * (ranks.max() + 1) + ranks).ravel()
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.diff(keys[order], prepend=-1))
    trial = order[starts] // patients
    place = np.arange(len(starts)) - np.searchsorted(trial, np.arange(trials))[trial]
    return _Groups(order, np.append(starts, len(keys)), trial, place, (trials, int(place.max()) + 1))


def _group_sums(rows: Floats, groups: _Groups) -> Floats:
    """Return the cross products of the rows of each group; dims ``trial, pattern, column, column``."""
    sums = np.zeros((*groups.shape, rows.shape[1], rows.shape[1]))
    ordered = rows[groups.order]
    edges = groups.edges.tolist()
    for index, (trial, place) in enumerate(zip(groups.trial.tolist(), groups.place.tolist(), strict=True)):
        part = ordered[edges[index] : edges[index + 1]]
        np.dot(part.T, part, out=sums[trial, place])
    return sums


def _patterns(seen: Floats, groups: _Groups) -> tuple[Floats, Floats]:
    trials, patients, visits = seen.shape
    first = groups.order[groups.edges[:-1]]
    masks, count = np.zeros((*groups.shape, visits)), np.zeros(groups.shape)
    masks[groups.trial, groups.place] = seen.reshape(trials * patients, visits)[first]
    count[groups.trial, groups.place] = np.diff(groups.edges)
    return masks, count


def crossed_moments(outcome: Floats, covariates: Floats) -> CrossedMoments:
    """Return the moments of trials whose covariates are all crossed with visit.

    Parameters
    ----------
    outcome
        Dims ``trial, patient, visit``, NaN where missing; at most 60 visits.
    covariates
        Constant included; dims ``trial, patient, covariate``, finite.
    """
    trials, patients = outcome.shape[:2]
    width = covariates.shape[-1]
    seen = np.isfinite(outcome)
    groups = _groups(seen)
    rows = np.concatenate([covariates, np.where(seen, outcome, 0.0)], axis=-1).reshape(trials * patients, -1)
    sums = _group_sums(rows, groups)
    masks, count = _patterns(seen, groups)
    return CrossedMoments(
        masks,
        count,
        np.ascontiguousarray(sums[..., :width, :width]),
        np.ascontiguousarray(sums[..., :width, width:]),
        np.ascontiguousarray(sums[..., width:, width:]),
    )


def free_moments(outcome: Floats, design: Floats) -> FreeMoments:
    """Return the moments of trials with any design.

    Parameters
    ----------
    outcome
        Dims ``trial, patient, visit``, NaN where missing; at most 60 visits.
    design
        Dims ``trial, patient, visit, coefficient``; finite wherever the outcome is.
    """
    trials, patients, visits = outcome.shape
    width = design.shape[-1]
    seen = np.isfinite(outcome)
    groups = _groups(seen)
    known = np.concatenate([design, outcome[..., None]], axis=-1)
    rows = np.where(seen[..., None], known, 0.0).reshape(trials * patients, -1)
    sums = _group_sums(rows, groups).reshape(*groups.shape, visits, width + 1, visits, width + 1).swapaxes(3, 4)
    masks, count = _patterns(seen, groups)
    return FreeMoments(
        masks,
        count,
        np.ascontiguousarray(sums[..., :width, :width]),
        np.ascontiguousarray(sums[..., :width, width]),
        np.ascontiguousarray(sums[..., width, width]),
    )
