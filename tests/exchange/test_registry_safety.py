"""Adverse events and dropout: patients, never events, and no sum of patients who may be the same."""

from sciatrial.exchange import candidate_study
from tests.exchange.registry_samples import registered_study


def _counts(document):
    return {
        (row.cells["arm_id"].text, row.cells["event"].text): (
            row.cells["n_with_event"].text,
            row.cells["n_at_risk"].text,
        )
        for row in candidate_study(document).safety
    }


def test_totals_terms_and_dropout_become_rows():
    counts = _counts(registered_study())
    assert counts["marrow_cells", "serious_adverse_event"] == ("1", "30")
    assert counts["saline", "death"] == ("0", "30")
    assert counts["marrow_cells", "discitis"] == ("1", "30")
    assert counts["saline", "dropout"] == ("3", "30")


def test_patients_of_several_terms_are_not_added():
    document = registered_study()
    events = document["resultsSection"]["adverseEventsModule"]["otherEvents"]
    events += [{"term": "Wound infection", "stats": []}, {"term": "Urinary tract infection", "stats": []}]
    left_out = [problem.found for problem in candidate_study(document).left_out]
    assert "several entries, whose patients may be the same: Wound infection, Urinary tract infection" in left_out
    assert not [key for key in _counts(document) if key[1] == "infection"]


def test_terms_without_a_word_and_totals_that_cannot_be_told_are_listed():
    left_out = [problem.found for problem in candidate_study(registered_study()).left_out]
    assert "terms without a word: Headache" in left_out
    assert any("any_adverse_event cannot be told" in found for found in left_out)


def test_dropout_over_several_periods_cannot_be_told():
    document = registered_study()
    periods = document["resultsSection"]["participantFlowModule"]["periods"]
    periods.append({"title": "Extension", "milestones": []})
    assert not [key for key in _counts(document) if key[1] == "dropout"]


def test_a_number_that_was_not_entered_becomes_no_row():
    document = registered_study()
    for group in document["resultsSection"]["adverseEventsModule"]["eventGroups"]:
        del group["deathsNumAffected"]
    assert not [key for key in _counts(document) if key[1] == "death"]
