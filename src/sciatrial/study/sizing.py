"""How many patients a study needs: pools of its draws, and the search for the size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from os import cpu_count

from sciatrial.foundation import CohortError, Problem, Progress, StudyError, silent
from sciatrial.model import sciatica_model
from sciatrial.parameters import Draws
from sciatrial.study.chain import read_inputs
from sciatrial.study.read import Study
from sciatrial.trial import (
    POOL_RATIO,
    PatientPool,
    Scenario,
    SizeSearch,
    design_of_size,
    draws_for,
    make_pool,
    refuse_pooling,
    required_size,
)


@dataclass(frozen=True)
class Wanted:
    """What a size is searched for.

    Parameters
    ----------
    target
        Share of success, above 0 and below 1.
    is_assurance
        Whether each draw of the study's prior or posterior counts; else power at the reference values.
    n_draws
        Draws of assurance, 2 or more.
    trials_of_each
        Trials of each size and draw.
    smallest, largest
        Patients in all; left out, a quarter of the study's and four times as many.
    """

    target: float
    is_assurance: bool = False
    n_draws: int = 60
    trials_of_each: int = 20
    smallest: int | None = None
    largest: int | None = None


def study_size(study: Study, wanted: Wanted, *, progress: Progress = silent) -> SizeSearch:
    """Search the number of patients with which a study's design reaches a power or an assurance.

    Patients are simulated once, in every arm, and drawn into trials of every size; see `required_size`. For power, a
    pool has 50 patients for each of the largest trial's. For assurance, every draw has a pool of its own in which no
    patient is in two trials, or 50 for each.

    Parameters
    ----------
    study
        The study.
    wanted
        What is searched for.

    Raises
    ------
    StudyError, EvidenceError, CalibrationError
        When the study's inputs cannot be used, or nothing can be searched.
    TrialError
        When the design cannot have these sizes, or its trials cannot be drawn from pools.
    CohortError
        When hardly anybody meets the criteria under the reference values, or under any draw.
    """
    design = study.design
    block = sum(design.ratio.values())
    smallest = max(2 * block, design.size // 4) if wanted.smallest is None else wanted.smallest
    largest = 4 * design.size if wanted.largest is None else wanted.largest
    _refuse(wanted, smallest, largest)
    refuse_pooling(design)  # told before anybody is simulated
    design_of_size(design, smallest)
    at_most = design_of_size(design, largest)
    inputs = read_inputs(study)
    settings = study.settings
    draws = draws_for(
        inputs.prior,
        settings.calibration.drawn if wanted.is_assurance else Scenario.REFERENCE,
        first=0,
        count=wanted.n_draws if wanted.is_assurance else 1,
        seed=settings.seed,
        inclusion_probability=settings.calibration.inclusion_probability,
        posterior=inputs.posterior.draws if inputs.posterior is not None and wanted.is_assurance else None,
    )
    n_patients = largest * min(POOL_RATIO, wanted.trials_of_each if wanted.is_assurance else POOL_RATIO)

    def pools_of(some: Draws) -> Iterator[PatientPool | CohortError]:
        progress.start("pools of patients", len(some.values))
        for place in range(len(some.values)):
            try:
                yield make_pool(
                    sciatica_model(), at_most, some, study.cohort, place=place, seed=settings.seed,
                    n_patients=n_patients, window=largest, with_truth=False,
                )  # fmt: skip
            except CohortError as error:
                yield error
            if not progress.advance(1):
                raise KeyboardInterrupt
        progress.finish()

    made = list(pools_of(draws))
    pools = [pool for pool in made if isinstance(pool, PatientPool)]
    failed = [error for error in made if isinstance(error, CohortError)]
    if not pools:
        raise failed[0]
    return required_size(
        design, pools, target=wanted.target, smallest=smallest, trials_of_each=wanted.trials_of_each,
        not_enrolled=len(failed), threads=cpu_count() or 1, progress=progress,
    )  # fmt: skip


def _refuse(wanted: Wanted, smallest: int, largest: int) -> None:
    problems = []
    if not 0 < wanted.target < 1:
        problems.append(Problem("target", f"{wanted.target:g}", "a share above 0 and below 1", "0.9 is 90 %"))
    if wanted.is_assurance and wanted.n_draws < 2:
        problems.append(Problem("draws", f"{wanted.n_draws}", "2 or more", "one draw has a power, no assurance"))
    if wanted.trials_of_each < 2:
        problems.append(Problem("trials", f"{wanted.trials_of_each}", "2 or more"))
    if not smallest < largest:
        problems.append(Problem("smallest", f"{smallest} patients", f"fewer than the largest, {largest}"))
    if problems:
        raise StudyError("size of a trial", problems)
