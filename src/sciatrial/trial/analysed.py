"""What the pre-specified analysis of one trial uses of each patient, and at which look each value was known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.trial.aims import EndpointMeasure, Strategy
from sciatrial.trial.analysis import known_changes
from sciatrial.trial.calendar import known_endpoints
from sciatrial.trial.conduct import score_column
from sciatrial.trial.conducted import Conducted, randomised_months, taken_place, visit_months
from sciatrial.trial.course import Completed
from sciatrial.trial.design import Design
from sciatrial.trial.endpoint import Outcome
from sciatrial.trial.estimand import after_rescue
from sciatrial.trial.pairwise import known_values

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "place", "item", "parameter", "occasion", "month", "baseline", "value", "change", "derivation", "first_look",
)  # fmt: skip


@dataclass(frozen=True)
class Analysed:
    """Values that the final analysis uses: everybody who was randomised is followed.

    ``values`` has dims ``patient, item``, NaN where nothing is used; an item is a visit of the endpoint's score, or an
    outcome of the endpoint. ``change``: whether values are changes from baseline. ``names``, ``occasions``: of items.
    """

    values: NDArray[np.float64]
    names: tuple[str, ...]
    occasions: tuple[int, ...]
    is_change: bool

    @property
    def is_used(self) -> NDArray[np.bool_]:
        """Who takes part in the analysis, by any value; dims ``patient``."""
        return np.asarray(np.isfinite(self.values).any(axis=1))


def analysed_values(design: Design, trial: Conducted, followed: NDArray[np.bool_]) -> Analysed:
    """Return what the final analysis uses.

    Parameters
    ----------
    design, trial
        Whose analysis.
    followed
        Which values are known once everybody is followed; dims ``patient, occasion``.
    """
    last = 1 + design.visits_months.index(design.endpoint.month)
    if design.endpoint.measure is EndpointMeasure.CHANGE_FROM_BASELINE:
        change = known_changes(design, trial, followed).change
        occasions = tuple(range(last + 1 - change.shape[1], last + 1))
        return Analysed(change, (str(design.endpoint.outcome),) * len(occasions), occasions, is_change=True)
    values = known_values(design, trial, followed)
    return Analysed(values, _names(design), (last,) * values.shape[1], is_change=False)


def _names(design: Design) -> tuple[str, ...]:
    endpoint = design.endpoint
    if endpoint.measure is EndpointMeasure.HIERARCHY:
        return tuple(_told(item) for item in endpoint.hierarchy)
    return (endpoint.rule or f"category of {endpoint.outcome}",)


def _told(item: Outcome) -> str:
    if item.event is not None:
        return "no rescue"
    return item.rule or f"improvement of {item.score}"


@dataclass(frozen=True)
class Ended:
    """A trial as it ended: those randomised by then, what its final analysis uses, and when each value was known.

    ``first_look`` is from `first_looks`; dims ``patient, occasion``.
    """

    trial: Conducted
    analysed: Analysed
    first_look: NDArray[np.float64]


def ended_trial(design: Design, completed: Completed) -> Ended:
    """Return what the final analysis of a completed trial uses, and the look at which each value was first known."""
    trial = completed.trial
    # what would count though nobody saw it does not where the trial stopped before
    known = known_endpoints(design, trial) & taken_place(trial, design.visits_months)
    return Ended(trial, analysed_values(design, trial, known), first_looks(design, completed, known))


def first_looks(design: Design, completed: Completed, known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the planned number of the first look at which each value was known; dims ``patient, occasion``.

    What was known after the trial's end only is NaN, as is what never was.
    """
    rows = completed.monitored.looks
    months = dict(zip(rows["look"], rows["month"], strict=True))
    trial = completed.trial
    visits = visit_months(trial, randomised_months(design, trial), design.visits_months)
    last = design.bounds().n_looks
    found = np.full(known.shape, np.nan)
    for number in sorted(months, reverse=True):
        # the final analysis has everybody, and without accrual there is no other
        found[known & ((visits <= months[number]) | (number == last))] = number
    return found


def analysed_rows(design: Design, trial: Conducted, analysed: Analysed, looks: NDArray[np.float64]) -> pd.DataFrame:
    """Return one row a patient and item that the analysis uses.

    Returns
    -------
    pandas.DataFrame
        Columns ``place`` (of the patient, in the order of randomisation), ``item`` (from 0: which outcome of a
        hierarchy; 0 of any other endpoint), ``parameter, occasion, month, baseline`` (of the endpoint's score; in a
        hierarchy of the outcome's own, NaN where it has none), ``value`` (of a change: baseline and change; else higher
        is better, an improvement above 0), ``change`` (NaN for
        what is no change), ``derivation`` (how a value was made that was not measured at its visit: ``baseline``,
        ``last_before_rescue``, ``failure``, empty otherwise), ``first_look`` (NaN: after the trial's end).
    """
    import pandas as pd

    months = np.array([0.0, *design.visits_months])
    frames = []
    for item, (name, occasion) in enumerate(zip(analysed.names, analysed.occasions, strict=True)):
        values = analysed.values[:, item]
        used = np.flatnonzero(np.isfinite(values))
        baseline = _baseline(design, trial, item)
        columns: dict[str, Any] = {
            "place": used, "item": item if design.endpoint.hierarchy else 0, "parameter": name,
            "occasion": occasion, "month": months[occasion],
            "baseline": baseline[used],
            "value": (baseline + values)[used] if analysed.is_change else values[used],
            "change": values[used] if analysed.is_change else np.nan,
            "derivation": _derivation(design, trial, analysed, occasion)[used],
            "first_look": looks[used, occasion],
        }  # fmt: skip
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True).reindex(columns=list(COLUMNS))


def _baseline(design: Design, trial: Conducted, item: int) -> NDArray[np.float64]:
    """Return the baseline that belongs to an item; dims ``patient``."""
    hierarchy = design.endpoint.hierarchy
    score = hierarchy[item].score if hierarchy else design.endpoint.outcome
    return np.full(len(trial.assigned), np.nan) if score is None else trial.scores[:, 0, score_column(score)]


def _derivation(design: Design, trial: Conducted, analysed: Analysed, occasion: int) -> NDArray[Any]:
    """Return how values of an occasion were made where they were not measured then; dims ``patient``."""
    strategy = design.estimand.rescue
    after = after_rescue(trial.rescued)[:, occasion]
    made = np.full(len(after), "", dtype=object)
    if design.endpoint.hierarchy:  # rescue is an outcome of its own or part of a rule, and scores are as measured
        return made
    if not analysed.is_change:
        made[~trial.is_observed[:, occasion]] = "failure"
    if strategy is Strategy.COMPOSITE:
        made[after] = "baseline" if analysed.is_change else "failure"
    if strategy is Strategy.WHILE_ON_TREATMENT:
        made[after] = "last_before_rescue"
    return made
