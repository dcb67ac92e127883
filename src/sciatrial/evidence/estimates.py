"""Arm rows → one estimate with its standard error for each arm, outcome and visit, with the rule behind every number.

A missing number is not a reason to drop a row, nor is it replaced as if it were known: a missing spread is predicted
with its own doubt, and the doubt widens the standard error. What still cannot be used is listed with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import isnan, nan, sqrt
from typing import Any

import numpy as np
import pandas as pd

from sciatrial.evidence.assumptions import Assumptions
from sciatrial.evidence.conversions import (
    mean_from_quartiles,
    quartiles_are_skewed,
    sd_from_quartiles,
    sd_from_range,
    sd_of_change,
)
from sciatrial.evidence.harmonise import POINTS, harmonise
from sciatrial.evidence.instruments import INSTRUMENTS
from sciatrial.evidence.published import Evidence
from sciatrial.evidence.quirks import WhyNot
from sciatrial.evidence.rows import YesNo
from sciatrial.evidence.spreads import Phase, PredictiveSd, family_of, phase_of, predictive_sds
from sciatrial.foundation import Outcome, Record, SafetyEvent, SpreadKind, Statistic, StudyDesign

SCORES = (Outcome.LEG_PAIN, Outcome.BACK_PAIN, Outcome.PAIN_UNSPECIFIED, Outcome.DISABILITY, Outcome.NUMBNESS)
_SMALLEST_N = 2
_Z95 = 1.959964
_KEY = ["study_id", "arm_id", "outcome", "month"]
_SHARE_KEY = ["study_id", "arm_id", "rule", "month"]
# the instrument that more studies use comes first where an arm was measured with two
_ORDER = {word: place for place, word in enumerate(INSTRUMENTS)}


class Kind(StrEnum):
    """What an estimate is: a mean score at the visit, or its change since the start."""

    FINAL = "final"
    CHANGE = "change"


class Unused(StrEnum):
    """Why a row that stands on the common scale still gives no estimate."""

    NO_N = "no_n"
    NEITHER = "neither_n_nor_spread"
    TOO_FEW = "fewer_than_two_patients"
    SHARES_PATIENTS = "shares_patients"
    SKEWED = "skewed_median"
    MEDIAN_WITHOUT_QUARTILES = "median_without_quartiles"
    NO_BASELINE = "percent_change_without_baseline"
    ANOTHER_ROW = "another_row_of_the_visit"
    IS_BASELINE = "baseline"
    NOT_A_SCORE = "not_a_score"
    NOT_ASSUMED = "left_out_by_assumption"
    KIND_OF_OTHERS = "other_arms_give_another_kind"


@dataclass(frozen=True, repr=False)
class ArmEstimates(Record):
    """What the arms of all studies say, one row an arm, outcome and visit.

    `rows` has ``study_id, arm_id, outcome, month, kind, estimate, se, n, sd, baseline, instrument, value_rule,
    sd_rule, n_rule, is_imputed, figure_from`` and the columns of the arm and its study; scores in points of 100,
    higher is worse, a negative change is an improvement. `shares` has ``study_id, arm_id, rule, month, events, n`` for
    responders. `unused` has every row of the outcomes table that gave nothing and why. `assumed` lists what was
    assumed.
    """

    rows: pd.DataFrame = field(compare=False)
    shares: pd.DataFrame = field(compare=False)
    unused: pd.DataFrame = field(compare=False)
    assumed: pd.DataFrame = field(compare=False)

    def table(self) -> pd.DataFrame:
        """Return the estimates."""
        return self.rows

    def __repr__(self) -> str:
        """Say how many there are and how much was filled in."""
        imputed: Any = self.rows["is_imputed"]
        return (
            f"ArmEstimates: {len(self.rows)} means of {self.rows['study_id'].nunique()} studies, "
            f"{len(self.shares)} responder shares of {self.shares['study_id'].nunique()}\n"
            f"  spread or n filled in with doubt: {int(imputed.sum())}\n"
            f"  rows that gave nothing: {len(self.unused)}"
        )


def arm_estimates(evidence: Evidence, assumptions: Assumptions | None = None) -> ArmEstimates:
    """Turn every usable row into an estimate with a standard error.

    Parameters
    ----------
    evidence
        Checked tables.
    assumptions
        What the tables do not settle; None takes the defaults.

    Returns
    -------
    ArmEstimates
        Of several rows for one arm, outcome and visit the change with its own spread comes first, then the difference
        of two means, then a change without spread, then a percent change of the baseline; all arms of a study give the
        same kind at a visit where they can. Of studies that share patients the one with more usable rows is kept.

    Source
    ------
    Changes before final scores where both are known: Cochrane Handbook, section 10.5.2.
    """
    assumed = assumptions or Assumptions()
    harmonised = harmonise(evidence).assign(row=np.arange(2, len(evidence.outcomes) + 2))
    patients = _Patients(evidence, assumed)
    spreads = {
        key: replace(spread, median=spread.median * assumed.predicted_sd_factor)
        for key, spread in predictive_sds(harmonised, evidence).items()
    }
    left: dict[int, str] = {}
    usable: Any = _usable(harmonised, evidence, assumed, left)
    baselines = _baselines(usable, evidence)
    candidates = []
    for row in usable.to_dict("records"):
        made = _candidate(row, patients, spreads, baselines, assumed)
        if isinstance(made, Unused):
            left[row["row"]] = made.value
        else:
            candidates.append(made)
    rows = _one_a_visit(pd.DataFrame(candidates, columns=_COLUMNS), left)
    shares = _shares(usable, patients, left)
    unused = harmonised.loc[harmonised["row"].isin(left), [*_KEY, "instrument", "statistic", "value", "row"]]
    unused = unused.assign(reason=[left[row] for row in unused["row"]]).reset_index(drop=True)
    joined = _with_arm_and_study(rows.drop(columns=["row", "rank"]), evidence)
    told = assumed.table()
    sds = [
        {"assumption": f"sd of {family}, {phase}", "value": spread.in_words(),
         "why": "rows of other studies that print one", "vary": "its interval"}
        for (family, phase), spread in sorted(spreads.items())
    ]  # fmt: skip
    return ArmEstimates(
        joined, _with_arm_and_study(shares, evidence), unused, pd.concat([told, pd.DataFrame(sds)], ignore_index=True)
    )


_COLUMNS = [
    *_KEY, "kind", "estimate", "se", "n", "sd", "baseline", "instrument", "value_rule", "sd_rule", "n_rule",
    "is_imputed", "figure_from", "row", "rank",
]  # fmt: skip
_ARM_COLUMNS = [
    "study_id", "arm_id", "role", "intervention", "cell_type", "donor", "culture_expanded", "dose_million_cells",
    "dose_basis", "drug_dose", "route", "n_doses", "symptom_duration_months",
]  # fmt: skip
_STUDY_COLUMNS = ["study_id", "year", "design", "blinding", "condition", "n_total", "funding"]


def _with_arm_and_study(rows: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
    arms = evidence.arms[_ARM_COLUMNS].assign(
        # patients who chose, or crossed over to, the treatment that they got are no randomised comparison
        is_as_treated=evidence.arms["notes"].str.contains("as treated")
        | evidence.arms["arm_id"].str.startswith("as_treated")
    )
    joined = rows.merge(arms, on=["study_id", "arm_id"], how="left", validate="many_to_one").merge(
        evidence.studies[_STUDY_COLUMNS], on="study_id", how="left", validate="many_to_one"
    )
    is_randomised = (joined["design"] == StudyDesign.RCT) & ~joined["is_as_treated"].astype(bool)
    return joined.assign(is_randomised=is_randomised).drop(columns="is_as_treated")


def _usable(rows: Any, evidence: Evidence, assumed: Assumptions, left: dict[int, str]) -> pd.DataFrame:
    """Keep the rows that may give an estimate; say of the others why not."""
    medians = (rows["why_not"] == WhyNot.MEDIAN_ONLY) & (rows["unit"] == POINTS)
    for row, reason in zip(rows["row"], rows["why_not"], strict=True):
        if reason:
            left[row] = reason
    if not assumed.use_medians:
        medians &= False
    kept = rows[rows["usable"] | medians]
    is_score = kept["outcome"].isin(SCORES) & (kept["direction"] == "higher_is_worse")
    is_share = kept["outcome"] == Outcome.RESPONDER
    for row in kept.loc[~is_score & ~is_share, "row"]:
        left[row] = Unused.NOT_A_SCORE.value
    kept = kept[is_score | is_share]
    others = set(_studies_to_leave(kept, evidence))
    for row in kept.loc[kept["study_id"].isin(others), "row"]:
        left[row] = Unused.SHARES_PATIENTS.value
    kept = kept[~kept["study_id"].isin(others)]
    for row in kept["row"]:
        left.pop(row, None)
    return kept


def _studies_to_leave(rows: Any, evidence: Evidence) -> Iterable[str]:
    """Of each group that shares patients, name all but the study with most usable rows, then most patients."""
    counts = rows["study_id"].value_counts()
    marked: Any = evidence.studies[evidence.studies["overlap_group"] != ""]
    for _, group in marked.groupby("overlap_group"):
        order = sorted(
            group.to_dict("records"),
            key=lambda study: (-_known(study["n_total"]), -int(counts.get(study["study_id"], 0)), study["study_id"]),
        )
        with_rows = [study["study_id"] for study in order if counts.get(study["study_id"], 0)]
        yield from with_rows[1:]


def _known(number: float) -> float:
    return 0.0 if isnan(number) else float(number)


class _Patients:
    """How many patients of an arm stand behind a number: the row's n, else the assigned less dropout."""

    def __init__(self, evidence: Evidence, assumed: Assumptions) -> None:
        self._assigned = {
            (arm["study_id"], arm["arm_id"]): arm["n_assigned"] for arm in evidence.arms.to_dict("records")
        }
        self._lost: dict[tuple[str, str], float] = {}
        self._at_risk: dict[tuple[str, str], float] = {}
        self._yearly = assumed.dropout_per_year
        self._shared: dict[tuple[str, str], float] = {}
        for row in evidence.safety.to_dict("records"):
            key = (row["study_id"], row["arm_id"])
            if isnan(row["n_at_risk"]):
                continue
            self._at_risk[key] = max(row["n_at_risk"], self._at_risk.get(key, 0.0))
            if row["event"] == SafetyEvent.DROPOUT and not isnan(row["followup_months"]):
                kept = 1 - row["n_with_event"] / row["n_at_risk"]
                self._lost[key] = 1 - kept ** (12 / row["followup_months"])
        if assumed.share_total:
            self._shared = self._shares_of_totals(evidence)

    def _shares_of_totals(self, evidence: Evidence) -> dict[tuple[str, str], float]:
        """Divide what is left of each randomised study's total equally over its arms that tell no number."""
        shares = {}
        totals: Any = evidence.studies[evidence.studies["design"] == StudyDesign.RCT].set_index("study_id")["n_total"]
        own: Any = evidence.arms[evidence.arms["is_pooled"] != YesNo.YES]
        for study, arms in own.groupby("study_id"):
            total = totals.get(study, nan)
            numbers = {(str(study), arm): self._number((str(study), arm)) for arm in arms["arm_id"]}
            silent = [key for key, number in numbers.items() if isnan(number)]
            left = total - sum(number for number in numbers.values() if not isnan(number))
            if silent and not isnan(left) and left >= _SMALLEST_N * len(silent):
                shares.update(dict.fromkeys(silent, left / len(silent)))
        return shares

    def _number(self, key: tuple[str, str]) -> float:
        assigned = self._assigned[key]
        return self._at_risk.get(key, nan) if isnan(assigned) else assigned

    def of(self, row: Mapping[str, Any]) -> tuple[float, str]:
        """Return n (NaN where it cannot be told) and its rule."""
        if not isnan(row["n"]):
            return float(row["n"]), "as printed"
        key = (row["study_id"], row["arm_id"])
        assigned, source = self._assigned[key], "n_assigned"
        if isnan(assigned):
            assigned, source = self._at_risk.get(key, nan), "n_at_risk of its safety rows"
        if isnan(assigned):
            assigned, source = self._shared.get(key, nan), "equal share of the study's total"
        if isnan(assigned):
            return nan, ""
        yearly = self._lost.get(key, self._yearly)
        of_whom = "of the arm" if key in self._lost else "assumed"
        if row["month"] == 0 or yearly == 0:
            return float(assigned), source
        return assigned * (1 - yearly) ** (
            row["month"] / 12
        ), f"{source} less dropout of {yearly:.0%} a year, {of_whom}"


