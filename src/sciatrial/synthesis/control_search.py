"""Published control arms like the one that a trial plans: their changes from the start, and why others are left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sciatrial.evidence import ArmEstimates, Evidence, Kind
from sciatrial.foundation import Condition, Outcome, Route, StudyDesign
from sciatrial.synthesis.directness import EPIDURAL
from sciatrial.synthesis.small_pool import SmallPool, SmallPoolPrior, pool_small
from sciatrial.synthesis.treatments import treatment_of

# what the tables hold as changes in points of 100
CONTROL_OUTCOMES = (Outcome.LEG_PAIN, Outcome.BACK_PAIN, Outcome.DISABILITY, Outcome.NUMBNESS)
_COLUMNS = [
    "study_id", "arm_id", "citation", "intervention", "route", "condition", "month", "estimate", "se", "n", "sd",
    "value_rule", "sd_rule", "is_imputed", "figure_from", "differs", "why_not",
]  # fmt: skip
_RECEIVES = "receives"
# a scale of its own beside the one that the outcome is planned on
_OTHER_SCALE: Mapping[str, str] = {Outcome.DISABILITY.value: "rmdq"}


@dataclass(frozen=True)
class ControlSearch:
    """Which published control arms are like the planned one.

    Parameters
    ----------
    outcome
        A word of `CONTROL_OUTCOMES`.
    month, window_months
        The endpoint's, and how far another visit may lie from it, 0 or more.
    intervention, route
        What the planned control receives; sham and saline are one placebo procedure, routes to the root are one.
    conditions
        Of studies whose patients are like the trial's.
    named
        Studies to take although route or condition differ; None: those that are alike, all of them.
    """

    outcome: Outcome
    month: float
    window_months: float
    intervention: str
    route: str | None
    conditions: tuple[Condition, ...]
    named: tuple[str, ...] | None = None


def control_arms(evidence: Evidence, estimates: ArmEstimates, search: ControlSearch) -> pd.DataFrame:
    """Return every control arm that measured the outcome, used or not.

    Parameters
    ----------
    evidence
        Checked tables.
    estimates
        What `arm_estimates` made of them; a mean with a baseline is a change there.
    search
        What is looked for.

    Returns
    -------
    pandas.DataFrame
        One row an arm, by its change at the visit nearest to the month (the earlier of two): ``study_id, arm_id,
        citation, intervention, route, condition, month, estimate, se, n, sd`` (points of 100, negative is an
        improvement), ``value_rule, sd_rule, is_imputed, figure_from``, ``differs`` (how an arm that is used though
        named differs) and ``why_not`` (empty: it is used).
    """
    studies = evidence.studies.set_index("study_id")
    outcomes = evidence.outcomes.loc[evidence.outcomes["outcome"] == search.outcome]
    measured = set(zip(outcomes["study_id"], outcomes["arm_id"], strict=True))
    wanted = treatment_of({"intervention": search.intervention, "arm_id": ""})
    rows = []
    for arm in evidence.arms.to_dict("records"):
        is_like = treatment_of(arm) == wanted
        is_asked = arm["study_id"] in (search.named or ())
        if (arm["study_id"], arm["arm_id"]) not in measured or arm["is_pooled"] == "yes":
            continue
        if not is_like and (arm["role"] != "control" or arm["intervention"] == "cell_therapy"):
            continue
        study = studies.loc[arm["study_id"]].to_dict()
        change, why = _change(estimates, arm, search)
        unlike = _unlike(arm, study, search)
        reasons = [] if is_like else [f"{_RECEIVES} {arm['intervention']}, not {wanted}".replace("_", " ")]
        if search.named is not None and not is_asked:
            reasons.append("not named by the study")
        if search.named is None:
            reasons += unlike
        if study["design"] != StudyDesign.RCT:
            reasons.append(f"design {study['design']}, not randomised".replace("_", " "))
        reasons += [why] if why else []
        told = {
            "study_id": arm["study_id"], "arm_id": arm["arm_id"], "citation": study["citation"],
            "intervention": arm["intervention"], "route": arm["route"], "condition": study["condition"],
            "differs": "" if reasons else "; ".join(unlike), "why_not": "; ".join(reasons),
        }  # fmt: skip
        rows.append(told | change)
    # those that are used come first, then those that receive the same
    rows.sort(key=lambda row: (row["why_not"] != "", str(row["why_not"]).startswith(_RECEIVES), row["study_id"]))
    return pd.DataFrame(rows, columns=_COLUMNS)


def _change(estimates: ArmEstimates, arm: Mapping[str, Any], search: ControlSearch) -> tuple[dict[str, Any], str]:
    """Return the columns of the arm's change at the nearest visit, and why it has none."""
    empty = dict.fromkeys(("month", "estimate", "se", "n", "sd"), np.nan) | {
        "value_rule": "", "sd_rule": "", "is_imputed": False, "figure_from": "",
    }  # fmt: skip
    rows: Any = estimates.rows
    mine = rows[
        (rows["study_id"] == arm["study_id"]) & (rows["arm_id"] == arm["arm_id"]) & (rows["outcome"] == search.outcome)
    ]
    other = _OTHER_SCALE.get(search.outcome)
    if other is not None:
        mine = mine[~mine["instrument"].str.startswith(other)]
    changes = mine[mine["kind"] == Kind.CHANGE]
    if changes.empty:
        return empty, "a mean without its baseline" if len(mine) else "no number that can be used"
    away = (changes["month"] - search.month).abs()
    found = changes.assign(away=away).sort_values(["away", "month"]).iloc[0]
    told = {name: found[name] for name in empty}
    if found["away"] > search.window_months:
        return (
            told,
            f"nearest visit is month {found['month']:g}, not within {search.window_months:g} of {search.month:g}",
        )
    return told, ""


