"""Whether a likelihood lacks a maximum because a weighted sum of columns sets outcomes apart: a linear programme."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]

# a column of the separating sum counts when its weight, at most 1, is above this
_WEIGHT = 1e-7


def separating_columns(turned: Floats) -> tuple[list[int], bool] | None:
    """Return the columns of a sum that never is below 0 and sometimes above, and whether it is above 0 in every row.

    Parameters
    ----------
    turned
        Rows whose sums grow the likelihood when they grow, for example a patient's columns with the sign of the
        response; dims ``row, column``, finite.

    Returns
    -------
    tuple or None
        Places of the columns, from 0; True when every row is above 0 (complete separation). None where there is no
        such sum: the likelihood has a maximum.

    Source
    ------
    Albert and Anderson (1984), Biometrika 71, 1-10. Konis (2007), thesis, Oxford.
    """
    from scipy.optimize import linprog

    rows = turned / np.maximum(np.abs(turned).max(axis=0), 1e-300)
    n_rows, width = rows.shape
    found = linprog(-rows.sum(axis=0), A_ub=-rows, b_ub=np.zeros(n_rows), bounds=(-1, 1))
    if found.status != 0 or -found.fun < _WEIGHT:
        return None
    margin = linprog(
        np.append(np.zeros(width), -1.0),
        A_ub=np.column_stack([-rows, np.ones(n_rows)]),
        b_ub=np.zeros(n_rows),
        bounds=[(-1, 1)] * width + [(None, 1)],
    )
    columns = np.flatnonzero(np.abs(found.x) > _WEIGHT).tolist()
    return columns, bool(margin.status == 0 and -margin.fun > _WEIGHT)