def _baselines(rows: Any, evidence: Evidence) -> dict[tuple[str, str, str], tuple[float, float, str]]:
    """Return mean, SD (NaN where unknown) and rule of each arm's score at the start, in points of 100.

    The arm's own row comes first, then what its own change and percent change imply; in a randomised study the mean of
    the other arms stands for an arm that says nothing.
    """
    scores = rows[rows["outcome"].isin(SCORES)]
    found: dict[tuple[str, str, str], tuple[float, float, str]] = {}
    for row in scores[(scores["month"] == 0) & scores["statistic"].isin((Statistic.MEAN, Statistic.MEDIAN))].to_dict(
        "records"
    ):
        key = (row["study_id"], row["arm_id"], row["outcome"])
        if key not in found or isnan(found[key][1]):
            found[key] = (row["value_0_100"], row["spread_sd_0_100"], "its own baseline")
    for key, group in scores.groupby(["study_id", "arm_id", "outcome", "month"]):
        place = (str(key[0]), str(key[1]), str(key[2]))
        values = dict(zip(group["statistic"], group["value_0_100"], strict=True))
        change, percent = values.get(Statistic.MEAN_CHANGE), values.get(Statistic.PERCENT_CHANGE)
        if place not in found and change is not None and percent:
            found[place] = (100 * change / percent, nan, "implied by its change and percent change")
    randomised = set(evidence.studies.loc[evidence.studies["design"] == StudyDesign.RCT, "study_id"])
    for study, arm, outcome in {(r["study_id"], r["arm_id"], r["outcome"]) for r in scores.to_dict("records")}:
        if (study, arm, outcome) in found or study not in randomised:
            continue
        others = [
            value[0]
            for key, value in found.items()
            if key[0] == study and key[2] == outcome and "other" not in value[2]
        ]
        if others:
            found[study, arm, outcome] = (float(np.mean(others)), nan, "mean of the other randomised arms")
    return found


