import numpy as np
import pytest

from sciatrial.foundation import TrialError
from sciatrial.statistics import (
    O_BRIEN_FLEMING,
    Binding,
    FixedFutility,
    HaybittlePeto,
    Sides,
    Spending,
    SpendingKind,
    bounds_at_many,
    bounds_at_realised_information,
    group_sequential_design,
)

LDOF = Spending(SpendingKind.O_BRIEN_FLEMING_TYPE)
HSD = Spending(SpendingKind.HWANG_SHIH_DECANI, gamma=-2.0)
RATES = (0.4, 0.7, 1.0)
DESIGNS = {
    "two-sided": {"alpha": 0.05, "sides": Sides.TWO, "efficacy": LDOF},
    "pocock": {"efficacy": Spending(SpendingKind.POCOCK_TYPE)},
    "kim demets": {"efficacy": Spending(SpendingKind.KIM_DEMETS, gamma=2.0)},
    "user": {"efficacy": Spending(SpendingKind.USER, values=(0.005, 0.01, 0.025))},
    "two-sided user": {
        "alpha": 0.05, "sides": Sides.TWO, "efficacy": Spending(SpendingKind.USER, values=(0.01, 0.02, 0.05))
    },
    "fixed futility": {"efficacy": LDOF, "futility": FixedFutility((0.0, 0.5))},
    "binding fixed": {"efficacy": LDOF, "futility": FixedFutility((0.0, 0.5)), "binding": Binding.BINDING},
    "beta": {"efficacy": LDOF, "futility": HSD},
    "binding beta": {"efficacy": LDOF, "futility": HSD, "binding": Binding.BINDING},
    "futility only": {"efficacy": LDOF, "futility": HSD, "binding": Binding.BINDING, "futility_only_looks": (1,)},
}  # fmt: skip


def reached_by(n, seed=1):
    """Return information of `n` trials near the plan, the last one now and then beyond it, or close to the second."""
    generator = np.random.default_rng(seed)
    information = np.sort(np.array(RATES) * generator.uniform(0.85, 1.15, (n, 3)), axis=1)
    information[0] = (0.4, 0.698, 0.7)
    return information


@pytest.mark.parametrize("name", DESIGNS)
def test_each_trial_of_many_has_the_bounds_that_it_has_alone(name):
    design = group_sequential_design(RATES, **DESIGNS[name])
    information = reached_by(12)
    many = bounds_at_many(design, information)
    for trial, reached in enumerate(information):
        alone = bounds_at_realised_information(design, reached)
        np.testing.assert_allclose(many.efficacy_z[trial], alone.efficacy_z, atol=1e-9)
        np.testing.assert_allclose(many.futility_z[trial], alone.lower_z, atol=1e-9)


@pytest.mark.parametrize("efficacy", [O_BRIEN_FLEMING, HaybittlePeto()])
def test_a_shape_spends_what_it_spends_as_planned(efficacy):
    design = group_sequential_design(RATES, efficacy=efficacy)
    found = bounds_at_many(design, [RATES])
    np.testing.assert_allclose(found.efficacy_z[0], design.efficacy_z, atol=1e-6)


def test_a_look_that_did_not_take_place_is_left_out():
    design = group_sequential_design(RATES, efficacy=LDOF, futility=FixedFutility((0.0, 0.5)))
    found = bounds_at_many(design, [[0.7, 0.9]], interim_looks=(2,))
    assert found.futility_z[0].tolist() == [0.5, -np.inf]


@pytest.mark.parametrize(
    ("information", "told"),
    [
        ([[0.4, 0.3, 1.0]], "trial 0 has"),
        ([[0.4, 1.0, 1.1]], "trial 0 has"),
        ([[0.4, 1.0]], "shape"),
        ([[0.4, np.nan, 1.0]], "trial 0 has"),
    ],
)
def test_information_that_cannot_be_is_named(information, told):
    with pytest.raises(TrialError, match=told):
        bounds_at_many(group_sequential_design(RATES, efficacy=LDOF), information)


def test_futility_above_efficacy_is_named_as_for_one_trial():
    design = group_sequential_design(RATES, efficacy=LDOF, futility=FixedFutility((0.0, 2.3)))
    with pytest.raises(TrialError, match="is not below the efficacy bound"):
        bounds_at_many(design, [[0.4, 0.85, 1.0]])


def test_no_trial_has_no_bounds():
    assert bounds_at_many(group_sequential_design(RATES, efficacy=LDOF), np.empty((0, 3))).efficacy_z.shape == (0, 3)
