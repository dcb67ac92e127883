"""What `sciatrial show design` prints of a plan equals what rpact prints when its R code is run (`plans.json`)."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.truth.other_statistics.plans import EFFECTS, PLANS, code_of, design_of

from sciatrial.statistics import MeanComparison, Sides, mean_power
from sciatrial.trial import planned_looks, planned_sizes

HERE = Path(__file__).parent
CODE = json.loads((HERE / "plans_code.json").read_text(encoding="utf-8"))
PRINTED = json.loads((HERE / "plans.json").read_text(encoding="utf-8"))
TOLERANCE = {
    "efficacy_z": 1e-7, "futility_z": 1e-7, "alpha_spent": 2e-8, "stage_levels": 1e-8, "endpoints_needed": 1e-6,
    "power": 1e-6, "expected_endpoints": 1e-6,
}  # fmt: skip
_NEVER_CROSSED = -6  # what rpact prints for a bound that is never crossed


def plan_of(name):
    """Return what we print of a plan, by the names of rpact's side."""
    design = design_of(name)
    looks, sizes = planned_looks(design), planned_sizes(design, EFFECTS)
    futility = looks["futility_z"].to_numpy()[:-1]
    n_sides = 2 if design.sides is Sides.TWO else 1
    return {
        "efficacy_z": looks["efficacy_z"].to_numpy(),
        "futility_z": np.where(np.isfinite(futility), futility, _NEVER_CROSSED),
        "alpha_spent": looks["alpha_spent"].to_numpy(),
        "stage_levels": looks["nominal_alpha"].to_numpy() / n_sides,
        "endpoints_needed": sizes["endpoints_needed"].to_numpy(),
        "power": sizes["power"].to_numpy() + (_in_the_other_direction(design) if n_sides == 2 else 0.0),
        "expected_endpoints": sizes["expected_endpoints"].to_numpy(),
    }


def _in_the_other_direction(design):
    """Return how often a two-sided design finds harm where there is benefit: rpact counts it into the power."""
    n_arm, n_control = design.expected_endpoints().values()
    means = MeanComparison(sd=1.0, allocation=n_arm / n_control)
    return mean_power(design.bounds(), means, [-effect for effect in EFFECTS], n_arm + n_control).power


def differences(name):
    """Return the largest difference of each quantity of a plan; sizes and expected numbers relative to rpact's."""
    found = {}
    for quantity, ours in plan_of(name).items():
        theirs = np.array(PRINTED[name][quantity], float)
        # a look that can only stop for futility has no bound; rpact prints a high one
        theirs = np.where(np.isnan(ours), np.nan, theirs)
        scale = theirs if quantity.endswith("needed") or quantity.startswith("expected") else 1.0
        found[quantity] = float(np.nanmax(np.abs(ours - theirs) / scale, initial=0.0))
    return found


def test_the_code_that_was_run_is_the_code_that_we_print():
    assert {name: code_of(name).splitlines() for name in PLANS} == CODE


@pytest.mark.parametrize("name", PLANS)
def test_the_plan_is_that_of_rpact(name):
    assert set(PRINTED[name]) == set(differences(name))
    for quantity, difference in differences(name).items():
        # rpact finds bounds of a given shape to 1e-8, and sizes to some 1e-7 of themselves
        assert difference < TOLERANCE[quantity], quantity


if __name__ == "__main__":
    told = [differences(name) for name in PLANS]
    count = sum(len(values) for plan in PRINTED.values() for values in plan.values())
    lines = [f"{quantity}: largest difference {max(item[quantity] for item in told):.1e}" for quantity in TOLERANCE]
    sys.stdout.write("\n".join([f"{len(told)} designs, {count} numbers", *lines, ""]))
