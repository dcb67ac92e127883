"""What a plan of several arms is worth before any patient is simulated: statistics of normal means, stage by stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sciatrial.statistics import closed_tests, rpact_call, selected_arms
from sciatrial.trial.arm_quantities import Quantity, columns_of, in_percent
from sciatrial.trial.design import Design
from sciatrial.trial.multi_arm import Freed, MultiArm, TrialStop, arm_indices
from sciatrial.trial.summaries import mean_of, share_of

if TYPE_CHECKING:
    import pandas as pd

_EFFECTS = (0.35, 0.5, 0.65)
_N_TRIALS = 20_000


@dataclass(frozen=True)
class ArmPaths:
    """Simulated trials of several arms, by their statistics alone.

    Attributes
    ----------
    shown, kept
        Whether each arm is shown, and whether no look dropped it or found it futile; dims ``trial, arm``.
    stopped_at
        Look, from 1, at which an arm stopped; dims ``trial, arm``.
    endpoints
        Of all arms together; dims ``trial``.
    """

    shown: NDArray[np.bool_]
    kept: NDArray[np.bool_]
    stopped_at: NDArray[np.int64]
    endpoints: NDArray[np.float64]


def arm_plan(
    design: Design, effects: Sequence[float] | None = None, *, n_trials: int = _N_TRIALS, seed: int = 1
) -> pd.DataFrame:
    """Return what a design of several arms with looks shows at some effects.

    Every endpoint counts as known once its patient is recruited, and the spread as known: what delay, dropout and
    estimated spreads change, only trials of patients tell.

    Parameters
    ----------
    design
        With `multi_arm`.
    effects
        Benefits, in standard deviations of the change given baseline; 0.35, 0.5 and 0.65 when left out.
    n_trials, seed
        1 or more simulated trials of each row; the same seed gives the same trials.

    Returns
    -------
    pandas.DataFrame
        Columns ``effect, arms_with_effect`` (none, the first, all), ``familywise_error, any_shown, all_shown,
        best_kept, expected_endpoints`` and each with ``_se``, the Monte-Carlo standard error. Best: the first arm,
        where it alone has an effect, NaN elsewhere.
    """
    import pandas as pd

    rule = design.multi_arm
    if rule is None:
        return pd.DataFrame()
    n = len(design.compared())
    asked = [(0.0, "none", np.zeros(n))]
    for effect in _EFFECTS if effects is None else effects:
        asked += [(effect, "the first", effect * np.eye(n)[0]), (effect, "all", np.full(n, effect))]
    rows = []
    for effect, words, benefits in asked:
        found = arm_paths(design, rule, benefits, n_trials=n_trials, seed=seed)
        is_null = benefits == 0
        quantities: list[Quantity] = [
            ("familywise_error", *share_of(_in_any(found.shown[:, is_null]))),
            ("any_shown", *share_of(_in_any(found.shown))),
            ("all_shown", *share_of(~_in_any(~found.shown))),
            ("best_kept", *share_of(found.kept[:, 0] if words == "the first" else np.zeros(0))),
            ("expected_endpoints", *mean_of(found.endpoints)),
        ]
        rows.append({"effect": effect, "arms_with_effect": words} | columns_of(quantities))
    return pd.DataFrame(rows)


def _in_any(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return whether any comparison of a trial has it; dims ``trial``."""
    return np.asarray(flags.any(axis=1))


def arm_paths(design: Design, rule: MultiArm, benefits: NDArray[np.float64], *, n_trials: int, seed: int) -> ArmPaths:
    """Simulate trials of several arms by their statistics.

    Parameters
    ----------
    design, rule
        The design and its `multi_arm`.
    benefits
        In standard deviations; dims ``comparison``.
    n_trials, seed
        How many trials, and their luck.
    """
    bounds, generator = design.bounds(), np.random.default_rng(seed)
    arms, control = arm_indices(design)
    planned = np.array(list(design.expected_endpoints().values()))[[*arms, control]]
    means = np.append(np.asarray(benefits, dtype=float), 0.0)
    n_arms, n_looks = len(arms), bounds.n_looks
    active = np.ones((n_trials, n_arms), dtype=bool)
    shown, kept = np.zeros_like(active), np.ones_like(active)
    stopped_at = np.full(active.shape, n_looks)
    statistics = np.full((n_trials, n_looks, n_arms), np.nan)
    sums, counts = np.zeros((n_trials, n_arms + 1)), np.zeros((n_trials, n_arms + 1))
    for look, share in enumerate(np.diff(bounds.information_rates, prepend=0.0)):
        there = np.concatenate([active, active.any(axis=1, keepdims=True)], axis=1)
        size = there * planned * share
        if rule.freed is Freed.REALLOCATED:
            left = np.where(there, planned, 0.0).sum(axis=1, keepdims=True)
            size = size * planned.sum() / np.where(left > 0, left, 1.0)
        luck = generator.standard_normal(size.shape)
        own = means + luck / np.sqrt(np.where(size > 0, size, 1.0))
        counts, sums = counts + size, sums + size * own
        error = np.sqrt(1 / np.where(active, size[:, :-1], 1.0) + 1 / np.where(active, size[:, -1:], 1.0))
        statistics[:, look] = np.where(active, (own[:, :-1] - own[:, -1:]) / error, np.nan)
        ratios = planned[:-1] / planned[-1]
        found = closed_tests(statistics, bounds, ratios, test=rule.test).rejected[:, look] & active
        shown |= found
        goes_on = active & ~found
        if look + 1 < n_looks:
            whole = sums / np.where(counts > 0, counts, 1.0)
            spread = np.sqrt((1 / np.where(counts > 0, counts, 1.0))[:, :-1] + (1 / np.maximum(counts, 1e-9))[:, -1:])
            z = np.where(active, (whole[:, :-1] - whole[:, -1:]) / spread, np.nan)
            selected = selected_arms(z, rule.selection(look + 1))
            kept &= selected | ~active | found
            goes_on &= selected
        if rule.stop is TrialStop.FIRST_SHOWN:
            goes_on &= ~shown.any(axis=1, keepdims=True)
        stopped_at[active & ~goes_on] = look + 1
        active = goes_on
    return ArmPaths(shown, kept, stopped_at, counts.sum(axis=1))


