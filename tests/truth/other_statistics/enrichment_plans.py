"""Plans of a full population and a subgroup, simulated by statistics alone, of which rpact simulates the same."""

from tests.trial.arms_dropped import WORDS
from tests.trial.conftest import CELLS, SALINE

from sciatrial.trial import Design

EFFECTS = (0.5,)
_RULE = {"subgroup": {"measure": "leg_pain", "at_least": 65}, "prevalence": 0.4}
_LOOKS = {"information": [0.5]}
PLANS = {
    "the better one by effect, Spiessens and Debois": {"enrichment": {"most": [1]}},
    "the better one by effect, Simes, first shown stops": {
        "enrichment": {"most": [1], "test": "simes", "stop": "first_shown"}
    },
    "those within 0.5 by z, Bonferroni": {"enrichment": {"within": [0.5], "by": "z", "test": "bonferroni"}},
    "those above z = 0.3, Sidak, Pocock, rare subgroup, first shown stops": {
        "enrichment": {"above": [0.3], "by": "z", "test": "sidak", "prevalence": 0.2, "stop": "first_shown"},
        "looks": {"information": [0.4], "spending": {"kind": "pocock"}},
    },
    "the better one by z at two looks, more in the arm": {
        "enrichment": {"most": [1, 1], "by": "z"}, "looks": {"information": [0.3, 0.7]},
        "allocation": {"cells": 2, "saline": 1},
    },
    "without looks, Spiessens and Debois": {"enrichment": {}, "looks": {"information": []}},
}  # fmt: skip


def plan_designs():
    """Return name → design."""
    words = WORDS | {"arms": {"cells": CELLS, "saline": SALINE}, "n_total": 120, "looks": _LOOKS}
    return {
        name: Design.model_validate(words | plan | {"enrichment": _RULE | plan["enrichment"]})
        for name, plan in PLANS.items()
    }
