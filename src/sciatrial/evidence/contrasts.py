"""Differences between arms that a paper prints as such: rows of the facts table, with the arms that they compare."""

from __future__ import annotations

from enum import StrEnum
from importlib.resources import files
from math import isnan
from typing import Any

import pandas as pd

from sciatrial.evidence.published import Evidence
from sciatrial.foundation import EvidenceError, Intervention, Outcome, Problem

_FILE = "published_contrasts.csv"
_COLUMNS = [
    "name", "study_id", "treatment", "comparator", "outcome", "month", "estimate", "se", "source", "n", "population",
    "citation", "figure_from", "note",
]  # fmt: skip
_OF_FACT = ("n", "population", "citation", "figure_from")


class ContrastSource(StrEnum):
    """Whether a printed difference is of one trial or of a review's pool of trials."""

    TRIAL = "trial"
    REVIEW = "review"


def published_contrasts(evidence: Evidence) -> pd.DataFrame:
    """Return the differences between arms that the facts table holds, in points of 100.

    Which arms and which visit a row compares is written in ``published_contrasts.csv`` beside this file; the number is
    that of the facts table. Differences as treated, without an interval, or of something else than pain and disability
    are not in the list.

    Parameters
    ----------
    evidence
        Checked tables; facts that are not there are left out.

    Returns
    -------
    pandas.DataFrame
        ``name, study_id`` ("" for a review), ``treatment, comparator, outcome, month, estimate`` (negative: less pain
        or disability under treatment), ``se`` (from the 95 % interval), ``source, n, population, citation,
        figure_from, note``.

    Raises
    ------
    EvidenceError
        When a listed fact stands twice, or has no interval.
    """
    with files("sciatrial.evidence").joinpath(_FILE).open(encoding="utf-8") as file:
        listed = pd.read_csv(file, keep_default_na=False)
    rows, problems = [], []
    facts: Any = evidence.facts[evidence.facts["name"].isin(listed["name"])]
    for item in listed.to_dict("records"):
        same = facts[facts["name"] == item["name"]]
        if same.empty:
            continue
        where = f"facts.csv, {item['name']}"
        if len(same) > 1:
            problems.append(Problem(where, f"stands {len(same)} times", "one row", "delete one"))
            continue
        fact = same.iloc[0]
        if isnan(fact["low"]) or isnan(fact["value"]):
            problems.append(Problem(where, "has no 95 % interval", "value, low and high", "give them, or delist it"))
            continue
        scale = float(item["points_per_unit"])
        rows.append(
            {**{key: item[key] for key in ("name", "study_id", "note")},
             "treatment": Intervention(item["treatment"]).value, "comparator": Intervention(item["comparator"]).value,
             "outcome": Outcome(item["outcome"]).value, "month": float(item["month"]),
             "estimate": fact["value"] * scale, "se": abs(scale) * (fact["high"] - fact["low"]) / (2 * 1.959964),
             "source": ContrastSource(item["source"]).value, **{key: fact[key] for key in _OF_FACT}}
        )  # fmt: skip
    if problems:
        raise EvidenceError("published contrasts", problems)
    return pd.DataFrame(rows, columns=_COLUMNS)
