import pytest
from pydantic import ValidationError

from sciatrial.study.settings import CalibrationSettings, SimulationSettings


def test_a_study_takes_the_prior_unless_it_asks_for_a_posterior():
    assert CalibrationSettings().drawn == "prior"
    assert {CalibrationSettings(parameters=words).drawn for words in ("reference", "my/fit")} == {"posterior"}


def test_an_inclusion_probability_beside_a_posterior_is_refused():
    with pytest.raises(ValidationError, match="has no meaning beside a posterior"):
        CalibrationSettings(parameters="reference", inclusion_probability=0.5)


@pytest.mark.parametrize("n_trials", [1, 100_001, float("nan")])
def test_a_number_of_trials_out_of_range_is_refused(n_trials):
    with pytest.raises(ValidationError):
        SimulationSettings(n_trials=n_trials)


def test_reference_values_and_no_cell_effect_run_beside_the_draws_unless_others_are_asked_for():
    assert SimulationSettings().scenarios == ("reference", "no_cell_effect")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"scenarios": ["prior"]}, "scenarios.0: prior always runs"),
        ({"scenarios": ["reference", "reference"]}, "scenarios.1: reference is listed twice"),
        ({"unblinding": {}}, "unblinding: has no meaning without the scenario unblinded_null"),
    ],
)
def test_scenarios_that_do_not_fit_are_refused(words, told):
    with pytest.raises(ValidationError, match=told):
        SimulationSettings.model_validate(words)
