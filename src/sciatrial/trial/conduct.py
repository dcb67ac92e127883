"""Enrolled patients → trial data: randomise, treat, measure, rescue, lose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sciatrial.clinic import (
    EXPOSURES,
    SCORES,
    answer_steps,
    measured,
    measurement_errors,
    operation_effects,
    true_score_above,
)
from sciatrial.engine import Effect, Events, Rule, simulate
from sciatrial.foundation import DAYS_PER_MONTH, DAYS_PER_WEEK, Intervention, Score, derived_seed
from sciatrial.model import Model
from sciatrial.population import Patients, one_cause, treated_patients
from sciatrial.trial.accrual import Arrivals, arrivals_of
from sciatrial.trial.conducted import ArmScores, Conducted, Everybody, as_seen, days_late
from sciatrial.trial.design import Design
from sciatrial.trial.factors import factor_levels
from sciatrial.trial.randomisation import RandomisationMethod, assigned_arms
from sciatrial.trial.subgroup import members_of, with_subgroup
from sciatrial.trial.time_trend import trend_points
from sciatrial.trial.unblinding import CONTEXT, Unblinding, with_unblinded

if TYPE_CHECKING:
    pass


class Luck(StrEnum):
    """What a patient's worlds have in common beside the patient.

    Errors of measurement, later flares and re-herniations, flares after a procedure, the product that is given (batch,
    potency, harvest), days of visits within their window, who learns the arm. ``shared``: all of it. ``independent``:
    none of it from entry on; what was measured at entry stays.
    """

    SHARED = "shared"
    INDEPENDENT = "independent"


def strata_of(design: Design, patients: Patients, sites: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """Return the level of each patient in each factor of the randomisation; dims ``patient, factor``.

    Parameters
    ----------
    sites
        Site of each patient, from 0; dims ``patient``. Left out, there is one.
    """
    levels = factor_levels(design.randomisation.strata, patients.covariates, sites)
    if design.enrichment is None or design.randomisation.method is RandomisationMethod.SIMPLE:
        return levels
    # who is turned away then changes nobody else's arm
    return np.concatenate([levels, members_of(patients.covariates)[:, None].astype(np.int64)], axis=1)


def allocate(design: Design, n_patients: int, seed: int, strata: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """Assign patients to arms as the design says.

    Parameters
    ----------
    strata
        As from `strata_of`; needed where the design has factors.

    Returns
    -------
    numpy.ndarray
        dims ``patient``: the arm's index; depends on the place in the order of enrolment, and on the factors of those
        who came before, alone.
    """
    levels = np.zeros((n_patients, 0), dtype=np.int64) if strata is None else strata
    further = () if design.enrichment is None else (2,)
    ratio = tuple(design.ratio.values())
    return assigned_arms(design.randomisation, ratio, levels, design.n_sites, seed, further_levels=further)


@dataclass(frozen=True)
class Enrolment:
    """When and where the patients of one trial were randomised, and to which arm; dims of ``assigned`` ``patient``."""

    arrivals: Arrivals
    assigned: NDArray[np.int64]


def enrolment_of(design: Design, patients: Patients, seed: int) -> Enrolment:
    """Return how patients were randomised in the trial with this seed.

    Of a trial that may turn eligible patients away, those that it could need are here: each comes when it was found.
    """
    if design.enrichment is None:
        arrivals = arrivals_of(design.accrual, len(patients), seed)
    else:
        places = patients.seen["eligible"].to_numpy(dtype=np.int64) - 1
        arrivals = arrivals_of(design.accrual, int(places[-1]) + 1, seed).only(places)
    return Enrolment(arrivals, allocate(design, len(patients), seed, strata_of(design, patients, arrivals.sites)))


def conduct(
    model: Model,
    design: Design,
    groups: Sequence[Patients],
    seeds: Sequence[int],
    *,
    every_arm: bool = False,
    luck: Luck = Luck.SHARED,
    unblinding: Unblinding | None = None,
    months: Sequence[NDArray[np.float64]] | None = None,
    threads: int | None = None,
) -> list[Conducted]:
    """Conduct one trial for each group of patients, all in one call of the engine.

    Parameters
    ----------
    groups, seeds
        Patients of each trial, and the seed of its luck.
    every_arm
        Simulate every patient in every arm, which gives the true effect; else in the assigned arm only.
    luck
        Whether a patient has the same luck in every arm.
    unblinding
        How blinding breaks; left out, it holds.
    months
        Of randomisation, from which a time trend follows; dims ``patient``, one array a trial. Left out, those of the
        trial's own arrivals.
    """
    if not groups:
        return []
    groups = [with_subgroup(model, design, patients) for patients in groups]
    enrolments = [enrolment_of(design, patients, seed) for patients, seed in zip(groups, seeds, strict=True)]
    if months is None:
        months = [enrolment.arrivals.months for enrolment in enrolments]
    jobs = [
        prepared_jobs(
            model,
            design,
            patients,
            seed,
            assigned=None if every_arm else enrolment.assigned,
            months=mine,
            luck=luck,
            unblinding=unblinding,
        )
        for patients, seed, enrolment, mine in zip(groups, seeds, enrolments, months, strict=True)
    ]
    flat = [job for per_trial in jobs for job in per_trial]
    results = iter(_simulate_jobs(model, design, flat, threads))
    return [
        _gather(design, patients, seed, enrolment, [(job, next(results)) for job in per_trial], every_arm=every_arm)
        for patients, seed, enrolment, per_trial in zip(groups, seeds, enrolments, jobs, strict=True)
    ]


@dataclass(frozen=True)
class Job:
    """Patients of one trial in one arm, ready for the engine."""

    arm: str
    rows: NDArray[np.int64]  # which patients of the trial, dims ``row``
    parameters: NDArray[np.float64]
    initial: NDArray[np.float64]
    events: Events
    threshold: NDArray[np.float64]
    errors: NDArray[np.float64]  # dims ``row, occasion, score``; baseline errors are unused
    steps: NDArray[np.float64]  # dims ``row, score``
    days_late: NDArray[np.float64]  # of the visits; dims ``row, occasion``
    operation: tuple[Effect, ...]  # where rescue is surgery: as this draw has it
    trend: NDArray[np.float64] | None = None  # points that the endpoint's score has more after baseline; dims ``row``


def prepared_jobs(
    model: Model,
    design: Design,
    patients: Patients,
    seed: int,
    *,
    assigned: NDArray[np.int64] | None,
    months: NDArray[np.float64] | None = None,
    luck: Luck = Luck.SHARED,
    unblinding: Unblinding | None = None,
) -> list[Job]:
    """Return what the engine needs for each arm: its own patients, or everybody where nobody is assigned.

    `months`, dims ``patient``, are those of randomisation, from which a time trend follows; left out, there is none.
    """
    steps = _steps(patients)
    last_day = design.visits_months[-1] * DAYS_PER_MONTH + design.visit_window_days
    trend = None if months is None else trend_points(design, months)
    shared = _luck_of(model, design, patients, last_day)
    operation = rescue_operation(design, patients)
    jobs = []
    for index, (arm, protocol) in enumerate(design.arms.items()):
        errors, late, by_chance = shared
        arm_seed = seed
        if luck is Luck.INDEPENDENT:
            name = f"luck in arm {arm}"
            alone = replace(patients, seed=derived_seed(patients.seed, name))
            errors, late, by_chance = _luck_of(model, design, alone, last_day)
            arm_seed = derived_seed(seed, name)
        rows = np.arange(len(patients)) if assigned is None else np.flatnonzero(assigned == index)
        parameters, given = treated_patients(model, patients, protocol, seed=arm_seed, last_day=last_day, rows=rows)
        if unblinding is not None:
            column = model.parameter_names.index(CONTEXT)
            numbers = patients.numbers[rows]
            parameters = with_unblinded(unblinding, design, arm, parameters, column, seed=arm_seed, patients=numbers)
        jobs.append(
            Job(
                arm,
                rows,
                parameters,
                patients.entry_states[rows],
                Events.joined(by_chance.of(rows), given),
                _rescue_threshold(design, errors[rows], steps[rows], None if trend is None else trend[rows]),
                errors[rows],
                steps[rows],
                late[rows],
                operation,
                None if trend is None else trend[rows],
            )
        )
    return jobs


def _luck_of(
    model: Model, design: Design, patients: Patients, last_day: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], Events]:
    """Return errors of measurement, days of visits after the planned ones, and what comes by chance."""
    return _errors(design, patients), days_late(design, patients), patients.later_events(model, last_day)


def _errors(design: Design, patients: Patients) -> NDArray[np.float64]:
    """Return measurement errors, dims ``patient, occasion, score``; those of a patient are the same in every arm.

    They are those of the planned day also where the visit is some days before or after.
    """
    errors = np.zeros((len(patients), len(design.visits_months) + 1, len(SCORES)))
    days = [month * DAYS_PER_MONTH for month in design.visits_months]
    for column, score in enumerate(SCORES):
        errors[:, 1:, column] = measurement_errors(
            score, days, numbers=patients.draw, seed=patients.seed, patients=patients.numbers
        )
    return errors


def _steps(patients: Patients) -> NDArray[np.float64]:
    """Return the step in which each patient answers each scale; dims ``patient, score``."""
    return np.stack(
        [answer_steps(score, numbers=patients.draw, seed=patients.seed, patients=patients.numbers) for score in SCORES],
        axis=1,
    )


def _rescue_threshold(
    design: Design,
    errors: NDArray[np.float64],
    steps: NDArray[np.float64],
    trend: NDArray[np.float64] | None,
) -> NDArray[np.float64]:
    """Return the model's score above which the measured one exceeds the rescue threshold; dims ``row, occasion``."""
    threshold = np.full(errors.shape[:2], np.inf)
    if design.rescue is not None:
        column = SCORES.index(design.rescue.score)
        for occasion, month in enumerate(design.visits_months, start=1):
            if month >= design.rescue.from_month:
                threshold[:, occasion] = true_score_above(
                    design.rescue.above, errors[:, occasion, column], steps[:, column]
                )
        if trend is not None and design.rescue.score is design.endpoint.outcome:
            threshold -= trend[:, None]  # the model knows no trend
    return threshold


