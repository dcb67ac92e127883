"""Trials drawn from a pool: which patients, in which arm, seen at which visits.

The patients of a pool are shuffled and dealt out to trials without replacement until they are used up; then they are
shuffled anew (a pass). Trials of one pass share nobody, as real trials do; those of different passes may. All luck is
counted off by trial and place in it, so that trial number `i` is the same in whatever batch it is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.clinic import SCORES
from sciatrial.foundation import Problem, TrialError, derived_seed, uniforms
from sciatrial.trial.accrual import ArrivalKind
from sciatrial.trial.aims import EndpointMeasure
from sciatrial.trial.conduct import score_column
from sciatrial.trial.conducted import Conducted
from sciatrial.trial.design import Design
from sciatrial.trial.factors import SITE, factor_levels
from sciatrial.trial.missingness import MissingLuck, MissingMechanism, Seen, seen_visits
from sciatrial.trial.pool import POOL_RATIO, PatientPool, settings_of_pool
from sciatrial.trial.randomisation import (
    RandomisationMethod,
    blocked,
    blocked_at_random,
    minimised,
    simple,
    strata_of_levels,
)

if TYPE_CHECKING:
    from sciatrial.population import Patients


@dataclass(frozen=True)
class Drawn:
    """Trials as they went, all of one size.

    Attributes
    ----------
    patients
        Place in the pool of each patient, in the order of enrolment; dims ``trial, patient``.
    assigned
        The arm's index; dims ``trial, patient``.
    is_observed, rescued
        Dims ``trial, patient, occasion``.
    """

    patients: NDArray[np.int64]
    assigned: NDArray[np.int64]
    is_observed: NDArray[np.bool_]
    rescued: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.patients)


def refuse_pooling(design: Design) -> None:
    """Find designs whose trials cannot be drawn from any pool, before one is made.

    Raises
    ------
    TrialError
        When the design asks for what only trials simulated one by one have: chance in arrivals, sites, days of visits,
        endpoints other than a change from baseline, losses by another score than the endpoint's, a time trend,
        assignment by the trial's course, arms that come and go, or factors.
    """
    if problems := _one_by_one_problems(design):
        raise TrialError("trials from a pool", problems)


def refuse_pool(design: Design, pool: PatientPool, n_trials: int) -> None:
    """Find pools from which trials of a design cannot be drawn.

    Raises
    ------
    TrialError
        When arms and what they receive, visits, endpoint, rescue, estimand or comparisons are others, when a trial is
        larger than the pool is made for, when trials would share patients of a pool with fewer than 50 for each patient
        of a trial, or when the design asks for what only trials simulated one by one have (see `refuse_pooling`).
    """
    problems = [*_one_by_one_problems(design), *_other_pool_problems(design, pool)]
    if design.size > pool.window:
        found, expected = f"{design.size} patients a trial", f"{pool.window} or fewer, for which the pool is made"
        problems.append(Problem("n_total", found, expected, "make the pool with a larger window"))
    passes = -(-n_trials // (len(pool) // pool.window))
    if passes > 1 and len(pool) < POOL_RATIO * pool.window:
        found = f"{len(pool)} patients, each in some {passes} of {n_trials} trials"
        expected = f"{POOL_RATIO * pool.window} ({POOL_RATIO} times a trial), or no patient in two trials"
        problems.append(Problem("pool", found, expected, "simulate more patients, or draw fewer trials"))
    if problems:
        raise TrialError("trials from a pool", problems)


def _other_pool_problems(design: Design, pool: PatientPool) -> list[Problem]:
    """Find the settings that the pool was simulated with and the design has otherwise."""
    mine, made = settings_of_pool(design), dict(pool.made_for)
    if tuple(design.arms) != pool.arms:  # the order counts too: a pool's arms go by their place
        mine["arms"], made["arms"] = tuple(design.arms), pool.arms
    return [problem for key in mine for problem in _differing(key, mine[key], made[key])]


def _differing(key: str, mine: Any, made: Any) -> list[Problem]:
    if isinstance(mine, Mapping) and isinstance(made, Mapping):
        return [found for name in mine for found in _differing(f"{key}.{name}", mine[name], made[name])]
    if mine == made:
        return []
    return [Problem(key, _told(mine), f"{_told(made)}, as the pool has", "make a pool for this design")]


def _told(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_told(item)}" for name, item in value.items())
    if isinstance(value, tuple):
        return f"({', '.join(_told(item) for item in value)})"
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else f"{value}"


def _one_by_one_problems(design: Design) -> list[Problem]:
    """Find what a pool has no room for: chance in arrivals, sites, days of visits, other scores than the endpoint's."""
    found = []
    accrual, missing, hazard = design.accrual, design.missing_visits, design.dropout_hazard
    if accrual is not None and accrual.arrivals is ArrivalKind.POISSON:
        found.append(("accrual.arrivals", "are poisson", 'arrivals = "expected"'))
    if SITE in (*design.randomisation.strata, *design.adjust_for):
        found.append(("randomisation.strata, adjust_for", "name the site", "factors of patients alone"))
    if design.multi_arm is not None:
        found.append(("multi_arm", "assigns patients by what looks find", "no [trial.multi_arm]"))
    if design.multiplicity is not None:
        found.append(("multiplicity", "tests comparisons together", "no [trial.multiplicity]"))
    if design.reestimation is not None:
        found.append(("reestimation", "needs looks at single trials", "no [trial.reestimation]"))
    for name in ("time_trend", "response_adaptive", "platform", "factorial", "borrowing", "enrichment"):
        if getattr(design, name) is not None:
            found.append((name, "is planned", "no such table"))
    measure = design.endpoint.measure
    if measure is not EndpointMeasure.CHANGE_FROM_BASELINE:
        found.append(("endpoint.measure", f"is {measure}", str(EndpointMeasure.CHANGE_FROM_BASELINE)))
    if design.safety is not None and design.safety.stopping is not None and design.safety.stopping.is_followed:
        found.append(("safety.stopping", "is followed by simulated trials", "a boundary without counts or true_share"))
    if design.dose_finding is not None:
        found.append(("dose_finding", "is planned", "comparisons alone"))
    if design.visit_window_days:
        found.append(("visit_window_days", f"is {design.visit_window_days:g}", "0"))
    outcome = design.endpoint.outcome
    kept = f"{outcome}, the one score that a pool keeps"
    if missing is not None and missing.depends_on_score and missing.score != outcome:
        found.append(("missing_visits.score", f"is {missing.score}", kept))
    if hazard is not None and hazard.depends_on_score and hazard.score != outcome:
        found.append(("dropout_hazard.score", f"is {hazard.score}", kept))
    advice = "change it, or simulate the trials one by one"
    return [Problem(where, told, expected, advice) for where, told, expected in found]


