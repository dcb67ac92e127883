"""Platform trials as they go: who can get which arm, and each arm's comparison with its controls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sciatrial.foundation import uniforms
from sciatrial.trial.conducted import Conducted, first_randomised, only_patients, reassigned
from sciatrial.trial.design import Comparison, Design
from sciatrial.trial.in_course import ADJUSTED, NOT_ADJUSTED, InCourse, allocation_rows, analysis_rows, planned_rows
from sciatrial.trial.known_by import KnownBy, known_by
from sciatrial.trial.monitoring import Monitored, monitor, rows_without_patients
from sciatrial.trial.platform_trial import Controls, Platform, arm_times, open_arms, platform_plan, platform_shares
from sciatrial.trial.urn import Urn

if TYPE_CHECKING:
    import pandas as pd

NEVER_OPEN = "nobody was randomised to the arm"


def platform_course(design: Design, rule: Platform, trial: Conducted, seed: int) -> InCourse:
    """Return a trial as its patients are assigned on a platform, up to its end.

    Parameters
    ----------
    design, rule
        The design, and its platform.
    trial
        Conducted with `every_arm`.
    seed
        Of its luck.
    """
    names, times = list(design.arms), arm_times(design)
    outcomes = known_by(design, trial, seed, design.endpoint.month)
    n = len(trial.assigned)
    luck = uniforms(seed, "allocation", np.arange(n)).tolist()
    assigned, periods = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    shares: list[list[float]] = []
    before: tuple[str, ...] | None = None
    urn = Urn([1.0], None)
    end = n
    for place, month in enumerate(outcomes.arrived.tolist()):
        patients, endpoints = _so_far(names, outcomes, assigned[:place], month)
        are_open, goes_on = open_arms(times, place, month, patients, endpoints)
        if not goes_on:
            end = place
            break
        if are_open != before:
            before = are_open
            shares.append(platform_shares(design, are_open))
            urn = Urn(shares[-1], rule.urn_mass)
        assigned[place], periods[place] = urn.draw(luck[place]), len(shares) - 1
    went = first_randomised(reassigned(design, trial, assigned, seed), end)
    none = [[np.nan] * len(names)] * len(shares)
    rows = allocation_rows(design, assigned[:end], periods[:end], outcomes.arrived[:end], _of_open(shares), none)
    return InCourse(replace(went, periods=periods[:end]), periods[:end], rows)


def _so_far(
    names: list[str], outcomes: KnownBy, arms: NDArray[np.int64], month: float
) -> tuple[dict[str, float], dict[str, float]]:
    """Return patients and observed endpoints by arm."""
    known = arms[outcomes.known(arms, month)]
    counts = (np.bincount(which, minlength=len(names)).astype(float).tolist() for which in (arms, known))
    patients, endpoints = (dict(zip(names, count, strict=True)) for count in counts)
    return patients, endpoints


def _of_open(shares: list[list[float]]) -> list[list[float]]:
    return [[share if share > 0 else float("nan") for share in period] for period in shares]


def platform_trials(
    design: Design, rule: Platform, trials: Sequence[Conducted], seeds: Sequence[int]
) -> list[tuple[InCourse, Monitored, list]]:
    """Return each trial as it went, what the analysis of each arm says, and what other analyses say.

    Each arm is analysed when its own last endpoint is there, and only patients of its analysis count in its row.

    Parameters
    ----------
    design, rule
        The design, and its platform.
    trials, seeds
        Conducted with `every_arm`, and the seeds of their luck.
    """
    import pandas as pd

    courses = [platform_course(design, rule, trial, seed) for trial, seed in zip(trials, seeds, strict=True)]
    main, beside = [], []
    for item in design.compared():
        parts = {controls: _parts(design, courses, item, controls) for controls in Controls}
        main.append(_of_arm(design, len(courses), item, parts[rule.controls], adjusted=rule.adjust_for_period))
        for controls in Controls:
            for adjusted in (True, False):
                name = f"{controls} controls, {ADJUSTED if adjusted else NOT_ADJUSTED}"
                if (controls, adjusted) == (rule.controls, rule.adjust_for_period):
                    having = {part.place: planned_rows(main[-1][part.place], name) for part in parts[controls]}
                else:
                    having = _other(design, item, parts[controls], name, adjusted=adjusted)
                beside.append([having.get(place) for place in range(len(courses))])
    found = []
    for row, course in enumerate(courses):
        contrasts = pd.concat([of_arm[row].contrasts for of_arm in main], ignore_index=True)
        looks = [of_arm[row].looks for of_arm in main if len(of_arm[row].looks)]
        joined = pd.concat(looks, ignore_index=True) if looks else main[0][row].looks
        found.append(
            (course, Monitored(contrasts, joined), [frames[row] for frames in beside if frames[row] is not None])
        )
    return found


def patients_compared(
    design: Design, course: InCourse, comparison: Comparison, controls: Controls
) -> NDArray[np.int64]:
    """Return the patients that an arm's analysis takes, by their place."""
    names = list(design.arms)
    arm, control = names.index(comparison.arm), names.index(comparison.control)
    mine = course.allocation.loc[course.allocation["arm"] == comparison.arm]
    was_open = mine.loc[np.isfinite(mine["share"].to_numpy(dtype=float)), "period"].to_numpy(dtype=np.int64)
    if not len(was_open):
        return np.zeros(0, dtype=np.int64)
    if controls is Controls.ALL:
        return np.flatnonzero(course.periods <= was_open.max())
    is_compared = np.isin(course.trial.assigned, (arm, control))
    return np.flatnonzero(np.isin(course.periods, was_open) & is_compared)


