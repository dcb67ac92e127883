"""Differences between arms that a paper prints as such, with the arms that they compare."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from importlib.resources import files
from math import isnan
from typing import Any

import pandas as pd

from sciatrial.evidence.assumptions import Assumptions
from sciatrial.evidence.published import Evidence
from sciatrial.foundation import EvidenceError, Intervention, Outcome, Problem

_FILE = "published_contrasts.csv"
_COLUMNS = [
    "name", "study_id", "treatment", "comparator", "outcome", "instrument", "month", "estimate", "se", "source", "n",
    "population", "citation", "figure_from", "note",
]  # fmt: skip
_OF_FACT = ("n", "population", "citation", "figure_from")


class ContrastSource(StrEnum):
    """Whether a printed difference is of one trial or of a review's pool of trials."""

    TRIAL = "trial"
    REVIEW = "review"


def published_contrasts(evidence: Evidence, standard_error_factor: Mapping[str, float] | None = None) -> pd.DataFrame:
    """Return the differences between arms that papers print, in points of 100.

    Which arms and which visit a difference compares is written in ``published_contrasts.csv`` beside this file. The
    number is that of the facts table, or stands in the notes of its study. Differences as treated, without an interval,
    or of something else than pain and disability are not in the list.

    Parameters
    ----------
    evidence
        Checked tables; what is not there is left out.
    standard_error_factor
        By `figure_from`, as in `Assumptions`; None: that of the defaults.

    Returns
    -------
    pandas.DataFrame
        ``name, study_id`` ("" for a review), ``treatment, comparator`` (words of `Intervention`, or "other: ARM"),
        ``outcome, instrument`` (where it decides the score, else ""), ``month, estimate`` (negative: less pain or
        disability under treatment), ``se`` (from the 95 % interval, times the factor), ``source, n, population,
        citation, figure_from, note``.

    Raises
    ------
    EvidenceError
        When a listed fact stands twice, or has no interval.
    """
    factors = Assumptions().standard_error_factor if standard_error_factor is None else standard_error_factor
    with files("sciatrial.evidence").joinpath(_FILE).open(encoding="utf-8") as file:
        listed = pd.read_csv(file, keep_default_na=False, dtype=str)
    rows, problems = [], []
    facts: Any = evidence.facts[evidence.facts["name"].isin(listed["name"])]
    studies = {study["study_id"]: study for study in evidence.studies.to_dict("records")}
    for item in listed.to_dict("records"):
        found = _of_fact(facts, item["name"], problems) if item["name"] else _of_notes(studies, item)
        if found is None:
            continue
        scale = float(item["points_per_unit"])
        rows.append(
            {**{key: item[key] for key in ("name", "study_id", "instrument", "note")},
             "treatment": _treatment(item["treatment"]), "comparator": _treatment(item["comparator"]),
             "outcome": Outcome(item["outcome"]).value, "month": float(item["month"]),
             "estimate": found["value"] * scale,
             "se": abs(scale) * (found["high"] - found["low"]) / (2 * _Z95) * factors[found["figure_from"]],
             "source": ContrastSource(item["source"]).value, **{key: found[key] for key in _OF_FACT}}
        )  # fmt: skip
    if problems:
        raise EvidenceError("published contrasts", problems)
    return pd.DataFrame(rows, columns=_COLUMNS)


_Z95 = 1.959964


def _treatment(word: str) -> str:
    return word if word.startswith("other: ") else Intervention(word).value


def _of_fact(facts: Any, name: str, problems: list[Problem]) -> Mapping[str, Any] | None:
    same = facts[facts["name"] == name]
    where = f"facts.csv, {name}"
    if len(same) > 1:
        problems.append(Problem(where, f"stands {len(same)} times", "one row", "delete one"))
    elif len(same) and (isnan(same["low"].iloc[0]) or isnan(same["value"].iloc[0])):
        problems.append(Problem(where, "has no 95 % interval", "value, low and high", "give them, or delist it"))
    elif len(same):
        return same.iloc[0].to_dict()
    return None


def _of_notes(studies: Mapping[str, Mapping[str, Any]], item: Mapping[str, str]) -> Mapping[str, Any] | None:
    study = studies.get(item["study_id"])
    if study is None:
        return None
    numbers = {key: float(item[key]) for key in ("value", "low", "high")}
    return {**numbers, "n": study["n_total"], "population": study["condition"], "citation": study["citation"],
            "figure_from": study["figure_from"]}  # fmt: skip
