import pytest
from pydantic import ValidationError

from sciatrial.trial import Analysis, EndpointMeasure, Strategy, SummaryMeasure
from sciatrial.trial.aims import AIMS, aim_problems
from tests.trial.conftest import small_design

RESPONSE = {
    "outcome": "leg_pain", "month": 6, "measure": "response", "rule": "responder_50pct_pain",
    "missing": "observed_only",
}  # fmt: skip
RESCUE = {"score": "leg_pain", "above": 50}


def test_every_analysis_has_an_aim_and_every_measure_an_analysis():
    assert set(AIMS) == set(Analysis)
    assert {measure for aim in AIMS.values() for measure in aim.summary_measures} == set(SummaryMeasure)
    assert {aim.endpoint for aim in AIMS.values()} == set(EndpointMeasure)
    assert {strategy for aim in AIMS.values() for strategy in aim.strategies} == set(Strategy)


@pytest.mark.parametrize("analysis", list(Analysis))
def test_what_an_analysis_aims_at_is_no_problem(analysis):
    aim = AIMS[analysis]
    for measure in aim.summary_measures:
        for strategy in aim.strategies:
            assert aim_problems(analysis, aim.endpoint, measure, strategy) == []


def test_a_marginal_risk_difference_is_not_what_a_conditional_analysis_of_another_endpoint_gives():
    with pytest.raises(
        ValidationError, match=r"analysis: ancova takes a change from baseline, and the endpoint is a re"
    ):
        small_design(endpoint=RESPONSE)


def test_a_mismatch_of_analysis_and_summary_measure_names_key_and_remedy():
    words = {"endpoint": RESPONSE, "analysis": "responders", "estimand": {"summary_measure": "odds_ratio"}}
    with pytest.raises(ValidationError) as raised:
        small_design(**words)
    told = str(raised.value)
    assert "estimand.summary_measure: odds_ratio is not what responders estimates; risk_difference" in told
    assert 'analysis = "logistic"' in told


@pytest.mark.parametrize(
    ("analysis", "strategy", "remedy"),
    [
        ("mmrm", "while_on_treatment", "ancova"),
        ("clda", "principal_stratum", "ancova"),
        ("ancova", "hypothetical", "mmrm"),
    ],
)
def test_a_strategy_that_an_analysis_does_not_aim_at_names_one_that_does(analysis, strategy, remedy):
    with pytest.raises(ValidationError, match=f'analysis = "{remedy}"'):
        small_design(analysis=analysis, rescue=RESCUE, estimand={"rescue": strategy})


def test_no_analysis_of_responses_is_hypothetical():
    words = {"endpoint": RESPONSE, "analysis": "responders", "rescue": RESCUE}
    estimand = {"summary_measure": "risk_difference", "rescue": "hypothetical"}
    with pytest.raises(ValidationError, match="responders does not aim at a hypothetical estimand"):
        small_design(**words, estimand=estimand)
