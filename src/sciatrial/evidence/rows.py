"""What one row of each table may hold: its columns, their types, words and limits.

Rules between two columns of a row are in `row_rules.py`, rules between rows in `keys.py` and `checks.py`.
An empty cell is None. The description of a field is what an error message prints as expected.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from sciatrial.foundation import (
    BiasDomain,
    BiasTool,
    Blinding,
    CellType,
    Condition,
    Confidence,
    Donor,
    DoseBasis,
    FactTopic,
    FigureFrom,
    Funding,
    Intervention,
    Judgement,
    Outcome,
    Role,
    Route,
    SafetyEvent,
    SourceKind,
    SpreadKind,
    Statistic,
    StudyDesign,
)


class YesNo(StrEnum):
    """A plain yes or no in a table."""

    YES = "yes"
    NO = "no"


_SLUG = r"^[a-z][a-z0-9_]*$"
_SLUG_MEANS = "lower-case letters, digits and underscores, a letter first"

Slug = Annotated[str, Field(pattern=_SLUG, description=_SLUG_MEANS)]
# a unit symbol inside a name keeps its capitals: oedema_time_slow_50mmHg
ParameterName = Annotated[
    str, Field(pattern=r"^[a-z][A-Za-z0-9_]*$", description="letters, digits and underscores, a small letter first")
]
Text = Annotated[str, Field(min_length=1, description="some text")]
MaybeText = str | None
MaybeLink = Annotated[str | None, Field(pattern=r"^https?://\S+$", description="a link that begins with https://")]
MaybeSlug = Annotated[str | None, Field(pattern=_SLUG, description=_SLUG_MEANS)]
MaybeYear = Annotated[int | None, Field(ge=1950, le=2035, description="a year from 1950 to 2035")]
Count = Annotated[int, Field(ge=0, description="a whole number, 0 or more")]
MaybeCount = Annotated[int | None, Field(ge=1, description="a whole number, 1 or more")]
MaybeMonths = Annotated[float | None, Field(ge=0, le=600, description="months from 0 to 600")]
MaybeDuration = Annotated[float | None, Field(gt=0, le=600, description="months, above 0, at most 600")]
MaybeDose = Annotated[float | None, Field(gt=0, le=10_000, description="million cells, above 0, at most 10000")]
MaybeAge = Annotated[float | None, Field(gt=0, le=110, description="years, above 0, at most 110")]
MaybePercent = Annotated[float | None, Field(ge=0, le=100, description="percent from 0 to 100")]
Number = Annotated[float, Field(description="a number with a decimal point")]
MaybeNumber = Annotated[float | None, Field(description="a number with a decimal point")]
MaybeDoi = Annotated[str | None, Field(pattern=r"^10\.\S+/\S+$", description="a DOI that begins with 10.")]
MaybePmid = Annotated[str | None, Field(pattern=r"^\d{1,9}$", description="digits only")]


class Row(BaseModel):
    """Parent of the seven rows: an unknown column is an error, and no number is infinite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def empty_cells_are_none(cls, cells: Any) -> Any:
        """Read an empty cell as not reported."""
        return {column: None if cell == "" else cell for column, cell in cells.items()}

    @field_validator("*", mode="before")
    @classmethod
    def numbers_are_plain(cls, cell: Any, place: ValidationInfo) -> Any:
        """Refuse ``1_000``, which Python would read as a number."""
        if isinstance(cell, str) and "_" in cell and is_number_column(cls, str(place.field_name)):
            raise ValueError("an underscore inside a number")
        return cell


class StudyRow(Row):
    """One published study."""

    study_id: Slug
    citation: Text
    year: MaybeYear
    registration: MaybeText
    pmid: MaybePmid
    doi: MaybeDoi
    design: StudyDesign
    blinding: Blinding | None
    condition: Condition
    n_total: MaybeCount
    n_centres: MaybeCount
    country: MaybeText
    followup_months: MaybeDuration
    funding: Funding | None
    source_kind: SourceKind
    source_url: MaybeLink
    notes: MaybeText
    figure_from: FigureFrom
    overlap_group: MaybeSlug


