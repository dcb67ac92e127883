import numpy as np
import pytest
from scipy.special import ndtr, ndtri
from scipy.stats import multivariate_normal

from sciatrial.foundation import TrialError
from sciatrial.statistics import (
    IntersectionTest,
    PopulationTest,
    Sides,
    Spending,
    SpendingKind,
    closed_tests,
    conditional_power,
    group_sequential_design,
    larger_p_value,
    population_tests,
    power_at_the_last_bound,
    single_step_z,
)

DESIGN = group_sequential_design([0.5, 1.0], efficacy=Spending(SpendingKind.O_BRIEN_FLEMING_TYPE))
RHO = np.sqrt([0.4, 0.4])


def statistics(n_trials, seed=1, shift=0.0):
    """Return statistics of all and of the 40 % who are the subgroup; dims trial, look, population."""
    inside, outside = np.random.default_rng(seed).normal(size=(2, n_trials, 2)) + shift
    return np.stack([np.sqrt(0.4) * inside + np.sqrt(0.6) * outside, inside], axis=-1)


@pytest.mark.parametrize("z", [-1.5, 0.0, 1.2, 2.4])
@pytest.mark.parametrize("rho", [0.0, 0.3, 0.8])
def test_the_larger_of_two_has_the_bivariate_normals_p_value(z, rho):
    expected = 1 - multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf([z, z])
    assert larger_p_value(z, rho) == pytest.approx(expected, abs=2e-5)


def test_one_statistic_twice_has_its_own_p_value():
    assert larger_p_value(1.7, 1.0) == pytest.approx(ndtr(-1.7), rel=1e-12)


def test_small_p_values_keep_their_digits():
    assert larger_p_value(9.0, 0.2) == pytest.approx(2 * ndtr(-9.0), rel=1e-6)


@pytest.mark.parametrize("test", [PopulationTest.BONFERRONI, PopulationTest.SIDAK, PopulationTest.SIMES])
def test_tests_of_p_values_alone_are_those_of_two_arms(test):
    z = statistics(50)
    mine, arms = (
        population_tests(z, DESIGN, RHO, test=test),
        closed_tests(z, DESIGN, [1.0, 1.0], test=IntersectionTest(test)),
    )
    np.testing.assert_allclose(mine.combined_z, arms.combined_z)
    np.testing.assert_array_equal(mine.rejected, arms.rejected)


@pytest.mark.parametrize("test", PopulationTest)
def test_the_familywise_error_is_at_most_that_of_the_design_whatever_is_selected(test):
    z = statistics(40_000)
    better = z[:, 0].argmax(axis=1)
    z[np.arange(len(z)), 1, 1 - better] = np.nan
    shown = population_tests(z, DESIGN, RHO, test=test).rejected[:, -1].any(axis=1)
    assert shown.mean() < 0.025 + 3 * np.sqrt(0.025 * 0.975 / len(z))


def test_spiessens_and_debois_test_both_with_all_of_alpha():
    found = population_tests(statistics(40_000), DESIGN, RHO)
    rejected = (found.combined_z[..., 2] >= np.array(DESIGN.efficacy_z)).any(axis=1)
    assert rejected.mean() == pytest.approx(0.025, abs=3 * np.sqrt(0.025 * 0.975 / 40_000))


def test_a_population_that_is_gone_leaves_the_test_of_both_to_the_other():
    z = np.array([[[1.0, 2.0], [np.nan, 1.5]]])
    found = population_tests(z, DESIGN, RHO)
    assert found.stage_z[0, 1].tolist() == pytest.approx([np.nan, 1.5, 1.5], nan_ok=True)
    assert found.stage_z[0, 0, 2] == pytest.approx(-ndtri(larger_p_value(2.0, RHO[0])))


@pytest.mark.parametrize("test", PopulationTest)
def test_a_single_step_is_never_larger_than_the_test_of_both(test):
    z = statistics(200)
    both = population_tests(z, DESIGN, RHO, test=test).stage_z[:, 0, 2]
    step = single_step_z(z[:, 0].max(axis=1), RHO[0], test)
    assert (step <= both + 1e-9).all()
    assert single_step_z(1.3, np.nan, test) == pytest.approx(1.3)


def test_the_power_of_the_last_bound_is_the_conditional_power_of_a_design_of_two_looks():
    expected = conditional_power(DESIGN, 1, 1.4, stage_means=[1.1 * np.sqrt(0.9)])
    assert power_at_the_last_bound(DESIGN, 1, 1.4, 1.1, 0.9) == pytest.approx(expected, abs=1e-9)


def test_every_number_that_cannot_be_used_is_named():
    with pytest.raises(TrialError, match="dims trial, look, population"):
        population_tests(np.zeros((3, 2)), DESIGN, RHO)
    with pytest.raises(TrialError, match="0 to 1"):
        population_tests(statistics(2), DESIGN, [0.3, 1.2])
    with pytest.raises(TrialError, match="dims look or trial, look"):
        population_tests(statistics(2), DESIGN, [0.3])
    with pytest.raises(TrialError, match="two-sided"):
        population_tests(statistics(2), group_sequential_design([0.5, 1.0], sides=Sides.TWO), RHO)
