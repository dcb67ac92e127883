"""Which harms the patients of one simulated trial had: drawn from the chances that published counts give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.clinic import hazards, hazards_of
from sciatrial.evidence import Evidence
from sciatrial.foundation import DAYS_PER_MONTH
from sciatrial.trial.conducted import Conducted
from sciatrial.trial.design import Design
from sciatrial.trial.harm_course import event_days
from sciatrial.trial.patient_harms import harm_days, is_at_procedure, is_simulated
from sciatrial.trial.safety import HarmTiming, follow_up_of

if TYPE_CHECKING:
    import pandas as pd

PROCEDURE_DAY, ASSUMED_DAY = "day of the procedure", "assumed uniform"
ASSUMED = "assumed"
EVENTS = ("place", "harm", "exposure", "counted", "is_serious", "time", "day", "day_from")
NOT_DRAWN = ("arm", "harm", "exposure", "counted", "in_words")


def sampled_harms(
    design: Design,
    evidence: Evidence,
    trial: Conducted,
    *,
    seed: int,
    first_days: NDArray[np.float64],
    last_days: NDArray[np.float64],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw the harms of each patient of one trial, and list those that no published count lets one draw.

    They are those of `harm_days`, by which trials that follow their boundary for harm are stopped, and those that the
    boundary assumes. A flare after a procedure is one that the patient had in the simulation. What would come after a
    patient has left is never seen, and not returned.

    Parameters
    ----------
    design, trial
        Everybody who was randomised.
    evidence
        The published tables.
    seed
        Seed of the trial's luck. One trial meets one world: the same share of every chance's distribution in all arms.
    first_days, last_days
        Day of the first treatment, NaN for who was not treated; and from `heard_until`; dims ``patient``.

    Returns
    -------
    tuple of pandas.DataFrame
        Events, one row each: ``place`` (of the patient, in the order of randomisation), ``harm, exposure, counted``
        (``related``, ``any_cause``, or ``assumed`` by the boundary), ``is_serious`` (counted as a serious event or a
        death; else nobody told), ``time`` (which administration, from 1; 0 where the chance belongs to the patient),
        ``day`` (since randomisation), ``day_from``. Then harms that are not drawn, one row an arm and harm: ``arm,
        harm, exposure, counted, in_words``: nobody counted had it, or no count was found.
    """
    import pandas as pd

    known = hazards(evidence, trial.patients.draw)
    last_day = follow_up_of(design) * DAYS_PER_MONTH
    found: list[dict[str, Any]] = []
    missing: list[dict[str, Any]] = []
    for index, (arm, protocol) in enumerate(design.arms.items()):
        mine = np.flatnonzero(trial.assigned == index)
        for hazard, times in hazards_of(protocol, known, last_day):
            told = {"harm": hazard.harm, "exposure": hazard.exposure, "counted": hazard.counted}
            if not hazard.n_with_event and not is_simulated(hazard):
                missing.append({"arm": arm, **told, "in_words": hazard.in_words(times)})
                continue
            of_administration = hazard.per == "administration"
            days = harm_days(
                protocol, hazard, times, seed=seed, patients=trial.patients.numbers[mine],
                first_days=first_days[mine], last_day=last_day, draw=trial.patients.draw,
            )  # fmt: skip
            for time, row in np.argwhere(days <= last_days[mine]):
                found.append({
                    "place": int(mine[row]), **told, "is_serious": hazard.harm in ("serious_event", "death"),
                    "time": int(time) + 1 if of_administration else 0, "day": float(days[time, row]),
                    "day_from": PROCEDURE_DAY if of_administration or is_at_procedure(hazard) else ASSUMED_DAY,
                })  # fmt: skip
    found += _assumed(design, trial, seed, last_days)
    events = pd.DataFrame(found, columns=list(EVENTS)).sort_values(["place", "day", "harm"], kind="stable")
    return events.reset_index(drop=True), pd.DataFrame(missing, columns=list(NOT_DRAWN))


def _assumed(design: Design, trial: Conducted, seed: int, last_days: NDArray[np.float64]) -> list[dict[str, Any]]:
    """Return the events that a boundary for harm assumes, those that simulated trials stop by."""
    stop = None if design.safety is None else design.safety.stopping
    if stop is None or stop.true_share is None:
        return []
    mine = np.flatnonzero(trial.assigned == list(design.arms).index(stop.arm))
    days = event_days(design, stop, (), seed, trial.patients.numbers[mine], trial.patients.draw)
    at_procedure = stop.true_timing is HarmTiming.PROCEDURE
    return [
        {
            "place": int(mine[row]), "harm": stop.event, "exposure": f"arm {stop.arm}", "counted": ASSUMED,
            "is_serious": False, "time": 0, "day": float(days[row]),
            "day_from": PROCEDURE_DAY if at_procedure else ASSUMED_DAY,
        }
        for row in np.flatnonzero(days <= last_days[mine])
    ]  # fmt: skip
