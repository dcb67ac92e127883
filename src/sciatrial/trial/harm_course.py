"""Trials that follow their boundary for harm: who has the event when, and the month at which the trial stops.

The chance of a harm is that of the clinic's list, one for all patients of a trial, drawn from what published counts
leave open; or a share that the study assumes. A flare after a procedure is one that the patient had in the simulation.
A harm of an administration comes on the day of a dose, one of an operation or of a harvest on the day of the first, any
other at any time of the follow-up, each as likely.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.clinic import Hazard, Numbers, days_of_doses, hazards_of
from sciatrial.foundation import DAYS_PER_MONTH, Problem, TrialError, uniforms
from sciatrial.statistics import HarmBoundary
from sciatrial.trial.analysis import Effects, effects_seen
from sciatrial.trial.calendar import known_endpoints
from sciatrial.trial.conducted import Conducted, first_randomised, taken_place
from sciatrial.trial.design import Design
from sciatrial.trial.monitoring import Decision, Monitored
from sciatrial.trial.patient_harms import days_treated, harm_days, heard_until, is_simulated
from sciatrial.trial.safety import HarmStop, HarmTiming, boundary_of, follow_up_of

_SHOWN = (Decision.EFFICACY, Decision.OTHER_DIRECTION, Decision.FUTILITY)
_SEEN = {
    "n_arm": "n_arm", "n_control": "n_control", "estimate": "estimate", "standard_error": "standard_error",
    "degrees_of_freedom": "degrees_of_freedom", "ci_low": "low", "ci_high": "high", "p_value": "p_value",
    "why_not": "why_not", "z": "z", "final_estimate": "estimate", "final_standard_error": "standard_error",
    "final_ci_low": "low", "final_ci_high": "high", "final_z": "z",
}  # fmt: skip
_UNDECIDED = (
    "efficacy_z", "adjusted_estimate", "adjusted_low", "adjusted_high", "adjusted_p_value", "repeated_low",
    "repeated_high", "final_efficacy_z",
)  # fmt: skip


def follows_boundary(design: Design) -> bool:
    """Whether simulated trials of a design follow its boundary for harm."""
    stop = None if design.safety is None else design.safety.stopping
    return stop is not None and stop.is_followed


def counted_harms(design: Design, known: Sequence[Hazard]) -> list[tuple[Hazard, int]]:
    """Return the harms of the clinic's list that the boundary counts, and how many times each chance is taken.

    Parameters
    ----------
    design
        Its boundary may count none of them, or assume a share.
    known
        From `hazards`.

    Raises
    ------
    TrialError
        When a harm is not one of the arm's, or no patient had it, so that it has no rate.
    """
    stop = None if design.safety is None else design.safety.stopping
    if stop is None or not stop.counts:
        return []
    last_day = follow_up_of(design) * DAYS_PER_MONTH
    mine = hazards_of(design.arms[stop.arm], tuple(known), last_day)
    found, problems = [], []
    for place, word in enumerate(stop.counts):
        where = f"trial.safety.stopping.counts.{place}"
        here = [item for item in mine if word in (item[0].harm, item[0].name)]
        if not here:
            names = (
                ", ".join(item.name for item, _ in mine if item.n_with_event or is_simulated(item))
                or "none; write true_share"
            )
            told = f"{word!r} is no harm of arm {stop.arm}"
            problems.append(Problem(where, told, f"one of {names}", "see `sciatrial show harms`"))
        for item, _ in here:
            if not item.n_with_event and not is_simulated(item):
                told = f"of {item.name} {item.in_words()}, which gives no rate"
                advice = "write true_share in place of counts, or the whole name of another harm"
                problems.append(Problem(where, told, "a harm that was counted in somebody", advice))
        found += here
    if problems:
        raise TrialError("harms", problems)
    return found


def stopped_for_harm(
    design: Design,
    trials: Sequence[Conducted],
    looked: Sequence[Monitored],
    seeds: Sequence[int],
    known: Sequence[Hazard],
) -> list[tuple[Conducted, Monitored]]:
    """Return the trials as they go when their boundary for harm is followed.

    A trial stops as soon as so many patients have the event that the look to come must stop it; from that month on
    nobody is randomised, treated or seen, and what is undecided stays so. A trial that its efficacy has ended before is
    as it was.

    Parameters
    ----------
    design
        Its boundary is followed.
    trials, looked, seeds
        As conducted, with all patients; as their looks went; and the seeds of their luck.
    known
        From `hazards`; needed where the boundary counts harms of the clinic's list.

    Returns
    -------
    list
        Those randomised before the stop, and what was found of them. The contrasts have a column ``harm_month``: of the
        stop, NaN without one.
    """
    counted = counted_harms(design, known)
    boundary = boundary_of(design)
    months = [month_of_stop(design, trial, seed, counted, boundary) for trial, seed in zip(trials, seeds, strict=True)]
    ends = [float(mine.contrasts["months"].iloc[0]) for mine in looked]
    places = [place for place, month in enumerate(months) if month < ends[place]]
    found = [
        (first_randomised(trial, mine.n_randomised), replace(mine, contrasts=mine.contrasts.assign(harm_month=nan)))
        for trial, mine in zip(trials, looked, strict=True)
    ]
    if not places:
        return found
    seen = [known_endpoints(design, trials[place]) & _by_then(design, trials[place], months[place]) for place in places]
    effects = effects_seen(design, [trials[place] for place in places], seen)
    for row, place in enumerate(places):
        stopped = _until(design, trials[place], months[place])
        found[place] = (stopped, _monitored(looked[place], effects, row, months[place], len(stopped.assigned)))
    return found


def month_of_stop(
    design: Design,
    trial: Conducted,
    seed: int,
    counted: Sequence[tuple[Hazard, int]],
    boundary: HarmBoundary | None,
) -> float:
    """Return the month in which a trial's boundary for harm is reached, infinite where it never is.

    Patients beyond the planned size of the arm, as chance may give it, count at no look.

    Parameters
    ----------
    design
        Its boundary is followed.
    trial
        With all patients.
    seed
        Of its luck.
    counted
        From `counted_harms`.
    boundary
        From `boundary_of`.
    """
    stop = design.safety.stopping if design.safety else None
    if boundary is None or stop is None or trial.arrivals is None:
        return inf
    mine = np.flatnonzero(trial.assigned == list(design.arms).index(stop.arm))
    numbers, draw = trial.patients.numbers[mine], trial.patients.draw
    if counted:
        first_days = days_treated(design, trial, seed)[0][mine]
        after = event_days(design, stop, counted, seed, numbers, draw, first_days)
    else:
        after = event_days(design, stop, counted, seed, numbers, draw)
    heard = after <= heard_until(design, trial)[mine]
    at = np.where(heard, trial.arrivals.months[mine] + after / DAYS_PER_MONTH, inf)
    # the patients of a look are the first ones randomised: those with an event are not known earlier than others; an
    # arm that chance leaves smaller than planned has all its patients at the looks that it does not reach
    reached = [
        np.sort(at[:n])[fewest - 1]
        for n, fewest in zip(boundary.patients, boundary.fewest_events, strict=True)
        if fewest <= min(n, len(mine))
    ]
    return float(min(reached, default=inf))


def event_days(
    design: Design,
    stop: HarmStop,
    counted: Sequence[tuple[Hazard, int]],
    seed: int,
    patients: NDArray[np.int64],
    draw: Numbers,
    first_days: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return the day since randomisation on which patients of the arm first have the event, infinite where never.

    Parameters
    ----------
    design, stop
        The design and its boundary.
    counted
        From `counted_harms`; none where a share is assumed.
    seed
        Of the trial's luck.
    patients
        Their numbers; dims ``patient``.
    draw
        The numbers that they were simulated with.
    first_days
        As in `harm_days`; left out, everybody is treated when planned.
    """
    last_day = follow_up_of(design) * DAYS_PER_MONTH
    protocol = design.arms[stop.arm]
    doses = days_of_doses(protocol, last_day)
    planned = float(doses[0]) if doses else 0.0
    starts = np.full(len(patients), planned) if first_days is None else first_days
    first = np.full(len(patients), inf)
    if stop.true_share is not None:
        name = f"harm {stop.event}"
        when = np.full(len(patients), planned)
        if stop.true_timing is not HarmTiming.PROCEDURE:
            when = planned + (last_day - planned) * uniforms(seed, f"day of {name}", patients)
        first = np.where(uniforms(seed, name, patients) < stop.true_share, when, inf)
    for hazard, times in counted:
        days = harm_days(
            protocol, hazard, times, seed=seed, patients=patients, first_days=starts, last_day=last_day, draw=draw
        )
        first = np.minimum(first, days.min(axis=0, initial=inf))
    return first


