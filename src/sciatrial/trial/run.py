"""One trial: enrolled patients and a design → TrialResult."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sciatrial.clinic import SCORES, Hazard
from sciatrial.foundation import Problem, Score, TrialError, scale_of
from sciatrial.model import Model
from sciatrial.population import Patients
from sciatrial.trial.aims import EndpointMeasure
from sciatrial.trial.analysed import ended_trial
from sciatrial.trial.analysis import arm_summaries
from sciatrial.trial.borrowed import borrowed_rows
from sciatrial.trial.calendar import known_endpoints
from sciatrial.trial.conducted import Conducted, first_patients, taken_place
from sciatrial.trial.control_prior import ControlPrior, prior_of
from sciatrial.trial.course import Completed, completed_trials
from sciatrial.trial.design import Design
from sciatrial.trial.dose_response import dose_findings
from sciatrial.trial.factors import causes_of, covariate_names
from sciatrial.trial.flow import participant_flow
from sciatrial.trial.inside import inside_courses
from sciatrial.trial.pairwise import alone_in_strata
from sciatrial.trial.patient_harms import days_treated
from sciatrial.trial.results import TrialResult
from sciatrial.trial.subgroup import IN_SUBGROUP, members_of

if TYPE_CHECKING:
    import pandas as pd


def run_trial(
    model: Model,
    design: Design,
    patients: Patients,
    *,
    seed: int,
    name: str = "trial",
    known_harms: Sequence[Hazard] = (),
    control_prior: ControlPrior | None = None,
    threads: int | None = None,
) -> TrialResult:
    """Conduct one trial and analyse it as its design says.

    What is estimated, and what becomes of scores after rescue, is the design's estimand.

    Parameters
    ----------
    model
        The equations.
    design
        Arms, allocation, visits, endpoint.
    patients
        Enrolled patients, at least as many as the design randomises; the first ones are taken.
    seed
        Any whole number: allocation and dropout. Measurement errors belong to the patients.
    name
        How the trial is called.
    known_harms
        From `hazards`; needed where the boundary for harm counts some of them.
    control_prior
        Of published control arms; needed where the design borrows them.

    Returns
    -------
    TrialResult
        Estimates with 95 % intervals (or what `alpha` says), summaries by arm and visit, counts.

    Raises
    ------
    TrialError
        When there are fewer patients than the design randomises, a harm that the boundary counts has no rate, or the
        prior of published control arms is missing.
    """
    borrowed = prior_of(design, control_prior)
    group = enrolled(design, patients)
    completed = completed_trials(model, design, [group], [seed], known_harms=known_harms, threads=threads)[0]
    return trial_result(model, design, completed, name, seed=seed, control_prior=borrowed, threads=threads)


def enrolled(design: Design, patients: Patients) -> Patients:
    """Return the first patients, as many as the design randomises."""
    # whoever is turned away is not missed: recruitment ends with the patients that there are
    needed = design.most_patients if design.enrichment is None else design.size
    if len(patients) < needed:
        raise TrialError(
            "trial",
            Problem(
                "patients",
                f"there are {len(patients)}",
                f"{needed} or more",
                "sample more, or lower n_total",
            ),
        )
    return first_patients(patients, design.most_patients)


def trial_result(
    model: Model,
    design: Design,
    completed: Completed,
    name: str,
    *,
    seed: int,
    control_prior: ControlPrior | None = None,
    threads: int | None = None,
) -> TrialResult:
    """Put together what a completed trial says; `seed` is the one it was conducted with.

    A trial that stops early has no patients beyond those randomised by then: they are in no table.
    """
    trial, monitored = completed.trial, completed.monitored
    found = dose_findings(design, trial, seed=seed)
    doses = {} if found is None else {f"dose_{name}": frame for name, frame in vars(found).items()}
    analysed = ended_trial(design, completed).analysed
    flow = participant_flow(design, trial, analysed, *days_treated(design, trial, seed))
    return TrialResult(
        name=name,
        endpoint=endpoint_words(design),
        alpha=design.alpha,
        alpha_of_a_side=design.bounds().rules.alpha_of_a_side,
        contrasts=monitored.contrasts,
        looks=monitored.looks,
        arms=arm_summaries(design, trial),
        baseline=baseline_table(design, trial),
        patients=patient_rows(design, trial),
        inside=inside_courses(model, design, [trial.patients], [seed], assigned=[trial.assigned], threads=threads)[0],
        conduct={**conduct_counts(design, trial), "flow": flow},
        allocation=completed.allocation,
        analyses=completed.analyses,
        margins=completed.margins,
        borrowed=borrowed_rows(design, trial, control_prior),
        **doses,
    )


def endpoint_words(design: Design) -> dict[str, Any]:
    """Return the endpoint as plain values."""
    endpoint = design.endpoint
    told: dict[str, Any] = {
        "outcome": str(endpoint.outcome), "month": float(endpoint.month), "measure": str(endpoint.measure)
    }  # fmt: skip
    if endpoint.measure is EndpointMeasure.CHANGE_FROM_BASELINE:
        return told
    return told | {"rule": endpoint.rule or "", "summary_measure": str(design.estimand.summary_measure)}


def conduct_counts(design: Design, trial: Conducted) -> dict[str, Any]:
    """Count screening, randomisation, dropout and rescue; where shares are compared in strata, who is alone in one."""
    occasion = 1 + design.visits_months.index(design.endpoint.month)
    by_arm = {arm: trial.assigned == index for index, arm in enumerate(design.arms)}
    alone = alone_in_strata(design, trial, known_endpoints(design, trial))
    due = taken_place(trial, design.visits_months)
    missed = due & trial.stayed & ~trial.is_observed & trial.is_solved[:, None]
    lost = (due & ~trial.stayed).any(axis=1)
    screening = dict(trial.patients.screening)
    if design.enrichment is not None:
        away = screening["eligible"] - len(trial.assigned)
        screening["excluded"] = {**screening["excluded"], _TURNED_AWAY: away}
    return {
        **screening,
        "randomised": {arm: int(mine.sum()) for arm, mine in by_arm.items()},
        "unsolved_in_trial": int((~trial.is_solved).sum()),
        "observed_at_endpoint": {
            arm: int((mine & trial.is_observed[:, occasion]).sum()) for arm, mine in by_arm.items()
        },
        "dropped_out": {arm: int((mine & trial.is_solved & lost).sum()) for arm, mine in by_arm.items()},
        "missed_visits": {arm: int(missed[mine].sum()) for arm, mine in by_arm.items()},
        "rescued": {arm: int((mine & trial.rescued.any(axis=1)).sum()) for arm, mine in by_arm.items()},
        **({"alone_in_strata": alone} if alone else {}),
    }


def patient_rows(design: Design, trial: Conducted) -> pd.DataFrame:
    """Return one row a patient and occasion: arm, site, planned month, days after it, scores as measured, rescue.

    Scores are empty when not observed; sites are numbered from 1. What the analysis adjusts for beside scores at entry
    is repeated in every row of a patient.
    """
    import pandas as pd

    months = np.array([0.0, *design.visits_months])
    names = np.array(list(design.arms), dtype=object)
    n, n_occasions = trial.is_observed.shape
    columns: dict[str, Any] = {
        "patient": np.repeat(trial.patients.numbers, n_occasions),
        "arm": np.repeat(names[trial.assigned], n_occasions),
        "month": np.tile(months, n),
    }
    if design.n_sites > 1 and trial.arrivals is not None:
        columns["site"] = np.repeat(trial.arrivals.sites + 1, n_occasions)
    if design.visit_window_days and trial.days_late is not None:
        columns["days_late"] = trial.days_late.ravel()
    if design.enrichment is not None:
        columns[IN_SUBGROUP] = np.repeat(members_of(trial.people), n_occasions)
    scores = [str(score) for score in SCORES]
    columns |= {
        name: np.repeat(trial.people[name].to_numpy(), n_occasions)
        for name in covariate_names(design.adjust_for)
        if name not in scores
    }
    for column, score in enumerate(SCORES):
        columns[str(score)] = np.where(trial.is_observed, trial.scores[:, :, column], np.nan).ravel()
    columns["is_observed"] = trial.is_observed.ravel()
    columns["is_rescued"] = np.cumsum(trial.rescued, axis=1).astype(bool).ravel()
    return pd.DataFrame(columns)


_TURNED_AWAY = "outside the subgroup, after the look that left it alone"
_NUMBERS = {
    "age_years": ("Age", "years"),
    "symptom_months": ("Duration of symptoms", "months"),
}
_LABELS = {score: str(score).replace("_", " ").capitalize() for score in Score}
_LABELS[Score.ROLAND_MORRIS] = "Roland-Morris"


def baseline_table(design: Design, trial: Conducted) -> pd.DataFrame:
    """Return the baseline table: each characteristic in each arm and in all.

    Returns
    -------
    pandas.DataFrame
        Columns ``characteristic, unit, arm, n, mean, sd, percent``; numbers have mean and sd, categories a percent.
    """
    import pandas as pd

    people = trial.patients.covariates
    groups = {"all": np.ones(len(people), dtype=bool)}
    groups |= {arm: trial.assigned == index for index, arm in enumerate(design.arms)}
    rows: list[dict[str, Any]] = []

    def number(label: str, unit: str, column: str) -> None:
        for arm, mine in groups.items():
            values = people.loc[mine, column].to_numpy(dtype=float)
            sd = float(values.std(ddof=1)) if len(values) > 1 else np.nan
            mean = float(values.mean()) if len(values) else np.nan
            rows.append(_baseline_row(label, unit, arm, len(values), mean=mean, sd=sd))

    def category(label: str, is_so) -> None:
        for arm, mine in groups.items():
            share = float(100 * is_so[mine].mean()) if mine.any() else np.nan
            rows.append(_baseline_row(label, "%", arm, int(mine.sum()), percent=share))

    number(*_NUMBERS["age_years"], "age_years")
    category("Female", people["is_female"].to_numpy(dtype=bool))
    number(*_NUMBERS["symptom_months"], "symptom_months")
    classes = people["herniation_class"].astype(str).to_numpy()
    for word in dict.fromkeys(sorted(set(classes) - {""})):
        category(f"Herniation: {word}", classes == word)
    causes = causes_of(people)
    for word in dict.fromkeys(sorted(set(causes) - {""})):
        category(f"Cause: {word}", causes == word)
    if design.enrichment is not None:
        category(f"In the subgroup: {design.enrichment.subgroup.name}", members_of(people))
    for score in SCORES:
        number(_LABELS[score], scale_of(score)[2], str(score))
    return pd.DataFrame(rows)


def _baseline_row(label: str, unit: str, arm: str, n: int, *, mean=np.nan, sd=np.nan, percent=np.nan) -> dict[str, Any]:
    return {"characteristic": label, "unit": unit, "arm": arm, "n": n, "mean": mean, "sd": sd, "percent": percent}
