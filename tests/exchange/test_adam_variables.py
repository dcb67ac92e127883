"""Names, labels and lists of variables fit the oldest program that will read them."""

import re

import pytest

from sciatrial.clinic import SCORES
from sciatrial.exchange.adam_variables import (
    ADAE,
    ADEFF,
    ADQS,
    ADSL,
    BASELINES,
    CODE_LISTS,
    SCORE_CODES,
    score_label,
)
from sciatrial.foundation import Score


@pytest.mark.parametrize("variables", [ADSL, ADQS, ADEFF, ADAE])
def test_names_and_labels_fit_a_transport_file_of_version_5(variables):
    names = [variable.name for variable in variables]
    assert len(set(names)) == len(names)
    for variable in variables:
        assert re.fullmatch(r"[A-Z][A-Z0-9]{0,7}", variable.name)
        assert len(variable.label) <= 40
        assert variable.label.isascii()
        assert variable.how
        assert variable.kind in ("text", "integer", "float")
        assert variable.origin in ("Derived", "Assigned")
        assert not variable.codes or variable.codes in CODE_LISTS


def test_every_score_has_a_parameter_and_a_baseline():
    assert set(SCORE_CODES) == set(SCORES) == set(BASELINES)
    assert len({code for code, _ in SCORE_CODES.values()}) == len(SCORE_CODES)
    assert len(set(BASELINES.values())) == len(BASELINES)
    assert all(len(score_label(score)) <= 40 for score in SCORES)
    assert score_label(Score.QUALITY_OF_LIFE) == "Quality of life (EQ-5D index)"


def test_a_list_with_a_concept_has_one_for_each_of_its_words():
    for codes in CODE_LISTS.values():
        assert {bool(code.concept) for code in codes.codes} == {bool(codes.concept)}