def rescue_operation(design: Design, patients: Patients) -> tuple[Effect, ...]:
    """Return what rescue surgery does to these patients; nothing where rescue is no surgery."""
    rescue = design.rescue
    if rescue is None or not rescue.is_surgery:
        return ()
    delay = (rescue.weeks_until_surgery or 0.0) * DAYS_PER_WEEK
    return operation_effects(patients.draw, one_cause(patients), delay_days=delay)


def rescue_rules(design: Design, threshold: NDArray[np.float64], operation: tuple[Effect, ...]) -> tuple[Rule, ...]:
    """Return the rule that gives rescue where the true score exceeds `threshold`; dims ``row, occasion``."""
    if design.rescue is None:
        return ()
    effects = operation
    if not design.rescue.is_surgery:
        state = EXPOSURES[Intervention(design.rescue.intervention)]
        effects = (
            Effect(state, factor=0.0, amount=1.0),
            Effect(state, factor=0.0, amount=0.0, delay_days=design.rescue.course_weeks * DAYS_PER_WEEK),
        )
    return (Rule("rescue", str(design.rescue.score), threshold, effects, at_most=1),)


def with_one_operation(jobs: Sequence[Job]) -> list[list[Job]]:
    """Return jobs in their order, together as far as an operation does the same in all: a rule has one effect for all.

    An operation is as a draw has it, so that each draw is solved by itself; without rescue surgery all are together.
    """
    return [list(some) for _, some in groupby(jobs, key=lambda job: job.operation)]


