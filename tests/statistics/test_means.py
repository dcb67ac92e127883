import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nct
from scipy.stats import t as t_distribution

from sciatrial.foundation import TrialError
from sciatrial.statistics import (
    POCOCK,
    Direction,
    MeanComparison,
    MeanEffect,
    MeanTest,
    Sides,
    futility_effects,
    group_sequential_design,
    mean_power,
    mean_sample_size,
    stopping_at,
)
from sciatrial.statistics.design import FixedFutility

FIXED = group_sequential_design(beta=0.1)


@settings(deadline=None, max_examples=30)
@given(effect=st.floats(0.15, 2.0), allocation=st.floats(0.3, 3.0))
def test_a_sample_size_has_the_power_it_was_made_for(effect, allocation):
    comparison = MeanComparison(1.0, allocation=allocation)
    n = mean_sample_size(FIXED, comparison, effect).n_max
    assert mean_power(FIXED, comparison, [effect], n).power[0] == pytest.approx(0.9, abs=1e-7)


def test_fixed_power_is_the_noncentral_t():
    expected = nct.sf(t_distribution.isf(0.025, 58), 58, 0.7 * np.sqrt(15))
    found = mean_power(FIXED, MeanComparison(1.0), [0.7], 60)
    assert found.power[0] == pytest.approx(expected, abs=1e-10)


def test_equal_arms_need_the_fewest_patients():
    sizes = [mean_sample_size(FIXED, MeanComparison(1.0, allocation=r), 0.5).n_max for r in (0.5, 1.0, 2.0)]
    assert sizes[1] < sizes[0] == pytest.approx(sizes[2])


def test_a_t_test_needs_a_little_more_than_a_normal_test():
    normal = mean_sample_size(FIXED, MeanComparison(1.0, test=MeanTest.NORMAL), 0.5).n_max
    assert normal < mean_sample_size(FIXED, MeanComparison(1.0), 0.5).n_max < normal + 3


def test_a_lower_effect_mirrors_a_higher_one():
    design = group_sequential_design([0.5, 1], efficacy=POCOCK)
    up = mean_sample_size(design, MeanComparison(2.0), 1.0)
    down = mean_sample_size(design, MeanComparison(2.0, direction=Direction.LOWER), -1.0)
    assert up.n_max == pytest.approx(down.n_max)
    np.testing.assert_allclose(up.critical_effects, -down.critical_effects)


def test_a_margin_moves_the_effect():
    plain = mean_sample_size(FIXED, MeanComparison(18.0), 5.0)
    margin = mean_sample_size(FIXED, MeanComparison(18.0, null=-5.0), 0.0)
    assert plain.n_max == pytest.approx(margin.n_max)
    np.testing.assert_allclose(margin.critical_effects, plain.critical_effects - 5)


def test_an_effect_on_the_critical_value_is_found_half_of_the_time():
    n = 400
    critical = mean_power(FIXED, MeanComparison(1.0), [0.0], n).critical_effects[0]
    assert mean_power(FIXED, MeanComparison(1.0), [critical], n).power[0] == pytest.approx(0.5, abs=2e-3)


def test_power_grows_with_effect_and_patients_and_is_alpha_without_an_effect():
    design = group_sequential_design([0.4, 1], alpha=0.05, sides=Sides.TWO)
    small, large = (mean_power(design, MeanComparison(1.0), [0.0, 0.3, 0.6, 1.0], n).power for n in (60, 120))
    assert small[0] == pytest.approx(0.025, abs=1e-8)
    assert np.all(np.diff(small) > 0)
    assert np.all(large[1:] > small[1:])


def test_a_very_large_trial_has_its_normal_power():
    n = mean_sample_size(FIXED, MeanComparison(1.0), 0.001).n_max
    assert n == pytest.approx(4 * 10.507423 / 0.001**2, rel=1e-6)


def test_a_very_large_effect_needs_a_handful():
    assert 2 < mean_sample_size(FIXED, MeanComparison(1.0), 30.0).n_max < 4


def test_futility_effects_are_those_of_their_z():
    design = group_sequential_design([0.5, 1], futility=FixedFutility((0.0,)))
    np.testing.assert_allclose(futility_effects(design, MeanComparison(1.0, null=0.2), 100), [0.2])


def test_power_of_a_group_sequential_design_is_that_of_its_drift():
    design = group_sequential_design([0.5, 1])
    found = mean_power(design, MeanComparison(1.0, test=MeanTest.NORMAL), [0.5], 100)
    assert found.power[0] == pytest.approx(stopping_at(design, 2.5).power)


def test_every_number_that_cannot_be_used_is_named():
    wrong = MeanComparison(-1.0, second_sd=2.0, null=0.0, allocation=0.0, effect=MeanEffect.RATIO)
    with pytest.raises(TrialError) as found:
        mean_sample_size(FIXED, wrong, -0.5)
    for part in ("sd: -1", "allocation: 0", "null: 0", "second_sd: a t test", "effect: -0.5"):
        assert part in str(found.value)
    with pytest.raises(TrialError, match="n_max: 2"):
        mean_power(FIXED, MeanComparison(1.0), [0.5], 2)
