"""The Gaussian likelihood of repeated measures, restricted or full, with its analytic score and information.

With V the covariance of all outcomes, D its derivative by a parameter, A = X'V⁻¹X and P = V⁻¹ − V⁻¹XA⁻¹X'V⁻¹, the
derivatives of the deviance are tr(PD) − y'PDPy, and its second derivatives 2y'PDPDPy − tr(PDPD) plus a term that
vanishes where V is linear in its parameters. Everything is a sum over patterns of missing visits.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.statistics.covariance import Covariance, derivatives, matrices, second_derivatives
from sciatrial.statistics.moments import AbstractMoments
from sciatrial.statistics.sweep import sweep

Floats = NDArray[Any]


class Likelihood(StrEnum):
    """What is maximised: the likelihood of the error contrasts (``restricted``, REML) or of the outcomes (``full``)."""

    RESTRICTED = "restricted"
    FULL = "full"


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The likelihood at some covariance parameters; the first dim of every array is ``trial``.

    Attributes
    ----------
    deviance
        −2 log-likelihood with its constant. The restricted one
        has (outcomes − coefficients) log 2π and log|X'V⁻¹X|, and no log|X'X|, as in SAS, nlme's gls and lme4.
    coefficients
        Generalised least squares; dims ``trial, coefficient``.
    covariance
        (X'V⁻¹X)⁻¹; dims ``trial, coefficient, coefficient``.
    score
        Derivatives of the deviance by the covariance parameters; dims ``trial, parameter``.
    expected, observed
        Information about the covariance parameters: half the expected and the actual second derivatives of the
        deviance; dims ``trial, parameter, parameter``.
    slopes
        X'V⁻¹DV⁻¹X for each parameter, minus the derivative of X'V⁻¹X; dims ``trial, parameter, coefficient,
        coefficient``.
    pivot
        Smallest relative pivot of X'V⁻¹X: near 0 where the fixed effects cannot be told apart; dims ``trial``.
    """

    deviance: Floats
    coefficients: Floats
    covariance: Floats
    score: Floats
    expected: Floats
    observed: Floats
    slopes: Floats
    pivot: Floats

    def chosen(self, trials: Floats) -> Evaluation:
        """Return the evaluation of some trials."""
        return Evaluation(**{field.name: getattr(self, field.name)[trials] for field in fields(self)})

    def replaced(self, trials: Floats, other: Evaluation) -> Evaluation:
        """Return the evaluation with some trials taken from another."""
        changed = {}
        for field in fields(self):
            whole = getattr(self, field.name).copy()
            whole[trials] = getattr(other, field.name)
            changed[field.name] = whole
        return Evaluation(**changed)


def weights_of(moments: AbstractMoments, residual_covariance: Floats) -> tuple[Floats, Floats]:
    """Return V⁻¹ for each pattern, dims ``trial, pattern, visit, visit``, and log|V|, dims ``trial, pattern``."""
    shape = (*moments.seen.shape, moments.seen.shape[-1])
    swept = sweep(np.broadcast_to(residual_covariance[:, None], shape), moments.seen)
    return swept.inverse, swept.log_determinant


def _between(slopes: Floats, weights: Floats, kernels: Floats) -> Floats:
    """Return the sums over patterns of tr(D W D' K) for every pair; dims ``trial, parameter, parameter``."""
    trials, patterns, visits, _ = weights.shape
    flat = weights.reshape(trials, patterns, -1).swapaxes(1, 2) @ kernels.reshape(trials, patterns, -1)
    # W has visits b and c, K visits d and a: rearranged to the visits (a, b) of D and (c, d) of D'
    crossed = flat.reshape((trials,) + (visits,) * 4).transpose(0, 4, 1, 2, 3).reshape(trials, visits**2, visits**2)
    rows = slopes.reshape(len(slopes), -1, visits**2)
    return rows @ crossed @ rows.swapaxes(1, 2)


def slope_weights(weights: Floats, slopes: Floats) -> Floats:
    """Return W D W for each pattern and derivative; dims ``trial, pattern, visit, parameter, visit``."""
    trials, patterns, visits, _ = weights.shape
    n = slopes.shape[1]
    side_by_side = slopes.transpose(0, 2, 1, 3).reshape(len(slopes), 1, visits, n * visits)
    left = (weights @ side_by_side).reshape(trials, patterns, visits * n, visits)
    return (left @ weights).reshape(trials, patterns, visits, n, visits)


def evaluate(moments: AbstractMoments, structure: Covariance, parameters: Floats, likelihood: Likelihood) -> Evaluation:
    """Return the likelihood, its score and its information.

    Parameters
    ----------
    moments
        Of one or more trials.
    structure
        One of `Covariance`.
    parameters
        Dims ``trial, parameter``; of a covariance that is positive definite, else all is meaningless.
    likelihood
        One of `Likelihood`.

    Source
    ------
    Jennrich and Schluchter (1986), Biometrics 42, 805-820, section 3; Gilmour, Thompson and Cullis (1995), Biometrics
    51, 1440-1450, equations 2 to 7.
    """
    visits = moments.seen.shape[-1]
    restricted = likelihood is Likelihood.RESTRICTED
    sigma = matrices(structure, parameters, visits)
    slopes = derivatives(structure, parameters, visits)
    weights, log_determinants = weights_of(moments, sigma)

    swept = sweep(moments.information(weights[:, :, :, None])[:, 0])
    covariance = swept.inverse
    coefficients = (covariance @ moments.side(weights[:, :, :, None])[:, 0, :, None])[..., 0]
    count = moments.count[..., None, None]
    left_over = weights @ moments.residual(coefficients) @ weights
    taken = weights @ moments.spread(covariance) @ weights if restricted else np.zeros_like(weights)
    rss = np.einsum("bpij,bij->b", left_over, sigma)

    gradient = (count * weights - taken - left_over).sum(axis=1)
    flat = slopes.reshape(len(slopes), -1, visits**2)
    score = (flat @ gradient.reshape(-1, visits**2, 1))[..., 0]

    steps = slope_weights(weights, slopes)
    information = moments.information(steps)
    tilt = moments.side(steps) - (information @ coefficients[:, None, :, None])[..., 0]
    traces = _between(slopes, weights, count * weights - 2 * taken)
    if restricted:
        traces = traces + _twice(covariance, information)
    average = _between(slopes, weights, left_over) - tilt @ covariance @ tilt.swapaxes(1, 2)
    observed = average - traces / 2
    bend = second_derivatives(structure, parameters, visits)
    if bend is not None:
        observed = observed + np.einsum("bijvw,bvw->bij", bend, gradient) / 2

    n_seen = (moments.count[..., None] * moments.seen).sum(axis=(1, 2))
    deviance = (moments.count * log_determinants).sum(axis=1) + rss
    if restricted:
        deviance = deviance + swept.log_determinant
        n_seen = n_seen - coefficients.shape[1]
    deviance = deviance + n_seen * np.log(2 * np.pi)
    return Evaluation(
        deviance, coefficients, covariance, score, _even(traces / 2), _even(observed), information, swept.pivot
    )


def _twice(covariance: Floats, information: Floats) -> Floats:
    """Return tr(C A C A') for every pair; dims ``trial, parameter, parameter``."""
    trials, n = information.shape[:2]
    product = covariance[:, None] @ information
    return product.reshape(trials, n, -1) @ product.swapaxes(2, 3).reshape(trials, n, -1).swapaxes(1, 2)


def _even(matrix: Floats) -> Floats:
    return (matrix + matrix.swapaxes(1, 2)) / 2
