import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import chi2

from sciatrial.foundation import TrialError
from sciatrial.statistics import FisherMethod, fisher_design, fisher_products, inverse_normal, stage_z_of


@given(alpha=st.floats(0.005, 0.1), futility=st.floats(0.2, 0.99), method=st.sampled_from(FisherMethod))
def test_both_stages_together_use_up_alpha(alpha, futility, method):
    design = fisher_design(alpha=alpha, futility_p=futility, method=method)
    assert design.alpha_spent[1] == pytest.approx(alpha, rel=1e-9)
    assert design.product < design.stop_below <= alpha


def test_the_level_of_a_product_is_a_chi_square_tail():
    design = fisher_design(method=FisherMethod.FULL_ALPHA, futility_p=0.5)
    assert design.product == pytest.approx(np.exp(-chi2.isf(0.025, 4) / 2), rel=1e-12)
    assert design.stage_levels[1] == pytest.approx(0.025, rel=1e-12)


def test_the_whole_alpha_in_the_product_stops_early_only_where_the_end_is_certain():
    design = fisher_design(method=FisherMethod.FULL_ALPHA)
    assert design.stop_below == design.product


def test_simulated_p_values_are_rejected_as_often_as_alpha():
    design = fisher_design(futility_p=0.5)
    first, second = np.random.Generator(np.random.Philox(5)).random((2, 200_000))
    goes_on = (first > design.stop_below) & (first < design.stop_above)
    rejected = (first <= design.stop_below) | (goes_on & (first * second <= design.product))
    assert abs(rejected.mean() - 0.025) < 4 * np.sqrt(0.025 * 0.975 / 200_000)


def test_stages_of_equal_weight_are_averaged():
    np.testing.assert_allclose(inverse_normal([1.0, 2.0], [0.5, 1.0]), [1.0, 3.0 / np.sqrt(2)])


def test_stages_that_follow_the_plan_combine_to_the_overall_statistic():
    weights = np.array([30, 50, 20])
    means = np.array([0.2, 0.5, 0.1])
    stage_z = means * np.sqrt(weights)
    overall = (weights * means).cumsum() / np.sqrt(weights.cumsum())
    np.testing.assert_allclose(inverse_normal(stage_z, weights.cumsum() / 100), overall)


def test_products_of_equal_stages_are_plain_products():
    np.testing.assert_allclose(fisher_products([0.2, 0.1], [0.5, 1.0]), [0.2, 0.02])


def test_p_values_become_normal_statistics():
    np.testing.assert_allclose(stage_z_of([0.025, 0.5]), [-ndtri(0.025), 0.0], atol=1e-15)


def test_every_problem_is_named():
    with pytest.raises(TrialError, match="2 for 3 stages"):
        inverse_normal([1, 2, 3], [0.5, 1])
    with pytest.raises(TrialError, match=r"0\.4 is not more than"):
        inverse_normal([1, 2], [0.5, 0.4])
    with pytest.raises(TrialError, match="stage_p: 0"):
        fisher_products([0.0, 0.2], [0.5, 1])
    with pytest.raises(TrialError, match=r"futility_p: 0\.01"):
        fisher_design(futility_p=0.01)
