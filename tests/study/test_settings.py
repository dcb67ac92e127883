import pytest
from pydantic import ValidationError

from sciatrial.study.settings import CalibrationSettings, SimulationSettings


def test_only_the_prior_can_be_asked_for_and_nothing_is_called_calibrated():
    assert CalibrationSettings().parameters == "prior"
    with pytest.raises(ValidationError):
        CalibrationSettings(parameters="posterior")


@pytest.mark.parametrize("n_trials", [1, 100_001, float("nan")])
def test_a_number_of_trials_out_of_range_is_refused(n_trials):
    with pytest.raises(ValidationError):
        SimulationSettings(n_trials=n_trials)
