from sciatrial.report.course_words import course_assumptions, course_facts, course_lines
from tests.report.course import with_course, with_margins
from tests.trial.adaptation_over_time import adaptive_design, platform_design
from tests.trial.conftest import small_design
from tests.trial.test_factorial import crossed


def words_of(design):
    return design.model_dump(mode="json", exclude_none=True)


def test_a_plain_trial_has_no_facts_of_a_course():
    assert course_facts(words_of(small_design())) == []
    assert course_assumptions(words_of(small_design())) == []


def test_the_rule_of_adaptation_is_told_in_full():
    rule = {"control": "fixed", "control_share": 0.3, "drop_below": 0.05, "least_share": 0.1}
    facts = dict(course_facts(words_of(adaptive_design(rule, {"points_per_year": -6}))))
    told = facts["Response-adaptive"]
    assert "the first 80 patients by the ratio; then, every 20 patients" in told
    assert "to the power 0.5, from what has been observed of month 3 by that day; the control gets 30 %" in told
    assert "other arms 10 to 100 % of the rest; an arm below probability 0.05 is dropped" in told
    assert facts["Analysis over time"].startswith("adjusted for the period")
    assert facts["Time trend (assumption)"].startswith("−6 points of leg pain")


def test_an_analysis_without_periods_is_warned_of():
    facts = dict(course_facts(words_of(adaptive_design({"adjust_for_period": False, "alone": True}))))
    assert "a time trend is taken for an effect" in facts["Analysis over time"]
    assert "each patient alone" in facts["Response-adaptive"]


def test_the_arms_of_a_platform_are_told_with_their_times():
    facts = dict(course_facts(words_of(platform_design())))
    assert "b enters at month 10 and leaves with 60 patients of its own" in facts["Platform"]
    assert facts["Controls"] == "those randomised while the arm was open"


def test_factors_are_told_with_what_they_assume():
    words = words_of(crossed())
    assert "cells in cells and both; nsaid in both and saline_nsaid" in dict(course_facts(words))["Factors"]
    assert "do not interact" in course_assumptions(words)[0]


def test_lines_tell_patients_choice_and_margins(operating):
    lines = course_lines(with_course(operating))
    assert lines[0].startswith("patients, prior draws: low 15.5 (SD 1.3), high 15.5 (SD 1.3), saline 9.0")
    assert "best arm chosen 75 ± 21.7 %" in lines[0]
    assert "best arm" not in lines[1]
    first, *_, last = course_lines(with_margins(operating))
    assert first == "cells (margin), prior draws: shown 40 ± 21.9 %"
    assert last.startswith("cells × nsaid (interaction), prior draws")
