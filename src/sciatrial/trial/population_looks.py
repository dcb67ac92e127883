"""Trials of a full population and a subgroup: looked at, one selected, only its patients randomised after that.

A stage is everybody whose endpoint fell due after the look before and by this one, of whichever population; a look sees
nothing of patients whose endpoint is still to come. Patients who were randomised and not observed at a look belong to
the next stage. After a look that leaves the subgroup alone those outside it are followed, and enter no later test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from math import ceil, inf, nan
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.population import Patients
from sciatrial.statistics import ClosedTests, population_tests, power_at_the_last_bound
from sciatrial.trial.analysis import Effects, effects_seen
from sciatrial.trial.arm_looks import bounds_of_looks, statistics_at
from sciatrial.trial.calendar import arrivals_known, endpoint_due, known_endpoints
from sciatrial.trial.conducted import Conducted, only_patients
from sciatrial.trial.design import Design
from sciatrial.trial.enrichment import Enrichment, SelectBy
from sciatrial.trial.look_decisions import Found, LookTaken, counts_of, decisions_at
from sciatrial.trial.monitoring import LOOK_COLUMNS, Decision, Monitored
from sciatrial.trial.multi_arm import TrialStop
from sciatrial.trial.population_intervals import PopulationStages, population_interval
from sciatrial.trial.subgroup import members_of

if TYPE_CHECKING:
    import pandas as pd

FULL, SUBGROUP = 0, 1  # places of the hypotheses
BOTH, FULL_ALONE, SUBGROUP_ALONE, STOPPED, NO_LOOK = "both", "full", "subgroup", "stopped", "no look"
WENT_FOR = (FULL_ALONE, SUBGROUP_ALONE, "neither")
SELECTIONS = (BOTH, FULL_ALONE, SUBGROUP_ALONE, STOPPED, NO_LOOK)


@dataclass(frozen=True)
class _Look(LookTaken):
    """A look with the tests of each stage so far."""

    stages: PopulationStages


@dataclass
class _Course:
    """A trial on its way: changed by this module alone, look by look."""

    trial: Conducted
    members: NDArray[np.bool_]  # who is in the subgroup, as told at entry; dims ``patient``
    included: NDArray[np.bool_]  # who is randomised as things stand; dims ``patient``
    all_comers: NDArray[np.bool_]  # who is randomised while everybody is; dims ``patient``
    active: NDArray[np.bool_]  # which populations are still tested
    looks: list[_Look] = field(default_factory=list)
    is_over: bool = False
    ran_out: bool = False  # the eligible patients ended before the size was reached
    selection: str = NO_LOOK

    @property
    def last_month(self) -> float:
        return self.looks[-1].month if self.looks else -inf


def needed_patients(design: Design, patients: Patients) -> Patients:
    """Return who could be randomised: the first ones, as many as are planned, and those of the subgroup who follow.

    `patients` say who is in the subgroup (`with_subgroup`), in the order in which they were found.
    """
    rule, places = design.enrichment, np.arange(len(patients))
    later = places[members_of(patients.covariates) & (places >= design.size)]
    # whoever has an endpoint at the first look was randomised before it
    most = 0 if not design.looks.information else design.size - design.look_endpoints()[0]
    if rule is not None and rule.n_after is not None:
        most = rule.n_after
    return patients.only(np.concatenate([places[: design.size], later[:most]]))


def looked_at_populations(
    design: Design, rule: Enrichment, trials: Sequence[Conducted]
) -> list[tuple[Conducted, Monitored]]:
    """Look at trials of a full population and a subgroup as their design plans.

    Parameters
    ----------
    design, rule
        The design and its `enrichment`.
    trials
        Conducted with everybody from `needed_patients`.

    Returns
    -------
    list
        Each trial with those who were randomised in the end, and what its looks found.
    """
    courses = []
    for trial in trials:
        first = np.arange(len(trial.assigned)) < design.size
        courses.append(_Course(trial, members_of(trial.people), first, first, np.ones(2, dtype=bool)))
    for number in range(1, design.bounds().n_looks + 1):
        going = [course for course in courses if not course.is_over]
        months = [_month_of(design, course, number) for course in going]
        here = [(course, month) for course, month in zip(going, months, strict=True) if month is not None]
        if here:
            _look(design, rule, number, [course for course, _ in here], [month for _, month in here])
    final = _effects(
        design, courses, [known_endpoints(design, c.trial) & c.all_comers[:, None] for c in courses],
        [known_endpoints(design, c.trial) & c.included[:, None] for c in courses],
    )  # fmt: skip
    return [
        (
            _as_randomised(course),
            Monitored(_contrast_rows(design, course, (final, row)), _look_rows(design, rule, course)),
        )
        for row, course in enumerate(courses)
    ]


def _as_randomised(course: _Course) -> Conducted:
    """Return a trial with those who were randomised; period 1, of 0 and 1, is that of the subgroup alone."""
    went = only_patients(course.trial, np.flatnonzero(course.included))
    periods = (~course.all_comers[course.included]).astype(np.int64)
    return replace(went, periods=periods) if periods.any() else went


def _effects(
    design: Design, courses: Sequence[_Course], full: Sequence[NDArray[np.bool_]], some: Sequence[NDArray[np.bool_]]
) -> Effects:
    """Return the effect in the full population, adjusted for the subgroup, and in the subgroup, one column each.

    `full` says what is seen for the full population, `some` for the subgroup, whose members alone are then taken.
    """
    sizes = np.array([len(course.members) for course in courses])
    names = [item.name for item in fields(Effects)]
    found: dict[str, NDArray[Any]] = {}
    for size in np.unique(sizes):  # trials of one size are analysed together
        mine = np.flatnonzero(sizes == size).tolist()
        trials, members = [courses[place].trial for place in mine], [courses[place].members for place in mine]
        whole = effects_seen(design, trials, [full[place] for place in mine], [who.astype(np.int64) for who in members])
        inside = [some[place] & who[:, None] for place, who in zip(mine, members, strict=True)]
        part = effects_seen(design, trials, inside)
        for name in names:
            both = np.concatenate([getattr(whole, name), getattr(part, name)], axis=1)
            found.setdefault(name, np.empty((len(courses), 2), dtype=both.dtype))[mine] = both
    return Effects(**found)


def _month_of(design: Design, course: _Course, number: int) -> float | None:
    """Return when a look takes place, None where its endpoints are never reached, or were by the look before."""
    due = endpoint_due(design, course.trial)
    if number == design.bounds().n_looks:
        return float(due[course.included].max())
    expected = float(course.included.sum()) * design.share_seen(design.endpoint.month)
    target = max(1, ceil(design.looks.information[number - 1] * expected - 1e-9))
    occasion = 1 + design.visits_months.index(design.endpoint.month)
    reached = np.sort(due[known_endpoints(design, course.trial)[:, occasion] & course.included])
    # a look at the last endpoint would be the final analysis
    if target >= len(reached) or reached[target - 1] <= course.last_month:
        return None
    return float(reached[target - 1])


def _look(design: Design, rule: Enrichment, number: int, courses: Sequence[_Course], months: Sequence[float]) -> None:
    """Look at some trials at once: analyse, test, decide, and say who is randomised after it."""
    is_last = number == design.bounds().n_looks
    so_far, own = [], []
    for course, month in zip(courses, months, strict=True):
        due = endpoint_due(design, course.trial)
        # without accrual there is one look, and no month
        by_now = course.included if is_last else course.included & (due <= month)
        so_far.append(known_endpoints(design, course.trial) & by_now[:, None])
        own.append(so_far[-1] & (due > course.last_month)[:, None] if course.looks else so_far[-1])
    # whoever was randomised since only the subgroup is says nothing of the full population
    of_all = [seen & course.all_comers[:, None] for seen, course in zip(so_far, courses, strict=True)]
    all_found, own_found = _effects(design, courses, of_all, so_far), _effects(design, courses, own, own)
    for row, (course, month) in enumerate(zip(courses, months, strict=True)):
        arrived = np.ones_like(course.included) if is_last else arrivals_known(course.trial).months <= month
        recruited = course.included & arrived
        found, stage = (all_found, row), (own_found, row)
        numbers = [*(look.number for look in course.looks), number]
        bounds = bounds_of_looks(design, numbers)
        there = [*(look.was_there for look in course.looks), course.active]
        stages = _stages(design, [*(look.stage for look in course.looks), stage], there, bounds.n_looks)
        tests = population_tests(stages.z[None], bounds, stages.correlations, test=rule.test)
        place = len(course.looks)
        shown = tests.rejected[0, place] & course.active
        values = _compared(design, rule, course, number, found, recruited, tests) if not is_last else found[0].z[row]
        decisions = decisions_at(
            course.looks[-1].decisions if course.looks else (Decision.CONTINUE,) * 2, course.active, shown, values,
            selection=None if is_last else rule.selection(number),
            stops=is_last or (rule.stop is TrialStop.FIRST_SHOWN and bool(shown.any())),
        )  # fmt: skip
        course.looks.append(
            _Look(
                number, month, int(recruited.sum()), found, stage, course.active.copy(),
                statistics_at(tests, bounds, place), bounds, tests, decisions, stages,
            )
        )  # fmt: skip
        _go_on(rule, course, recruited, is_last=is_last)


def _go_on(rule: Enrichment, course: _Course, recruited: NDArray[np.bool_], *, is_last: bool) -> None:
    """Stop the trial, or say which population is randomised after its last look."""
    stays = np.array([decision is Decision.CONTINUE for decision in course.looks[-1].decisions])
    before, course.active = course.active, stays
    if not stays.any():
        course.is_over = True
        course.included = recruited
        course.all_comers = course.all_comers & recruited
        if not is_last:
            course.selection = STOPPED
        return
    course.selection = BOTH if stays.all() else FULL_ALONE if stays[FULL] else SUBGROUP_ALONE
    if not before[FULL] or stays[FULL]:
        return
    lacking = int(course.included.sum() - recruited.sum()) if rule.n_after is None else rule.n_after
    later = np.flatnonzero(course.members & ~recruited & _not_yet_there(course))[:lacking]
    course.ran_out = len(later) < lacking
    course.all_comers = recruited
    course.included = recruited.copy()
    course.included[later] = True


def _not_yet_there(course: _Course) -> NDArray[np.bool_]:
    return np.asarray(arrivals_known(course.trial).months > course.last_month)


def _stages(
    design: Design, found: Sequence[Found], there: Sequence[NDArray[np.bool_]], n_looks: int
) -> PopulationStages:
    """Return each stage's tests, later ones as not yet there."""
    names = ("estimate", "standard_error", "degrees_of_freedom", "z")
    values = {name: np.full((n_looks, 2), nan) for name in names}
    correlations = np.full(n_looks, nan)
    for place, ((effects, row), is_tested) in enumerate(zip(found, there, strict=True)):
        z = effects.z[row]
        is_there = is_tested & np.isfinite(z)
        for name in names:
            values[name][place] = np.where(is_there, getattr(effects, name)[row], nan)
        if is_there.all():
            correlations[place] = _correlation(effects.n_arm[row], effects.n_control[row])
    benefit = design.benefit_sign * values["estimate"]
    return PopulationStages(benefit, values["standard_error"], values["degrees_of_freedom"], values["z"], correlations)


