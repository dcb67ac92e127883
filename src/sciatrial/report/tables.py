"""Records → tables for reading, and simulated beside published values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sciatrial.evidence import RESPONDER_RULES
from sciatrial.foundation import Score
from sciatrial.trial import OperatingCharacteristics, Scenario

NOT_REPORTED = "not reported"

# statistic of the tables → column of the simulated courses
_STATISTICS = {"mean": "mean", "mean_change": "mean_change", "percent_change": "percent_change"}
_UNITS = {
    "mean": "points of 100", "mean_change": "points of 100", "percent_change": "percent of baseline",
    "percent": "percent of patients",
}  # fmt: skip
_LABELS = {
    "mean": "mean", "mean_change": "mean change", "percent_change": "percent change", "percent": "share of responders",
}  # fmt: skip


@dataclass(frozen=True)
class _Asked:
    """What a published row reports, in the simulation's words; `column` is "" where it cannot be simulated."""

    score: str
    column: str
    why_not: str = ""


def compare_with_published(
    operating: OperatingCharacteristics, published: pd.DataFrame, same_arm: Mapping[str, str]
) -> pd.DataFrame:
    """Put published arm results beside what the drawn trials gave for the same arm, outcome, month and statistic.

    Parameters
    ----------
    operating
        Many simulated trials; those with draws of the prior or posterior are used.
    published
        Rows of `published_arms`; may be empty.
    same_arm
        Our arm → published arm.

    Returns
    -------
    pandas.DataFrame
        One row for each published row of these arms and, for the endpoint, for each arm and visit of which the tables
        say nothing (``published`` is NaN and ``told`` "not reported"). Columns ``arm, published_arm, outcome, month,
        statistic, unit, published, published_n, published_sd, simulated_median, low_50, high_50, low_90, high_90,
        n_trials, is_inside_90, figure_from, told``; intervals are of the arm's summary over simulated trials.
    """
    mine = _simulated(operating)
    rows = []
    for arm, theirs in same_arm.items():
        if len(published):
            reported = published.loc[published["arm_id"] == theirs]
            rows += [_published_row(mine, operating, arm, theirs, row) for row in reported.to_dict(orient="records")]
        rows += _missing_rows(mine, operating, arm, theirs, rows)
    columns = [
        "arm", "published_arm", "outcome", "month", "statistic", "unit", "published", "published_n",
        "published_sd", "simulated_median", "low_50", "high_50", "low_90", "high_90", "n_trials",
        "is_inside_90", "figure_from", "told",
    ]  # fmt: skip
    numbers = dict.fromkeys(
        (
            "month",
            "published",
            "published_n",
            "published_sd",
            "simulated_median",
            "low_50",
            "high_50",
            "low_90",
            "high_90",
        ),
        float,
    )
    return pd.DataFrame(rows, columns=columns).astype({**numbers, "n_trials": int})


def _simulated(operating: OperatingCharacteristics) -> pd.DataFrame:
    """Return each drawn trial's arm summaries: scores and, under the name of their rule, shares of responders."""
    if not len(operating.courses):
        return operating.courses
    courses = operating.courses.loc[operating.courses["scenario"] == operating.drawn]
    if not len(operating.responses):
        return courses
    mine = operating.responses.loc[operating.responses["scenario"] == operating.drawn]
    return pd.concat([courses, mine.rename(columns={"rule": "score"})], ignore_index=True)


def sentence(text: str) -> str:
    """Return words with a capital at their beginning."""
    return text[:1].upper() + text[1:]


def outcome_words(outcome: str) -> str:
    """Return an outcome as a reader writes it; for a rule of response, what it asks for."""
    rule = RESPONDER_RULES.get(outcome)
    if rule is None:
        return sentence(outcome.replace("_", " "))
    parts = []
    for criterion in rule.criteria:
        measure = str(criterion.measure.value)
        if criterion.percent_better is not None:
            parts.append(f"{measure} {criterion.percent_better:g} % better")
        if criterion.points_better is not None:
            parts.append(f"{measure} {criterion.points_better:g} points better")
        if criterion.at_most is not None:
            parts.append(f"{measure} {criterion.at_most:g} or less")
    if rule.needs_no_intervention:
        parts.append("no further intervention")
    text = ", ".join(parts)
    return text[:1].upper() + text[1:]


