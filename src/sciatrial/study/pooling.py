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


def pool_key(
    inputs: Inputs, design: Design, scenario: Scenario, place: int, *, n_patients: int, with_truth: bool
) -> str:
    """Return a name of all that decides who is in a pool, how they fare and which trials are drawn from it.

    The size of the largest trial and that of the pool are part of it: trials drawn from a larger pool are others.
    """
    study = inputs.study
    calibrated = None if inputs.posterior is None else inputs.posterior.fingerprint()
    numbers = [fingerprint(inputs.prior.rows), calibrated, study.settings.calibration.inclusion_probability]
    who = [study.cohort.model_dump(mode="json"), study.settings.seed, str(scenario), place]
    # how exact a truth is follows from the largest trial's arms
    size = [design.size, n_patients, list(design.ratio.values()) if with_truth else None]
    name = fingerprint([settings_of_pool(design), list(design.arms), numbers, who, size, dict(versions())])[:16]
    return f"{name}-{design.size}-{n_patients}{'-truth' if with_truth else ''}"


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
    """Yield the pool of each draw, or why there is none: from the folder where it is kept there, the very same.

    Parameters
    ----------
    inputs
        Of the study.
    design
        With as many patients as the largest trial to be drawn has.
    draws, scenario
        The draws, and what they are of.
    n_patients
        Of each pool.
    with_truth
        As in `make_pool`.
    folder
        Where pools are kept; left out, nowhere.
    """
    for place in range(len(draws.values)):
        name = pool_key(inputs, design, scenario, place, n_patients=n_patients, with_truth=with_truth)
        if folder is not None and (folder / name).exists():
            yield PatientPool.load(folder / name)
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
            pool.save(folder / name)
        yield pool


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
