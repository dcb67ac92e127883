"""Words of the registry: time frames to months, titles to instruments, and nothing guessed."""

import pytest

from sciatrial.evidence import data_dictionary
from sciatrial.exchange.registry_words import (
    CONDITIONS,
    EVENTS,
    INSTRUMENT_RULES,
    INTERVENTIONS,
    OUTCOMES,
    ROUTES,
    blinding_of,
    first_rule,
    share_word,
    spread_of,
    visits_of,
)
from sciatrial.foundation import Blinding, Condition, Intervention, Outcome, Route, SafetyEvent, SpreadKind


@pytest.mark.parametrize(
    ("text", "months"),
    [
        ("6 months", (6,)), ("Week 12", (2.76,)), ("Baseline to Day 90", (0, 2.96)), ("12-week", (2.76,)),
        ("Baseline, 3, 6, and 12 months", (0, 3, 6, 12)), ("weeks 4, 8 and 12", (0.92, 1.84, 2.76)),
        ("1 year", (12,)), ("one year", (12,)), ("Month 6 (± 7 days)", (6,)), ("6 months +/- 2 weeks", (6,)),
        ("Month 3, Month 6", (3, 6)), ("2 weeks, 1 month", (0.46, 1)), ("3/6/12 months", (3, 6, 12)),
        ("24 hours", (0.03,)), ("at discharge", ()), ("", ()), ("12 months after 2 injections", (12,)),
    ],
)  # fmt: skip
def test_a_time_frame_names_months(text, months):
    assert visits_of(text).months == months


def test_up_to_is_an_end_and_perhaps_no_visit():
    assert visits_of("Up to 24 months").is_up_to
    assert not visits_of("24 months").is_up_to


@pytest.mark.parametrize(
    ("text", "word", "is_doubtful"),
    [
        ("Oswestry Disability Index (0-100)", "odi_100", False),
        ("ODI score", "odi_raw_or_percent", True),
        ("Roland-Morris, 0 to 24", "rmdq_24", False),
        ("RMDQ", "rmdq_24", True),
        ("Visual analogue scale for leg pain, mm", "vas_100", False),
        ("Visual Analogue Scale, 0-10", "vas_10", False),
        ("Visual analog scale", "vas_unstated", True),
        ("11-point numeric rating scale", None, None),
        ("Numeric Pain Rating Scale, 11-point", "nrs_10", False),
        ("NRS 0-100", "nrs_100", False),
        ("EQ-5D index", "eq5d_index", False),
        ("SF-36 Physical Component Summary", "sf36_pcs", False),
        ("Grip strength", None, None),
    ],
)
def test_a_text_names_an_instrument_or_none(text, word, is_doubtful):
    found = first_rule(INSTRUMENT_RULES, text)
    if word is None:
        assert found is None or found.doubt
    else:
        assert (found.word, bool(found.doubt)) == (word, is_doubtful)


@pytest.mark.parametrize(
    ("text", "word"),
    [("Worst leg pain", "leg_pain"), ("Low back pain", "back_pain"), ("Average pain", "pain_unspecified"),
     ("Roland disability", "disability"), ("Walking distance", None)],
)  # fmt: skip
def test_a_title_names_an_outcome_or_none(text, word):
    found = first_rule(OUTCOMES, text)
    assert (found.word if found else None) == word


def test_the_first_text_in_which_a_rule_fits_decides():
    assert first_rule(OUTCOMES, "Leg pain", "Oswestry").word == "leg_pain"
    assert first_rule(OUTCOMES, "Score", "Oswestry").word == "disability"


@pytest.mark.parametrize(
    ("text", "word"),
    [("at least 50% reduction in pain", "responder_50pct_pain"), ("30 percent better ODI", "responder_30pct_odi"),
     ("30% or 50% less pain", None), ("60% less pain", None), ("satisfied", None)],
)  # fmt: skip
def test_a_share_says_its_rule_or_has_no_word(text, word):
    assert share_word(text) == word


@pytest.mark.parametrize(
    ("printed", "kind", "is_known"),
    [("Standard Deviation", SpreadKind.SD, True), ("STANDARD_ERROR", SpreadKind.SE, True),
     ("95% Confidence Interval", SpreadKind.CI95, True), ("CONFIDENCE_95", SpreadKind.CI95, True),
     ("Inter-Quartile Range", SpreadKind.IQR, True), ("FULL_RANGE", SpreadKind.RANGE, True),
     ("90% Confidence Interval", None, True), ("NA", SpreadKind.NONE, True), ("Spread of sorts", None, False)],
)  # fmt: skip
def test_a_dispersion_has_its_word_is_left_out_or_is_unknown(printed, kind, is_known):
    assert spread_of(printed) == (kind, is_known)


@pytest.mark.parametrize(
    ("masking", "who", "word"),
    [("QUADRUPLE", ["PARTICIPANT", "OUTCOMES_ASSESSOR"], Blinding.DOUBLE), ("SINGLE", ["OUTCOMES_ASSESSOR"],
     Blinding.SINGLE), ("NONE", [], Blinding.OPEN)],
)  # fmt: skip
def test_masking_is_told_in_our_words(masking, who, word):
    assert blinding_of(masking, who).word == word


def test_masking_of_carers_alone_has_no_word():
    assert blinding_of("SINGLE", ["CARE_PROVIDER"]) is None


@pytest.mark.parametrize(
    ("rules", "words"),
    [(CONDITIONS, Condition), (INTERVENTIONS, Intervention), (ROUTES, Route), (OUTCOMES, Outcome),
     (EVENTS, SafetyEvent)],
)  # fmt: skip
def test_every_rule_leads_to_a_word_of_the_tables(rules, words):
    assert {rule.word for rule in rules} <= set(words)


def test_every_instrument_of_the_rules_is_in_the_dictionary():
    known = set(data_dictionary("outcomes")["word"])
    assert {rule.word for rule in INSTRUMENT_RULES} <= known
