"""Studies without results → the numbers that they will print: which, of whom, how many, and with what sampling error.

Which number a row holds is told by what was measured, when, and as which statistic; nothing here has seen its value.
The rules follow `likelihood_terms` where those look at no result, so that what is predicted is what was learned from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import isnan, nan, sqrt
from typing import Any

import numpy as np
import pandas as pd

from sciatrial.calibration.arms import Arm, score_of
from sciatrial.calibration.terms import (
    HORIZON_MONTHS,
    MEASURES,
    MEDIAN_OVER_MEAN,
    SCORES,
    TermKind,
    Terms,
    arms_of,
    baselines_at_entry,
    default_assumptions,
    score_of_rule,
)
from sciatrial.calibration.validation import Spreads, printed_spreads, usual_sd
from sciatrial.evidence import RESPONDER_RULES, Direction, Evidence, WhyNot, harmonise
from sciatrial.foundation import Outcome, Statistic

ASSUMED_N = 30
_DOUBT_OF_ASSUMED_N = 1.5  # what a standard error is multiplied with where nobody tells how many there were
_LARGEST_SD_OF_A_SHARE = 50.0  # percent
# of several rows that tell one number of an arm and visit, the first is predicted
_STATISTICS = (Statistic.MEAN_CHANGE, Statistic.MEAN, Statistic.MEDIAN, Statistic.PERCENT_CHANGE)
_SHARES = (Statistic.PERCENT, Statistic.COUNT)
ROW = ["study_id", "arm_id", "outcome", "instrument", "statistic", "month"]
NUMBER = [
    "row", "study_id", "arm_id", "outcome", "instrument", "statistic", "arm", "group", "cause", "condition", "year",
    "score", "rule", "kind", "month", "observed", "se", "n", "n_from", "baseline", "intervention", "is_cells",
    "is_controlled", "is_open", "versus",
]  # fmt: skip


@dataclass(frozen=True)
class BlindTerms:
    """Numbers to predict, as `terms` whose ``observed`` is NaN, and rows that cannot be predicted.

    `terms.rows` has more columns than others: ``row`` (place in the outcomes table, from 0), ``outcome, instrument,
    statistic`` and ``n_from``. ``not_predicted`` has ``study_id, arm_id, outcome, instrument, statistic, month,
    reason``.
    """

    terms: Terms
    not_predicted: pd.DataFrame


def blind_terms(evidence: Evidence, learned: Terms, refused: Mapping[str, str] | None = None) -> BlindTerms:
    """Lay out the numbers that studies will print.

    Parameters
    ----------
    evidence
        As `read_blinded` gives it.
    learned
        Terms of other studies: they say how much patients differ.
    refused
        Studies that are not to be predicted, with the reason.

    Returns
    -------
    BlindTerms
        Of an arm, score and visit one mean (or change, median, percent change), and every share of responders.
    """
    scaled = harmonise(evidence).assign(row=np.arange(len(evidence.outcomes)))
    reasons = {**_that_share_patients(evidence, refused or {}), **(refused or {})}
    arms, left, found = arms_of(evidence), [], []
    for row in scaled.to_dict("records"):
        if row["month"] == 0:
            continue
        arm = arms[row["study_id"], row["arm_id"]]
        reason = reasons.get(arm.study_id) or arm.why_not or _why_not(row, arm)
        if reason:
            left.append({**{column: row[column] for column in ROW}, "reason": reason})
        else:
            found.append({**row, "score": str(_score(row, arm)), "rule": _rule(row)})
    used = [arms[key] for key in dict.fromkeys((row["study_id"], row["arm_id"]) for row in found)]
    baselines = baselines_at_entry(scaled, used, evidence)
    kept, repeated = _one_a_visit(_with_kinds(found, used, baselines))
    left += [{**{column: row[column] for column in ROW}, "reason": "another row tells the same"} for row in repeated]
    rows = _rows(kept, used, baselines, evidence, printed_spreads(learned.rows))
    return BlindTerms(Terms(rows, tuple(used), baselines, pd.DataFrame()), pd.DataFrame(left, columns=[*ROW, "reason"]))


def observed_numbers(evidence: Evidence, numbers: pd.DataFrame) -> pd.DataFrame:
    """Return the numbers with what was found.

    Parameters
    ----------
    evidence
        The tables with their results.
    numbers
        Rows of `BlindTerms.terms`.
    """
    scaled = harmonise(evidence)
    values = []
    for number in numbers.to_dict("records"):
        row = scaled.iloc[int(number["row"])]
        kind, statistic = number["kind"], number["statistic"]
        value = float(row["value_0_100"])
        if kind == TermKind.PERCENT_CHANGE:
            value = float(row["value"])
        elif kind == TermKind.CHANGE and statistic == Statistic.PERCENT_CHANGE:
            value = float(row["value"]) / 100 * number["baseline"]
        elif kind == TermKind.CHANGE and statistic == Statistic.MEAN:
            value -= number["baseline"]
        values.append(value)
    return numbers.assign(observed=np.array(values, dtype=float))


def joined_terms(first: Terms, second: Terms) -> Terms:
    """Return the terms of both; those of `second` come last."""
    shift = len(first.arms)
    versus = second.rows["versus"].where(second.rows["versus"] < 0, second.rows["versus"] + shift)
    rows = second.rows.assign(arm=second.rows["arm"] + shift, versus=versus)[list(first.rows.columns)]
    baselines = second.baselines.assign(arm=second.baselines["arm"] + shift)
    return replace(
        first, rows=pd.concat([first.rows, rows], ignore_index=True), arms=(*first.arms, *second.arms),
        baselines=pd.concat([first.baselines, baselines], ignore_index=True),
    )  # fmt: skip


def _that_share_patients(evidence: Evidence, refused: Mapping[str, str]) -> dict[str, str]:
    """Return, of each group of studies that share patients, all but the largest, with the reason."""
    studies: Any = evidence.studies
    marked = studies[(studies["overlap_group"] != "") & ~studies["study_id"].isin(set(refused))]
    reasons = {}
    for _, group in marked.groupby("overlap_group"):
        first, *others = group.sort_values(["n_total", "study_id"], ascending=[False, True])["study_id"]
        reasons |= dict.fromkeys(others, f"shares patients with {first}")
    return reasons


def _why_not(row: Mapping[str, Any], arm: Arm) -> str:
    """Return why a row cannot be predicted; empty where it can."""
    if isnan(row["month"]):
        return "no month"
    if not 0 < row["month"] <= HORIZON_MONTHS:
        return f"after {HORIZON_MONTHS:g} months"
    if row["outcome"] != Outcome.RESPONDER and row["outcome"] not in SCORES:
        return f"the model has no {row['outcome'].replace('_', ' ')}"
    if not row["usable"] and row["why_not"] != WhyNot.MEDIAN_ONLY:
        return row["why_not"].replace("_", " ")
    if row["outcome"] == Outcome.RESPONDER:
        measured = {criterion.measure for criterion in RESPONDER_RULES[row["instrument"]].criteria}
        return "" if measured <= set(MEASURES) else "the model has no such score"
    if row["direction"] != Direction.HIGHER_IS_WORSE:
        return "the model has no such score"
    is_known = arm.cause is not None and score_of(row["outcome"], row["instrument"], arm.cause) is not None
    return "" if is_known else "the model has no such score"


def _rule(row: Mapping[str, Any]) -> str:
    return row["instrument"] if row["outcome"] == Outcome.RESPONDER else ""


def _score(row: Mapping[str, Any], arm: Arm) -> Any:
    if arm.cause is None:
        return None
    if row["outcome"] == Outcome.RESPONDER:
        return score_of_rule(row["instrument"], arm.cause)
    return score_of(row["outcome"], row["instrument"], arm.cause)


def _with_kinds(found: Iterable[dict[str, Any]], arms: list[Arm], baselines: pd.DataFrame) -> list[dict[str, Any]]:
    """Say what each number is: a mean is a change where every arm of the visit prints where it began."""
    own = {(*arms[row["arm"]].key, row["score"]) for row in baselines.to_dict("records") if row["is_own"]}
    rows = list(found)
    without: set[tuple[str, str, float]] = {
        (row["study_id"], row["score"], row["month"])
        for row in rows
        if row["statistic"] == Statistic.MEAN and (row["study_id"], row["arm_id"], row["score"]) not in own
    }
    made = []
    for row in rows:
        is_own = (row["study_id"], row["arm_id"], row["score"]) in own
        kind = {
            Statistic.MEAN_CHANGE: TermKind.CHANGE,
            Statistic.MEAN: TermKind.FINAL
            if (row["study_id"], row["score"], row["month"]) in without
            else TermKind.CHANGE,
            Statistic.MEDIAN: TermKind.MEDIAN,
            Statistic.PERCENT_CHANGE: TermKind.CHANGE if is_own else TermKind.PERCENT_CHANGE,
        }.get(Statistic(row["statistic"]), TermKind.SHARE)
        made.append({**row, "kind": str(kind)})
    return made


def _one_a_visit(rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return one row of each arm, score and visit, and of each share, in the order of the table; and the others."""
    rank = {str(word): place for place, word in enumerate(_STATISTICS)}

    def order(row: dict[str, Any]) -> tuple[bool, int, int]:
        return row["outcome"] == Outcome.PAIN_UNSPECIFIED, rank.get(row["statistic"], 0), row["row"]

    first: dict[tuple[Any, ...], int] = {}
    for row in sorted(rows, key=order):
        first.setdefault(tuple(row[name] for name in ("study_id", "arm_id", "score", "rule", "month")), row["row"])
    chosen = set(first.values())
    return [row for row in rows if row["row"] in chosen], [row for row in rows if row["row"] not in chosen]


