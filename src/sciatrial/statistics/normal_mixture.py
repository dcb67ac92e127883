"""Mixtures of normals: what is believed of a mean before a trial, and after it.

A normal mixture stays one when a normal estimate is added to it, so that posterior, predictive and every probability
are sums; nothing is sampled.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp, ndtr, ndtri

from sciatrial.foundation import Problem, TrialError

Floats = NDArray[np.float64]

_SUM = 1e-9
_LOG_ROOT_OF_TWO_PI = 0.9189385332046727
# standard deviations of a component at which a panel of the quadrature ends; beyond the last lies less than 1e-22
_PANELS = np.array([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0])
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_BISECTIONS = 60
_MOST_SPANNING = 12


@dataclass(frozen=True)
class NormalMixture:
    """A mixture of normal distributions.

    Parameters
    ----------
    weights
        Above 0, with the sum 1; dims ``component``.
    means, sds
        Of each component, sds above 0; dims ``component``.

    Raises
    ------
    TrialError
        With everything that is wrong with the numbers.
    """

    weights: tuple[float, ...]
    means: tuple[float, ...]
    sds: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse numbers that make no distribution."""
        problems = []
        if not len(self.weights) == len(self.means) == len(self.sds) or not self.weights:
            told = f"{len(self.weights)} weights, {len(self.means)} means, {len(self.sds)} sds"
            problems.append(
                Problem("components", told, "as many of each, one or more", "give each component all three")
            )
        if not all(np.isfinite([*self.weights, *self.means, *self.sds])):
            problems.append(Problem("components", "a number is not finite", "finite numbers", "correct it"))
        if any(weight <= 0 for weight in self.weights) or abs(sum(self.weights) - 1) > _SUM:
            told = f"sum to {sum(self.weights):.6g}"
            problems.append(Problem("weights", told, "above 0, with the sum 1", "divide each by their sum"))
        if any(sd <= 0 for sd in self.sds):
            problems.append(Problem("sds", f"the smallest is {min(self.sds):g}", "above 0", "correct it"))
        if problems:
            raise TrialError("normal mixture", problems)

    @property
    def mean(self) -> float:
        """Mean of the whole mixture."""
        return float(np.dot(self.weights, self.means))

    @property
    def sd(self) -> float:
        """Standard deviation of the whole mixture."""
        second = np.dot(self.weights, np.square(self.sds) + np.square(np.array(self.means) - self.mean))
        return sqrt(float(second))

    def log_density(self, at: ArrayLike) -> Floats:
        """Return the logarithm of the density; dims as `at`."""
        return _log_sum(self._log_parts(np.asarray(at, float)))[..., 0]

    def density(self, at: ArrayLike) -> Floats:
        """Return the density; dims as `at`."""
        return np.exp(self.log_density(at))

    def below(self, at: ArrayLike) -> Floats:
        """Return the probability of a value below `at`; dims as `at`."""
        return mixture_below(np.asarray(at, float), *self.parts)

    def quantile(self, probability: float) -> float:
        """Return the value below which the mixture lies with a probability between 0 and 1."""
        return float(mixture_quantile(probability, *self.parts))

    def score(self, at: ArrayLike) -> Floats:
        """Return the slope of the log density; dims as `at`."""
        at = np.asarray(at, float)
        parts = self._log_parts(at)
        share = np.exp(parts - _log_sum(parts))
        return -(share * (at[..., None] - np.array(self.means)) / np.square(self.sds)).sum(axis=-1)

    def negated(self) -> NormalMixture:
        """Return the mixture of the negative values."""
        return NormalMixture(self.weights, tuple(-mean for mean in self.means), self.sds)

    def with_vague_part(self, weight: float, mean: float, sd: float) -> NormalMixture:
        """Return the mixture with one more component of some weight, 0 to 1, put last; a weight of 0 adds none.

        Source
        ------
        Schmidli, Gsteiger, Roychoudhury, O'Hagan, Spiegelhalter and Neuenschwander (2014), Biometrics 70, 1023-1032.
        """
        if weight == 0:
            return self
        if weight == 1:
            return NormalMixture((1.0,), (mean,), (sd,))
        kept = tuple((1 - weight) * own for own in self.weights)
        return NormalMixture((*kept, weight), (*self.means, mean), (*self.sds, sd))

    def given(self, estimate: float, standard_error: float) -> NormalMixture:
        """Return the posterior after a normal estimate with a known standard error above 0.

        A component that the estimate leaves without any weight keeps the least that a number can hold.
        """
        weights, means, sds = updated_mixture(self, estimate, standard_error)
        least = np.maximum(weights, np.finfo(float).tiny)
        least /= least.sum()
        return NormalMixture(tuple(least.tolist()), tuple(means.tolist()), tuple(sds.tolist()))

    def surprise(self, estimate: float, standard_error: float) -> float:
        """Return the two-sided probability of an estimate further out than this one, if the mixture were right.

        Source
        ------
        Box (1980), Journal of the Royal Statistical Society A 143, 383-430, by the tails of the prior predictive.
        """
        predictive = np.hypot(np.array(self.sds), standard_error)
        below = float(mixture_below(np.array(estimate), np.array(self.weights), np.array(self.means), predictive))
        return 2 * min(below, 1 - below)

    def nodes(self) -> tuple[Floats, Floats]:
        """Return points and weights of a quadrature over the line, fine wherever a component is; dims ``point``.

        Of more than a dozen components some of every width, and those furthest out, say where.
        """
        _, means, sds = self.parts
        if len(means) > _MOST_SPANNING:
            widths = np.argsort(sds)[np.linspace(0, len(sds) - 1, _MOST_SPANNING - 2).round().astype(int)]
            chosen = np.unique([*widths, means.argmin(), means.argmax()])
            means, sds = means[chosen], sds[chosen]
        means, sds = means[:, None], sds[:, None]
        ends = np.unique(np.concatenate([(means + sds * _PANELS).ravel(), (means - sds * _PANELS).ravel()]))
        half = np.diff(ends) / 2
        points = (ends[:-1] + half)[:, None] + half[:, None] * _POINTS
        return points.ravel(), (half[:, None] * _WEIGHTS).ravel()

    @property
    def parts(self) -> tuple[Floats, Floats, Floats]:
        """Weights, means and sds as arrays; dims ``component``."""
        return np.array(self.weights), np.array(self.means), np.array(self.sds)

    def _log_parts(self, at: Floats) -> Floats:
        weights, means, sds = self.parts
        return np.log(weights) - np.log(sds) - _LOG_ROOT_OF_TWO_PI - np.square((at[..., None] - means) / sds) / 2


