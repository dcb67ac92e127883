"""Outcomes of the same trials together: their errors are correlated, and a trial that tells one informs the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from sciatrial.evidence import Assumptions, Evidence
from sciatrial.foundation import EvidenceError, Outcome, Problem
from sciatrial.synthesis.comparison import synthesise_many
from sciatrial.synthesis.heterogeneity import TauMethod
from sciatrial.synthesis.multilevel import Unstructured, WithinStudy, pool_multilevel
from sciatrial.synthesis.question import RESPONDER, Question
from sciatrial.synthesis.trial_arms import PAIN

CORRELATIONS = (0.2, 0.4, 0.6)
_FEWEST_FOR_UNSTRUCTURED = 4


def pool_jointly(
    evidence: Evidence,
    question: Question | None = None,
    *,
    outcomes: Sequence[str] = (PAIN, Outcome.DISABILITY.value),
    assumptions: Assumptions | None = None,
    correlations: Sequence[float] = CORRELATIONS,
) -> pd.DataFrame:
    """Pool several outcomes of one comparison and visit in one model, under several correlations.

    Parameters
    ----------
    evidence
        Checked tables.
    question
        Treatment, comparator and visit; its outcome is not read.
    outcomes
        Scores in points of 100; two or more.
    assumptions
        What the tables do not settle; its `correlation_over_outcomes` is tried too.
    correlations
        Of the sampling errors of two outcomes of one trial, 0 to below 1. No table tells it, so several are tried.

    Returns
    -------
    pandas.DataFrame
        ``outcome, correlation, estimate, low, high, tau, n_trials`` by REML with normal intervals; one row for each
        outcome and correlation. With four trials or more of every outcome the true effects have a free covariance over
        outcomes, below that one spread and a correlation of 1/2. Empty when an outcome has no trial.

    Raises
    ------
    EvidenceError
        For responders, whose scale is another, or fewer than two outcomes.
    """
    if len(outcomes) < 2 or RESPONDER in outcomes:
        what = Problem("outcomes", ", ".join(outcomes) or "none", "two scores or more in points of 100")
        raise EvidenceError("pooling several outcomes", what)
    asked, assumed = question or Question(), assumptions or Assumptions()
    questions = [replace(asked, outcome=outcome) for outcome in outcomes]
    answers = synthesise_many(evidence, questions, assumptions=assumed, with_sensitivity=False)
    columns = ["outcome", "correlation", "estimate", "low", "high", "tau", "n_trials"]
    if any(answer.unanswered for answer in answers):
        return pd.DataFrame(columns=columns)
    rows: Any = pd.concat(
        [answer.studies.assign(asked=outcome) for outcome, answer in zip(outcomes, answers, strict=True)],
        ignore_index=True,
    )
    made = [
        row
        for correlation in sorted({*correlations, assumed.correlation_over_outcomes})
        for row in _fit(rows, list(outcomes), correlation)
    ]
    return pd.DataFrame(made, columns=columns)


def _fit(rows: Any, outcomes: list[str], correlation: float) -> list[dict[str, Any]]:
    study, outcome, se = rows["study"].to_numpy(), rows["asked"].to_numpy(), rows["se"].to_numpy(dtype=float)
    same_study = study[:, None] == study[None, :]
    between = np.where(outcome[:, None] == outcome[None, :], 1.0, correlation)
    covariance = np.where(same_study, between, 0.0) * np.outer(se, se)
    counts = {name: int((outcome == name).sum()) for name in outcomes}
    if min(counts.values()) >= _FEWEST_FOR_UNSTRUCTURED:
        spread: Any = Unstructured("tau", study.tolist(), outcome.tolist())
    else:
        spread = WithinStudy("tau", study.tolist(), outcome.tolist())
    design = np.column_stack([(outcome == name).astype(float) for name in outcomes])
    fitted = pool_multilevel(
        rows["estimate"].to_numpy(dtype=float), covariance, [spread], moderators=design, has_constant=False,
        method=TauMethod.REML,
    )  # fmt: skip
    return [
        {"outcome": name, "correlation": correlation, "estimate": fitted.coefficients[place], "low": fitted.low[place],
         "high": fitted.high[place], "tau": _tau(fitted.components, name), "n_trials": counts[name]}
        for place, name in enumerate(outcomes)
    ]  # fmt: skip


def _tau(components: dict[str, float], outcome: str) -> float:
    """Return the spread between trials of an outcome: its own, or the one of all."""
    return float(np.sqrt(components.get(f"tau[{outcome}]", components.get("tau", np.nan))))
