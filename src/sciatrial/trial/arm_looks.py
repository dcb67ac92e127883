"""Trials of several arms against one control: looked at, arms dropped, patients assigned to those that are left.

A stage is everybody whose endpoint fell due after the look before and by this one. Looks see endpoints that are due and
nothing of patients whose endpoint is still to come, so that what a look decides rests on other patients than the later
stages' tests: under the hypothesis these are as good as independent of it, and the combination test holds. Patients who
were recruited but not observed at a look belong to the next stage. Those of an arm that was dropped enter no test
there; for the others the analysis is adjusted for the period of their assignment, as the arms' ratio may change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import ceil, gcd, inf, isfinite, nan
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.foundation import derived_seed
from sciatrial.statistics import ClosedTests, GroupSequentialDesign, closed_tests
from sciatrial.trial.analysis import Effects, effects_seen
from sciatrial.trial.arm_intervals import Stages, simultaneous_interval
from sciatrial.trial.calendar import arrivals_known, endpoint_due, known_endpoints
from sciatrial.trial.conduct import strata_of
from sciatrial.trial.conducted import Conducted, reassigned
from sciatrial.trial.design import Design
from sciatrial.trial.look_decisions import Found, LookTaken, counts_of, decisions_at
from sciatrial.trial.monitoring import LOOK_COLUMNS, Decision, Monitored, bounds_reached
from sciatrial.trial.multi_arm import Freed, MultiArm, TrialStop, arm_indices
from sciatrial.trial.randomisation import Assigned, assigned_arms

if TYPE_CHECKING:
    import pandas as pd


@dataclass
class _Course:
    """A trial on its way: changed by this module alone, look by look."""

    rule: MultiArm
    trial: Conducted
    seed: int
    n_planned: int  # patients who will be randomised as things stand
    recruiting: NDArray[np.bool_]  # dims ``arm``
    active: NDArray[np.bool_]  # arms that are still tested; dims ``comparison``
    period: NDArray[np.int64]  # in which a patient was assigned, from 0; dims ``patient``
    looks: list[LookTaken] = field(default_factory=list)
    is_over: bool = False

    @property
    def last_month(self) -> float:
        return self.looks[-1].month if self.looks else -inf

    def first(self, n: int) -> NDArray[np.bool_]:
        """Return who is among the first `n` patients; dims ``patient``."""
        return np.arange(len(self.trial.assigned)) < n


def looked_at_arms(
    design: Design, rule: MultiArm, trials: Sequence[Conducted], seeds: Sequence[int]
) -> list[tuple[Conducted, Monitored]]:
    """Look at trials of several arms as their design plans; arms that a look drops recruit nobody after it.

    Parameters
    ----------
    design, rule
        The design and its `multi_arm`.
    trials
        Conducted with every patient in every arm.
    seeds
        Of the trials' luck, as they were conducted with.

    Returns
    -------
    list
        Each trial as its patients were assigned in the end, and what its looks found.
    """
    n_arms, n_compared = len(design.arms), len(design.compared())
    courses = [
        _Course(
            rule, trial, seed, len(trial.assigned), np.ones(n_arms, dtype=bool), np.ones(n_compared, dtype=bool),
            np.zeros(len(trial.assigned), dtype=np.int64),
        )
        for trial, seed in zip(trials, seeds, strict=True)
    ]  # fmt: skip
    for number in range(1, design.bounds().n_looks + 1):
        going = [course for course in courses if not course.is_over]
        months = [_month_of(design, course, number) for course in going]
        here = [(course, month) for course, month in zip(going, months, strict=True) if month is not None]
        if here:
            _look(design, number, [course for course, _ in here], [month for _, month in here])
    final = _followed(design, courses)
    return [
        (
            replace(course.trial, periods=course.period),
            Monitored(_contrast_rows(design, course, mine), _look_rows(design, course)),
        )
        for course, mine in zip(courses, final, strict=True)
    ]


def _followed(design: Design, courses: Sequence[_Course]) -> list[list[Found]]:
    """Return the analysis of each comparison with everybody followed who was randomised until it stopped."""
    stops = [[_stop_of(course, number) for number in range(len(design.compared()))] for course in courses]
    found: list[dict[int, Found]] = [{} for _ in courses]
    for number in range(1, design.bounds().n_looks + 1):
        until = {row: look.n_recruited for row, looks in enumerate(stops) for look in looks if look.number == number}
        if not until:
            continue
        some = [courses[row] for row in until]
        seen = [
            known_endpoints(design, course.trial) & course.first(n)[:, None]
            for course, n in zip(some, until.values(), strict=True)
        ]
        effects = _effects(design, some, seen)
        for place, row in enumerate(until):
            found[row][number] = (effects, place)
    return [[mine[look.number] for look in looks] for mine, looks in zip(found, stops, strict=True)]


def _effects(design: Design, courses: Sequence[_Course], seen: Sequence[NDArray[np.bool_]]) -> Effects:
    return effects_seen(design, [course.trial for course in courses], seen, [course.period for course in courses])


def _month_of(design: Design, course: _Course, number: int) -> float | None:
    """Return when a look takes place, None where its endpoints are never reached, or were by the look before."""
    due, is_planned = endpoint_due(design, course.trial), course.first(course.n_planned)
    if number == design.bounds().n_looks:
        return float(due[is_planned].max())
    counting = np.ones_like(course.recruiting) if course.rule.freed is Freed.REALLOCATED else course.recruiting
    expected = np.array(list(design.expected_endpoints().values()))
    target = max(1, ceil(design.looks.information[number - 1] * float(expected[counting].sum()) - 1e-9))
    occasion = 1 + design.visits_months.index(design.endpoint.month)
    counted = known_endpoints(design, course.trial)[:, occasion] & counting[course.trial.assigned] & is_planned
    reached = np.sort(due[counted])
    # a look at the last endpoint would be the final analysis
    if target >= len(reached) or reached[target - 1] <= course.last_month:
        return None
    return float(reached[target - 1])


def _look(design: Design, number: int, courses: Sequence[_Course], months: Sequence[float]) -> None:
    """Look at some trials at once: analyse, test, decide, and assign those who come after it."""
    compared, control = arm_indices(design)
    is_last = number == design.bounds().n_looks
    so_far, own = [], []
    for course, month in zip(courses, months, strict=True):
        due = endpoint_due(design, course.trial)
        known = known_endpoints(design, course.trial) & course.first(course.n_planned)[:, None]
        tested = [arm for arm, is_active in zip(compared, course.active, strict=True) if is_active]
        is_new = (due > course.last_month) & np.isin(course.trial.assigned, [*tested, control])
        so_far.append(known & (due <= month)[:, None])
        own.append(so_far[-1] & is_new[:, None])
    all_found, own_found = _effects(design, courses, so_far), _effects(design, courses, own)
    for row, (course, month) in enumerate(zip(courses, months, strict=True)):
        recruited = min(course.n_planned, int((arrivals_known(course.trial).months <= month).sum()))
        found, stage = (all_found, row), (own_found, row)
        bounds, tests, statistic, shown = _tested(design, course, number, stage)
        decisions = _decisions(course, number, found, shown, is_last=is_last)
        course.looks.append(
            LookTaken(number, month, recruited, found, stage, course.active.copy(), statistic, bounds, tests, decisions)
        )
        stays = np.array([decision is Decision.CONTINUE for decision in decisions])
        if not stays.any():
            course.is_over = True
        elif (stays != course.active).any():
            _assign_anew(design, course, stays, recruited, number)


def _tested(
    design: Design, course: _Course, number: int, stage: Found
) -> tuple[GroupSequentialDesign, ClosedTests, NDArray[np.float64], NDArray[np.bool_]]:
    """Return the bounds of the looks that took place, the closed test, its statistic of each arm, who is shown now."""
    bounds = bounds_of_looks(design, [*(look.number for look in course.looks), number])
    stages = stages_of(design, [*(look.stage for look in course.looks), stage], bounds.n_looks)
    found = closed_tests(
        stages.statistic[None], bounds, stages.ratios, test=course.rule.test, degrees_of_freedom=stages.freedom.tolist()
    )
    here = len(course.looks)
    return bounds, found, statistics_at(found, bounds, here), found.rejected[0, here] & course.active


def statistics_at(found: ClosedTests, bounds: GroupSequentialDesign, look: int) -> NDArray[np.float64]:
    """Return what is compared with the bound of a look, from 0, for each hypothesis of one trial; dims ``hypothesis``.

    The smallest of all intersections that hold it; one that was rejected before asks nothing more.
    """
    passed = np.logical_or.accumulate(found.combined_z[0] >= np.array(bounds.efficacy_z)[:, None], axis=0)
    open_z = found.combined_z[0, look].copy()
    if look:
        open_z[passed[look - 1]] = inf
    return np.array([open_z[holds].min() for holds in found.intersections.T])


def bounds_of_looks(design: Design, numbers: Sequence[int]) -> GroupSequentialDesign:
    """Return the bounds where, of the looks so far, only those with these numbers took place.

    The weights of the stages are those of the plan; a look that did not take place joins two stages to one.
    """
    planned = design.bounds()
    interim = tuple(number for number in numbers if number < planned.n_looks)
    is_over = len(numbers) > len(interim)
    if interim == tuple(range(1, len(interim) + 1)) and (not is_over or len(interim) == planned.n_looks - 1):
        return planned
    rates = tuple(planned.information_rates[number - 1] for number in interim)
    return bounds_reached(planned, interim, (*rates, 1.0))


def stages_of(design: Design, found: Sequence[Found], n_looks: int) -> Stages:
    """Return each stage's tests, later ones as not yet there.

    Parameters
    ----------
    design
        The design.
    found
        Effects in each stage's own patients.
    n_looks
        Looks of the bounds.
    """
    n = len(design.compared())
    values = {
        name: np.full((n_looks, n), start)
        for name, start in (("estimate", nan), ("standard_error", nan), ("ratios", 1.0))
    }
    freedom = np.full(n_looks, inf)
    for place, (effects, row) in enumerate(found):
        for name in ("estimate", "standard_error"):
            values[name][place] = getattr(effects, name)[row]
        is_there = np.isfinite(values["standard_error"][place]) & (values["standard_error"][place] > 0)
        values["estimate"][place][~is_there] = nan
        if is_there.any():
            values["ratios"][place][is_there] = (effects.n_arm[row] / np.maximum(effects.n_control[row], 1))[is_there]
            freedom[place] = effects.degrees_of_freedom[row][is_there][0]  # one fit, one residual variance
    return Stages(design.benefit_sign * values["estimate"], values["standard_error"], freedom, values["ratios"])


def _decisions(
    course: _Course, number: int, found: Found, shown: NDArray[np.bool_], *, is_last: bool
) -> tuple[Decision, ...]:
    """Return what the look says of each comparison; of one that stopped before, what that look said."""
    before = course.looks[-1].decisions if course.looks else (Decision.CONTINUE,) * len(shown)
    return decisions_at(
        before, course.active, shown, found[0].z[found[1]],
        selection=course.rule.selection(number) if not is_last else None,
        stops=is_last or (course.rule.stop is TrialStop.FIRST_SHOWN and bool(shown.any())),
    )  # fmt: skip


def _assign_anew(design: Design, course: _Course, stays: NDArray[np.bool_], recruited: int, number: int) -> None:
    """Assign whoever comes after a look to the arms that are left: in their ratio, in new blocks, or minimised on."""
    compared, control = arm_indices(design)
    course.active = stays
    course.recruiting = np.zeros_like(course.recruiting)
    left = sorted([control, *(arm for arm, stay in zip(compared, stays, strict=True) if stay)])
    course.recruiting[left] = True
    trial = course.trial
    if course.rule.freed is Freed.NOT_RECRUITED:
        so_far = np.bincount(trial.assigned[:recruited], minlength=len(design.arms))
        planned = np.array(list(design.expected_sizes().values()))
        missing = np.maximum(np.round(planned - so_far), 0)[left].sum()
        course.n_planned = min(course.n_planned, recruited + int(missing))
    ratio = np.array(list(design.ratio.values()))[left]
    ratio = ratio // gcd(*ratio.tolist())
    if recruited == len(trial.assigned):
        return
    levels = np.zeros((len(trial.assigned), 0), dtype=np.int64)
    if design.randomisation.strata:
        levels = strata_of(design, trial.patients, arrivals_known(trial).sites)
    luck = derived_seed(course.seed, f"allocation after look {number}")
    stayed = np.flatnonzero(np.isin(trial.assigned[:recruited], left))
    before = Assigned(levels[stayed], np.searchsorted(left, trial.assigned[stayed]))
    chosen = assigned_arms(
        design.randomisation, tuple(ratio.tolist()), levels[recruited:], design.n_sites, luck, before
    )
    assigned = trial.assigned.copy()
    assigned[recruited:] = np.array(left)[chosen]
    course.trial = reassigned(design, trial, assigned, course.seed)
    course.period = course.period.copy()
    course.period[recruited:] = number


def _stop_of(course: _Course, comparison: int) -> LookTaken:
    """Return the look at which a comparison stopped."""
    return next(look for look in reversed(course.looks) if look.was_there[comparison])


def _contrast_rows(design: Design, course: _Course, followed: Sequence[Found]) -> pd.DataFrame:
    """Return one row a comparison: what was found at the look at which it stopped, and in `_followed`."""
    import pandas as pd

    rows, last = [], course.looks[-1]
    control = arm_indices(design)[1]
    assigned = course.trial.assigned[: last.n_recruited]
    for number, comparison in enumerate(design.compared()):
        look, final = _stop_of(course, number), followed[number]
        place = course.looks.index(look)
        stages = stages_of(design, [item.stage for item in course.looks[: place + 1]], look.bounds.n_looks)
        low, high = simultaneous_interval(look.bounds, stages, number, place)
        ends = sorted((design.benefit_sign * low, design.benefit_sign * high))
        rows.append(
            look.contrast(comparison.name, comparison, number, place, ends, final)
            | {
                "n_randomised": last.n_recruited, "months": last.month,
                "patients_arm": int((assigned == arm_indices(design)[0][number]).sum()),
                "patients_control": int((assigned == control).sum()),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _look_rows(design: Design, course: _Course) -> pd.DataFrame:
    """Return one row a comparison and look, until the comparison stops."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for number, comparison in enumerate(design.compared()):
        planned = design.expected_endpoints()
        whole = 1 / (1 / planned[comparison.arm] + 1 / planned[comparison.control])
        for place, look in enumerate(course.looks):
            if not look.was_there[number]:
                continue
            n_arm, n_control = counts_of(look.so_far, number)
            selects = look.number < design.bounds().n_looks
            low = course.rule.selection(look.number).above_z if selects else -inf
            information = n_arm * n_control / max(n_arm + n_control, 1) / whole
            futility_z = low if isfinite(low) else nan
            rows.append(look.row(comparison.name, number, place, information=information, futility_z=futility_z))
    return pd.DataFrame(rows, columns=LOOK_COLUMNS)
