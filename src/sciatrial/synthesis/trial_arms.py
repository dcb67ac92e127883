"""Arm estimates → the arms of trials that may be compared: one row a trial, treatment and visit."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from sciatrial.evidence import ArmEstimates, ContrastSource, join_groups
from sciatrial.foundation import EvidenceError, Outcome, Problem, unknown_word
from sciatrial.synthesis.contrast_network import network_components
from sciatrial.synthesis.treatments import Level, treatment_of

PAIN = "pain"
# the site that a trial of sciatica is about comes first; a trial gives one of them
_PAINS = (Outcome.LEG_PAIN.value, Outcome.PAIN_UNSPECIFIED.value, Outcome.BACK_PAIN.value)
OUTCOMES = (PAIN, *_PAINS, Outcome.DISABILITY.value, Outcome.NUMBNESS.value)
_SIDES = ("treatment", "comparator")
_COLUMNS = [
    "study", "treatment", "month", "estimate", "se", "n", "kind", "outcome", "condition", "route", "dose_million_cells",
    "dose_basis", "cell_type", "donor", "is_randomised", "is_imputed", "source", "arms",
]  # fmt: skip


class StudyChoice(StrEnum):
    """Which studies may speak."""

    RANDOMISED = "randomised"
    CONTROLLED = "controlled"


class Reviews(StrEnum):
    """Whether a review's pool stands in for a comparison of which no trial has a row."""

    LEAVE_OUT = "leave_out"
    STAND_IN = "stand_in"


def outcome_words(outcome: str) -> tuple[str, ...]:
    """Return the outcomes of the tables that a word of `OUTCOMES` stands for, the first choice first.

    Raises
    ------
    EvidenceError
        When there is no such word.
    """
    if outcome not in OUTCOMES:
        raise EvidenceError("synthesis", unknown_word("outcome", outcome, OUTCOMES))
    return _PAINS if outcome == PAIN else (outcome,)


def trial_arms(
    estimates: ArmEstimates,
    published: pd.DataFrame,
    *,
    outcome: str = PAIN,
    level: Level | str = Level.CLASS,
    studies: StudyChoice | str = StudyChoice.RANDOMISED,
    reviews: Reviews | str = Reviews.LEAVE_OUT,
) -> pd.DataFrame:
    """Collect the arms that can be compared within their trials.

    Arms of one treatment in one trial are joined (so two doses of cells against one control are one comparison and the
    control counts once). A difference that a paper prints is its own analysis and comes before its arms' means; it is
    split over two arms: with a baseline of its own for every study, only the difference is information. A trial gives
    `pain` once, at the first site of leg, unspecified and back that it measured at that visit in two arms or more.

    Parameters
    ----------
    estimates
        What `arm_estimates` made.
    published
        What `published_contrasts` gave.
    outcome
        A word of the tables, or "pain".
    level
        How finely treatments are told apart.
    studies
        Only randomised comparisons, or every controlled one (a labelled sensitivity analysis).
    reviews
        Whether a review's pooled difference stands in where no trial compares two treatments.

    Returns
    -------
    pandas.DataFrame
        ``study, treatment, month, estimate`` (points of 100, negative is an improvement where `kind` is "change"),
        ``se, n, kind, outcome, condition, route, dose_million_cells, dose_basis, cell_type, donor, is_randomised,
        is_imputed, source`` ("arms", "trial", "review"), ``arms`` (what was joined); studies with one treatment left
        out; sorted by study and month.
    """
    words = outcome_words(outcome)
    rows: Any = estimates.rows[estimates.rows["outcome"].isin(words)]
    if StudyChoice(studies) is StudyChoice.RANDOMISED:
        rows = rows[rows["is_randomised"]]
    together = rows.groupby(["study_id", "outcome", "month"])["arm_id"].transform("nunique")
    rows = rows[together > 1]
    joined = [_join(group, level) for _, group in rows.groupby(["study_id", "outcome", "month"], sort=False)]
    printed = _printed(published, words, ContrastSource.TRIAL)
    joined = _beside_printed(joined, printed)
    known = (
        _pairs(pd.concat([frame for frame in (*joined, printed) if len(frame)], ignore_index=True)) if joined else set()
    )
    if Reviews(reviews) is Reviews.STAND_IN:
        pooled = _printed(published, words, ContrastSource.REVIEW)
        for _, pair in pooled.groupby("study", sort=False):
            if frozenset(pair["treatment"]) not in known:
                joined.append(pair)
    frame = (
        pd.concat([part for part in (*joined, printed) if len(part)], ignore_index=True)
        if joined or len(printed)
        else None
    )
    if frame is None:
        return pd.DataFrame(columns=_COLUMNS)
    return _one_site(frame, words)


