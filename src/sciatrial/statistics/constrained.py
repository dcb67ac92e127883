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
from sciatrial.statistics.repeated_measures import paired_covariates

Floats = NDArray[Any]


def fit_constrained_measures(
    outcome: ArrayLike,
    arms: ArrayLike,
    covariates: ArrayLike | None = None,
    *,
    likelihood: Likelihood = Likelihood.RESTRICTED,
    small_sample: SmallSample = SmallSample.SATTERTHWAITE,
    information: Information = Information.OBSERVED,
) -> MixedFits:
    """Fit baseline and visits on visit, arm × visit (+ covariates × visit), the arms equal at baseline, to many trials.

    Parameters
    ----------
    outcome
        The value itself, in points, baseline first; dims ``patient, occasion`` or ``trial, patient, occasion``, 2 to 60
        occasions, NaN where missing at random, the baseline too.
    arms
        0 for the control, then 1, 2, …; dims ``patient`` for all trials or ``trial, patient``.
    covariates
        Further numbers known at entry, factors as columns of 0 and 1; dims ``patient, covariate`` for all trials or
        ``trial, patient, covariate``. They have a slope at every occasion, the baseline
        too. A patient who lacks one takes no part.
    likelihood, small_sample, information
        See `fit_mixed_models`; the covariance is unstructured.

    Returns
    -------
    MixedFits
        Coefficients: the mean at baseline and its slopes of the covariates, then at each visit the control's mean, the
        difference of each other arm and the slopes. Means are those at the trial's mean covariates.

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
    slopes = paired_covariates(covariates, y, "constrained longitudinal analysis")
    takes_part = np.isfinite(slopes).all(axis=-1, keepdims=True)
    y, slopes = np.where(takes_part, y, np.nan), np.where(takes_part, slopes, 0.0)
    # where slopes start changes no difference of arms; near their means they keep their digits
    slopes = slopes - slopes.sum(axis=1, keepdims=True) / np.maximum(takes_part.sum(axis=1, keepdims=True), 1)
    shared = np.concatenate([np.ones((*arm.shape, 1)), slopes], axis=-1)
    single = np.concatenate([shared[..., :1], *((arm == code)[..., None] for code in codes[1:]), slopes], axis=-1)
    visits, first = y.shape[2] - 1, shared.shape[2]
    crossed = np.einsum("tpw,vu->tpvuw", single, np.eye(visits)).reshape(*arm.shape, visits, -1)
    design = np.zeros((*y.shape, first + crossed.shape[-1]))
    design[:, :, 0, :first] = shared
    design[:, :, 1:, first:] = crossed
    return fit_mixed_models(y, design, likelihood=likelihood, small_sample=small_sample, information=information)


def constrained_differences(fits: MixedFits, n_arms: int, *, n_covariates: int = 0, level: float = 0.95) -> Estimates:
    """Estimate the difference of each arm from the control at each visit.

    Parameters
    ----------
    fits
        From `fit_constrained_measures`.
    n_arms
        The control included.
    n_covariates
        With which they were fitted.
    level
        Coverage of the intervals, above 0 and below 1.

    Returns
    -------
    Estimates
        Dims ``trial, arm, visit``, without the control and the baseline; in points.
    """
    first, width = 1 + n_covariates, n_arms + n_covariates
    visits = (fits.coefficients.shape[1] - first) // width
    rows = np.zeros((n_arms - 1, visits, fits.coefficients.shape[1]))
    for arm in range(1, n_arms):
        rows[arm - 1, np.arange(visits), first + np.arange(visits) * width + arm] = 1.0
    return contrasts(fits, np.broadcast_to(rows, (len(fits.coefficients), *rows.shape)), level=level)
