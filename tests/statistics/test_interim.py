from math import inf, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import ndtr
from scipy.stats import norm

from sciatrial.foundation import TrialError
from sciatrial.statistics import (
    Binding,
    FixedFutility,
    Spending,
    SpendingKind,
    conditional_power,
    conditional_rejection_probability,
    group_sequential_design,
    predictive_power,
    repeated_interval,
    stage_mean,
    stopping_at,
)

LDOF = Spending(SpendingKind.O_BRIEN_FLEMING_TYPE)
DESIGN = group_sequential_design([0.3, 0.6, 1], efficacy=LDOF, futility=FixedFutility((-0.5, 0.3)))


@settings(deadline=None, max_examples=30)
@given(z=st.floats(-2, 3), drift=st.floats(-2, 5))
def test_with_one_look_to_come_conditional_power_is_a_normal_tail(z, drift):
    bound = DESIGN.efficacy_z[2]
    expected = ndtr((z * sqrt(0.6) + drift * 0.4 - bound) / sqrt(0.4))
    assert conditional_power(DESIGN, 2, z, drift=drift) == pytest.approx(expected, abs=1e-12)


def test_conditional_power_averaged_over_the_first_look_is_the_power():
    drift, (low, high) = 2.5, (DESIGN.futility_z[0], DESIGN.efficacy_z[0])

    def density_and_power(z):
        return norm.pdf(z - drift * sqrt(0.3)) * conditional_power(DESIGN, 1, z, drift=drift)

    rest = quad(density_and_power, low, high, epsabs=1e-11)[0]
    first = norm.sf(high - drift * sqrt(0.3))
    assert first + rest == pytest.approx(stopping_at(DESIGN, drift).power, abs=1e-9)


@settings(deadline=None, max_examples=20)
@given(z=st.floats(-1, 3), more=st.floats(0.01, 1))
def test_a_better_look_never_lowers_what_is_to_come(z, more):
    for look in (1, 2):
        assert conditional_power(DESIGN, look, z + more) >= conditional_power(DESIGN, look, z) - 1e-12
        assert predictive_power(DESIGN, look, z + more) >= predictive_power(DESIGN, look, z) - 1e-9


def test_predictive_power_with_a_flat_prior_is_a_known_normal_tail():
    # z at the end given z now is normal with mean z·√t + z·(1 − t)/√t and variance (1 − t)/t
    bound = group_sequential_design([0.5, 1], efficacy=LDOF).efficacy_z[1]
    design = group_sequential_design([0.5, 1], efficacy=LDOF)
    expected = ndtr((1.2 / sqrt(0.5) - bound) / sqrt(0.5 / 0.5))
    assert predictive_power(design, 1, 1.2) == pytest.approx(expected, abs=1e-9)


def test_a_prior_that_is_certain_leaves_conditional_power():
    assert predictive_power(DESIGN, 1, 1.0, prior_drift=2.0, prior_sd=1e-6) == pytest.approx(
        conditional_power(DESIGN, 1, 1.0, drift=2.0), abs=1e-5
    )
    assert predictive_power(DESIGN, 1, 1.0, prior_drift=2.0, prior_sd=inf) == pytest.approx(
        predictive_power(DESIGN, 1, 1.0), abs=1e-12
    )


def test_futility_counts_in_the_error_that_is_left_only_when_it_binds():
    binding = group_sequential_design(
        [0.3, 0.6, 1], efficacy=LDOF, futility=FixedFutility((-0.5, 0.3)), binding=Binding.BINDING
    )
    loose = conditional_rejection_probability(DESIGN, 1, 1.0)
    assert loose == pytest.approx(conditional_power(DESIGN, 1, 1.0, drift=0.0, futility_stops=False))
    assert conditional_rejection_probability(binding, 1, 1.0) == pytest.approx(
        conditional_power(binding, 1, 1.0, drift=0.0)
    )


def test_stages_of_the_planned_size_have_the_planned_drift():
    means = 2.5 * np.sqrt([0.3, 0.4])
    assert conditional_power(DESIGN, 1, 1.0, stage_means=means) == pytest.approx(
        conditional_power(DESIGN, 1, 1.0, drift=2.5), abs=1e-12
    )


def test_the_mean_of_a_stage_is_its_effect_over_its_standard_error():
    assert stage_mean(2.0, 4.0, 50, 1.0) == pytest.approx(2.0 / (4.0 * sqrt(2 / 25)))
    assert stage_mean(2.0, 4.0, 60, 2.0) == pytest.approx(2.0 / (4.0 * sqrt(1 / 40 + 1 / 20)))


def test_a_repeated_interval_excludes_nothing_exactly_when_the_bound_is_crossed():
    bound = DESIGN.efficacy_z[0]
    assert repeated_interval(bound * 0.7, 0.7, bound)[0] == pytest.approx(0.0, abs=1e-12)


def test_every_problem_is_named():
    with pytest.raises(TrialError) as found:
        conditional_power(DESIGN, 3, float("nan"), stage_means=(1.0,))
    for part in ("look: 3 of 3", "z: nan", "stage_means: 1 for 0"):
        assert part in str(found.value)
    with pytest.raises(TrialError, match="prior_sd: 0"):
        predictive_power(DESIGN, 1, 1.0, prior_sd=0.0)
