"""Doses in words and tables: what was planned, what one trial says, and how often trials find the dose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from sciatrial.report.tables import number, scenario_words
from sciatrial.trial import DoseFinding, OperatingCharacteristics, TrialResult

_SHARES = {
    "response_shown": "dose response shown",
    "target_named": "target dose named",
    "true_target_exists": "a dose is enough",
    "named_where_one_exists": "named where one is",
    "named_where_none_exists": "named where none is",
    "target_is_enough": "named dose is enough",
    "target_coverage": "interval holds the true one",
}
_NUMBERS = {
    "true_effect_at_target": "true effect at the named dose",
    "mean_target": "named dose",
    "mean_true_target": "true dose",
    "true_target_error": "its Monte-Carlo error",
    "target_bias": "bias",
    "target_root_mean_square_error": "root mean square error",
    "target_ratio": "named / true",
}


def dose_plan_words(study: Mapping[str, Any]) -> list[str]:
    """Return what a study plans for its doses, as sentences; none where it finds none."""
    asked = _asked(study)
    if asked is None:
        return []
    shapes = ", ".join(item.candidate.in_words for item in asked.candidates)
    made_of = (
        "the shape of the least AIC" if asked.choice == "best" else "the average, weighted by exp(−AIC/2), of shapes"
    )
    return [
        f"Candidate shapes of the dose response, with their guesses in million cells: {shapes}.",
        f"The target dose is the smallest with {asked.relevant_effect:g} points of benefit over {asked.control}, by "
        f"{made_of}, among those whose contrast passes the critical value; one-sided alpha {asked.alpha:g} over all "
        "candidates.",
    ]


def _asked(study: Mapping[str, Any]) -> DoseFinding | None:
    planned = study["trial"].get("dose_finding")
    return None if planned is None else DoseFinding.model_validate(planned)


def dose_told(result: TrialResult) -> str:
    """Return what one trial says of its doses, as a sentence."""
    row = result.dose_target.iloc[0]
    if row["why_not"]:
        return f"The doses of this trial could not be analysed: {row['why_not']}."
    test = f"largest statistic {row['largest_statistic']:.2f}, critical value {row['critical_value']:.2f}"
    test += f", adjusted p {_p(row['p_value'])}"
    if not row["is_shown"]:
        return f"No dose response is shown ({test}); no shape is fitted and no dose is named."
    told = f"A dose response is shown ({test}); of the shapes shown, {_shape(row['shape'])} has the least AIC. "
    low, high = _dose(row["target_low"]), _dose(row["target_high"])
    span = f"95 % interval {low} to {high}"
    if not np.isfinite(row["target_dose"]):
        return told + f"No dose up to the largest has the relevant effect ({span})."
    return told + f"Target dose {row['target_dose']:.3g} million cells ({span})."


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _dose(value: float) -> str:
    return f"{value:.3g}" if np.isfinite(value) else "beyond the largest dose"


def _shape(word: str) -> str:
    return str(word).replace("_", " ")


def dose_shapes_wide(result: TrialResult) -> pd.DataFrame:
    """Return the candidates of one trial as they are printed."""
    rows = [
        {
            "candidate": row["candidate"], "statistic": number(row["statistic"], 2), "adjusted p": _p(row["p_value"]),
            "shown": "yes" if row["is_shown"] else "no",
            "AIC": number(row["aic"], 2) if row["is_shown"] else "–",
            "weight": f"{100 * row['weight']:.0f} %" if row["is_shown"] else "–",
            "target dose": _dose(row["target_dose"]) if row["is_shown"] else "–",
        }
        for row in result.dose_shapes.to_dict("records")
    ]  # fmt: skip
    return pd.DataFrame(rows)


def dose_operating_wide(operating: OperatingCharacteristics) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return shares, and doses in million cells, by scenario with Monte-Carlo errors, as they are printed."""
    shares, numbers = [], []
    for scenario in dict.fromkeys(operating.dose_summary["scenario"]):
        mine: Any = operating.dose_summary
        rows = {row["quantity"]: row for row in mine.loc[mine["scenario"] == scenario].to_dict("records")}
        place = {"scenario": scenario_words(scenario)}
        chosen = {
            f"chosen: {_shape(name.removeprefix('chosen_'))}": _share(rows.get(name))
            for name in dict.fromkeys(mine["quantity"])
            if name.startswith("chosen_")
        }
        shares.append(place | {head: _share(rows[name]) for name, head in _SHARES.items()} | chosen)
        counts = {"trials with both": str(rows["target_bias"]["n_trials"])}
        numbers.append(place | {head: _mean(rows[name]) for name, head in _NUMBERS.items()} | counts)
    return pd.DataFrame(shares), pd.DataFrame(numbers)


def _share(row: Mapping[str, Any] | None) -> str:
    if row is None or not np.isfinite(row["value"]):
        return "–"
    return f"{100 * row['value']:.1f} ± {100 * row['monte_carlo_se']:.1f} %"


def _mean(row: Mapping[str, Any]) -> str:
    if not np.isfinite(row["value"]):
        return "–"
    error = f" ± {row['monte_carlo_se']:.2g}" if np.isfinite(row["monte_carlo_se"]) else ""
    return f"{row['value']:.3g}{error}"


def dose_lines(operating: OperatingCharacteristics) -> list[str]:
    """Return how often trials show a dose response and name a dose, a line a scenario; none without doses."""
    if operating.dose_summary.empty:
        return []
    wide, _ = dose_operating_wide(operating)
    heads = ("dose response shown", "target dose named", "a dose is enough", "named dose is enough")
    return [
        f"doses, {row['scenario']}: " + "; ".join(f"{head} {row[head]}" for head in heads)
        for row in wide.to_dict("records")
    ]


def dose_section(
    study: Mapping[str, Any], result: TrialResult, operating: OperatingCharacteristics
) -> dict[str, Any] | None:
    """Return what the report says of doses, None where the study finds none."""
    asked = _asked(study)
    if asked is None or result.dose_target.empty:
        return None
    shares, numbers = dose_operating_wide(operating)
    return {
        "plan": dose_plan_words(study), "told": dose_told(result), "shapes": dose_shapes_wide(result),
        "shares": shares, "numbers": numbers, "relevant": asked.relevant_effect,
        "expected_error": 100 * asked.alpha,
    }  # fmt: skip
