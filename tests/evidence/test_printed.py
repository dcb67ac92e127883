"""Printed cells: numbers read back as they were, and keep the spelling that they had."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sciatrial.evidence.keys import TextRow
from sciatrial.evidence.printed import as_first_printed, plain_cells, printed_number, printed_rows


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_printed_number_reads_back_the_same(number):
    assert float(printed_number(number)) == number


@pytest.mark.parametrize(("number", "text"), [(15.0, "15"), (-2.5, "-2.5"), (math.nan, "")])
def test_a_number_is_printed_in_the_shortest_way(number, text):
    assert printed_number(number) == text


def test_rows_are_numbered_as_a_spreadsheet_shows_them(evidence):
    assert printed_rows("arms", evidence.arms)[0].number == 2


def test_equal_numbers_become_equal_texts_and_text_stays():
    assert plain_cells("safety", {"n_with_event": "01", "where": "01"}) == {"n_with_event": "1", "where": "01"}


def test_what_is_no_number_is_left_alone():
    assert plain_cells("safety", {"n_with_event": "1_0", "n_at_risk": "ten"}) == {
        "n_with_event": "1_0", "n_at_risk": "ten",
    }  # fmt: skip


def test_a_row_keeps_the_spelling_that_it_had_first(evidence):
    (row,) = printed_rows("safety", evidence.safety.head(1))
    first = TextRow(9, row.cells | {"followup_months": "12.0"})
    again = TextRow(10, row.cells | {"followup_months": "12.00"})
    assert as_first_printed("safety", [row], [first, again])[0]["followup_months"] == "12.0"