def _candidate(
    row: Mapping[str, Any],
    patients: _Patients,
    spreads: Mapping[tuple[str, Phase], PredictiveSd],
    baselines: Mapping[tuple[str, str, str], tuple[float, float, str]],
    assumed: Assumptions,
) -> dict[str, Any] | Unused:
    if row["outcome"] == Outcome.RESPONDER:
        return Unused.NOT_A_SCORE  # replaced by `_shares`
    if row["month"] == 0:
        return Unused.IS_BASELINE
    n, n_rule = patients.of(row)
    if isnan(n):
        return _printed_se(row, assumed)
    if n < _SMALLEST_N:
        return Unused.TOO_FEW
    if not assumed.fill_both and isnan(row["n"]) and row["spread_kind"] == SpreadKind.NONE:
        return Unused.NEITHER
    row = _with_printed_error(row, n)
    start = baselines.get((row["study_id"], row["arm_id"], row["outcome"]), (nan, nan, ""))
    made = _value_and_sd(row, n, start, spreads, assumed)
    if isinstance(made, Unused):
        return made
    kind, estimate, value_rule, sd, sd_rule, rank = made
    factor = assumed.standard_error_factor[row["figure_from"]]
    return {
        **{column: row[column] for column in _KEY}, "kind": kind.value, "estimate": estimate,
        "se": sd / sqrt(n) * factor, "n": n, "sd": sd, "baseline": start[0], "instrument": row["instrument"],
        "value_rule": value_rule, "sd_rule": sd_rule + _doubt(factor, row["figure_from"]),
        "n_rule": n_rule, "is_imputed": n_rule != "as printed" or "predicted" in sd_rule,
        "figure_from": row["figure_from"], "row": row["row"], "rank": rank,
    }  # fmt: skip


