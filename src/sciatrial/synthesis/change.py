"""What a new study changes in the pooled results: the same questions before and after."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from sciatrial.evidence import Evidence
from sciatrial.foundation import Outcome
from sciatrial.synthesis.comparison import Pooled, synthesise_many
from sciatrial.synthesis.question import RESPONDER, Question
from sciatrial.synthesis.trial_arms import PAIN

# what a reader of this literature asks of cells
QUESTIONS = tuple(
    Question(outcome, month)
    for outcome in (Outcome.LEG_PAIN.value, PAIN, Outcome.DISABILITY.value, RESPONDER)
    for month in (6, 12, 36)
)


def compare_evidence(before: Evidence, after: Evidence, questions: Sequence[Question] = QUESTIONS) -> pd.DataFrame:
    """Answer the same questions from two sets of tables.

    Parameters
    ----------
    before, after
        Checked tables, without and with a new study.
    questions
        What is asked; default: cells against a placebo procedure at 6 and 12 months.

    Returns
    -------
    pandas.DataFrame
        One row a question: ``comparison, outcome, month, n_studies_before, n_studies_after, effect_before,
        effect_after, interval_before, interval_after`` (numbers NaN and intervals "" where nothing can be pooled), in
        the scale of the result.
    """
    old, new = (synthesise_many(tables, questions, with_sensitivity=False) for tables in (before, after))
    rows = []
    for question, was, now in zip(questions, old, new, strict=True):
        row = {"comparison": f"{question.treatment} against {question.comparator}", "outcome": question.outcome,
               "month": question.month}  # fmt: skip
        for name, pooled in (("before", was), ("after", now)):
            row |= {f"n_studies_{name}": len(pooled.studies), **_told(pooled, name)}
        rows.append(row)
    return pd.DataFrame(rows)


def _told(pooled: Pooled, name: str) -> dict[str, object]:
    if pooled.unanswered:
        return {f"effect_{name}": float("nan"), f"interval_{name}": ""}
    main = pooled.main
    return {f"effect_{name}": main["estimate"], f"interval_{name}": f"{main['low']:.3g} to {main['high']:.3g}"}