def updated_mixture(
    prior: NormalMixture, estimate: ArrayLike, standard_error: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    """Return weights, means and sds of the posterior after each of many estimates; dims ``…, component``.

    Parameters
    ----------
    prior
        Before.
    estimate, standard_error
        Normal, standard errors known and above 0; dims ``…``.
    """
    y, se = np.asarray(estimate, float)[..., None], np.asarray(standard_error, float)[..., None]
    weights, means, sds = prior.parts
    predictive = np.hypot(sds, se)
    logs = np.log(weights) - np.log(predictive) - np.square((y - means) / predictive) / 2
    after = np.exp(logs - _log_sum(logs))
    precision = 1 / sds**2 + 1 / se**2
    return after, (means / sds**2 + y / se**2) / precision, np.broadcast_to(precision**-0.5, after.shape)


def _log_sum(logs: Floats) -> Floats:
    """Return the logarithm of the sum over the last axis, which stays with one place."""
    return np.asarray(logsumexp(logs, axis=-1, keepdims=True), dtype=float)


def mixture_below(at: Floats, weights: Floats, means: Floats, sds: Floats) -> Floats:
    """Return the probability of a value below `at` (dims ``…``) in mixtures of dims ``…, component``."""
    return (weights * ndtr((at[..., None] - means) / sds)).sum(axis=-1)


def mixture_quantile(probability: float, weights: Floats, means: Floats, sds: Floats) -> Floats:
    """Return a quantile of each of many mixtures of dims ``…, component``.

    It lies between the quantiles of its components, and is halved down to the last digit.
    """
    each = means + ndtri(probability) * sds
    low, high = each.min(axis=-1), each.max(axis=-1)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        is_below = mixture_below(middle, weights, means, sds) < probability
        low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
    return (low + high) / 2
