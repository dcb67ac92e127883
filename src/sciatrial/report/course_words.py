"""How a trial's course assigns patients, its time trend and its factors, in words: facts, assumptions, lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sciatrial.report.tables import number, scenario_words
from sciatrial.trial import (
    OperatingCharacteristics,
    TimeTrend,
    allocation_characteristics,
    choice_characteristics,
    margin_characteristics,
)

_CONTROLS = {
    "matched": "the control gets as much as the arm that gets most",
    "competing": "the control competes",
}


def is_assigned_in_course(trial: Mapping[str, Any]) -> bool:
    """Return whether who gets which arm follows from the trial's own course."""
    return "response_adaptive" in trial or "platform" in trial


def course_facts(trial: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what the study file says of the trial's course, as pairs of term and description; none without any."""
    facts = []
    if "response_adaptive" in trial:
        facts.append(("Response-adaptive", _adaptive_words(trial)))
    if "platform" in trial:
        facts += _platform_facts(trial["platform"])
    if is_assigned_in_course(trial):
        rule = trial.get("response_adaptive") or trial["platform"]
        told = (
            "adjusted for the period in which a patient was assigned"
            if rule["adjust_for_period"]
            else ("not adjusted for the period in which a patient was assigned: a time trend is taken for an effect")
        )
        facts.append(("Analysis over time", told))
    if "factorial" in trial:
        facts.append(("Factors", _factor_words(trial["factorial"])))
    if "time_trend" in trial:
        facts.append(("Time trend (assumption)", trend_words(trial)))
    return facts


def trend_words(trial: Mapping[str, Any]) -> str:
    """Return the time trend in a clause."""
    return TimeTrend.model_validate(trial["time_trend"]).in_words(str(trial["endpoint"]["outcome"]).replace("_", " "))


def course_assumptions(trial: Mapping[str, Any]) -> list[str]:
    """Return the assumptions of the study file about the trial's course, as sentences."""
    found = [f"Time trend: {trend_words(trial)}."] if "time_trend" in trial else []
    if trial.get("platform", {}).get("controls") == "all":
        found.append("Controls from before an arm entered: the trend over time is the same in all arms.")
    if "factorial" in trial:
        found.append("The margin of a factor is its effect by itself only where the two factors do not interact.")
    return found


def _adaptive_words(trial: Mapping[str, Any]) -> str:
    rule = trial["response_adaptive"]
    every = f"{rule['every']} patients" if "every" in rule else f"{rule['every_months']:g} months"
    month = rule.get("month", trial["endpoint"]["month"])
    control = _CONTROLS.get(rule["control"], f"the control gets {100 * rule.get('control_share', 0):g} %")
    told = (
        f"the first {rule['burn_in']} patients by the ratio; then, every {every}, shares go with the probability of "
        f"being best to the power {rule['power']:g}, from what has been observed of month {month:g} by that day; "
        f"{control}"
    )
    if rule["least_share"] > 0 or rule["greatest_share"] < 1:
        told += f"; other arms {100 * rule['least_share']:g} to {100 * rule['greatest_share']:g} % of the rest"
    if rule["drop_below"] > 0:
        told += f"; an arm below probability {rule['drop_below']:g} is dropped"
    return told + ("; each patient alone" if rule["alone"] else f"; mass-weighted urn of mass {rule['urn_mass']:g}")


def _platform_facts(platform: Mapping[str, Any]) -> list[tuple[str, str]]:
    arms = [f"{arm} {_times_words(times)}" for arm, times in platform["arms"].items()]
    ratio = (
        "the square root of the number of open arms"
        if platform["control_ratio"] == "square_root"
        else "the ratio among the open arms"
    )
    controls = (
        "those randomised while the arm was open"
        if platform["controls"] == "concurrent"
        else "all until the arm has left, also from before it entered"
    )
    return [
        ("Platform", f"{'; '.join(arms) or 'every arm from first to last'}; the control stays open and gets {ratio}"),
        ("Controls", controls),
    ]


def _times_words(times: Mapping[str, Any]) -> str:
    parts = {
        "enters_month": "enters at month {:g}",
        "enters_patient": "enters with patient {:g}",
        "leaves_month": "leaves at month {:g}",
        "leaves_patient": "leaves with patient {:g}",
        "most_patients": "leaves with {:g} patients of its own",
        "leaves_endpoints": "leaves with {:g} endpoints of its own",
    }
    told = [words.format(times[name]) for name, words in parts.items() if name in times]
    return " and ".join(told) if told else "is open from first to last"


def _factor_words(factorial: Mapping[str, Any]) -> str:
    told = [f"{factor['name']} in {' and '.join(factor['arms'])}" for factor in factorial.values()]
    return (
        f"{'; '.join(told)}; each compared at its margin, the mean of its effects with and without the other: the "
        "effect of the factor by itself only where the two do not interact"
    )


def course_lines(operating: OperatingCharacteristics) -> list[str]:
    """Return what a run says of its course and factors by scenario, a line each, with Monte-Carlo errors."""
    told = []
    sizes, choices = allocation_characteristics(operating), choice_characteristics(operating)
    for scenario in dict.fromkeys(sizes["scenario"]) if len(sizes) else ():
        mine = sizes.loc[(sizes["scenario"] == scenario) & (sizes["quantity"] == "patients")]
        spread = sizes.loc[(sizes["scenario"] == scenario) & (sizes["quantity"] == "spread")]
        parts = [
            f"{arm} {number(value)} (SD {number(sd)})"
            for arm, value, sd in zip(mine["arm"], mine["value"], spread["value"], strict=True)
        ]
        best = choices.loc[choices["scenario"] == scenario].set_index("quantity")
        told.append(f"patients, {scenario_words(scenario)}: {', '.join(parts)}{_choice_words(best)}")
    margins = margin_characteristics(operating)
    groups: Any = margins.groupby(["scenario", "margin"], sort=False) if len(margins) else ()
    frame = operating.margins
    interactions = set(frame.loc[frame["is_interaction"], "margin"]) if len(frame) else set()
    for (scenario, margin), mine in groups:
        of = mine.set_index("quantity").loc["success"]
        kind = "interaction" if margin in interactions else "margin"
        told.append(f"{margin} ({kind}), {scenario_words(scenario)}: shown {_share(of)}")
    return told


def _choice_words(best: Any) -> str:
    if not best.loc["chooses_best", "n_trials"]:
        return ""
    return f"; best arm chosen {_share(best.loc['chooses_best'])}, patients on it {_share(best.loc['share_on_best'])}"


def _share(row: Any) -> str:
    error = "" if np.isnan(row["monte_carlo_se"]) else f" ± {100 * row['monte_carlo_se']:.1f}"
    return f"{100 * row['value']:.0f}{error} %"
