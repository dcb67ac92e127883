"""Pooling the one, two or three trials that there are: the spread between trials has a prior, and the sum is exact.

With fewer than three trials their spread cannot be estimated, and an interval for a new trial does not exist without
saying what is believed of it. Here that is said: half-normal, in points of 100. No sampler is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from sciatrial.foundation import EvidenceError, Problem

_N_TAU = 400
_N_GRID = 4001
_LEAST_WEIGHT = 1e-12


@dataclass(frozen=True)
class SmallPoolPrior:
    """What is believed before any trial: points of 100.

    Parameters
    ----------
    mean, sd
        Of the pooled effect, normal; the default sd is infinite: nothing is believed of it.
    tau_scale
        Of the spread between trials, half-normal; the default puts 95 % below 20 points.
    """

    mean: float = 0.0
    sd: float = inf
    tau_scale: float = 10.0


@dataclass(frozen=True)
class SmallPool:
    """Posterior of a pooled effect: medians and equal-tailed 95 % intervals, and those of a new trial's true effect."""

    median: float
    low: float
    high: float
    new_low: float
    new_high: float
    tau_median: float
    tau_low: float
    tau_high: float
    below_zero: float
    prior: SmallPoolPrior
    n_studies: int
    centres: tuple[float, ...]
    spreads: tuple[float, ...]
    weights: tuple[float, ...]

    def below(self, threshold: float, *, of_new_trial: bool = False) -> float:
        """Return the probability that the mean effect, or a new trial's true effect, lies below a threshold."""
        centres, spreads, weights = (np.asarray(values) for values in (self.centres, self.spreads, self.weights))
        extra = _taus(self.prior) if of_new_trial else 0.0
        return float(weights @ ndtr((threshold - centres) / np.hypot(spreads, extra)))

    def of_new_trial(self) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
        """Return weights, means and standard deviations of the normals that a new trial's true value is mixed of.

        Those that together hold less than a part in 10¹² are left out.
        """
        weights = np.asarray(self.weights)
        kept = weights > _LEAST_WEIGHT / len(weights)
        sds = np.hypot(self.spreads, _taus(self.prior))
        share = weights[kept] / weights[kept].sum()
        return tuple(share.tolist()), tuple(np.asarray(self.centres)[kept].tolist()), tuple(sds[kept].tolist())


def pool_small(estimates: ArrayLike, variances: ArrayLike, *, prior: SmallPoolPrior | None = None) -> SmallPool:
    """Pool a few trials with a prior on their spread.

    Parameters
    ----------
    estimates, variances
        Dims ``study``; points of 100, and their squares.
    prior
        See `SmallPoolPrior`.

    Returns
    -------
    SmallPool
        Given each spread the posterior of the mean is normal and known; the spreads are summed over a grid, so the
        result has no Monte-Carlo error.

    Raises
    ------
    EvidenceError
        Without a study, or with a variance that is not above 0.

    Source
    ------
    Röver 2020, Journal of Statistical Software 93(6): the normal-normal hierarchical model, its equations 5 to 9.
    """
    y, v = np.atleast_1d(np.asarray(estimates, float)), np.atleast_1d(np.asarray(variances, float))
    if not len(y) or y.shape != v.shape or not (v > 0).all() or not np.isfinite(y).all():
        what = Problem(
            "estimates", f"{len(y)} estimates, {len(v)} variances", "one finite pair or more, variances above 0"
        )
        raise EvidenceError("pooling", what)
    believed = prior or SmallPoolPrior()
    tau = _taus(believed)
    total = v[None, :] + tau[:, None] ** 2
    precision = (1 / total).sum(axis=1) + 1 / believed.sd**2
    centre = ((y / total).sum(axis=1) + believed.mean / believed.sd**2) / precision
    log_weight = (
        -0.5 * (tau / believed.tau_scale) ** 2
        - 0.5 * np.log(total).sum(axis=1)
        - 0.5 * (y**2 / total).sum(axis=1)
        - 0.5 * np.log(precision)
        + 0.5 * precision * centre**2
    )
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    spread = precision**-0.5
    median, low, high = _quantiles(centre, spread, weight)
    _, new_low, new_high = _quantiles(centre, np.hypot(spread, tau), weight)
    tau_quantiles = np.interp([0.5, 0.025, 0.975], np.cumsum(weight) - weight / 2, tau)
    tau_median, tau_low, tau_high = (float(value) for value in tau_quantiles)
    return SmallPool(
        median=median, low=low, high=high, new_low=new_low, new_high=new_high, tau_median=tau_median, tau_low=tau_low,
        tau_high=tau_high, below_zero=float(weight @ ndtr(-centre / spread)), prior=believed, n_studies=len(y),
        centres=tuple(centre), spreads=tuple(spread), weights=tuple(weight),
    )  # fmt: skip


def _taus(prior: SmallPoolPrior) -> np.ndarray:
    """Return the middles of equal steps up to five scales, where nothing of the prior is left."""
    return (np.arange(_N_TAU) + 0.5) / _N_TAU * 5 * prior.tau_scale


def _quantiles(centre: np.ndarray, spread: np.ndarray, weight: np.ndarray) -> tuple[float, float, float]:
    grid = np.linspace((centre - 8 * spread).min(), (centre + 8 * spread).max(), _N_GRID)
    distribution = ndtr((grid[:, None] - centre) / spread) @ weight
    median, low, high = np.interp([0.5, 0.025, 0.975], distribution, grid)
    return float(median), float(low), float(high)
