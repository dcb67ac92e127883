"""Who was where in one trial: screened, randomised, treated, followed, analysed (the flow of CONSORT 2025)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.trial.aims import Strategy
from sciatrial.trial.analysed import Analysed
from sciatrial.trial.conducted import Conducted, day_of_end, has_been_there, taken_place
from sciatrial.trial.design import Design
from sciatrial.trial.estimand import after_rescue

_STOPPED_FIRST = "the trial stopped before it"
# why nothing was seen of a patient at the visits that the analysis uses: missed, left, the trial stopped
_MISSED_ONE = ("missed the visit of the endpoint", "left before the endpoint", "the trial stopped before the endpoint")
_MISSED_MANY = (
    "missed the visits that the analysis uses", "left before the visits that it uses",
    "the trial stopped before the visits that it uses",
)  # fmt: skip


def participant_flow(
    design: Design, trial: Conducted, analysed: Analysed, first_days: NDArray[np.float64], why: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """Return the counts of each arm from allocation to analysis.

    Parameters
    ----------
    design, trial
        Everybody who was randomised.
    analysed
        What the final analysis uses.
    first_days, why
        As from `days_treated`.

    Returns
    -------
    dict
        Arm → ``allocated, received, not_received`` (reason → number), ``unsolved, left_before_endpoint,
        stopped_before_endpoint`` (still there when the boundary for harm stopped the trial, that visit still to come),
        ``missed_endpoint`` (still there, not seen at that visit), ``left_later, rescued_before_endpoint, analysed,
        with_endpoint`` (has a value at the endpoint), ``not_analysed`` (reason → number).
    """
    occasion = 1 + design.visits_months.index(design.endpoint.month)
    there, due = has_been_there(trial), taken_place(trial, design.visits_months)
    solved, observed, gone = trial.is_solved, trial.is_observed, due & ~there
    left_before = solved & gone[:, : occasion + 1].any(axis=1)
    here = solved & due[:, occasion] & there[:, occasion]
    used = analysed.is_used
    at_end = np.isfinite(analysed.values[:, [item == occasion for item in analysed.occasions]]).any(axis=1)
    reasons = _why_not_analysed(design, trial, analysed)
    rescued = after_rescue(trial.rescued)[:, occasion]
    never, stopped_first = np.isnan(first_days), first_days > day_of_end(trial)

    flow: dict[str, dict[str, Any]] = {}
    for index, arm in enumerate(design.arms):
        mine = trial.assigned == index
        untreated = {
            reason: int((mine & who).sum())
            for reason, who in ((why[arm], never), (_STOPPED_FIRST, stopped_first))
            if (mine & who).any()
        }
        flow[arm] = {
            "allocated": int(mine.sum()),
            "received": int(mine.sum()) - sum(untreated.values()),
            "not_received": untreated,
            "unsolved": int((mine & ~solved).sum()),
            "left_before_endpoint": int((mine & left_before).sum()),
            "stopped_before_endpoint": int((mine & solved & ~left_before & ~due[:, occasion]).sum()),
            "missed_endpoint": int((mine & here & ~observed[:, occasion]).sum()),
            "left_later": int((mine & here & gone.any(axis=1)).sum()),
            "rescued_before_endpoint": int((mine & rescued).sum()),
            "analysed": int((mine & used).sum()),
            "with_endpoint": int((mine & at_end).sum()),
            "not_analysed": _counted(reasons[mine & ~used]),
        }
    return flow


def _counted(reasons: NDArray[Any]) -> dict[str, int]:
    found, counts = np.unique(reasons.astype(str), return_counts=True)
    return {str(reason): int(count) for reason, count in zip(found, counts, strict=True)}


def _why_not_analysed(design: Design, trial: Conducted, analysed: Analysed) -> NDArray[Any]:
    """Return the first reason, in this order, why a patient has no value in the analysis; dims ``patient``."""
    occasions = sorted({item for item in analysed.occasions if item > 0})
    there, due = has_been_there(trial), taken_place(trial, design.visits_months)
    seen = trial.is_observed[:, occasions].any(axis=1)
    was_there, has_left = (there & due)[:, occasions].any(axis=1), (due & ~there)[:, : occasions[-1] + 1].any(axis=1)
    missed, left, stopped = _MISSED_ONE if len(occasions) == 1 else _MISSED_MANY
    told = np.select([was_there, has_left], [missed, left], stopped).astype(object)
    nobody_seen = "nobody of the arm was seen at the endpoint"
    left_out = design.estimand.rescue in (Strategy.HYPOTHETICAL, Strategy.PRINCIPAL_STRATUM)
    # seen, and yet without a value: the estimand uses none after rescue, or nobody of the arm was seen at the endpoint
    told[seen] = nobody_seen
    if left_out:
        is_surgery = design.rescue is not None and design.rescue.is_surgery
        before = "crossed over to surgery before" if is_surgery else "took rescue before"
        told[seen & after_rescue(trial.rescued)[:, occasions].any(axis=1)] = before
    told[~trial.is_solved] = "could not be solved (a failure of the simulation)"
    return told
