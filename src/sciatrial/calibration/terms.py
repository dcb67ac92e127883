"""Evidence → likelihood terms: each a number that arms print and that simulated patients can be asked for.

Never a pooled result, and of studies that share patients one only, so that no patient counts twice. What cannot be
used is kept with its reason. Baselines are inputs: what a trial printed of month 0 says whom it enrolled. A baseline
that follows only from a change and its percentage is a result, and is not used: a study could not be left out with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sciatrial.calibration.arms import MAIN_PAIN, Arm, published_arm, score_of
from sciatrial.evidence import (
    RESPONDER_RULES,
    Assumptions,
    ContrastSource,
    Evidence,
    Measure,
    arm_estimates,
    harmonise,
    published_contrasts,
)
from sciatrial.foundation import Cause, Outcome, Record, Score, SpreadKind, Statistic

if TYPE_CHECKING:
    from numpy.typing import NDArray

HORIZON_MONTHS = 37.0  # later visits are few, and mix with operations that nobody counts
SCORES = (Outcome.LEG_PAIN, Outcome.BACK_PAIN, Outcome.PAIN_UNSPECIFIED, Outcome.DISABILITY, Outcome.NUMBNESS)
MEASURES = (Measure.PAIN, Measure.DISABILITY)
_ASSUMED_SD = 25.0  # of a change, points of 100, where no table tells one
# SD of one patient's change, points of 100 (assumption, as printed SDs of changes of leg pain): a share of responders
# is as many points of a mean as move a normal crowd of that spread past the rule
PATIENT_SD = 27.0
MEDIAN_OVER_MEAN = 1.2533  # standard error of a median over that of a mean, in a normal sample


class TermKind(StrEnum):
    """What a printed number is."""

    CHANGE = "change"
    FINAL = "final"
    PERCENT_CHANGE = "percent_change"
    MEDIAN = "median"
    SHARE = "share"
    SD = "sd"
    DIFFERENCE = "difference"  # of the changes of two arms, printed as such


@dataclass(frozen=True, repr=False)
class Terms(Record):
    """What published arms print, one row a number.

    `rows`: ``study_id, arm_id, arm`` (place in `arms`), ``group`` (studies that share patients have one), ``cause,
    condition, score, rule, kind, month, observed, se, n, intervention, is_cells, is_controlled, is_open,
    baseline`` (printed for this score, NaN where not), ``versus`` (place of the arm that a difference is taken from, −1
    for all else). Means, changes, medians, differences and percent in points of 100, higher is worse; shares in
    percent; ``sd`` in logarithms. `arms` are those with a term, `baselines` has ``arm, score, mean,
    se, is_own``; `unused` has ``study_id, arm_id, outcome, month, reason`` of all else.
    """

    rows: pd.DataFrame = field(compare=False)
    arms: tuple[Arm, ...] = field(compare=False)
    baselines: pd.DataFrame = field(compare=False)
    unused: pd.DataFrame = field(compare=False)

    def __len__(self) -> int:
        return len(self.rows)

    def table(self) -> pd.DataFrame:
        """Return the terms."""
        return self.rows

    def of_studies(self, studies: Any) -> NDArray[np.bool_]:
        """Return which terms belong to these studies or share patients with them; dims ``term``."""
        wanted = set(studies)
        rows: Any = self.rows
        groups = set(rows.loc[rows["study_id"].isin(wanted), "group"])
        return rows["group"].isin(groups).to_numpy()

    def only(self, keep: NDArray[np.bool_]) -> Terms:
        """Return some of the terms (dims ``term``), with the arms that have one of them."""
        rows = self.rows[keep]
        used = dict.fromkeys([*rows["arm"], *rows.loc[rows["versus"] >= 0, "versus"]])
        places = {int(old): new for new, old in enumerate(used)} | {-1: -1}
        baselines = self.baselines[self.baselines["arm"].isin(list(used))]
        frames: list[Any] = [
            frame.assign(
                **{name: [places[int(old)] for old in frame[name]] for name in ("arm", "versus") if name in frame}
            ).reset_index(drop=True)
            for frame in (rows, baselines)
        ]
        return Terms(frames[0], tuple(self.arms[int(old)] for old in used), frames[1], self.unused.iloc[:0])

    def __repr__(self) -> str:
        kinds = ", ".join(f"{count} {kind}" for kind, count in self.rows["kind"].value_counts().items())
        return (
            f"Terms: {len(self.rows)} numbers of {self.rows['study_id'].nunique()} studies ({kinds})\n"
            f"  arms: {len(self.arms)}, of which {sum(arm.is_cells for arm in self.arms)} with cells\n"
            f"  rows without a term: {len(self.unused)}"
        )


def default_assumptions() -> Assumptions:
    """Return the assumptions of the calibration: as pooling, but arms without a number share the study's total."""
    return Assumptions(share_total=True)


