"""Tests of asymmetry: laws and edges. Numbers: tests/truth/other_statistics."""

import numpy as np
import pytest

from sciatrial.foundation import EvidenceError
from sciatrial.synthesis import Side, begg_test, egger_test, funnel_contours, pool_effects, trim_and_fill


def lopsided(n=12):
    errors = np.linspace(0.05, 0.6, n)
    return pool_effects(0.2 + 2 * errors + 0.02 * np.cos(np.arange(n) * 2.0), errors**2)


def test_a_lopsided_funnel_is_found():
    assert egger_test(lopsided()).p_value < 0.001
    assert egger_test(lopsided(), "random_effects").p_value < 0.001
    assert begg_test(lopsided()).p_value < 0.01


def test_the_limit_is_the_effect_of_a_study_without_error():
    assert egger_test(lopsided()).limit == pytest.approx(0.2, abs=0.05)


def test_filled_studies_pull_the_effect_back():
    found = trim_and_fill(lopsided())
    assert found.side is Side.LEFT
    assert found.n_missing > 0
    assert found.filled.sum() == found.n_missing
    assert found.pooled.estimate < lopsided().estimate


def test_under_ten_studies_the_lack_of_power_is_said():
    assert "hardly any power" in egger_test(lopsided(9)).note
    assert egger_test(lopsided(10)).note == ""


def test_contours_are_the_quantiles_of_the_normal():
    found = funnel_contours([0.0, 0.5], p_values=[0.05])
    np.testing.assert_allclose(found.high, [[0, 0.979982]], atol=1e-6)
    np.testing.assert_allclose(found.low, -found.high)


@pytest.mark.parametrize("test", [egger_test, begg_test, trim_and_fill])
def test_two_studies_or_moderators_are_refused(test):
    with pytest.raises(EvidenceError, match="3 studies"):
        test(pool_effects([0.1, 0.2], [0.1, 0.2]))
    with pytest.raises(EvidenceError, match="no moderators"):
        test(pool_effects([0.1, 0.2, 0.4, 0.1], [0.1, 0.2, 0.1, 0.3], moderators=[1, 2, 3, 5]))
