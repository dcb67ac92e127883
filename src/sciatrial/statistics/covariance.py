"""How the visits of one patient vary together: the structures, their matrices and their derivatives."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.statistics.sweep import sweep

Floats = NDArray[Any]


class Covariance(StrEnum):
    """Structure of the residual covariance between the visits of one patient.

    ``unstructured``: every variance and covariance its own parameter (row by row of the lower triangle).
    ``compound_symmetry``: one variance, one covariance. ``first_order_autoregressive``: one variance and the
    correlation of neighbouring visits; visits further apart correlate by its powers, in steps of one visit whatever
    the months between them.
    """

    UNSTRUCTURED = "unstructured"
    COMPOUND_SYMMETRY = "compound_symmetry"
    FIRST_ORDER_AUTOREGRESSIVE = "first_order_autoregressive"


def n_parameters(structure: Covariance, n_visits: int) -> int:
    """Return how many parameters the structure has; compound symmetry and the like have 1 where there is one visit."""
    return n_visits * (n_visits + 1) // 2 if structure is Covariance.UNSTRUCTURED else min(n_visits, 2)


def _lags(n_visits: int) -> Floats:
    places = np.arange(n_visits)
    return np.abs(places[:, None] - places)


def _basis(structure: Covariance, n_visits: int) -> Floats:
    """Return the matrices that a linear structure adds up; dims ``parameter, visit, visit``."""
    if structure is Covariance.COMPOUND_SYMMETRY:
        same = np.eye(n_visits)
        return np.stack([same, 1 - same])[: min(n_visits, 2)]
    rows, columns = np.tril_indices(n_visits)
    basis = np.zeros((len(rows), n_visits, n_visits))
    basis[np.arange(len(rows)), rows, columns] = basis[np.arange(len(rows)), columns, rows] = 1.0
    return basis


def matrices(structure: Covariance, parameters: Floats, n_visits: int) -> Floats:
    """Return the covariance matrices.

    Parameters
    ----------
    structure
        One of `Covariance`.
    parameters
        Dims ``trial, parameter``; (co)variances in squared units of the outcome, a correlation from -1 to 1.
    n_visits
        1 or more.

    Returns
    -------
    numpy.ndarray
        Dims ``trial, visit, visit``; not checked for being positive definite.
    """
    if structure is Covariance.FIRST_ORDER_AUTOREGRESSIVE and n_visits > 1:
        variance, correlation = parameters[:, 0, None, None], parameters[:, 1, None, None]
        return variance * correlation ** _lags(n_visits)
    return np.tensordot(parameters, _basis(structure, n_visits), axes=1)


def derivatives(structure: Covariance, parameters: Floats, n_visits: int) -> Floats:
    """Return the first derivatives of the matrices; dims ``trial, parameter, visit, visit`` (trial 1 if all agree)."""
    if structure is not Covariance.FIRST_ORDER_AUTOREGRESSIVE or n_visits == 1:
        return _basis(structure, n_visits)[None]
    variance, correlation = parameters[:, 0, None, None], parameters[:, 1, None, None]
    lags = _lags(n_visits)
    return np.stack([correlation**lags, variance * lags * correlation ** np.maximum(lags - 1, 0)], axis=1)


def second_derivatives(structure: Covariance, parameters: Floats, n_visits: int) -> Floats | None:
    """Return the second derivatives, dims ``trial, parameter, parameter, visit, visit``; None where they vanish."""
    if structure is not Covariance.FIRST_ORDER_AUTOREGRESSIVE or n_visits == 1:
        return None
    variance, correlation = parameters[:, 0, None, None], parameters[:, 1, None, None]
    lags = _lags(n_visits)
    mixed = lags * correlation ** np.maximum(lags - 1, 0)
    twice = variance * lags * (lags - 1) * correlation ** np.maximum(lags - 2, 0)
    zero = np.zeros_like(mixed)
    return np.stack([np.stack([zero, mixed], axis=1), np.stack([mixed, twice], axis=1)], axis=1)


def start(structure: Covariance, pairwise: Floats) -> Floats:
    """Return parameters to start from, given covariances of pairs of visits that need not fit together.

    Parameters
    ----------
    structure
        One of `Covariance`.
    pairwise
        Moments over the patients seen at both visits; dims ``trial, visit, visit``, variances above 0.

    Returns
    -------
    numpy.ndarray
        Dims ``trial, parameter``; the matrices are positive definite.
    """
    n_visits = pairwise.shape[-1]
    variance = np.diagonal(pairwise, axis1=1, axis2=2)
    if structure is not Covariance.UNSTRUCTURED:
        mean = variance.mean(axis=1)
        if n_visits == 1:
            return mean[:, None]
        scale = np.sqrt(variance[:, :, None] * variance[:, None])
        near = _lags(n_visits) == 1 if structure is Covariance.FIRST_ORDER_AUTOREGRESSIVE else _lags(n_visits) > 0
        # compound symmetry allows negative correlations down to -1 / (visits - 1) only
        correlation = np.clip((pairwise / scale)[:, near].mean(axis=1), -0.5 / (n_visits - 1), 0.95)
        second = correlation if structure is Covariance.FIRST_ORDER_AUTOREGRESSIVE else mean * correlation
        return np.stack([mean, second], axis=1)
    whole = pairwise.copy()
    diagonal = np.eye(n_visits) * variance[:, None]
    for _ in range(20):
        indefinite = sweep(whole).pivot < 0.01
        if not indefinite.any():
            break
        whole[indefinite] = 0.7 * whole[indefinite] + 0.3 * diagonal[indefinite]
    rows, columns = np.tril_indices(n_visits)
    return whole[:, rows, columns]