def _of_arm(
    design: Design, n_trials: int, comparison: Comparison, parts: Sequence[_Part], *, adjusted: bool
) -> list[Monitored]:
    """Return what the analysis of one arm says of each trial."""
    import pandas as pd

    alone = _alone(design, comparison)
    nobody = Monitored(rows_without_patients(alone, NEVER_OPEN), pd.DataFrame())
    found = [nobody] * n_trials
    if not parts:
        return found
    plan = platform_plan(design)
    own, beside = (size * design.share_seen(design.endpoint.month) for size in plan.compared[comparison.arm])
    planned = own * beside / (own + beside)
    looked = monitor(alone, [part.trial for part in parts], [part.periods for part in parts] if adjusted else None)
    for part, mine in zip(parts, looked, strict=True):
        n_arm, n_control = (mine.looks[name].to_numpy(dtype=float) for name in ("n_arm", "n_control"))
        share = n_arm * n_control / np.maximum(n_arm + n_control, 1) / planned
        found[part.place] = Monitored(
            mine.contrasts.assign(n_randomised=part.n_patients),
            mine.looks.assign(n_recruited=part.n_patients, information=share),
        )
    return found


def _other(
    design: Design, comparison: Comparison, parts: Sequence[_Part], name: str, *, adjusted: bool
) -> dict[int, pd.DataFrame]:
    """Return what another analysis of one arm says of the trials in which it has somebody, by their place."""
    if not parts:
        return {}
    periods = [part.periods for part in parts] if adjusted else None
    rows = analysis_rows(_alone(design, comparison), [part.trial for part in parts], periods, name)
    return {part.place: mine for part, mine in zip(parts, rows, strict=True)}


def _alone(design: Design, comparison: Comparison) -> Design:
    """Return a design of one comparison, whose analysis knows of no platform."""
    return design.model_copy(update={"comparisons": (comparison,), "platform": None})


@dataclass(frozen=True)
class _Part:
    """What the analysis of one arm takes of the trial at a place, filled up to the size of the others with nobody."""

    place: int
    trial: Conducted
    periods: NDArray[np.int64]
    n_patients: int


def _parts(design: Design, courses: Sequence[InCourse], comparison: Comparison, controls: Controls) -> list[_Part]:
    """Return the parts of the trials in which anybody got the arm, all of one size so that they are fitted together."""
    index = list(design.arms).index(comparison.arm)
    kept = {}
    for place, course in enumerate(courses):
        mine = patients_compared(design, course, comparison, controls)
        if (course.trial.assigned[mine] == index).any():
            kept[place] = mine
    largest = max((len(mine) for mine in kept.values()), default=0)
    parts = []
    for place, mine in kept.items():
        filled = np.concatenate([mine, np.full(largest - len(mine), mine[-1])])
        is_there = np.arange(largest)[:, None] < len(mine)
        some = only_patients(courses[place].trial, filled)
        # who fills up is never seen, and has no rescue that would count as seen
        some = replace(some, is_observed=some.is_observed & is_there, rescued=some.rescued & is_there)
        parts.append(_Part(place, some, courses[place].periods[filled], len(mine)))
    return parts
