"""Which harms the patients of one simulated trial had: drawn from the chances that published counts give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.clinic import Hazard, Protocol, days_of_doses, has_procedure_flare, hazards, hazards_of
from sciatrial.evidence import Evidence
from sciatrial.foundation import DAYS_PER_MONTH, uniforms
from sciatrial.trial.conducted import Conducted
from sciatrial.trial.design import Design

if TYPE_CHECKING:
    import pandas as pd

# exposures that come before the product is given, or beside it
_OWN_CELLS = "own_cells"
PROCEDURE_DAY, ASSUMED_DAY = "day of the procedure", "assumed uniform"
# the model itself says who has one, and counts would contradict it
_FLARE = "pain_flare"
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

    Published counts say who had a harm and not when. A harm of an administration is dated on its day; any other on a
    day that is as likely as any between the first treatment and the last visit, which is an assumption. A flare after a
    procedure is the one that the patient had in the simulation. What would come after a patient has left is never seen,
    and not returned.

    Parameters
    ----------
    design, trial
        Everybody who was randomised.
    evidence
        The published tables.
    seed
        Seed of the trial's luck. One trial meets one world: the same share of every chance's distribution in all arms.
    first_days, last_days
        Day of the first treatment, NaN for who was not treated, and of the last visit before leaving; dims ``patient``.

    Returns
    -------
    tuple of pandas.DataFrame
        Events, one row each: ``place`` (of the patient, in the order of randomisation), ``harm, exposure, counted``
        (``related`` or ``any_cause``), ``is_serious`` (counted as a serious event or a death; else nobody told),
        ``time`` (which administration, from 1; 0 where the chance belongs to the patient), ``day`` (since
        randomisation), ``day_from``. Then harms that are not drawn, one row an arm and harm: ``arm, harm, exposure,
        counted, in_words``: nobody counted had it, or no count was found.
    """
    import pandas as pd

    known = hazards(evidence, trial.patients.draw)
    last_day = design.visits_months[-1] * DAYS_PER_MONTH
    found: list[dict[str, Any]] = []
    missing: list[dict[str, Any]] = []
    for index, (arm, protocol) in enumerate(design.arms.items()):
        mine = np.flatnonzero(trial.assigned == index)
        beside = {_OWN_CELLS, *(str(word) for word in protocol.co_treatments)}
        for hazard, times in hazards_of(protocol, known, last_day):
            told = {"harm": hazard.harm, "exposure": hazard.exposure, "counted": hazard.counted}
            if not hazard.n_with_event and hazard.harm != _FLARE:
                missing.append({"arm": arm, **told, "in_words": hazard.in_words(times)})
                continue
            exposed = mine if hazard.exposure in beside else mine[np.isfinite(first_days[mine])]
            for place, time, day in _events(protocol, hazard, times, exposed, trial, seed, first_days, last_day):
                if day <= last_days[place]:
                    of_administration = hazard.per == "administration"
                    found.append({
                        "place": place, **told, "is_serious": hazard.harm in ("serious_event", "death"),
                        "time": time if of_administration else 0, "day": day,
                        "day_from": PROCEDURE_DAY if of_administration else ASSUMED_DAY,
                    })  # fmt: skip
    events = pd.DataFrame(found, columns=list(EVENTS)).sort_values(["place", "day", "harm"], kind="stable")
    return events.reset_index(drop=True), pd.DataFrame(missing, columns=list(NOT_DRAWN))


def _events(
    protocol: Protocol,
    hazard: Hazard,
    times: int,
    exposed: NDArray[np.int64],
    trial: Conducted,
    seed: int,
    first_days: NDArray[np.float64],
    last_day: float,
) -> list[tuple[int, int, float]]:
    """Return place of the patient, number of the administration from 1, and day of every event of a hazard."""
    numbers = trial.patients.numbers[exposed]
    is_flare = hazard.harm == _FLARE
    luck = float(uniforms(seed, f"chance of {hazard.name}", [0])[0])
    chance = 0.0 if is_flare else float(hazard.chance(luck))
    doses = days_of_doses(protocol, last_day)
    start = np.nan_to_num(first_days[exposed], nan=0.0)
    found = []
    for time in range(times):
        if is_flare:
            hit = has_procedure_flare(protocol, trial.patients.draw, dose=time, patients=numbers, seed=seed)
        else:
            hit = uniforms(seed, f"{hazard.name}, time {time}", numbers) < chance
        if hazard.per == "administration":
            # the first may come late, and all later ones with it
            days = start + (doses[time] - doses[0] if time < len(doses) else 0.0)
        else:
            days = start + (last_day - start) * uniforms(seed, f"day of {hazard.name}", numbers)
        found += [(int(exposed[row]), time + 1, float(days[row])) for row in np.flatnonzero(hit)]
    return found
