"""Instruments: scales and directions."""

import pytest

from sciatrial.evidence.instruments import INSTRUMENTS, Direction, Scaling, direction_of


def test_every_instrument_that_is_scaled_by_width_has_a_width():
    assert all(one.width for one in INSTRUMENTS.values() if one.scaling in (Scaling.WIDTH, Scaling.COMPOSITE))


def test_the_width_is_the_distance_between_the_ends():
    assert INSTRUMENTS["pfirrmann"].width == 4


def test_an_instrument_with_one_open_end_has_no_width():
    assert INSTRUMENTS["eq5d_index"].width is None


@pytest.mark.parametrize("word", ["sf36_bp", "sf36_pf", "sf36_pcs", "sf36_mcs", "sf36_total", "eq5d_index"])
def test_more_quality_of_life_is_better(word):
    assert direction_of("quality_of_life", word) is Direction.HIGHER_IS_BETTER


@pytest.mark.parametrize("outcome", ["leg_pain", "back_pain", "disability", "numbness"])
def test_more_of_a_symptom_is_worse(outcome):
    assert direction_of(outcome, "vas_10") is Direction.HIGHER_IS_WORSE


def test_a_share_of_responders_is_better_when_higher():
    assert direction_of("responder", "responder_50pct_pain") is Direction.HIGHER_IS_BETTER


def test_a_share_of_operated_patients_is_worse_when_higher():
    assert direction_of("responder", "had_surgery") is Direction.HIGHER_IS_WORSE


def test_a_middle_category_has_no_direction():
    assert direction_of("responder", "macnab_fair") is Direction.UNORDERED
