"""What a trial would see of the harms: expected shares with their uncertainty, and what it could exclude."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sciatrial.clinic import hazards, hazards_of, patient_chance
from sciatrial.evidence import Evidence
from sciatrial.foundation import DAYS_PER_MONTH
from sciatrial.parameters import Draw
from sciatrial.statistics import upper_limit_of_share
from sciatrial.trial.design import Design
from sciatrial.trial.patient_harms import harm_days, is_simulated
from sciatrial.trial.safety import follow_up_of

if TYPE_CHECKING:
    import pandas as pd

_DRAWS = 4000


def expected_harms(design: Design, evidence: Evidence, draw: Draw, *, seed: int) -> pd.DataFrame:
    """Return what each arm would show of each harm.

    Parameters
    ----------
    design
        The trial.
    evidence
        The published tables.
    draw
        Any draw: it says what a published count is worth, which no draw varies, and in whom of ``one_trial`` a
        procedure sets off a flare.
    seed
        Any whole number.

    Returns
    -------
    pandas.DataFrame
        One row an arm and harm: ``arm, harm, exposure, counted`` (``related``, or from ``any_cause``), ``n_with_event,
        n_at_risk`` (the published counts), ``percent, low, high`` (of patients in the arm: median and middle 90 %),
        ``seen`` (chance that a trial of this size has at least one case), ``could_exclude`` (percent that a trial of
        this size without a case could exclude at 95 %: exact), ``one_trial`` (patients with the event in one
        simulated trial of the draw, whose arms hold different people, all of them treated and followed),
        ``upper_bound, upper_bound_in_arm`` (percent that the published counts allow, at one chance and in all of the
        arm's), ``is_estimable, in_words, note``. Where nobody had the event, only the bounds are known; where no count
        was found, nothing is: numbers are then missing, but for the flares of the one trial, which are simulated.
    """
    import pandas as pd

    known = hazards(evidence, draw)
    sizes = design.expected_sizes()
    share = (np.arange(_DRAWS) + 0.5) / _DRAWS
    rows = []
    last_day = follow_up_of(design) * DAYS_PER_MONTH
    first = 0
    for arm, protocol in design.arms.items():
        people = np.arange(first, first + round(sizes[arm]))
        first += len(people)
        for hazard, times in hazards_of(protocol, known, last_day):
            row = {
                "arm": arm, "harm": hazard.harm, "exposure": hazard.exposure, "counted": hazard.counted,
                "n_with_event": hazard.n_with_event, "n_at_risk": hazard.n_at_risk,
                "percent": np.nan, "low": np.nan, "high": np.nan, "seen": np.nan,
                "could_exclude": 100 * upper_limit_of_share(0, round(sizes[arm])), "one_trial": np.nan,
                "upper_bound": np.nan, "upper_bound_in_arm": np.nan, "is_estimable": hazard.is_estimable,
                "in_words": hazard.in_words(times), "note": hazard.remark,
            }  # fmt: skip
            if hazard.is_estimable:
                row["upper_bound"] = 100 * hazard.upper_bound
                row["upper_bound_in_arm"] = 100 * float(patient_chance(hazard.upper_bound, times))
            if hazard.n_with_event:
                chance = patient_chance(hazard.chance(share), times)
                row["percent"], row["low"], row["high"] = 100 * np.quantile(chance, [0.5, 0.05, 0.95])
                row["seen"] = float(1 - ((1 - chance) ** sizes[arm]).mean())
            if hazard.n_with_event or is_simulated(hazard):
                days = harm_days(
                    protocol, hazard, times, seed=seed, patients=people, first_days=np.zeros(len(people)),
                    last_day=last_day, draw=draw,
                )  # fmt: skip
                row["one_trial"] = int(np.isfinite(days).any(axis=0).sum())
            rows.append(row)
    columns = [
        "arm", "harm", "exposure", "counted", "n_with_event", "n_at_risk", "percent", "low", "high", "seen",
        "could_exclude", "one_trial", "upper_bound", "upper_bound_in_arm", "is_estimable", "in_words", "note",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)
