"""Facts about how the illness goes → terms of the likelihood.

Trials of pain say little about resorption, weakness, recurrence or the course of a narrow canal; cohorts and reviews
do. A fact is a row of the evidence tables, known by its slug; `facts_simulated` predicts it.

Left out are pooled effects of treatments and numbers that an arm prints too (the terms of the trials have them), second
reviews and second reports of the same patients, cohorts of which a share was operated, ratios between kinds of patient,
and whatever the model has no score for. ``why`` in ``tables/facts.csv`` says how a fact is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sciatrial.calibration.facts_simulated import (
    AMONG,
    LEAST_PERCENT,
    MOST_PERCENT,
    OUTPUTS,
    SCENES,
    STATISTICS,
    transformed,
)
from sciatrial.foundation import WEEKS_PER_MONTH, CalibrationError, Problem, unknown_word

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sciatrial.evidence import Evidence

_NUMBERS = ("since", "months", "threshold", "returns_at", "looks_in_a_row", "n", "spread")
_WIDTH_OF_95 = 2 * 1.96

_SCALES: Mapping[str, str] = MappingProxyType(
    {"percent": "logit", "half_by_then": "logit", "ratio": "log", "points": "identity"}
)
_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "scene": tuple(SCENES),
        "statistic": tuple(STATISTICS),
        "among": AMONG,
        "score": OUTPUTS,
        "look": ("true", "measured"),
        "scale": tuple(_SCALES),
        "se_from": ("interval", "binomial", "spread"),
    }
)


@dataclass(frozen=True, repr=False, eq=False)
class FactTerms:
    """Facts that enter the likelihood, one row a fact.

    `rows` has ``fact`` (its slug in the evidence tables), ``studies`` (a tuple: the studies of the tables that stand
    behind it), ``cause``, ``observed`` and ``se`` on the transformed scale, ``transform`` (``logit`` of a share,
    ``log`` of a ratio, ``identity`` of points of 100), ``printed`` (percent, ratio or points), ``why``, and the words
    and numbers of ``tables/facts.csv`` that say how it is predicted; times in months after entry.
    """

    rows: pd.DataFrame

    def __len__(self) -> int:
        return len(self.rows)

    def table(self) -> pd.DataFrame:
        """Return the facts, one row each."""
        return self.rows

    def __repr__(self) -> str:
        causes = ", ".join(f"{count} {cause}" for cause, count in self.rows["cause"].value_counts().items())
        return f"FactTerms: {len(self.rows)} facts ({causes})"


def read_fact_rows() -> pd.DataFrame:
    """Return the shipped table: which facts enter, and how each is predicted.

    Returns
    -------
    pandas.DataFrame
        One row a fact: its slug and ``studies`` (ids with semicolons between them); ``scene``, ``arm``, ``statistic``
        of ``score`` as it is or as it is ``measured``, ``among`` whom; ``since`` and ``months`` after entry,
        ``threshold`` and ``returns_at`` in points of 100 (percent of volume for a herniation). ``scale`` of what is
        printed: ``percent``, ``ratio``, ``points``, or ``half_by_then`` for a median time. ``se_from``: the printed
        ``interval``, the ``binomial`` of ``n`` patients, or the ``spread`` alone, which is added to each and has the
        unit of the scale (a logarithm for a ratio). Numbers are float, NaN where empty, and all else text.
    """
    with files("sciatrial.calibration").joinpath("tables", "facts.csv").open(encoding="utf-8") as file:
        text = pd.read_csv(file, dtype=str, keep_default_na=False)
    return text.assign(**{name: pd.to_numeric(text[name]) for name in _NUMBERS})


def fact_terms(evidence: Evidence, table: pd.DataFrame | None = None) -> FactTerms:
    """Turn facts of the evidence tables into terms.

    Parameters
    ----------
    evidence
        Checked tables; each fact is looked up by its slug in the facts, then in the parameters.
    table
        Which facts, as `read_fact_rows` returns them; None takes the shipped ones.

    Returns
    -------
    FactTerms
        The standard error joins what is printed (or the binomial of ``n``) and ``spread``, by which cohorts or
        definitions differ, and is √k times as large where k facts come from the same patients (``cohort``).

    Raises
    ------
    CalibrationError
        With every slug, study or word that is not known, and every number that is missing.
    """
    table = read_fact_rows() if table is None else table
    printed = printed_rows(evidence)
    problems = _problems(table, printed, set(evidence.studies["study_id"]))
    if problems:
        raise CalibrationError("tables/facts.csv of the calibration", problems)
    facts_of_cohort = Counter(table["cohort"])
    rows = []
    for row in table.to_dict("records"):
        source = printed[row["fact"]]
        behind = studies_behind(evidence, row["studies"], source)
        sharing = facts_of_cohort[row["cohort"]] if row["cohort"] else 1
        rows.append({**row, "studies": behind, "cause": str(SCENES[row["scene"]].cause), **_term(row, source, sharing)})
    return FactTerms(pd.DataFrame(rows))


def held_out(facts: FactTerms, studies: Iterable[str]) -> NDArray[np.bool_]:
    """Return which facts rest on any of these studies and fall away with them; dims ``fact``."""
    gone = set(studies)
    return np.array([not gone.isdisjoint(behind) for behind in facts.rows["studies"]], dtype=bool)


def printed_rows(evidence: Evidence) -> dict[str, Mapping[str, Any]]:
    """Return slug → its row of the evidence tables; a slug of facts and parameters is that of the facts."""
    tables = (evidence.parameters, evidence.facts)
    return {row["name"]: row for table in tables for row in table.to_dict("records")}


def _problems(table: pd.DataFrame, printed: Mapping[str, Mapping[str, Any]], studies: set[str]) -> list[Problem]:
    problems = []
    for number, row in enumerate(table.to_dict("records"), start=2):
        where = f"row {number}, {row['fact']}"
        if row["fact"] not in printed:
            problems.append(unknown_word(f"row {number}: fact", row["fact"], printed, "slug of the evidence tables"))
        elif not np.isfinite(_term(row, printed[row["fact"]], 1)["se"]):
            found = "the evidence tables print too little for its value and standard error"
            problems.append(
                Problem(where, found, "a value, or low and high; n for a binomial, both ends of an interval")
            )
        known_words = {**_WORDS, "arm": SCENES[row["scene"]].arms} if row["scene"] in SCENES else _WORDS
        for column, known in known_words.items():
            if row[column] not in known:
                problems.append(unknown_word(f"{where}: {column}", row[column], known))
        for column in STATISTICS[row["statistic"]][1] if row["statistic"] in STATISTICS else ():
            if np.isnan(row[column]):
                problems.append(Problem(f"{where}: {column}", "is empty", f"a number: {row['statistic']} needs it"))
        for study in filter(None, row["studies"].split(";")):
            if study not in studies:
                problems.append(unknown_word(f"{where}: studies", study, studies, "study"))
    return problems


def _printed_value(source: Mapping[str, Any]) -> float:
    return (source["low"] + source["high"]) / 2 if np.isnan(source["value"]) else float(source["value"])


def _n(row: Mapping[str, Any], source: Mapping[str, Any]) -> float:
    return float(source.get("n", np.nan)) if np.isnan(row["n"]) else float(row["n"])


def _term(row: Mapping[str, Any], source: Mapping[str, Any], facts_of_cohort: int) -> dict[str, Any]:
    """Return what is observed, on both scales, and its standard error; for a median time also its months."""
    transform = _SCALES.get(row["scale"], "identity")
    value, low, high, n = _printed_value(source), source["low"], source["high"], _n(row, source)
    timing: dict[str, float] = {}
    if row["scale"] == "half_by_then":
        # a median time says that half have got there by then
        timing = {"months": value / WEEKS_PER_MONTH if source["unit"] == "weeks" else value}
        value = 50.0
    sampling = 0.0
    if row["se_from"] == "interval":
        width = np.log(high / low) if transform == "log" else high - low
        sampling = float(width) / _WIDTH_OF_95
    elif row["se_from"] == "binomial":
        held = (value / 100 * n + 1) / (n + 2)
        sampling = 100 * float(np.sqrt(held * (1 - held) / n))
    se = float(np.hypot(sampling, row["spread"]) * np.sqrt(facts_of_cohort))
    if transform == "logit":
        share = np.clip(value, LEAST_PERCENT, MOST_PERCENT) / 100
        se = se / 100 / float(share * (1 - share))
    return {
        **timing,
        "n": n,
        "printed": value,
        "transform": transform,
        "observed": transformed(transform, value),
        "se": se,
    }


def studies_behind(evidence: Evidence, named: str, source: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the studies that stand behind a row of the evidence tables.

    Parameters
    ----------
    evidence
        The tables with the studies.
    named
        Ids with semicolons between them that stand behind it in any case.
    source
        A row of the facts or parameters.

    Returns
    -------
    tuple
        The studies that are named, those of the same paper, and whoever shares patients with them.
    """
    paper, studies = _digits_or_doi(source["doi_or_pmid"]), evidence.studies.to_dict("records")
    behind = [
        study
        for study in studies
        if study["study_id"] in named.split(";")
        or source["citation"] == study["citation"]
        or (source["source_url"] and source["source_url"] == study["source_url"])
        or (paper and paper in (_digits_or_doi(study["doi"]), _digits_or_doi(study["pmid"])))
    ]
    groups = {study["overlap_group"] for study in behind} - {""}
    behind += [study for study in studies if study["overlap_group"] in groups]
    return tuple(sorted({str(study["study_id"]) for study in behind}))


def _digits_or_doi(text: str) -> str:
    return str(text).strip().lower().removeprefix("pmid").strip(" :")
