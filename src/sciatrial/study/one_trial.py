"""Any simulated trial of a study, patient by patient; and its world's patients in every arm."""

from __future__ import annotations

from collections.abc import Iterator

from sciatrial.foundation import CohortError, Problem, Progress, StudyError, silent, unknown_word
from sciatrial.model import sciatica_model
from sciatrial.study import chain
from sciatrial.study.read import Study
from sciatrial.trial import EveryArm, Scenario, TrialInFull, endpoint_in_every_arm, trial_in_full

_MOST_PATIENTS = 100_000


def study_trial(study: Study, *, trial: int | None = None, scenario: Scenario | str | None = None) -> TrialInFull:
    """Return one of the trials that `run_study` simulates, with every patient of it.

    The same seeds give the same patients, whether the study was run or not.

    Parameters
    ----------
    study
        What `read_study` returned.
    trial
        Number of the trial, from 0 to one less than the study simulates. Left out, the first one that could enrol:
        of the draws, that is the trial that the report shows.
    scenario
        One of those that the study simulates; left out, the draws of its prior or posterior.

    Returns
    -------
    TrialInFull
        Frames of patients, scores, analysed values and harms, and the trial's own estimates.

    Raises
    ------
    StudyError
        For a scenario that the study does not simulate, a number that it does not reach, or a trial that could not
        enrol, each with what to ask for.

    Examples
    --------
    >>> full = study_trial(read_study("studies/epidural_cells_phase2b.toml"), trial=3)  # doctest: +SKIP
    >>> full.subjects.groupby("arm").size()  # doctest: +SKIP
    """
    asked = _scenario(study, scenario)
    n_trials = study.settings.simulation.n_trials
    if trial is not None and not 0 <= trial < n_trials:
        hint = "trials are numbered from 0; raise simulation.n_trials for more"
        problem = Problem("trial", f"is {trial}", f"0 to {n_trials - 1}, the trials of each scenario", hint)
        raise StudyError(study.name, problem)
    inputs = chain.read_inputs(study)
    for number in range(n_trials) if trial is None else (trial,):
        try:
            return _simulated(inputs, asked, number)
        except CohortError as error:
            if trial is not None:
                found = f"number {trial} of scenario {asked} could not enrol: {error.problems[0].found}"
                hint = "choose another number; the report counts those that could not"
                raise StudyError(study.name, Problem("trial", found, "a trial that could enrol", hint)) from error
    found = f"none of the {n_trials} trials of scenario {asked} could enrol"
    raise StudyError(study.name, Problem("population.eligible", found, "one trial or more", "widen the criteria"))


def _scenario(study: Study, scenario: Scenario | str | None) -> Scenario:
    known = chain.scenarios(study)
    if scenario is None:
        return known[0]
    if str(scenario) not in {str(word) for word in known}:
        problem = unknown_word("scenario", str(scenario), known, "scenario of this study")
        if str(scenario) in {str(word) for word in Scenario}:
            hint = "add it to simulation.scenarios, or choose one of these"
            problem = Problem("scenario", f"{scenario} is not simulated by this study", problem.expected, hint)
        raise StudyError(study.name, problem)
    return Scenario(scenario)


def study_responses(
    study: Study,
    *,
    n_patients: int,
    trials: int | None = None,
    scenario: Scenario | str | None = None,
    progress: Progress = silent,
) -> Iterator[tuple[int, EveryArm | None]]:
    """Yield the endpoint of virtual patients in every arm, trial by trial: each trial meets a world of its own.

    Parameters
    ----------
    study
        What `read_study` returned.
    n_patients
        Patients in each world, 1 to 100 000.
    trials
        How many worlds; left out, as many as the study simulates, which is the most.
    scenario
        One of those that the study simulates; left out, the draws of its prior or posterior.
    progress
        Told of every world.

    Yields
    ------
    tuple
        Number of the trial, and what its world shows; None where the trial could not enrol.

    Raises
    ------
    StudyError, TrialError
        For a number out of range or an unknown scenario; for an endpoint or estimand without such values.
    """
    asked = _scenario(study, scenario)
    most = study.settings.simulation.n_trials
    wanted = most if trials is None else trials
    problems = [
        Problem(name, f"is {number}", f"1 to {largest}", hint)
        for name, number, largest, hint in (
            ("trials", wanted, most, "raise simulation.n_trials for more"),
            ("patients", n_patients, _MOST_PATIENTS, "ask for fewer"),
        )
        if not 1 <= number <= largest
    ]
    if problems:
        raise StudyError(study.name, problems)
    inputs = chain.read_inputs(study)
    progress.start("worlds", wanted)
    for number in range(wanted):
        try:
            found = _in_every_arm(inputs, asked, number, n_patients)
        except CohortError:
            found = None
        yield number, found
        if not progress.advance(1):
            raise KeyboardInterrupt
    progress.finish()


def _simulated(inputs: chain.Inputs, scenario: Scenario, number: int) -> TrialInFull:
    study = inputs.study
    return trial_in_full(
        sciatica_model(),
        study.design,
        inputs.prior,
        study.cohort,
        inputs.evidence,
        scenario=scenario,
        trial=number,
        **chain.beliefs(inputs),
    )


def _in_every_arm(inputs: chain.Inputs, scenario: Scenario, number: int, n_patients: int) -> EveryArm:
    study = inputs.study
    return endpoint_in_every_arm(
        sciatica_model(),
        study.design,
        inputs.prior,
        study.cohort,
        scenario=scenario,
        trial=number,
        n_patients=n_patients,
        **chain.beliefs(inputs),
    )
