from math import inf

import numpy as np
import pytest
from scipy.special import ndtr, ndtri, stdtr
from scipy.stats import dunnett, multivariate_normal

from sciatrial.foundation import TrialError
from sciatrial.statistics import dunnett_critical_value, dunnett_p_value, normal_of_t
from sciatrial.statistics.dunnett import normal_equivalents

VALUES = np.array([-2.0, 0.0, 1.0, 2.2, 4.0, 7.0])


def test_one_arm_is_the_plain_test():
    np.testing.assert_allclose(dunnett_p_value(VALUES, [1.7]), ndtr(-VALUES), rtol=1e-6)
    for freedom in (1, 3, 40):
        found = dunnett_p_value(VALUES, [0.4], degrees_of_freedom=freedom)
        np.testing.assert_allclose(found, stdtr(freedom, -VALUES), rtol=1e-6)


def test_two_arms_are_the_bivariate_normal_distribution():
    correlation = np.sqrt(0.5 * 2 / 3)
    law = multivariate_normal([0, 0], [[1, correlation], [correlation, 1]])
    expected = [1 - law.cdf([value, value]) for value in VALUES[:5]]
    np.testing.assert_allclose(dunnett_p_value(VALUES[:5], [1, 2]), expected, atol=1e-8)


def test_adjusted_p_values_equal_scipys():
    rng = np.random.default_rng(2)
    control, arms = rng.normal(0, 1, 14), [rng.normal(0.5, 1, n) for n in (9, 12, 20)]
    told = dunnett(*arms, control=control, alternative="greater", rng=np.random.default_rng(1))
    freedom = sum(map(len, arms)) + 14 - 4
    found = dunnett_p_value(told.statistic, [len(arm) / 14 for arm in arms], degrees_of_freedom=freedom)
    np.testing.assert_allclose(found, told.pvalue, atol=2e-4)  # scipy integrates by chance


@pytest.mark.parametrize("freedom", [inf, 60.0, 4.0])
@pytest.mark.parametrize("ratios", [[1.0], [1.0, 1.0, 1.0], [0.3, 2.0], [25.0, 25.0]])
def test_the_table_is_the_quadrature(ratios, freedom):
    values = np.random.default_rng(1).uniform(-4, 7, 300)
    p = dunnett_p_value(values, ratios, degrees_of_freedom=freedom)
    is_precise = p < 0.99
    found = normal_equivalents(ratios, freedom)(values)
    np.testing.assert_allclose(found[is_precise], -ndtri(p[is_precise]), atol=1e-7)


def test_the_table_goes_on_beyond_its_ends():
    found = normal_equivalents([1.0, 1.0], inf)(np.array([-60.0, -9.0, 8.0, 9.0, 60.0]))
    assert np.isfinite(found).all()
    assert found[0] == found[1]
    assert (np.diff(found[1:]) > 0).all()


@pytest.mark.parametrize("freedom", [1, 3, 8, 20])
def test_few_degrees_of_freedom_have_students_tails_beyond_the_table(freedom):
    far = np.array([-1e6, -50.0, 50.0, 300.0, 1e6])
    np.testing.assert_allclose(normal_equivalents([1.0], freedom)(far), normal_of_t(far, freedom), atol=1e-6)
    # of two arms, the largest is beyond a far bound twice as often, less what both are at once
    two = ndtr(-normal_equivalents([1.0, 1.0], freedom)(far[2:]))
    assert (two < 2 * stdtr(freedom, -far[2:])).all()
    assert (two > 1.1 * stdtr(freedom, -far[2:])).all()


def test_a_critical_value_is_passed_with_probability_alpha():
    for freedom in (inf, 8.0):
        bound = dunnett_critical_value(0.025, [1.0, 2.0], degrees_of_freedom=freedom)
        assert dunnett_p_value(bound, [1.0, 2.0], degrees_of_freedom=freedom) == pytest.approx(0.025, abs=1e-9)


def test_what_cannot_be_computed_is_refused_by_name():
    with pytest.raises(TrialError, match=r"allocation_ratios(.|\n)*degrees_of_freedom"):
        dunnett_p_value(2.0, [1.0, -1.0], degrees_of_freedom=0)
    with pytest.raises(TrialError, match="one for each arm"):
        dunnett_p_value(2.0, [])
    with pytest.raises(TrialError, match="alpha"):
        dunnett_critical_value(0.7, [1.0])