def _with_printed_error(row: Mapping[str, Any], n: float) -> Mapping[str, Any]:
    """Keep a printed standard error or interval where the row has no n of its own: the arm's patients give its SD."""
    kind = SpreadKind(row["spread_kind"])
    if not isnan(row["n"]) or kind not in (SpreadKind.SE, SpreadKind.CI95) or row["statistic"] not in _AVERAGES:
        return row
    width = row["spread_low"] if kind is SpreadKind.SE else (row["spread_high"] - row["spread_low"]) / (2 * _Z95)
    sd = width * sqrt(n) * _points_per_unit(row)
    return {**row, "spread_sd_0_100": sd, "spread_rule": f"{kind} as printed, × sqrt(n of the arm)"}


_AVERAGES = (Statistic.MEAN, Statistic.MEAN_CHANGE)


def _printed_se(row: Mapping[str, Any], assumed: Assumptions) -> dict[str, Any] | Unused:
    """Use a standard error or an interval as it is printed where no number of patients can be told."""
    kind, statistic = SpreadKind(row["spread_kind"]), Statistic(row["statistic"])
    if kind not in (SpreadKind.SE, SpreadKind.CI95) or statistic not in (Statistic.MEAN, Statistic.MEAN_CHANGE):
        return Unused.NO_N
    width = row["spread_low"] if kind is SpreadKind.SE else (row["spread_high"] - row["spread_low"]) / (2 * _Z95)
    if not width > 0:
        return Unused.NO_N
    factor = assumed.standard_error_factor[row["figure_from"]]
    change = statistic is Statistic.MEAN_CHANGE
    return {
        **{column: row[column] for column in _KEY}, "kind": (Kind.CHANGE if change else Kind.FINAL).value,
        "estimate": row["value_0_100"], "se": width * _points_per_unit(row) * factor, "n": nan, "sd": nan,
        "baseline": nan, "instrument": row["instrument"], "value_rule": row["rule"],
        "sd_rule": f"{kind} as printed" + _doubt(factor, row["figure_from"]), "n_rule": "", "is_imputed": False,
        "figure_from": row["figure_from"], "row": row["row"], "rank": 1 if change else 2,
    }  # fmt: skip


