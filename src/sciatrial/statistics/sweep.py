"""Inverses of many small positive-definite matrices at once, by sweeping.

A sweep needs no pivoting where the matrix is positive definite, says at each pivot whether it is, and leaves out rows
that are not seen. All matrices are swept together, so the arithmetic is that of long arrays.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]
_ROUNDING = 1e-14


class Swept(NamedTuple):
    """Inverses of matrices, their log determinants, and the smallest pivot relative to its diagonal element.

    A pivot at or below 0, or near it, says that the matrix is not positive definite; its inverse is then meaningless.
    """

    inverse: Floats
    log_determinant: Floats
    pivot: Floats


def sweep(matrices: Floats, seen: Floats | None = None) -> Swept:
    """Return the inverse of each matrix, or of the part of it that is seen.

    Parameters
    ----------
    matrices
        Symmetric; dims ``..., row, column``.
    seen
        Whether each row takes part, dims ``..., row``; all do by default. Rows and columns of others are 0 in the
        inverse.

    Returns
    -------
    Swept
        ``inverse`` with the dims of the matrices; ``log_determinant`` and ``pivot`` with dims ``...``.

    Source
    ------
    Goodnight (1979), A tutorial on the SWEEP operator, The American Statistician 33, 149-158.
    """
    shape, size = matrices.shape[:-2], matrices.shape[-1]
    # rows and columns first, so that each step works on one long row of matrices
    work = np.array(np.moveaxis(matrices.reshape(-1, size, size), 0, -1), float, order="C")
    count = work.shape[-1]
    here = np.ones((size, count), bool) if seen is None else np.moveaxis(seen.reshape(-1, size), 0, -1).astype(bool)
    if seen is not None:
        work *= here[:, None] & here[None]
        work[np.arange(size), np.arange(size)] += ~here
    diagonal = work[np.arange(size), np.arange(size)]
    log_determinant, smallest = np.zeros(count), np.full(count, np.inf)
    for k in range(size):
        pivot = work[k, k]
        smallest = np.minimum(smallest, pivot / np.where(diagonal[k] > 0, diagonal[k], np.inf))
        # a row that depends on those before it is left out: its pivot is rounding, and would grow without bounds
        inverse = np.where(pivot > _ROUNDING * diagonal[k], 1 / np.where(pivot == 0, 1.0, pivot), 0.0)
        log_determinant -= np.log(np.where(inverse > 0, inverse, 1.0))
        row = work[k] * inverse
        column = work[:, k].copy()
        work -= column[:, None] * row
        work[k], work[:, k] = row, -column * inverse
        work[k, k] = inverse
    if seen is not None:
        work *= here[:, None] & here[None]
    # the lower triangle is mirrored, so that rounding leaves no asymmetry
    work = (work + work.swapaxes(0, 1)) / 2
    inverse = np.ascontiguousarray(np.moveaxis(work, -1, 0)).reshape(matrices.shape)
    return Swept(inverse, log_determinant.reshape(shape), smallest.reshape(shape))
