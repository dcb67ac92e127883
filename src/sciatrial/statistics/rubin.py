"""Rubin's rules: one estimate from those of several imputed data sets."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sciatrial.foundation import Problem
from sciatrial.statistics.design import refuse, share_problem
from sciatrial.statistics.inference import Estimates, student

Floats = NDArray[Any]


def pooled_imputations(
    estimates: ArrayLike,
    standard_errors: ArrayLike,
    *,
    degrees_of_freedom: ArrayLike = inf,
    level: float = 0.95,
    reasons: tuple[str, ...] | None = None,
) -> Estimates:
    """Pool the estimates of imputed data sets by Rubin's rules.

    Parameters
    ----------
    estimates, standard_errors
        Dims ``trial, imputation, …``, 2 imputations or more.
    degrees_of_freedom
        That the estimate would have with complete data; broadcasts to dims ``trial, …``.
    level
        Coverage of the intervals, above 0 and below 1.
    reasons
        Why a trial has no estimates, one a trial; empty by default.

    Returns
    -------
    Estimates
        Dims ``trial, …``.

    Raises
    ------
    TrialError
        When there are fewer than 2 imputations, or shapes do not pair.

    Source
    ------
    Rubin (1987), Multiple Imputation for Nonresponse in Surveys. Barnard and Rubin (1999), Biometrika 86, 948-955
    (degrees of freedom).
    """
    found, errors = np.asarray(estimates, float), np.asarray(standard_errors, float)
    problems = share_problem("level", level)
    if found.ndim < 2 or found.shape != errors.shape or found.shape[1] < 2:
        shapes = f"shapes {found.shape} and {errors.shape}"
        problems.append(Problem("estimates", shapes, "dims trial, imputation, …, with 2 imputations or more"))
    refuse("Rubin's rules", problems)
    number = found.shape[1]
    within, between = (errors**2).mean(axis=1), found.var(axis=1, ddof=1)
    total = within + (1 + 1 / number) * between
    share = (1 + 1 / number) * between / total
    with np.errstate(divide="ignore", invalid="ignore"):
        old = (number - 1) / share**2
        complete = np.broadcast_to(np.asarray(degrees_of_freedom, float), total.shape)
        seen = np.where(np.isinf(complete), inf, (complete + 1) / (complete + 3) * complete * (1 - share))
        freedom = 1 / (1 / old + 1 / seen)
    told = reasons if reasons is not None else ("",) * len(found)
    return student(found.mean(axis=1), np.sqrt(total), freedom, level, told)
