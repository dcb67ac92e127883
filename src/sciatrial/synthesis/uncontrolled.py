"""What happened to patients who were given a treatment, without a control: a course, never an effect."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sciatrial.evidence import Assumptions, Evidence, Kind, arm_estimates
from sciatrial.synthesis.heterogeneity import TauMethod
from sciatrial.synthesis.pool import PooledEffect, Test, pool_effects
from sciatrial.synthesis.treatments import CELLS, treatment_of
from sciatrial.synthesis.trial_arms import PAIN, at_visit, outcome_words


def arm_changes(
    evidence: Evidence,
    *,
    treatment: str = CELLS,
    outcome: str = PAIN,
    month: int = 12,
    assumptions: Assumptions | None = None,
) -> pd.DataFrame:
    """Return the change from the start in every arm of a treatment, controlled or not.

    Natural course, regression to the mean, the placebo response and the treatment are all in it, so it must never stand
    where an effect is asked for. Arms of one study are joined by their precision.

    Parameters
    ----------
    evidence
        Checked tables.
    treatment, outcome, month
        As in `Question`.
    assumptions
        What the tables do not settle.

    Returns
    -------
    pandas.DataFrame
        ``study, design, condition, estimate, se, n, is_imputed``, one row a study.
    """
    rows: Any = arm_estimates(evidence, assumptions).rows
    rows = rows[rows["outcome"].isin(outcome_words(outcome)) & (rows["kind"] == Kind.CHANGE)]
    rows = rows.assign(study=rows["study_id"], treatment=[treatment_of(arm) for arm in rows.to_dict("records")])
    rows = rows[rows["treatment"] == treatment]
    order = {word: place for place, word in enumerate(outcome_words(outcome))}
    made = []
    visits: Any = at_visit(rows, month)
    for study, visit in visits.groupby("study"):
        site = min(set(visit["outcome"]), key=lambda word: order[word])
        arms = visit[visit["outcome"] == site]
        weight = 1 / arms["se"].to_numpy() ** 2
        made.append(
            {"study": study, "design": arms["design"].iloc[0], "condition": arms["condition"].iloc[0],
             "estimate": float(weight @ arms["estimate"].to_numpy() / weight.sum()), "se": float(weight.sum() ** -0.5),
             "n": float(arms["n"].sum()), "is_imputed": bool(arms["is_imputed"].any())}
        )  # fmt: skip
    columns = ["study", "design", "condition", "estimate", "se", "n", "is_imputed"]
    return pd.DataFrame(made, columns=columns)


def pool_changes(changes: pd.DataFrame) -> PooledEffect:
    """Pool the changes of arms by REML with truncated Hartung-Knapp intervals; see `arm_changes` for what it is not."""
    return pool_effects(
        np.asarray(changes["estimate"]), np.asarray(changes["se"]) ** 2, method=TauMethod.REML,
        test=Test.HARTUNG_KNAPP_TRUNCATED,
    )  # fmt: skip
