"""A study's JSON as the registry serves it, of a trial that never was. All names and numbers are invented."""

from __future__ import annotations

import copy
from typing import Any

NUMBER = "NCT00000000"


def _counts(*values: str) -> list[dict[str, str]]:
    return [{"groupId": f"OG00{index}", "value": value} for index, value in enumerate(values)]


def _denoms(*values: str) -> list[dict[str, Any]]:
    return [{"units": "Participants", "counts": _counts(*values)}]


def _groups(prefix: str) -> list[dict[str, str]]:
    return [
        {"id": f"{prefix}000", "title": "Marrow Cells", "description": "One injection"},
        {"id": f"{prefix}001", "title": "Saline", "description": "One injection"},
    ]


def measurement(index: int, value: str, **more: str) -> dict[str, str]:
    return {"groupId": f"OG00{index}", "value": value, **more}


def measure(title: str, classes: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "type": "PRIMARY", "title": title, "description": "", "reportingStatus": "POSTED", "paramType": "MEAN",
        "dispersionType": "Standard Deviation", "unitOfMeasure": "units on a scale", "timeFrame": "6 months",
        "groups": _groups("OG"), "denoms": _denoms("28", "27"), "classes": classes, **more,
    }  # fmt: skip


def visit(title: str, *values: tuple[str, str]) -> dict[str, Any]:
    numbers = [measurement(index, value, spread=spread) for index, (value, spread) in enumerate(values)]
    return {"title": title, "categories": [{"measurements": numbers}]}


_STUDY: dict[str, Any] = {
    "protocolSection": {
        "identificationModule": {
            "nctId": NUMBER, "briefTitle": "Invented Cells for Invented Sciatica",
            "secondaryIdInfos": [{"id": "2000-000000-00", "type": "EUDRACT_NUMBER"}],
        },
        "statusModule": {"resultsFirstPostDateStruct": {"date": "2024-05-17", "type": "ACTUAL"}},
        "sponsorCollaboratorsModule": {
            "leadSponsor": {"name": "University of Nowhere", "class": "OTHER"},
            "collaborators": [{"name": "Invented Ltd", "class": "INDUSTRY"}],
        },
        "conditionsModule": {"conditions": ["Sciatica"]},
        "designModule": {
            "studyType": "INTERVENTIONAL",
            "designInfo": {
                "allocation": "RANDOMIZED",
                "maskingInfo": {"masking": "TRIPLE", "whoMasked": ["PARTICIPANT", "CARE_PROVIDER",
                                                                  "OUTCOMES_ASSESSOR"]},
            },
            "enrollmentInfo": {"count": 61, "type": "ACTUAL"},
        },
        "armsInterventionsModule": {
            "armGroups": [
                {"label": "Marrow cells", "type": "EXPERIMENTAL",
                 "description": "20 million autologous cells by transforaminal epidural injection",
                 "interventionNames": ["Biological: Mesenchymal stem cells from bone marrow"]},
                {"label": "Saline", "type": "PLACEBO_COMPARATOR", "description": "Transforaminal saline",
                 "interventionNames": ["Drug: Saline"]},
            ],
            "interventions": [
                {"type": "BIOLOGICAL", "name": "Mesenchymal stem cells from bone marrow",
                 "armGroupLabels": ["Marrow cells"]},
                {"type": "DRUG", "name": "Saline", "armGroupLabels": ["Saline"]},
            ],
        },
        "contactsLocationsModule": {"locations": [{"country": "Nowhere"}, {"country": "Nowhere"}]},
    },
    "resultsSection": {
        "participantFlowModule": {
            "groups": _groups("FG"),
            "periods": [{"title": "Overall Study", "milestones": [
                {"type": "STARTED", "achievements": [{"groupId": "FG000", "numSubjects": "31"},
                                                     {"groupId": "FG001", "numSubjects": "30"}]},
                {"type": "NOT COMPLETED", "achievements": [{"groupId": "FG000", "numSubjects": "3"},
                                                           {"groupId": "FG001", "numSubjects": "3"}]},
            ]}],
        },
        "baselineCharacteristicsModule": {
            "groups": [*_groups("BG"), {"id": "BG002", "title": "Total"}],
            "measures": [
                {"title": "Age, Continuous", "paramType": "MEAN", "dispersionType": "STANDARD_DEVIATION",
                 "unitOfMeasure": "years", "classes": [{"categories": [{"measurements": [
                     {"groupId": "BG000", "value": "44.5", "spread": "9.1"},
                     {"groupId": "BG001", "value": "45.0", "spread": "8.7"},
                     {"groupId": "BG002", "value": "44.7", "spread": "8.9"}]}]}]},
                {"title": "Sex: Female, Male", "paramType": "COUNT_OF_PARTICIPANTS", "unitOfMeasure": "Participants",
                 "classes": [{"categories": [
                     {"title": "Female", "measurements": [{"groupId": "BG000", "value": "12"},
                                                          {"groupId": "BG001", "value": "15"}]},
                     {"title": "Male", "measurements": [{"groupId": "BG000", "value": "19"},
                                                        {"groupId": "BG001", "value": "15"}]}]}]},
            ],
        },
        "outcomeMeasuresModule": {"outcomeMeasures": [
            measure("Leg Pain on the Numeric Rating Scale (0-10)",
                    [visit("Baseline", ("7.10", "1.5"), ("7.0", "1.6")),
                     visit("Month 6", ("3.9", "2.2"), ("4.8", "2.3"))],
                    timeFrame="Baseline, 3 months and 6 months"),
        ]},
        "adverseEventsModule": {
            "timeFrame": "6 months", "frequencyThreshold": "5",
            "eventGroups": [
                {**group, "deathsNumAffected": 0, "deathsNumAtRisk": 30, "seriousNumAffected": 1,
                 "seriousNumAtRisk": 30, "otherNumAffected": 9, "otherNumAtRisk": 30} for group in _groups("EG")
            ],
            "seriousEvents": [{"term": "Discitis", "organSystem": "Infections and infestations", "stats": [
                {"groupId": "EG000", "numEvents": 1, "numAffected": 1, "numAtRisk": 30},
                {"groupId": "EG001", "numEvents": 0, "numAffected": 0, "numAtRisk": 30}]}],
            "otherEvents": [{"term": "Headache", "stats": [{"groupId": "EG000", "numAffected": 4, "numAtRisk": 30}]}],
        },
    },
    "hasResults": True,
}  # fmt: skip


def registered_study(*, measures: list[dict[str, Any]] | None = None, number: str = NUMBER) -> dict[str, Any]:
    """Return a copy of the study that a test may change, with other outcome measures if given."""
    study = copy.deepcopy(_STUDY)
    study["protocolSection"]["identificationModule"]["nctId"] = number
    if measures is not None:
        study["resultsSection"]["outcomeMeasuresModule"]["outcomeMeasures"] = measures
    return study