def error_correlation(is_same_score: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return how sampling errors of one arm are correlated: over visits of a score, or over scores."""
    assumed = default_assumptions()
    return np.where(is_same_score, assumed.correlation_over_visits, assumed.correlation_over_outcomes)


def likelihood_terms(evidence: Evidence, assumptions: Assumptions | None = None) -> Terms:
    """Turn arm rows into terms.

    Parameters
    ----------
    evidence
        Checked tables.
    assumptions
        What the tables do not settle; None takes `default_assumptions`.

    Returns
    -------
    Terms
        One statistic an arm, score and visit, the one nearest to what was measured; printed SDs beside means; and
        differences that papers print where no number of the score and visit of either arm is a term.
    """
    assumed = assumptions or default_assumptions()
    estimates = arm_estimates(evidence, assumed)
    scaled = harmonise(evidence).assign(row=np.arange(2, len(evidence.outcomes) + 2))
    studies = evidence.studies.set_index("study_id")
    arms = arms_of(evidence)
    made: list[dict[str, Any]] = []
    unused: Any = estimates.unused[["study_id", "arm_id", "outcome", "month", "reason"]]
    left: list[dict[str, Any]] = unused.to_dict("records")
    for row in estimates.rows.to_dict("records"):
        _collect(made, left, arms, row, _mean_term(row))
    for row in estimates.shares.to_dict("records"):
        _collect(made, left, arms, row, _share_term(row))
    more = estimates.unused.merge(scaled, on="row", suffixes=("", "_scaled"))
    n_of = {(a["study_id"], a["arm_id"]): a["n_assigned"] for a in evidence.arms.to_dict("records")}
    for row in more.to_dict("records"):
        _collect(made, None, arms, row, _rescued_term(row, n_of))
    printed = {(t["study_id"], t["arm_id"], t["score"], t["month"]) for t in made if t["kind"] != TermKind.SHARE}
    for row in scaled.to_dict("records"):
        term = _sd_term(row)
        if term is not None:
            arm = arms[row["study_id"], row["arm_id"]]
            score = None if arm.cause is None else score_of(row["outcome"], row["instrument"], arm.cause)
            if (row["study_id"], row["arm_id"], score, float(row["month"])) in printed:
                _collect(made, None, arms, row, term)
    rows = _deduplicated(pd.DataFrame(made))
    differences = _differences(evidence, assumed, arms, rows, left)
    rows = pd.concat([rows.assign(versus_id=""), pd.DataFrame(differences)], ignore_index=True)
    keys = [
        *zip(rows["study_id"], rows["arm_id"], strict=True),
        *((d["study_id"], d["versus_id"]) for d in differences),
    ]
    used = [arms[key] for key in dict.fromkeys(keys)]
    places = {arm.key: place for place, arm in enumerate(used)}
    group = studies["overlap_group"].fillna("").to_dict()
    rows: Any = rows.assign(
        arm=[places[key] for key in zip(rows["study_id"], rows["arm_id"], strict=True)],
        versus=[places.get(key, -1) for key in zip(rows["study_id"], rows["versus_id"], strict=True)],
        group=[group[study] or study for study in rows["study_id"]],
        condition=[studies.loc[study, "condition"] for study in rows["study_id"]],
        year=[studies.loc[study, "year"] for study in rows["study_id"]],
    )
    baselines = baselines_at_entry(scaled, used, evidence)
    own = {(b["arm"], b["score"]): b["mean"] for b in baselines.to_dict("records")}
    rows["baseline"] = [own.get(key, np.nan) for key in zip(rows["arm"], rows["score"], strict=True)]
    columns = [
        "study_id", "arm_id", "arm", "group", "cause", "condition", "year", "score", "rule", "kind", "month",
        "observed", "se", "n", "baseline", "intervention", "is_cells", "is_controlled", "is_open", "versus",
    ]  # fmt: skip
    return Terms(rows[columns].reset_index(drop=True), tuple(used), baselines, pd.DataFrame(left))


def arms_of(evidence: Evidence) -> dict[tuple[str, str], Arm]:
    """Return every arm of the tables by study and arm, those that cannot be simulated included."""
    studies = evidence.studies.set_index("study_id")
    joined = evidence.arms.join(studies[["condition", "design", "blinding"]], on="study_id")
    return {arm.key: arm for arm in map(published_arm, joined.to_dict("records"))}


def _collect(
    made: list[dict[str, Any]],
    left: list[dict[str, Any]] | None,
    arms: Mapping[tuple[str, str], Arm],
    row: Mapping[str, Any],
    term: dict[str, Any] | None,
) -> None:
    """Add a term with the words of its arm, or the reason why there is none."""
    arm = arms[str(row["study_id"]), str(row["arm_id"])]
    reason = arm.why_not
    score = None
    if not reason and term is not None:
        if arm.cause is not None and term["kind"] == TermKind.SHARE:
            score = score_of_rule(str(term["rule"]), arm.cause)
        elif arm.cause is not None:
            score = score_of(str(row["outcome"]), str(row["instrument"]), arm.cause)
        reason = "" if score is not None else "the model has no such score"
    if term is None:
        reason = reason or "no rule for simulated patients"
    elif not reason and not 0 < float(row["month"]) <= HORIZON_MONTHS:
        reason = f"after {HORIZON_MONTHS:g} months"
    if reason or term is None:
        if left is not None:
            told = {"outcome": str(row.get("outcome", row.get("rule", ""))), "month": row["month"], "reason": reason}
            left.append({"study_id": arm.study_id, "arm_id": arm.arm_id, **told})
        return
    words = {
        "study_id": arm.study_id,
        "arm_id": arm.arm_id,
        "cause": str(arm.cause),
        "month": float(row["month"]),
        "score": "" if score is None else str(score),
        "rule": "",
        "intervention": "" if arm.protocol is None else str(arm.protocol.intervention),
        "is_cells": arm.is_cells,
        "is_controlled": arm.is_controlled,
        "is_open": arm.is_open,
    }
    made.append({**words, **term})


def score_of_rule(rule: str, cause: Cause) -> Score:
    """Return the score that a responder rule looks at first."""
    first = RESPONDER_RULES[rule].criteria[0].measure
    return MAIN_PAIN[cause] if first is Measure.PAIN else Score.DISABILITY


def _mean_term(row: Mapping[str, Any]) -> dict[str, Any]:
    kind, observed, se = TermKind(row["kind"]), float(row["estimate"]), float(row["se"])
    return {"kind": str(kind), "observed": observed, "se": se, "n": float(row["n"])}


def _share_term(row: Mapping[str, Any]) -> dict[str, Any] | None:
    rule = RESPONDER_RULES.get(str(row["rule"]))
    if rule is None or any(criterion.measure not in MEASURES for criterion in rule.criteria):
        return None
    events, n = float(row["events"]), float(row["n"])
    held = (events + 1) / (n + 2)
    se = 100 * np.sqrt(held * (1 - held) / n)
    return {"kind": str(TermKind.SHARE), "observed": 100 * events / n, "se": se, "n": n, "rule": rule.word}


def _rescued_term(row: Mapping[str, Any], n_of: Mapping[tuple[str, str], float]) -> dict[str, Any] | None:
    """Return a term for what pooling cannot use and simulated patients can be asked for."""
    n = row["n"] if not pd.isna(row["n"]) else n_of.get((row["study_id"], row["arm_id"]), np.nan)
    if pd.isna(n) or n < 2:
        return None
    if row["reason"] == "skewed_median":
        sd = row["spread_sd_0_100"] if not pd.isna(row["spread_sd_0_100"]) else _ASSUMED_SD
        se = MEDIAN_OVER_MEAN * sd / np.sqrt(n)
        return {"kind": str(TermKind.MEDIAN), "observed": float(row["value_0_100"]), "se": float(se), "n": float(n)}
    if row["reason"] == "percent_change_without_baseline" and row["outcome"] in SCORES:
        # the spread of a change over a usual baseline of 60
        se = 100 * _ASSUMED_SD / 60 / np.sqrt(n)
        observed = float(row["value"])
        return {"kind": str(TermKind.PERCENT_CHANGE), "observed": observed, "se": float(se), "n": float(n)}
    return None


def _sd_term(row: Mapping[str, Any]) -> dict[str, Any] | None:
    if row["statistic"] != Statistic.MEAN or row["spread_kind"] != SpreadKind.SD or not row["usable"]:
        return None
    sd, n = row["spread_sd_0_100"], row["n"]
    if row["outcome"] not in SCORES or pd.isna(sd) or pd.isna(n) or n < 3 or sd <= 0 or not row["month"] > 0:
        return None
    return {
        "kind": str(TermKind.SD),
        "observed": float(np.log(sd)),
        "se": float(1 / np.sqrt(2 * (n - 1))),
        "n": float(n),
    }


def _deduplicated(rows: Any) -> Any:
    """Keep one statistic of each location an arm, score and visit, and shares only where no mean is told."""
    order = [TermKind.CHANGE, TermKind.FINAL, TermKind.MEDIAN, TermKind.PERCENT_CHANGE, TermKind.SHARE, TermKind.SD]
    rank = {str(kind): place for place, kind in enumerate(order)}
    rows = rows.assign(rank=rows["kind"].map(rank)).sort_values(["study_id", "arm_id", "month", "rank"], kind="stable")
    key = ["study_id", "arm_id", "score", "month"]
    location = rows["kind"].isin([TermKind.CHANGE, TermKind.FINAL, TermKind.MEDIAN, TermKind.PERCENT_CHANGE])
    first = rows[location].drop_duplicates(key)
    spreads = rows[rows["kind"] == TermKind.SD].drop_duplicates(key)
    told = set(zip(*(first[column] for column in key), strict=True))
    shares = rows[rows["kind"] == TermKind.SHARE].drop_duplicates(["study_id", "arm_id", "rule", "month"])
    shares = shares[[row not in told for row in zip(*(shares[column] for column in key), strict=True)]]
    joined = pd.concat([first, shares, spreads]).sort_values(["study_id", "arm_id", "month", "rank"], kind="stable")
    return joined.drop(columns="rank")


def _differences(
    evidence: Evidence,
    assumed: Assumptions,
    arms: Mapping[tuple[str, str], Arm],
    rows: Any,
    left: list[dict[str, Any]],
) -> list[dict[str, Any]]:
    """Return differences that papers print, where no number of either arm tells the same; why not of the others."""
    group_of = {row["study_id"]: row["overlap_group"] or row["study_id"] for row in evidence.studies.to_dict("records")}
    own: Any = evidence.arms[evidence.arms["is_pooled"] != "yes"]
    n_arms = own.groupby("study_id").size()
    told = set(zip(rows["study_id"], rows["arm_id"], rows["score"].map(family), rows["month"].round(1), strict=True))
    speaks: dict[str, str] = {}  # of studies that share patients, the one that has numbers
    for study in rows["study_id"].unique():
        speaks.setdefault(group_of[study], study)
    found = []
    for row in published_contrasts(evidence, assumed.standard_error_factor).to_dict("records"):
        if row["source"] != ContrastSource.TRIAL:
            continue  # a review's pool of trials has no arms
        study = str(row["study_id"])
        first, second = (_arm_that_received(evidence, arms, study, row[word]) for word in ("treatment", "comparator"))
        reason, score = _why_no_difference(row, first, second, told)
        other = speaks.get(group_of[study], study)
        if not reason and other != study:
            reason = f"shares patients with {other}"
        if reason or first is None or second is None:
            words = {"arm_id": f"{row['treatment']} against {row['comparator']}",
                     "outcome": f"difference in {row['outcome']}"}  # fmt: skip
            left.append({"study_id": study, **words, "month": row["month"], "reason": reason})
            continue
        speaks[group_of[study]] = study
        found.append(
            {
                "study_id": study, "arm_id": first.arm_id, "versus_id": second.arm_id, "cause": str(first.cause),
                "month": row["month"], "score": score, "rule": "", "kind": str(TermKind.DIFFERENCE),
                "observed": row["estimate"], "se": row["se"], "n": row["n"] * 2 / n_arms[study],
                "intervention": str(row["treatment"]), "is_cells": first.is_cells,
                "is_controlled": first.is_controlled, "is_open": first.is_open,
            }
        )  # fmt: skip
    return found


def _why_no_difference(
    row: Mapping[str, Any], first: Arm | None, second: Arm | None, told: set[Any]
) -> tuple[str, str]:
    """Return why a printed difference is no term ("" where it is), and its score."""
    if first is None or second is None or first.cause is None:
        return "its arms are not told apart" if first is None or second is None else first.why_not, ""
    score = score_of(row["outcome"], row["instrument"], first.cause)
    visit = family(str(score)), round(row["month"], 1)
    reasons = {
        first.why_not or second.why_not: bool(first.why_not or second.why_not),
        "the model has no such score": score is None,
        f"after {HORIZON_MONTHS:g} months": row["month"] > HORIZON_MONTHS,
        "numbers of its arms are there": bool({(*first.key, *visit), (*second.key, *visit)} & told),
    }
    return next((reason for reason, holds in reasons.items() if holds), ""), str(score)


def _arm_that_received(
    evidence: Evidence, arms: Mapping[tuple[str, str], Arm], study: str, treatment: str
) -> Arm | None:
    """Return the one arm of a study with a treatment, or None where none or several have it."""
    own: Any = evidence.arms[evidence.arms["study_id"] == study]
    name = treatment.removeprefix("other: ")
    is_it = (own["arm_id"] == name) if name != treatment else (own["intervention"] == treatment)
    chosen = own.loc[is_it, "arm_id"].tolist()
    return arms[study, chosen[0]] if len(chosen) == 1 else None


def family(score: str) -> str:
    """Return the family of a score: leg pain, back pain, disability by any instrument, or itself."""
    return "disability" if score in (Score.DISABILITY, Score.ROLAND_MORRIS) else score


def baselines_at_entry(scaled: pd.DataFrame, arms: Sequence[Arm], evidence: Evidence) -> pd.DataFrame:
    """Return what each arm printed at month 0 on scores of the model; the study's other arms stand in for it."""
    at_entry: Any = scaled[(scaled["month"] == 0) & scaled["usable"]]
    at_entry = at_entry[at_entry["statistic"].isin([Statistic.MEAN, Statistic.MEDIAN])]
    at_entry = at_entry[at_entry["outcome"].isin(SCORES)]
    n_of = {(a["study_id"], a["arm_id"]): a["n_assigned"] for a in evidence.arms.to_dict("records")}
    found: list[dict[str, Any]] = []
    for place, arm in enumerate(arms):
        of_study = at_entry[at_entry["study_id"] == arm.study_id]
        told: dict[Score, tuple[float, float, bool]] = {}
        for is_own, part in ((True, of_study[of_study["arm_id"] == arm.arm_id]), (False, of_study)):
            for row in part.to_dict("records"):
                score = score_of(row["outcome"], row["instrument"], arm.cause) if arm.cause else None
                if score is None or score in told:
                    continue
                n = row["n"] if not pd.isna(row["n"]) else n_of.get((row["study_id"], row["arm_id"]), np.nan)
                sd = row["spread_sd_0_100"] if not pd.isna(row["spread_sd_0_100"]) else _ASSUMED_SD
                se = sd / np.sqrt(30.0 if pd.isna(n) else n)
                told[score] = float(row["value_0_100"]), float(se), is_own
        found += [
            {"arm": place, "score": str(score), "mean": mean, "se": se, "is_own": is_own}
            for score, (mean, se, is_own) in told.items()
        ]
    return pd.DataFrame(found, columns=["arm", "score", "mean", "se", "is_own"])