def draw_trials(design: Design, pool: PatientPool, first: int, count: int) -> Drawn:
    """Draw trials number `first` to ``first + count - 1`` from a pool; see `refuse_pool` for what cannot be drawn.

    The first patients of a smaller trial are those of the larger one with its number, in the same arms: designs that
    differ in size are compared with the same luck.

    Parameters
    ----------
    design
        Size, allocation, randomisation, dropout, missed visits and rescue.
    pool
        The patients.
    first, count
        Number of the first trial, from 0, and how many.

    Returns
    -------
    Drawn
    """
    seed = derived_seed(pool.seed, "trials")
    patients = _dealt(pool, first, count, seed)[:, : design.size]
    assigned = _assigned(design, pool, patients, first, seed)
    rows = assigned * len(pool) + patients
    seen = _seen(design, pool, rows, assigned, first, seed)
    solved = pool.is_solved.ravel()[rows][..., None]
    observed = seen.observed & solved
    observed[..., 0] = True
    if design.rescue is None:
        return Drawn(patients, assigned, observed, np.zeros_like(observed))
    occasions = len(pool.visits_months) + 1
    return Drawn(patients, assigned, observed, pool.rescued.reshape(-1, occasions)[rows] & seen.stayed & solved)


def _dealt(pool: PatientPool, first: int, count: int, seed: int) -> NDArray[np.int64]:
    """Return the patients of the largest trials; dims ``trial, patient``."""
    a_pass = len(pool) // pool.window
    parts = []
    trial = first
    while trial < first + count:
        number, place = divmod(trial, a_pass)
        taken = min(a_pass - place, first + count - trial)
        luck = uniforms(seed, "order of the pool", np.arange(number * len(pool), (number + 1) * len(pool)))
        order = np.argsort(luck)[place * pool.window : (place + taken) * pool.window]
        parts.append(order.reshape(taken, pool.window))
        trial += taken
    return np.concatenate(parts)


def _assigned(
    design: Design, pool: PatientPool, patients: NDArray[np.int64], first: int, seed: int
) -> NDArray[np.int64]:
    """Return the arm of each patient; dims ``trial, patient``."""
    how, ratio = design.randomisation, tuple(design.ratio.values())
    if how.method is RandomisationMethod.PERMUTED_BLOCKS:
        if how.strata:
            levels = factor_levels(how.strata, pool.covariates)
            strata = strata_of_levels(levels, how.n_levels(1))[patients]
        else:
            strata = np.zeros_like(patients)
        return allocations(design, strata, first, seed, window=pool.window)
    numbers = np.arange(first * pool.window, (first + len(patients)) * pool.window)
    luck = uniforms(seed, "allocation", numbers).reshape(len(patients), pool.window)[:, : design.size]
    if how.method is RandomisationMethod.SIMPLE:
        return simple(ratio, luck)
    levels = factor_levels(how.strata, pool.covariates)[patients]
    return minimised(ratio, how.n_levels(1), how.followed, levels, luck)


