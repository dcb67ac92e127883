"""Measured scores: noisy, bounded, and with the same luck in every arm."""

import numpy as np
import pytest

from sciatrial.calibration import read_prior, reference_draw
from sciatrial.clinic import measured, measurement_error
from sciatrial.foundation import Score

DRAW = reference_draw(read_prior()).one(0)


def error(score=Score.LEG_PAIN, occasion="month 6", seed=1, patients=None):
    patients = np.arange(4000) if patients is None else patients
    return measurement_error(score, occasion, numbers=DRAW, seed=seed, patients=patients)


def test_the_error_has_the_standard_deviation_of_the_table():
    assert error().std() == pytest.approx(8.0, rel=0.05)
    assert error(Score.DISABILITY).std() == pytest.approx(6.0, rel=0.05)


def test_patient_17_has_the_same_error_whoever_else_is_measured():
    assert error()[17] == error(patients=[17])[0]


@pytest.mark.parametrize("other", [error(occasion="month 12"), error(Score.BACK_PAIN), error(seed=2)])
def test_another_occasion_score_or_seed_has_other_luck(other):
    assert abs(np.corrcoef(error(), other)[0, 1]) < 0.06


def test_scores_have_a_floor_and_a_ceiling():
    true = np.array([2.0, 98.0, 50.0])
    assert measured(Score.LEG_PAIN, true, np.array([-10.0, 10.0, 1.0])).tolist() == [0.0, 100.0, 51.0]
    assert measured(Score.QUALITY_OF_LIFE, np.array([0.95]), np.array([0.2])).tolist() == [1.0]
