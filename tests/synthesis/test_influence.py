"""Leaving a study out is pooling without it. Numbers: tests/truth/other_statistics."""

import numpy as np
import pytest

from sciatrial.foundation import EvidenceError
from sciatrial.synthesis import Test, influence, leave_one_out, pool_effects
from tests.synthesis.test_heterogeneity import made


def test_the_table_is_that_of_pools_without_each_study():
    y, v = made(4, 6)
    x = np.arange(6.0)
    table = leave_one_out(pool_effects(y, v, moderators=x, test=Test.HARTUNG_KNAPP))
    for out in range(6):
        rest = np.arange(6) != out
        alone = pool_effects(y[rest], v[rest], moderators=x[rest], test=Test.HARTUNG_KNAPP)
        np.testing.assert_allclose(table.coefficients[out], alone.coefficients, rtol=1e-7)
        np.testing.assert_allclose(table.low[out], alone.low, rtol=1e-7)


def test_an_outlier_has_the_largest_residual_and_distance():
    found = influence(pool_effects([0.1, 0.12, 0.09, 0.11, 2.0], [0.02] * 5))
    assert np.argmax(np.abs(found.studentised_residuals)) == 4
    assert np.argmax(found.cooks_distance) == 4


def test_hat_values_sum_to_the_number_of_coefficients():
    y, v = made(5, 8)
    assert influence(pool_effects(y, v, moderators=np.arange(8.0))).hat.sum() == pytest.approx(2)


def test_one_study_cannot_be_left_out():
    with pytest.raises(EvidenceError, match="pool more"):
        influence(pool_effects([0.1], [0.1]))
