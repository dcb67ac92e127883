"""What is read of a study of ClinicalTrials.gov (API version 2): the modules and fields that the tables have a use for.

Unknown fields are ignored and missing ones are empty, as the registry leaves out what was not entered. A field of
another kind than the registry documents is a problem with its path.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from sciatrial.foundation import EvidenceError, Problem

NCT_NUMBER = r"NCT\d{8}"


class Part(BaseModel):
    """Parent of the parts: names as the registry writes them, numbers as the text that was entered."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="ignore", frozen=True, coerce_numbers_to_str=True, populate_by_name=True
    )

    @model_validator(mode="before")
    @classmethod
    def null_is_not_entered(cls, fields: Any) -> Any:
        """Read a field that is null as one that was not entered."""
        if not isinstance(fields, Mapping):
            return fields
        return {name: value for name, value in fields.items() if value is not None}


class Identification(Part):
    """Names and numbers of the study."""

    nct_id: Annotated[str, Field(pattern=f"^{NCT_NUMBER}$")]
    brief_title: str = ""
    official_title: str = ""
    secondary_id_infos: tuple[SecondaryId, ...] = ()


class SecondaryId(Part):
    """A number in another registry."""

    id: str = ""
    type: str = ""


class DateStruct(Part):
    """A date, as ``2024-05-17`` or ``2024-05``."""

    date: str = ""


class Status(Part):
    """When what was posted."""

    results_first_post_date_struct: DateStruct = DateStruct()
    study_first_post_date_struct: DateStruct = DateStruct()


class Sponsor(Part):
    """Who paid."""

    name: str = ""
    sponsor_class: str = Field(default="", alias="class")


class Sponsors(Part):
    """The lead sponsor and those beside it."""

    lead_sponsor: Sponsor = Sponsor()
    collaborators: tuple[Sponsor, ...] = ()


class Conditions(Part):
    """What the patients have."""

    conditions: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()


class Masking(Part):
    """Who is masked."""

    masking: str = ""
    who_masked: tuple[str, ...] = ()


class DesignInfo(Part):
    """How patients are allocated and masked."""

    allocation: str = ""
    time_perspective: str = ""
    masking_info: Masking = Masking()


class Enrolment(Part):
    """How many patients."""

    count: str = ""
    type: str = ""


class DesignModule(Part):
    """Design of the study."""

    study_type: str = ""
    design_info: DesignInfo = DesignInfo()
    enrollment_info: Enrolment = Enrolment()


class ArmGroup(Part):
    """An arm as planned."""

    label: str
    type: str = ""
    description: str = ""
    intervention_names: tuple[str, ...] = ()


class RegisteredIntervention(Part):
    """An intervention as planned."""

    type: str = ""
    name: str = ""
    description: str = ""
    arm_group_labels: tuple[str, ...] = ()


class ArmsInterventions(Part):
    """Arms and interventions as planned."""

    arm_groups: tuple[ArmGroup, ...] = ()
    interventions: tuple[RegisteredIntervention, ...] = ()


class Location(Part):
    """A centre."""

    facility: str = ""
    country: str = ""


class Locations(Part):
    """The centres."""

    locations: tuple[Location, ...] = ()


class Reference(Part):
    """A publication; of type RESULT when it reports this study."""

    pmid: str = ""
    type: str = ""
    citation: str = ""


class References(Part):
    """Publications."""

    references: tuple[Reference, ...] = ()


class Protocol(Part):
    """``protocolSection``: what was planned."""

    identification_module: Identification
    status_module: Status = Status()
    sponsor_collaborators_module: Sponsors = Sponsors()
    conditions_module: Conditions = Conditions()
    design_module: DesignModule = DesignModule()
    arms_interventions_module: ArmsInterventions = ArmsInterventions()
    contacts_locations_module: Locations = Locations()
    references_module: References = References()


class Group(Part):
    """A group of the results: each module numbers its own (FG000, BG000, OG000, EG000)."""

    id: str
    title: str = ""
    description: str = ""


class FlowCount(Part):
    """Patients of a group at a milestone."""

    group_id: str
    num_subjects: str = ""


class Milestone(Part):
    """STARTED, COMPLETED, NOT COMPLETED or one of the study's own."""

    type: str = ""
    achievements: tuple[FlowCount, ...] = ()


class Period(Part):
    """A part of the study."""

    title: str = ""
    milestones: tuple[Milestone, ...] = ()


class ParticipantFlow(Part):
    """How many started and completed."""

    groups: tuple[Group, ...] = ()
    periods: tuple[Period, ...] = ()


