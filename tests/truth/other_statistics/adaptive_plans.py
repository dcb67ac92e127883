"""Plans that change at a look, simulated by statistics alone, of which rpact simulates the same."""

from tests.trial.arms_dropped import ARMS, WORDS
from tests.trial.sizes_reestimated import LOOK
from tests.trial.sizes_reestimated import WORDS as TWO_ARMS

from sciatrial.trial import Design

EFFECTS = (0.5,)
_TWO = {name: ARMS[name] for name in ("one", "two", "control")}
ARM_PLANS = {
    "best of three": {"multi_arm": {"most": [1], "freed": "not_recruited"}},
    "best of two, Simes, first shown stops": {
        "arms": _TWO, "n_total": 180,
        "multi_arm": {"most": [1], "freed": "not_recruited", "test": "simes", "stop": "first_shown"},
    },
    "above z = 0.5, Bonferroni, Pocock": {
        "n_total": 160, "multi_arm": {"above_z": [0.5], "freed": "not_recruited", "test": "bonferroni"},
        "looks": {"information": [0.4], "spending": {"kind": "pocock"}},
    },
    "two of three at two looks": {
        "n_total": 160, "multi_arm": {"most": [2, 2], "freed": "not_recruited"},
        "looks": {"information": [0.3, 0.7], "spending": {"kind": "hwang_shih_decani", "gamma": -2}},
    },
}  # fmt: skip

SIZE_EFFECTS = (0.0, 0.35, 0.5)
SIZE_PLANS = {
    "promising zone": {"reestimation": {"kind": "promising_zone", "lowest": 0.3, "most": 240}},
    "promising zone, Pocock, unequal arms": {
        "allocation": {"cells": 2, "saline": 1}, "looks": {"information": [0.4], "spending": {"kind": "pocock"}},
        "reestimation": {"kind": "promising_zone", "lowest": 0.2, "target": 0.9, "most": 180},
    },
    "conditional power": {"reestimation": {"kind": "conditional_power", "least": 80, "most": 240}},
}  # fmt: skip


def size_designs():
    """Return name → design."""
    return {
        name: Design.model_validate(TWO_ARMS | LOOK | {"n_total": 120} | words) for name, words in SIZE_PLANS.items()
    }


def arm_designs():
    """Return name → design."""
    return {name: Design.model_validate(WORDS | words) for name, words in ARM_PLANS.items()}