def _rows(
    kept: list[dict[str, Any]], arms: list[Arm], baselines: pd.DataFrame, evidence: Evidence, spreads: Spreads
) -> pd.DataFrame:
    places = {arm.key: place for place, arm in enumerate(arms)}
    at_entry = {(row["arm"], row["score"]): row["mean"] for row in baselines.to_dict("records")}
    studies: Any = evidence.studies.set_index("study_id")
    numbers_of = _numbers_of_arms(evidence)
    made = []
    for row in kept:
        place = places[row["study_id"], row["arm_id"]]
        arm = arms[place]
        n, n_from, doubt = _patients(row, numbers_of)
        made.append(
            {
                **row, "arm": place, "group": studies.loc[arm.study_id, "overlap_group"] or arm.study_id,
                "cause": str(arm.cause), "condition": studies.loc[arm.study_id, "condition"],
                "year": studies.loc[arm.study_id, "year"], "observed": nan, "n_from": n_from,
                # responders are counted among as many patients as give this error
                "n": n / doubt**2, "se": _sd(row, spreads) * doubt / sqrt(n),
                "baseline": at_entry.get((place, row["score"]), nan),
                "intervention": str(arm.protocol.intervention) if arm.protocol else "",
                "is_cells": arm.is_cells, "is_controlled": arm.is_controlled, "is_open": arm.is_open,
                "versus": -1,
            }
        )  # fmt: skip
    return pd.DataFrame(made, columns=NUMBER)


