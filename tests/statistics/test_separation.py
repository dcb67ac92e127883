import numpy as np

from sciatrial.statistics.separation import separating_columns


def test_a_sum_above_0_in_every_row_is_complete():
    assert separating_columns(np.array([[1.0, 0.2], [2.0, -0.3], [0.5, 0.1]])) == ([0, 1], True)


def test_a_sum_that_is_0_in_some_rows_is_not():
    assert separating_columns(np.array([[0.0, 1.0], [0.0, -1.0], [3.0, 0.0]])) == ([0], False)


def test_rows_that_pull_against_one_another_have_no_such_sum():
    assert separating_columns(np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -2.0]])) is None