def _join(group: Any, level: Level | str) -> pd.DataFrame:
    """Join the arms of one treatment at one visit of one study."""
    named = group.assign(treatment=[treatment_of(arm, level) for arm in group.to_dict("records")])
    rows = []
    for treatment, arms in named.groupby("treatment", sort=False):
        first = arms.iloc[0]
        estimate, se, n = _joined_numbers(arms)
        one = {
            column: first[column] if arms[column].nunique(dropna=False) == 1 else _nothing(first[column])
            for column in ("route", "dose_million_cells", "dose_basis", "cell_type", "donor")
        }
        rows.append(
            {"study": first["study_id"], "treatment": treatment, "month": first["month"], "estimate": estimate,
             "se": se, "n": n, "kind": first["kind"], "outcome": first["outcome"], "condition": first["condition"],
             **one, "is_randomised": bool(first["is_randomised"]), "is_imputed": bool(arms["is_imputed"].any()),
             "source": "arms", "arms": ", ".join(arms["arm_id"])}
        )  # fmt: skip
    return pd.DataFrame(rows, columns=_COLUMNS)


def _nothing(value: Any) -> Any:
    return "" if isinstance(value, str) else float("nan")


def _joined_numbers(arms: Any) -> tuple[float, float, float]:
    """Return estimate, standard error and n of joined arms; the doubt about a missing spread stays in."""
    if len(arms) == 1:
        return float(arms["estimate"].iloc[0]), float(arms["se"].iloc[0]), float(arms["n"].iloc[0])
    n, estimate, se = (arms[column].to_numpy(dtype=float) for column in ("n", "estimate", "se"))
    if np.isnan(n).any():
        weights = 1 / se**2
        return float(weights @ estimate / weights.sum()), float(weights.sum() ** -0.5), float("nan")
    # an SD that is what the standard error means: its factor for reviews and press included
    total, mean, sd = join_groups(n, estimate, se * np.sqrt(n))
    return mean, float(sd / np.sqrt(total)), total


def _printed(published: pd.DataFrame, words: tuple[str, ...], source: ContrastSource) -> pd.DataFrame:
    """Split each printed difference over two arms; a study's differences share one comparator."""
    rows = []
    chosen: Any = published[published["outcome"].isin(words) & (published["source"] == source.value)]
    chosen = chosen.assign(
        study=np.where(chosen["study_id"] == "", "review: " + chosen["citation"], chosen["study_id"])
    )
    for (study, outcome, month), group in chosen.groupby(["study", "outcome", "month"], sort=False):
        pairs: dict[str, list[tuple[str, float, float]]] = {}
        for item in group.to_dict("records"):
            arm, control = (_named(item[side]) for side in _SIDES)
            if arm != control:  # saline against sham is no comparison here: both are the placebo procedure
                pairs.setdefault(control, []).append((arm, item["estimate"], item["se"]))
        for control, found in pairs.items():
            # no paper tells the control's own error: half of the smallest variance, so that each printed one comes back
            shared = min(se for _, _, se in found) ** 2 / 2
            split = {control: (0.0, np.sqrt(shared))}
            split |= {arm: (estimate, np.sqrt(se**2 - shared)) for arm, estimate, se in found}
            rows += [
                {"study": study, "treatment": treatment, "month": month, "estimate": estimate, "se": se,
                 "n": float("nan"), "kind": "change", "outcome": outcome, "condition": "", "route": "",
                 "dose_million_cells": float("nan"), "dose_basis": "", "cell_type": "", "donor": "",
                 "is_randomised": True, "is_imputed": False, "source": source.value, "arms": "difference as printed"}
                for treatment, (estimate, se) in split.items()
            ]  # fmt: skip
    return pd.DataFrame(rows, columns=_COLUMNS)