def _correlation(n_arm: NDArray[np.int64], n_control: NDArray[np.int64]) -> float:
    """Return the correlation of the two statistics, from the numbers of patients in the two strata."""
    arm, control = (np.array([n[SUBGROUP], n[FULL] - n[SUBGROUP]], dtype=float) for n in (n_arm, n_control))
    information = arm * control / np.maximum(arm + control, 1)
    return float(np.sqrt(information[0] / information.sum())) if information[0] > 0 else 0.0


def _compared(
    design: Design,
    rule: Enrichment,
    course: _Course,
    number: int,
    found: Found,
    recruited: NDArray[np.bool_],
    tests: ClosedTests,
) -> NDArray[np.float64]:
    """Return by what the populations are selected; dims ``population``, NaN where it cannot be told."""
    effects, row = found
    if rule.by is SelectBy.EFFECT:
        return design.benefit_sign * effects.estimate[row]
    if rule.by is SelectBy.Z:
        return np.asarray(effects.z[row])
    share = design.share_seen(design.endpoint.month)
    to_recruit = int(course.included.sum() - recruited.sum())
    seen = (effects.n_arm + effects.n_control)[row]
    alone = int((recruited & course.members).sum()) + (to_recruit if rule.n_after is None else rule.n_after)
    to_come = np.maximum(np.array([course.included.sum(), alone]) * share - seen, 1.0) / np.maximum(seen, 1)
    so_far = tests.combined_z[0, len(course.looks), : SUBGROUP + 1]
    return power_at_the_last_bound(design.bounds(), number, so_far, effects.z[row], to_come)


