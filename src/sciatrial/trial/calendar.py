"""When a trial is looked at: information decides, and the month follows from accrual."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sciatrial.foundation import Problem, TrialError
from sciatrial.trial.accrual import Arrivals
from sciatrial.trial.aims import Strategy
from sciatrial.trial.conducted import Conducted, randomised_months, visit_months
from sciatrial.trial.design import Design
from sciatrial.trial.endpoint import Missing
from sciatrial.trial.estimand import after_rescue, known_visits


@dataclass(frozen=True)
class Calendar:
    """The looks that take place in one trial, the final analysis last.

    Attributes
    ----------
    numbers
        Planned number of each look, from 1: an interim look whose information is never reached is left out.
    months
        Month of each look, the opening of the first site at 0; dims ``look``. NaN without accrual.
    n_recruited
        Patients randomised by then; dims ``look``.
    seen
        Whether the value of a visit is known by then (see `known_endpoints`); dims ``look, patient, occasion``.
    """

    numbers: tuple[int, ...]
    months: NDArray[np.float64]
    n_recruited: NDArray[np.int64]
    seen: NDArray[np.bool_]


def calendar_of(design: Design, trial: Conducted) -> Calendar:
    """Return when a conducted trial is looked at, were it never to stop.

    An interim look takes place when the known endpoints of the arms that decide reach its share of those that the
    plan expects; recruitment goes on until a look stops the trial.
    """
    known = known_endpoints(design, trial)
    n, n_looks = len(trial.assigned), len(design.looks.information) + 1
    if design.accrual is None:
        return Calendar((1,), np.array([np.nan]), np.array([n]), known[None])
    arrival = randomised_months(design, trial)
    visits = visit_months(trial, arrival, design.visits_months)
    occasion = 1 + design.visits_months.index(design.endpoint.month)
    deciding = [list(design.arms).index(arm) for arm in design.deciding_arms()]
    counts = known[:, occasion] & np.isin(trial.assigned, deciding)
    reached = np.sort(visits[counts, occasion])
    end = float(visits[:, occasion].max())
    numbers, months = [], []
    for number, target in enumerate(design.look_endpoints(), start=1):
        # a look at the last endpoint would be the final analysis
        if target < len(reached):
            numbers.append(number)
            months.append(float(reached[target - 1]))
    times = np.array([*months, end])
    seen = known & (visits <= times[:, None, None])
    seen[-1] = known
    recruited = (arrival <= times[:, None]).sum(axis=1)
    return Calendar((*numbers, n_looks), times, recruited, seen)


def known_endpoints(design: Design, trial: Conducted) -> NDArray[np.bool_]:
    """Return at which visits a patient has a value that the analysis can use: see `known_visits`.

    Where whoever is not seen counts as no responder, gone or only absent that day, everybody has one at every visit, on
    the day of that visit, but for those whom the strategy leaves out.
    """
    known = known_visits(design.estimand, trial.is_observed, trial.rescued)
    if design.endpoint.missing is not Missing.NON_RESPONDER:
        return known
    left_out = design.estimand.rescue is Strategy.PRINCIPAL_STRATUM
    counts = ~after_rescue(trial.rescued) if left_out else np.ones_like(known)
    return known | (counts & trial.is_solved[:, None])


def endpoint_due(design: Design, trial: Conducted) -> NDArray[np.float64]:
    """Return the month in which each patient's endpoint falls due, observed or not; dims ``patient``."""
    occasion = 1 + design.visits_months.index(design.endpoint.month)
    return visit_months(trial, arrivals_known(trial).months, design.visits_months)[:, occasion]


def arrivals_known(trial: Conducted) -> Arrivals:
    """Return the arrivals of a trial that changes at a look.

    Raises
    ------
    TrialError
        When the trial has none.
    """
    if trial.arrivals is None:
        raise TrialError("looks", Problem("arrivals", "are missing", "those of a conducted trial"))
    return trial.arrivals
