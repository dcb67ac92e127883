"""The mixed model for repeated measures: change by arm at each visit, adjusted for baseline at each visit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sciatrial.foundation import Problem, TrialError
from sciatrial.statistics.covariance import Covariance
from sciatrial.statistics.inference import Estimates, contrasts
from sciatrial.statistics.likelihood import Likelihood
from sciatrial.statistics.mixed_model import Asked, Information, MixedFits, SmallSample, checked_outcome, fit_in_chunks
from sciatrial.statistics.moments import crossed_moments

Floats = NDArray[Any]


@dataclass(frozen=True, eq=False)
class RepeatedMeasures:
    """Fitted models for repeated measures of many trials of one design.

    Attributes
    ----------
    fits
        Coefficients run through the visits; at each visit first the control arm's mean where baseline and covariates
        are 0, then the difference of each other arm from the control, the slopes of the covariates, last that of the
        baseline.
    n_arms, n_visits
        Of the design.
    baseline_means
        Over the patients with an outcome or more; dims ``trial``.
    covariate_means
        Over the same patients; dims ``trial, covariate``.
    """

    fits: MixedFits
    n_arms: int
    n_visits: int
    baseline_means: Floats
    covariate_means: Floats


def fit_repeated_measures(
    change: ArrayLike,
    arms: ArrayLike,
    baseline: ArrayLike,
    covariates: ArrayLike | None = None,
    *,
    structure: Covariance = Covariance.UNSTRUCTURED,
    likelihood: Likelihood = Likelihood.RESTRICTED,
    small_sample: SmallSample = SmallSample.SATTERTHWAITE,
    information: Information = Information.OBSERVED,
) -> RepeatedMeasures:
    """Fit change on baseline × visit + arm × visit (+ covariates × visit) to each of many trials.

    Parameters
    ----------
    change
        Change from baseline (or the value itself), in points; dims ``patient, visit`` or ``trial, patient, visit``, NaN
        where missing at random, at single visits too; 1 to 60 visits.
    arms
        0 for the control, then 1, 2, …; dims ``patient`` for all trials or ``trial, patient``.
    baseline
        In points; dims as those of the arms. A patient without one takes no part (NaN), as in other programs.
    covariates
        Further numbers known at entry, factors as columns of 0 and 1; dims ``patient, covariate`` for all trials or
        ``trial, patient, covariate``.
    structure, likelihood, small_sample, information
        See `fit_mixed_models`.

    Returns
    -------
    RepeatedMeasures
        For `treatment_differences` and `arm_means`.

    Raises
    ------
    TrialError
        With every problem, when shapes do not pair, arms are not numbered 0, 1, 2, …, or a visit has no outcome in any
        trial.

    Source
    ------
    Mallinckrodt and others (2008), Drug Information Journal 42, 303-319.
    """
    y = checked_outcome(change)
    arm, start = _paired("arms", arms, y), _paired("baseline", baseline, y)
    codes = np.unique(arm)
    if not np.array_equal(codes, np.arange(len(codes))) or len(codes) < 2:
        problem = Problem("arms", f"{codes[:9].tolist()}", "0 for the control, then 1, 2, …", "number the arms so")
        raise TrialError("repeated measures", problem)
    slopes = np.concatenate([paired_covariates(covariates, y, "repeated measures"), start[..., None]], axis=-1)
    y = np.where(np.isfinite(slopes).all(axis=-1, keepdims=True), y, np.nan)
    is_known = np.asarray(np.isfinite(y).any(axis=2))
    number = np.maximum(is_known.sum(axis=1), 1)
    means = np.where(is_known[..., None], slopes, 0.0).sum(axis=1) / number[:, None]
    centred = np.where(is_known[..., None], slopes - means[:, None], 0.0)
    groups = np.stack([np.ones(start.shape), *(arm == code for code in codes[1:])], axis=-1)
    single = np.concatenate([groups, centred], axis=-1)
    width, visits = single.shape[2], y.shape[2]
    fits = fit_in_chunks(
        lambda trials: crossed_moments(y[trials], single[trials]),
        y.shape,
        width * visits,
        Asked(structure, likelihood, small_sample, information),
    )
    return RepeatedMeasures(_moved(fits, means, width, visits), len(codes), visits, means[:, -1], means[:, :-1])


def paired_covariates(covariates: ArrayLike | None, outcome: Floats, subject: str) -> Floats:
    """Return the covariates with dims ``trial, patient, covariate``, without any where there are none."""
    if covariates is None:
        return np.zeros((*outcome.shape[:2], 0))
    found: Floats = np.asarray(covariates, float)
    if found.ndim not in (2, 3) or found.shape[:-1] not in (outcome.shape[1:2], outcome.shape[:2]):
        expected = f"some values for each patient of {outcome.shape[:2]}"
        problem = Problem("covariates", f"shape {found.shape}", expected, "pair them with the change")
        raise TrialError(subject, problem)
    return np.broadcast_to(found, (*outcome.shape[:2], found.shape[-1]))


def _paired(name: str, values: ArrayLike, outcome: Floats) -> Floats:
    found: Floats = np.asarray(values, float)
    if found.shape not in (outcome.shape[1:2], outcome.shape[:2]):
        problem = Problem(
            name,
            f"shape {found.shape}",
            f"one value for each patient of {outcome.shape[:2]}",
            "pair them with the change",
        )
        raise TrialError("repeated measures", problem)
    return np.broadcast_to(found, outcome.shape[:2])


def _moved(fits: MixedFits, means: Floats, width: int, visits: int) -> MixedFits:
    """Return the fits with coefficients of baseline and covariates themselves, not of distances from the trial's means.

    The means are taken off for the arithmetic alone: far from 0, baseline and constant would be nearly one column.
    Dims of `means` are ``trial, slope``.
    """
    single = np.broadcast_to(np.eye(width), (len(means), width, width)).copy()
    single[:, 0, -means.shape[1] :] = -means
    move = np.einsum("vw,bij->bviwj", np.eye(visits), single).reshape(len(means), width * visits, -1)
    back = single.copy()
    back[:, 0, -means.shape[1] :] = means
    away = np.einsum("vw,bij->bviwj", np.eye(visits), back).reshape(len(means), width * visits, -1)
    turned = move.swapaxes(1, 2)
    return replace(
        fits,
        coefficients=(move @ fits.coefficients[..., None])[..., 0],
        covariance=move @ fits.covariance @ turned,
        adjusted_covariance=move @ fits.adjusted_covariance @ turned,
        slopes=away.swapaxes(1, 2)[:, None] @ fits.slopes @ away[:, None],
    )


def treatment_differences(measures: RepeatedMeasures, *, level: float = 0.95) -> Estimates:
    """Estimate the difference of each arm from the control at each visit.

    Parameters
    ----------
    measures
        From `fit_repeated_measures`.
    level
        Coverage of the intervals, above 0 and below 1.

    Returns
    -------
    Estimates
        Dims ``trial, arm, visit``, without the control; in points.
    """
    width = measures.n_arms + measures.covariate_means.shape[1] + 1
    return _at_visits(measures, np.eye(width)[1 : measures.n_arms][None], level)


def arm_means(measures: RepeatedMeasures, *, level: float = 0.95) -> Estimates:
    """Estimate the mean of each arm at each visit, at the trial's mean baseline and covariates (least-squares means).

    Parameters
    ----------
    measures
        From `fit_repeated_measures`.
    level
        Coverage of the intervals, above 0 and below 1.

    Returns
    -------
    Estimates
        Dims ``trial, arm, visit``, control first; in points.
    """
    further = measures.covariate_means
    rows = np.zeros((len(further), measures.n_arms, measures.n_arms + further.shape[1] + 1))
    rows[:, :, : measures.n_arms] = np.eye(measures.n_arms)
    rows[:, :, 0] = 1.0
    rows[:, :, measures.n_arms : -1] = further[:, None]
    rows[:, :, -1] = measures.baseline_means[:, None]
    return _at_visits(measures, rows, level)


def _at_visits(measures: RepeatedMeasures, rows: Floats, level: float) -> Estimates:
    """Estimate the same contrasts of covariates at each visit; dims of rows ``trial, contrast, covariate``."""
    visits, trials = measures.n_visits, len(measures.baseline_means)
    rows = np.broadcast_to(rows, (trials, *rows.shape[1:]))
    crossed = np.einsum("bcz,vw->bcvwz", rows, np.eye(visits))
    return contrasts(measures.fits, crossed.reshape(*crossed.shape[:3], -1), level=level)