def allocations(design: Design, strata: NDArray[np.int64], first: int, seed: int, *, window: int) -> NDArray[np.int64]:
    """Assign the patients of many trials to arms by permuted blocks within strata.

    Parameters
    ----------
    design
        The ratio, and how many times its sum a block may be.
    strata
        Stratum of each patient, 0, 1, 2, …, in the order of enrolment; dims ``trial, patient``.
    first
        Number of the first trial.
    seed
        Any whole number.
    window
        Patients of the largest trial.

    Returns
    -------
    numpy.ndarray
        The arm's index; dims ``trial, patient``.
    """
    ratio, multiples = tuple(design.ratio.values()), design.randomisation.block_multiples
    size = sum(ratio) * max(multiples)
    n_blocks = -(-window // (sum(ratio) * min(multiples)))
    stride = n_blocks * size
    assigned = np.empty(strata.shape, dtype=np.int64)
    for stratum in range(int(strata.max(initial=0)) + 1):
        numbers = np.arange(first * stride, (first + len(strata)) * stride)
        luck = uniforms(seed, f"allocation in stratum {stratum}", numbers).reshape(-1, n_blocks, size)
        if len(multiples) == 1:
            sequence = blocked(ratio, luck)
        else:
            blocks = np.arange(first * n_blocks, (first + len(strata)) * n_blocks)
            sizes = uniforms(seed, f"size of blocks in stratum {stratum}", blocks).reshape(-1, n_blocks)
            sequence = blocked_at_random(ratio, multiples, luck, sizes)
        mine = strata == stratum
        order = np.cumsum(mine, axis=1) - 1
        trial, patient = np.nonzero(mine)
        assigned[trial, patient] = sequence[trial, order[trial, patient]]
    return assigned


def _seen(
    design: Design, pool: PatientPool, rows: NDArray[np.int64], assigned: NDArray[np.int64], first: int, seed: int
) -> Seen:
    """Return who stays and who comes to each visit; dims ``trial, patient, occasion``. `rows`: arm by patient."""
    months = np.array([0.0, *design.visits_months])
    count, stride = len(rows), pool.window
    leaving = np.ones((count, design.size))
    visits = np.ones((count, design.size, len(months)))
    if design.dropout_per_year > 0:
        luck = uniforms(seed, "dropout", np.arange(first * stride, (first + count) * stride))
        leaving = luck.reshape(count, stride)[:, : design.size]
    missing = design.missing_visits
    if missing is not None:
        stride *= len(months)
        luck = uniforms(seed, "missed visits", np.arange(first * stride, (first + count) * stride))
        visits = luck.reshape(count, pool.window, len(months))[:, : design.size]
    is_plain = missing is None or (
        missing.mechanism is MissingMechanism.COMPLETELY_AT_RANDOM and not missing.arm_odds_ratio
    )
    if is_plain and design.dropout_hazard is None:  # as `seen_visits`, without looking up a score
        # who leaves by a month has more luck than this; the share that stays falls exponentially
        stayed = leaving[..., None] <= (1 - design.dropout_per_year) ** (months / 12)
        return Seen(stayed, stayed if missing is None else stayed & (visits >= missing.probability))
    mine = pool.scores.reshape(-1, len(months))[rows]
    # the pool keeps one score, and whatever depends on a score depends on this one
    scores = np.broadcast_to(mine[..., None], (*mine.shape, len(SCORES)))
    return seen_visits(design, assigned, scores, MissingLuck(leaving, visits[..., 1:]))


def as_conducted(
    design: Design, pool: PatientPool, drawn: Drawn, trial: int, patients: Patients | None = None
) -> Conducted:
    """Return one of the drawn trials (by its place among them) as `conduct` would: all scores but the endpoint's NaN.

    ``patients`` are those of the pool, where they are at hand; an analysis does not need them.
    """
    mine, assigned = drawn.patients[trial], drawn.assigned[trial]
    scores = np.full((*drawn.is_observed[trial].shape, len(SCORES)), np.nan)
    scores[:, :, score_column(design.endpoint.outcome)] = pool.scores[assigned, mine]
    return Conducted(
        patients=patients.only(mine) if patients is not None else None,  # type: ignore[arg-type]
        assigned=assigned,
        scores=scores,
        rescued=drawn.rescued[trial],
        is_solved=pool.is_solved[assigned, mine],
        is_observed=drawn.is_observed[trial],
        potential={},
        covariates=pool.covariates.iloc[mine],
    )
