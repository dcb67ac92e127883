"""Files for FACTS by the words of its user guide: columns, order, numbers."""

import numpy as np
import pytest

from sciatrial.exchange import facts_arms, facts_page, to_facts
from sciatrial.study import read_study
from sciatrial.trial import EveryArm

DESIGN = read_study("studies/epidural_cells_radicular.toml").design


@pytest.fixture
def rows():
    values = np.arange(24, dtype=float).reshape(3, 2, 4)
    values[1, 0, 2] = np.nan
    text = to_facts(EveryArm(values, ("cells", "saline", "steroid"), (0.0, 1.0, 3.0, 6.0)), DESIGN)
    assert text.isascii()
    header, *lines = text.splitlines()
    assert header == "#subj id, Arm ID, Visit ID, Response"
    return [tuple(float(cell) for cell in line.split(", ")) for line in lines]


def test_the_control_is_arm_1_and_visit_0_the_baseline(rows):
    assert facts_arms(DESIGN) == ("saline", "cells", "steroid")
    # the saline patient that could be solved in it
    assert rows[:4] == [(1, 1, 0, 12), (1, 1, 1, 13), (1, 1, 2, 14), (1, 1, 3, 15)]


def test_subjects_are_unique_numbers_with_all_visits_together_in_order(rows):
    subjects = [row[0] for row in rows]
    assert subjects == sorted(subjects)
    assert sorted(set(subjects)) == [1, 2, 3, 4, 5]
    for subject in set(subjects):
        mine = [row for row in rows if row[0] == subject]
        assert [row[2] for row in mine] == [0, 1, 2, 3]
        assert len({row[1] for row in mine}) == 1


def test_a_patient_who_could_not_be_solved_in_an_arm_is_left_out_of_it(rows):
    assert [sum(row[1] == arm for row in rows) for arm in (1, 2, 3)] == [4, 8, 8]


def test_a_response_has_no_baseline():
    text = to_facts(EveryArm(np.ones((3, 1, 2)), ("cells", "saline", "steroid"), (1.0, 3.0)), DESIGN)
    assert text.splitlines()[1:3] == ["1, 1, 1, 1", "1, 1, 2, 1"]


def test_the_page_says_how_to_set_facts_up():
    page = facts_page(DESIGN, study="x", scenario="prior", n_patients=50, n_files=3, left_out=[2])
    assert "1 = saline, 2 = cells, 3 = steroid" in page
    assert "3 visits, at months 1, 3, 6" in page
    assert "lower is better; leg pain" in page
    assert "left out: 2" in page
    assert "was not run" in page


def test_the_page_tells_a_time_trend_and_who_could_not_be_solved():
    trend = {"accrual": {"per_month": 6}, "time_trend": {"points_per_year": 5}}
    design = type(DESIGN).model_validate(DESIGN.model_dump() | trend)
    page = facts_page(design, study="x", scenario="prior", n_patients=50, n_files=3, left_out=[], n_unsolved=4)
    assert "+5 points of leg pain" in page
    assert "no order" in page
    assert "left out of it: 4 in all files" in page
    plain = facts_page(DESIGN, study="x", scenario="prior", n_patients=50, n_files=3, left_out=[])
    assert "Time trend" not in plain


def test_several_arms_against_one_control_have_it_first():
    design = read_study("studies/cell_sources_select.toml").design
    assert facts_arms(design) == ("saline", "marrow", "cord")


def test_the_page_says_that_no_subgroup_is_in_the_files():
    enriched = read_study("studies/enrich_inflamed.toml").design
    page = facts_page(enriched, study="x", scenario="prior", n_patients=50, n_files=3, left_out=[])
    assert "who is in the subgroup of the study file, inflamed" in page
