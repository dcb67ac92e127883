import numpy as np
import pytest

from sciatrial.statistics import Selection
from sciatrial.trial import Decision
from sciatrial.trial.look_decisions import decisions_at

GO = (Decision.CONTINUE,) * 3


def said(values, shown=(False,) * 3, active=(True,) * 3, *, selection=None, stops=False, before=GO):
    return decisions_at(
        before, np.array(active), np.array(shown), np.array(values, dtype=float), selection=selection, stops=stops
    )


def test_the_best_goes_on_and_the_others_are_dropped():
    assert said([1.0, 2.0, 0.5], selection=Selection(most=1)) == (Decision.DROPPED, Decision.CONTINUE, Decision.DROPPED)


def test_what_is_below_the_threshold_is_futile():
    assert said([1.0, 2.0, -0.5], selection=Selection(above_z=0.0))[2] is Decision.FUTILITY


def test_what_is_shown_is_shown_also_where_the_trial_stops():
    assert said([1.0, 2.0, 3.0], (False, False, True), stops=True) == (
        Decision.ENDED,
        Decision.ENDED,
        Decision.EFFICACY,
    )


def test_what_stopped_before_keeps_its_word():
    before = (Decision.FUTILITY, Decision.CONTINUE, Decision.CONTINUE)
    assert said([1.0, 2.0, 3.0], active=(False, True, True), before=before, stops=True)[0] is Decision.FUTILITY


@pytest.mark.parametrize("place", [0, 2])
def test_a_look_that_cannot_estimate_says_nothing(place):
    values = [1.0, 2.0, 3.0]
    values[place] = np.nan
    assert said(values, selection=Selection(most=1))[place] is Decision.CONTINUE