def _asked(row: Mapping, operating: OperatingCharacteristics) -> _Asked:
    """Return what a published row reports, or why it cannot be put beside the simulation."""
    if not row["usable"]:
        return _Asked("", "", f"not usable: {row['why_not']}")
    if row["outcome"] == "responder":
        return _asked_response(row, operating)
    if row["outcome"] not in [str(score) for score in Score]:
        return _Asked("", "", "not simulated: another outcome")
    if row["statistic"] not in _STATISTICS:
        return _Asked("", "", f"not simulated: {row['statistic'].replace('_', ' ')}")
    return _Asked(row["outcome"], _STATISTICS[row["statistic"]])


def _asked_response(row: Mapping[str, Any], operating: OperatingCharacteristics) -> _Asked:
    rule = RESPONDER_RULES.get(row["instrument"])
    if rule is None:
        return _Asked("", "", "not simulated: the rule of response is not known")
    if not len(operating.responses) or rule.word not in set(operating.responses["rule"]):
        return _Asked("", "", "not simulated: a rule of response that needs another score")
    return _Asked(rule.word, "percent")


def _published_row(
    courses: pd.DataFrame, operating: OperatingCharacteristics, arm: str, theirs: str, row: Mapping
) -> dict[str, object]:
    asked = _asked(row, operating)
    statistic = asked.column or str(row["statistic"])
    outcome = asked.score or f"{row['outcome']}, {row['instrument']}"
    simulated = _spread(courses, arm, asked, float(row["month"]))
    told = asked.why_not
    if asked.column and not simulated["n_trials"]:
        told = "not simulated: no visit in that month"
    value = float(row["value_0_100"]) if np.isfinite(row["value_0_100"]) else float(row["value"])
    known = bool(simulated["n_trials"])
    inside = bool(simulated["low_90"] <= value <= simulated["high_90"]) if known else None
    return {
        "arm": arm, "published_arm": theirs, "outcome": outcome, "month": float(row["month"]),
        "statistic": _LABELS.get(statistic, statistic), "unit": _UNITS.get(statistic, str(row["unit"])),
        "published": value, "published_n": row["n"], "published_sd": row["spread_sd_0_100"],
        **simulated, "is_inside_90": inside, "figure_from": row["figure_from"], "told": told,
    }  # fmt: skip


def _missing_rows(
    courses: pd.DataFrame, operating: OperatingCharacteristics, arm: str, theirs: str, rows: list[dict]
) -> list[dict[str, object]]:
    """Return rows for the endpoint's score of which the tables say nothing: baseline mean, and change at each visit."""
    score = str(operating.endpoint["outcome"])
    months = sorted(set(courses["month"])) if len(courses) else []
    reported = {(row["arm"], row["outcome"], row["month"], row["statistic"]) for row in rows}
    missing = []
    for month in months:
        column = "mean" if month == 0 else "mean_change"
        if (arm, score, month, _LABELS[column]) not in reported:
            missing.append(
                {
                    "arm": arm, "published_arm": theirs, "outcome": score, "month": month,
                    "statistic": _LABELS[column], "unit": _UNITS[column], "published": np.nan, "published_n": np.nan,
                    "published_sd": np.nan,
                    **_spread(courses, arm, _Asked(score, column), month), "is_inside_90": None, "figure_from": "",
                    "told": NOT_REPORTED,
                }
            )  # fmt: skip
    return missing


def _spread(courses: pd.DataFrame, arm: str, asked: _Asked, month: float) -> dict[str, float]:
    """Return median and intervals of an arm's summary over the simulated trials."""
    names = ("simulated_median", "low_50", "high_50", "low_90", "high_90")
    if not asked.column or not len(courses):
        return {**dict.fromkeys(names, np.nan), "n_trials": 0}
    here = (courses["arm"] == arm) & (courses["score"] == asked.score) & (courses["month"] == month)
    values = courses.loc[here, asked.column].to_numpy(dtype=float)
    values = values[np.isfinite(values)]
    if not len(values):
        return {**dict.fromkeys(names, np.nan), "n_trials": 0}
    quantiles = np.quantile(values, [0.5, 0.25, 0.75, 0.05, 0.95])
    return {**dict(zip(names, map(float, quantiles), strict=True)), "n_trials": len(values)}


