"""A study of the registry → candidates: study and arms, missing modules, values that nobody knows."""

import random
import tomllib
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sciatrial.exchange import candidate_form, candidate_study
from sciatrial.foundation import EvidenceError
from tests.exchange.registry_samples import registered_study


def _study(document):
    return {column: cell.text for column, cell in candidate_study(document).study.cells.items()}


def _left_out(document):
    return {problem.where: problem.found for problem in candidate_study(document).left_out}


def test_a_study_is_told_in_the_words_of_the_tables():
    study = _study(registered_study())
    assert study == study | {
        "study_id": "nct00000000", "registration": "NCT00000000; EudraCT 2000-000000-00", "design": "rct",
        "blinding": "double", "condition": "lumbar_radicular_pain", "n_total": "61", "n_centres": "2",
        "country": "Nowhere", "followup_months": "6", "funding": "mixed", "source_kind": "registry",
        "figure_from": "registry", "source_url": "https://clinicaltrials.gov/study/NCT00000000",
    }  # fmt: skip


def test_arms_have_what_they_receive_and_who_is_in_them():
    cells, saline = candidate_study(registered_study()).arms
    texts = {column: cell.text for column, cell in cells.cells.items()}
    assert texts == texts | {
        "arm_id": "marrow_cells", "role": "experimental", "intervention": "cell_therapy", "cell_type": "bm_msc",
        "donor": "autologous", "dose_million_cells": "20", "route": "epidural_transforaminal", "n_assigned": "31",
        "mean_age_years": "44.5", "percent_female": "38.7",
    }  # fmt: skip
    assert (saline.cells["role"].text, saline.cells["intervention"].text) == ("control", "saline")


@pytest.mark.parametrize("column", ["culture_expanded", "dose_million_cells", "dose_basis", "percent_female"])
def test_what_the_registry_does_not_say_plainly_is_to_be_confirmed(column):
    assert candidate_study(registered_study()).arms[0].cells[column].doubt


def test_an_arm_that_no_rule_knows_has_no_intervention_and_low_confidence():
    document = registered_study()
    arm = document["protocolSection"]["armsInterventionsModule"]["armGroups"][0]
    arm |= {"label": "Lavender", "description": "", "interventionNames": []}
    first = candidate_study(document).arms[0]
    assert first.cells["intervention"].text == ""
    assert first.cells["intervention"].doubt == "no rule for what this arm receives"
    assert first.confidence == "low"


def test_an_unknown_condition_is_left_empty_and_named():
    document = registered_study()
    document["protocolSection"]["conditionsModule"]["conditions"] = ["Hiccups"]
    document["protocolSection"]["identificationModule"]["briefTitle"] = "Invented"
    cell = candidate_study(document).study.cells["condition"]
    assert (cell.text, cell.doubt) == ("", "no rule for the condition: Hiccups")


def test_values_that_nobody_knows_are_named():
    document = registered_study()
    module = document["protocolSection"]["designModule"]["designInfo"]
    module["allocation"], module["maskingInfo"] = "BY_DICE", {"masking": "TWOFOLD"}
    document["protocolSection"]["sponsorCollaboratorsModule"]["leadSponsor"]["class"] = "GUILD"
    document["protocolSection"]["armsInterventionsModule"]["armGroups"][0]["type"] = "HOPEFUL"
    found = " ".join(_left_out(document).values())
    for value in ("BY_DICE", "TWOFOLD", "GUILD", "HOPEFUL"):
        assert f"'{value}' is not a known value" in found


def test_a_study_without_results_gives_its_arms_and_says_so():
    document = registered_study()
    del document["resultsSection"]
    document["hasResults"] = False
    assert "no results were posted" in _left_out(document)["resultsSection"]
    assert len(candidate_study(document).arms) == 2


def test_results_that_are_promised_and_missing_are_named():
    document = registered_study()
    del document["resultsSection"]
    assert "though hasResults is true" in _left_out(document)["resultsSection"]


@pytest.mark.parametrize(
    "module", ["participantFlowModule", "baselineCharacteristicsModule", "outcomeMeasuresModule", "adverseEventsModule"]
)
def test_a_missing_module_is_named_and_the_others_are_read(module):
    document = registered_study()
    del document["resultsSection"][module]
    assert _left_out(document)[f"resultsSection.{module}"] == "is missing"
    assert len(candidate_study(document).arms) == 2


def test_a_single_arm_is_called_single():
    document = registered_study()
    del document["protocolSection"]["armsInterventionsModule"]["armGroups"][1]
    assert candidate_study(document).arms[0].cells["role"].text == "single"


def _places(value):
    """Yield every place of a JSON value: what holds it and under which key."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield value, key
        yield from _places(inner)


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 4), gone=st.booleans())
def test_whatever_is_missing_or_odd_gives_a_form_or_is_told(seed, count, gone):
    document, choice = registered_study(), random.Random(seed)
    odd = [None, "", "NA", 3, -1.5, True, [], {}, "é\n#", "0", ["x"], "Week 12", "1e400", "²", [{}], "1" * 30]
    for _ in range(count):
        holder, key = choice.choice(list(_places(document)))
        if gone:
            del holder[key]
        else:
            holder[key] = choice.choice(odd)
    with suppress(EvidenceError):
        assert tomllib.loads(candidate_form(candidate_study(document)))["confirmed"] is False
