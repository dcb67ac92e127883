"""Constrained longitudinal data analysis: the baseline is an outcome whose mean the arms share, since chance made them.

Unlike the model for change it needs no baseline to be complete, and whoever was seen at one occasion takes part.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sciatrial.foundation import Problem
from sciatrial.statistics.design import refuse
from sciatrial.statistics.inference import Estimates, contrasts
from sciatrial.statistics.likelihood import Likelihood
from sciatrial.statistics.mixed_model import Information, MixedFits, SmallSample, checked_outcome, fit_mixed_models

Floats = NDArray[Any]


def fit_constrained_measures(
    outcome: ArrayLike,
    arms: ArrayLike,
    *,
    likelihood: Likelihood = Likelihood.RESTRICTED,
    small_sample: SmallSample = SmallSample.SATTERTHWAITE,
    information: Information = Information.OBSERVED,
) -> MixedFits:
    """Fit baseline and visits on visit and arm × visit, the arms equal at baseline, to each of many trials.

    Parameters
    ----------
    outcome
        The value itself, in points, baseline first; dims ``patient, occasion`` or ``trial, patient, occasion``, 2 to 60
        occasions, NaN where missing at random, the baseline too.
    arms
        0 for the control, then 1, 2, …; dims ``patient`` for all trials or ``trial, patient``.
    likelihood, small_sample, information
        See `fit_mixed_models`; the covariance is unstructured.

    Returns
    -------
    MixedFits
        Coefficients: the mean at baseline, then at each visit the control's mean and the difference of each other arm.

    Raises
    ------
    TrialError
        As `fit_mixed_models`, and when arms do not pair or are not numbered 0, 1, 2, ….

    Source
    ------
    Liang and Zeger (2000), Sankhyā B 62, 134-148. Lu (2010), Statistics in Medicine 29, 474-489.
    """
    y = checked_outcome(outcome)
    arm = np.asarray(arms, float)
    codes = np.unique(arm)
    problems = []
    if y.shape[2] < 2:
        problems.append(Problem("outcome", "one occasion", "the baseline and a visit or more", "add the baseline"))
    if arm.shape not in (y.shape[1:2], y.shape[:2]):
        problems.append(Problem("arms", f"shape {arm.shape}", f"one for each patient of {y.shape[:2]}"))
    elif not np.array_equal(codes, np.arange(len(codes))) or len(codes) < 2:
        problems.append(Problem("arms", f"{codes[:9].tolist()}", "0 for the control, then 1, 2, …"))
    refuse("constrained longitudinal analysis", problems)
    arm = np.broadcast_to(arm, y.shape[:2])
    single = np.stack([np.ones_like(arm), *(arm == code for code in codes[1:])], axis=-1)
    visits = y.shape[2] - 1
    crossed = np.einsum("tpw,vu->tpvuw", single, np.eye(visits)).reshape(*arm.shape, visits, -1)
    design = np.zeros((*y.shape, 1 + crossed.shape[-1]))
    design[:, :, 0, 0] = 1.0
    design[:, :, 1:, 1:] = crossed
    return fit_mixed_models(y, design, likelihood=likelihood, small_sample=small_sample, information=information)


def constrained_differences(fits: MixedFits, n_arms: int, *, level: float = 0.95) -> Estimates:
    """Estimate the difference of each arm from the control at each visit.

    Parameters
    ----------
    fits
        From `fit_constrained_measures`.
    n_arms
        The control included.
    level
        Coverage of the intervals, above 0 and below 1.

    Returns
    -------
    Estimates
        Dims ``trial, arm, visit``, without the control and the baseline; in points.
    """
    visits = (fits.coefficients.shape[1] - 1) // n_arms
    rows = np.zeros((n_arms - 1, visits, fits.coefficients.shape[1]))
    for arm in range(1, n_arms):
        rows[arm - 1, np.arange(visits), 1 + np.arange(visits) * n_arms + arm] = 1.0
    return contrasts(fits, np.broadcast_to(rows, (len(fits.coefficients), *rows.shape)), level=level)
