"""How effects of a trial are printed: by the summary measure of its estimand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sciatrial.foundation import Score, scale_of
from sciatrial.report.tables import number, outcome_words
from sciatrial.trial import EndpointMeasure, SummaryMeasure

_MEASURES = {
    SummaryMeasure.DIFFERENCE_IN_MEANS: "difference in mean change",
    SummaryMeasure.RISK_DIFFERENCE: "difference in shares of responders",
    SummaryMeasure.MARGINAL_ODDS_RATIO: "log odds ratio of response in the population (marginal)",
    SummaryMeasure.ODDS_RATIO: "log odds ratio of response given the baseline score (conditional)",
    SummaryMeasure.COMMON_ODDS_RATIO: "log odds ratio of a better category given the baseline score",
    SummaryMeasure.WIN_ODDS: "log win odds",
    SummaryMeasure.WIN_RATIO: "log win ratio",
    SummaryMeasure.NET_BENEFIT: "net benefit: share of pairs won less share lost",
}
_RATIOS = {
    SummaryMeasure.MARGINAL_ODDS_RATIO: "odds ratio",
    SummaryMeasure.ODDS_RATIO: "odds ratio",
    SummaryMeasure.COMMON_ODDS_RATIO: "odds ratio",
    SummaryMeasure.WIN_ODDS: "win odds",
    SummaryMeasure.WIN_RATIO: "win ratio",
}


def measure_of(endpoint: Mapping[str, Any]) -> SummaryMeasure:
    """Return the summary measure of a trial's endpoint as its records keep it."""
    return SummaryMeasure(endpoint.get("summary_measure", SummaryMeasure.DIFFERENCE_IN_MEANS))


def is_higher_better(endpoint: Mapping[str, Any]) -> bool:
    """Return whether an effect above 0 favours the first arm."""
    is_difference = measure_of(endpoint) is SummaryMeasure.DIFFERENCE_IN_MEANS
    return not is_difference or endpoint["outcome"] == Score.QUALITY_OF_LIFE


def effect_digits(endpoint: Mapping[str, Any]) -> int:
    """Return how many decimals of an effect are printed: an index of quality of life goes from 0 to 1 at most."""
    is_of_points = endpoint["outcome"] != Score.QUALITY_OF_LIFE
    return 1 if is_of_points and measure_of(endpoint) is SummaryMeasure.DIFFERENCE_IN_MEANS else 3


def endpoint_told(endpoint: Mapping[str, Any]) -> str:
    """Return what a trial is judged by, as ``leg pain at month 6``."""
    outcome, month = str(endpoint["outcome"]).replace("_", " "), f"month {endpoint['month']:g}"
    measure = EndpointMeasure(endpoint["measure"])
    if measure is EndpointMeasure.RESPONSE:
        rule = outcome_words(endpoint["rule"])
        return f"response ({rule[:1].lower()}{rule[1:]}; {outcome}) at {month}"
    if measure is EndpointMeasure.CATEGORY:
        return f"categories of {outcome} at {month}"
    if measure is EndpointMeasure.HIERARCHY:
        return f"a hierarchy of outcomes at {month}"
    return f"{outcome} at {month}"


def effect_told(endpoint: Mapping[str, Any]) -> str:
    """Return how two arms are compared, as ``difference in mean change``."""
    return _MEASURES[measure_of(endpoint)]


def measure_words(estimand: Mapping[str, Any]) -> str:
    """Return the summary measure of a study's estimand in words."""
    return _MEASURES[measure_of(estimand)]


def effect_label(endpoint: Mapping[str, Any]) -> str:
    """Return what the axis of an effect says."""
    told = endpoint_told(endpoint)
    better = "above 0" if is_higher_better(endpoint) else "below 0"
    if measure_of(endpoint) is not SummaryMeasure.DIFFERENCE_IN_MEANS:
        return f"{told[:1].upper()}{told[1:]}:\n{effect_told(endpoint)} ({better} favours the first arm)"
    outcome = endpoint["outcome"]
    unit = "index" if outcome == Score.QUALITY_OF_LIFE else f"points of {scale_of(outcome)[1]:g}"
    return f"{told[:1].upper()}{told[1:]}: difference in mean change, {unit} ({better} favours the first arm)"


def ratio_cells(endpoint: Mapping[str, Any], estimate: float, low: float, high: float) -> dict[str, str]:
    """Return the ratio of which an effect is the logarithm, as one cell of a table; none for differences."""
    name = _RATIOS.get(measure_of(endpoint))
    if name is None:
        return {}
    told = f"{number(np.exp(estimate), 2)} ({number(np.exp(low), 2)} to {number(np.exp(high), 2)})"
    return {name: told if np.isfinite(estimate) else "–"}
