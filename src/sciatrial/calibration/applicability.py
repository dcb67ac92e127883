"""For what has the model been tested, and for what not: domains, studies, and verdicts by rule.

A domain is tested where enough studies that the fit never saw were predicted in it. What cells do is known only beside
a control, so only controlled trials of cells count for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from sciatrial.calibration.arms import MAIN_PAIN
from sciatrial.calibration.contrasts import UNTREATED, contrast_pairs
from sciatrial.calibration.questions import QUESTIONS
from sciatrial.calibration.scores import FEWEST_STUDIES, What
from sciatrial.calibration.terms import Terms
from sciatrial.calibration.validation import MECHANISM, Validation
from sciatrial.foundation import Cause, CellType, Intervention, Route, Score

WORSE_SHARE = 0.05  # of the baseline's error, from which a mean is called worse whatever its interval
WANTED_COVERAGE = 0.90


class Verdict(StrEnum):
    """What may be said of a domain."""

    TESTED = "tested"
    MISSES = "tested, and misses"
    UNTESTED = "untested"
    NOT_APPLICABLE = "not applicable"


class Kind(StrEnum):
    """What a domain is about."""

    COURSE = "course without cells"
    CELLS = "effect of cells"
    TREATMENT = "other treatment"
    EXTRAPOLATION = "beyond the data"


RULES = {
    Verdict.NOT_APPLICABLE: "no study at all; for an effect of cells, no trial with a control",
    Verdict.UNTESTED: f"fewer than {FEWEST_STUDIES} such studies, or nobody predicted them without having seen them",
    Verdict.MISSES: "the 95 % interval (over studies) of how often 90 % intervals hold the printed number leaves out "
    "90 %, or the error is larger than a baseline's",
    Verdict.TESTED: "none of these",
}
_NUMBERED = {Cause.HERNIATION: "herniation", Cause.DISCOGENIC: "discogenic"}  # causes that have a stratum of their own
_OTHER = "other causes"
_SCORED_WITH = {"all": "all studies"}
_COLUMNS = ["domain", "kind", "n_studies", "n_counted", "verdict", "why", "is_question"]


@dataclass(frozen=True)
class Comparison:
    """The mechanism's error beside one baseline's, in one stratum."""

    other: str
    difference: float
    low: float
    high: float
    error: float

    @property
    def is_worse(self) -> bool:
        """Whether the error is larger: beyond chance, or by more than a twentieth of the baseline's."""
        return bool(self.low > 0 or self.difference > WORSE_SHARE * self.error)

    @property
    def is_better(self) -> bool:
        """Whether the error is smaller beyond chance."""
        return bool(self.high < 0)

    def in_words(self) -> str:
        """Return what was found."""
        told = f"{self.difference:+.2f}, 90 % interval {self.low:.2f} to {self.high:.2f}"
        if self.is_worse:
            how = "worse than" if self.low > 0 else "worse on average (by chance, perhaps) than"
        else:
            how = "better than" if self.is_better else "not told apart from"
        return f"{how} {self.other} ({told.replace('-', '−')})"


def compared(validation: Validation, stratum: str, what: str) -> list[Comparison]:
    """Return how the mechanism's error compares with each baseline's; nothing where there is no such stratum."""
    table: Any = validation.differences
    if not len(table):
        return []
    mine = table[(table["model"] == MECHANISM) & (table["stratum"] == stratum) & (table["what"] == what)]
    return [
        Comparison(row["other"], row["difference"], row["low"], row["high"],
                   validation.score(row["other"], stratum, what, "crps"))
        for row in mine.to_dict("records") if np.isfinite(row["difference"])
    ]  # fmt: skip


def scored(validation: Validation, stratum: str, what: str, column: str) -> float:
    """Return a score of the mechanism, NaN where nothing was scored."""
    return validation.score(MECHANISM, stratum, what, column) if len(validation.scores) else np.nan


def n_scored(validation: Validation | None, stratum: str, what: str) -> int:
    """Return how many studies were predicted unseen."""
    found = np.nan if validation is None else scored(validation, stratum, what, "n_studies")
    return int(found) if np.isfinite(found) else 0


