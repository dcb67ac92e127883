"""A subgroup of a trial's patients, as it is told at entry: by what is known or measured then, with its error."""

from __future__ import annotations

from dataclasses import replace
from math import log1p, sqrt
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from sciatrial.engine import simulate
from sciatrial.foundation import Cause, Score, nearest, normals
from sciatrial.model import Model
from sciatrial.population import HERNIATION_CLASSES, Cohort, Patients
from sciatrial.trial.factors import CAUSE, HERNIATION_CLASS, SEX, causes_of, cohort_problems

if TYPE_CHECKING:
    import pandas as pd

    from sciatrial.trial.design import Design

# columns of the covariates: as it is told at entry, and as it is
IN_SUBGROUP, TRULY_IN_SUBGROUP = "in_subgroup", "truly_in_subgroup"
# states of the model that an assay, an image or nerve conduction could tell at entry; that they can is an assumption
BIOMARKERS = (
    "inflammatory_mediators", "inflammatory_macrophages", "disc_inflammation", "disc_aggrecan", "herniated_volume",
    "fixed_narrowing", "root_oedema", "demyelination", "connected_axons",
)  # fmt: skip
_LEVELS = {
    CAUSE: tuple(str(cause) for cause in Cause), HERNIATION_CLASS: tuple(HERNIATION_CLASSES), SEX: ("female", "male"),
}  # fmt: skip
_EXACT = ("age_years", "symptom_months")
_MEASURES = (*_LEVELS, *_EXACT, *(str(score) for score in Score), *BIOMARKERS)


