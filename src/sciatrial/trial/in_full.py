"""One simulated trial, patient by patient: whichever of a study's trials, as it was simulated among the many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.clinic import SCORES, hazards
from sciatrial.evidence import Evidence
from sciatrial.foundation import Problem, Record, TrialError
from sciatrial.model import Model
from sciatrial.parameters import Draws, Prior
from sciatrial.population import Cohort
from sciatrial.trial.analysed import analysed_rows, ended_trial
from sciatrial.trial.conducted import Conducted, day_of_end, has_been_there, taken_place, visit_days
from sciatrial.trial.course import completed_trials
from sciatrial.trial.design import Design
from sciatrial.trial.estimand import after_rescue
from sciatrial.trial.factors import causes_of
from sciatrial.trial.flow import participant_flow
from sciatrial.trial.harm_course import follows_boundary
from sciatrial.trial.operating import draws_for, trial_patients, trial_seed, unblinding_of
from sciatrial.trial.patient_harms import days_treated, heard_until
from sciatrial.trial.results import Scenario
from sciatrial.trial.run import endpoint_words
from sciatrial.trial.sampled_harms import sampled_harms
from sciatrial.trial.subgroup import IN_SUBGROUP, members_of
from sciatrial.trial.unblinding import Unblinding

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class TrialInFull(Record):
    """One simulated trial, patient by patient; `place` is the patient's place in the order of randomisation, from 0.

    ``subjects``: one row a patient: ``place, patient`` (number of the candidate), ``arm, site`` (from 1), ``period``
    (of assignment, from 1; NaN where neither the ratio nor who is recruited ever changes),
    ``months_until_randomised`` (since the first site opened; NaN without accrual), ``in_subgroup`` (as told at entry;
    with `enrichment` alone), ``cause, age_years, is_female, symptom_months, herniation_class``, scores at entry,
    ``first_treated_day`` (NaN: never, or not before the trial stopped for harm), ``is_solved, has_stayed`` (until the
    last visit), ``is_cut_short`` (still there at that stop, before the last visit), ``last_day`` (of the last visit
    before leaving, or of that stop), ``rescued_day`` (NaN: no rescue), ``is_analysed``. ``scores``: one row a patient,
    visit and score that was seen: ``place, occasion, month, day, score, value, baseline, is_after_rescue, first_look``.
    ``analysed``: see `analysed_rows`; ``harms``, ``harms_not_drawn``: see `sampled_harms`; ``contrasts``, ``looks``:
    the trial's own numbers, as in `TrialResult`; ``allocation``: see `InCourse`, empty where the course assigns nobody;
    ``flow``: see `participant_flow`; ``screening``: counts ``screened, eligible, unsolved, excluded``.
    """

    scenario: str
    number: int
    endpoint: Mapping[str, Any]
    subjects: pd.DataFrame
    scores: pd.DataFrame
    analysed: pd.DataFrame
    harms: pd.DataFrame
    harms_not_drawn: pd.DataFrame
    contrasts: pd.DataFrame
    looks: pd.DataFrame
    allocation: pd.DataFrame
    flow: Mapping[str, Any]
    screening: Mapping[str, Any]

    def table(self) -> pd.DataFrame:
        """Return the patients, one row each."""
        return self.subjects

    def __repr__(self) -> str:
        arms = ", ".join(f"{arm} {counts['allocated']}" for arm, counts in self.flow.items())
        return f"TrialInFull: trial {self.number} of scenario {self.scenario}\n  {arms}"


def trial_in_full(
    model: Model,
    design: Design,
    prior: Prior,
    cohort: Cohort,
    evidence: Evidence,
    *,
    scenario: Scenario | str,
    trial: int,
    seed: int,
    inclusion_probability: float = 0.5,
    posterior: Draws | None = None,
    unblinding: Unblinding | None = None,
    threads: int | None = None,
) -> TrialInFull:
    """Simulate one trial and keep every patient: the very patients that `simulate_trials` gives this trial.

    Parameters
    ----------
    model, design, prior, cohort
        As in `simulate_trials`.
    evidence
        The published tables, whose counts say how often there are harms.
    scenario, trial, seed
        Which truth, the number of the trial (from 0), and the seed of the study.
    inclusion_probability, posterior, unblinding
        As in `simulate_trials`.

    Returns
    -------
    TrialInFull

    Raises
    ------
    CohortError
        When this trial could not enrol.
    TrialError
        When the number is negative, or nobody learns an arm in the scenario ``unblinded_null``.
    """
    if trial < 0:
        raise TrialError("trial", Problem("number", f"is {trial}", "0 or more", "trials are numbered from 0"))
    scenario = Scenario(scenario)
    draws = draws_for(
        prior, scenario, first=trial, count=1, seed=seed, inclusion_probability=inclusion_probability,
        posterior=posterior,
    )  # fmt: skip
    patients = trial_patients(model, design, draws, cohort, place=0, trial=trial, seed=seed, threads=threads)
    own_seed = trial_seed(seed, trial)
    broken = unblinding_of(design, scenario, unblinding)
    known = hazards(evidence, patients.draw) if follows_boundary(design) else ()
    completed = completed_trials(
        model, design, [patients], [own_seed], unblinding=broken, known_harms=known, threads=threads
    )[0]
    done, monitored = completed.trial, completed.monitored
    ended = ended_trial(design, completed)
    analysed, looks = ended.analysed, ended.first_look
    first_days, why = days_treated(design, done, own_seed)
    subjects = _subject_rows(design, done, analysed.is_used, first_days)
    harms, not_drawn = sampled_harms(
        design, evidence, done, seed=own_seed, first_days=first_days, last_days=heard_until(design, done)
    )
    return TrialInFull(
        scenario=str(scenario),
        number=trial,
        endpoint=endpoint_words(design),
        subjects=subjects,
        scores=_score_rows(design, done, looks),
        analysed=analysed_rows(design, done, analysed, looks),
        harms=harms,
        harms_not_drawn=not_drawn,
        contrasts=monitored.contrasts,
        looks=monitored.looks,
        allocation=completed.allocation,
        flow=participant_flow(design, done, analysed, first_days, why),
        screening=done.patients.screening,
    )


def _subject_rows(
    design: Design, trial: Conducted, is_analysed: NDArray[np.bool_], first_days: NDArray[np.float64]
) -> pd.DataFrame:
    import pandas as pd

    people, n = trial.patients.covariates, len(trial.assigned)
    days, there = visit_days(trial, design.visits_months), has_been_there(trial)
    taken = trial.rescued.any(axis=1)
    took_place, end = taken_place(trial, design.visits_months), day_of_end(trial)
    is_cut_short = (there | ~took_place).all(axis=1) & ~took_place.all(axis=1) & trial.is_solved
    last_day = np.where(there & took_place, days, 0.0).max(axis=1)
    arrivals, periods = trial.arrivals, trial.periods
    columns: dict[str, Any] = {
        "place": np.arange(n),
        "patient": trial.patients.numbers,
        "arm": np.array(list(design.arms), dtype=object)[trial.assigned],
        "site": np.ones(n, dtype=np.int64) if arrivals is None else arrivals.sites + 1,
        "period": np.full(n, np.nan) if periods is None else periods + 1.0,
        "months_until_randomised": np.full(n, np.nan) if arrivals is None else arrivals.months,
    }
    causes = causes_of(people)
    columns["cause"] = np.where(causes == "", trial.patients.cause, causes)
    if design.enrichment is not None:
        columns[IN_SUBGROUP] = members_of(people)
    for name in ("age_years", "is_female", "symptom_months", "herniation_class", *(str(score) for score in SCORES)):
        columns[name] = people[name].to_numpy()
    columns |= {
        "first_treated_day": np.where(first_days <= end, first_days, np.nan),
        "is_solved": trial.is_solved,
        "has_stayed": there[:, -1] & ~is_cut_short,
        "is_cut_short": is_cut_short,
        "last_day": np.where(is_cut_short, end, last_day),
        "rescued_day": np.where(taken, days[np.arange(n), trial.rescued.argmax(axis=1)], np.nan),
        "is_analysed": is_analysed,
    }
    return pd.DataFrame(columns)


def _score_rows(design: Design, trial: Conducted, looks: NDArray[np.float64]) -> pd.DataFrame:
    import pandas as pd

    days, after = visit_days(trial, design.visits_months), after_rescue(trial.rescued)
    months = np.array([0.0, *design.visits_months])
    place, occasion = np.nonzero(trial.is_observed)
    names = np.array([str(score) for score in SCORES], dtype=object)

    def each(values: NDArray[Any]) -> NDArray[Any]:
        return np.repeat(values, len(names))

    return pd.DataFrame(
        {
            "place": each(place),
            "occasion": each(occasion),
            "month": each(months[occasion]),
            "day": each(days[place, occasion]),
            "score": np.tile(names, len(place)),
            "value": trial.scores[place, occasion].ravel(),
            "baseline": trial.scores[place, 0].ravel(),
            "is_after_rescue": each(after[place, occasion]),
            "first_look": each(looks[place, occasion]),
        }
    )
