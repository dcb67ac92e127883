"""How different patients are, and how much of that weights take away.

Two measures that ask two questions, both of two patients picked by weight who are not the same one, so that neither
depends on how many were simulated. Of what is seen at entry: how many patients are there that nobody could take for
one another? This is the Vendi score of order 2 (doi:10.48550/arXiv.2310.12952), one over the mean squared likeness; it
needs no bins and knows when two scores go together. Of what is not seen: how much of the spread between people who
could be screened is left? This is Rao's quadratic entropy (doi:10.1016/0040-5809(82)90004-1), half the mean squared
distance, trait by trait; it tells which trait the weights pin down.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def distinct_patients(
    scores: NDArray[np.float64], widths: NDArray[np.float64], weights: NDArray[np.float64] | None = None
) -> float:
    """Return how many kinds of patients, equally common and none like another, would be as diverse as these.

    Parameters
    ----------
    scores
        What is seen; dims ``patient, score``, in the unit of each score.
    widths
        The difference at which two patients stop being alike: their likeness is exp(−½) there, and 1 where they do not
        differ. Above 0; dims ``score``, in the same units.
    weights
        Dims ``patient``, sum 1; None weighs all alike.

    Returns
    -------
    float
        1 (all alike) or more; infinity where no two patients are alike at all, NaN where one has all the weight.
    """
    shares, different = _shares(len(scores), weights)
    if different <= 0:
        return np.nan
    x = scores / widths
    squares = np.sum(x**2, axis=1)
    apart = np.maximum(squares[:, None] + squares[None, :] - 2 * x @ x.T, 0)  # (patient, patient)
    likeness = np.exp(-apart)  # the square of exp(−½ apart)
    np.fill_diagonal(likeness, 0)
    alike = float(shares @ likeness @ shares) / different
    return 1 / alike if alike > 0 else np.inf


def spread_of_traits(luck: NDArray[np.float64], weights: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Return half the mean squared distance between two different patients, for each trait.

    Parameters
    ----------
    luck
        Standard normal among the people who could be screened; dims ``patient, trait``.
    weights
        Dims ``patient``, sum 1; None weighs all alike.

    Returns
    -------
    numpy.ndarray
        Dims ``trait``; 1 as among people who could be screened, 0 where all are the same, NaN where one patient has
        all the weight.
    """
    shares, different = _shares(len(luck), weights)
    if different <= 0:
        return np.full(luck.shape[1], np.nan)
    return shares @ (luck - shares @ luck) ** 2 / different


def _shares(n: int, weights: NDArray[np.float64] | None) -> tuple[NDArray[np.float64], float]:
    """Return the weights, and the chance that two patients picked by them are not the same one."""
    shares = np.full(n, 1 / n) if weights is None else weights
    return shares, float(1 - np.sum(shares**2))
