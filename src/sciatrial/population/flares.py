"""What happens to patients by chance, treated or not: flares, and nucleus that breaks out again.

Each is a process of random days at the patient's own rate, counted from the onset of symptoms. The days belong to the
patient and the seed alone, so they are the same in every arm, whoever else is enrolled and however long anyone looks.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sciatrial.engine import Events
from sciatrial.foundation import DAYS_PER_YEAR, normals, uniforms
from sciatrial.model import Model
from sciatrial.population import equations

PROCESSES = ("flare", "reherniation")
_MOST_EVENTS = 400


def event_days(
    process: str, rate_per_year: NDArray[np.float64], last_day: NDArray[np.float64], *, seed: int, patients: NDArray
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return when a process strikes each patient: waiting times are exponential.

    Parameters
    ----------
    process
        Which one; names its luck.
    rate_per_year
        0 or more; dims ``patient``.
    last_day
        Days after onset up to which to look; dims ``patient``.
    seed
        Any whole number.
    patients
        Patient numbers; dims ``patient``.

    Returns
    -------
    tuple
        ``row`` (place of the patient), ``day`` after onset, and ``score``, a standard normal number that says how
        strong the event is; each with dims ``event``, sorted by row and day.
    """
    rows, days, scores = [np.zeros(0, np.int64)], [np.zeros(0)], [np.zeros(0)]
    waiting = np.flatnonzero(rate_per_year > 0)
    now = np.zeros(len(patients))
    for number in range(_MOST_EVENTS):
        if not len(waiting):
            break
        luck = uniforms(seed, f"{process} {number}: when", patients[waiting])
        years = equations.years_to_next.value(waiting_luck=luck, rate_per_year=rate_per_year[waiting])
        now[waiting] += years * DAYS_PER_YEAR
        waiting = waiting[now[waiting] <= last_day[waiting]]
        rows.append(waiting)
        days.append(now[waiting].copy())
        scores.append(normals(seed, f"{process} {number}: how strong", patients[waiting]))
    row, day, score = np.concatenate(rows), np.concatenate(days), np.concatenate(scores)
    order = np.lexsort((day, row))
    return row[order], day[order], score[order]


def natural_events(
    model: Model,
    rates: NDArray[np.float64],
    strengths: Mapping[str, tuple[float, float]],
    *,
    from_day: NDArray[np.float64],
    to_day: NDArray[np.float64],
    seed: int,
    patients: NDArray[np.int64],
) -> Events:
    """Return flares and re-herniations between two days, counted from the first of them.

    Parameters
    ----------
    model
        For the places of the states.
    rates
        Events a year; dims ``patient, process`` in the order of `PROCESSES`.
    strengths
        ``flare``: middle size of a flare, and its standard deviation on the logit scale; ``reherniation``: middle
        volume that comes out, and its standard deviation on the log scale.
    from_day, to_day
        Days after onset; dims ``patient``. An event on `from_day` itself belongs to the time before.
    seed, patients
        As for `event_days`.

    Returns
    -------
    Events
        ``patient`` is the row.
    """
    parts = []
    for place, process in enumerate(PROCESSES):
        row, day, score = event_days(process, rates[:, place], to_day, seed=seed, patients=patients)
        late = day > from_day[row]
        row, day, score = row[late], day[late] - from_day[row[late]], score[late]
        if not len(row):
            continue
        middle, sd = strengths[process]
        if process == "flare":
            size = equations.size_of_flare.value(flare_size=middle, spread_between_patients=sd, event_luck=score)
            # a flare on top of another brings the state closer to a full one, never above
            parts.append(Events.every(model, row, day, "exacerbation", factor=1 - size, amount=size))
        else:
            amount = equations.pending_extrusion_after.value(
                pending_extrusion=0.0, reherniated_volume=middle, spread_between_patients=sd, event_luck=score
            )
            parts.append(Events.every(model, row, day, "pending_extrusion", amount=amount))
    return Events.joined(*parts)
