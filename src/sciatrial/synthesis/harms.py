"""Adverse events of a treatment: how often in its arms, and against control, with no event anywhere told as a bound."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sciatrial.evidence import Evidence
from sciatrial.foundation import Intervention, Route, SafetyEvent, StudyDesign
from sciatrial.synthesis.effect_sizes import ArmCounts
from sciatrial.synthesis.rare_events import exact_rate, rare_effect, rare_rate
from sciatrial.synthesis.treatments import CELLS, PLACEBO_PROCEDURE, treatment_of

# what did not happen to the patient but was done with them
_NOT_HARMS = (
    SafetyEvent.CROSSOVER_TO_SURGERY, SafetyEvent.HAD_ASSIGNED_SURGERY, SafetyEvent.SECOND_INJECTION,
    SafetyEvent.DROPOUT,
)  # fmt: skip
_CONTROLLED = (StudyDesign.RCT, StudyDesign.CONTROLLED_NONRANDOMISED)
_SMALLEST_N = 2


def pool_harms(evidence: Evidence, *, treatment: str = CELLS, comparator: str = PLACEBO_PROCEDURE) -> pd.DataFrame:
    """Pool every adverse event of a treatment.

    Parameters
    ----------
    evidence
        Checked tables. Of arms that share patients, and of an arm beside a row that joins it, each patient counts once;
        case reports, pools of the literature, cells given at an open operation, patients as treated and events before
        the treatment do not count.
    treatment, comparator
        As `treatment_of` names them.

    Returns
    -------
    pandas.DataFrame
        One row an event: ``event, n_arms, n_with_event, n_at_risk, percent, low, high`` (of a typical arm: binomial
        with a normal spread between arms on the logit; without any event `percent` is NaN and `high` the exact
        one-sided 95 % bound of all patients together), ``new_low, new_high`` (an arm not seen yet), ``odds_ratio,
        odds_ratio_low, odds_ratio_high, n_trials`` (randomised, exact conditional likelihood; NaN where no trial has
        an event), ``followup_months`` (longest), ``arms, note``.
    """
    rows = _counted(evidence)
    rows = rows.assign(treatment=[treatment_of(arm) for arm in rows.to_dict("records")])
    found = []
    for event in SafetyEvent:
        here = rows[(rows["event"] == event) & (rows["treatment"] == treatment)]
        if event in _NOT_HARMS or here.empty:
            continue
        found.append({"event": event.value, **_rate(here), **_odds(rows, event, treatment, comparator)})
    return pd.DataFrame(found)


def _counted(evidence: Evidence) -> Any:
    """Return the counts that can be used: one row an arm and event, no patient twice."""
    arms = evidence.arms[["study_id", "arm_id", "intervention", "cell_type", "route", "is_pooled"]]
    studies = evidence.studies[["study_id", "design", "overlap_group", "n_total"]]
    rows: Any = evidence.safety.merge(arms, on=["study_id", "arm_id"]).merge(studies, on="study_id")
    # a report of one case is written because of its event, and a pool of the literature holds other rows' patients
    is_case = (rows["n_at_risk"] < _SMALLEST_N) | (rows["n_total"] < _SMALLEST_N)
    is_literature = (rows["is_pooled"] == "yes") & ~rows["design"].isin(_CONTROLLED)
    # cells at an open operation carry the operation's harms, and patients as treated chose what they got
    is_operated = (rows["intervention"] == Intervention.CELL_THERAPY) & (rows["route"] == Route.OPERATIVE)
    is_history = rows["where"].str.contains("operated there before")
    is_as_treated = rows["arm_id"].str.startswith("as_treated")
    counts = rows["n_at_risk"].notna() & ~is_case & ~is_literature & ~is_operated & ~is_history & ~is_as_treated
    rows = rows[counts]
    # the longest follow-up of an arm holds the shorter ones
    rows = rows.sort_values("followup_months", na_position="first").drop_duplicates(
        ["study_id", "arm_id", "event"], keep="last"
    )
    single = set(map(tuple, rows.loc[rows["is_pooled"] != "yes", ["study_id", "event"]].to_numpy()))
    joins = rows["is_pooled"] == "yes"
    doubled = joins & np.array(
        [(s, e) in single for s, e in zip(rows["study_id"], rows["event"], strict=True)], dtype=bool
    )
    rows = rows[~doubled]
    # a joined row that is said to hold cells holds them; one of mixed treatments has no treatment of its own
    rows = rows[~((rows["is_pooled"] == "yes") & (rows["intervention"] == Intervention.OTHER))]
    group = rows["overlap_group"].where(rows["overlap_group"] != "", rows["study_id"])
    total = rows.groupby(["study_id", "event"])["n_at_risk"].transform("sum")
    order = rows.assign(group=group, total=total).sort_values("total", ascending=False)
    chosen = order.drop_duplicates(["group", "event"])[["study_id", "event"]]
    return rows.merge(chosen, on=["study_id", "event"])


def _rate(rows: Any) -> dict[str, Any]:
    events, n = rows["n_with_event"].to_numpy(dtype=float), rows["n_at_risk"].to_numpy(dtype=float)
    common = {
        "n_arms": len(rows), "n_with_event": int(events.sum()), "n_at_risk": int(n.sum()),
        "followup_months": float(rows["followup_months"].max()),
        "arms": ", ".join(f"{row['study_id']} {row['arm_id']}" for row in rows.to_dict("records")),
    }  # fmt: skip
    if not events.sum():
        bound = float(exact_rate([0], [n.sum()], confidence=0.9)[1][0])
        return common | {"percent": np.nan, "low": 0.0, "high": 100 * bound, "new_low": np.nan, "new_high": np.nan,
                         "note": "no event: not estimable, 95 % upper bound"}  # fmt: skip
    made = rare_rate(events, n)
    return common | {"percent": 100 * made.median, "low": 100 * made.low, "high": 100 * made.high,
                     "new_low": 100 * made.new_low, "new_high": 100 * made.new_high, "note": made.note}  # fmt: skip


def _odds(rows: Any, event: SafetyEvent, treatment: str, comparator: str) -> dict[str, Any]:
    nothing = {"odds_ratio": np.nan, "odds_ratio_low": np.nan, "odds_ratio_high": np.nan, "n_trials": 0}
    here = rows[(rows["event"] == event) & (rows["design"] == StudyDesign.RCT)]
    sums = here.groupby(["study_id", "treatment"])[["n_with_event", "n_at_risk"]].sum().unstack("treatment")
    sides = [(column, name) for name in (treatment, comparator) for column in ("n_with_event", "n_at_risk")]
    if any(side not in sums.columns for side in sides):
        return nothing
    both = sums[sides].dropna()
    if both.empty or not both[[sides[0], sides[2]]].to_numpy().sum():
        return nothing | {"n_trials": len(both)}
    values = both.to_numpy(dtype=float).T
    made = rare_effect(ArmCounts(values[0], values[1]), ArmCounts(values[2], values[3]))
    return {
        "odds_ratio": float(np.exp(made.median)), "odds_ratio_low": float(np.exp(made.low)),
        "odds_ratio_high": float(np.exp(made.high)), "n_trials": len(both),
    }  # fmt: skip
