"""The analysis of covariance of one visit, many trials at once: the mixed model where there is one visit.

With one visit the restricted likelihood has its maximum at the residual mean square, and Satterthwaite's degrees of
freedom are the exact ones: patients less coefficients.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sciatrial.foundation import Problem, TrialError
from sciatrial.statistics.inference import Estimates
from sciatrial.statistics.repeated_measures import fit_repeated_measures, treatment_differences


def fit_ancova(
    change: ArrayLike, arms: ArrayLike, baseline: ArrayLike, covariates: ArrayLike | None = None, *, level: float = 0.95
) -> Estimates:
    """Estimate the difference of each arm from the control, adjusted for baseline and covariates.

    Parameters
    ----------
    change
        In points; dims ``patient`` or ``trial, patient``, NaN where missing.
    arms
        0 for the control, then 1, 2, …; dims ``patient`` for all trials or ``trial, patient``.
    baseline
        In points; dims as those of the arms.
    covariates
        As in `fit_repeated_measures`.
    level
        Coverage of the intervals, above 0 and below 1.

    Returns
    -------
    Estimates
        Dims ``trial, arm``, without the control.

    Raises
    ------
    TrialError
        As `fit_repeated_measures`.
    """
    y = np.asarray(change, float)
    if y.ndim not in (1, 2):
        problem = Problem("change", f"shape {y.shape}", "patients, or trials and patients", "choose one visit")
        raise TrialError("analysis of covariance", problem)
    y = y[None] if y.ndim == 1 else y
    measures = fit_repeated_measures(y[..., None], arms, baseline, covariates)
    found = treatment_differences(measures, level=level)
    parts = ("estimate", "standard_error", "degrees_of_freedom", "statistic", "p_value", "low", "high")
    return Estimates(**{name: getattr(found, name)[..., 0] for name in parts}, level=level, reasons=found.reasons)
