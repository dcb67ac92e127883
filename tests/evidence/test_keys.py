"""Repeated rows and rows that point at nothing."""

from sciatrial.evidence.keys import TextRow, key_problems, place

STUDY = TextRow(2, {"study_id": "author2020", "year": "2020"})
ARM = TextRow(2, {"study_id": "author2020", "arm_id": "cells"})


def _outcome(number, study, arm):
    return TextRow(number, {"study_id": study, "arm_id": arm, "value": str(number)})


def test_a_place_names_file_row_study_arm_and_column():
    row = TextRow(214, {"study_id": "noriega2017", "arm_id": "msc"})
    assert place("outcomes", row, "spread_low") == "outcomes.csv, row 214 (noriega2017, arm msc), column spread_low"


def test_a_place_of_a_fact_names_the_fact():
    assert place("facts", TextRow(7, {"name": "a_cost"}), "unit") == "facts.csv, row 7 (a_cost), column unit"


def test_sound_tables_have_no_key_problem():
    assert key_problems({"studies": [STUDY], "arms": [ARM], "outcomes": [_outcome(2, "author2020", "cells")]}) == []


def test_the_same_row_twice_is_told_once():
    problems = key_problems({"studies": [STUDY, STUDY._replace(number=3)]})
    assert [problem.found for problem in problems] == ["is the same as row 2"]


def test_a_key_that_occurs_twice_is_told():
    other = TextRow(3, {"study_id": "author2020", "year": "2021"})
    assert "already used in row 2" in key_problems({"studies": [STUDY, other]})[0].found


def test_an_unknown_study_comes_with_the_nearest_one():
    problems = key_problems({"studies": [STUDY], "arms": [TextRow(2, {"study_id": "autor2020", "arm_id": "cells"})]})
    assert problems[0].next_step == "did you mean 'author2020'?"


def test_an_unknown_arm_comes_with_the_arms_of_its_study():
    problems = key_problems({"studies": [STUDY], "arms": [ARM], "safety": [_outcome(2, "author2020", "cell")]})
    assert problems[0].where == "safety.csv, row 2 (author2020, arm cell), column arm_id"
    assert problems[0].expected == "one of cells"


def test_an_outcome_of_an_unknown_study_is_told_once():
    problems = key_problems({"studies": [STUDY], "arms": [ARM], "outcomes": [_outcome(2, "nobody1999", "cells")]})
    assert len(problems) == 1
