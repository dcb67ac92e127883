import numpy as np
import pytest

from sciatrial.foundation import TrialError
from sciatrial.statistics.arm_design import arm_design


def test_arms_but_the_control_and_covariates_are_columns():
    y, columns, n_arms = arm_design([1, 0, np.nan, 1], [0, 1, 2, 2], [4.0, np.nan, 6.0, 7.0], "test")
    assert n_arms == 3
    np.testing.assert_array_equal(y, [[1, np.nan, np.nan, 1]])
    np.testing.assert_array_equal(columns, [[[0, 0, 4], [0, 0, 0], [0, 0, 0], [0, 1, 7]]])


def test_covariates_may_be_none_or_several():
    response = np.zeros((2, 3))
    assert arm_design(response, [0, 1, 1], None, "test")[1].shape == (2, 3, 1)
    assert arm_design(response, [0, 1, 1], np.zeros((3, 2)), "test")[1].shape == (2, 3, 3)
    assert arm_design(response, [0, 1, 1], np.zeros((2, 3, 2)), "test")[1].shape == (2, 3, 3)


def test_what_does_not_pair_is_refused_by_name():
    with pytest.raises(TrialError, match=r"^test: 2 problems\n.*arms(.|\n)*covariates"):
        arm_design(np.zeros((2, 3)), [0, 2, 1, 1], np.zeros(5), "test")
    with pytest.raises(TrialError, match="response"):
        arm_design(np.zeros((2, 3, 1)), [0, 1, 1], None, "test")
