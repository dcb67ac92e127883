"""How many patients a study needs: pools of its draws, and the search for the size."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, sqrt
from os import cpu_count
from pathlib import Path

from sciatrial.foundation import CohortError, Problem, Progress, StudyError, silent
from sciatrial.study.chain import Inputs, read_inputs
from sciatrial.study.pooling import pools_of
from sciatrial.study.read import Study
from sciatrial.trial import (
    POOL_RATIO,
    Design,
    PatientPool,
    Scenario,
    SizeSearch,
    design_of_size,
    draws_for,
    refuse_pooling,
    required_size,
)

# one search tells the error, the next ones have what it takes
_ROUNDS = 3
_MARGIN = 0.95
_MOST_TRIALS, _MOST_PATIENTS = 1_000_000, 5_000_000
_LARGEST_ERROR = 0.5


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
    precision
        Largest Monte-Carlo standard error of success at the answer, above 0 and below 0.5: draws, trials and patients
        of the pools grow until it is reached, in three rounds at most; the answer says where it is not. Left out,
        whatever comes of the numbers above.
    """

    target: float
    is_assurance: bool = False
    n_draws: int = 60
    trials_of_each: int = 20
    smallest: int | None = None
    largest: int | None = None
    precision: float | None = None


@dataclass(frozen=True)
class _Effort:
    """How much is simulated: draws, trials of each size and draw, a pool's patients for each of the largest trial's."""

    n_draws: int
    trials_of_each: int
    pool_ratio: int


def study_size(
    study: Study, wanted: Wanted, *, pools: str | Path | None = None, progress: Progress = silent
) -> SizeSearch:
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
    pools
        Folder in which pools are kept and from which they are taken: another design of the same arms, visits, endpoint,
        rescue and largest size needs no simulation then, and finds what it would find without a folder. Left out,
        pools are kept nowhere.

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
    folder = None if pools is None else Path(pools)
    n_draws, ratio = wanted.n_draws if wanted.is_assurance else 1, POOL_RATIO
    if wanted.is_assurance:
        ratio = min(POOL_RATIO, wanted.trials_of_each)
    effort = _Effort(n_draws, wanted.trials_of_each, ratio)
    search = _searched(inputs, wanted, at_most, smallest, effort, folder, progress)
    for _ in range(_ROUNDS):
        if search.is_precise:
            break
        effort = _more(effort, search, wanted, largest)
        search = _searched(inputs, wanted, at_most, smallest, effort, folder, progress)
    return search


def _searched(
    inputs: Inputs, wanted: Wanted, at_most: Design, smallest: int, effort: _Effort, folder: Path | None,
    progress: Progress,
) -> SizeSearch:  # fmt: skip
    study = inputs.study
    scenario = study.settings.calibration.drawn if wanted.is_assurance else Scenario.REFERENCE
    draws = draws_for(
        inputs.prior,
        scenario,
        first=0,
        count=effort.n_draws,
        seed=study.settings.seed,
        inclusion_probability=study.settings.calibration.inclusion_probability,
        posterior=inputs.posterior.draws if inputs.posterior is not None and wanted.is_assurance else None,
    )
    progress.start("pools of patients", effort.n_draws)
    made = []
    for pool in pools_of(
        inputs, at_most, draws, scenario, n_patients=effort.pool_ratio * at_most.size, with_truth=False, folder=folder
    ):
        made.append(pool)
        if not progress.advance(1):
            raise KeyboardInterrupt
    progress.finish()
    pools = [pool for pool in made if isinstance(pool, PatientPool)]
    failed = [error for error in made if isinstance(error, CohortError)]
    if not pools:
        raise failed[0]
    search = required_size(
        study.design, pools, target=wanted.target, smallest=smallest, largest=at_most.size,
        trials_of_each=effort.trials_of_each, not_enrolled=len(failed), threads=cpu_count() or 1, progress=progress,
    )  # fmt: skip
    return replace(search, precision=wanted.precision)


def _more(effort: _Effort, search: SizeSearch, wanted: Wanted, largest: int) -> _Effort:
    """Return the effort that brings the error of success at the answer to the precision.

    With one draw the luck of the trials and that of the pool's patients share it; with more, only draws count.

    Raises
    ------
    StudyError
        When that is more than can be simulated.
    """
    asked = _MARGIN * (wanted.precision or 1.0)
    if wanted.is_assurance:
        more = _Effort(ceil(effort.n_draws * (search.error / asked) ** 2), effort.trials_of_each, effort.pool_ratio)
    else:
        rows = search.curve if search.n_total is None else search.curve.loc[search.curve["n_total"] == search.n_total]
        share = float(rows["success"].iloc[-1])
        of_trials = min(search.error, sqrt(max(share * (1 - share), 0.0) / effort.trials_of_each))
        of_pool = sqrt(max(search.error**2 - of_trials**2, 0.0))
        grow = [max(1.0, 2 * (part / asked) ** 2) for part in (of_trials, of_pool)]
        more = _Effort(1, ceil(effort.trials_of_each * grow[0]), ceil(effort.pool_ratio * grow[1]))
    patients = more.n_draws * more.pool_ratio * largest
    if more.trials_of_each > _MOST_TRIALS or patients > _MOST_PATIENTS:
        found = f"{wanted.precision:g} needs {more.trials_of_each} trials and {patients} patients in pools"
        expected = f"{_MOST_TRIALS} trials and {_MOST_PATIENTS} patients at most; {search.error:.2g} is reached now"
        raise StudyError("size of a trial", Problem("precision", found, expected, "ask for less, or lower largest"))
    return more


def _refuse(wanted: Wanted, smallest: int, largest: int) -> None:
    problems = []
    if not 0 < wanted.target < 1:
        problems.append(Problem("target", f"{wanted.target:g}", "a share above 0 and below 1", "0.9 is 90 %"))
    if wanted.is_assurance and wanted.n_draws < 2:
        problems.append(Problem("draws", f"{wanted.n_draws}", "2 or more", "one draw has a power, no assurance"))
    if wanted.trials_of_each < 2:
        problems.append(Problem("trials", f"{wanted.trials_of_each}", "2 or more"))
    if wanted.precision is not None and not 0 < wanted.precision < _LARGEST_ERROR:
        found = f"{wanted.precision:g}"
        problems.append(Problem("precision", found, f"above 0 and below {_LARGEST_ERROR}", "0.005 is half a per cent"))
    if not smallest < largest:
        problems.append(Problem("smallest", f"{smallest} patients", f"fewer than the largest, {largest}"))
    if problems:
        raise StudyError("size of a trial", problems)