def _by_then(design: Design, trial: Conducted, month: float) -> NDArray[np.bool_]:
    return taken_place(replace(trial, ended=month), design.visits_months)


def _until(design: Design, trial: Conducted, month: float) -> Conducted:
    """Return a trial as it went until a month: those randomised by then, and what was seen of them."""
    arrivals = np.zeros(0) if trial.arrivals is None else trial.arrivals.months
    ended = replace(first_randomised(trial, max(1, int((arrivals <= month).sum()))), ended=month)
    by_then = taken_place(ended, design.visits_months)
    return replace(ended, is_observed=ended.is_observed & by_then, rescued=ended.rescued & by_then)


def _monitored(before: Monitored, effects: Effects, row: int, month: float, n_randomised: int) -> Monitored:
    """Return what was found by the month of the stop: comparisons decided by then stay so, others are undecided."""
    import pandas as pd

    looks = before.looks.loc[before.looks["month"] <= month]
    decided = set(looks.loc[looks["decision"].isin([str(word) for word in _SHOWN]), "comparison"])
    rows: list[dict[Any, Any]] = []
    for number, line in enumerate(before.contrasts.to_dict("records")):
        own = looks.loc[looks["comparison"] == line["comparison"], "look"]
        line |= {"n_randomised": n_randomised, "months": month, "harm_month": month}
        final = {name: getattr(effects, column)[row, number] for name, column in _SEEN.items()}
        if line["comparison"] in decided:
            line |= {name: value for name, value in final.items() if name.startswith("final_")}
        else:
            line |= final | dict.fromkeys(_UNDECIDED, nan)
            line |= {"decision": str(Decision.STOPPED_FOR_HARM), "look": int(own.max()) if len(own) else 0}
            line["n_overrun"] = 0
        rows.append(line)
    return Monitored(pd.DataFrame(rows), looks)