class DenominatorCount(Part):
    """How many of a group were analysed."""

    group_id: str
    value: str = ""


class Denominator(Part):
    """How many were analysed, in which units."""

    units: str = ""
    counts: tuple[DenominatorCount, ...] = ()


class Measurement(Part):
    """One number of one group; "NA" with a comment where there is none."""

    group_id: str
    value: str = ""
    spread: str = ""
    lower_limit: str = ""
    upper_limit: str = ""
    comment: str = ""


class Category(Part):
    """An answer, or nothing in particular."""

    title: str = ""
    measurements: tuple[Measurement, ...] = ()


class MeasureClass(Part):
    """A row of a measure: often a visit."""

    title: str = ""
    denoms: tuple[Denominator, ...] = ()
    categories: tuple[Category, ...] = ()


class Measure(Part):
    """A measure at baseline or an outcome."""

    title: str = ""
    type: str = ""
    description: str = ""
    reporting_status: str = ""
    param_type: str = ""
    dispersion_type: str = ""
    unit_of_measure: str = ""
    time_frame: str = ""
    type_units_analyzed: str = ""
    groups: tuple[Group, ...] = ()
    denoms: tuple[Denominator, ...] = ()
    classes: tuple[MeasureClass, ...] = ()


class Baseline(Part):
    """Who the patients are."""

    groups: tuple[Group, ...] = ()
    denoms: tuple[Denominator, ...] = ()
    measures: tuple[Measure, ...] = ()


class OutcomeMeasures(Part):
    """Outcomes, as posted."""

    outcome_measures: tuple[Measure, ...] = ()


class EventGroup(Group):
    """A group with its numbers of events; a number that was not entered is empty."""

    deaths_num_affected: str = ""
    deaths_num_at_risk: str = ""
    serious_num_affected: str = ""
    serious_num_at_risk: str = ""
    other_num_affected: str = ""
    other_num_at_risk: str = ""


class EventCount(Part):
    """Patients of a group with one event."""

    group_id: str
    num_affected: str = ""
    num_at_risk: str = ""


class RegisteredEvent(Part):
    """One kind of event."""

    term: str = ""
    stats: tuple[EventCount, ...] = ()


class AdverseEvents(Part):
    """Adverse events, as posted."""

    time_frame: str = ""
    event_groups: tuple[EventGroup, ...] = ()
    serious_events: tuple[RegisteredEvent, ...] = ()
    other_events: tuple[RegisteredEvent, ...] = ()


class Results(Part):
    """``resultsSection``: what was found; a module that is not there is None."""

    participant_flow_module: ParticipantFlow | None = None
    baseline_characteristics_module: Baseline | None = None
    outcome_measures_module: OutcomeMeasures | None = None
    adverse_events_module: AdverseEvents | None = None


class RegisteredStudy(Part):
    """One study as the registry serves it."""

    protocol_section: Protocol
    results_section: Results | None = None
    has_results: bool = False


def read_record(document: Any, *, expected: str | None = None) -> RegisteredStudy:
    """Check the structure of a study's JSON.

    Parameters
    ----------
    document
        The parsed JSON of ``/api/v2/studies/NCT...``.
    expected
        The NCT number that was asked for, if any.

    Raises
    ------
    EvidenceError
        With every field that is not as the registry documents it, by its path; for a study with another number.
    """
    subject = expected or "study of the registry"
    if not isinstance(document, Mapping):
        what = "the JSON of one study, an object with protocolSection"
        raise EvidenceError(subject, Problem("JSON", f"is a {type(document).__name__}", what, "fetch the study again"))
    if "studies" in document and "protocolSection" not in document:
        hint = "take one element of 'studies', or ask for the study by its number"
        raise EvidenceError(subject, Problem("JSON", "is a page of a search", "the JSON of one study", hint))
    try:
        study = RegisteredStudy.model_validate(document)
    except ValidationError as error:
        raise EvidenceError(subject, [_problem(fault) for fault in error.errors()]) from error
    found = study.protocol_section.identification_module.nct_id
    if expected is not None and found != expected:
        where = "protocolSection.identificationModule.nctId"
        problem = Problem(where, f"is {found}", expected, "the registry may have joined two entries: ask for that one")
        raise EvidenceError(subject, problem)
    return study


def _problem(fault: Any) -> Problem:
    place = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "missing":
        return Problem(place, "is missing", "a study as the registry serves it", "is the JSON whole? fetch it again")
    found = f"is {fault['input']!r}"
    return Problem(place, found if len(found) < 80 else found[:77] + "...", fault["msg"], "fetch the study again")
