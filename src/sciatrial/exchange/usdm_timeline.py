"""Visits and doses → USDM epochs, encounters, activities and their times: the schedule of activities."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from sciatrial.clinic import SCORES, days_of_doses
from sciatrial.exchange import usdm_terms as terms
from sciatrial.exchange.usdm_interventions import Interventions
from sciatrial.exchange.usdm_pieces import Piece, Pieces, chained
from sciatrial.foundation import DAYS_PER_MONTH
from sciatrial.trial import Design

_SCREENED, _RANDOMISED, _TREATED, _HARMS = "SCREENING", "RANDOMISATION", "TREATMENT", "ADVERSE_EVENTS"


@dataclass(frozen=True)
class Schedule:
    """Epochs, encounters, activities with what they measure or do in words, and the timeline of a design."""

    epochs: list[Piece]
    encounters: list[Piece]
    activities: list[Piece]
    measures: list[Piece]
    timeline: Piece


@dataclass(frozen=True)
class _Moment:
    """Something that happens on one planned day; `duration` since randomisation as ISO 8601 has it.

    A `day` below 0 says that it comes before; a study file plans no time between entry and randomisation.
    """

    name: str
    label: str
    epoch: int
    day: float
    duration: str
    does: tuple[str, ...]
    is_visit: bool = False


def add_schedule(made: Pieces, design: Design, interventions: Interventions) -> Schedule:
    """Return when a design does what; every patient of an arm is treated on its planned days.

    No biomedical concept of CDISC is claimed: scores are 0 to 100 whatever instrument a trial uses.
    """
    epochs = chained([
        made.named("StudyEpoch", name, label=label, type=made.code(term), notes=[])
        for name, label, term in (
            ("SCREENING", "Screening", terms.SCREENING), ("TREATMENT", "Treatment", terms.TREATMENT),
            ("FOLLOW_UP", "Follow-up", terms.FOLLOW_UP),
        )
    ])  # fmt: skip
    measured = {str(score): str(score).replace("_", " ").capitalize() for score in SCORES}
    names = {
        _SCREENED: "Eligibility and baseline", _RANDOMISED: "Randomisation", _TREATED: "Treatment as allocated",
        **measured, _HARMS: "Adverse events",
    }  # fmt: skip
    measures = [
        made.named("BiomedicalConceptSurrogate", name, label=label, reference=None, notes=[])
        for name, label in names.items()
    ]
    activities = chained([
        made.named(
            "Activity", measure["name"], label=measure["label"], childIds=[],
            definedProcedures=_procedures(made, interventions) if measure["name"] == _TREATED else [],
            biomedicalConceptIds=[], bcCategoryIds=[], bcSurrogateIds=[measure["id"]], timelineId=None, notes=[],
        )
        for measure in measures
    ])  # fmt: skip
    moments = _moments(design, tuple(measured))
    encounters = chained([
        made.named(
            "Encounter", moment.name, label=moment.label, type=made.code(terms.VISIT), scheduledAtId=None,
            environmentalSettings=[], contactModes=[], transitionStartRule=None, transitionEndRule=None, notes=[],
        )
        for moment in moments
    ])  # fmt: skip
    known = {piece["name"]: piece["id"] for piece in activities}
    timeline = _timeline(made, design, moments, epochs, encounters, known)
    return Schedule(epochs, encounters, activities, measures, timeline)


def _procedures(made: Pieces, interventions: Interventions) -> list[Piece]:
    """Return how each arm's interventions are given."""
    return [
        made.named(
            "Procedure", piece["name"], label=piece["label"], procedureType="Treatment",
            code=made.code(terms.PROCEDURE), studyInterventionId=piece["id"], notes=[],
        )
        for given in interventions.by_arm.values()
        for piece in given
    ]  # fmt: skip


def _moments(design: Design, measured: tuple[str, ...]) -> list[_Moment]:
    last_day = design.visits_months[-1] * DAYS_PER_MONTH
    doses = sorted({0.0, *(day for protocol in design.arms.values() for day in days_of_doses(protocol, last_day))})
    is_at_once = any(protocol.weeks_until_treatment == 0 for protocol in design.arms.values())
    at_once = (_RANDOMISED, _TREATED) if is_at_once else (_RANDOMISED,)
    found = [
        _Moment("SCREENING", "Screening and baseline", 0, -1.0, "P0D", (_SCREENED, *measured)),
        _Moment("RANDOMISATION", "Randomisation", 1, 0.0, "P0D", at_once),
    ]
    found += [
        _Moment(f"TREATMENT_DAY_{day:g}", f"Treatment, day {day:g}", 1, day, f"P{day:g}D", (_TREATED, _HARMS))
        for day in doses
        if day > 0
    ]
    found += [
        _Moment(
            f"MONTH_{month:g}", f"Month {month:g}", 1 if month * DAYS_PER_MONTH < doses[-1] else 2,
            month * DAYS_PER_MONTH, _months(month), (*measured, _HARMS), is_visit=True,
        )
        for month in design.visits_months
    ]  # fmt: skip
    return sorted(found, key=lambda moment: moment.day)


def _months(month: float) -> str:
    return f"P{month:g}M" if month == int(month) else f"P{round(month * DAYS_PER_MONTH)}D"


def _timeline(
    made: Pieces, design: Design, moments: list[_Moment], epochs: list[Piece], encounters: list[Piece],
    activities: dict[str, str],
) -> Piece:  # fmt: skip
    leaving = made.make("ScheduleTimelineExit")
    instances = [
        made.named(
            "ScheduledActivityInstance", f"AT_{moment.name}", label=moment.label, defaultConditionId=None,
            epochId=epochs[moment.epoch]["id"], timelineId=None, timelineExitId=None,
            activityIds=[activities[name] for name in moment.does], encounterId=encounter["id"],
        )
        for moment, encounter in zip(moments, encounters, strict=True)
    ]  # fmt: skip
    for before, after in itertools.pairwise(instances):
        before["defaultConditionId"] = after["id"]
    instances[-1]["timelineExitId"] = leaving["id"]
    anchor = instances[[moment.name for moment in moments].index("RANDOMISATION")]
    window = design.visit_window_days
    timings = []
    for moment, instance, encounter in zip(moments, instances, encounters, strict=True):
        term = terms.FIXED if instance is anchor else terms.BEFORE if moment.day < 0 else terms.AFTER
        has_window = bool(window) and moment.is_visit
        timing = made.named(
            "Timing", f"TIME_{moment.name}", label=moment.label, type=made.code(term), value=moment.duration,
            valueLabel=_told(moment), relativeToFrom=made.code(terms.START_TO_START),
            relativeFromScheduledInstanceId=instance["id"],
            relativeToScheduledInstanceId=anchor["id"],
            windowLower=f"P{window:g}D" if has_window else None, windowUpper=f"P{window:g}D" if has_window else None,
            windowLabel=f"± {window:g} days" if has_window else None,
        )  # fmt: skip
        timings.append(timing)
        encounter["scheduledAtId"] = timing["id"]
    return made.named(
        "ScheduleTimeline", "MAIN", label="Main timeline", mainTimeline=True,
        entryCondition="The patient is screened", entryId=instances[0]["id"], exits=[leaving], timings=timings,
        instances=instances,
        plannedDuration=made.duration("until the last visit", float(design.visits_months[-1]), terms.MONTHS),
    )  # fmt: skip


def _told(moment: _Moment) -> str:
    if moment.day < 0:
        return "before randomisation, on the same day"
    return "randomisation" if moment.day == 0 else moment.label