def _sd(row: Mapping[str, Any], spreads: Spreads) -> float:
    if row["kind"] == TermKind.SHARE:
        return _LARGEST_SD_OF_A_SHARE
    if row["kind"] == TermKind.MEDIAN:
        return MEDIAN_OVER_MEAN * usual_sd(spreads, TermKind.FINAL, row["score"])
    return usual_sd(spreads, row["kind"], row["score"])


def _numbers_of_arms(evidence: Evidence) -> dict[tuple[str, str], tuple[float, str]]:
    """Return the patients of each arm and who says so; NaN where nobody does."""
    told = {}
    own: Any = evidence.arms[evidence.arms["is_pooled"] != "yes"]
    total = evidence.studies.set_index("study_id")["n_total"]
    for study, arms in own.groupby("study_id"):
        silent = int(arms["n_assigned"].isna().sum())
        rest = total[study] - arms["n_assigned"].sum()
        for arm in arms.to_dict("records"):
            if not isnan(arm["n_assigned"]):
                told[study, arm["arm_id"]] = arm["n_assigned"], "assigned to the arm"
            elif rest >= 2 * silent:
                told[study, arm["arm_id"]] = rest / silent, "equal share of the study's total"
    return told


def _patients(
    row: Mapping[str, Any], numbers_of: Mapping[tuple[str, str], tuple[float, str]]
) -> tuple[float, str, float]:
    """Return patients behind a number, who says so, and what that multiplies the standard error with."""
    if not isnan(row["n"]):
        return float(row["n"]), "as printed", 1.0
    n, n_from = numbers_of.get((row["study_id"], row["arm_id"]), (nan, ""))
    if isnan(n):
        return float(ASSUMED_N), f"assumed: {ASSUMED_N}, standard error × {_DOUBT_OF_ASSUMED_N:g}", _DOUBT_OF_ASSUMED_N
    yearly = default_assumptions().dropout_per_year
    return float(n) * (1 - yearly) ** (row["month"] / 12), f"{n_from}, less dropout of {yearly:.0%} a year", 1.0
