"""Reported numbers → one scale, one spread, one direction, with the rule that was used written beside each row.

Nothing is dropped: a row that cannot be compared says why.
"""

from __future__ import annotations

from math import isnan, nan, sqrt
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from sciatrial.evidence.instruments import INSTRUMENTS, Instrument, Scaling, direction_of
from sciatrial.evidence.published import Evidence
from sciatrial.evidence.quirks import QUIRKS, WhyNot
from sciatrial.evidence.responders import RESPONDER_RULES
from sciatrial.evidence.rows import YesNo
from sciatrial.foundation import Outcome, SpreadKind, Statistic

POINTS = "points of 100"
INDEX = "index"
PERCENT_OF_PATIENTS = "percent of patients"
PERCENT_OF_BASELINE = "percent of baseline"

_SHARES = (Statistic.PERCENT, Statistic.COUNT)
_AVERAGES = (Statistic.MEAN, Statistic.MEAN_CHANGE)
_NOT_COMPARABLE = {
    Scaling.COMPOSITE: WhyNot.COMPOSITE_SCORE,
    Scaling.IMAGING: WhyNot.IMAGING_MEASURE,
    Scaling.BETWEEN_ARMS: WhyNot.BETWEEN_ARMS,
    Scaling.UNKNOWN: WhyNot.UNKNOWN_SCALE,
}
_ROW_QUIRKS = {quirk.study_id: quirk for quirk in QUIRKS if quirk.why_not}
_SPREAD_QUIRKS = {quirk.study_id for quirk in QUIRKS if quirk.is_spread_doubtful}
CROSSOVER_MARK = "after crossover"


_ADDED = {
    "value_0_100": "float64",
    "spread_sd_0_100": "float64",
    "unit": "str",
    "direction": "str",
    "rule": "str",
    "spread_rule": "str",
    "usable": "bool",
    "why_not": "str",
}


class _Scaled(NamedTuple):
    """A value on its common scale, what one of the instrument's points is worth there, and the rule."""

    value: float
    factor: float
    unit: str
    rule: str


def harmonise(evidence: Evidence) -> pd.DataFrame:
    """Bring every reported number onto the common scale of its outcome.

    Scores of pain, disability and numbness go to 0 to 100 by the width of their instrument; changes by the width
    alone, so they lie in -100 to 100. The EQ-5D stays an index and the SF-36 stays the SF-36. Percent changes are not
    rescaled. Counts with a known n become percent of patients. SD is kept, SE and confidence intervals become SD
    where n is known, an interquartile range becomes SD for a mean only, a range never.

    Parameters
    ----------
    evidence
        Checked tables.

    Returns
    -------
    pandas.DataFrame
        One row for each row of `evidence.outcomes`, in the same order, with its columns and

        value_0_100
            The number on the common scale, in `unit`; NaN where no scale is known.
        spread_sd_0_100
            SD between patients in `unit`; NaN where it cannot be told.
        unit
            "points of 100", "index", "percent of patients", "percent of baseline", or "" where no scale is known.
        direction
            Which end is worse, as a word of `Direction`.
        rule, spread_rule
            What was done to the value and to the spread.
        usable
            Whether the number can be compared with others of its outcome.
        why_not
            A word of `WhyNot`, "" where usable.

    Source
    ------
    SD from SE and from confidence intervals (t quantile), and SD from the interquartile range of a near-normal
    score: Cochrane Handbook for Systematic Reviews of Interventions, sections 6.5.2.2 and 6.5.2.5.
    """
    pooled = evidence.arms[evidence.arms["is_pooled"] == YesNo.YES]
    pooled_arms = set(zip(pooled["study_id"], pooled["arm_id"], strict=True))
    added = []
    for row in evidence.outcomes.to_dict("records"):
        scaled = _scale(row)
        spread, spread_rule = _spread(row, scaled)
        reason = _reason(row, pooled_arms)
        added.append(
            {
                "value_0_100": scaled.value,
                "spread_sd_0_100": spread,
                "unit": scaled.unit,
                "direction": direction_of(row["outcome"], row["instrument"]).value,
                "rule": scaled.rule,
                "spread_rule": spread_rule,
                "usable": reason is None,
                "why_not": "" if reason is None else reason.value,
            }
        )
    columns = pd.DataFrame(added, columns=list(_ADDED)).astype(_ADDED)
    return pd.concat([evidence.outcomes.reset_index(drop=True), columns], axis=1)


def usable_counts(frame: pd.DataFrame) -> pd.DataFrame:
    """Count what can be used and what cannot, and why.

    Parameters
    ----------
    frame
        What `harmonise` returned, or a part of it.

    Returns
    -------
    pandas.DataFrame
        Columns ``reason, rows, studies``: first "usable", then each reason that occurs, most rows first.
    """
    reasons = frame["why_not"].where(~frame["usable"], "usable")
    counts = (
        frame.assign(reason=reasons)
        .groupby("reason")
        .agg(rows=("study_id", "size"), studies=("study_id", "nunique"))
        .reset_index()
    )
    counts["last"] = counts["reason"] != "usable"
    return (
        counts.sort_values(["last", "rows", "reason"], ascending=[True, False, True])
        .drop(columns="last")
        .reset_index(drop=True)
    )


