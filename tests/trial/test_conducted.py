from dataclasses import replace

import numpy as np

from sciatrial.foundation import DAYS_PER_MONTH
from sciatrial.trial.accrual import Arrivals
from sciatrial.trial.conduct import conduct
from sciatrial.trial.conducted import randomised_months, reassigned, visit_months
from tests.trial.conftest import invented_trial, small_design


def test_visits_take_place_after_randomisation_and_as_late_as_they_are():
    design = small_design(n_total=4, accrual={"per_month": 2}, visits_months=(3, 6))
    trial = invented_trial(design, 1)
    planned = randomised_months(design, trial)
    assert planned.tolist() == [0.0, 0.5, 1.0, 1.5]
    assert visit_months(trial, planned, (3, 6))[1].tolist() == [0.5, 3.5, 6.5]
    late = np.zeros((4, 3))
    late[2, 1] = -DAYS_PER_MONTH / 2
    assert visit_months(replace(trial, days_late=late), planned, (3, 6))[2].tolist() == [1.0, 3.5, 7.0]
    own = replace(trial, arrivals=Arrivals(planned + 1, np.zeros(4, dtype=np.int64)))
    assert randomised_months(design, own).tolist() == [1.0, 1.5, 2.0, 2.5]
    assert np.isnan(randomised_months(small_design(n_total=4), own)).all()


def test_whoever_misses_a_visit_has_not_left_where_that_is_told():
    trial = invented_trial(small_design(n_total=4), 1)
    seen = trial.is_observed.copy()
    seen[1, 2] = False
    assert not replace(trial, is_observed=seen).stayed[1, 2]
    assert replace(trial, is_observed=seen, has_stayed=np.ones_like(seen)).stayed.all()


def test_a_trial_reassigned_as_it_was_is_the_trial(with_rescue, rescued_trial):
    again = reassigned(with_rescue, rescued_trial, rescued_trial.assigned, 9)
    for name in ("scores", "rescued", "is_solved", "is_observed", "has_stayed"):
        np.testing.assert_array_equal(getattr(again, name), getattr(rescued_trial, name))


def test_whoever_gets_another_arm_has_its_scores_and_everybody_else_keeps_theirs(with_rescue, rescued_trial):
    swapped = rescued_trial.assigned.copy()
    swapped[:20] = 1 - swapped[:20]
    other = reassigned(with_rescue, rescued_trial, swapped, 9)
    np.testing.assert_array_equal(other.scores[20:], rescued_trial.scores[20:])
    np.testing.assert_array_equal(other.is_observed[20:], rescued_trial.is_observed[20:])
    for patient in range(20):
        arm = list(with_rescue.arms)[swapped[patient]]
        np.testing.assert_array_equal(other.scores[patient], rescued_trial.potential[arm].scores[patient])


def test_a_reassigned_trial_is_the_one_conducted_with_another_allocation(model, with_rescue, patients, rescued_trial):
    # other blocks, and dropout that depends on the arm, go through the whole of `conduct` here
    unequal = with_rescue.model_copy(update={"allocation": {arm: 1 + at for at, arm in enumerate(with_rescue.arms)}})
    anew = conduct(model, unequal, [patients], [9])[0]
    again = reassigned(with_rescue, rescued_trial, anew.assigned, 9)
    assert (anew.assigned != rescued_trial.assigned).any()
    for name in ("scores", "rescued", "is_solved", "is_observed", "has_stayed"):
        np.testing.assert_array_equal(getattr(again, name), getattr(anew, name))