def coverage_words(validation: Validation, stratum: str, what: str) -> tuple[bool, str]:
    """Return whether 90 % intervals hold as often as they should, and what was found."""
    found, low, high = (scored(validation, stratum, what, f"coverage_90{end}") for end in ("", "_low", "_high"))
    holds = bool(low <= WANTED_COVERAGE <= high)
    side = "" if holds or not np.isfinite(found) else "too narrow, " if found < WANTED_COVERAGE else "too wide, "
    return holds, f"90 % intervals hold {100 * found:.0f} % ({side}95 % interval {100 * low:.0f} to {100 * high:.0f} %)"


def applicability(terms: Terms, validation: Validation | None = None) -> pd.DataFrame:
    """Judge every domain.

    Parameters
    ----------
    terms
        What the trials print that the fit learned from.
    validation
        Studies predicted without having been seen; without it nothing is tested.

    Returns
    -------
    pandas.DataFrame
        Columns ``domain, kind, n_studies, n_counted`` (of those, with a control where the domain is an effect),
        ``verdict`` (by `RULES`), ``why``, ``is_question`` (a question about cells that every fit answers).
    """
    made = [*_courses(terms, validation), *_cells(terms, validation), *_treatments(terms, validation)]
    return pd.DataFrame([*made, *_beyond(terms)], columns=_COLUMNS)


def _row(domain: str, kind: Kind, n_studies: int, n_counted: int, verdict: Verdict, why: str) -> dict[str, Any]:
    return dict(zip(_COLUMNS, (domain, str(kind), n_studies, n_counted, str(verdict), why, False), strict=True))


def judged(validation: Validation | None, n: int, stratum: str, what: str, counted: str) -> tuple[Verdict, str]:
    """Return the verdict of a domain with `n` studies that count, scored in a stratum, and why."""
    if n == 0:
        return Verdict.NOT_APPLICABLE, f"no {counted}"
    if n < FEWEST_STUDIES:
        return Verdict.UNTESTED, f"{counted}: {n}, fewer than {FEWEST_STUDIES}"
    if validation is None:
        return Verdict.UNTESTED, "not done: no validation"
    unseen = n_scored(validation, stratum, what)
    if unseen < FEWEST_STUDIES:
        return Verdict.UNTESTED, f"{counted} predicted unseen: {unseen}, fewer than {FEWEST_STUDIES}"
    holds, told = coverage_words(validation, stratum, what)
    worse = [one.in_words() for one in compared(validation, stratum, what) if one.is_worse]
    verdict = Verdict.TESTED if holds and not worse else Verdict.MISSES
    return verdict, "; ".join([f"scored with {_SCORED_WITH.get(stratum, stratum)}, {what}: {told}", *worse])


def _courses(terms: Terms, validation: Validation | None) -> Iterator[dict[str, Any]]:
    rows = terms.rows[~terms.rows["is_cells"].astype(bool)]
    for cause in Cause:
        n = int(rows.loc[rows["cause"] == cause, "study_id"].nunique())
        verdict, why = judged(validation, n, _NUMBERED.get(cause, _OTHER), What.ARMS, "studies")
        yield _row(f"{_words(cause)}, without cells", Kind.COURSE, n, n, verdict, why)


def cell_contrasts(terms: Terms) -> pd.DataFrame:
    """Return cells beside a control, one row a printed difference.

    Returns
    -------
    pandas.DataFrame
        Columns ``study_id, score, month, cause, route, cell_type, dose_million_cells``.
    """
    pairs, rows, made = contrast_pairs(terms.rows), terms.rows, []
    for pair in pairs.to_dict("records"):
        treated, control = (rows.iloc[pair[side]] for side in ("treated", "control"))
        if bool(treated["is_cells"]) == bool(control["is_cells"]):
            continue
        made.append(_design(terms, treated if treated["is_cells"] else control))
    return pd.DataFrame(made, columns=_DESIGN)


_DESIGN = ["study_id", "score", "month", "cause", "route", "cell_type", "dose_million_cells"]


def _design(terms: Terms, row: Any) -> dict[str, Any]:
    protocol = terms.arms[int(row["arm"])].protocol
    told = {name: row[name] for name in ("study_id", "score", "month", "cause")}
    return told | {
        "route": "" if protocol is None else str(protocol.route or ""),
        "cell_type": "" if protocol is None else str(protocol.cell_type or ""),
        "dose_million_cells": np.nan if protocol is None else protocol.dose_million_cells,
    }


