"""Tables of trials whose course assigns patients, and of factorial ones, as they are printed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sciatrial.report.effects import effect_digits
from sciatrial.report.tables import mean_told, number, scenario_words, share_told
from sciatrial.trial import (
    OperatingCharacteristics,
    TrialResult,
    allocation_characteristics,
    analysis_characteristics,
    choice_characteristics,
    margin_characteristics,
)


def course_section(result: TrialResult, operating: OperatingCharacteristics) -> dict[str, Any] | None:
    """Return the tables of a trial's course, None for a design whose course assigns nobody."""
    if operating.allocation.empty:
        return None
    return {
        "sizes": sizes_wide(operating),
        "own": own_wide(operating),
        "choices": choices_wide(operating),
        "analyses": analyses_wide(operating),
        "one_trial": one_course(result),
    }


def factor_section(result: TrialResult, operating: OperatingCharacteristics) -> dict[str, Any] | None:
    """Return the tables of a factorial trial, None for others."""
    if operating.margins.empty:
        return None
    return {"margins": margins_wide(operating), "one_trial": one_trial_margins(result)}


def sizes_wide(operating: OperatingCharacteristics) -> pd.DataFrame:
    """Return patients by arm with their spread between trials, one row a scenario and arm."""
    rows = []
    for (scenario, arm), of in _by(allocation_characteristics(operating), ["scenario", "arm"]):
        low, high = (number(of.loc[name, "value"], 0) for name in ("low", "high"))
        rows.append(
            {
                "scenario": scenario_words(scenario), "arm": arm, "patients": mean_told(of.loc["patients"]),
                "SD between trials": mean_told(of.loc["spread"]), "middle 90 %": f"{low} to {high}",
                "share": share_told(of.loc["share"]), "gets nobody": share_told(of.loc["no_patients"]),
                "opens, month": mean_told(of.loc["opens"]), "closes, month": mean_told(of.loc["closes"]),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def own_wide(operating: OperatingCharacteristics) -> pd.DataFrame:
    """Return size and length of what each comparison is analysed by, one row a scenario and comparison."""
    rows = [
        {
            "scenario": scenario_words(scenario), "comparison": comparison,
            "patients in its analysis": mean_told(of.loc["expected_patients"]),
            "its last endpoint, month": mean_told(of.loc["expected_months"]),
        }
        for (scenario, comparison), of in _by(operating.summary, ["scenario", "comparison"])
    ]  # fmt: skip
    return pd.DataFrame(rows)


def choices_wide(operating: OperatingCharacteristics) -> pd.DataFrame:
    """Return how often the best arm is chosen, one row a scenario."""
    rows = []
    for (scenario,), of in _by(choice_characteristics(operating), ["scenario"]):
        rows.append(
            {
                "scenario": scenario_words(scenario), "trials with a best arm": share_told(of.loc["has_best"]),
                "it is chosen": share_told(of.loc["chooses_best"]),
                "patients on it": share_told(of.loc["share_on_best"]),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def analyses_wide(operating: OperatingCharacteristics) -> pd.DataFrame:
    """Return what each analysis of the same trials finds, one row a scenario, comparison and analysis."""
    rows, digits = [], effect_digits(operating.endpoint)
    for (scenario, comparison, name), of in _by(
        analysis_characteristics(operating), ["scenario", "comparison", "analysis"]
    ):
        rows.append(
            {
                "scenario": scenario_words(scenario), "comparison": comparison, "analysis": name,
                "controls": mean_told(of.loc["controls"]), "shows a benefit": share_told(of.loc["success"]),
                "bias": mean_told(of.loc["bias"], digits), "coverage": share_told(of.loc["coverage"]),
                "mean SE": number(of.loc["mean_standard_error", "value"], digits),
                "no estimate": share_told(of.loc["not_estimable"]),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def margins_wide(operating: OperatingCharacteristics) -> pd.DataFrame:
    """Return what factorial trials find at their margins, one row a scenario and margin."""
    rows, digits = [], effect_digits(operating.endpoint)
    for (scenario, margin), of in _by(margin_characteristics(operating), ["scenario", "margin"]):
        rows.append(
            {
                "scenario": scenario_words(scenario), "margin or interaction": margin,
                "true effect": mean_told(of.loc["mean_truth"], digits), "shown": share_told(of.loc["success"]),
                "either direction": share_told(of.loc["rejection"]), "bias": mean_told(of.loc["bias"], digits),
                "coverage": share_told(of.loc["coverage"]),
                "mean SE": number(of.loc["mean_standard_error", "value"], digits),
                "no estimate": share_told(of.loc["not_estimable"]),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def one_course(result: TrialResult) -> pd.DataFrame:
    """Return how one trial assigned its patients, one row a period: share, probability of being best, patients."""
    rows = []
    groups: Any = result.allocation.groupby("period", sort=True)
    for period, mine in groups:
        row = {"period": str(period), "from month": number(mine["month"].iloc[0])}
        for of in mine.to_dict("records"):
            told = "closed" if np.isnan(of["share"]) else f"{100 * of['share']:.0f} %, {of['patients']} patients"
            if np.isfinite(of["probability_best"]):
                told += f"; best {of['probability_best']:.2f}"
            row[str(of["arm"])] = told
        rows.append(row)
    return pd.DataFrame(rows)


def one_trial_margins(result: TrialResult) -> pd.DataFrame:
    """Return the margins of one trial as they are printed."""
    digits = effect_digits(result.endpoint)
    level = f"{100 * (1 - 2 * result.alpha_of_a_side):g} % interval"
    rows = [
        {
            "margin or interaction": row["margin"],
            "estimate": row["why_not"] or number(row["estimate"], digits),
            level: f"{number(row['ci_low'], digits)} to {number(row['ci_high'], digits)}",
            "standard error": number(row["standard_error"], digits),
            "p (two-sided)": "< 0.001" if row["p_value"] < 0.001 else number(row["p_value"], 3),
        }
        for row in result.margins.to_dict("records")
    ]
    return pd.DataFrame(rows)


def _by(frame: pd.DataFrame, keys: list[str]) -> list[tuple[tuple[str, ...], pd.DataFrame]]:
    if frame.empty:
        return []
    groups: Any = frame.groupby(keys, sort=False)
    return [(tuple(map(str, key)), group.set_index("quantity")) for key, group in groups]