def _named(word: str) -> str:
    return word if word.startswith("other: ") else treatment_of({"intervention": word, "arm_id": ""})


def _beside_printed(joined: list[pd.DataFrame], printed: pd.DataFrame) -> list[pd.DataFrame]:
    """Leave out arms of a visit of which the paper prints the difference itself: its own analysis comes first."""
    visits = {(row["study"], row["outcome"]): [] for row in printed.to_dict("records")}
    for row in printed.to_dict("records"):
        visits[row["study"], row["outcome"]].append(row["month"])
    kept = []
    for frame in joined:
        study, outcome, month = frame["study"].iloc[0], frame["outcome"].iloc[0], frame["month"].iloc[0]
        if all(abs(month - other) > _ONE_VISIT for other in visits.get((study, outcome), [])):
            kept.append(frame)
    return kept


# months: a paper's visit in weeks and its row rounded to months are one visit
_ONE_VISIT = 0.3


def _pairs(frame: Any) -> set[frozenset[str]]:
    pairs = set()
    for _, group in frame.groupby(["study", "outcome", "month"]):
        names = sorted(set(group["treatment"]))
        pairs |= {frozenset((a, b)) for place, a in enumerate(names) for b in names[place + 1 :]}
    return pairs


def _one_site(frame: Any, words: tuple[str, ...]) -> pd.DataFrame:
    """Keep visits with two treatments or more, and of several sites the first."""
    kept = []
    order = {word: place for place, word in enumerate(words)}
    for _, visit in frame.groupby(["study", "month"], sort=False):
        sites = [(order[str(word)], site) for word, site in visit.groupby("outcome") if site["treatment"].nunique() > 1]
        if sites:
            kept.append(min(sites, key=lambda pair: pair[0])[1])
    if not kept:
        return pd.DataFrame(columns=_COLUMNS)
    return pd.concat(kept).sort_values(["study", "month", "treatment"]).reset_index(drop=True)


# visits that are read as one, in months: from, up to but not including
VISITS = {1: (0.5, 2.0), 3: (2.0, 4.5), 6: (4.5, 9.0), 12: (9.0, 18.0), 24: (18.0, 30.0), 36: (30.0, 72.0)}


def at_visit(arms: Any, month: float) -> pd.DataFrame:
    """Take of each trial the visit that lies nearest to a month, within its window.

    Parameters
    ----------
    arms
        What `trial_arms` gave.
    month
        A key of `VISITS`, which says what counts as that visit.

    Raises
    ------
    EvidenceError
        When there is no such visit.
    """
    if month not in VISITS:
        expected = ", ".join(f"{known:g}" for known in VISITS)
        raise EvidenceError(
            "synthesis", Problem("month", f"there is no visit {month:g}", expected, "choose one of them")
        )
    low, high = VISITS[int(month)]
    near = arms[(arms["month"] >= low) & (arms["month"] < high)]
    distance = (near["month"] - month).abs()
    nearest_of_study = distance.groupby(near["study"]).transform("min")
    kept = near[distance == nearest_of_study]
    # two visits as near as each other: the later one
    return kept[kept["month"] == kept.groupby("study")["month"].transform("max")].reset_index(drop=True)


def islands_of(arms: Any) -> list[tuple[str, ...]]:
    """Return the treatments that trials join, one tuple an island, the largest first; more than one: not connected."""
    first, second = [], []
    for _, visit in arms.groupby("study"):
        names = sorted(set(visit["treatment"]))
        first += [names[0]] * (len(names) - 1)
        second += names[1:]
    return network_components(first, second) if first else []
