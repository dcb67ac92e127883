import pytest

from sciatrial.foundation import EvidenceError
from sciatrial.synthesis.question import Question


def test_a_question_says_what_it_asks_and_what_counts_as_its_visit():
    assert Question("leg_pain", 6).in_words() == (
        "cell therapy against placebo procedure, leg pain at 6 months (4.5 to 9)"
    )


def test_everything_that_cannot_be_asked_is_told_at_once():
    with pytest.raises(EvidenceError) as error:
        Question("leg_pian", 7, "surgery", "surgery")
    told = str(error.value)
    assert "leg_pain" in told
    assert "1, 3, 6, 12, 24, 36" in told
    assert "surgery" in told
