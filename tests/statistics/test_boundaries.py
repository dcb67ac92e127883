from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from sciatrial.foundation import TrialError
from sciatrial.statistics import (
    O_BRIEN_FLEMING,
    POCOCK,
    Binding,
    FixedFutility,
    HaybittlePeto,
    Sides,
    Spending,
    SpendingKind,
    WangTsiatis,
    bounds_at_realised_information,
    characteristics,
    design_at_alpha,
    group_sequential_design,
    stopping_at,
)

LDOF = Spending(SpendingKind.O_BRIEN_FLEMING_TYPE)
RULES = [
    O_BRIEN_FLEMING,
    POCOCK,
    WangTsiatis(0.25),
    HaybittlePeto(3.2),
    LDOF,
    Spending(SpendingKind.POCOCK_TYPE),
    Spending(SpendingKind.KIM_DEMETS, 2.0),
    Spending(SpendingKind.HWANG_SHIH_DECANI, -4.0),
]
rates = st.lists(st.floats(0.1, 0.95), min_size=1, max_size=4, unique_by=lambda t: round(t, 1)).map(
    lambda shares: [*sorted(shares), 1.0]
)
N_PATHS = 200_000


@pytest.mark.parametrize("sides", Sides)
@pytest.mark.parametrize("rule", RULES, ids=str)
@settings(deadline=None, max_examples=15)
@given(looks=rates)
def test_all_looks_together_use_up_alpha(rule, sides, looks):
    design = group_sequential_design(looks, alpha=0.03, sides=sides, efficacy=rule)
    assert design.alpha_spent[-1] == pytest.approx(0.03, abs=1e-9)


@settings(deadline=None, max_examples=20)
@given(looks=rates, gamma=st.floats(-5, 2), beta=st.floats(0.05, 0.3))
def test_beta_spending_ends_with_bounds_that_meet_and_the_power_asked_for(looks, gamma, beta):
    futility = Spending(SpendingKind.HWANG_SHIH_DECANI, gamma)
    for binding in Binding:
        design = group_sequential_design(looks, beta=beta, efficacy=LDOF, futility=futility, binding=binding)
        assert design.alpha_spent[-1] == pytest.approx(0.025, abs=1e-9)
        assert design.beta_spent[-1] == pytest.approx(beta, abs=1e-9)
        assert stopping_at(design, design.drift).power == pytest.approx(1 - beta, abs=1e-9)


@settings(deadline=None, max_examples=15)
@given(looks=rates, alpha=st.floats(0.005, 0.1))
def test_a_larger_alpha_never_raises_a_bound(looks, alpha):
    for rule in (O_BRIEN_FLEMING, POCOCK, *RULES[4:]):
        strict, lenient = (group_sequential_design(looks, alpha=a, efficacy=rule) for a in (alpha, alpha * 1.2))
        assert np.all(np.array(strict.efficacy_z) >= np.array(lenient.efficacy_z) - 1e-9)


def test_looks_that_lie_close_together_have_bounds_too():
    pocock = Spending(SpendingKind.POCOCK_TYPE)
    looks = [0.338, 0.854, 0.855, 1.0]
    design = group_sequential_design(
        looks, alpha=0.005, beta=0.1, efficacy=pocock, futility=pocock, binding=Binding.BINDING
    )
    assert design.alpha_spent[-1] == pytest.approx(0.005, abs=1e-9)
    assert design.beta_spent[-1] == pytest.approx(0.1, abs=1e-9)


def test_one_look_is_an_ordinary_quantile():
    for rule in RULES:
        assert group_sequential_design(efficacy=rule).efficacy_z[0] == pytest.approx(-ndtri(0.025), abs=1e-9)


def test_binding_futility_buys_a_lower_bound_and_non_binding_does_not():
    settings = {"information_rates": [0.5, 1], "efficacy": LDOF}
    plain = group_sequential_design(**settings)
    loose = group_sequential_design(**settings, futility=FixedFutility((0.5,)))
    bound = group_sequential_design(**settings, futility=FixedFutility((0.5,)), binding=Binding.BINDING)
    assert plain.efficacy_z == loose.efficacy_z
    assert bound.efficacy_z[1] < loose.efficacy_z[1] - 0.001


def test_a_look_for_futility_only_spends_no_alpha_and_hands_it_on():
    design = group_sequential_design(
        [0.3, 0.6, 1], efficacy=LDOF, futility=FixedFutility((0.0, 0.3)), futility_only_looks=(1,)
    )
    without = group_sequential_design([0.6, 1], efficacy=LDOF)
    assert design.efficacy_z[0] == inf
    assert design.stage_levels[0] == 0
    np.testing.assert_allclose(design.efficacy_z[1:], without.efficacy_z, atol=1e-9)


def test_a_shape_without_a_first_look_is_that_of_the_other_looks():
    design = group_sequential_design([0.3, 0.6, 1], efficacy=POCOCK, futility_only_looks=(1,))
    np.testing.assert_allclose(
        design.efficacy_z[1:], group_sequential_design([0.6, 1], efficacy=POCOCK).efficacy_z, atol=1e-9
    )


def _z_paths(design, drift, seed):
    """Statistics at the looks, shape (path, look)."""
    times = np.array(design.information_rates)
    steps = np.diff(times, prepend=0.0)
    normal = np.random.Generator(np.random.Philox(seed)).standard_normal((N_PATHS, len(times)))
    return (normal * np.sqrt(steps) + drift * steps).cumsum(axis=1) / np.sqrt(times)


