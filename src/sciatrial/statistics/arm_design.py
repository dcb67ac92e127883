"""Arms and covariates of many trials as columns of a design."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sciatrial.foundation import Problem
from sciatrial.statistics.design import refuse

Floats = NDArray[Any]


def arm_design(
    response: ArrayLike, arms: ArrayLike, covariates: ArrayLike | None, subject: str
) -> tuple[Floats, Floats, int]:
    """Return the response, a column for each arm but the control and one for each covariate, and the number of arms.

    Parameters
    ----------
    response
        Dims ``patient`` or ``trial, patient``, NaN where missing.
    arms
        0 for the control, then 1, 2, …; dims ``patient`` for all trials or ``trial, patient``.
    covariates
        Dims as those of the arms, or one more for several; None for none.
    subject
        What is analysed, for the error.

    Returns
    -------
    tuple
        Response, dims ``trial, patient``, NaN too where a covariate is missing; columns, dims ``trial, patient,
        column``, 0 there; arms, the control included.

    Raises
    ------
    TrialError
        When shapes do not pair, or arms are not numbered 0, 1, 2, ….
    """
    y: Floats = np.atleast_2d(np.asarray(response, float))
    arm = np.asarray(arms, float)
    start = np.zeros((*y.shape, 0)) if covariates is None else np.asarray(covariates, float)
    codes = np.unique(arm)
    problems = []
    if y.ndim != 2:
        problems.append(Problem("response", f"shape {y.shape}", "dims patient or trial, patient"))
    if arm.shape not in (y.shape, y.shape[1:]):
        problems.append(Problem("arms", f"shape {arm.shape}", f"one for each patient of {y.shape}"))
    elif not np.array_equal(codes, np.arange(len(codes))) or len(codes) < 2:
        problems.append(Problem("arms", f"{codes[:9].tolist()}", "0 for the control, then 1, 2, …"))
    if start.shape in (y.shape, y.shape[1:]):
        start = start[..., None]
    if start.ndim < 2 or start.shape[:-1] not in (y.shape, y.shape[1:]):
        problems.append(Problem("covariates", f"shape {start.shape}", f"one or more for each patient of {y.shape}"))
    refuse(subject, problems)
    arm = np.broadcast_to(arm, y.shape)
    start = np.broadcast_to(start, (*y.shape, start.shape[-1]))
    y = np.where(np.isfinite(start).all(axis=-1), y, np.nan)
    dummies = [np.asarray(arm == code, float)[..., None] for code in codes[1:]]
    columns = np.concatenate([*dummies, start], axis=-1)
    return y, np.where(np.isnan(y)[..., None], 0.0, columns), len(codes)