def _unlike(arm: Mapping[str, Any], study: Mapping[str, Any], search: ControlSearch) -> list[str]:
    """Return how an arm differs from the planned one in route and patients."""
    unlike = []
    if search.route is not None and not _same_route(str(arm["route"]), search.route):
        unlike.append(f"route {arm['route'] or 'not reported'}, not {search.route}".replace("_", " "))
    if study["condition"] not in search.conditions:
        unlike.append(f"patients with {study['condition']}".replace("_", " "))
    return unlike


def _same_route(theirs: str, ours: str) -> bool:
    return theirs == ours or {Route(theirs) if theirs else None, Route(ours)} <= set(EPIDURAL)


def study_changes(arms: pd.DataFrame) -> pd.DataFrame:
    """Join the used arms of each study by their precision.

    Returns
    -------
    pandas.DataFrame
        ``study_id, estimate, se, n, sd``; sd is that of all patients about their arm's mean, weighted by n.
    """
    rows = []
    used: Any = arms[arms["why_not"] == ""]
    for study, mine in used.groupby("study_id", sort=False):
        weight = mine["se"].to_numpy(float) ** -2.0
        n, sd = mine["n"].to_numpy(float), mine["sd"].to_numpy(float)
        rows.append(
            {"study_id": study, "estimate": float(weight @ mine["estimate"].to_numpy(float) / weight.sum()),
             "se": float(weight.sum() ** -0.5), "n": float(n.sum()), "sd": float(np.sqrt(n @ sd**2 / n.sum()))}
        )  # fmt: skip
    return pd.DataFrame(rows, columns=["study_id", "estimate", "se", "n", "sd"])


def pooled_control(changes: pd.DataFrame, between_trial_sd: float) -> SmallPool:
    """Pool the changes of studies, each trial's true mean about their mean with a half-normal standard deviation.

    Parameters
    ----------
    changes
        As of `study_changes`, one row or more.
    between_trial_sd
        Scale of the half-normal, above 0.
    """
    return pool_small(changes["estimate"], changes["se"] ** 2, prior=SmallPoolPrior(tau_scale=between_trial_sd))
