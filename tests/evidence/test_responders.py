"""Responder rules: words, thresholds and the data dictionary."""

import pytest

from sciatrial.evidence import RESPONDER_RULES, Criterion, Measure


def test_a_word_says_its_own_threshold():
    assert RESPONDER_RULES["responder_30pct_odi"].criteria == (Criterion(Measure.DISABILITY, percent_better=30),)


def test_three_roland_morris_points_are_an_eighth_of_the_scale():
    assert RESPONDER_RULES["responder_rmdq_3pt"].criteria[0].points_better == 12.5


def test_the_composite_rule_forbids_further_intervention():
    rule = RESPONDER_RULES["composite_50pct_pain_15pt_odi_no_intervention"]
    assert rule.needs_no_intervention
    assert [criterion.measure for criterion in rule.criteria] == [Measure.PAIN, Measure.DISABILITY]


@pytest.mark.parametrize("rule", RESPONDER_RULES.values(), ids=lambda rule: rule.word)
def test_every_criterion_has_exactly_one_threshold(rule):
    for criterion in rule.criteria:
        given = [criterion.percent_better, criterion.points_better, criterion.at_most]
        assert sum(number is not None for number in given) == 1


@pytest.mark.parametrize("word", ["satisfied", "macnab_good", "mcid_odi", "improved_undefined_news"])
def test_a_word_without_a_threshold_has_no_rule(word):
    assert word not in RESPONDER_RULES


def test_the_data_dictionary_explains_every_rule(schema_text):
    assert [word for word in RESPONDER_RULES if f"`{word}`" not in schema_text] == []