class ArmRow(Row):
    """One arm of a study, or a row that joins several (`is_pooled`)."""

    study_id: Slug
    arm_id: Slug
    role: Role
    intervention: Intervention
    cell_type: CellType | None
    donor: Donor | None
    culture_expanded: YesNo | None
    dose_million_cells: MaybeDose
    drug_dose: MaybeText
    carrier: MaybeText
    route: Route | None
    n_doses: MaybeCount
    n_assigned: MaybeCount
    mean_age_years: MaybeAge
    percent_female: MaybePercent
    symptom_duration_months: MaybeDuration
    notes: MaybeText
    dose_basis: DoseBasis | None
    is_pooled: YesNo


class OutcomeRow(Row):
    """One reported number of one arm at one visit."""

    study_id: Slug
    arm_id: Slug
    outcome: Outcome
    instrument: Slug
    scale_min: MaybeNumber
    scale_max: MaybeNumber
    month: MaybeMonths
    n: MaybeCount
    statistic: Statistic
    value: Number
    spread_kind: SpreadKind
    spread_low: MaybeNumber
    spread_high: MaybeNumber
    where: Text
    source_url: MaybeLink
    figure_from: FigureFrom


class SafetyRow(Row):
    """How many patients of an arm had an event."""

    study_id: Slug
    arm_id: Slug
    event: SafetyEvent
    followup_months: MaybeDuration
    n_with_event: Count
    n_at_risk: MaybeCount
    where: Text
    source_url: MaybeLink
    figure_from: FigureFrom


class RiskOfBiasRow(Row):
    """One judgement on one domain of one study."""

    study_id: Slug
    tool: BiasTool
    domain: BiasDomain
    judgement: Judgement
    source_url: MaybeLink
    figure_from: FigureFrom


class FactRow(Row):
    """One published figure that belongs to no arm: natural history, measurement, costs."""

    topic: FactTopic
    name: Text
    value: MaybeNumber
    low: MaybeNumber
    high: MaybeNumber
    unit: Text
    population: Text
    n: MaybeCount
    citation: Text
    doi_or_pmid: MaybeText
    source_url: MaybeLink
    where: Text
    notes: MaybeText
    figure_from: FigureFrom


class ParameterRow(Row):
    """One published figure of biology."""

    name: ParameterName
    meaning: Text
    value: MaybeNumber
    low: MaybeNumber
    high: MaybeNumber
    unit: Text
    system: Text
    tissue: Text
    method: Text
    citation: Text
    doi_or_pmid: MaybeText
    source_url: MaybeLink
    where: Text
    confidence: Confidence
    notes: MaybeText
    figure_from: FigureFrom


TABLES: dict[str, type[Row]] = {
    "studies": StudyRow,
    "arms": ArmRow,
    "outcomes": OutcomeRow,
    "safety": SafetyRow,
    "risk_of_bias": RiskOfBiasRow,
    "facts": FactRow,
    "parameters": ParameterRow,
}


def is_number_column(row: type[Row], column: str) -> bool:
    """Say whether a column holds numbers; all others hold text."""
    annotation = row.model_fields[column].annotation
    kinds = getattr(annotation, "__args__", (annotation,))
    return float in kinds or int in kinds


def words_of(row: type[Row], column: str) -> list[str]:
    """Return the words that a column may hold, none for a column that is not a closed list."""
    kind = word_list(row, column)
    return [] if kind is None else [word.value for word in kind]


def word_list(row: type[Row], column: str) -> type[StrEnum] | None:
    """Return the closed list of a column, or None for a column of numbers or free text."""
    annotation = row.model_fields[column].annotation
    for kind in getattr(annotation, "__args__", (annotation,)):
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            return kind
    return None