def _rejected(z, lower, upper):
    """Whether each path crosses the upper bound before the lower one, shape (path,)."""
    never = z.shape[1]
    first_above = np.where((z >= upper).any(axis=1), (z >= upper).argmax(axis=1), never)
    first_below = np.where((z < lower).any(axis=1), (z < lower).argmax(axis=1), never)
    return (first_above < never) & (first_above < first_below)


MONTE_CARLO = {
    "shape": {"efficacy": POCOCK},
    "spending": {"efficacy": LDOF},
    "binding": {
        "efficacy": LDOF,
        "futility": Spending(SpendingKind.KIM_DEMETS, 1.5),
        "binding": Binding.BINDING,
    },
    "non-binding": {"efficacy": LDOF, "futility": Spending(SpendingKind.HWANG_SHIH_DECANI, -2.0)},
    "fixed": {"efficacy": O_BRIEN_FLEMING, "futility": FixedFutility((0.0, 0.4)), "binding": Binding.BINDING},
    "two-sided": {"efficacy": LDOF, "sides": Sides.TWO},
}


@pytest.mark.parametrize("name", MONTE_CARLO)
def test_simulated_paths_reject_as_often_as_alpha_and_the_power_say(name):
    design = group_sequential_design([0.35, 0.7, 1], beta=0.1, **MONTE_CARLO[name])
    two_sided = design.rules.sides is Sides.TWO
    upper = np.array(design.efficacy_z)
    # non-binding futility is ignored: the trial goes on and alpha still holds
    ignored = design.rules.binding is Binding.NON_BINDING and not two_sided
    null = _z_paths(design, 0.0, seed=11)
    lower = np.full(3, -inf) if ignored else design.lower_z
    found = _rejected(null, lower, upper).mean() * (2 if two_sided else 1)
    alpha = design.alpha_spent[-1]
    assert alpha == pytest.approx(0.025, abs=1e-9)
    assert abs(found - alpha) < 4 * np.sqrt(2 * alpha / N_PATHS)
    drift = characteristics(design).drift
    power = _rejected(_z_paths(design, drift, seed=12), design.lower_z, upper).mean()
    assert abs(power - 0.9) < 4 * np.sqrt(0.9 * 0.1 / N_PATHS)


def test_following_non_binding_futility_only_lowers_the_error():
    design = group_sequential_design([0.35, 0.7, 1], **MONTE_CARLO["non-binding"])
    assert stopping_at(design, 0.0).power < 0.025


def test_looks_that_fall_as_planned_change_nothing():
    planned = group_sequential_design(
        [0.4, 0.7, 1], beta=0.1, efficacy=LDOF, futility=Spending(SpendingKind.KIM_DEMETS, 2.0)
    )
    again = bounds_at_realised_information(planned, (0.4, 0.7, 1.0))
    np.testing.assert_allclose(again.efficacy_z, planned.efficacy_z, atol=1e-9)
    np.testing.assert_allclose(again.futility_z, planned.futility_z, atol=1e-8)


@pytest.mark.parametrize("reached", [(0.31, 0.8, 1.0), (0.5, 0.9, 1.1), (0.4, 0.93)])
def test_bounds_at_realised_information_keep_alpha(reached):
    planned = group_sequential_design([0.4, 0.7, 1], efficacy=Spending(SpendingKind.KIM_DEMETS, 2.0))
    design = bounds_at_realised_information(planned, reached)
    assert design.alpha_spent[-1] == pytest.approx(0.025, abs=1e-9)
    np.testing.assert_allclose(design.alpha_spent[:-1], 0.025 * np.array(reached[:-1]) ** 2, atol=1e-9)


def test_user_defined_spending_is_read_between_the_planned_looks():
    planned = group_sequential_design([0.5, 1], efficacy=Spending(SpendingKind.USER, None, (0.01, 0.025)))
    design = bounds_at_realised_information(planned, (0.6, 1.0))
    assert design.alpha_spent[0] == pytest.approx(0.013, abs=1e-9)


def test_information_that_falls_or_ends_too_early_is_named():
    planned = group_sequential_design([0.5, 1], efficacy=LDOF)
    with pytest.raises(TrialError) as found:
        bounds_at_realised_information(planned, (1.1, 0.9, 0.0))
    text = str(found.value)
    assert "look 1: 1.1 is at or beyond full information" in text
    assert "look 2: 0.9 is not more than 1.1" in text
    assert "look 3: 0" in text


def test_a_design_at_another_alpha_keeps_its_looks_and_its_futility():
    design = group_sequential_design([0.5, 1], efficacy=LDOF, futility=FixedFutility((0.1,)))
    other = design_at_alpha(design, 0.05)
    assert other.futility_z == design.futility_z
    assert other.alpha_spent[-1] == pytest.approx(0.05, abs=1e-9)


def test_user_defined_spending_of_two_sides_is_that_of_both_together():
    user = Spending(SpendingKind.USER, None, (0.02, 0.05))
    design = group_sequential_design([0.5, 1], alpha=0.05, sides=Sides.TWO, efficacy=user)
    np.testing.assert_allclose(design.alpha_spent, (0.02, 0.05), atol=1e-9)
