import numpy as np
import pytest

from sciatrial.foundation import TrialError
from sciatrial.statistics import (
    Binding,
    FixedFutility,
    Sides,
    Spending,
    SpendingKind,
    estimates_of_many,
    final_estimate,
    group_sequential_design,
)  # fmt: skip

LDOF = Spending(SpendingKind.O_BRIEN_FLEMING_TYPE)
DESIGNS = [
    group_sequential_design([0.4, 0.7, 1], efficacy=LDOF),
    group_sequential_design([0.4, 0.7, 1], alpha=0.05, sides=Sides.TWO, efficacy=LDOF),
    group_sequential_design([0.4, 0.7, 1], futility=FixedFutility((0.0, 0.5)), binding=Binding.BINDING),
    group_sequential_design([0.4, 0.7, 1], futility=FixedFutility((0.0, 0.5)), futility_only_looks=(1,)),
]


def lower_of(design):
    counts = design.rules.binding is Binding.BINDING or design.rules.sides is Sides.TWO
    return design.lower_z[:2] if counts else np.full(2, -np.inf)


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("look", [2, 3])
def test_each_trial_of_many_has_the_estimate_that_it_has_alone(design, look):
    z = np.array([-4.0, -1.3, 0.0, 0.7, 1.9, 2.5, 6.0])
    rates = np.tile(design.information_rates[:look], (len(z), 1))
    upper = np.tile(design.efficacy_z[: look - 1], (len(z), 1))
    lower = np.tile(lower_of(design)[: look - 1], (len(z), 1))
    found = estimates_of_many(rates, upper, lower, z, level=0.9)
    for place, value in enumerate(z):
        alone = final_estimate(design, look, float(value), standard_error=1.0, level=0.9)
        mine = [found.median_unbiased[place], found.low[place], found.high[place]]
        assert mine == pytest.approx([alone.median_unbiased, alone.low, alone.high], abs=1e-6)
        p = found.p_value[place]
        both = min(1.0, 2 * min(p, 1 - p)) if design.rules.sides is Sides.TWO else p
        assert both == pytest.approx(alone.p_value, abs=1e-9)


def test_shapes_that_do_not_pair_are_named():
    with pytest.raises(TrialError, match=r"bounds: shapes .*\n  expected|bounds: shapes"):
        estimates_of_many(np.ones((3, 2)), np.ones((3, 2)), np.ones((3, 1)), np.ones(3))