class Subgroup(BaseModel):
    """Patients of whom something is true at entry, as the trial can know it.

    Parameters
    ----------
    name
        What the subgroup is called in tables.
    measure
        What tells it: ``cause`` (of a cohort of several), ``herniation_class`` or ``sex`` (with `levels`);
        ``age_years``, ``symptom_months`` or a score as it is measured at entry, with its error; or a biomarker, a state
        of the model as an assay with `measurement_cv` reads it at entry.
    levels
        ``cause``, ``herniation_class`` and ``sex`` only: the words that belong to the subgroup.
    at_least, below
        Numbers only: from `at_least` (included) to `below` (not included), one of the two or both; scores 0 to 100.
    measurement_cv
        Biomarkers only, where it must be told: coefficient of variation of a reading, above 0 up to 2, log-normal. An
        assumption.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    # a stroke or a break of line would end a cell or a line of a table
    name: Annotated[str, Field(max_length=40, pattern=r"^[^|\r\n]*[^|\s][^|\r\n]*$")] = "subgroup"
    measure: str
    levels: tuple[str, ...] = ()
    at_least: Annotated[float, Field(ge=0, le=1000)] | None = None
    below: Annotated[float, Field(gt=0, le=1000)] | None = None
    measurement_cv: Annotated[float, Field(gt=0, le=2)] | None = None

    @property
    def is_biomarker(self) -> bool:
        """Whether a state of the model tells it, read with error."""
        return self.measure in BIOMARKERS

    def in_words(self) -> str:
        """Return who belongs to it, in a clause."""
        what = self.measure.replace("_", " ")
        if self.levels:
            return f"{what} {' or '.join(self.levels)}"
        low = "" if self.at_least is None else f" at least {self.at_least:g}"
        high = "" if self.below is None else f" below {self.below:g}"
        told = f"{what}{low}{' and' if low and high else ''}{high}"
        return f"{told}, read with a coefficient of variation of {self.measurement_cv:g}" if self.is_biomarker else told

    def holds(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """Return whose values belong to it; dims ``patient``."""
        if self.levels:
            return np.isin(values.astype(str), self.levels)
        inside = np.ones(len(values), dtype=bool)
        if self.at_least is not None:
            inside &= values >= self.at_least
        if self.below is not None:
            inside &= values < self.below
        return inside

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        found = self._problems()
        if found:
            raise ValueError("\n".join(found))
        return self

    def _problems(self) -> list[str]:
        """Return what does not fit together, as ``key: found; expected; next``."""
        found = []
        if self.measure not in _MEASURES:
            close = nearest(self.measure, _MEASURES)
            hint = f"did you mean {close!r}?" if close else "choose one of these"
            return [f"measure: {self.measure!r} is not known at entry; one of {', '.join(_MEASURES)}; {hint}"]
        has_levels = self.measure in _LEVELS
        if has_levels and not self.levels:
            words = ", ".join(_LEVELS[self.measure])
            found.append(f"levels: is missing; some of {words}; add it")
        if has_levels and (self.at_least, self.below) != (None, None):
            found.append(f"at_least: has no meaning with {self.measure}, nor has below; levels; delete them")
        found += self._level_problems() if has_levels else self._cut_problems()
        if self.is_biomarker and self.measurement_cv is None:
            told = "is missing; coefficient of variation of a reading, above 0 up to 2, as nobody sees the true value"
            found.append(f"measurement_cv: {told}; add it")
        if not self.is_biomarker and self.measurement_cv is not None:
            told = f"has no meaning with {self.measure}, whose error is that of the patients' own; no such line"
            found.append(f"measurement_cv: {told}; delete it")
        return found

    def _level_problems(self) -> list[str]:
        known = _LEVELS[self.measure]
        found = [
            f"levels.{place}: {word!r} is not known; one of {', '.join(known)}; correct it"
            for place, word in enumerate(self.levels)
            if word not in known
        ]
        if not found and set(self.levels) == set(known):
            found.append(f"levels: hold everybody; some of {', '.join(known)}; leave one out")
        return found

    def _cut_problems(self) -> list[str]:
        found = []
        if self.levels:
            found.append(f"levels: have no meaning with {self.measure}; at_least or below; delete them")
        if self.at_least is None and self.below is None:
            found.append("at_least: is missing, as is below; a cut; add one of the two, or both")
        if self.at_least is not None and self.below is not None and self.below <= self.at_least:
            told = f"{self.below:g} is not above at_least, {self.at_least:g}, so that nobody belongs to it"
            found.append(f"below: {told}; a larger number; correct it")
        return found


def subgroup_cohort_problems(subgroup: Subgroup, cohort: Cohort) -> list[str]:
    """Return why a subgroup is empty, or holds everybody, in a cohort, as ``key: found; expected; next``."""
    key = "enrichment.subgroup"
    if subgroup.is_biomarker:
        if subgroup.measure == "herniated_volume" and Cause.HERNIATION not in cohort.causes:
            told = f"herniated_volume is 0 in all patients of {cohort.name}; a biomarker that differs"
            return [f"{key}.measure: {told}; choose another"]
        if subgroup.measure == "fixed_narrowing" and set(cohort.causes) <= {Cause.HERNIATION, Cause.DISCOGENIC}:
            told = f"fixed_narrowing is 0 in all patients of {cohort.name}; a biomarker that differs"
            return [f"{key}.measure: {told}; choose another"]
        return []
    if subgroup.measure == HERNIATION_CLASS and Cause.HERNIATION in cohort.causes:
        return []  # whoever has no herniation has no class, and is not in it
    if subgroup.measure == CAUSE and len(cohort.causes) > 1:
        inside = [word for word in cohort.causes if word in subgroup.levels]
        if inside and len(inside) < len(cohort.causes):
            return []
        told = f"{', '.join(subgroup.levels)} {'are all' if inside else 'is no cause of'} patients of {cohort.name}"
        return [f"{key}.levels: {told}; some of {', '.join(cohort.causes)}; correct it"]
    if subgroup.levels:
        words = [subgroup.measure]
    else:
        cuts = [value for value in (subgroup.at_least, subgroup.below) if value is not None]
        words = [f"{subgroup.measure}>={cut:g}" for cut in cuts]
    # a cut that parts nobody leaves the subgroup empty, holds everybody, or is not needed
    return [
        f"{key}.measure: {line.partition(': ')[2].split('; ')[0]}; a subgroup to which some of them belong and others "
        "do not; change it"
        for line in cohort_problems(f"{key}.measure", words, cohort)
    ]


def with_subgroup(model: Model, design: Design, patients: Patients) -> Patients:
    """Return patients of whom the covariates say who is in the subgroup, as told at entry and as it is.

    As they are where the design has no subgroup, or they say so already. As it is: with the true value in the place of
    the one that is measured with error; nothing in the trial depends on it.
    """
    rule = design.enrichment
    if rule is None or IN_SUBGROUP in patients.covariates:
        return patients
    told, true = _values(model, rule.subgroup, patients)
    marks = {IN_SUBGROUP: rule.subgroup.holds(told), TRULY_IN_SUBGROUP: rule.subgroup.holds(true)}
    return replace(patients, covariates=patients.covariates.assign(**marks))


def _values(model: Model, subgroup: Subgroup, patients: Patients) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return what is told at entry of each patient, and what is true; dims ``patient``."""
    measure, people = subgroup.measure, patients.covariates
    if measure == SEX:
        words = np.where(people["is_female"].to_numpy(dtype=bool), "female", "male")
        return words, words
    if measure == HERNIATION_CLASS:
        words = people[HERNIATION_CLASS].to_numpy(dtype=str)
        return words, words
    if measure == CAUSE:
        words = causes_of(people)
        return words, words
    if subgroup.is_biomarker:
        true = patients.entry_states[:, model.state_names.index(measure)]
        spread = sqrt(log1p((subgroup.measurement_cv or 0.0) ** 2))
        luck = normals(patients.seed, f"reading of {measure} at entry", patients.numbers)
        # the mean of many readings is the true value
        return true * np.exp(spread * luck - spread**2 / 2), true
    told = people[measure].to_numpy(dtype=float)
    if measure in _EXACT:
        return told, told
    at_entry = simulate(model, patients.parameters, patients.entry_states, times_days=[0.0], outputs=[measure])
    return told, at_entry[measure][:, 0]


def members_of(people: pd.DataFrame) -> NDArray[np.bool_]:
    """Return who is in the subgroup, as told at entry, from covariates that say so; dims ``patient``."""
    return people[IN_SUBGROUP].to_numpy(dtype=bool)
