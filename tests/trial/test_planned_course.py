from math import sqrt

import pytest

from sciatrial.statistics import characteristics
from sciatrial.trial import course_in_words, planned_looks
from tests.trial.adaptation_over_time import adaptive_design, platform_design
from tests.trial.conftest import small_design
from tests.trial.test_factorial import crossed


def test_a_plain_design_has_no_course():
    assert course_in_words(small_design()) == []


def test_updates_are_told_with_what_is_known_at_them():
    (told,) = course_in_words(adaptive_design({}))
    # patient 81 comes in month 10, when those of the first 7 months have been seen at month 3
    assert "11 updates, with patient 81 (month 10.0, some 57 values of month 3 known)" in told
    assert "patient 281 (month 35.0" in told


def test_arms_of_a_platform_are_told_with_their_controls_and_their_end():
    first, *arms = course_in_words(platform_design())
    assert "300 patients" in first
    assert len(arms) == 3
    assert arms[0].startswith("  a: months 0.0 to ")
    plan = planned_looks(platform_design()).set_index("comparison")
    assert plan.loc["c vs control", "month"] > plan.loc["a vs control", "month"]
    assert plan.loc["a vs control", "endpoints_arm"] == pytest.approx(60, abs=0.5)
    assert plan.loc["a vs control", "endpoints_control"] == pytest.approx(60, abs=0.5)


def test_the_difference_that_is_found_at_a_margin_is_that_of_all_patients_halved():
    design = crossed(n_total=160)
    (told,) = course_in_words(design)
    drift = characteristics(design.bounds()).drift
    assert f"of cells {drift * sqrt(4 / 160):.2f}" in told
    assert f"cells × nsaid {drift * sqrt(4 * 4 / 160):.2f}" in told


def test_a_trend_is_told_as_an_assumption():
    told = course_in_words(adaptive_design({}, {"points_per_year": -6}))
    assert told[-1].startswith("Time trend (assumption): −6 points of leg pain")
