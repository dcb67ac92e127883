import numpy as np
import pytest
from pydantic import ValidationError

from sciatrial.trial import Estimand, Strategy
from sciatrial.trial.estimand import after_rescue, changes_of, known_visits
from tests.trial.conftest import small_design

RESCUE = {"score": "leg_pain", "above": 50}
NO = float("nan")

# three occasions after baseline: rescued at the first, at the second, never
RESCUED = np.array([[False, True, False, False], [False, False, True, False], [False] * 4])
CHANGE = np.array([[0.0, -1, -2, -3], [0.0, -4, -5, NO], [0.0, -6, -7, -8]])


def test_the_score_at_which_rescue_is_given_comes_before_it():
    assert after_rescue(RESCUED).tolist() == [[False, False, True, True], [False, False, False, True], [False] * 4]


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("treatment_policy", CHANGE),
        ("hypothetical", [[0.0, -1, NO, NO], [0.0, -4, -5, NO], [0.0, -6, -7, -8]]),
        ("composite", [[0.0, -1, 0, 0], [0.0, -4, -5, NO], [0.0, -6, -7, -8]]),
        ("while_on_treatment", [[0.0, -1, -1, -1], [0.0, -4, -5, NO], [0.0, -6, -7, -8]]),
        ("principal_stratum", [[0.0, -1, NO, NO], [0.0, -4, -5, NO], [0.0, -6, -7, -8]]),
    ],
)
def test_a_strategy_says_what_becomes_of_scores_after_rescue(strategy, expected):
    found = changes_of(Estimand(rescue=Strategy(strategy)), CHANGE, after_rescue(RESCUED))
    np.testing.assert_array_equal(found, expected)


def test_rescue_at_a_missed_visit_leaves_the_last_score_that_was_seen_before_it():
    # missed are the visit of rescue and all before it, the visit of rescue, and the endpoint without rescue
    change = np.array([[0.0, NO, -2, -3], [0.0, -4, NO, -5], [0.0, -6, -7, NO]])
    found = changes_of(Estimand(rescue=Strategy.WHILE_ON_TREATMENT), change, after_rescue(RESCUED))
    np.testing.assert_array_equal(found, [[0.0, NO, 0, 0], [0.0, -4, NO, -4], [0.0, -6, -7, NO]])


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("treatment_policy", [[1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 0, 0]]),
        ("hypothetical", [[1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 0, 0]]),
        ("composite", [[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 0, 0]]),
        ("while_on_treatment", [[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 0, 0]]),
        ("principal_stratum", [[1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 0, 0]]),
    ],
)
def test_a_strategy_says_which_values_are_known(strategy, expected):
    # the second was rescued and then left; the third left without rescue
    observed = np.array([[1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 0, 0]], dtype=bool)
    known = known_visits(Estimand(rescue=Strategy(strategy)), observed, RESCUED)
    np.testing.assert_array_equal(known, np.array(expected, dtype=bool))


def test_an_analysis_that_does_not_aim_at_the_estimand_is_a_named_problem():
    with pytest.raises(ValidationError, match="analysis: ancova does not aim at a hypothetical estimand"):
        small_design(rescue=RESCUE, estimand={"rescue": "hypothetical"}, analysis="ancova")


def test_a_strategy_for_rescue_that_nobody_gives_is_a_named_problem():
    with pytest.raises(ValidationError, match=r"estimand.rescue: composite, and the trial has no rescue"):
        small_design(estimand={"rescue": "composite"})


@pytest.mark.parametrize(("strategy", "analysis"), [
    ("treatment_policy", "ancova"), ("treatment_policy", "mmrm"), ("composite", "ancova"), ("composite", "mmrm"),
    ("hypothetical", "mmrm"), ("hypothetical", "clda"), ("while_on_treatment", "ancova"),
    ("principal_stratum", "ancova"),
])  # fmt: skip
def test_an_analysis_that_aims_at_its_estimand_is_allowed(strategy, analysis):
    assert small_design(rescue=RESCUE, estimand={"rescue": strategy}, analysis=analysis).estimand.rescue == strategy