def baseline_wide(baseline: pd.DataFrame) -> pd.DataFrame:
    """Return the baseline table as it is printed: one row a characteristic, one column an arm."""
    arms = list(dict.fromkeys(baseline["arm"]))
    sizes: Any = baseline.groupby("arm")["n"].max()
    rows = []
    groups: Any = baseline.groupby(["characteristic", "unit"], sort=False)
    for (characteristic, unit), group in groups:
        by_arm = group.set_index("arm")
        label = f"{characteristic}, %" if unit == "%" else f"{characteristic}, {unit}; mean (SD)"
        rows.append({"characteristic": label, **{arm: _baseline_cell(by_arm.loc[arm], unit) for arm in arms}})
    table = pd.DataFrame(rows, columns=["characteristic", *arms])
    return table.rename(columns={arm: f"{arm} (n = {sizes[arm]})" for arm in arms})


def _baseline_cell(row: Any, unit: str) -> str:
    if unit == "%":
        return "–" if np.isnan(row["percent"]) else f"{row['percent']:.0f}"
    if np.isnan(row["mean"]):
        return "–"
    digits = 2 if "index" in unit else 1
    spread = "" if np.isnan(row["sd"]) else f" ({row['sd']:.{digits}f})"
    return f"{row['mean']:.{digits}f}{spread}"


_SCENARIO_WORDS = {
    Scenario.PRIOR: "prior draws",
    Scenario.POSTERIOR: "posterior draws",
    Scenario.REFERENCE: "reference values",
    Scenario.NO_CELL_EFFECT: "no cell effect",
    Scenario.OPTIMISTIC: "optimistic",
    Scenario.ONLY_LESS_INFLAMMATION: "only less inflammation",
    Scenario.ONLY_NEUROTROPHIC_SUPPORT: "only neurotrophic support",
    Scenario.ONLY_REPAIR: "only repair",
    Scenario.UNBLINDED_NULL: "unblinded null",
}


def number(value: float, digits: int = 1) -> str:
    """Return a number as it is printed: a true minus sign, no minus before a zero, a dash where there is none."""
    if not np.isfinite(value):
        return "–"
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", "−")


def span(low: float, high: float, digits: int = 1) -> str:
    """Return an interval as it is printed, ∞ where it has no end, a dash where there is none."""
    if np.isnan(low) or np.isnan(high):
        return "–"
    ends = (number(end, digits) if np.isfinite(end) else "−∞" if end < 0 else "∞" for end in (low, high))
    return " to ".join(ends)


def scenario_words(scenario: str) -> str:
    """Return a scenario in words."""
    return _SCENARIO_WORDS[Scenario(scenario)]