def _doubt(factor: float, figure_from: str) -> str:
    return "" if factor == 1 else f"; standard error × {factor:g} ({figure_from})"


_Made = tuple[Kind, float, str, float, str, int]


def _value_and_sd(
    row: Mapping[str, Any],
    n: float,
    start: tuple[float, float, str],
    spreads: Mapping[tuple[str, Phase], PredictiveSd],
    assumed: Assumptions,
) -> _Made | Unused:
    """Return kind, value, its rule, SD, its rule, and the rank among rows of one visit (lower is better)."""
    family = family_of(row["outcome"])
    statistic = Statistic(row["statistic"])
    if statistic is Statistic.PERCENT_CHANGE:
        if not assumed.use_percent_changes:
            return Unused.NOT_ASSUMED
        if isnan(start[0]):
            return Unused.NO_BASELINE
        spread = spreads[family, Phase.CHANGE]
        rule = f"{row['value']:g} % of a baseline of {start[0]:.3g} ({start[2]})"
        # a percent change has an SD of its own, but not the SD of points; another arm's baseline is not known for sure
        sd = spread.root_mean_square
        if "other randomised arms" in start[2]:
            sd = sqrt(sd**2 + (row["value"] / 100 * spreads[family, Phase.BASELINE].root_mean_square) ** 2)
        return Kind.CHANGE, row["value"] / 100 * start[0], rule, sd, spread.in_words(), 4
    if statistic is Statistic.MEAN_CHANGE:
        if row["spread_sd_0_100"] > 0:
            return Kind.CHANGE, row["value_0_100"], row["rule"], row["spread_sd_0_100"], row["spread_rule"], 1
        spread = spreads[family, Phase.CHANGE]
        return Kind.CHANGE, row["value_0_100"], row["rule"], spread.root_mean_square, spread.in_words(), 3
    final = _final(row, n, spreads[family, phase_of(statistic, row["month"])])
    if isinstance(final, Unused):
        return final
    value, value_rule, sd, sd_rule = final
    if isnan(start[0]) or "other randomised arms" in start[2]:
        return Kind.FINAL, value, value_rule, sd, sd_rule, 2
    before = start[1] if start[1] > 0 else spreads[family, Phase.BASELINE].root_mean_square
    rule = f"correlation {assumed.correlation_before_after:g} of {before:.3g} before and {sd:.3g} after"
    predicted = "; predicted in part" if not start[1] > 0 or "predicted" in sd_rule else ""
    change = sd_of_change(before, sd, assumed.correlation_before_after)
    return Kind.CHANGE, value - start[0], f"{value_rule}, less {start[2]} {start[0]:.3g}", change, rule + predicted, 2


