"""Is there a dose response: optimal contrasts of candidate shapes, and the multiple-contrast test.

The largest of correlated t statistics needs a multivariate t distribution, whose correlation is singular where there
are as many shapes as doses. A direction on the sphere decides which contrast is the largest, and along it the
probability is that of an F distribution: only directions are left to sum over, by scrambled Sobol points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import inf, isfinite, sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtr, chdtri, fdtr, ndtri

from sciatrial.foundation import Problem
from sciatrial.statistics.design import refuse
from sciatrial.statistics.dose_shapes import DoseCandidate, dose_curve, tells_doses_apart
from sciatrial.statistics.roots import root_between

Floats = NDArray[Any]

# so many sequences of so many points: the spread between sequences tells the error
_SEQUENCES, _LOG2_POINTS = 8, 12
_SEED = 20261128
# eigenvalues of a correlation below this are rounding
_RANK = 1e-10
# of many directions the radial probability is read off a table, straight between knots, to some 1e-6
_FEW, _SQUARED_LENGTHS, _KNOTS = 1000, (-25.0, 15.0), 8192


@dataclass(frozen=True, eq=False)
class DoseContrasts:
    """Contrasts of the doses, one a candidate, each the best at finding its shape.

    Attributes
    ----------
    weights
        Dims ``candidate, dose``; each sums to 0, its squares to 1, and favours the shape's rise.
    correlation
        Of their statistics; dims ``candidate, candidate``.
    """

    weights: Floats
    correlation: Floats


@dataclass(frozen=True, eq=False)
class DoseTest:
    """The multiple-contrast test of one trial.

    Attributes
    ----------
    statistic
        Dims ``candidate``, positive where the effect rises as the shape does.
    p_value
        One-sided, adjusted for all candidates; dims ``candidate``.
    critical_value
        What the largest statistic passes with probability alpha without a dose response.
    error
        Of the p values: twice their standard error over sequences of points, the largest.
    """

    statistic: Floats
    p_value: Floats
    critical_value: float
    error: float


def dose_contrasts(candidates: Sequence[DoseCandidate], doses: ArrayLike, covariance: ArrayLike) -> DoseContrasts:
    """Return the contrasts that maximise the power of each candidate's statistic.

    Parameters
    ----------
    candidates
        One or more.
    doses
        Two or more, distinct, the control 0; dims ``dose``.
    covariance
        Of the estimates by dose, whose scale does not matter; dims ``dose, dose``.

    Raises
    ------
    TrialError
        Names every argument that cannot be used, and each candidate that is flat at these doses.

    Source
    ------
    Bretz, Pinheiro and Branson (2005), section 3; for any covariance Pinheiro, Bornkamp, Glimm and Bretz (2014),
    Statistics in Medicine 33, 1646-1661, section 2.2.
    """
    at, spread = checked_doses(doses, covariance)
    largest = float(at.max())
    told = [
        Problem(f"candidates.{place}", f"{item.in_words} is flat", "a curve that tells doses apart", "guess otherwise")
        for place, item in enumerate(candidates)
        if not tells_doses_apart(item, at)
    ]
    refuse("dose contrasts", told)
    curves = np.array([dose_curve(item.shape, at, item.guesses, largest=largest) for item in candidates])
    inverse = np.linalg.inv(spread)
    ones = np.ones(len(at))
    centre = curves @ inverse @ ones / (ones @ inverse @ ones)
    weights = (curves - centre[:, None]) @ inverse
    weights -= weights.mean(axis=1, keepdims=True)
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    return DoseContrasts(weights, _correlation(weights, spread))


def _correlation(weights: Floats, covariance: Floats) -> Floats:
    between = weights @ covariance @ weights.T
    scale = np.sqrt(np.diagonal(between))
    return between / np.outer(scale, scale)


def dose_response_test(
    estimates: ArrayLike,
    covariance: ArrayLike,
    contrasts: DoseContrasts,
    *,
    alpha: float = 0.025,
    degrees_of_freedom: float = inf,
) -> DoseTest:
    """Test whether the effect goes with the dose, by the largest of the candidates' contrasts.

    Parameters
    ----------
    estimates
        By dose, larger where better; dims ``dose``. Their common level does not matter.
    covariance
        Of the estimates; dims ``dose, dose``.
    contrasts
        From `dose_contrasts`, made for this covariance or for the planned one.
    alpha
        One-sided error over all candidates, above 0 and below 1/2.
    degrees_of_freedom
        Of the variance, 1 or more; infinite where it is known.
    """
    spread = np.asarray(covariance, float)
    weights = contrasts.weights
    statistic = weights @ np.asarray(estimates, float) / np.sqrt(np.einsum("cd,de,ce->c", weights, spread, weights))
    correlation = _correlation(weights, spread)
    p_value, error = largest_t_tail(statistic, correlation, degrees_of_freedom)
    critical = largest_t_quantile(alpha, correlation, degrees_of_freedom=degrees_of_freedom)
    return DoseTest(statistic, p_value, critical, float(error.max()))


def largest_t_tail(bounds: ArrayLike, correlation: ArrayLike, degrees_of_freedom: float = inf) -> tuple[Floats, Floats]:
    """Return how often the largest of several t statistics passes each bound under the null.

    Parameters
    ----------
    bounds
        Dims ``bound``.
    correlation
        Of the statistics, singular or not; dims ``statistic, statistic``.
    degrees_of_freedom
        Of the variance that they share, 1 or more; infinite where it is known.

    Returns
    -------
    tuple
        Probabilities, and twice their standard error over sequences of points; both dims ``bound``.

    Source
    ------
    The radial form of the multivariate t: Genz and Bretz (2009), Computation of Multivariate Normal and t
    Probabilities, section 4.1.
    """
    reach, rank = _reaches(correlation)
    found = [
        1 - _below(float(bound), reach, rank, degrees_of_freedom).mean(axis=1)
        for bound in np.atleast_1d(np.asarray(bounds, float))
    ]
    by_sequence = np.array(found)
    return by_sequence.mean(axis=1), 2 * by_sequence.std(axis=1, ddof=1) / sqrt(_SEQUENCES)


def largest_t_quantile(alpha: float, correlation: ArrayLike, *, degrees_of_freedom: float = inf) -> float:
    """Return the bound that the largest of several t statistics passes with probability alpha under the null.

    Parameters
    ----------
    alpha
        Above 0 and below 1/2.
    correlation, degrees_of_freedom
        As in `largest_t_tail`; one statistic alone gives Student's quantile.
    """
    _refuse_wrong_share(alpha, degrees_of_freedom)
    reach, rank = _reaches(correlation)

    def miss(bound: float) -> float:
        return 1 - float(_below(bound, reach, rank, degrees_of_freedom).mean()) - alpha

    high = 2.0
    while miss(high) > 0:
        high *= 2
    return root_between(miss, 0.0, high, error=1e-10)


def _refuse_wrong_share(alpha: float, degrees_of_freedom: float) -> None:
    problems = []
    if not 0 < alpha < 0.5:
        problems.append(Problem("alpha", f"{alpha:g}", "above 0 and below 0.5", "0.025 is usual"))
    if not degrees_of_freedom >= 1:
        problems.append(Problem("degrees_of_freedom", f"{degrees_of_freedom:g}", "1 or more", "randomise more"))
    refuse("multiple contrasts", problems)


def _reaches(correlation: ArrayLike) -> tuple[Floats, int]:
    """Return the largest statistic of each direction of length 1, dims ``sequence, point``, and the dimension."""
    values, vectors = np.linalg.eigh(np.asarray(correlation, float))
    kept = values > _RANK * values.max()
    root = vectors[:, kept] * np.sqrt(values[kept])
    return (directions(int(kept.sum())) @ root.T).max(axis=-1), int(kept.sum())


def _below(bound: float, reach: Floats, rank: int, degrees_of_freedom: float) -> Floats:
    """Return the probability that the largest statistic stays below the bound, given its direction."""
    with np.errstate(divide="ignore", invalid="ignore"):
        radius = (bound / reach) ** 2
    if bound >= 0:
        radius = np.where(reach > 0, radius, inf)
        return _within(radius, rank, degrees_of_freedom)
    # all statistics are below a negative bound only far out in directions in which all are negative
    return np.where(reach < 0, 1 - _within(np.where(reach < 0, radius, 0.0), rank, degrees_of_freedom), 0.0)


def _within(squared: Floats, rank: int, degrees_of_freedom: float) -> Floats:
    """Return how often a vector of normals over their common scale is shorter than this."""
    if squared.size <= _FEW:
        return _radial(squared, rank, degrees_of_freedom)
    knots, shares = _radial_table(rank, degrees_of_freedom)
    with np.errstate(divide="ignore"):
        lengths = np.log(squared)
    found = np.interp(lengths, knots, shares)
    # with few degrees of freedom a part of the probability lies further out than the table goes
    beyond = lengths > knots[-1]
    found[beyond] = _radial(squared[beyond], rank, degrees_of_freedom)
    return found


def _radial(squared: Floats, rank: int, degrees_of_freedom: float) -> Floats:
    finite = np.where(np.isinf(squared), 0.0, squared)
    if isfinite(degrees_of_freedom):
        found = fdtr(rank, degrees_of_freedom, finite / rank)
    else:
        found = chdtr(rank, finite)
    return np.where(np.isinf(squared), 1.0, found)


@lru_cache(maxsize=64)
def _radial_table(rank: int, degrees_of_freedom: float) -> tuple[Floats, Floats]:
    """Return knots in the logarithm of the squared length, and how often a vector is shorter."""
    knots = np.linspace(*_SQUARED_LENGTHS, _KNOTS)
    return knots, _radial(np.exp(knots), rank, degrees_of_freedom)


@lru_cache(maxsize=16)
def _normals(dimension: int) -> Floats:
    """Return independent normals, dims ``sequence, point, coordinate``; always the same."""
    from scipy.stats import qmc

    return np.stack(
        [
            ndtri(qmc.Sobol(dimension, rng=np.random.default_rng([_SEED, number])).random_base2(_LOG2_POINTS))
            for number in range(_SEQUENCES)
        ]
    )


@lru_cache(maxsize=16)
def directions(dimension: int) -> Floats:
    """Return directions spread evenly over a sphere; dims ``sequence, point, coordinate``."""
    if dimension == 1:
        return np.tile(np.array([[1.0], [-1.0]]), (_SEQUENCES, 1, 1))
    normals = _normals(dimension)
    return normals / np.linalg.norm(normals, axis=-1, keepdims=True)


def dose_test_power(
    means: ArrayLike,
    covariance: ArrayLike,
    contrasts: DoseContrasts,
    *,
    alpha: float = 0.025,
    degrees_of_freedom: float = inf,
) -> tuple[float, float]:
    """Return how often the test shows a dose response that is there, and the error of that.

    Parameters
    ----------
    means
        True effect at each dose, larger where better; dims ``dose``.
    covariance
        Of the estimates; dims ``dose, dose``.
    contrasts, alpha, degrees_of_freedom
        As in `dose_response_test`.

    Returns
    -------
    tuple
        Power, and twice its standard error over sequences of points.
    """
    spread = np.asarray(covariance, float)
    weights = contrasts.weights
    shift = weights @ np.asarray(means, float) / np.sqrt(np.einsum("cd,de,ce->c", weights, spread, weights))
    correlation = _correlation(weights, spread)
    critical = largest_t_quantile(alpha, correlation, degrees_of_freedom=degrees_of_freedom)
    values, vectors = np.linalg.eigh(correlation)
    kept = values > _RANK * values.max()
    root = vectors[:, kept] * np.sqrt(values[kept])
    rank = int(kept.sum())
    drawn = _normals(rank + 1)
    largest = (drawn[..., :rank] @ root.T + shift).max(axis=-1)
    scale = 1.0
    if isfinite(degrees_of_freedom):
        from scipy.special import ndtr

        scale = np.sqrt(chdtri(degrees_of_freedom, ndtr(drawn[..., rank])) / degrees_of_freedom)
    shares = (largest > critical * scale).mean(axis=1)
    return float(shares.mean()), float(2 * shares.std(ddof=1) / sqrt(_SEQUENCES))


def checked_doses(doses: ArrayLike, covariance: ArrayLike) -> tuple[Floats, Floats]:
    """Return doses and covariance as arrays, or name what is wrong with them."""
    at, spread = np.asarray(doses, float), np.asarray(covariance, float)
    problems = []
    if at.ndim != 1 or len(at) < 2 or len(np.unique(at)) < len(at) or not (np.isfinite(at) & (at >= 0)).all():
        problems.append(Problem("doses", f"{at.tolist()}", "two or more, distinct, 0 or above", "give each once"))
    if spread.shape != (len(at), len(at)) or not np.isfinite(spread).all():
        found = f"shape {spread.shape}"
        problems.append(Problem("covariance", found, f"finite, of {len(at)} doses", "pair it with the doses"))
    elif np.linalg.eigvalsh(spread).min() <= 0:
        problems.append(Problem("covariance", "not positive definite", "a covariance", "check it"))
    refuse("dose response", problems)
    return at, spread