def _scale(row: dict[str, Any]) -> _Scaled:
    statistic = Statistic(row["statistic"])
    value = row["value"]
    instrument = INSTRUMENTS.get(row["instrument"])
    if statistic is Statistic.PERCENT_CHANGE:
        return _Scaled(value, 1.0, PERCENT_OF_BASELINE, "percent change, unchanged")
    if statistic is Statistic.PERCENT:
        return _Scaled(value, 1.0, PERCENT_OF_PATIENTS, "unchanged")
    if statistic is Statistic.COUNT:
        if isnan(row["n"]):
            return _Scaled(nan, nan, "", "no n")
        return _Scaled(100 * value / row["n"], nan, PERCENT_OF_PATIENTS, "count × 100/n")
    if instrument is None or instrument.scaling in (Scaling.UNKNOWN, Scaling.IMAGING, Scaling.BETWEEN_ARMS):
        return _Scaled(nan, nan, "", "no common scale")
    if instrument.scaling is Scaling.OWN_SCALE:
        return _Scaled(value, 1.0, INDEX if instrument.width is None else POINTS, "unchanged")
    return _by_width(value, statistic, instrument)


def _by_width(value: float, statistic: Statistic, instrument: Instrument) -> _Scaled:
    lowest, width = instrument.lowest, instrument.width
    if lowest is None or not width:
        return _Scaled(nan, nan, "", "no common scale")
    # a change has no zero of its own, so only the width matters
    start = 0.0 if statistic is Statistic.MEAN_CHANGE else lowest
    return _Scaled((value - start) * 100 / width, 100 / width, POINTS, _width_rule(instrument.word, width))


def _width_rule(word: str, width: float) -> str:
    if width == 100:
        return "unchanged"
    return f"{word} × {100 // width:g}" if 100 % width == 0 else f"{word} × 100/{width:g}"


def _spread(row: dict[str, Any], scaled: _Scaled) -> tuple[float, str]:
    """Return the SD on the common scale and how it was found."""
    kind = SpreadKind(row["spread_kind"])
    statistic = Statistic(row["statistic"])
    if kind is SpreadKind.NONE:
        return nan, "none reported"
    if row["study_id"] in _SPREAD_QUIRKS:
        return nan, f"{kind}: left empty, printed spread is doubtful"
    if isnan(scaled.factor):
        return nan, f"{kind}: left empty, no common scale"
    if statistic in _SHARES:
        return nan, f"{kind}: left empty, a share has no SD between patients"
    if kind is SpreadKind.SD:
        return row["spread_low"] * scaled.factor, _with_factor("sd", scaled.factor)
    if kind is SpreadKind.RANGE:
        return nan, "range: left empty, it grows with n"
    if kind is SpreadKind.IQR:
        if statistic not in _AVERAGES:
            return nan, "iqr: left empty, the score of a median may be skewed"
        return (row["spread_high"] - row["spread_low"]) / 1.35 * scaled.factor, _with_factor(
            "iqr / 1.35", scaled.factor
        )
    n = row["n"]
    if isnan(n) or n < 2:
        return nan, f"{kind}: left empty, no n"
    if kind is SpreadKind.SE:
        return row["spread_low"] * sqrt(n) * scaled.factor, _with_factor("se × sqrt(n)", scaled.factor)
    half_width = (row["spread_high"] - row["spread_low"]) / 2
    return half_width / _t_quantile(n) * sqrt(n) * scaled.factor, _with_factor("ci95 / (2 t) × sqrt(n)", scaled.factor)


def _with_factor(rule: str, factor: float) -> str:
    return rule if factor == 1 else f"{rule} × {factor:.4g}"


def _t_quantile(n: float) -> float:
    from scipy.special import stdtrit

    return float(np.asarray(stdtrit(n - 1, 0.975)))


def _reason(row: dict[str, Any], pooled_arms: set[tuple[str, str]]) -> WhyNot | None:
    """Return the first reason against a row: its patients, then its visit, then its number."""
    if (row["study_id"], row["arm_id"]) in pooled_arms:
        return WhyNot.POOLED_ARM
    if CROSSOVER_MARK in row["where"].lower():
        return WhyNot.AFTER_CROSSOVER
    quirk = _ROW_QUIRKS.get(row["study_id"])
    if quirk:
        return quirk.why_not
    if isnan(row["month"]):
        return WhyNot.NO_MONTH
    return _reason_of_number(row)


def _reason_of_number(row: dict[str, Any]) -> WhyNot | None:
    is_share = row["statistic"] in _SHARES
    if row["outcome"] == Outcome.RESPONDER:
        if row["instrument"] not in RESPONDER_RULES or not is_share:
            return WhyNot.NO_RULE_FOR_RESPONDER
        return WhyNot.COUNT_WITHOUT_N if row["statistic"] == Statistic.COUNT and isnan(row["n"]) else None
    if is_share:
        return WhyNot.NO_RULE_FOR_SHARE
    instrument = INSTRUMENTS.get(row["instrument"])
    if instrument is None:
        return WhyNot.UNKNOWN_SCALE
    # a percent change needs no scale, but it does need a score
    if instrument.scaling is not Scaling.UNKNOWN or row["statistic"] != Statistic.PERCENT_CHANGE:
        reason = _NOT_COMPARABLE.get(instrument.scaling)
        if reason:
            return reason
    return WhyNot.MEDIAN_ONLY if row["statistic"] == Statistic.MEDIAN else None