def _simulate_jobs(model: Model, design: Design, jobs: Sequence[Job], threads: int | None) -> list[ArmScores]:
    """Run jobs in as few calls as can be."""
    parts = [_simulate_together(model, design, some, threads) for some in with_one_operation(jobs)]
    return [scores for part in parts for scores in part]


def _simulate_together(model: Model, design: Design, jobs: Sequence[Job], threads: int | None) -> list[ArmScores]:
    """Run all jobs in one call and deal the results out again."""
    starts = np.cumsum([0] + [len(job.rows) for job in jobs])
    events = Events.joined(
        *(replace(job.events, patient=job.events.patient + start) for job, start in zip(jobs, starts, strict=False))
    )
    names = [str(score) for score in SCORES]
    planned = np.array([0.0, *(month * DAYS_PER_MONTH for month in design.visits_months)])
    days = planned
    if design.visit_window_days:
        days = planned + np.concatenate([job.days_late for job in jobs])
    trajectories = simulate(
        model,
        np.concatenate([job.parameters for job in jobs]),
        np.concatenate([job.initial for job in jobs]),
        times_days=days,
        events=events,
        rules=rescue_rules(design, np.concatenate([job.threshold for job in jobs]), jobs[0].operation),
        outputs=names,
        threads=threads,
    )
    results = []
    for job, start, stop in zip(jobs, starts, starts[1:], strict=False):
        true = trajectories.values[start:stop]
        if job.trend is not None:
            true = true.copy()
            true[:, 1:, SCORES.index(design.endpoint.outcome)] += job.trend[:, None]
        scores = np.empty_like(true)
        for column, score in enumerate(SCORES):
            scores[:, :, column] = measured(
                score, true[:, :, column], job.errors[:, :, column], job.steps[:, column, None]
            )
        rescued = (
            trajectories.triggered[start:stop, 0, :]
            if design.rescue is not None
            else np.zeros(scores.shape[:2], dtype=bool)
        )
        results.append(ArmScores(scores, rescued, trajectories.status[start:stop] == 0))
    return results


def _gather(
    design: Design,
    patients: Patients,
    seed: int,
    enrolment: Enrolment,
    done: Sequence[tuple[Job, ArmScores]],
    *,
    every_arm: bool,
) -> Conducted:
    """Put each patient's own arm together, and take away what was never seen."""
    n = len(patients)
    assigned = enrolment.assigned
    first = done[0][1]
    scores = np.empty((n, *first.scores.shape[1:]))
    rescued = np.zeros((n, first.rescued.shape[1]), dtype=bool)
    solved = np.zeros(n, dtype=bool)
    potential: dict[str, ArmScores] = {}
    baseline = np.stack([patients.covariates[str(score)].to_numpy(dtype=float) for score in SCORES], axis=1)
    for index, (job, result) in enumerate(done):
        # baseline is the measurement at entry, which decided who enrols
        result.scores[:, 0, :] = baseline[job.rows]
        mine = np.flatnonzero(assigned[job.rows] == index)
        rows = job.rows[mine]
        scores[rows] = result.scores[mine]
        rescued[rows], solved[rows] = result.rescued[mine], result.is_solved[mine]
        if every_arm:
            potential[job.arm] = result
    trial = Everybody(patients, enrolment.arrivals, assigned, scores, rescued, solved, potential)
    return as_seen(design, trial, seed)


def score_column(score: Score) -> int:
    """Return the place of a score in the arrays of a trial."""
    return SCORES.index(score)
