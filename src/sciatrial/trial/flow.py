"""Who was where in one trial: screened, randomised, treated, followed, analysed (the flow of CONSORT 2025)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.trial.aims import Strategy
from sciatrial.trial.analysed import Analysed
from sciatrial.trial.conducted import Conducted
from sciatrial.trial.design import Design
from sciatrial.trial.estimand import after_rescue


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
        missed_endpoint`` (still there, not seen at that visit), ``left_later, rescued_before_endpoint, analysed,
        with_endpoint`` (has a value at the endpoint), ``not_analysed`` (reason → number).
    """
    occasion = 1 + design.visits_months.index(design.endpoint.month)
    stayed = trial.is_observed if trial.has_stayed is None else trial.has_stayed
    solved, observed = trial.is_solved, trial.is_observed
    here = solved & stayed[:, occasion]
    used = analysed.is_used
    at_end = np.isfinite(analysed.values[:, [item == occasion for item in analysed.occasions]]).any(axis=1)
    reasons = _why_not_analysed(design, trial, analysed)
    rescued = after_rescue(trial.rescued)[:, occasion]

    flow: dict[str, dict[str, Any]] = {}
    for index, arm in enumerate(design.arms):
        mine = trial.assigned == index
        untreated = int((mine & np.isnan(first_days)).sum())
        flow[arm] = {
            "allocated": int(mine.sum()),
            "received": int(mine.sum()) - untreated,
            "not_received": {why[arm]: untreated} if untreated else {},
            "unsolved": int((mine & ~solved).sum()),
            "left_before_endpoint": int((mine & solved & ~stayed[:, occasion]).sum()),
            "missed_endpoint": int((mine & here & ~observed[:, occasion]).sum()),
            "left_later": int((mine & here & ~stayed[:, -1]).sum()),
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
    stayed = trial.is_observed if trial.has_stayed is None else trial.has_stayed
    seen, there = trial.is_observed[:, occasions].any(axis=1), stayed[:, occasions].any(axis=1)
    told = np.where(there, "missed the visits that the analysis uses", "left before the visits that it uses")
    if len(occasions) == 1:
        told = np.where(there, "missed the visit of the endpoint", "left before the endpoint")
    told = told.astype(object)
    left_out = design.estimand.rescue in (Strategy.HYPOTHETICAL, Strategy.PRINCIPAL_STRATUM)
    # seen, and yet without a value: the estimand uses none after rescue, or nobody of the arm was seen at the endpoint
    told[seen] = "took rescue before" if left_out else "nobody of the arm was seen at the endpoint"
    if left_out:
        told[seen & ~after_rescue(trial.rescued)[:, occasions].any(axis=1)] = (
            "nobody of the arm was seen at the endpoint"
        )
    told[~trial.is_solved] = "could not be solved (a failure of the simulation)"
    return told
