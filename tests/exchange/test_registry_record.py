"""The structure of a study's JSON: each fault by its path, all at once."""

import pytest

from sciatrial.exchange.registry_record import read_record
from sciatrial.foundation import EvidenceError
from tests.exchange.registry_samples import NUMBER, registered_study


def _places(document, **more):
    with pytest.raises(EvidenceError) as caught:
        read_record(document, **more)
    return [problem.where for problem in caught.value.problems]


def test_a_study_is_read_and_numbers_stay_as_they_were_entered():
    study = read_record(registered_study(), expected=NUMBER)
    measure = study.results_section.outcome_measures_module.outcome_measures[0]
    assert measure.classes[0].categories[0].measurements[0].value == "7.10"
    assert study.protocol_section.design_module.enrollment_info.count == "61"


def test_what_was_not_entered_is_empty():
    study = read_record({"protocolSection": {"identificationModule": {"nctId": NUMBER}}})
    assert study.results_section is None
    assert study.protocol_section.conditions_module.conditions == ()


def test_null_is_not_entered():
    document = registered_study() | {"resultsSection": None}
    document["protocolSection"]["conditionsModule"]["conditions"] = None
    assert read_record(document).protocol_section.conditions_module.conditions == ()


def test_unknown_fields_are_passed_over():
    assert read_record(registered_study() | {"derivedSection": {"miscInfoModule": {}}}).has_results


def test_faults_of_structure_are_told_by_their_paths_all_at_once():
    document = registered_study()
    document["protocolSection"]["conditionsModule"] = ["Sciatica"]
    document["resultsSection"]["adverseEventsModule"]["eventGroups"] = {}
    del document["protocolSection"]["armsInterventionsModule"]["armGroups"][0]["label"]
    assert _places(document) == [
        "protocolSection.conditionsModule", "protocolSection.armsInterventionsModule.armGroups.0.label",
        "resultsSection.adverseEventsModule.eventGroups",
    ]  # fmt: skip


@pytest.mark.parametrize("document", [[], "text", None, {"studies": []}])
def test_what_is_no_study_is_told(document):
    assert _places(document) == ["JSON"]


def test_a_missing_module_that_is_needed_is_told():
    assert _places({"hasResults": False}) == ["protocolSection"]
    assert _places({"protocolSection": {}}) == ["protocolSection.identificationModule"]


def test_another_study_than_the_one_asked_for_is_told():
    assert _places(registered_study(), expected="NCT00000001") == ["protocolSection.identificationModule.nctId"]
