"""What the mechanism leaves is a regression that says nothing about cells."""

import numpy as np
import pytest

import sciatrial as sct
from sciatrial.calibration.contrasts import uncontrolled_cells
from sciatrial.calibration.discrepancy import ColumnKind, courses, discrepancy_columns, family, worth
from sciatrial.calibration.terms import TermKind, likelihood_terms


@pytest.fixture(scope="module")
def terms():
    return likelihood_terms(sct.read_evidence())


@pytest.fixture(scope="module")
def columns(terms):
    return discrepancy_columns(terms)


def test_columns_about_cells_touch_only_arms_that_stand_alone(terms, columns):
    about = [place for place, kind in enumerate(columns.kinds) if kind is ColumnKind.UNCONTROLLED]
    assert [name for name in columns.names if "cell" in name] == [columns.names[place] for place in about]
    touched = (columns.values[:, about] != 0).any(axis=1)
    is_sd = (terms.rows["kind"] == TermKind.SD).to_numpy()
    assert np.array_equal(touched, uncontrolled_cells(terms.rows) & ~is_sd)
    assert (discrepancy_columns(terms, single_arms=True).values[:, about] == 0).all()


def test_two_arms_alike_in_all_but_cells_have_the_same_discrepancy(terms, columns):
    rows = terms.rows
    mine = rows[(rows["study_id"] == "levi2025") & (rows["month"] == 12) & (rows["kind"] == TermKind.SHARE)]
    cells, sham = (mine[mine["is_cells"] == flag].index[0] for flag in (True, False))
    level = [place for place, kind in enumerate(columns.kinds) if kind is not ColumnKind.DESIGN]
    assert np.array_equal(columns.values[cells, level], columns.values[sham, level])


def test_printed_spreads_have_no_discrepancy(terms, columns):
    is_sd = (terms.rows["kind"] == TermKind.SD).to_numpy()
    assert (columns.values[is_sd] == 0).all()


def test_shares_of_responders_rise_when_scores_fall(terms):
    size = worth(terms)
    kind = terms.rows["kind"].to_numpy()
    assert (size[kind == TermKind.SHARE] < 0).all()
    assert (size[kind == TermKind.CHANGE] > 0).all()


def test_courses_begin_at_nothing_and_end_at_one(terms):
    fast, slow = courses(terms)
    assert ((fast > slow) & (fast <= 1) & (slow > 0)).all()


def test_disability_is_one_family_whatever_the_instrument():
    assert family("roland_morris") == family("disability") == "disability"
    assert family("leg_pain") == "leg_pain"
