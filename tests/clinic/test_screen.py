"""Screening on measured scores."""

import numpy as np

from sciatrial.clinic import screen
from sciatrial.foundation import Score


def test_only_those_within_every_range_are_eligible():
    scores = {Score.LEG_PAIN: np.array([39.9, 40.0, 100.0, 70.0]), Score.DISABILITY: np.array([50.0, 50.0, 50.0, 10.0])}
    result = screen(scores, {Score.LEG_PAIN: (40, 100), Score.DISABILITY: (30, 100)})
    assert result.is_eligible.tolist() == [False, True, True, False]
    assert result.excluded == {"leg_pain outside 40 to 100": 1, "disability outside 30 to 100": 1}


def test_no_criteria_admit_everybody():
    assert screen({Score.LEG_PAIN: np.array([0.0, 50.0])}, {}).is_eligible.all()


def test_a_score_that_is_not_a_number_excludes():
    result = screen({Score.LEG_PAIN: np.array([np.nan, 50.0])}, {Score.LEG_PAIN: (40, 100)})
    assert result.is_eligible.tolist() == [False, True]
