"""A subgroup that is tested with the full population, in words: facts and assumptions of the study file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sciatrial.trial import Enrichment

_TESTS = {
    "spiessens_debois": "Spiessens and Debois' test", "bonferroni": "Bonferroni's", "simes": "Simes'",
    "sidak": "Šidák's",
}  # fmt: skip
_BY = {"effect": "estimated effect", "z": "z", "conditional_power": "conditional power"}


def enrichment_facts(trial: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return how a subgroup is tested and selected as pairs of term and description; empty where there is none."""
    if "enrichment" not in trial:
        return []
    rule = Enrichment.model_validate(trial["enrichment"])
    group = rule.subgroup
    test = (
        f"closed test of the full population (adjusted for the subgroup) and of the subgroup; both together by "
        f"{_TESTS[rule.test]} in each stage, stages combined by the inverse normal method with the planned information "
        "as weights. A stage is everybody whose endpoint fell due after the look before and by this one"
    )
    is_simple = trial.get("randomisation", {}).get("method") == "simple"
    assigned = "assignment is not stratified by it" if is_simple else "assignment is stratified by it"
    return [
        ("Subgroup", f"{group.name}: {group.in_words()}, as it is told at entry; {assigned}"),
        ("Full population and subgroup", test),
        *([("At each interim look", _selection_words(rule, trial))] if trial["looks"]["information"] else []),
    ]


def _selection_words(rule: Enrichment, trial: Mapping[str, Any]) -> str:
    """Return which populations go on, and who is randomised after the look."""
    by, parts = _BY[rule.by], []
    if set(rule.most) == {1}:
        parts.append(f"the one with the larger {by}")
    elif 1 in rule.most:
        parts.append(f"the better {', then '.join(map(str, rule.most))} by {by}")
    if rule.above:
        parts.append(f"with a {by} above {', then '.join(f'{value:g}' for value in rule.above)} (not binding)")
    if rule.within:
        parts.append(f"within {', then '.join(f'{value:g}' for value in rule.within)} of the larger {by}")
    goes_on = " and ".join(parts) if parts else "each that is not shown"
    after = "as many patients of the subgroup as the planned size still lacks"
    if rule.n_after is not None:
        after = f"{rule.n_after} patients of the subgroup"
    stop = "each is decided" if rule.stop == "all_decided" else "one of them is shown, or each is decided"
    planned = trial["n_total"] if trial.get("n_total") else trial["n_per_arm"] * 2
    return (
        f"populations go on: {goes_on}; after a look that leaves the subgroup alone, {after} are randomised, of "
        f"{rule.eligible_at_most(planned)} eligible patients at most; the trial stops when {stop}"
    )


def enrichment_assumptions(trial: Mapping[str, Any]) -> list[str]:
    """Return the assumptions of the study file about the subgroup, as sentences."""
    if "enrichment" not in trial:
        return []
    rule = Enrichment.model_validate(trial["enrichment"])
    told = [f"Prevalence of {rule.subgroup.name}, for the plan alone: {100 * rule.prevalence:g} %."]
    if rule.subgroup.is_biomarker:
        what = rule.subgroup.measure.replace("_", " ")
        told.append(
            f"{what.capitalize()} can be read at entry, with a log-normal coefficient of variation of "
            f"{rule.subgroup.measurement_cv:g}."
        )
    return told
