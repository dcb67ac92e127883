"""Comparisons that are tested together, as they are told and printed: rule, error, power, what becomes of arms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from sciatrial.report.effects import effect_digits
from sciatrial.report.plan_tables import share_words
from sciatrial.report.tables import number, scenario_words, span
from sciatrial.trial import OperatingCharacteristics, TrialResult, family_quantities

_METHODS = {
    "bonferroni": "Bonferroni", "holm": "Holm", "hochberg": "Hochberg", "hommel": "Hommel",
    "fixed_sequence": "fixed sequence, in the order of the comparisons", "fallback": "fallback",
    "graph": "a graph of weights and transitions", "dunnett": "Dunnett's closed test",
}  # fmt: skip
_TESTS = {"dunnett": "Dunnett's test", "bonferroni": "Bonferroni's", "simes": "Simes'", "sidak": "Šidák's"}
_HEADS = {
    "familywise_error": "one without true benefit is shown", "any_shown": "any is shown", "all_shown": "all are shown",
    "best_shown": "the best is shown", "best_kept": "no look drops the best",
}  # fmt: skip


def is_family(operating: OperatingCharacteristics) -> bool:
    """Return whether the comparisons of these trials share one error."""
    return "has_no_benefit" in operating.trials


def drops_arms(operating: OperatingCharacteristics) -> bool:
    """Return whether looks of these trials drop arms."""
    return "patients_arm" in operating.trials


def alpha_words(trial: Mapping[str, Any]) -> str:
    """Return for what the error of a design holds."""
    if "enrichment" in trial:
        return "for full population and subgroup together"
    if "multi_arm" in trial or "multiplicity" in trial:
        return "for all comparisons together"
    return "for each comparison, not adjusted for their number"


def family_facts(trial: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return how comparisons are tested together as pairs of term and description; empty where each is alone."""
    rule, facts = trial.get("multi_arm"), []
    if "multiplicity" in trial:
        how = trial["multiplicity"]
        told = _METHODS[how["method"]]
        if how.get("weights"):
            told += f"; weights {', '.join(f'{share:g}' for share in how['weights'])}"
        facts.append(("Several comparisons", f"{told}: shown when the adjusted p value is at most alpha"))
    if rule:
        told = (
            f"closed test: every intersection of arms by {_TESTS[rule['test']]} in each stage, stages combined by the "
            "inverse normal method with the planned information as weights. A stage is everybody whose endpoint fell "
            "due after the look before and by this one"
        )
        facts += [("Several arms", told), ("At each interim look", _selection_words(rule))]
    return facts


def _selection_words(rule: Mapping[str, Any]) -> str:
    """Return which arms go on, and what becomes of the others' patients."""
    parts = []
    if rule.get("most"):
        parts.append(f"the best {', then '.join(map(str, rule['most']))} by z")
    if rule.get("above_z"):
        parts.append(f"with z above {', then '.join(f'{z:g}' for z in rule['above_z'])} (not binding)")
    if rule.get("within_z"):
        parts.append(f"within {', then '.join(f'{z:g}' for z in rule['within_z'])} of the best z")
    goes_on = " and ".join(parts) if parts else "every arm that is not shown"
    freed = "the arms that stay share the patients of one that stops"
    if rule["freed"] == "not_recruited":
        freed = "the patients whom an arm would still have had are not recruited"
    stop = "an arm is shown, or none but the control is left"
    if rule["stop"] == "all_decided":
        stop = "none but the control is left"
    return f"arms go on: {goes_on}; {freed}; the trial stops when {stop}"


def family_wide(operating: OperatingCharacteristics) -> pd.DataFrame:
    """Return error and power of all comparisons together, one row a scenario; empty where each is alone."""
    told = family_quantities(operating)
    rows = []
    for scenario in dict.fromkeys(told["scenario"]):
        of = told.loc[told["scenario"] == scenario].set_index("quantity")
        shares = {head: share_words(of.loc[name]) for name, head in _HEADS.items()}
        rows.append(
            {"scenario": scenario_words(str(scenario)), "trials": str(of.loc["any_shown", "n_trials"]), **shares}
        )
    frame = pd.DataFrame(rows)
    return frame if frame.empty or drops_arms(operating) else frame.drop(columns=_HEADS["best_kept"])


def arms_wide(operating: OperatingCharacteristics) -> pd.DataFrame:
    """Return what becomes of each arm, and what its selection makes of its estimate; empty where looks drop none."""
    if not drops_arms(operating):
        return pd.DataFrame()
    rows, digits = [], effect_digits(operating.endpoint)
    groups: Any = operating.summary.groupby(["scenario", "comparison"], sort=False)
    for (scenario, comparison), group in groups:
        of = group.set_index("quantity")
        if "kept" not in of.index:
            continue
        biases = {
            "bias": "bias", "bias, kept to the end": "bias_if_kept", "bias, shown": "bias_if_shown",
        }  # fmt: skip
        rows.append(
            {
                "scenario": scenario_words(str(scenario)), "comparison": comparison,
                "dropped": share_words(of.loc["dropped"]), "futile": share_words(of.loc["futility"]),
                "shown": share_words(of.loc["success"]),
                "patients, arm and control": f"{number(of.loc['expected_arm_patients', 'value'], 0)} and "
                f"{number(of.loc['expected_control_patients', 'value'], 0)}",
                **{head: _mean(of.loc[name], digits) for head, name in biases.items()},
                "coverage": share_words(of.loc["coverage"]),
                "coverage, simultaneous": share_words(of.loc["simultaneous_coverage"]),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _mean(row: Any, digits: int) -> str:
    if not row["n_trials"]:
        return "no trial"
    error = "" if row["monte_carlo_se"] != row["monte_carlo_se"] else f" ± {row['monte_carlo_se']:.{digits}f}"
    return number(row["value"], digits) + error


def family_lines(operating: OperatingCharacteristics) -> list[str]:
    """Return error and power of all comparisons together by scenario, a line each."""
    rows = family_wide(operating).to_dict("records")
    return [
        f"All comparisons, {row['scenario']}: any shown {row['any is shown']}; all {row['all are shown']}; one without "
        f"true benefit {row['one without true benefit is shown']}"
        for row in rows
    ]


def family_cells(row: Mapping[str, Any], result: TrialResult) -> dict[str, str]:
    """Return what one trial says of a comparison that is tested with others."""
    told = {
        "adjusted p": "–" if row["adjusted_p_value"] != row["adjusted_p_value"] else f"{row['adjusted_p_value']:.3f}"
    }
    if "patients_arm" not in row:
        return told
    digits = effect_digits(result.endpoint)
    return {
        "decided at look": str(row["look"]), "what it says": str(row["decision"]).replace("_", " "), **told,
        "simultaneous interval": span(row["repeated_low"], row["repeated_high"], digits),
        "with all followed": number(row["final_estimate"], digits),
    }  # fmt: skip
