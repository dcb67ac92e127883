"""Every rate and output of the model equals what another program printed (see README.md)."""

import json
from pathlib import Path

import numpy as np
import pytest

from sciatrial.model import sciatica_model

EXPECTED = json.loads((Path(__file__).parent / "rates.json").read_text(encoding="utf-8"))

# written as bare numbers in the other program, or not there at all
ADDED = {
    "disc_injectate": 0.0, "injectate_loss_rate": 0.0, "context_fading_rate": 0.0,
    "ischaemic_remyelination_fraction": 0.4, "bare_axon_loss_fraction": 0.5, "tingling_demyelination_weight": 3.0,
    "quality_of_life_intercept": 0.97711, "quality_of_life_disability_weight": 0.00687,
    "quality_of_life_leg_pain_weight": 0.01488, "quality_of_life_back_pain_weight": 0.01008,
}  # fmt: skip


def point():
    groups = ("states", "parameters", "exposures")
    return {name: np.array(v) for group in groups for name, v in EXPECTED[group].items()} | ADDED


@pytest.mark.parametrize("state", sorted(EXPECTED["rates"]))
def test_rate_of_change_equals_the_other_program(state):
    expected = np.array(EXPECTED["rates"][state])
    rate = sciatica_model().rates(point())[state]
    assert np.abs(rate - expected).max() <= 1e-12 * np.abs(expected).max()


@pytest.mark.parametrize("name", sorted(EXPECTED["outputs"]))
def test_output_equals_the_other_program(name):
    expected = np.array(EXPECTED["outputs"][name])
    value = sciatica_model().evaluate(point())[name]
    assert np.abs(value - expected).max() <= 1e-12 * np.abs(expected).max()
