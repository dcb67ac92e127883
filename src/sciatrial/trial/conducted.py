"""One trial as it went, and as it would have gone with other arms assigned: who was in it, what was seen of whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sciatrial.foundation import DAYS_PER_MONTH, uniforms
from sciatrial.population import Patients
from sciatrial.trial.accrual import Arrivals, arrival_months
from sciatrial.trial.design import Design
from sciatrial.trial.missingness import missing_luck, seen_visits

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ArmScores:
    """What would be seen of every patient in one arm, were nobody lost.

    ``scores`` has dims ``patient, occasion, score`` (occasion 0 is baseline, then the visits; scores in the order of
    ``SCORES``), as measured; ``rescued`` dims ``patient, occasion``; ``is_solved`` dims ``patient``.
    """

    scores: NDArray[np.float64]
    rescued: NDArray[np.bool_]
    is_solved: NDArray[np.bool_]


@dataclass(frozen=True)
class Conducted:
    """One trial as it went: who got which arm, what was seen, who was lost.

    ``assigned`` (dims ``patient``) is the arm's index; ``scores``, ``rescued`` as in `ArmScores`, of each
    patient's own arm; ``is_observed`` and ``has_stayed`` (not yet lost, seen or not) dims ``patient, occasion``;
    ``potential`` holds every patient in every arm when that was asked for. ``arrivals`` says when and where each was
    randomised; None: as the plan expects, at one site. ``days_late`` (dims ``patient, occasion``) are days after
    the planned ones; None: as planned. ``covariates`` stands for the patients where they are not at hand. ``ended``
    is the month in which it stopped for harm, None where it did not: nothing took place after it. ``periods`` (dims
    ``patient``, from 0) are those of assignment, for which an analysis may adjust; None where neither the ratio nor who
    is recruited ever changes.
    """

    patients: Patients
    assigned: NDArray[np.int64]
    scores: NDArray[np.float64]
    rescued: NDArray[np.bool_]
    is_solved: NDArray[np.bool_]
    is_observed: NDArray[np.bool_]
    potential: Mapping[str, ArmScores]
    has_stayed: NDArray[np.bool_] | None = None
    arrivals: Arrivals | None = None
    days_late: NDArray[np.float64] | None = None
    covariates: pd.DataFrame | None = None
    ended: float | None = None
    periods: NDArray[np.int64] | None = None

    @property
    def people(self) -> pd.DataFrame:
        """Covariates of the patients, one row each."""
        return self.patients.covariates if self.covariates is None else self.covariates

    @property
    def stayed(self) -> NDArray[np.bool_]:
        """Who has not left by an occasion, seen or not; where that is not told, who is seen; as ``is_observed``."""
        return self.is_observed if self.has_stayed is None else self.has_stayed


def randomised_months(design: Design, trial: Conducted) -> NDArray[np.float64]:
    """Return the month in which each patient was randomised, the first site's opening at 0; dims ``patient``.

    As the plan expects where the trial has no arrivals of its own; NaN without accrual.
    """
    n = len(trial.assigned)
    if design.accrual is None:
        return np.full(n, np.nan)
    return arrival_months(design.accrual, n) if trial.arrivals is None else trial.arrivals.months


def visit_months(
    trial: Conducted, randomised: NDArray[np.float64], visits_months: Sequence[float]
) -> NDArray[np.float64]:
    """Return the month of each visit, the baseline first, as it takes place; dims ``patient, occasion``.

    Parameters
    ----------
    randomised
        Month of randomisation; dims ``patient``.
    visits_months
        Of the design.
    """
    visits = randomised[:, None] + np.array([0.0, *visits_months])
    return visits if trial.days_late is None else visits + trial.days_late / DAYS_PER_MONTH


def first_patients(patients: Patients, n: int) -> Patients:
    """Return the first `n` patients in the order of enrolment, at least one; nobody after them was screened."""
    return patients.only(slice(n))


def first_randomised(trial: Conducted, n: int) -> Conducted:
    """Return a trial as it went for the first `n` patients; nobody after them was randomised."""
    return Conducted(
        patients=first_patients(trial.patients, n),
        assigned=trial.assigned[:n],
        scores=trial.scores[:n],
        rescued=trial.rescued[:n],
        is_solved=trial.is_solved[:n],
        is_observed=trial.is_observed[:n],
        potential={
            arm: ArmScores(every.scores[:n], every.rescued[:n], every.is_solved[:n])
            for arm, every in trial.potential.items()
        },
        has_stayed=None if trial.has_stayed is None else trial.has_stayed[:n],
        arrivals=None if trial.arrivals is None else trial.arrivals.first(n),
        days_late=None if trial.days_late is None else trial.days_late[:n],
        covariates=None if trial.covariates is None else trial.covariates.iloc[:n],
        ended=trial.ended,
        periods=None if trial.periods is None else trial.periods[:n],
    )


def day_of_end(trial: Conducted) -> NDArray[np.float64]:
    """Return the day since randomisation on which the trial stops for harm, infinite without; dims ``patient``."""
    if trial.ended is None or trial.arrivals is None:
        return np.full(len(trial.assigned), np.inf)
    return (trial.ended - trial.arrivals.months) * DAYS_PER_MONTH


def taken_place(trial: Conducted, visits_months: Sequence[float]) -> NDArray[np.bool_]:
    """Return which visits, the baseline first, take place before a trial stops for harm; dims ``patient, occasion``."""
    if trial.ended is None or trial.arrivals is None:
        return np.ones(trial.is_observed.shape, dtype=bool)
    return visit_months(trial, trial.arrivals.months, visits_months) <= trial.ended


def visit_days(trial: Conducted, visits_months: Sequence[float]) -> NDArray[np.float64]:
    """Return the day of each visit since randomisation, the baseline first; dims ``patient, occasion``."""
    planned = np.array([0.0, *(month * DAYS_PER_MONTH for month in visits_months)])
    return planned + (np.zeros(trial.is_observed.shape) if trial.days_late is None else trial.days_late)


def has_been_there(trial: Conducted) -> NDArray[np.bool_]:
    """Return at which visits each patient had not left yet, seen or not, whether or not the trial still went on.

    Everybody was there at the baseline, a patient who could not be solved at no later visit; dims ``patient,
    occasion``.
    """
    there = trial.stayed & trial.is_solved[:, None]
    there[:, 0] = True
    return there


def only_patients(trial: Conducted, kept: NDArray[np.int64]) -> Conducted:
    """Return a trial as it went for some of its patients, by their place in the order of enrolment, increasing.

    What they would have shown in other arms is left out.
    """

    def some(values: NDArray | None) -> NDArray | None:
        return None if values is None else values[kept]

    return replace(
        trial,
        patients=trial.patients if trial.patients is None else trial.patients.only(kept),
        assigned=trial.assigned[kept],
        scores=trial.scores[kept],
        rescued=trial.rescued[kept],
        is_solved=trial.is_solved[kept],
        is_observed=trial.is_observed[kept],
        potential={},
        has_stayed=some(trial.has_stayed),
        arrivals=None if trial.arrivals is None else trial.arrivals.only(kept),
        days_late=some(trial.days_late),
        covariates=None if trial.covariates is None else trial.covariates.iloc[kept],
        periods=some(trial.periods),
    )


def days_late(design: Design, patients: Patients) -> NDArray[np.float64]:
    """Return how many days after the planned one each visit takes place; dims ``patient, occasion``.

    Within the design's window, the same in every arm.
    """
    late = np.zeros((len(patients), len(design.visits_months) + 1))
    if design.visit_window_days:
        for occasion in range(1, late.shape[1]):
            luck = uniforms(patients.seed, f"day of visit {occasion}", patients.numbers)
            late[:, occasion] = design.visit_window_days * (2 * luck - 1)
    return late


@dataclass(frozen=True)
class Everybody:
    """What there would be to see of each patient in the assigned arm, were nobody lost; as in `Conducted`."""

    patients: Patients
    arrivals: Arrivals | None
    assigned: NDArray[np.int64]
    scores: NDArray[np.float64]
    rescued: NDArray[np.bool_]
    is_solved: NDArray[np.bool_]
    potential: Mapping[str, ArmScores]


def as_seen(design: Design, every: Everybody, seed: int) -> Conducted:
    """Return the trial with what was never seen taken away."""
    seen = seen_visits(design, every.assigned, every.scores, missing_luck(design, len(every.patients), seed))
    observed = seen.observed & every.is_solved[:, None]
    observed[:, 0] = True
    return Conducted(
        patients=every.patients,
        assigned=every.assigned,
        scores=every.scores,
        # nobody rescues somebody who has left; who only misses the visit is rescued, and the trial hears of it
        rescued=every.rescued & seen.stayed & every.is_solved[:, None],
        is_solved=every.is_solved,
        is_observed=observed,
        potential=every.potential,
        has_stayed=seen.stayed,
        arrivals=every.arrivals,
        days_late=days_late(design, every.patients),
    )


def reassigned(design: Design, trial: Conducted, assigned: NDArray[np.int64], seed: int) -> Conducted:
    """Return a trial as it goes with other arms assigned; everything else in it is as it was.

    Parameters
    ----------
    design
        The design that the trial was conducted by.
    trial
        Conducted with `every_arm`, so that each patient is known in every arm.
    assigned
        The arm's index; dims ``patient``.
    seed
        Of the trial's luck, as in `conduct`.
    """
    arms = [trial.potential[arm] for arm in design.arms]

    def mine(values: Sequence[NDArray]) -> NDArray:
        return np.stack(values)[assigned, np.arange(len(assigned))]

    every = Everybody(
        trial.patients,
        trial.arrivals,
        assigned,
        mine([arm.scores for arm in arms]),
        mine([arm.rescued for arm in arms]),
        mine([arm.is_solved for arm in arms]),
        trial.potential,
    )
    return as_seen(design, every, seed)
