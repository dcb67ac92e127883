"""Multiple imputation of missing visits, at random or after a reference arm, and how far it may be wrong.

For each imputation the patients of each arm are drawn anew with replacement and the mixed model for repeated measures
is fitted, whose parameters then impute the real patients: parameters so vary as they are uncertain. Gaps before a
patient's last visit are filled at random; what follows it is filled by the rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sciatrial.foundation import Problem, derived_seed
from sciatrial.statistics.ancova import fit_ancova
from sciatrial.statistics.design import refuse
from sciatrial.statistics.inference import Estimates
from sciatrial.statistics.mixed_model import checked_outcome
from sciatrial.statistics.repeated_measures import fit_repeated_measures, paired_covariates
from sciatrial.statistics.rubin import pooled_imputations

Floats = NDArray[Any]
# resamples more than imputations, for those whose fit fails
_SPARE = 1.2


class ReferenceRule(StrEnum):
    """Whom a patient is like after the last visit; before it everybody is like the own arm.

    ``missing_at_random``: the own arm. ``jump_to_reference``: the control from then on. ``copy_reference``: the control
    all along, so that a better past than the control's goes on in part. ``copy_increments_in_reference``: changes as
    the control does. ``last_mean_carried_forward``: stays at the own arm's mean of the last visit. A patient without
    any visit is like the control under the reference rules, and like the own arm under the others.
    """

    MISSING_AT_RANDOM = "missing_at_random"
    JUMP_TO_REFERENCE = "jump_to_reference"
    COPY_REFERENCE = "copy_reference"
    COPY_INCREMENTS_IN_REFERENCE = "copy_increments_in_reference"
    LAST_MEAN_CARRIED_FORWARD = "last_mean_carried_forward"


@dataclass(frozen=True, eq=False)
class Imputations:
    """Completed trials.

    Attributes
    ----------
    values
        In points; dims ``trial, imputation, patient, visit``; NaN throughout a trial that could not be imputed.
    is_after_last
        Whether a value lies after the patient's last visit, filled by the rule; dims ``trial, patient, visit``.
    arms, baseline
        Dims ``trial, patient``.
    covariates
        Dims ``trial, patient, covariate``.
    rule
        How values after the last visit were filled.
    reasons
        Why a trial was not imputed, empty where it was; one a trial.
    """

    values: Floats
    is_after_last: Floats
    arms: Floats
    baseline: Floats
    covariates: Floats
    rule: ReferenceRule
    reasons: tuple[str, ...]


def impute_visits(
    change: ArrayLike,
    arms: ArrayLike,
    baseline: ArrayLike,
    covariates: ArrayLike | None = None,
    *,
    rule: ReferenceRule,
    seed: int,
    n_imputations: int = 50,
) -> Imputations:
    """Fill missing visits, several times over.

    Parameters
    ----------
    change
        Change from baseline (or the value itself), in points; dims ``patient, visit`` or ``trial, patient, visit``, NaN
        where missing.
    arms
        0 for the control, which is the reference, then 1, 2, …; dims ``patient`` or ``trial, patient``.
    baseline
        In points, no missing ones; dims as those of the arms.
    covariates
        As in `fit_repeated_measures`, no missing ones; the imputation adjusts for them at every visit, and so does
        `analyse_imputations`.
    rule
        How values after a patient's last visit are filled.
    seed
        Whole number; equal seeds give equal imputations.
    n_imputations
        2 or more.

    Returns
    -------
    Imputations
        For `analyse_imputations` and `tipping_points`. The covariance between visits is one for all arms.

    Raises
    ------
    TrialError
        As `fit_repeated_measures`, and when a baseline or covariate is missing or imputations are fewer than 2.

    Source
    ------
    Carpenter, Roger and Kenward (2013), Journal of Biopharmaceutical Statistics 23, 1352-1371. Honaker and King (2010),
    American Journal of Political Science 54, 561-581 (parameters by bootstrap).
    """
    y = checked_outcome(change)
    problems = []
    for name, values in (("arms", arms), ("baseline", baseline)):
        if np.shape(values) not in (y.shape[1:2], y.shape[:2]):
            problems.append(Problem(name, f"shape {np.shape(values)}", f"one for each patient of {y.shape[:2]}"))
    if not np.isfinite(np.asarray(baseline, float)).all():
        problems.append(Problem("baseline", "missing values", "a number for every patient", "leave the patient out"))
    further = paired_covariates(covariates, y, "imputation")
    if not np.isfinite(further).all():
        problems.append(Problem("covariates", "missing values", "numbers for every patient", "leave the patient out"))
    if n_imputations < 2:
        problems.append(Problem("n_imputations", f"{n_imputations}", "2 or more"))
    refuse("imputation", problems)
    arm = np.broadcast_to(np.asarray(arms, float), y.shape[:2])
    start = np.broadcast_to(np.asarray(baseline, float), y.shape[:2])
    values = np.full((len(y), n_imputations, *y.shape[1:]), np.nan)
    reasons = []
    for trial in range(len(y)):
        rng = np.random.default_rng(derived_seed(seed, f"imputation of trial {trial}"))
        slopes = np.concatenate([further[trial], start[trial, :, None]], axis=1)
        drawn = _parameters(y[trial], arm[trial], slopes, n_imputations, rng)
        reasons.append(drawn if isinstance(drawn, str) else "")
        if not isinstance(drawn, str):
            own, control, covariance = drawn
            values[trial] = completed(y[trial], own, control, covariance, rule, rng)
    return Imputations(values, _after_last(y), arm, start, further, rule, tuple(reasons))


def analyse_imputations(
    imputations: Imputations, *, visit: int = -1, delta: ArrayLike = 0.0, level: float = 0.95
) -> Estimates:
    """Estimate the difference of each arm from the control at one visit: covariance analysis, Rubin's rules.

    It adjusts for the baseline and for what the imputation adjusted for.

    Parameters
    ----------
    imputations
        From `impute_visits`.
    visit
        Its place from 0; the last one by default.
    delta
        Points added to values of arms other than the control that were filled after the last visit; one for all or one
        for each of these arms.
    level
        Coverage of the intervals, above 0 and below 1.

    Returns
    -------
    Estimates
        Dims ``trial, arm``, without the control.

    Raises
    ------
    TrialError
        When there is no such visit, or deltas are not one for each arm.
    """
    arms, values = imputations.arms, imputations.values
    trials, number, patients, visits = values.shape
    n_arms = int(arms.max()) + 1
    shifts = np.asarray(delta, float)
    problems = []
    if not -visits <= visit < visits:
        problems.append(Problem("visit", f"{visit}", f"0 to {visits - 1}"))
    if shifts.shape not in ((), (n_arms - 1,)) or not np.isfinite(shifts).all():
        problems.append(Problem("delta", f"{delta}", f"a number, or one for each of {n_arms - 1} arms"))
    refuse("analysis of imputations", problems)
    by_arm = np.concatenate([[0.0], np.broadcast_to(shifts, n_arms - 1)])
    moved = np.where(imputations.is_after_last[:, :, visit], by_arm[arms.astype(int)], 0.0)
    final = values[..., visit] + moved[:, None]
    usable = np.flatnonzero([not reason for reason in imputations.reasons])
    estimate = np.full((trials, number, n_arms - 1), np.nan)
    error, freedom = estimate.copy(), np.full((trials, n_arms - 1), np.nan)
    reasons = list(imputations.reasons)
    if len(usable):
        given = (arms, imputations.baseline, imputations.covariates)
        repeated = [np.repeat(item[usable], number, axis=0) for item in given]
        found = fit_ancova(final[usable].reshape(-1, patients), *repeated)
        estimate[usable] = found.estimate.reshape(-1, number, n_arms - 1)
        error[usable] = found.standard_error.reshape(-1, number, n_arms - 1)
        freedom[usable] = found.degrees_of_freedom.reshape(-1, number, n_arms - 1)[:, 0]
        for place, trial in enumerate(usable.tolist()):
            own = found.reasons[place * number : (place + 1) * number]
            reasons[trial] = next((reason for reason in own if reason), "")
    return pooled_imputations(estimate, error, degrees_of_freedom=freedom, level=level, reasons=tuple(reasons))


def tipping_points(
    imputations: Imputations, *, visit: int = -1, alpha: float = 0.05, largest: float, tolerance: float = 0.01
) -> Floats:
    """Return the delta at which each arm's difference from the control is no longer significant.

    Parameters
    ----------
    imputations
        From `impute_visits`.
    visit
        Its place from 0; the last one by default.
    alpha
        Two-sided level, above 0 and below 1.
    largest
        Furthest delta that is tried, in points, with the sign that harms; not 0.
    tolerance
        In points, above 0.

    Returns
    -------
    numpy.ndarray
        In points, dims ``trial, arm``; 0 where the difference is not significant without any delta, infinite (with the
        sign of `largest`) where it is so even at the largest one, NaN where a trial was not imputed.

    Raises
    ------
    TrialError
        When numbers cannot be used.
    """
    problems = []
    if not np.isfinite(largest) or largest == 0:
        problems.append(Problem("largest", f"{largest:g}", "a number other than 0"))
    if not tolerance > 0:
        problems.append(Problem("tolerance", f"{tolerance:g}", "above 0"))
    if not 0 < alpha < 1:
        problems.append(Problem("alpha", f"{alpha:g}", "above 0 and below 1"))
    refuse("tipping point", problems)
    trials, n_arms = len(imputations.values), int(imputations.arms.max()) + 1
    points = np.full((trials, n_arms - 1), np.nan)
    for trial in np.flatnonzero([not reason for reason in imputations.reasons]).tolist():
        alone = _one(imputations, trial)
        found = analyse_imputations(alone, visit=visit).estimate[0]
        for arm in range(n_arms - 1):
            question = _Question(alone, visit, arm, alpha, float(found[arm]))
            points[trial, arm] = _first_failure(question, largest, tolerance)
    return points


class _Question(NamedTuple):
    """Whether the difference of one arm that was found without delta is still there."""

    imputations: Imputations
    visit: int
    arm: int
    alpha: float
    found: float

    def is_significant(self, delta: float) -> bool:
        n_others = int(self.imputations.arms.max())
        deltas = np.where(np.arange(n_others) == self.arm, delta, 0.0)
        now = analyse_imputations(self.imputations, visit=self.visit, delta=deltas)
        # a difference that delta has turned round is not the one that was found
        is_small = float(now.p_value[0, self.arm]) < self.alpha
        return is_small and float(now.estimate[0, self.arm]) * self.found > 0


def _first_failure(question: _Question, largest: float, tolerance: float) -> float:
    if not question.is_significant(0.0):
        return 0.0
    if question.is_significant(largest):
        return float(np.copysign(np.inf, largest))
    low, high = 0.0, largest
    while abs(high - low) > tolerance:
        middle = (low + high) / 2
        low, high = (middle, high) if question.is_significant(middle) else (low, middle)
    return high


def _one(imputations: Imputations, trial: int) -> Imputations:
    some = slice(trial, trial + 1)
    return Imputations(
        imputations.values[some],
        imputations.is_after_last[some],
        imputations.arms[some],
        imputations.baseline[some],
        imputations.covariates[some],
        imputations.rule,
        imputations.reasons[some],
    )


def _after_last(y: Floats) -> Floats:
    """Return whether no visit from here on was attended; dims as the outcome."""
    return np.logical_and.accumulate(np.isnan(y)[..., ::-1], axis=-1)[..., ::-1]


def _parameters(
    y: Floats, arms: Floats, slopes: Floats, number: int, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats] | str:
    """Return each patient's means in the own arm and in the control, and the covariances; or why there are none.

    `slopes` are the covariates, the baseline last; dims ``patient, covariate``. Dims of what is returned ``imputation,
    patient, visit`` twice and ``imputation, visit, visit``.
    """
    n_draws = int(np.ceil(number * _SPARE))
    chosen = np.empty((n_draws, len(arms)), int)
    for code in np.unique(arms):
        own = np.flatnonzero(arms == code)
        chosen[:, own] = rng.choice(own, (n_draws, len(own)))
    measures = fit_repeated_measures(y[chosen], arms, slopes[chosen, -1], slopes[chosen, :-1])
    fits = measures.fits
    able = np.flatnonzero(fits.is_fitted)[:number]
    if len(able) < number:
        reason = next(reason for reason in fits.reasons if reason)
        return f"{n_draws - int(fits.is_fitted.sum())} of {n_draws} resamples have no fit: {reason}"
    # (imputation, visit, [control, other arms…, slopes…])
    coefficients = fits.coefficients[able].reshape(number, y.shape[1], -1)
    n_slopes = slopes.shape[1]
    control = coefficients[:, None, :, 0] + slopes @ coefficients[:, :, -n_slopes:].swapaxes(1, 2)
    effects = np.concatenate([np.zeros_like(coefficients[:, :, :1]), coefficients[:, :, 1:-n_slopes]], axis=2)
    own = control + effects[:, :, arms.astype(int)].swapaxes(1, 2)
    return own, control, fits.residual_covariance[able]


def completed(
    y: Floats, own: Floats, control: Floats, covariance: Floats, rule: ReferenceRule, rng: np.random.Generator
) -> Floats:
    """Return one trial with its missing visits drawn, by parameters of each imputation.

    Parameters
    ----------
    y
        Dims ``patient, visit``, NaN where missing.
    own, control
        Means of each patient in the own arm and in the control; dims ``imputation, patient, visit``.
    covariance
        Between visits; dims ``imputation, visit, visit``.
    rule
        For values after a patient's last visit.
    rng
        Where chance comes from.

    Returns
    -------
    numpy.ndarray
        Dims ``imputation, patient, visit``.
    """
    values = np.broadcast_to(y, own.shape).copy()
    missing, after = np.isnan(y), _after_last(y)
    _fill(values, own, covariance, ~missing, missing & ~after, rng)
    _fill(values, means_by_rule(own, control, after, rule), covariance, ~after, after, rng)
    return values


def means_by_rule(own: Floats, control: Floats, is_after_last: Floats, rule: ReferenceRule) -> Floats:
    """Return the means that a rule gives to patients with values after their last visit.

    Parameters
    ----------
    own, control
        Means of each patient in the own arm and in the control; dims ``imputation, patient, visit``.
    is_after_last
        Dims ``patient, visit``.
    rule
        The rule.

    Returns
    -------
    numpy.ndarray
        Dims ``imputation, patient, visit``.
    """
    if rule is ReferenceRule.MISSING_AT_RANDOM:
        return own
    if rule is ReferenceRule.COPY_REFERENCE:
        return np.where(np.asarray(is_after_last.any(axis=1))[:, None], control, own)
    if rule is ReferenceRule.JUMP_TO_REFERENCE:
        return np.where(is_after_last, control, own)
    last = (~is_after_last).sum(axis=1) - 1
    has_any = last >= 0
    place = np.broadcast_to(np.maximum(last, 0)[:, None], (*own.shape[:2], 1))
    own_last, control_last = (np.take_along_axis(item, place, axis=2) for item in (own, control))
    if rule is ReferenceRule.LAST_MEAN_CARRIED_FORWARD:
        return np.where(is_after_last & has_any[:, None], own_last, own)
    carried = np.where(has_any[:, None], control + own_last - control_last, control)
    return np.where(is_after_last, carried, own)


def _fill(
    values: Floats, means: Floats, covariance: Floats, given: Floats, wanted: Floats, rng: np.random.Generator
) -> None:
    """Draw the wanted values given the others (the array is the caller's own); pattern by pattern of visits."""
    patterns, which = np.unique(np.concatenate([given, wanted], axis=1), axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        known, asked = (np.flatnonzero(half) for half in np.split(pattern, 2))
        if not len(asked):
            continue
        patients = np.flatnonzero(which.ravel() == number)
        grid = np.ix_(np.arange(len(values)), patients, asked)
        spread = covariance[:, asked[:, None], asked]
        mean = means[grid]
        if len(known):
            across = covariance[:, asked[:, None], known]
            slopes = np.linalg.solve(covariance[:, known[:, None], known], across.swapaxes(1, 2))
            told = np.ix_(np.arange(len(values)), patients, known)
            mean = mean + (values[told] - means[told]) @ slopes
            spread = spread - across @ slopes
        root = np.linalg.cholesky((spread + spread.swapaxes(1, 2)) / 2)
        values[grid] = mean + rng.standard_normal(mean.shape) @ root.swapaxes(1, 2)
