import numpy as np
import pytest

from sciatrial.clinic import SCORES
from sciatrial.evidence import RESPONDER_RULES
from sciatrial.foundation import Score
from sciatrial.trial.response import endpoint_values, meets_rule
from tests.trial.conftest import small_design

PAIN, DISABILITY = SCORES.index("leg_pain"), SCORES.index("disability")
RESCUE = {"score": "leg_pain", "above": 50}
NEVER = np.zeros((1, 3), dtype=bool)


def scores(pain, disability=(50, 50, 50)):
    values = np.zeros((1, 3, len(SCORES)))
    values[0, :, PAIN], values[0, :, DISABILITY] = pain, disability
    return values


def design(measure, *, strategy="treatment_policy", **words):
    analysis, summary = {
        "response": ("responders", "risk_difference"), "category": ("proportional_odds", "common_odds_ratio"),
        "hierarchy": ("win_statistics", "win_odds"),
    }[measure]  # fmt: skip
    return small_design(
        visits_months=(3, 6), endpoint={"outcome": "leg_pain", "month": 6, "measure": measure, **words},
        analysis=analysis, rescue=RESCUE, estimand={"summary_measure": summary, "rescue": strategy},
    )  # fmt: skip


def responds(pain, rescued=NEVER, strategy="treatment_policy", rule="responder_50pct_pain", **words):
    asked = design("response", strategy=strategy, rule=rule, missing="observed_only")
    return endpoint_values(asked, scores(pain, **words), rescued)[0, 0]


@pytest.mark.parametrize(("pain", "expected"), [((60, 50, 30), 1), ((60, 20, 31), 0), ((0, 0, 0), 0)])
def test_half_of_the_pain_gone_is_a_response_and_nobody_without_pain_responds(pain, expected):
    assert responds(pain) == expected


@pytest.mark.parametrize(("word", "expected"), [
    ("responder_30pct_pain", 1), ("responder_50pct_pain", 0), ("vas20_or_less", 0), ("vas_2pt_and_odi_10pt", 1),
    ("composite_50pct_pain_15pt_odi_no_intervention", 0),
])  # fmt: skip
def test_every_rule_looks_at_its_own_thresholds(word, expected):
    values = scores((60, 60, 38), (50, 50, 30))
    assert meets_rule(RESPONDER_RULES[word], values, Score.LEG_PAIN)[0, 2] == expected


RESCUED = np.array([[False, True, False]])


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [("treatment_policy", 1), ("composite", 0), ("while_on_treatment", 0), ("principal_stratum", np.nan)],
)
def test_a_strategy_says_what_rescue_makes_of_a_response(strategy, expected):
    # 55 at the visit of rescue, 20 after it
    np.testing.assert_equal(responds((60, 55, 20), RESCUED, strategy), expected)


def test_rescue_at_the_endpoint_comes_after_its_score():
    at_the_end = np.array([[False, False, True]])
    assert responds((60, 55, 20), at_the_end, "composite") == 1


def test_the_composite_success_needs_all_three():
    rule = "composite_50pct_pain_15pt_odi_no_intervention"
    good = {"strategy": "composite", "rule": rule, "disability": (50, 50, 35)}
    assert responds((60, 55, 30), **good) == 1
    assert responds((60, 55, 30), RESCUED, **good) == 0
    assert responds((60, 55, 31), **good) == 0
    assert responds((60, 55, 30), **good | {"disability": (50, 50, 36)}) == 0


@pytest.mark.parametrize(("last", "category"), [(5, 3), (10, 3), (10.1, 2), (30, 2), (50, 1), (80, 0)])
def test_a_higher_category_is_better_and_a_score_on_a_cut_belongs_to_the_better_side(last, category):
    asked = design("category", categories=(10, 30, 50))
    assert endpoint_values(asked, scores((60, 55, last)), NEVER)[0, 0] == category


def test_rescue_is_the_worst_category_in_a_composite():
    asked = design("category", strategy="composite", categories=(10, 30, 50))
    assert endpoint_values(asked, scores((60, 55, 5)), RESCUED)[0, 0] == 0


def test_a_hierarchy_has_its_outcomes_in_order_higher_being_better():
    steps = ({"event": "rescue"}, {"rule": "responder_50pct_pain"}, {"score": "disability", "margin": 15})
    asked = design("hierarchy", strategy="composite", hierarchy=steps)
    values = scores((60, 55, 30), (50, 50, 30))
    assert endpoint_values(asked, values, NEVER)[0].tolist() == [1, 1, 20]
    assert endpoint_values(asked, values, RESCUED)[0].tolist() == [0, 1, 20]