def _cells(terms: Terms, validation: Validation | None) -> Iterator[dict[str, Any]]:
    every = pd.DataFrame(
        [_design(terms, row) for _, row in terms.rows[terms.rows["is_cells"].astype(bool)].iterrows()], columns=_DESIGN
    )
    controlled = cell_contrasts(terms)

    def row(domain: str, chosen: dict[str, str], stratum: str = "all") -> dict[str, Any]:
        n_all, n = (_n_studies(table, chosen) for table in (every, controlled))
        verdict, why = judged(validation, n, stratum, What.CELLS, "trials of cells with a control")
        if not n and n_all:
            why += f"; {n_all} without"
        return _row(domain, Kind.CELLS, n_all, n, verdict, why)

    for question in QUESTIONS.values():
        chosen = {"cause": question.cause, "route": str(question.cells.route), "score": MAIN_PAIN[question.cause]}
        told = f"cells, {_words(question.cells.route)}, on {_words(chosen['score'])} in {_words(question.cause)}"
        yield row(told, chosen, _NUMBERED.get(question.cause, _OTHER)) | {"is_question": True}
    for score in (Score.LEG_PAIN, Score.BACK_PAIN, Score.DISABILITY, Score.NUMBNESS):
        yield row(f"cells, on {_words(score)}", {"score": str(score)})
    for cause in Cause:
        yield row(f"cells, in {_words(cause)}", {"cause": str(cause)}, _NUMBERED.get(cause, _OTHER))
    for route in Route:
        if route not in (Route.NONE, Route.ORAL, Route.OPERATIVE):
            yield row(f"cells, route {_words(route)}", {"route": str(route)})
    for kind in CellType:
        if kind is not CellType.OTHER:
            dose = controlled.loc[(controlled["cell_type"] == kind).to_numpy(dtype=bool), "dose_million_cells"].dropna()
            told = f", {_span(dose)} million" if len(dose) else ""
            yield row(f"cells of type {_words(kind)}{told}", {"cell_type": str(kind)})


def _n_studies(table: pd.DataFrame, chosen: dict[str, str]) -> int:
    kept = np.ones(len(table), dtype=bool)
    for column, word in chosen.items():
        kept &= (table[column] == word).to_numpy(dtype=bool)
    return int(table.loc[kept, "study_id"].nunique())


def _treatments(terms: Terms, validation: Validation | None) -> Iterator[dict[str, Any]]:
    pairs = contrast_pairs(terms.rows)
    pairs = pairs[pairs["versus_control"].astype(bool) & ~pairs["is_cells"].astype(bool)]
    others = set(terms.rows["intervention"]) - {str(word) for word in (Intervention.CELL_THERAPY, *UNTREATED)}
    for name in sorted(others):
        n_all = int(terms.rows.loc[terms.rows["intervention"] == name, "study_id"].nunique())
        n = int(pairs.loc[pairs["intervention"] == name, "study_id"].nunique())
        counted = "trials beside an untreated control"
        verdict, why = judged(validation, n, "all", What.VERSUS_CONTROL, counted)
        yield _row(f"effect of {_words(name)}", Kind.TREATMENT, n_all, n, verdict, why)


def _beyond(terms: Terms) -> Iterator[dict[str, Any]]:
    found: Any = cell_contrasts(terms)
    if not len(found):
        return
    dose, month = found["dose_million_cells"].dropna(), float(found["month"].max())
    told = f"cells, doses outside {_span(dose)} million" if len(dose) else "cells, any dose"
    why = "extrapolated: no trial with a control"
    yield _row(told, Kind.EXTRAPOLATION, 0, 0, Verdict.NOT_APPLICABLE, why)
    yield _row(f"cells, later than {month:g} months", Kind.EXTRAPOLATION, 0, 0, Verdict.NOT_APPLICABLE, why)
    last = float(np.max(terms.rows["month"].to_numpy(dtype=float)))
    why = "extrapolated: no number of any trial"
    yield _row(f"anything later than {last:g} months", Kind.EXTRAPOLATION, 0, 0, Verdict.NOT_APPLICABLE, why)


def _span(values: Any) -> str:
    low, high = float(values.min()), float(values.max())
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


_SHORT = {"msc": "MSC", "mpc": "MPC", "bmac": "BMAC", "svf": "SVF", "bm": "BM", "ad": "AD", "uc": "UC", "ucb": "UCB"}


def _words(name: Any) -> str:
    if name == Cause.DISCOGENIC:
        return "discogenic pain"
    return " ".join(_SHORT.get(word, word) for word in str(name).split("_"))
