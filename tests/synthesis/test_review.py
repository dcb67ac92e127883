import pytest

from sciatrial.synthesis.change import QUESTIONS
from sciatrial.synthesis.moderators import Moderator
from sciatrial.synthesis.question import Question
from sciatrial.synthesis.review import review_evidence


@pytest.fixture(scope="module")
def review(planted):
    return review_evidence(planted, questions=[Question("leg_pain", 12), Question("disability", 6)])


def test_every_question_has_an_answer_and_a_certainty_in_order(review):
    summary = review.summary()
    assert list(summary["outcome"]) == ["leg_pain", "disability"]
    assert list(summary["certainty"])[1] == "none"
    assert summary["n_trials"].tolist() == [4, 0]


def test_the_summary_holds_the_quoted_numbers(review):
    row = review.summary().iloc[0]
    assert row["estimate"] == review.answers[0].main["estimate"]
    assert row["prediction_low"] < row["low"] < row["estimate"]


def test_every_moderator_was_tried(review):
    assert [regression.moderator for regression in review.regressions] == [word.value for word in Moderator]


def test_the_network_is_told_with_its_islands(review):
    treatments = {treatment for island in review.islands for treatment in island}
    assert treatments == set(review.network["treatment"])


def test_the_usual_questions_ask_of_leg_pain_first():
    assert QUESTIONS[0] == Question("leg_pain", 6)
