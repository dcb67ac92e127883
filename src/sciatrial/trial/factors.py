"""What is known of a patient at randomisation, as factors: for strata, for minimisation and for the analysis."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sciatrial.foundation import Cause, Score, nearest, scale_of
from sciatrial.population import HERNIATION_CLASSES, Cohort

if TYPE_CHECKING:
    import pandas as pd

SITE = "site"
SEX, HERNIATION_CLASS, CAUSE = "sex", "herniation_class", "cause"
_NUMBERS = ("age_years", "symptom_months", *(str(score) for score in Score))
_WORDS = (SEX, SITE, HERNIATION_CLASS, CAUSE, *(f"{name}>=…" for name in _NUMBERS))
_CUT = re.compile(r"^\s*(?P<name>[a-z_]+)\s*>=\s*(?P<least>\d+(\.\d+)?)\s*$")


@dataclass(frozen=True)
class Factor:
    """One factor: a covariate as it is, or a number cut in two.

    Attributes
    ----------
    name
        ``sex``, ``site``, ``herniation_class``, ``cause``, ``age_years``, ``symptom_months`` or a score as measured at
        entry.
    least
        Lowest number of the upper half; NaN for what is not cut.
    """

    name: str
    least: float = float("nan")

    @property
    def is_cut(self) -> bool:
        """Whether it is a number cut in two."""
        return self.least == self.least

    def levels(self, n_sites: int) -> int:
        """Return how many levels it has; 0 for a number that is not cut."""
        if self.is_cut or self.name == SEX:
            return 2
        return {SITE: n_sites, HERNIATION_CLASS: len(HERNIATION_CLASSES), CAUSE: len(Cause)}.get(self.name, 0)


def factor_of(word: str) -> Factor | None:
    """Return what a word such as ``sex`` or ``leg_pain>=60`` means, None where it means nothing."""
    cut = _CUT.match(word)
    if cut is not None and cut["name"] in _NUMBERS:
        return Factor(cut["name"], float(cut["least"]))
    return Factor(word) if word in (SEX, SITE, HERNIATION_CLASS, CAUSE, *_NUMBERS) else None


def word_problems(key: str, words: Sequence[str], *, n_sites: int, may_be_numbers: bool) -> list[str]:
    """Return what is wrong with words for factors, as ``key: found; expected; next``."""
    problems = []
    for place, word in enumerate(words):
        where, factor = f"{key}.{place}", factor_of(word)
        if factor is None:
            known = [*_WORDS, *(_NUMBERS if may_be_numbers else ())]
            name = word.partition(">")[0].strip()
            close = nearest(name, [SEX, SITE, HERNIATION_CLASS, CAUSE, *_NUMBERS])
            hint = f"did you mean {close!r}?" if close and close != name else "write for example leg_pain>=60"
            problems.append(f"{where}: {word!r} is not known at randomisation; one of {', '.join(known)}; {hint}")
        elif word in words[:place]:
            problems.append(f"{where}: {word!r} is listed twice; each once; leave one out")
        elif factor.name == SITE and n_sites < 2:
            told = "there is one site; two or more; add accrual.sites, or leave it out"
            problems.append(f"{where}: {told}")
        elif factor.levels(n_sites) == 0 and not may_be_numbers:
            problems.append(f"{where}: {word!r} is a number; a number cut in two; write for example {word}>=50")
    return problems


def cohort_problems(key: str, words: Sequence[str], cohort: Cohort) -> list[str]:
    """Return the factors by which no two patients of a cohort differ, as ``key: found; expected; next``."""
    problems = []
    for place, word in enumerate(words):
        factor = factor_of(word)
        told = "" if factor is None else _same_for_all(factor, cohort)
        if told:
            problems.append(f"{key}.{place}: {told} of {cohort.name}; a factor that differs; leave {word!r} out")
    return problems


def _same_for_all(factor: Factor, cohort: Cohort) -> str:
    """Return why a factor is the same for all patients of a cohort, empty where it is not."""
    if factor.name == SEX and cohort.percent_female in (0, 100):
        return "sex is the same for all patients"
    if factor.name == HERNIATION_CLASS and Cause.HERNIATION not in cohort.causes:
        return "there is no herniation in patients"
    if factor.name == HERNIATION_CLASS and len(cohort.causes) > 1:
        return "there is no herniation in some patients"
    if factor.name == CAUSE and len(cohort.causes) == 1:
        return f"the cause is {cohort.cause} for all patients"
    if not factor.is_cut:
        return ""
    ranges = {str(score): limits for score, limits in cohort.eligible.items()}
    ranges |= {
        "symptom_months": cohort.symptom_months,
        "age_years": (cohort.age_years.lowest, cohort.age_years.highest),
    }
    low, high = ranges.get(factor.name) or scale_of(factor.name)[:2]
    if low < factor.least <= high:
        return ""
    return f"{factor.name} is {low:g} to {high:g}, so that a cut at {factor.least:g} parts nobody, in patients"


def factor_levels(
    words: Sequence[str], covariates: pd.DataFrame, sites: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Return the level of each patient in each factor, from 0; dims ``patient, factor``.

    Parameters
    ----------
    words
        Factors with levels: ``sex``, ``site``, ``herniation_class``, ``cause``, or a number cut in two.
    covariates
        Of the patients, as at entry.
    sites
        Each patient's site, from 0; dims ``patient``. Needed by ``site``.
    """
    columns = [_levels(factor, covariates, sites) for factor in map(factor_of, words) if factor is not None]
    return np.stack(columns, axis=1) if columns else np.zeros((len(covariates), 0), dtype=np.int64)


