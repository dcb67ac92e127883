"""Response-adaptive trials: patient by patient, by what has been observed of those who came before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sciatrial.foundation import uniforms
from sciatrial.trial.conducted import Conducted, reassigned
from sciatrial.trial.design import Design
from sciatrial.trial.in_course import ADJUSTED, NOT_ADJUSTED, InCourse, allocation_rows, analysis_rows, planned_rows
from sciatrial.trial.known_by import KnownBy, known_by
from sciatrial.trial.monitoring import Monitored, monitor
from sciatrial.trial.probability_best import arm_posterior, probability_of_best
from sciatrial.trial.response_adaptive import ControlShare, ResponseAdaptive, adaptive_control, shares_by_rule
from sciatrial.trial.urn import Urn


def update_periods(rule: ResponseAdaptive, arrived: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return how many updates there were before each patient; dims ``patient``, as `arrived` in months.

    They are set by arrivals alone: the first when the burn-in is over, at its next patient.
    """
    n = len(arrived)
    places = np.arange(n)
    if n <= rule.burn_in:
        return np.zeros(n, dtype=np.int64)
    if rule.every is not None:
        later = 1 + (places - rule.burn_in) // rule.every
    else:
        since = arrived - arrived[rule.burn_in]
        numbers = 1 + np.floor(since / (rule.every_months or 1.0) + 1e-9).astype(np.int64)
        # an update at which nobody comes is none
        later = np.maximum.accumulate(np.where(places >= rule.burn_in, numbers, 0))
        later = np.unique(later, return_inverse=True)[1]
    return np.where(places < rule.burn_in, 0, later)


def adapted(design: Design, rule: ResponseAdaptive, trial: Conducted, seed: int) -> InCourse:
    """Return a trial as its patients are assigned by a response-adaptive design.

    Parameters
    ----------
    design, rule
        The design, and its rule of adaptation.
    trial
        Conducted with `every_arm`.
    seed
        Of its luck.
    """
    names, control = list(design.arms), adaptive_control(design)
    outcomes = known_by(design, trial, seed, rule.judged_at(design))
    n, periods = len(trial.assigned), update_periods(rule, outcomes.arrived)
    luck = uniforms(seed, "allocation", np.arange(n)).tolist()
    whole = sum(design.ratio.values())
    share = np.array([design.ratio[arm] / whole for arm in names])
    best = np.full(len(names), np.nan)
    is_left = np.ones(len(names), dtype=bool)
    shares, chances = [share.tolist()], [best.tolist()]
    urn = Urn(share.tolist(), rule.mass)
    assigned = np.zeros(n, dtype=np.int64)
    for patient in range(n):
        if patient and periods[patient] > periods[patient - 1]:
            month = float(outcomes.arrived[patient])
            found = _best_now(rule, outcomes, assigned[:patient], periods, month, is_left, control)
            if found is not None:
                best = found
                is_left = _left(rule, best, is_left, control)
                share = shares_by_rule(rule, np.where(is_left, np.nan_to_num(best), 0.0), is_left, control)
            shares.append(share.tolist())
            chances.append(best.tolist())
            urn = Urn(share.tolist(), rule.mass)
        assigned[patient] = urn.draw(luck[patient])
    went = replace(reassigned(design, trial, assigned, seed), periods=periods)
    return InCourse(went, periods, allocation_rows(design, assigned, periods, outcomes.arrived, shares, chances))


def _best_now(
    rule: ResponseAdaptive, outcomes: KnownBy, arms: NDArray[np.int64], periods: NDArray[np.int64], month: float,
    is_left: NDArray[np.bool_], control: int,
) -> NDArray[np.float64] | None:  # fmt: skip
    """Return the probability of being best of each arm that competes, NaN of others; None where too few are known."""
    competes = is_left.copy()
    if rule.control is not ControlShare.COMPETING:
        competes[control] = False
    among = np.flatnonzero(competes)
    known = outcomes.known(arms, month)
    period = periods[known] if rule.adjust_for_period else np.zeros(len(known), dtype=np.int64)
    mine = arms[known]
    posterior = arm_posterior(outcomes.benefit[mine, known], mine, outcomes.baseline[known], period, among=among)
    if posterior is None:
        return None
    best = np.full(len(is_left), np.nan)
    best[among] = probability_of_best(posterior)
    return best


def _left(
    rule: ResponseAdaptive, best: NDArray[np.float64], is_left: NDArray[np.bool_], control: int
) -> NDArray[np.bool_]:
    """Return which arms are not dropped; the likeliest to be best never is."""
    falls = np.nan_to_num(best, nan=1.0) < rule.drop_below
    falls[[control, int(np.nanargmax(best))]] = False
    return is_left & ~falls


def adapted_trials(
    design: Design, rule: ResponseAdaptive, trials: Sequence[Conducted], seeds: Sequence[int]
) -> list[tuple[InCourse, Monitored, list]]:
    """Return each trial as it was adapted, what its analysis says, and what the analysis says with and without periods.

    Parameters
    ----------
    design, rule
        The design, and its rule of adaptation.
    trials, seeds
        Conducted with `every_arm`, and the seeds of their luck.
    """
    courses = [adapted(design, rule, trial, seed) for trial, seed in zip(trials, seeds, strict=True)]
    went, periods = [course.trial for course in courses], [course.periods for course in courses]
    looked = monitor(design, went, periods if rule.adjust_for_period else None)
    planned, other = (ADJUSTED, NOT_ADJUSTED) if rule.adjust_for_period else (NOT_ADJUSTED, ADJUSTED)
    rows = analysis_rows(design, went, None if rule.adjust_for_period else periods, other)
    found = []
    for course, mine, frame in zip(courses, looked, rows, strict=True):
        beside = [planned_rows(mine, planned), frame]
        found.append((course, mine, beside if rule.adjust_for_period else beside[::-1]))
    return found
