"""Measured scores: fluctuating, misjudged, rounded, bounded, and with the same luck in every arm."""

from dataclasses import replace

import numpy as np
import pytest

from sciatrial.clinic import answer_steps, measured, measurement_errors, true_score_above
from sciatrial.foundation import Score
from sciatrial.parameters import read_prior, reference_draw

DRAW = reference_draw(read_prior()).one(0)
MANY = np.arange(20_000)


def with_numbers(**changes):
    return replace(DRAW, values={**DRAW.values, **{name.replace("__", "."): v for name, v in changes.items()}})


def errors(score=Score.LEG_PAIN, days=(0.0, 30.0, 200.0), seed=1, patients=MANY, numbers=DRAW):
    return measurement_errors(score, days, numbers=numbers, seed=seed, patients=patients)


def steps(score=Score.LEG_PAIN, numbers=DRAW, patients=MANY):
    return answer_steps(score, numbers=numbers, seed=1, patients=patients)


@pytest.mark.parametrize("score", list(Score))
@pytest.mark.parametrize("day", [0.0, 7.3, 21.0, 400.0])
def test_the_variance_is_that_of_fluctuation_and_measurement_on_every_day(score, day):
    expected = np.hypot(DRAW.value("fluctuation_sd", (score,)), DRAW.value("measurement_sd", (score,)))
    # 20 000 patients: four standard errors of a standard deviation are 2 %
    assert errors(score, [day]).std() == pytest.approx(expected, rel=0.02)


def test_visits_are_correlated_the_more_the_closer_they_are():
    found = errors(days=(0.0, 3.0, 14.0, 200.0))
    to_first = np.corrcoef(found.T)[0, 1:]
    assert to_first[0] > to_first[1] > 0.1
    assert abs(to_first[2]) < 0.03


def test_scores_fluctuate_together_as_far_as_the_draw_says():
    apart, together = (
        np.corrcoef(
            errors(Score.LEG_PAIN, [0.0], numbers=numbers)[:, 0], errors(Score.BACK_PAIN, [0.0], numbers=numbers)[:, 0]
        )[0, 1]
        for numbers in (with_numbers(fluctuation_shared_fraction=0.0), with_numbers(fluctuation_shared_fraction=1.0))
    )
    assert abs(apart) < 0.03
    share = DRAW.value("fluctuation_sd", ("leg_pain",)) ** 2
    total = share + DRAW.value("measurement_sd", ("leg_pain",)) ** 2
    assert together == pytest.approx(share / total, abs=0.03)


def test_on_a_bad_day_pain_is_more_and_quality_of_life_is_less():
    together = with_numbers(fluctuation_shared_fraction=1.0)
    pain, life = (errors(score, [0.0], numbers=together)[:, 0] for score in (Score.LEG_PAIN, Score.QUALITY_OF_LIFE))
    assert np.corrcoef(pain, life)[0, 1] < -0.2


def test_a_visit_has_the_same_error_whatever_the_other_visits_and_patients():
    alone = errors(days=[30.0], patients=np.array([17]))
    assert alone[0, 0] == errors()[17, 1]


def test_another_seed_has_other_luck():
    assert abs(np.corrcoef(errors()[:, 0], errors(seed=2)[:, 0])[0, 1]) < 0.03


def test_scores_have_a_floor_and_a_ceiling():
    true = np.array([2.0, 98.0, 50.0])
    assert measured(Score.LEG_PAIN, true, np.array([-10.0, 10.0, 1.2]), np.ones(3)).tolist() == [0.0, 100.0, 51.0]
    assert measured(Score.ROLAND_MORRIS, np.array([23.0]), np.array([9.0]), 1.0).tolist() == [24.0]
    assert measured(Score.QUALITY_OF_LIFE, np.array([0.95]), np.array([0.2]), 0.001).tolist() == [1.0]


def test_answers_come_in_the_patients_own_steps():
    true = np.full(3, 63.0)
    assert measured(Score.LEG_PAIN, true, np.zeros(3), np.array([1.0, 5.0, 10.0])).tolist() == [63.0, 65.0, 60.0]


def test_as_many_answer_in_tens_as_the_draw_says():
    share = (steps() == 10).mean()
    assert share == pytest.approx(DRAW.value("answers_in_steps_fraction", ("tens",)), abs=0.015)
    assert set(np.unique(steps())) == {1.0, 5.0, 10.0}


def test_an_index_has_its_own_steps():
    assert set(steps(Score.DISABILITY)) == {2.0}
    assert set(steps(Score.ROLAND_MORRIS)) == {1.0}


@pytest.mark.parametrize("above", [0.0, 40.0, 47.0, 95.0])
def test_the_true_threshold_is_where_the_recorded_score_passes(above):
    habit = steps()
    error = errors(days=[30.0])[:, 0]
    true = np.linspace(0, 100, len(MANY))
    recorded = measured(Score.LEG_PAIN, true, error, habit)
    assert np.array_equal(recorded > above, true > true_score_above(above, error, habit))


def test_no_day_is_special():
    def correlation(first, lag):
        found = measurement_errors(
            Score.LEG_PAIN, [first, first + lag], numbers=with_numbers(measurement_sd=0.0), seed=2, patients=MANY
        )
        return np.corrcoef(found.T)[0, 1]

    memory = DRAW.value("fluctuation_days")
    for lag in (0.25 * memory, memory, 1.5 * memory):
        found = [correlation(first, lag) for first in (0.0, 0.5 * memory, 3.7 * memory)]
        assert max(found) - min(found) < 0.03  # four standard errors of 20 000 patients
    assert correlation(0.0, 2.0 * memory) == pytest.approx(0, abs=0.03)
