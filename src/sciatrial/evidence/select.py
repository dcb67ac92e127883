"""Outcome rows of interest, joined with their arm and study."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import pandas as pd

from sciatrial.evidence.carriers import carrier_word
from sciatrial.evidence.harmonise import harmonise
from sciatrial.evidence.published import Evidence
from sciatrial.evidence.rows import YesNo
from sciatrial.foundation import (
    CellType,
    Condition,
    EvidenceError,
    Intervention,
    Outcome,
    Problem,
    Route,
    unknown_word,
)

_STUDY_COLUMNS = [
    "study_id",
    "citation",
    "year",
    "doi",
    "pmid",
    "registration",
    "design",
    "blinding",
    "condition",
    "overlap_group",
]
_ARM_COLUMNS = [
    "study_id",
    "arm_id",
    "role",
    "intervention",
    "cell_type",
    "donor",
    "culture_expanded",
    "dose_million_cells",
    "dose_basis",
    "drug_dose",
    "carrier",
    "carrier_word",
    "route",
    "n_doses",
    "n_assigned",
    "is_pooled",
]
_WORDS: Mapping[str, type[StrEnum]] = {
    "cell_type": CellType,
    "route": Route,
    "condition": Condition,
    "outcome": Outcome,
    "intervention": Intervention,
}


def select_outcomes(
    evidence: Evidence,
    *,
    cell_type: str | None = None,
    route: str | None = None,
    condition: str | None = None,
    outcome: str | None = None,
    intervention: str | None = None,
    study: str | None = None,
) -> pd.DataFrame:
    """Find the reported numbers that meet every given word.

    Parameters
    ----------
    evidence
        Checked tables.
    cell_type, route, condition, outcome, intervention
        A word of the tables; None takes all.
    study
        A `study_id`; None takes all.

    Returns
    -------
    pandas.DataFrame
        One row for each outcome row, in the order of the table, usable or not: the columns of `harmonise`, of its arm
        (with `carrier_word`, "" where the text is not clear) and of its study.

    Raises
    ------
    EvidenceError
        With every word that is not known, and the nearest one.
    """
    asked = {
        "cell_type": cell_type,
        "route": route,
        "condition": condition,
        "outcome": outcome,
        "intervention": intervention,
        "study_id": study,
    }
    wanted = {column: str(word) for column, word in asked.items() if word is not None}
    _check_words(evidence, wanted)
    frame = _joined(evidence)
    for column, word in wanted.items():
        frame = frame.loc[frame[column] == word]
    return frame.reset_index(drop=True)


def published_arms(evidence: Evidence, study_id: str) -> pd.DataFrame:
    """Show what one study reported for each of its arms, so that it can stand beside a simulation.

    Parameters
    ----------
    evidence
        Checked tables.
    study_id
        A study of the tables.

    Returns
    -------
    pandas.DataFrame
        Columns as in `select_outcomes`; rows of pooled arms are left out; sorted by outcome, instrument, arm (in the
        order of the table), month. Empty for a study without outcome rows.

    Raises
    ------
    EvidenceError
        When there is no such study.
    """
    frame = select_outcomes(evidence, study=study_id)
    order = {
        arm: number for number, arm in enumerate(evidence.arms.loc[evidence.arms["study_id"] == study_id, "arm_id"])
    }
    frame = frame.loc[frame["is_pooled"] == YesNo.NO]
    return (
        frame.assign(arm_order=[order[arm] for arm in frame["arm_id"]])
        .sort_values(["outcome", "instrument", "arm_order", "month"], kind="stable")
        .drop(columns="arm_order")
        .reset_index(drop=True)
    )


def _joined(evidence: Evidence) -> pd.DataFrame:
    words = [carrier_word(text) for text in evidence.arms["carrier"]]
    arms = evidence.arms.assign(carrier_word=pd.array([word.value if word else "" for word in words], dtype="str"))
    return (
        harmonise(evidence)
        .merge(arms[_ARM_COLUMNS], on=["study_id", "arm_id"], how="left", validate="many_to_one")
        .merge(evidence.studies[_STUDY_COLUMNS], on="study_id", how="left", validate="many_to_one")
    )


def _check_words(evidence: Evidence, wanted: Mapping[str, str]) -> None:
    problems: list[Problem] = []
    for column, word in wanted.items():
        if column == "study_id":
            if word not in set(evidence.studies["study_id"]):
                problem = unknown_word("study", word, evidence.studies["study_id"], "study")
                problems.append(Problem(problem.where, problem.found, "a study_id of studies.csv", problem.next_step))
        elif word not in [known.value for known in _WORDS[column]]:
            problems.append(unknown_word(column, word, _WORDS[column]))
    if problems:
        raise EvidenceError("selection of outcomes", problems)
