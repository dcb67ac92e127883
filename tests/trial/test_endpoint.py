import pytest
from pydantic import ValidationError

from sciatrial.trial import Endpoint, Outcome
from tests.trial.conftest import small_design

RESPONSE = {
    "outcome": "leg_pain", "month": 6, "measure": "response", "rule": "responder_50pct_pain",
    "missing": "non_responder",
}  # fmt: skip


def problems(**changes):
    words = {name: value for name, value in (RESPONSE | changes).items() if value is not None}
    return Endpoint.model_validate(words).problems()


def test_an_endpoint_that_fits_together_has_no_problem():
    assert problems() == []
    assert problems(measure="category", rule=None, missing=None, categories=(10, 30)) == []
    assert Endpoint(outcome="leg_pain", month=6).problems() == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"rule": None}, "endpoint.rule: is missing"),
        ({"missing": None}, "endpoint.missing: is missing; non_responder or observed_only"),
        ({"rule": "responder_50pct_pian"}, "did you mean 'responder_50pct_pain'"),
        ({"rule": "responder_50pct_sf36"}, "endpoint.rule: 'responder_50pct_sf36' is not a known rule"),
        ({"rule": "responder_50pct_odi"}, "endpoint.outcome: leg_pain is not what responder_50pct_odi looks at"),
        ({"measure": "change_from_baseline"}, "endpoint.rule: has no meaning with measure change_from_baseline"),
        ({"measure": "hierarchy"}, "endpoint.hierarchy: is missing"),
        ({"measure": "category", "categories": (30, 10)}, "endpoint.categories: the cuts are not in order"),
        ({"measure": "category", "categories": (10, 100)}, "endpoint.categories: 100 is not inside the scale"),
        ({"categories": (10,)}, "endpoint.categories: has no meaning with measure response"),
    ],
)
def test_what_does_not_belong_or_is_missing_is_named(changes, told):
    assert any(told in line for line in problems(**changes))


def test_the_design_tells_the_problems_of_its_endpoint():
    with pytest.raises(ValidationError, match=r"endpoint.missing: is missing"):
        small_design(
            endpoint={**RESPONSE, "missing": None}, analysis="responders",
            estimand={"summary_measure": "risk_difference"},
        )  # fmt: skip


def test_pain_is_the_endpoint_s_own_and_else_leg_pain():
    assert Endpoint(outcome="back_pain", month=6).pain == "back_pain"
    assert Endpoint(outcome="disability", month=6).pain == "leg_pain"


@pytest.mark.parametrize("words", [{}, {"event": "rescue", "score": "leg_pain"}, {"event": "rescue", "margin": 5}])
def test_an_outcome_of_a_hierarchy_is_one_thing(words):
    with pytest.raises(ValidationError):
        Outcome.model_validate(words)


def test_a_rule_without_intervention_counts_rescue_as_a_failure():
    rule = "composite_50pct_pain_15pt_odi_no_intervention"
    assert Endpoint.model_validate({**RESPONSE, "rule": rule}).counts_rescue_as_failure
    assert not Endpoint.model_validate(RESPONSE).counts_rescue_as_failure
    with pytest.raises(ValidationError, match=r"estimand.rescue: treatment_policy, and the endpoint counts rescue as"):
        small_design(
            endpoint={**RESPONSE, "rule": rule}, analysis="responders", rescue={"score": "leg_pain", "above": 50},
            estimand={"summary_measure": "risk_difference"},
        )  # fmt: skip


def test_a_composite_of_a_hierarchy_without_rescue_is_a_named_problem():
    words = {
        "analysis": "win_statistics", "rescue": {"score": "leg_pain", "above": 50},
        "estimand": {"rescue": "composite", "summary_measure": "win_odds"},
    }  # fmt: skip
    endpoint = {"outcome": "leg_pain", "month": 6, "measure": "hierarchy"}
    score = {"score": "leg_pain"}
    assert small_design(endpoint={**endpoint, "hierarchy": ({"event": "rescue"}, score)}, **words)
    with pytest.raises(ValidationError, match="composite, and no outcome of the hierarchy counts rescue"):
        small_design(endpoint={**endpoint, "hierarchy": (score,)}, **words)
