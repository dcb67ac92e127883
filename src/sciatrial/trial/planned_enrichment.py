"""What a plan of a full population and a subgroup is worth before any patient is simulated: normal means by stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sciatrial.statistics import (
    GroupSequentialDesign,
    population_tests,
    power_at_the_last_bound,
    rpact_call,
    selected_arms,
)
from sciatrial.trial.arm_quantities import Quantity, columns_of, in_percent
from sciatrial.trial.design import Design
from sciatrial.trial.enrichment import Enrichment, SelectBy
from sciatrial.trial.multi_arm import TrialStop
from sciatrial.trial.summaries import mean_of, share_of

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
_EFFECTS = (0.35, 0.5, 0.65)
_N_TRIALS = 20_000
# who benefits, and by how much of the effect: inside and outside the subgroup
_WHO = {"nobody": (0.0, 0.0), "the subgroup": (1.0, 0.0), "those outside": (0.0, 1.0), "everybody": (1.0, 1.0)}
_R_TESTS = {"spiessens_debois": "SpiessensDebois", "bonferroni": "Bonferroni", "simes": "Simes", "sidak": "Sidak"}


@dataclass(frozen=True)
class PopulationPaths:
    """Simulated trials of a full population and a subgroup, by their statistics alone.

    Attributes
    ----------
    shown
        Whether each is shown; dims ``trial, population``.
    goes_on
        Which are tested after the first interim look, nobody where the trial stopped there; all true without one; dims
        ``trial, population``.
    endpoints
        Of both arms together; dims ``trial``.
    """

    shown: NDArray[np.bool_]
    goes_on: NDArray[np.bool_]
    endpoints: Floats


def is_planned_in_points(rule: Enrichment) -> bool:
    """Return whether looks select by differences in points, which a plan in standard deviations cannot."""
    return rule.by is SelectBy.EFFECT and bool(rule.above or rule.within)


def population_plan(
    design: Design, effects: Sequence[float] | None = None, *, n_trials: int = _N_TRIALS, seed: int = 1
) -> pd.DataFrame:
    """Return what a design of a full population and a subgroup shows at some effects.

    Every endpoint counts as known once its patient is recruited, the spread as known, and the subgroup has the planned
    prevalence: what delay, dropout and estimated spreads change, only trials of patients tell.

    Parameters
    ----------
    design
        With `enrichment`.
    effects
        Benefits, in standard deviations of the change given baseline; 0.35, 0.5 and 0.65 when left out.
    n_trials, seed
        1 or more simulated trials of each row; the same seed gives the same trials.

    Returns
    -------
    pandas.DataFrame
        Columns ``effect, who`` (nobody, the subgroup, those outside, everybody), ``familywise_error`` (NaN where both
        benefit), ``full_shown, subgroup_shown, any_shown``, ``full_alone, subgroup_alone, both`` and ``stopped`` (after
        the first interim look; NaN without one), ``expected_endpoints``, and each with ``_se``, the Monte-Carlo
        standard error. Empty without a subgroup, and where looks select by differences in points.
    """
    import pandas as pd

    rule = design.enrichment
    if rule is None or is_planned_in_points(rule):
        return pd.DataFrame()
    rows, has_look = [], bool(design.looks.information)
    for effect, who in _asked(effects):
        benefits = effect * np.array(_WHO[who])
        found = population_paths(design, rule, benefits, n_trials=n_trials, seed=seed)
        full, part = found.goes_on.T
        # the full population benefits where anybody does
        is_null = np.array([not benefits.any(), benefits[0] == 0])
        quantities: list[Quantity] = [
            (
                "familywise_error",
                *share_of(np.asarray(found.shown[:, is_null].any(axis=1)) if is_null.any() else np.zeros(0)),
            ),
            ("full_shown", *share_of(found.shown[:, 0])),
            ("subgroup_shown", *share_of(found.shown[:, 1])),
            ("any_shown", *share_of(np.asarray(found.shown.any(axis=1)))),
            ("full_alone", *share_of((full & ~part)[: n_trials * has_look])),
            ("subgroup_alone", *share_of((part & ~full)[: n_trials * has_look])),
            ("both", *share_of((part & full)[: n_trials * has_look])),
            ("stopped", *share_of((~part & ~full)[: n_trials * has_look])),
            ("expected_endpoints", *mean_of(found.endpoints)),
        ]
        rows.append({"effect": effect, "who": who} | columns_of(quantities))
    return pd.DataFrame(rows)


def population_paths(
    design: Design, rule: Enrichment, benefits: Floats, *, n_trials: int, seed: int
) -> PopulationPaths:
    """Simulate trials of a full population and a subgroup by their statistics.

    Parameters
    ----------
    design, rule
        The design and its `enrichment`.
    benefits
        Of the subgroup and of those outside it, in standard deviations; dims ``stratum``.
    n_trials, seed
        How many trials, and their luck.
    """
    bounds, generator = design.bounds(), np.random.default_rng(seed)
    planned = np.array(list(design.expected_endpoints().values()))
    whole = float(planned.sum())
    # information that one endpoint brings, at the ratio of the arms
    unit = planned[0] * planned[1] / whole**2
    active = np.ones((n_trials, 2), dtype=bool)
    goes_on, shown = active.copy(), np.zeros_like(active)
    statistics = np.full((n_trials, bounds.n_looks, 2), np.nan)
    shares = np.array([rule.prevalence, 1 - rule.prevalence])
    sums, counts = np.zeros((n_trials, 2)), np.zeros((n_trials, 2))
    endpoints, lacking = np.zeros(n_trials), np.ones(n_trials)
    correlations = np.full(bounds.n_looks, np.sqrt(rule.prevalence))
    for look, step in enumerate(np.diff(bounds.information_rates, prepend=0.0)):
        # strata: the subgroup, those outside
        of_stage = step * whole * lacking * active.any(axis=1)
        size = np.where(active[:, :1], shares, np.array([1.0, 0.0])) * of_stage[:, None]
        luck = generator.standard_normal((n_trials, 2))
        own = np.asarray(benefits) + luck / np.sqrt(np.where(size > 0, size, 1.0) * unit)
        endpoints += size.sum(axis=1)
        statistics[:, look] = np.where(active, _statistics(size, size * own, unit), np.nan)
        counts, sums = counts + size, sums + size * own
        tests = population_tests(statistics, bounds, correlations, test=rule.test)
        found = tests.rejected[:, look] & active
        shown |= found
        stays = active & ~found
        if look + 1 < bounds.n_looks:
            z = _statistics(counts, sums, unit)
            values = _selected_by(design, rule, bounds, look + 1, z, counts, tests.combined_z[:, look, :2], unit)
            stays &= selected_arms(np.where(active, values, np.nan), rule.selection(look + 1))
        if rule.stop is TrialStop.FIRST_SHOWN:
            stays &= ~shown.any(axis=1, keepdims=True)
        if rule.n_after is not None:
            is_new = active[:, 0] & ~stays[:, 0] & stays[:, 1]
            left = design.size * (1 - bounds.information_rates[look])
            lacking[is_new] = rule.n_after / left if left > 0 else 1.0
        active = stays
        if look == 0 and bounds.n_looks > 1:
            goes_on = active.copy()
    return PopulationPaths(shown, goes_on, endpoints)


def _statistics(counts: Floats, sums: Floats, unit: float) -> Floats:
    """Return z of the full population and of the subgroup from those of the strata; dims ``trial, population``."""
    n, total = (np.stack([values.sum(axis=1), values[:, 0]], axis=1) for values in (counts, sums))
    return total / np.sqrt(np.where(n > 0, n, 1.0) / unit)


def _selected_by(
    design: Design,
    rule: Enrichment,
    bounds: GroupSequentialDesign,
    look: int,
    z: Floats,
    counts: Floats,
    combined: Floats,
    unit: float,
) -> Floats:
    seen = np.stack([counts.sum(axis=1), counts[:, 0]], axis=1)
    if rule.by is SelectBy.Z:
        return z
    if rule.by is SelectBy.EFFECT:
        return z / np.sqrt(np.where(seen > 0, seen, 1.0) * unit)
    whole = sum(design.expected_endpoints().values())
    to_come = whole * (1 - bounds.information_rates[look - 1])
    alone = to_come if rule.n_after is None else rule.n_after * whole / design.size
    ahead = np.array([to_come, alone]) / np.where(seen > 0, seen, 1.0)
    return power_at_the_last_bound(bounds, look, combined, z, ahead)


def r_of_populations(design: Design, effects: Sequence[float] | None = None) -> str:
    """Return R code with which rpact simulates the same, "" where it cannot.

    rpact selects by one rule at every look: the better one, those within a distance of it, and a threshold.
    """
    rule = design.enrichment
    if rule is None:
        return ""
    changes = any(len(set(values)) > 1 for values in (rule.most, rule.above, rule.within))
    is_other = rule.by is SelectBy.CONDITIONAL_POWER or (1 in rule.most and rule.within) or rule.n_after is not None
    if changes or is_other or is_planned_in_points(rule):
        return "# rpact has no such selection of populations"
    planned = np.array(list(design.expected_endpoints().values()))
    asked = _asked(effects)
    matrix = ", ".join(f"{effect * _WHO[who][stratum]:g}" for stratum in (0, 1) for effect, who in asked)
    sizes = ", ".join(f"{planned.sum() * rate:.12g}" for rate in design.bounds().information_rates)
    selection = '"best"' if 1 in rule.most else '"all"'
    if rule.within:
        selection = f'"epsilon", epsilonValue = {rule.within[0]:g}'
    if rule.above:
        selection += f", threshold = {rule.above[0]:g}"
    measure = "effectEstimate" if rule.by is SelectBy.EFFECT else "testStatistic"
    criterion = "all" if rule.stop is TrialStop.ALL_DECIDED else "atLeastOne"
    p = rule.prevalence
    return (
        f"design <- {rpact_call(design.bounds()).replace('GroupSequential', 'InverseNormal')}\n"
        f'effects <- list(subGroups = c("S", "R"), prevalences = c({p:g}, {1 - p:g}), stDevs = c(1, 1),\n'
        f"  effects = matrix(c({matrix}), {len(asked)}))\n"
        "rpact::getSimulationEnrichmentMeans(design, effectList = effects, stratifiedAnalysis = TRUE,\n"
        f'  intersectionTest = "{_R_TESTS[rule.test]}", typeOfSelection = {selection},\n'
        f'  effectMeasure = "{measure}", successCriterion = "{criterion}", plannedSubjects = c({sizes}),\n'
        f"  allocationRatioPlanned = {planned[0] / planned[1]:.12g}, maxNumberOfIterations = 20000, seed = 1)"
    )


def _asked(effects: Sequence[float] | None) -> list[tuple[float, str]]:
    """Return effects and who has them, one row of the plan each."""
    nobody, *others = _WHO
    return [(0.0, nobody), *((effect, who) for effect in (_EFFECTS if effects is None else effects) for who in others)]


def populations_in_words(design: Design, plan: pd.DataFrame) -> str:
    """Return the rows of `population_plan` as sentences."""
    rule, bounds = design.enrichment, design.bounds()
    if rule is None:
        return ""
    if plan.empty:
        return "Looks select by differences in points, which no plan in standard deviations has: simulate them."
    whole = sum(design.expected_endpoints().values())
    told = [
        f"{bounds.n_looks} look{'s' if bounds.n_looks > 1 else ''}, one-sided alpha {design.alpha:g} for full "
        f"population and {rule.subgroup.name} together (closed test); planned prevalence {rule.prevalence:g}; "
        "simulated statistics, every endpoint known at once, ± Monte-Carlo standard error."
    ]
    for row in plan.to_dict("records"):
        where = f"{row['who']} benefits" + (f" by {row['effect']:g} SD" if row["effect"] else "")
        if row["who"] == "those outside":
            where = where.replace("benefits", "benefit")
        error = row["familywise_error"]
        false = "" if np.isnan(error) else f", one without benefit shown {in_percent(row, 'familywise_error')}"
        chosen = ""
        if not np.isnan(row["both"]):
            chosen = (
                f"; after the first look full alone {in_percent(row, 'full_alone')}, subgroup alone "
                f"{in_percent(row, 'subgroup_alone')}, both {in_percent(row, 'both')}, "
                f"stopped {in_percent(row, 'stopped')}"
            )
        told.append(
            f"{where}: full shown {in_percent(row, 'full_shown')}, subgroup {in_percent(row, 'subgroup_shown')}, any "
            f"{in_percent(row, 'any_shown')}{false}{chosen}; {row['expected_endpoints']:.0f} of {whole:.0f} endpoints"
        )
    return "\n".join(told)