def r_of_arms(design: Design, effects: Sequence[float] | None = None) -> str:
    """Return R code with which rpact simulates the same, "" where it cannot.

    rpact selects by the best so many or by one threshold, the same at every look, and recruits every arm that stays to
    its planned size.
    """
    rule = design.multi_arm
    if rule is None:
        return ""
    if rule.within_z or (rule.most and rule.above_z) or len(set(rule.most or rule.above_z)) > 1:
        return "# rpact has no such selection of arms"
    arms, control = arm_indices(design)
    planned = np.array(list(design.expected_endpoints().values()))
    if len(set(planned[arms].tolist())) > 1:
        return "# rpact simulates arms of one size"
    asked = [0.0, *(_EFFECTS if effects is None else effects)]
    matrix = ", ".join(f"{effect if arm == 0 else 0:g}" for arm in range(len(arms)) for effect in asked)
    sizes = ", ".join(f"{planned[arms[0]] * rate:.12g}" for rate in design.bounds().information_rates)
    selection = 'typeOfSelection = "all"'
    if rule.most:
        selection = f'typeOfSelection = "rBest", rValue = {rule.most[0]}'
    elif rule.above_z:
        selection = f'typeOfSelection = "all", threshold = {rule.above_z[0]:g}'
    criterion = "all" if rule.stop is TrialStop.ALL_DECIDED else "atLeastOne"
    note = ""
    if rule.freed is Freed.REALLOCATED:
        note = "# rpact recruits every arm that stays to its planned size: nobody is reallocated\n"
    return (
        f"{note}design <- {rpact_call(design.bounds()).replace('GroupSequential', 'InverseNormal')}\n"
        f'rpact::getSimulationMultiArmMeans(design, activeArms = {len(arms)}, typeOfShape = "userDefined",\n'
        f"  effectMatrix = matrix(c({matrix}), {len(asked)}), stDev = 1, {selection},\n"
        f'  effectMeasure = "testStatistic", intersectionTest = "{str(rule.test).capitalize()}",\n'
        f'  successCriterion = "{criterion}", plannedSubjects = c({sizes}),\n'
        f"  allocationRatioPlanned = {planned[arms[0]] / planned[control]:.12g},\n"
        "  maxNumberOfIterations = 20000, seed = 1)"
    )


def arms_in_words(design: Design, plan: pd.DataFrame) -> str:
    """Return the rows of `arm_plan` as sentences."""
    whole = sum(design.expected_endpoints().values())
    bounds = design.bounds()
    told = [
        f"{bounds.n_looks} looks, one-sided alpha {design.alpha:g} for all comparisons together (closed test); "
        "simulated statistics, every endpoint known at once, ± Monte-Carlo standard error."
    ]
    for row in plan.to_dict("records"):
        where = "no arm has an effect"
        if row["effect"]:
            have = "all have" if row["arms_with_effect"] == "all" else "the first arm has"
            where = f"{have} {row['effect']:g} SD"
        best = "" if np.isnan(row["best_kept"]) else f", that arm kept {in_percent(row, 'best_kept')}"
        false = (
            ""
            if np.isnan(row["familywise_error"]) or row["arms_with_effect"] == "all"
            else (f", one without effect shown {in_percent(row, 'familywise_error')}")
        )
        told.append(
            f"{where}: any shown {in_percent(row, 'any_shown')}, all {in_percent(row, 'all_shown')}{best}{false}; "
            f"{row['expected_endpoints']:.0f} of {whole:.0f} endpoints"
        )
    return "\n".join(told)
