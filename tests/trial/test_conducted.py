import numpy as np

from sciatrial.trial.conduct import conduct
from sciatrial.trial.conducted import reassigned


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
