import pytest

from sciatrial.foundation import Intervention
from sciatrial.trial import Factorial
from tests.trial.conftest import CELLS, SALINE, small_design

NSAID = {"co_treatments": (Intervention.NSAID,)}
ARMS = {
    "cells": CELLS,
    "both": CELLS.model_copy(update=NSAID),
    "saline": SALINE,
    "saline_nsaid": SALINE.model_copy(update=NSAID),
}
FACTORS = {
    "first": {"name": "cells", "arms": ["cells", "both"]},
    "second": {"name": "nsaid", "arms": ["both", "saline_nsaid"]},
}


def crossed(arms=ARMS, factors=FACTORS, **words):
    return small_design(arms=arms, factorial=factors, **words)


def test_margins_are_means_of_two_effects_and_the_interaction_their_difference():
    weights = Factorial.model_validate(FACTORS).weights_of(("cells", "both", "saline", "saline_nsaid"))
    assert weights == {
        "cells": [0.5, 0.5, -0.5, -0.5],
        "nsaid": [-0.5, 0.5, -0.5, 0.5],
        "cells × nsaid": [-1.0, 1.0, 1.0, -1.0],
    }
    assert crossed().factorial.names == ("cells", "nsaid", "cells × nsaid")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"arms": {name: ARMS[name] for name in ("cells", "both", "saline")}}, "factorial: 3 arms; 4, two factors"),
        ({"factors": FACTORS | {"first": {"name": "cells", "arms": ["cells", "x"]}}}, "factorial.first.arms.1: 'x'"),
        (
            {"factors": FACTORS | {"second": {"name": "cells", "arms": ["both", "saline_nsaid"]}}},
            "second.name: 'cells'",
        ),
        (
            {"factors": FACTORS | {"second": {"name": "n", "arms": ["saline", "saline_nsaid"]}}},
            "no arm in both factors",
        ),
        ({"analysis": "mmrm"}, "analysis: mmrm of a change from baseline with factorial"),
        ({"looks": {"information": [0.5]}}, "looks.information: has interim looks, and factorial is analysed once"),
        (
            {"n_total": 60, "accrual": {"per_month": 5}, "platform": {"arms": {}}},
            "factorial: cannot be combined with platform",
        ),
        (
            {"arms": ARMS | {"both": ARMS["both"].model_copy(update={"dose_million_cells": 40})}},
            "factorial.first: cells changes other settings with the other factor than without: dose_million_cells",
        ),
    ],
)
def test_what_does_not_fit_is_named(words, told):
    with pytest.raises(ValueError, match=told):
        crossed(**words)
