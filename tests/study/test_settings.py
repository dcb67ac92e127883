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