def _final(row: Mapping[str, Any], n: float, spread: PredictiveSd) -> tuple[float, str, float, str] | Unused:
    """Return mean and SD of a score at a visit, from whatever was printed."""
    value, factor = row["value_0_100"], _points_per_unit(row)
    low, high = row["spread_low"], row["spread_high"]
    kind = SpreadKind(row["spread_kind"])
    if row["statistic"] == Statistic.MEDIAN:
        if kind is not SpreadKind.IQR:
            return Unused.MEDIAN_WITHOUT_QUARTILES
        if quartiles_are_skewed(low, row["value"], high, n):
            return Unused.SKEWED
        mean = (mean_from_quartiles(low, row["value"], high, n) - row["value"]) * factor + value
        return (
            mean,
            "mean from median and quartiles (Luo 2018)",
            sd_from_quartiles(low, high, n) * factor,
            "sd from quartiles (Wan 2014)",
        )
    if kind is SpreadKind.RANGE:
        return value, row["rule"], sd_from_range(low, high, n) * factor, "sd from range (Wan 2014)"
    if row["spread_sd_0_100"] > 0:  # an SD of 0 is a blank that was filled in
        return value, row["rule"], row["spread_sd_0_100"], row["spread_rule"]
    return value, row["rule"], spread.root_mean_square, spread.in_words()


def _points_per_unit(row: Mapping[str, Any]) -> float:
    instrument = INSTRUMENTS[row["instrument"]]
    return 100 / instrument.width if instrument.width else 1.0


def _one_a_visit(rows: Any, left: dict[int, str]) -> pd.DataFrame:
    """Keep one row an arm, outcome and visit, of the kind that most arms of the study give at that visit."""
    rows = rows.assign(order=[_ORDER.get(word, len(_ORDER)) for word in rows["instrument"]])
    visit = ["study_id", "outcome", "month"]
    by_kind = {
        kind: rows[rows["kind"] == kind].groupby(visit)["arm_id"].nunique().to_dict()
        for kind in (Kind.CHANGE, Kind.FINAL)
    }
    places = list(zip(*(rows[column] for column in visit), strict=True))
    # changes are preferred; final scores only where more arms have them
    wanted = [
        Kind.CHANGE if by_kind[Kind.CHANGE].get(place, 0) >= by_kind[Kind.FINAL].get(place, 0) else Kind.FINAL
        for place in places
    ]
    is_wanted = rows["kind"].to_numpy() == np.array([kind.value for kind in wanted], dtype=object)
    for row in rows.loc[~is_wanted, "row"]:
        left[row] = Unused.KIND_OF_OTHERS.value
    ordered = rows[is_wanted].sort_values(["rank", "order", "row"])
    first = ordered.drop_duplicates(_KEY)
    for row in ordered.loc[~ordered["row"].isin(first["row"]), "row"]:
        left[row] = Unused.ANOTHER_ROW.value
    return first.sort_values("row").drop(columns="order").reset_index(drop=True)


def _shares(rows: Any, patients: _Patients, left: dict[int, str]) -> pd.DataFrame:
    made: dict[tuple[str, str, str, float], dict[str, Any]] = {}
    for row in rows[rows["outcome"] == Outcome.RESPONDER].to_dict("records"):
        n, n_rule = patients.of(row)
        key = (row["study_id"], row["arm_id"], row["instrument"], row["month"])
        if isnan(n) or key in made:
            left[row["row"]] = (Unused.NO_N if isnan(n) else Unused.ANOTHER_ROW).value
            continue
        left.pop(row["row"], None)
        made[key] = {
            **dict(zip(_SHARE_KEY, key, strict=True)), "events": row["value_0_100"] / 100 * n, "n": n,
            "n_rule": n_rule, "is_imputed": n_rule != "as printed", "figure_from": row["figure_from"],
        }  # fmt: skip
    columns = [*_SHARE_KEY, "events", "n", "n_rule", "is_imputed", "figure_from"]
    return pd.DataFrame(list(made.values()), columns=columns)