def _contrast_rows(design: Design, course: _Course, final: Found) -> pd.DataFrame:
    """Return one row a population: what was found at the look at which it stopped, and with everybody followed.

    The full population with everybody followed is whoever was randomised while all were.
    """
    import pandas as pd

    rows, last = [], course.looks[-1]
    comparison, rule = design.compared()[0], design.enrichment
    names = list(design.arms)
    for number, name in enumerate(design.hypotheses()):
        look = next(item for item in reversed(course.looks) if item.was_there[number])
        place = next(place for place, item in enumerate(course.looks) if item is look)
        interval = (nan, nan)
        if rule is not None:
            interval = population_interval(look.bounds, look.stages, number, place, rule.test)
        ends = sorted(design.benefit_sign * end for end in interval)
        who = course.included & course.members if number == SUBGROUP else course.included
        mine = course.trial.assigned[who]
        rows.append(
            look.contrast(name, comparison, number, place, ends, final)
            | {
                "n_randomised": int(course.included.sum()), "months": last.month,
                "patients_arm": int((mine == names.index(comparison.arm)).sum()),
                "patients_control": int((mine == names.index(comparison.control)).sum()),
                "selection": course.selection, "went_for": _went_for(course), "ran_out": float(course.ran_out),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _went_for(course: _Course) -> str:
    """Return for which population the looks decided: that with which they went on, or that they showed; "" for none."""
    whole, part, nobody = WENT_FOR
    if course.selection in (BOTH, FULL_ALONE, SUBGROUP_ALONE):
        return part if course.selection == SUBGROUP_ALONE else whole
    if course.selection == NO_LOOK:
        return ""
    shown = [decision is Decision.EFFICACY for decision in course.looks[-1].decisions]
    return whole if shown[FULL] else part if shown[SUBGROUP] else nobody


def _look_rows(design: Design, rule: Enrichment, course: _Course) -> pd.DataFrame:
    """Return one row a population and look, until the population stops."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    whole = sum(design.expected_endpoints().values())
    for number, name in enumerate(design.hypotheses()):
        planned = whole * (rule.prevalence if number == SUBGROUP else 1.0)
        for place, look in enumerate(course.looks):
            if not look.was_there[number]:
                continue
            information = sum(counts_of(look.so_far, number)) / planned
            rows.append(look.row(name, number, place, information=information, futility_z=nan))
    return pd.DataFrame(rows, columns=LOOK_COLUMNS)
