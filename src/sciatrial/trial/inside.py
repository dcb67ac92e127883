"""What happens inside patients while a trial goes on, on finer days than its visits: no trial could see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sciatrial.engine import Events, simulate
from sciatrial.foundation import DAYS_PER_MONTH
from sciatrial.model import Model
from sciatrial.population import Patients
from sciatrial.trial.conduct import Job, enrolment_of, prepared_jobs, rescue_rules, with_one_operation
from sciatrial.trial.design import Design

if TYPE_CHECKING:
    import pandas as pd

# in the order in which a reader meets it
INSIDE = (
    "disc_inflammation", "disc_aggrecan", "herniated_volume", "fixed_narrowing", "root_pressure", "root_oedema",
    "inflammatory_macrophages", "resolving_macrophages", "inflammatory_mediators", "anti_inflammatory_pool",
    "neurotrophic_factors", "demyelination", "connected_axons", "nerve_conduction", "ectopic_firing",
    "reversible_central_gain", "consolidated_central_gain", "function_reserve", "context_analgesia",
    "anchored_disc_cells", "loose_disc_cells", "converted_disc_cells", "anchored_epidural_cells",
    "loose_epidural_cells", "circulating_cells",
)  # fmt: skip

# close together after a dose, when most happens; the visits are added
_MONTHS = (0.0, 0.07, 0.25, 0.5, 1.0, 2.0, 3.0, 4.5, 6.0, 9.0, 12.0, 18.0, 24.0, 36.0, 48.0, 60.0)


def inside_months(design: Design) -> tuple[float, ...]:
    """Return the months at which the inside is told, up to the last visit."""
    last = design.visits_months[-1]
    return tuple(sorted({*(month for month in _MONTHS if month <= last), *design.visits_months}))


def inside_courses(
    model: Model,
    design: Design,
    groups: Sequence[Patients],
    seeds: Sequence[int],
    *,
    assigned: Sequence[NDArray[np.int64]] | None = None,
    threads: int | None = None,
) -> list[pd.DataFrame]:
    """Simulate each trial's patients in their own arms and tell what happened inside, one frame a trial.

    Parameters
    ----------
    groups, seeds
        Patients of each trial, and the seed of its luck: with the same, allocation and rescue are those of `conduct`,
        visits taken as on their planned days.
    assigned
        The arm's index of each patient, dims ``patient``, one array a trial; left out, as the randomisation alone has
        it.

    Returns
    -------
    list of pandas.DataFrame
        Columns ``arm, quantity, unit, month, mean, low, high``; low and high hold the middle 80 % of patients. All who
        could be solved, lost or not. An arm without patients has no rows.
    """
    enrolled = [enrolment_of(design, patients, seed) for patients, seed in zip(groups, seeds, strict=True)]
    if assigned is None:
        assigned = [item.assigned for item in enrolled]
    per_trial = [
        prepared_jobs(model, design, patients, seed, assigned=mine, months=item.arrivals.months)
        for patients, seed, mine, item in zip(groups, seeds, assigned, enrolled, strict=True)
    ]
    flat = [job for jobs in per_trial for job in jobs]
    if not flat:
        return []
    months = inside_months(design)
    parts = [_simulated(model, design, some, months, threads) for some in with_one_operation(flat)]
    values = iter([inside for part in parts for inside in part])
    units = {output.name: output.unit for output in model.outputs}
    return [_told(design, [next(values) for _ in jobs], months, units) for jobs in per_trial]


def _simulated(
    model: Model, design: Design, jobs: Sequence[Job], months: tuple[float, ...], threads: int | None
) -> list[np.ndarray]:
    """Return the inside of each job's solved patients; dims ``patient, month, quantity``."""
    starts = np.cumsum([0] + [len(job.rows) for job in jobs])
    looked_at = [months.index(month) for month in (0.0, *design.visits_months)]
    threshold = np.full((starts[-1], len(months)), np.inf)
    threshold[:, looked_at] = np.concatenate([job.threshold for job in jobs])
    run = simulate(
        model,
        np.concatenate([job.parameters for job in jobs]),
        np.concatenate([job.initial for job in jobs]),
        times_days=np.array(months) * DAYS_PER_MONTH,
        events=Events.joined(
            *(replace(job.events, patient=job.events.patient + start) for job, start in zip(jobs, starts, strict=False))
        ),
        rules=rescue_rules(design, threshold, jobs[0].operation),
        outputs=list(INSIDE),
        threads=threads,
    )
    solved = run.status == 0
    return [run.values[start:stop][solved[start:stop]] for start, stop in pairwise(starts)]


def _told(design: Design, arms: Sequence[np.ndarray], months: tuple[float, ...], units: dict[str, str]) -> pd.DataFrame:
    import pandas as pd

    frames = []
    for arm, values in zip(design.arms, arms, strict=True):
        if not len(values):
            continue
        low, high = np.quantile(values, [0.1, 0.9], axis=0)
        frames.append(
            pd.DataFrame(
                {
                    "arm": arm,
                    "quantity": np.tile(INSIDE, len(months)),
                    "unit": np.tile([units[name] for name in INSIDE], len(months)),
                    "month": np.repeat(months, len(INSIDE)),
                    "mean": values.mean(axis=0).ravel(),
                    "low": low.ravel(),
                    "high": high.ravel(),
                }
            )
        )
    columns = ["arm", "quantity", "unit", "month", "mean", "low", "high"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)
