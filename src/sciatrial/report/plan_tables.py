"""What a plan is worth, as it is printed: success by scenario, right decisions, cost, sizes for harms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sciatrial.report.borrowing_tables import borrowing_lines, borrowing_plan_words
from sciatrial.report.course_words import course_assumptions, course_lines
from sciatrial.report.dose_tables import dose_lines, dose_plan_words
from sciatrial.report.enrichment_words import enrichment_assumptions
from sciatrial.report.tables import number, scenario_words
from sciatrial.trial import Costs, OperatingCharacteristics, Safety, Scenario, TrueEffect, Unblinding, assurance_parts

_KINDS = {
    TrueEffect.MATTERS: "matters to a patient",
    TrueEffect.BETWEEN: "a benefit that does not matter",
    TrueEffect.NONE: "no benefit",
    TrueEffect.UNKNOWN: "not told apart",
}
_ALONE = "as the only mechanism of cells, as large as the draw has it, which may be not at all."
_MEANINGS = {
    Scenario.OPTIMISTIC: (
        "the same draws with every cell effect present, each of its numbers at the value that 95 % of draws in which "
        "it is present do not exceed. All of them together are far less probable than that: an assumption."
    ),
    Scenario.ONLY_LESS_INFLAMMATION: f"the same draws with less inflammation {_ALONE}",
    Scenario.ONLY_NEUROTROPHIC_SUPPORT: f"the same draws with neurotrophic support {_ALONE}",
    Scenario.ONLY_REPAIR: f"the same draws with repair of the disc {_ALONE}",
}


def scenario_meanings(operating: OperatingCharacteristics) -> list[tuple[str, str]]:
    """Return what the further scenarios of a run are: name in words, and meaning."""
    met = set(operating.summary["scenario"])
    return [(scenario_words(str(word)), told) for word, told in _MEANINGS.items() if str(word) in met]


def beside_type_one_error(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the summary without the scenario of broken blinding, which is never mixed with type I error."""
    return summary.loc[summary["scenario"] != Scenario.UNBLINDED_NULL]


