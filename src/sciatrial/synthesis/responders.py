"""Responder shares of the arms that can be compared: one row a trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from sciatrial.evidence import ArmEstimates
from sciatrial.synthesis.question import Question
from sciatrial.synthesis.treatments import Level, treatment_of
from sciatrial.synthesis.trial_arms import StudyChoice, at_visit

# a trial gives one rule a visit: the first of these that it prints for both arms
RULES = (
    "responder_50pct_pain", "composite_50pct_pain_15pt_odi_no_intervention", "responder_50pct_pain_and_odi",
    "responder_50pct_pain_and_disability", "vas20_or_less", "responder_30pct_pain", "vas_2pt_and_odi_10pt",
    "responder_75pct_pain",
)  # fmt: skip
# those that ask for less pain and nothing else
PAIN_RULES = ("responder_50pct_pain", "responder_30pct_pain", "vas20_or_less", "responder_75pct_pain")
_COLUMNS = [
    "study", "month", "rule", "events_treatment", "n_treatment", "events_comparator", "n_comparator", "condition",
    "route", "dose_million_cells", "dose_basis", "cell_type", "donor", "is_imputed", "factor",
]  # fmt: skip


def trial_shares(
    estimates: ArmEstimates, asked: Question, factors: Mapping[str, float] | None = None, *,
    rules: Sequence[str] = RULES, choice: StudyChoice | str = StudyChoice.RANDOMISED,
) -> pd.DataFrame:  # fmt: skip
    """Collect responders by pain of both arms, one rule a trial.

    Parameters
    ----------
    estimates
        What `arm_estimates` made.
    asked
        Treatment, comparator and visit; its outcome is not read.
    factors
        By `figure_from`, what a standard error is multiplied with; None: 1 for all.
    rules
        Which rules may count, the first choice first.
    choice
        Only randomised comparisons, or every controlled one.

    Returns
    -------
    pandas.DataFrame
        ``study, month, rule, events_treatment, n_treatment, events_comparator, n_comparator, factor`` and what
        describes the arm; arms of one treatment are added up.
    """
    level = Level.PRODUCT if ":" in asked.treatment + asked.comparator else Level.CLASS
    rows: Any = estimates.shares
    if StudyChoice(choice) is StudyChoice.RANDOMISED:
        rows = rows[rows["is_randomised"]]
    rows = rows[rows["rule"].isin(rules)]
    rows = rows.assign(
        treatment=[treatment_of(arm, level) for arm in rows.to_dict("records")], study=rows["study_id"],
        order=[rules.index(rule) for rule in rows["rule"]],
    )  # fmt: skip
    made = []
    for (study, rule), group in rows.groupby(["study", "rule"]):
        both = group[group["treatment"].isin([asked.treatment, asked.comparator])]
        months = both.groupby("month")["treatment"].nunique()
        both = both[both["month"].isin(months[months == 2].index)]
        visit = at_visit(both, asked.month)
        if len(visit):
            trust = max((factors or {}).get(word, 1.0) for word in visit["figure_from"])
            made.append((rules.index(str(rule)), str(study), _row(visit, asked) | {"factor": trust}))
    made.sort(key=lambda item: (item[1], item[0]))
    first = {study: row for _, study, row in reversed(made)}
    return pd.DataFrame([first[study] for study in sorted(first)], columns=_COLUMNS)


def _row(visit: Any, asked: Question) -> dict[str, Any]:
    arms = visit[visit["treatment"] == asked.treatment]
    control = visit[visit["treatment"] == asked.comparator]
    first = arms.iloc[0]
    return {
        "study": first["study"], "month": first["month"], "rule": first["rule"],
        "events_treatment": arms["events"].sum(), "n_treatment": arms["n"].sum(),
        "events_comparator": control["events"].sum(), "n_comparator": control["n"].sum(),
        "condition": first["condition"], "route": first["route"],
        "dose_million_cells": first["dose_million_cells"] if len(arms) == 1 else float("nan"),
        "dose_basis": first["dose_basis"], "cell_type": first["cell_type"], "donor": first["donor"],
        "is_imputed": bool(visit["is_imputed"].any()),
    }  # fmt: skip
