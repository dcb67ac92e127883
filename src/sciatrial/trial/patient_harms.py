"""When patients are treated, and when each has a harm: the same for whoever asks, by trial, patient and harm."""

from __future__ import annotations

from math import inf

import numpy as np
from numpy.typing import NDArray

from sciatrial.clinic import Hazard, Numbers, Protocol, days_of_doses, has_event_at, has_procedure_flare, product
from sciatrial.foundation import DAYS_PER_MONTH, uniforms
from sciatrial.trial.conducted import Conducted, has_been_there, visit_days
from sciatrial.trial.design import Design
from sciatrial.trial.safety import FLARE, follow_up_of

OWN_CELLS_FAILED = "own cells could not be made"
NEVER_DUE = "treatment was due after the last visit"
# exposures whose harms come on the day of the first treatment
_AT_PROCEDURE = ("operation", "own_cells")
# exposures that come before the product is given, or beside it
_OWN_CELLS = "own_cells"
# the harm that stops a trial is heard of on that very day
_ROUNDING_DAYS = 1e-6


def days_treated(design: Design, trial: Conducted, seed: int) -> tuple[NDArray[np.float64], dict[str, str]]:
    """Return the day on which each patient was first treated, NaN for who was not, and arm → why somebody was not.

    Parameters
    ----------
    seed
        That of the trial's luck: whose own cells could not be made, or came late.
    """
    first, why = np.full(len(trial.assigned), np.nan), {}
    last_day = design.visits_months[-1] * DAYS_PER_MONTH + design.visit_window_days
    for index, (arm, protocol) in enumerate(design.arms.items()):
        mine = np.flatnonzero(trial.assigned == index)
        doses = days_of_doses(protocol, last_day)
        why[arm] = OWN_CELLS_FAILED if doses else NEVER_DUE
        if not doses:
            continue
        first[mine] = doses[0]
        if protocol.is_cell_therapy:
            cells = product(protocol, trial.patients.draw, patients=trial.patients.numbers[mine], seed=seed)
            first[mine] = np.where(cells.is_given, doses[0] + cells.delay_days, np.nan)
    return first, why


def heard_until(design: Design, trial: Conducted) -> NDArray[np.float64]:
    """Return the day since randomisation until which harms of each patient are heard of; dims ``patient``.

    Whoever stays is followed as long as is planned for harms, others until the last visit at which they were there, and
    nobody beyond the day on which the boundary for harm stops the trial.
    """
    there = has_been_there(trial)
    left = np.where(there, visit_days(trial, design.visits_months), 0.0).max(axis=1)
    heard = np.where(there[:, -1], np.maximum(left, follow_up_of(design) * DAYS_PER_MONTH), left)
    if trial.ended is None or trial.arrivals is None:
        return heard
    return np.minimum(heard, (trial.ended - trial.arrivals.months) * DAYS_PER_MONTH + _ROUNDING_DAYS)


def is_simulated(hazard: Hazard) -> bool:
    """Whether the simulation itself says who has the harm."""
    return hazard.harm == FLARE


def is_at_procedure(hazard: Hazard) -> bool:
    """Whether a harm that belongs to the patient comes on the day of the first treatment."""
    return hazard.per != "administration" and hazard.exposure in _AT_PROCEDURE


def chance_in_trial(hazard: Hazard, seed: int) -> float:
    """Return the chance of a harm in one trial: one trial meets one world, the same in all arms."""
    return float(hazard.chance(float(uniforms(seed, f"chance of {hazard.name}", [0])[0])))


def harm_days(
    protocol: Protocol,
    hazard: Hazard,
    times: int,
    *,
    seed: int,
    patients: NDArray[np.int64],
    first_days: NDArray[np.float64],
    last_day: float,
    draw: Numbers,
) -> NDArray[np.float64]:
    """Return the day since randomisation on which each patient has a harm, infinite where never.

    A harm of an administration comes on its day, one of an operation or of a harvest on the day of the first treatment,
    any other at any time of the follow-up, each as likely: published counts do not say when.

    Parameters
    ----------
    protocol
        Of the arm.
    hazard, times
        From `hazards_of`.
    seed
        Of the trial's luck.
    patients
        Their numbers; dims ``patient``.
    first_days
        Day of the first treatment, NaN for who was not treated: such patients have harms of what came before or beside
        it alone; dims ``patient``.
    last_day
        Of the follow-up.
    draw
        The numbers that the patients were simulated with: a flare after a procedure is one that they had.

    Returns
    -------
    numpy.ndarray
        Dims ``time, patient``.
    """
    beside = {_OWN_CELLS, *(str(word) for word in protocol.co_treatments)}
    is_exposed = np.full(len(patients), hazard.exposure in beside) | np.isfinite(first_days)
    start = np.nan_to_num(first_days, nan=0.0)
    doses = days_of_doses(protocol, last_day)
    found = np.full((times, len(patients)), inf)
    for time in range(times):
        if is_simulated(hazard):
            hit = has_procedure_flare(protocol, draw, dose=time, patients=patients, seed=seed)
        else:
            hit = has_event_at(hazard, time, chance=chance_in_trial(hazard, seed), seed=seed, patients=patients)
        if hazard.per == "administration":
            # the first may come late, and all later ones with it
            days = start + (doses[time] - doses[0])
        elif is_at_procedure(hazard):
            days = start
        else:
            days = start + (last_day - start) * uniforms(seed, f"day of {hazard.name}", patients)
        found[time] = np.where(hit & is_exposed, days, inf)
    return found