def of_broken_blinding(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the scenario of broken blinding; empty where it was not simulated."""
    return summary.loc[summary["scenario"] == Scenario.UNBLINDED_NULL]


def decisions_wide(summary: pd.DataFrame) -> pd.DataFrame:
    """Return how often a trial decides rightly, one row a scenario and comparison; empty where that is not known.

    Columns ``scenario, comparison, right decision, benefit matters, shown there, no benefit, not shown there, between,
    shown between``; shares of trials with Monte-Carlo standard errors.
    """
    rows = []
    for scenario, comparison, of in _by_place(summary, "right_decision"):
        rows.append(
            {
                "scenario": scenario_words(scenario), "comparison": comparison,
                "right decision": share_words(of.loc["right_decision"]),
                "benefit matters": share_words(of.loc["truth_matters"]),
                "shown there": share_words(of.loc["shown_where_it_matters"]),
                "no benefit": share_words(of.loc["truth_none"]),
                "not shown there": share_words(of.loc["not_shown_where_none"]),
                "between": share_words(of.loc["truth_between"]),
                "shown between": share_words(of.loc["shown_in_between"]),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def cost_wide(summary: pd.DataFrame, currency: str) -> pd.DataFrame:
    """Return the expected cost of a trial by scenario, empty without costs; the same for all comparisons of a trial."""
    rows: dict[str, dict[str, str]] = {}
    for scenario, _, of in _by_place(summary, "expected_cost"):
        row = {"scenario": scenario_words(scenario), f"expected cost, {currency}": cost_words(of.loc["expected_cost"])}
        row["patients"] = number(of.loc["expected_patients", "value"], 0)
        row["months until the decision"] = number(of.loc["expected_months", "value"])
        rows.setdefault(scenario, row)
    return pd.DataFrame(list(rows.values()))


def _by_place(summary: pd.DataFrame, quantity: str) -> list[tuple[str, str, pd.DataFrame]]:
    groups: Any = summary.groupby(["scenario", "comparison"], sort=False)
    wide = [(str(scenario), str(comparison), group.set_index("quantity")) for (scenario, comparison), group in groups]
    return [(scenario, comparison, of) for scenario, comparison, of in wide if quantity in of.index]


def share_words(row: Any) -> str:
    """Return a share with its Monte-Carlo standard error, in percent."""
    if not row["n_trials"] or np.isnan(row["value"]):
        return "no trial"
    return f"{100 * row['value']:.0f} ± {100 * row['monte_carlo_se']:.1f} %"


def cost_words(row: Any) -> str:
    """Return a cost with its Monte-Carlo standard error."""
    error = "" if np.isnan(row["monte_carlo_se"]) else f" ± {row['monte_carlo_se']:,.0f}"
    return f"{row['value']:,.0f}{error}"


def parts_wide(operating: OperatingCharacteristics) -> pd.DataFrame:
    """Return what each kind of true effect contributes to the assurance, one row a comparison and kind."""
    rows = []
    for comparison in dict.fromkeys(map(str, operating.trials["comparison"])):
        for row in assurance_parts(operating, comparison).to_dict("records"):
            told = {
                name: f"{100 * row[name]:.0f} ± {100 * row[f'{name}_se']:.1f} %"
                for name in ("probability", "power", "contribution")
            }
            rows.append({"comparison": comparison, "true effect": _KINDS[TrueEffect(row["true_effect"])], **told})
    return pd.DataFrame(rows)


def success_lines(operating: OperatingCharacteristics, currency: str = "") -> list[str]:
    """Return success, right decisions and expected cost of a run by scenario, a line each, with Monte-Carlo errors."""
    told = []
    for scenario, comparison, of in _by_place(operating.summary, "success"):
        parts = [f"success {share_words(of.loc['success'])}"]
        if "right_decision" in of.index:
            parts.append(f"right decision {share_words(of.loc['right_decision'])}")
        if "expected_cost" in of.index:
            parts.append(f"expected cost {cost_words(of.loc['expected_cost'])} {currency}".rstrip())
        if "stopped_for_harm" in of.index:
            parts.append(f"stopped for harm {share_words(of.loc['stopped_for_harm'])}")
        apart = " (broken blinding, no type I error)" if scenario == Scenario.UNBLINDED_NULL else ""
        told.append(f"{comparison}, {scenario_words(scenario)}{apart}: {'; '.join(parts)}")
    return [*told, *dose_lines(operating), *course_lines(operating), *borrowing_lines(operating)]


def plan_assumptions(study: Mapping[str, Any], optimistic: Mapping[str, float]) -> list[str]:
    """Return the assumptions that stand in the study file and in its scenarios, as sentences.

    Parameters
    ----------
    study
        The resolved study.
    optimistic
        Number of a cell effect → its value in the optimistic scenario.
    """
    trial, simulation = study["trial"], study["simulation"]
    told = []
    if "cohorts" in study["population"]:
        shares = study["population"]["cohorts"].items()
        whom = ", ".join(f"{100 * share:.3g} % {name.replace('_', ' ')}" for name, share in shares)
        told.append(f"Those screened: {whom}.")
    if "costs" in trial:
        told += [f"Cost: {line}." for line in Costs.model_validate(trial["costs"]).in_words()]
    met = simulation.get("scenarios", ())
    told += dose_plan_words(study)
    told += course_assumptions(trial)
    told += borrowing_plan_words(study)
    told += enrichment_assumptions(trial)
    if Scenario.OPTIMISTIC in met:
        values = ", ".join(f"{name.replace('_', ' ')} {value:.3g}" for name, value in optimistic.items())
        told.append(f"Optimistic: {values}.")
    if Scenario.UNBLINDED_NULL in met:
        told.append(blinding_words(study))
    return told


def blinding_words(study: Mapping[str, Any]) -> str:
    """Return how blinding breaks in the scenario of broken blinding."""
    broken = Unblinding.model_validate(study["simulation"].get("unblinding", {}))
    shares = []
    for arm, words in study["arms"].items():
        share = broken.learn.get(arm, float(words.get("donor") == "autologous"))
        if share:
            shares.append(f"{100 * share:g} % of arm {arm}")
    ratio = broken.context_odds_ratio
    return (
        f"Broken blinding: {', '.join(shares) or 'nobody'} learn their arm; that one received cells multiplies the "
        f"odds of the largest context response by {ratio:g}, that one did not divides them by it."
    )


def safety_wide(sizes: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `safety_sizes` as they are printed."""
    rows = []
    for row in sizes.to_dict("records"):
        is_share = row["unit"] == "share"
        by_year = [row[name] for name in ("to_see_1_year", "to_see_2_years", "to_see_5_years")]
        rows.append(
            {
                "arm": row["arm"], "event": row["event"],
                "rate": f"{100 * row['rate']:.3g} %" + ("" if is_share else " a year"),
                "from": str(row["rate_from"]).replace("_", " "),
                "patients to see one": f"{row['to_see']:.0f}", "randomised": f"{row['randomised']:.0f}",
                "to exclude with 1, 2 seen": f"{row['to_exclude_with_one']:.0f}, {row['to_exclude_with_two']:.0f}",
                "followed 1, 2, 5 years": "–" if is_share else ", ".join(f"{n:.0f}" for n in by_year),
                "this trial sees one": f"{row['seen']:.0%}",
                "excludes with none": f"above {100 * row['excluded_by_none']:.3g} %" + ("" if is_share else " a year"),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def harm_stopping_wide(stopping: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `harm_stopping_table` as they are printed."""
    rows = [
        {
            "true share": f"{100 * row['share']:.3g} %", "stops for harm": f"{100 * row['stops']:.1f} %",
            "expected patients of the arm": number(row["expected_patients"]),
            "expected patients with the event": number(row["expected_events"]),
        }
        for row in stopping.to_dict("records")
    ]  # fmt: skip
    return pd.DataFrame(rows)


def harm_followed_wide(summary: pd.DataFrame) -> pd.DataFrame:
    """Return how often simulated trials stop for harm, by scenario; empty where they do not follow a boundary."""
    rows: dict[str, dict[str, str]] = {}
    for scenario, _, of in _by_place(summary, "stopped_for_harm"):
        month = of.loc["month_stopped_for_harm"]
        row = {
            "scenario": scenario_words(scenario),
            "stopped for harm": share_words(of.loc["stopped_for_harm"]),
            "in month": number(month["value"]) if month["n_trials"] else "–",
            "expected patients": f"{of.loc['expected_patients', 'value']:.1f} ± "
            f"{of.loc['expected_patients', 'monte_carlo_se']:.1f}",
        }  # fmt: skip
        rows.setdefault(scenario, row)
    return pd.DataFrame(list(rows.values()))


def boundary_words(study: Mapping[str, Any], patients: Sequence[int], fewest: Sequence[int]) -> str:
    """Return the boundary for harm in a sentence; "" for a study without one."""
    safety = study["trial"].get("safety")
    stop = None if safety is None else Safety.model_validate(safety).stopping
    if stop is None:
        return ""
    looks = "; ".join(f"{k} of {n}" for n, k in zip(patients, fewest, strict=True) if k <= n)
    told = f"stops with {looks} or more" if looks else "never stops: no count at any look is enough"
    return f"{stop.in_words()}. It {told}. {stop.followed_in_words()}"
