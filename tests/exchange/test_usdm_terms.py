"""Codes: each concept has one meaning; `tests/truth/peers/usdm_codes.csv` looks them up."""

import csv
import re
from pathlib import Path

import pytest

from sciatrial.exchange import usdm_terms
from sciatrial.exchange.usdm_terms import ROUTES, SPONSOR_KINDS, Term, arm_type, form_of, role_of, type_of
from sciatrial.foundation import Intervention, Route

TERMS = [item for item in vars(usdm_terms).values() if isinstance(item, Term)]
TERMS += [*ROUTES.values(), *SPONSOR_KINDS.values()]


def test_a_concept_has_one_meaning():
    meanings = {term.concept: term.meaning for term in TERMS}
    assert all(meanings[term.concept] == term.meaning for term in TERMS)
    assert all(re.fullmatch(r"C\d+", term.concept) for term in TERMS)


def test_what_documents_use_was_looked_up():
    path = Path(__file__).parents[1] / "truth" / "peers" / "usdm_codes.csv"
    with path.open(encoding="utf-8", newline="") as file:
        known = {row["code"]: row["theirs"].split("; ") for row in csv.DictReader(file)}
    for term in TERMS:
        assert term.meaning in known[term.concept], term


def test_every_route_that_is_one_has_a_code():
    assert set(ROUTES) == set(Route) - {Route.OPERATIVE, Route.NONE}


@pytest.mark.parametrize("intervention", [word for word in Intervention if word is not Intervention.OTHER])
def test_every_intervention_has_a_kind_a_role_and_a_form(intervention):
    for is_experimental in (True, False):
        assert arm_type(intervention, is_experimental=is_experimental).concept
        assert role_of(intervention, is_experimental=is_experimental).concept
    assert type_of(intervention).concept
    assert form_of(intervention).concept


def test_kinds_are_the_fields_own():
    assert arm_type(Intervention.USUAL_CARE, is_experimental=False).meaning == "No Intervention Arm"
    assert type_of(Intervention.CELL_THERAPY).meaning == "Biological Agent"
    assert type_of(Intervention.SURGERY).meaning == "Surgical Procedure"
    assert role_of(Intervention.SHAM, is_experimental=False).meaning == "Placebo"
    assert form_of(Intervention.NSAID).meaning == "Tablet Dosage Form"
