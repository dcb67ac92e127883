import pytest

from sciatrial.report.effects import (
    effect_digits,
    effect_label,
    effect_told,
    endpoint_told,
    is_higher_better,
    measure_of,
    measure_words,
    ratio_cells,
)

CHANGE = {"outcome": "leg_pain", "month": 6.0, "measure": "change_from_baseline"}
RESPONSE = {
    "outcome": "leg_pain", "month": 6.0, "measure": "response", "rule": "responder_50pct_pain",
    "summary_measure": "risk_difference",
}  # fmt: skip


def test_a_fall_of_pain_and_a_rise_of_responders_are_benefits():
    assert not is_higher_better(CHANGE)
    assert is_higher_better({**CHANGE, "outcome": "quality_of_life"})
    assert is_higher_better(RESPONSE)


def test_shares_have_more_decimals_than_points():
    assert (effect_digits(CHANGE), effect_digits(RESPONSE)) == (1, 3)
    assert effect_digits({**CHANGE, "outcome": "quality_of_life"}) == 3


def test_the_endpoint_is_told():
    assert endpoint_told(CHANGE) == "leg pain at month 6"
    assert endpoint_told(RESPONSE) == "response (pain 50 % better; leg pain) at month 6"
    assert endpoint_told({**RESPONSE, "measure": "category"}) == "categories of leg pain at month 6"
    assert endpoint_told({**RESPONSE, "measure": "hierarchy"}) == "a hierarchy of outcomes at month 6"


def test_a_conditional_odds_ratio_is_called_one_and_a_marginal_one_another():
    told = {word: effect_told({**RESPONSE, "summary_measure": word}) for word in ("odds_ratio", "marginal_odds_ratio")}
    assert "conditional" in told["odds_ratio"]
    assert "marginal" in told["marginal_odds_ratio"]
    assert measure_words({}) == "difference in mean change"
    assert measure_of(RESPONSE) == "risk_difference"


def test_the_axis_says_what_favours_the_first_arm():
    assert "points of 100 (below 0 favours" in effect_label(CHANGE)
    assert "difference in shares of responders (above 0 favours" in effect_label(RESPONSE)


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        ("risk_difference", {}),
        ("odds_ratio", {"odds ratio": "2.00 (1.00 to 4.00)"}),
        ("win_odds", {"win odds": "2.00 (1.00 to 4.00)"}),
    ],
)
def test_of_logarithms_the_ratio_is_told(measure, expected):
    assert ratio_cells({**RESPONSE, "summary_measure": measure}, 0.693147, 0.0, 1.386294) == expected
