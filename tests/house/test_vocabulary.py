import pytest

from sciatrial.evidence import read_evidence
from sciatrial.foundation import Score, scale_of
from sciatrial.model import sciatica_model
from sciatrial.parameters import read_prior

MODEL = sciatica_model()
PRIOR = read_prior()
SOURCES_OF_THE_MODEL = sorted({slug for item in (*MODEL.mechanisms, *MODEL.formulas) for slug in item.sources})


@pytest.fixture(scope="module")
def slugs() -> set[str]:
    evidence = read_evidence()
    return {*evidence.parameters["name"], *evidence.facts["name"], *evidence.studies["study_id"]}


def test_every_parameter_of_the_model_has_a_row_of_the_prior():
    assert set(MODEL.parameter_names) <= {row.name for row in PRIOR.entries}


def test_every_row_of_the_prior_is_used():
    unused = {row.name for row in PRIOR.entries if row.used_by == "model"} - set(MODEL.parameter_names)
    assert not unused


def test_every_source_of_a_number_is_a_row_or_is_called_an_assumption(slugs):
    named = {slug for row in PRIOR.entries for slug in row.sources.split(";")}
    assert not {slug for slug in named if not slug.startswith("assumption:")} - slugs


def test_every_source_of_a_law_is_a_row_or_is_called_an_assumption(slugs):
    assert not {s for s in SOURCES_OF_THE_MODEL if not s.startswith(("assumption:", "model:"))} - slugs


def test_every_mechanism_names_a_source():
    assert all(item.sources for item in MODEL.mechanisms)


def test_every_state_and_parameter_says_what_it_means():
    assert all(item.meaning and item.unit for item in (*MODEL.states, *MODEL.parameters))


def test_the_scale_of_a_score_is_the_top_of_its_scale():
    scores = {str(score) for score in Score}
    told = {item.name: item.scale for item in MODEL.outputs if item.name in scores}
    assert len(told) >= 7
    assert told == {name: scale_of(name)[1] for name in told}
