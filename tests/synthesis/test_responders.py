import pytest

from sciatrial.evidence import arm_estimates
from sciatrial.synthesis.question import Question
from sciatrial.synthesis.responders import PAIN_RULES, trial_shares


@pytest.fixture(scope="module")
def made(evidence):
    return arm_estimates(evidence)


def test_a_trial_gives_one_rule_and_counts_of_both_arms(made):
    shares = trial_shares(made, Question("responder", 12)).set_index("study")
    assert set(shares.index) == {"amirdelfan2021", "levi2025"}
    assert shares.loc["levi2025", "events_treatment"] == pytest.approx(0.44 * 45)
    assert shares.loc["levi2025", "n_comparator"] == 18


def test_the_first_rule_that_both_arms_print_is_taken(made):
    shares = trial_shares(made, Question("responder", 36)).set_index("study")
    assert shares.loc["amirdelfan2021", "rule"] == "responder_50pct_pain"


def test_doses_are_added_up(made):
    row = trial_shares(made, Question("responder", 36)).set_index("study").loc["amirdelfan2021"]
    assert row["n_treatment"] == pytest.approx(3 * row["n_comparator"])
    assert row["events_treatment"] / row["n_treatment"] == pytest.approx((0.43 + 0.50) / 2)


def test_rules_of_pain_alone_can_be_asked_for(made):
    assert set(trial_shares(made, Question("responder", 12), rules=PAIN_RULES)["rule"]) <= set(PAIN_RULES)


def test_a_visit_that_no_trial_has_gives_no_row(made):
    assert trial_shares(made, Question("responder", 1)).empty
