"""Pools of a study: made once, kept in a folder, and drawn into trials."""

from __future__ import annotations

from collections.abc import Iterator
from os import cpu_count
from pathlib import Path

from sciatrial.foundation import CohortError, Progress, fingerprint, silent
from sciatrial.model import sciatica_model
from sciatrial.parameters import Draws
from sciatrial.study.chain import Inputs
from sciatrial.study.stamp import versions
from sciatrial.trial import (
    POOL_RATIO,
    Design,
    PatientPool,
    ResampledCharacteristics,
    Scenario,
    draws_for,
    make_pool,
    resampled_characteristics,
    settings_of_pool,
)


def pool_key(inputs: Inputs, design: Design, scenario: Scenario, place: int) -> str:
    """Return a short hash of all that decides who is in a pool and how they fare, but for how many they are."""
    study = inputs.study
    calibrated = None if inputs.posterior is None else inputs.posterior.fingerprint()
    numbers = [fingerprint(inputs.prior.rows), calibrated, study.settings.calibration.inclusion_probability]
    who = [study.cohort.model_dump(mode="json"), study.settings.seed, str(scenario), place]
    return fingerprint([settings_of_pool(design), list(design.arms), numbers, who, dict(versions())])[:16]


def pools_of(
    inputs: Inputs,
    design: Design,
    draws: Draws,
    scenario: Scenario,
    *,
    n_patients: int,
    with_truth: bool,
    folder: Path | None = None,
    progress: Progress = silent,
) -> Iterator[PatientPool | CohortError]:
    """Yield the pool of each draw, or why there is none: from the folder where one of these patients is large enough.

    Parameters
    ----------
    inputs
        Of the study.
    design
        With as many patients as the largest trial to be drawn has.
    draws, scenario
        The draws, and what they are of.
    n_patients
        Of each pool, at least.
    with_truth
        As in `make_pool`.
    folder
        Where pools are kept; left out, nowhere.
    """
    for place in range(len(draws.values)):
        name = pool_key(inputs, design, scenario, place)
        kept = None if folder is None else _kept(folder, name, design.size, n_patients, with_truth=with_truth)
        if kept is not None:
            yield kept
            continue
        try:
            pool = make_pool(
                sciatica_model(), design, draws, inputs.study.cohort, place=place,
                seed=inputs.study.settings.seed, n_patients=n_patients, with_truth=with_truth, progress=progress,
            )  # fmt: skip
        except CohortError as error:
            yield error
            continue
        if folder is not None:
            pool.save(folder / f"{name}-{design.size}-{n_patients}{'-truth' if with_truth else ''}")
        yield pool


def _kept(folder: Path, name: str, window: int, n_patients: int, *, with_truth: bool) -> PatientPool | None:
    for place in sorted(folder.glob(f"{name}-*")):
        _, size, number, *truth = place.name.split("-")
        if int(size) >= window and int(number) >= n_patients and (truth or not with_truth):
            return PatientPool.load(place)
    return None


def reference_pool(inputs: Inputs, *, progress: Progress = silent) -> PatientPool:
    """Return the pool of a study at the reference values: 50 patients for each of its trial.

    Raises
    ------
    CohortError
        When hardly anybody meets the criteria.
    """
    design = inputs.study.design
    draws = draws_for(inputs.prior, Scenario.REFERENCE, first=0, count=1, seed=inputs.study.settings.seed)
    found = next(
        pools_of(
            inputs, design, draws, Scenario.REFERENCE, n_patients=POOL_RATIO * design.size, with_truth=True,
            progress=progress,
        )
    )  # fmt: skip
    if isinstance(found, CohortError):
        raise found
    return found


def pool_characteristics(inputs: Inputs, pool: PatientPool, *, progress: Progress = silent) -> ResampledCharacteristics:
    """Return the operating characteristics of the study's trials drawn from its pool."""
    study = inputs.study
    return resampled_characteristics(
        study.design, [pool], trials_of_each=study.settings.simulation.pool_trials, threads=cpu_count() or 1,
        progress=progress,
    )  # fmt: skip
