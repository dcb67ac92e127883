"""The chain from evidence to operating characteristics, room by room; each step a plain call of the room's function."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sciatrial.clinic import Hazard, hazards
from sciatrial.evidence import Evidence, read_evidence
from sciatrial.foundation import Problem, Progress, StudyError, fingerprint, nearest, silent
from sciatrial.model import sciatica_model
from sciatrial.parameters import Draws, Prior, read_prior, reference_draw, refuse_other_numbers
from sciatrial.study.borrowed import study_control_prior
from sciatrial.study.read import Study
from sciatrial.study.settings import PRIOR, REFERENCE
from sciatrial.study.stamp import versions
from sciatrial.trial import (
    ControlPrior,
    Scenario,
    TrialBatch,
    TrialResult,
    counted_harms,
    draws_for,
    follows_boundary,
    refuse_pooling,
    run_trial,
    simulate_trials,
    trial_patients,
    trial_seed,
)

if TYPE_CHECKING:
    from sciatrial.calibration import Posterior
    from sciatrial.population import PopulationComparison

TRIALS_PER_BATCH = 10
_PATIENTS_PER_BATCH = 40_000  # in all arms: what a batch holds in memory stays below some hundred megabytes


@dataclass(frozen=True)
class Inputs:
    """Everything that decides the numbers of a run; without a posterior they are drawn from the prior.

    What is known of the posterior's patients beside published ones decides no number: it is for the report. The
    control's prior follows from the rest.
    """

    study: Study
    evidence: Evidence
    prior: Prior
    posterior: Posterior | None = None
    population: PopulationComparison | None = None
    control_prior: ControlPrior | None = None

    def fingerprint(self) -> str:
        """Return a short hash of the inputs and of the programs."""
        calibrated = None if self.posterior is None else self.posterior.fingerprint()
        tables = [self.evidence.fingerprint(), fingerprint(self.prior.rows), calibrated]
        parts = [self.study.fingerprint(), *tables, dict(versions())]
        return fingerprint(parts)[:12]


def read_inputs(
    study: Study,
    *,
    evidence: Evidence | None = None,
    posterior: Posterior | None = None,
    population: PopulationComparison | None = None,
) -> Inputs:
    """Read what the study needs, and check that the study fits it.

    Parameters
    ----------
    study
        The study.
    evidence, posterior, population
        Tables, posterior and comparison of its patients to use in place of those that the study names.

    Raises
    ------
    EvidenceError, CalibrationError
        When a table or the posterior cannot be used.
    StudyError
        When the study compares itself with a study or an arm that the tables do not hold, names a folder that holds
        no posterior, or borrows a control that the tables do not give.
    TrialError
        When the boundary for harm counts harms that the arm does not have, or of which the tables give no rate; when a
        pool is asked for from which the design's trials cannot be drawn.
    """
    if evidence is None:
        named = study.settings.evidence.tables
        evidence = read_evidence(None if named == "shipped" else study.folder / named)
    problems = _comparison_problems(study, evidence)
    if problems:
        raise StudyError(study.name, problems)
    prior = read_prior()
    counted_harms(study.design, hazards(evidence, reference_draw(prior).one(0)))
    if study.settings.simulation.pool:
        refuse_pooling(study.design)
    if posterior is None:
        posterior = read_posterior(study, prior)
        population = None if posterior is None else read_population(study, posterior)
    control_prior = study_control_prior(study, evidence, prior, posterior)
    return Inputs(study, evidence, prior, posterior, population, control_prior)


def read_posterior(study: Study, prior: Prior) -> Posterior | None:
    """Return the posterior that the study names, None for the prior.

    Raises
    ------
    CalibrationError
        When the package came without its posterior, or the posterior is of other numbers than the prior.
    StudyError
        When the folder holds no posterior.
    """
    named = study.settings.calibration.parameters
    if named == PRIOR:
        return None
    from sciatrial.calibration import reference_posterior  # here: a run from the prior does without the room of the fit

    posterior = reference_posterior() if named == REFERENCE else kept_posterior(study.folder / named)
    if posterior is None:
        expected = f"{PRIOR}, {REFERENCE}, or a folder with a saved posterior"
        found = f"there is no folder {str(study.folder / named)!r}"
        hint = f"check the path; {REFERENCE!r} is the posterior that ships with the package"
        raise StudyError(study.name, Problem("calibration.parameters", found, expected, hint))
    refuse_other_numbers(prior, posterior.draws)
    return posterior


def read_population(study: Study, posterior: Posterior) -> PopulationComparison | None:
    """Return virtual patients of the study's posterior beside published ones, None where nobody compared them.

    It ships with the package's posterior, and `sciatrial calibrate` leaves it beside its own.
    """
    from sciatrial.calibration import reference_population

    named = study.settings.calibration.parameters
    if named != REFERENCE:
        return compared_beside(study.folder / named, posterior)
    found = reference_population()
    return found if found.is_of(posterior.fingerprint()) else None


def compared_beside(folder: Path, posterior: Posterior) -> PopulationComparison | None:
    """Return the comparison that stands beside a saved posterior, None where there is none of it."""
    from sciatrial.calibration import kept_population

    return kept_population(folder, posterior)


def kept_posterior(folder: Path) -> Posterior | None:
    """Return the posterior in a folder, None when there is no such folder."""
    if not folder.is_dir():
        return None
    from sciatrial.calibration import Posterior

    return Posterior.load(folder)


def planned_control_prior(study: Study) -> ControlPrior | None:
    """Return the prior that a study borrows for its control, None where it borrows none; raises as `read_inputs`."""
    return None if study.design.borrowing is None else read_inputs(study).control_prior


def check_study(study: Study) -> None:
    """Read everything that a study needs and run nothing; raises as `read_inputs` does."""
    read_inputs(study)


def _comparison_problems(study: Study, evidence: Evidence) -> list[Problem]:
    wanted = study.settings.evidence
    if wanted.compare_with is None:
        if not wanted.same_arm:
            return []
        return [Problem("evidence.same_arm", "has nothing to point at", "compare_with", "name the published study")]
    known = evidence.studies["study_id"].tolist()
    if wanted.compare_with not in known:
        close = nearest(wanted.compare_with, known)
        hint = f"did you mean {close!r}?" if close else "see `sciatrial show evidence`"
        found = f"{wanted.compare_with!r} is not in the tables"
        return [Problem("evidence.compare_with", found, f"one of {len(known)} studies", hint)]
    arms = evidence.arms.loc[evidence.arms["study_id"] == wanted.compare_with, "arm_id"].tolist()
    return [
        Problem(f"evidence.same_arm.{ours}", f"{theirs!r} is not an arm of it", "one of " + ", ".join(arms))
        for ours, theirs in wanted.same_arm.items()
        if theirs not in arms
    ]


def same_arm(inputs: Inputs) -> dict[str, str]:
    """Return our arm → published arm, for the arms that stand beside each other."""
    wanted = inputs.study.settings.evidence
    if wanted.compare_with is None:
        return {}
    if wanted.same_arm:
        return dict(wanted.same_arm)
    arms = inputs.evidence.arms
    published = set(arms.loc[arms["study_id"] == wanted.compare_with, "arm_id"])
    return {arm: arm for arm in inputs.study.design.arms if arm in published}


def scenarios(study: Study) -> tuple[Scenario, ...]:
    """Return the scenarios in which trials are simulated, the draws of the prior or posterior first."""
    return (study.settings.calibration.drawn, *study.settings.simulation.scenarios)


def study_draws(study: Study, *, n_draws: int) -> Draws:
    """Return the draws that the first trials of a study meet: of the prior, or of the posterior that it names.

    Raises
    ------
    StudyError, CalibrationError
        When the posterior cannot be used; see `read_posterior`.
    """
    prior = read_prior()
    return _draws(study, prior, read_posterior(study, prior), n_draws)


def run_draws(inputs: Inputs) -> Draws:
    """Return the draws that the trials of a run meet, one a trial."""
    return _draws(inputs.study, inputs.prior, inputs.posterior, inputs.study.settings.simulation.n_trials)


def _draws(study: Study, prior: Prior, posterior: Posterior | None, n_draws: int) -> Draws:
    settings = study.settings
    return draws_for(
        prior,
        settings.calibration.drawn,
        first=0,
        count=n_draws,
        seed=settings.seed,
        inclusion_probability=settings.calibration.inclusion_probability,
        posterior=None if posterior is None else posterior.draws,
    )


def batch_places(study: Study) -> Iterator[tuple[Scenario, int, int]]:
    """Yield scenario, first trial and number of trials of each batch."""
    n_trials = study.settings.simulation.n_trials
    of_one_trial = study.design.size * len(study.design.arms)
    size = max(1, min(TRIALS_PER_BATCH, _PATIENTS_PER_BATCH // of_one_trial))
    for scenario in scenarios(study):
        for first in range(0, n_trials, size):
            yield scenario, first, min(size, n_trials - first)


def batch(inputs: Inputs, scenario: Scenario, first: int, count: int, progress: Progress = silent) -> TrialBatch:
    """Simulate one batch of trials."""
    study = inputs.study
    return simulate_trials(
        sciatica_model(),
        study.design,
        inputs.prior,
        study.cohort,
        scenario=scenario,
        first=first,
        count=count,
        known_harms=_known_harms(inputs),
        control_prior=inputs.control_prior,
        progress=progress,
        **beliefs(inputs),
    )


def beliefs(inputs: Inputs) -> dict[str, Any]:
    """Return what all trials of a study have in common, whichever way they are simulated."""
    settings = inputs.study.settings
    return {
        "seed": settings.seed,
        "inclusion_probability": settings.calibration.inclusion_probability,
        "posterior": None if inputs.posterior is None else inputs.posterior.draws,
        "unblinding": settings.simulation.unblinding,
    }


def example_trial(inputs: Inputs, draws: Draws, trial: int) -> TrialResult:
    """Return trial number `trial` of those with draws of their own in full, patient by patient."""
    study = inputs.study
    seed = study.settings.seed
    patients = trial_patients(sciatica_model(), study.design, draws, study.cohort, place=trial, trial=trial, seed=seed)
    name = f"trial {trial} of the {study.settings.calibration.drawn} draws"
    return run_trial(
        sciatica_model(), study.design, patients, seed=trial_seed(seed, trial), name=name,
        known_harms=_known_harms(inputs), control_prior=inputs.control_prior,
    )  # fmt: skip


def _known_harms(inputs: Inputs) -> tuple[Hazard, ...]:
    """Return the harms that the boundary of the study counts from; what a count is worth varies in no draw."""
    if not follows_boundary(inputs.study.design):
        return ()
    return hazards(inputs.evidence, reference_draw(inputs.prior).one(0))