def operating_wide(summary: pd.DataFrame, *, digits: int = 1) -> pd.DataFrame:
    """Return the operating characteristics as they are printed: one row a scenario and comparison.

    Columns ``scenario, comparison, trials, success, rejection, truth, bias, root_mean_square_error, coverage,
    standard_error, not_enrolled, not_estimable``; text with Monte-Carlo standard errors after ±. Effects have as many
    decimals as `digits` says.
    """
    rows = []
    groups: Any = summary.groupby(["scenario", "comparison"], sort=False)
    for (scenario, comparison), group in groups:
        of = group.set_index("quantity")
        n = int(of.loc["success", "n_trials"])
        rows.append(
            {
                "scenario": scenario_words(str(scenario)), "comparison": comparison, "trials": n,
                "success": _share(of.loc["success"]), "rejection": _share(of.loc["rejection"]),
                "truth": _truth(of, digits), "bias": _number(of.loc["bias"], digits),
                "root_mean_square_error": _number(of.loc["root_mean_square_error"], digits),
                "coverage": _share(of.loc["coverage"]),
                "standard_error": _plain(of.loc["mean_standard_error", "value"], digits),
                "not_enrolled": int(of.loc["not_enrolled", "value"]),
                "not_estimable": int(of.loc["not_estimable", "value"]),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _share(row: Any) -> str:
    if not row["n_trials"] or np.isnan(row["value"]):
        return "no trial"
    return f"{100 * row['value']:.0f} ± {100 * row['monte_carlo_se']:.1f} %"


def share_told(row: Any) -> str:
    """Return a share of trials in percent with its Monte-Carlo standard error, from a row of quantities."""
    if not row["n_trials"] or np.isnan(row["value"]):
        return "no trial"
    error = "" if np.isnan(row["monte_carlo_se"]) else f" ± {100 * row['monte_carlo_se']:.1f}"
    return f"{100 * row['value']:.1f}{error} %"


def mean_told(row: Any, digits: int = 1) -> str:
    """Return a mean over trials with its Monte-Carlo standard error, from a row of quantities."""
    error = "" if np.isnan(row["monte_carlo_se"]) else f" ± {row['monte_carlo_se']:.{digits}f}"
    return "–" if np.isnan(row["value"]) else number(row["value"], digits) + error


def _number(row: Any, digits: int) -> str:
    if np.isnan(row["value"]):
        return "no trial"
    error = "" if np.isnan(row["monte_carlo_se"]) else f" ± {row['monte_carlo_se']:.{digits}f}"
    return number(row["value"], digits) + error


def _truth(of: Any, digits: int) -> str:
    middle, low, high = (of.loc[name, "value"] for name in ("mean_truth", "truth_low", "truth_high"))
    if np.isnan(middle):
        return "no trial"
    return f"{number(middle, digits)} ({number(low, digits)} to {number(high, digits)})"


def _plain(value: float, digits: int) -> str:
    return "no trial" if np.isnan(value) else f"{value:.{digits}f}"


def strata_wide(summary: pd.DataFrame, *, digits: int = 1) -> pd.DataFrame | None:
    """Return how the truth of a principal stratum rests on shared luck, None for other estimands.

    One row a scenario and comparison: ``share in the stratum, true effect, bias, coverage``, each with luck that a
    patient's two worlds share and with luck of their own.
    """
    if "stratum" not in set(summary["quantity"]):
        return None
    rows = []
    groups: Any = summary.groupby(["scenario", "comparison"], sort=False)
    for (scenario, comparison), group in groups:
        of = group.set_index("quantity")
        row = {"scenario": scenario_words(str(scenario)), "comparison": comparison}
        for luck, ending in (("shared luck", ""), ("own luck", "_independent_luck")):
            truth = "mean_truth" if not ending else "truth_independent_luck"
            row[f"in the stratum, {luck}"] = _share(of.loc[f"stratum{ending}"])
            row[f"true effect, {luck}"] = _number(of.loc[truth], digits)
            row[f"bias, {luck}"] = _number(of.loc[f"bias{ending}"], digits)
            row[f"coverage, {luck}"] = _share(of.loc[f"coverage{ending}"])
        rows.append(row)
    return pd.DataFrame(rows)


def imputed_wide(imputed: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `imputed_effects` as they are printed."""
    rows = []
    for row in imputed.to_dict("records"):
        delta = row["tipping_delta"]
        rows.append(
            {
                "comparison": row["comparison"], "after the last visit": row["rule"].replace("_", " "),
                "filled": f"{row['imputed']} of {row['patients']}",
                "estimate": row["why_not"] or number(row["estimate"]),
                "interval": f"{number(row['ci_low'])} to {number(row['ci_high'])}",
                "standard error": number(row["standard_error"]),
                "p": "< 0.001" if row["p_value"] < 0.001 else number(row["p_value"], 3),
                "tips over at": _tipping(delta),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _tipping(delta: float) -> str:
    if delta == 0:
        return "nothing is found"
    return "no delta that was tried" if np.isinf(delta) else number(abs(delta))


def harms_wide(harms: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `expected_harms` as they are printed."""
    rows = []
    for row in harms.to_dict("records"):
        known = bool(row["is_estimable"])
        rows.append(
            {
                "arm": row["arm"],
                "harm": f"{row['harm'].replace('_', ' ')} ({row['exposure'].replace('_', ' ')})"
                + (", any cause" if row["counted"] == "any_cause" else ""),
                "published": f"{row['n_with_event']} of {row['n_at_risk']}" if known else "no count",
                "expected": row["in_words"],
                "one trial": number(row["one_trial"], 0),
                "chance of a case": "–" if np.isnan(row["seen"]) else f"{row['seen']:.0%}",
                "excluded by none": f"above {number(row['could_exclude'])} %",
                "note": row["note"] or "–",
            }
        )
    columns = ["arm", "harm", "published", "expected", "one trial", "chance of a case", "excluded by none", "note"]
    return pd.DataFrame(rows, columns=columns)
