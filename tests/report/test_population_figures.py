"""The picture of patients at the door: every number once, the far ones at the rim, what was given left out."""

from dataclasses import replace

import numpy as np
import pytest

from sciatrial.report import plot_population
from tests.report.compared import small_comparison


def names_of(ax):
    return [text.get_text() for text in ax.get_yticklabels() if text.get_text()]


def drawn_free(cause=None):
    rows = small_comparison().of()
    if cause:
        rows = rows[[cause in causes.split(" ") for causes in rows["causes"]]]
    return rows[~rows["is_set_by_cohort"]]


@pytest.mark.parametrize("cause", [None, "herniation", "stenosis"])
def test_every_number_that_could_be_missed_has_a_row(cause):
    assert len(names_of(plot_population(small_comparison(), cause=cause))) == len(drawn_free(cause))


def test_rows_say_what_was_published_and_from_what_distance_on_it_is_a_miss():
    names = names_of(plot_population(small_comparison()))
    assert "Leg pain, mean: 52.0 ± 7.5" in names
    assert "Quality of life with Roland-Morris, correlation: −0.72 ± 0.1" in names


def test_a_number_far_beyond_stands_at_the_rim_with_its_value():
    far = small_comparison().targets.assign(weighted=90.0)
    ax = plot_population(replace(small_comparison(), targets=far))
    assert "90.0" in [text.get_text() for text in ax.texts]
    low, high = ax.get_xlim()
    for line in ax.lines:
        xs = np.asarray(line.get_xdata(), dtype=float)
        assert (xs >= low).all()
        assert (xs <= high).all()


def test_numbers_that_no_draw_could_reach_leave_no_mark_and_no_error():
    nothing = small_comparison().targets.assign(weighted=np.nan, weighted_low=np.nan, weighted_high=np.nan)
    ax = plot_population(replace(small_comparison(), targets=nothing))
    assert len(names_of(ax)) == len(drawn_free())


def test_a_cause_without_a_number_says_so():
    texts = [text.get_text() for text in plot_population(small_comparison(), cause="piriformis").texts]
    assert "no published number of this kind" in texts
