"""Plans that change at a look against what rpact's simulations say of the same plans (see README.md)."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.truth.other_statistics.adaptive_plans import EFFECTS, SIZE_EFFECTS, arm_designs, size_designs

from sciatrial.trial import arm_plan, r_of_arms, r_of_reestimation, reestimation_plan

FOLDER = Path(__file__).parent
FOUND = json.loads((FOLDER / "adaptive_plans.json").read_text(encoding="utf-8"))
CODE = json.loads((FOLDER / "adaptive_code.json").read_text(encoding="utf-8"))


def near(value, error, expected, n):
    """Return how many Monte-Carlo errors of both simulations a share is off."""
    return abs(value - expected) / np.hypot(error, np.sqrt(expected * (1 - expected) / n))


@pytest.mark.parametrize("name", arm_designs())
def test_selected_arms_are_shown_as_often_as_rpact_shows_them(name):
    design, expected = arm_designs()[name], FOUND["arms"][name]
    plan = arm_plan(design, EFFECTS)
    mine = plan.loc[plan["arms_with_effect"] != "all"]
    for row, share in zip(mine.to_dict("records"), expected["any_shown"], strict=True):
        assert near(row["any_shown"], row["any_shown_se"], share, expected["iterations"]) < 3
    assert r_of_arms(design, EFFECTS) == CODE["arms"][name]


@pytest.mark.parametrize("name", size_designs())
def test_re_estimated_sizes_have_the_power_and_the_endpoints_of_rpacts(name):
    design, expected = size_designs()[name], FOUND["sizes"][name]
    plan = reestimation_plan(design, SIZE_EFFECTS)
    for row, power, endpoints in zip(plan.to_dict("records"), expected["power"], expected["endpoints"], strict=True):
        assert near(row["power"], row["power_se"], power, expected["iterations"]) < 3
        # rpact's endpoints have the error that ours have; patients are whole ones here, at most one more
        assert abs(row["expected_endpoints"] - endpoints) < 3 * np.sqrt(2) * row["expected_endpoints_se"] + 1
    assert r_of_reestimation(design, SIZE_EFFECTS) == CODE["sizes"][name]