def _levels(factor: Factor, covariates: pd.DataFrame, sites: NDArray[np.int64] | None) -> NDArray[np.int64]:
    if factor.name == SITE:
        return np.zeros(len(covariates), dtype=np.int64) if sites is None else sites
    if factor.name == SEX:
        return covariates["is_female"].to_numpy(dtype=bool).astype(np.int64)
    if factor.name == HERNIATION_CLASS:
        classes = covariates[HERNIATION_CLASS].to_numpy(dtype=str)
        return np.select([classes == word for word in HERNIATION_CLASSES], range(len(HERNIATION_CLASSES)), 0)
    if factor.name == CAUSE:
        causes = causes_of(covariates)
        return np.select([causes == word for word in Cause], range(len(Cause)), 0)
    return (covariates[factor.name].to_numpy(dtype=float) >= factor.least).astype(np.int64)


def causes_of(covariates: pd.DataFrame) -> NDArray[np.str_]:
    """Return the cause of each patient of a cohort of several, empty where the cohort has one; dims ``patient``."""
    if CAUSE not in covariates:
        return np.full(len(covariates), "", dtype=np.str_)
    return covariates[CAUSE].to_numpy(dtype=str)


def covariate_names(words: Sequence[str]) -> tuple[str, ...]:
    """Return which covariates of patients the words are of, each once; a site is none of theirs."""
    names = ["is_female" if factor.name == SEX else factor.name for factor in map(factor_of, words) if factor]
    return tuple(dict.fromkeys(name for name in names if name != SITE))


def adjustment_columns(
    words: Sequence[str], covariates: pd.DataFrame, sites: NDArray[np.int64] | None, n_sites: int
) -> NDArray[np.float64]:
    """Return the columns by which an analysis adjusts; dims ``patient, column``.

    A factor gives one column a level after the first, 0 or 1; a number is a column as it is.
    """
    columns: list[NDArray[np.float64]] = []
    for factor in (found for found in map(factor_of, words) if found is not None):
        n_levels = factor.levels(n_sites)
        if n_levels:
            level = _levels(factor, covariates, sites)
            columns += [(level == code).astype(float) for code in range(1, n_levels)]
        else:
            columns.append(covariates[factor.name].to_numpy(dtype=float))
    return np.stack(columns, axis=1) if columns else np.zeros((len(covariates), 0))
