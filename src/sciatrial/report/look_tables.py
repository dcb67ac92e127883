"""Tables of a trial's looks, as they are printed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sciatrial.report.effects import effect_digits
from sciatrial.report.tables import mean_told, number, scenario_words
from sciatrial.trial import OperatingCharacteristics, TrialResult


def looks_wide(operating: OperatingCharacteristics) -> pd.DataFrame:
    """Return what happens at each look, one row a scenario, comparison and look; shares of all trials of the scenario.

    Columns ``scenario, comparison, look, information, month, recruited, bound, futility bound, stops for efficacy,
    stops for futility, drops (where looks drop arms), stops for harm, shown so far``.
    """
    rows = []
    groups: Any = operating.stopping.groupby(["scenario", "comparison", "look"], sort=False)
    for (scenario, comparison, look), group in groups:
        of = group.set_index("quantity")
        rows.append(
            {
                "scenario": scenario_words(str(scenario)), "comparison": comparison, "look": str(look),
                "information": f"{100 * of.loc['information', 'value']:.0f} %",
                "month": number(of.loc["month", "value"]), "recruited": number(of.loc["n_recruited", "value"], 0),
                "bound": number(of.loc["efficacy_z", "value"], 2),
                "futility bound": number(of.loc["futility_z", "value"], 2),
                "stops for efficacy": _share(of.loc["efficacy"]), "stops for futility": _share(of.loc["futility"]),
                **({"drops": _share(of.loc["dropped"])} if "dropped" in of.index else {}),
                "stops for harm": _share(of.loc["other_direction"]), "shown so far": _share(of.loc["success_so_far"]),
            }
        )  # fmt: skip
    frame = pd.DataFrame(rows)
    if frame.empty:
        return frame
    hidden = []
    if set(frame["futility bound"]) == {"–"}:
        hidden.append("futility bound")
    if "futility" not in set(operating.looks["decision"]):
        hidden.append("stops for futility")
    if operating.alpha == operating.alpha_of_a_side:  # a one-sided design looks for no harm
        hidden.append("stops for harm")
    return frame.drop(columns=hidden)


def size_wide(operating: OperatingCharacteristics) -> pd.DataFrame:
    """Return expected size and time, and what estimates after stopping are worth: one row a scenario, comparison."""
    rows, digits = [], effect_digits(operating.endpoint)
    groups: Any = operating.summary.groupby(["scenario", "comparison"], sort=False)
    for (scenario, comparison), group in groups:
        of = group.set_index("quantity")
        rows.append(
            {
                "scenario": scenario_words(str(scenario)), "comparison": comparison,
                "expected patients": mean_told(of.loc["expected_patients"]),
                "expected months": mean_told(of.loc["expected_months"]),
                "endpoints after the stop": mean_told(of.loc["expected_overrun"]),
                "taken back by them": _share(of.loc["reversed_by_overrun"]),
                "bias": mean_told(of.loc["bias"], digits), "bias, adjusted": mean_told(of.loc["adjusted_bias"], digits),
                "coverage": _share(of.loc["coverage"]), "coverage, adjusted": _share(of.loc["adjusted_coverage"]),
                "bias, all patients": mean_told(of.loc["final_bias"], digits),
                "coverage, all patients": _share(of.loc["final_coverage"]),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def one_trial_looks(result: TrialResult) -> pd.DataFrame:
    """Return the looks of one simulated trial as they are printed, one row a comparison and look."""
    rows = [
        {
            "comparison": row["comparison"], "look": str(row["look"]), "month": number(row["month"]),
            "patients": f"{row['n_arm']} and {row['n_control']}", "information": f"{100 * row['information']:.0f} %",
            "estimate": number(row["estimate"], effect_digits(result.endpoint)), "z": number(row["z"], 2),
            "bound": number(row["efficacy_z"], 2),
            "futility bound": number(row["futility_z"], 2), "what it says": str(row["decision"]).replace("_", " "),
        }
        for row in result.looks.to_dict("records")
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _share(row: Any) -> str:
    if not row["n_trials"] or np.isnan(row["value"]):
        return "no trial"
    return f"{100 * row['value']:.1f} ± {100 * row['monte_carlo_se']:.1f} %"
