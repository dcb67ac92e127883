"""The measure of agreement finds what is wrong, wherever it is."""

import numpy as np
import pytest

from sciatrial.exchange import largest_difference, our_course
from tests.exchange.conftest import DAYS


def test_a_course_agrees_with_itself(case):
    ours = our_course(case, DAYS)
    assert largest_difference(case, ours, ours) == (0.0, "")


@pytest.mark.parametrize("name", ["leg_pain", "lost_cells", "root_pressure", "quality_of_life"])
def test_one_wrong_value_is_found_and_named(case, name):
    ours = our_course(case, DAYS)
    theirs = {key: value.copy() for key, value in ours.items()}
    theirs[name][3] += 0.01 * {item.name: item.scale for item in case.model.outputs}[name]
    worst, where = largest_difference(case, ours, theirs)
    assert where == name
    assert worst > 1e-3


def test_a_value_that_is_no_number_is_infinitely_far(case):
    ours = our_course(case, DAYS)
    theirs = ours | {"leg_pain": np.full(len(DAYS), np.nan)}
    assert largest_difference(case, ours, theirs) == (np.inf, "leg_pain")


def test_tightening_our_tolerance_changes_nothing_that_counts(case):
    tight, looser = our_course(case, DAYS), our_course(case, DAYS, tolerance=1e-9)
    assert largest_difference(case, tight, looser)[0] < 1e-6
