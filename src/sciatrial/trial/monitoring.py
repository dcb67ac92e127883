"""Look by look: the analysis of what is seen, its statistic against the bounds, and what a stopped trial says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from math import inf, isfinite, nan
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from sciatrial.statistics import (
    FixedFutility,
    GroupSequentialDesign,
    Sides,
    Spending,
    SpendingKind,
    bounds_at_realised_information,
    final_estimate,
    repeated_interval,
    stagewise_p_value,
)
from sciatrial.trial.analysis import Effects, effects_seen
from sciatrial.trial.calendar import Calendar, calendar_of
from sciatrial.trial.conducted import Conducted
from sciatrial.trial.design import Comparison, Design
from sciatrial.trial.design_problems import CLOSEST_LOOKS

if TYPE_CHECKING:
    import pandas as pd


class Decision(StrEnum):
    """What a look says of a comparison.

    ``efficacy``: a benefit is shown. ``other_direction``: a harm is shown (two-sided designs). ``futility``: the trial
    stops without a finding. ``ended``: the trial ended by its deciding comparison, or with its last look, and nothing
    is shown. ``dropped``: others of several arms were selected to go on. ``continue``: the next look decides.
    ``stopped_for_harm``: the boundary for harm stopped the trial before anything was decided.
    """

    EFFICACY = "efficacy"
    OTHER_DIRECTION = "other_direction"
    FUTILITY = "futility"
    ENDED = "ended"
    DROPPED = "dropped"
    CONTINUE = "continue"
    STOPPED_FOR_HARM = "stopped_for_harm"


@dataclass(frozen=True)
class Monitored:
    """One trial as its looks went: one row a comparison, and one row a comparison and look."""

    contrasts: pd.DataFrame
    looks: pd.DataFrame

    @property
    def n_randomised(self) -> int:
        """Patients randomised by the end of the trial."""
        return int(self.contrasts["n_randomised"].iloc[0])


_Look = tuple[Effects, int]  # a batch of trials, and the place of one of them


@dataclass(frozen=True)
class _Path:
    """One comparison at the looks that test it: places in the calendar, planned numbers, shares of information, z."""

    places: tuple[int, ...]
    numbers: tuple[int, ...]
    shares: tuple[float, ...]
    z: tuple[float, ...]
    bounds: GroupSequentialDesign


def monitor(
    design: Design, trials: Sequence[Conducted], periods: Sequence[NDArray[np.int64]] | None = None
) -> list[Monitored]:
    """Look at each trial as its design plans, and stop it where its bounds say so.

    At every look the pre-specified analysis is done on what has been observed by then; its statistic is compared with
    bounds at the information that was really reached (a shape in z spends what it spends as planned). Patients who
    were randomised before the end of the trial and had no endpoint yet are followed and enter its final analysis.

    Parameters
    ----------
    periods
        As in `effects_seen`.

    Returns
    -------
    list
        One `Monitored` for each trial.
    """
    calendars = [calendar_of(design, trial) for trial in trials]
    effects = _at_looks(design, trials, calendars, periods)
    ends = [_ends(design, calendar, mine) for calendar, mine in zip(calendars, effects, strict=True)]
    final = [mine[end.place] for mine, end in zip(effects, ends, strict=True)]  # at the last look, everybody's
    early = [row for row, end in enumerate(ends) if end.place + 1 < len(calendars[row].numbers)]
    if early:
        followed = [
            calendars[row].seen[-1]
            & (np.arange(len(trials[row].assigned)) < calendars[row].n_recruited[ends[row].place])[:, None]
            for row in early
        ]
        mine = None if periods is None else [periods[row] for row in early]
        later = effects_seen(design, [trials[row] for row in early], followed, mine)
        for place, row in enumerate(early):
            final[row] = (later, place)
    return [
        Monitored(_contrast_rows(design, calendar, mine, end, last), _look_rows(design, calendar, mine, end))
        for calendar, mine, end, last in zip(calendars, effects, ends, final, strict=True)
    ]


def _at_looks(
    design: Design,
    trials: Sequence[Conducted],
    calendars: Sequence[Calendar],
    periods: Sequence[NDArray[np.int64]] | None,
) -> list[list[tuple[Effects, int]]]:
    """Return the analysis of each trial at each look of its calendar, as a batch of trials and a place in it."""
    found: list[list[tuple[Effects, int]]] = [[] for _ in trials]
    for number in range(1, design.bounds().n_looks + 1):
        having = [place for place, calendar in enumerate(calendars) if number in calendar.numbers]
        if having:
            seen = [calendars[place].seen[calendars[place].numbers.index(number)] for place in having]
            mine = None if periods is None else [periods[place] for place in having]
            effects = effects_seen(design, [trials[place] for place in having], seen, mine)
            for row, place in enumerate(having):
                found[place].append((effects, row))
    return found


@dataclass(frozen=True)
class _End:
    """Where a trial ended, and where each comparison did: a place in the calendar, and why."""

    place: int
    paths: tuple[_Path, ...]
    places: tuple[int, ...]
    decisions: tuple[Decision, ...]


def _ends(design: Design, calendar: Calendar, effects: Sequence[tuple[Effects, int]]) -> _End:
    compared = design.compared()
    paths = [_path(design, calendar, effects, number) for number in range(len(compared))]
    alone = [_stop_of(path) for path in paths]
    deciding = design.looks.deciding
    if deciding is None:
        places = tuple(place for place, _ in alone)
        return _End(max(places), tuple(paths), places, tuple(decision for _, decision in alone))
    first = [(item.arm, item.control) for item in compared].index((deciding.arm, deciding.control))
    end = alone[first][0]
    found = [alone[number] if number == first else _stop_of(path, ends_at=end) for number, path in enumerate(paths)]
    return _End(end, tuple(paths), tuple(place for place, _ in found), tuple(decision for _, decision in found))


def _path(design: Design, calendar: Calendar, effects: Sequence[tuple[Effects, int]], number: int) -> _Path:
    """Return one comparison at the looks that test it.

    A look that finds hardly more information than the one before (`CLOSEST_LOOKS`), that has nearly all that is planned
    or that the final analysis has, or at which nothing can be estimated, tests nothing and spends nothing.
    """
    shares = np.array([_share_of_plan(design, look, number) for look in effects])
    statistics = [float(found.z[row, number]) for found, row in effects]
    last = len(shares) - 1
    kept: list[int] = []
    for place in range(last):
        so_far = shares[kept[-1]] if kept else 0.0
        is_apart = so_far + CLOSEST_LOOKS <= shares[place] <= min(1.0, shares[last]) - CLOSEST_LOOKS
        if isfinite(statistics[place]) and is_apart:
            kept.append(place)
    bounds = design.bounds()
    if bounds.n_looks > 1 and shares[last] > 0:
        reached = tuple(float(share) for share in shares[[*kept, last]])
        numbers = tuple(calendar.numbers[place] for place in kept)
        bounds = bounds_reached(bounds, numbers, reached)
    places = (*kept, last)
    z = tuple(statistics[place] for place in places)
    return _Path(
        places, tuple(calendar.numbers[place] for place in places), tuple(shares[list(places)].tolist()), z, bounds
    )


def _value(look: _Look, name: str, comparison: int) -> float:
    effects, row = look
    return float(getattr(effects, name)[row, comparison])


def _share_of_plan(design: Design, look: _Look, number: int) -> float:
    """Return the information that an analysis has of a comparison, as a share of the planned."""
    n_arm, n_control = (_value(look, name, number) for name in ("n_arm", "n_control"))
    information = n_arm * n_control / (n_arm + n_control) if n_arm * n_control > 0 else 0.0
    return information / _planned_information(design, design.compared()[number])


def _planned_information(design: Design, comparison: Comparison) -> float:
    planned = design.expected_endpoints()
    arm, control = planned[comparison.arm], planned[comparison.control]
    return arm * control / (arm + control)


@lru_cache(maxsize=4096)
def bounds_reached(
    planned: GroupSequentialDesign, numbers: tuple[int, ...], reached: tuple[float, ...]
) -> GroupSequentialDesign:
    """Return the bounds at the information that was reached.

    Parameters
    ----------
    planned
        The planned bounds.
    numbers
        Planned numbers, from 1, of the interim looks that took place.
    reached
        Information at these looks and at the final one, as shares of the planned full information, increasing.

    Returns
    -------
    GroupSequentialDesign
        Its looks are those that took place. A bound depends on information up to its own look only.
    """
    rules = planned.rules
    efficacy, futility = rules.efficacy, rules.futility
    if not isinstance(efficacy, Spending):
        efficacy = Spending(SpendingKind.USER, values=(*planned.alpha_spent[:-1], rules.alpha))
    if isinstance(futility, FixedFutility):
        futility = FixedFutility(tuple(futility.bounds_z[number - 1] for number in numbers))
    only = tuple(place for place, number in enumerate(numbers, start=1) if number in rules.futility_only_looks)
    adapted = replace(rules, efficacy=efficacy, futility=futility, futility_only_looks=only)
    return bounds_at_realised_information(replace(planned, rules=adapted), reached)


def first_crossing(bounds: GroupSequentialDesign, z: NDArray[np.float64]) -> tuple[NDArray[np.int64], list[Decision]]:
    """Return where paths of a statistic stop, futility bounds followed.

    Parameters
    ----------
    bounds
        Bounds at the looks.
    z
        Statistics, positive in favour of the arm, NaN where there is none; dims ``trial, look``.

    Returns
    -------
    tuple
        The place of the look, from 0, dims ``trial``; and one decision a trial.
    """
    n, n_looks = z.shape
    place, decision = np.full(n, n_looks - 1), np.full(n, Decision.ENDED, dtype=object)
    lower = np.append(bounds.futility_z, -inf) if bounds.rules.sides is Sides.ONE else -np.array(bounds.efficacy_z)
    below = Decision.FUTILITY if bounds.rules.sides is Sides.ONE else Decision.OTHER_DIRECTION
    is_open = np.ones(n, dtype=bool)
    for look in range(n_looks):
        for crosses, word in (
            (z[:, look] > bounds.efficacy_z[look], Decision.EFFICACY),
            (z[:, look] < lower[look], below),
        ):
            stops = is_open & crosses
            place[stops], decision[stops] = look, word
            is_open &= ~stops
    return place, decision.tolist()


def _stop_of(path: _Path, *, ends_at: int | None = None) -> tuple[int, Decision]:
    """Return the place in the calendar at which a comparison stops, and why.

    With `ends_at`, the trial ends there by its deciding comparison: this one is tested until then and stops nothing.
    """
    z = np.array([path.z])
    if ends_at is None:
        look, decision = first_crossing(path.bounds, z)
        return path.places[int(look[0])], decision[0]
    tested = [look for look, place in enumerate(path.places) if place <= ends_at]
    for look in tested:
        if z[0, look] > path.bounds.efficacy_z[look]:
            return path.places[look], Decision.EFFICACY
        if path.bounds.rules.sides is Sides.TWO and z[0, look] < -path.bounds.efficacy_z[look]:
            return path.places[look], Decision.OTHER_DIRECTION
    return (path.places[tested[-1]] if tested else ends_at), Decision.ENDED


def rows_without_patients(design: Design, why_not: str) -> pd.DataFrame:
    """Return the rows of a trial that enrolled nobody, one a hypothesis, its numbers NaN."""
    import pandas as pd

    unsized: dict[str, Any] = {}
    if design.reestimation is not None:
        unsized = dict.fromkeys(("planned_patients", "new_size", "conditional_power", "new_conditional_power"), nan)
        unsized["zone"] = ""
    if design.enrichment is not None:
        unsized = {"selection": "", "went_for": ""}
    pairs = [(item.name, item) for item in design.compared()]
    pairs += [(name, pairs[0][1]) for name in design.hypotheses()[len(pairs) :]]
    counts = {"n_arm": 0, "n_control": 0, "look": 0, "n_overrun": 0, "n_randomised": 0}
    numbers = [*NAIVE, "z", *AFTER, *(f"final_{name}" for name in FINAL), "final_efficacy_z", "months"]
    rows = [
        {
            "comparison": name, "arm": item.arm, "control": item.control, **counts,
            **dict.fromkeys(numbers, nan), "why_not": why_not, "decision": str(Decision.ENDED), **unsized,
        }
        for name, item in pairs
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _contrast_rows(design: Design, calendar: Calendar, looks: Sequence[_Look], end: _End, final: _Look) -> pd.DataFrame:
    """Return one row a comparison: what was found at the look that decided, and in the final analysis."""
    import pandas as pd

    rows = []
    for number, comparison in enumerate(design.compared()):
        place, path = end.places[number], end.paths[number]
        look = looks[place]
        n_arm, n_control = (int(_value(look, name, number)) for name in ("n_arm", "n_control"))
        n_final = sum(int(_value(final, name, number)) for name in ("n_arm", "n_control"))
        rows.append(
            {
                "comparison": comparison.name, "arm": comparison.arm, "control": comparison.control,
                "n_arm": n_arm, "n_control": n_control,
                **{name: _value(look, column, number) for name, column in NAIVE.items()},
                "why_not": str(look[0].why_not[look[1], number]),
                "decision": str(end.decisions[number]), "look": calendar.numbers[place],
                "z": _value(look, "z", number),
                **_after_stopping(design, path, place, look, number),
                "n_overrun": n_final - n_arm - n_control,
                **{f"final_{name}": _value(final, column, number) for name, column in FINAL.items()},
                "final_efficacy_z": _final_bound(design, path, place, final, number),
                "n_randomised": int(calendar.n_recruited[end.place]), "months": float(calendar.months[end.place]),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


NAIVE = {
    "estimate": "estimate", "standard_error": "standard_error", "degrees_of_freedom": "degrees_of_freedom",
    "ci_low": "low", "ci_high": "high", "p_value": "p_value",
}  # fmt: skip
FINAL = {"estimate": "estimate", "standard_error": "standard_error", "ci_low": "low", "ci_high": "high", "z": "z"}
AFTER: tuple[str, ...] = (
    "efficacy_z", "adjusted_estimate", "adjusted_low", "adjusted_high", "adjusted_p_value", "repeated_low",
    "repeated_high",
)  # fmt: skip


def _after_stopping(design: Design, path: _Path, place: int, look: _Look, comparison: int) -> dict[str, float]:
    """Return estimates that allow for the looks: stage-wise ordering, and the repeated interval.

    The bounds are those of a normal statistic. Its unit is chosen so that it gives Student's estimate, and a trial that
    stops at its first look has Student's interval: there the order of paths is that of the estimates.
    """
    nothing: dict[str, float] = dict.fromkeys(AFTER, nan)
    estimate, error, z = (_value(look, name, comparison) for name in ("estimate", "standard_error", "z"))
    if place not in path.places:
        return nothing
    number = path.places.index(place)
    bound = path.bounds.efficacy_z[number]
    nothing["efficacy_z"] = bound if isfinite(bound) else nan
    if not isfinite(estimate):
        return nothing
    freedom = _value(look, "degrees_of_freedom", comparison)
    critical = float(stdtrit(freedom, 1 - path.bounds.stage_levels[number]))
    repeated = repeated_interval(estimate, error, critical)
    found = [_value(look, name, comparison) for name in ("estimate", "low", "high", "p_value")]
    if number > 0:
        unit = abs(estimate / z) if abs(z) > _NO_STATISTIC else error
        final = final_estimate(path.bounds, number + 1, z, standard_error=unit, level=design.level)
        sign = design.benefit_sign
        ends = sorted((sign * final.low, sign * final.high))
        found = [sign * final.median_unbiased, *ends, stagewise_p_value(path.bounds, number + 1, z)]
    return dict(zip(AFTER, (nothing["efficacy_z"], *found, *repeated), strict=True))


def _final_bound(design: Design, path: _Path, place: int, final: _Look, comparison: int) -> float:
    """Return the bound for efficacy at the information of the final analysis, had it been the look after the stop.

    It is there to judge a finding by all patients: with the looks before it, all of alpha is spent.
    """
    if place not in path.places:
        return nan
    number = path.places.index(place)
    share = _share_of_plan(design, final, comparison)
    bound = path.bounds.efficacy_z[number]
    if number + 1 < len(path.places) and share >= path.shares[number] + CLOSEST_LOOKS:
        reached = (*path.shares[: number + 1], share)
        bound = bounds_reached(design.bounds(), path.numbers[: number + 1], reached).efficacy_z[-1]
    return bound if isfinite(bound) else nan


# below this z the ratio of Student's to the normal statistic is lost in rounding, and is 1 to a few per cent
_NO_STATISTIC = 1e-6


def _look_rows(design: Design, calendar: Calendar, looks: Sequence[_Look], end: _End) -> pd.DataFrame:
    """Return one row a comparison and look, until the comparison stops."""
    import pandas as pd

    rows = []
    for number, comparison in enumerate(design.compared()):
        path, stop = end.paths[number], end.places[number]
        bounds = path.bounds
        futility = [*bounds.futility_z, nan] if bounds.rules.sides is Sides.ONE else [nan] * bounds.n_looks
        for index, place in enumerate(path.places):
            if place > stop:
                break
            look = looks[place]
            bound, low = bounds.efficacy_z[index], futility[index]
            decision = end.decisions[number] if place == stop else Decision.CONTINUE
            rows.append(
                {
                    "comparison": comparison.name, "look": calendar.numbers[place],
                    "information": path.shares[index], "month": float(calendar.months[place]),
                    "n_recruited": int(calendar.n_recruited[place]),
                    **{name: int(_value(look, name, number)) for name in ("n_arm", "n_control")},
                    **{name: _value(look, name, number) for name in ("estimate", "standard_error", "z")},
                    "efficacy_z": bound if isfinite(bound) else nan, "futility_z": low if isfinite(low) else nan,
                    "alpha_spent": bounds.alpha_spent[index], "decision": str(decision),
                }
            )  # fmt: skip
    return pd.DataFrame(rows, columns=LOOK_COLUMNS)


LOOK_COLUMNS: Any = [
    "comparison", "look", "information", "month", "n_recruited", "n_arm", "n_control", "estimate", "standard_error",
    "z", "efficacy_z", "futility_z", "alpha_spent", "decision",
]  # fmt: skip
