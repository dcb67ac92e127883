"""Trials that change at a look, simulated once for the tests that read them."""

from functools import cache

from sciatrial.model import sciatica_model
from sciatrial.parameters import read_prior
from sciatrial.population import cohort_named
from sciatrial.trial import operating_characteristics, simulate_trials
from tests.trial.conftest import CELLS, SALINE, small_design

MORE = CELLS.model_copy(update={"dose_million_cells": 60.0})
SEVERAL = {
    "arms": {"cells": CELLS, "more": MORE, "saline": SALINE}, "n_total": 48, "visits_months": (3,),
    "endpoint": {"outcome": "leg_pain", "month": 3}, "sides": "one_sided", "accrual": {"per_month": 6},
}  # fmt: skip
LOOK = {"information": [0.5]}


def arms_design(**changes):
    """Return a design that selects the better of two arms at half; `changes` replace what a test is about."""
    return small_design(**(SEVERAL | {"looks": LOOK, "multi_arm": {"most": [1]}} | changes))


def together_design(method, **changes):
    """Return a design that tests two comparisons together without looks."""
    return small_design(**(SEVERAL | {"multiplicity": {"method": method} | changes}))


def size_design(**rule):
    """Return a design of two arms whose size is estimated anew, by default in a promising zone."""
    words = SEVERAL | {"arms": {"cells": CELLS, "saline": SALINE}, "n_total": 40}
    rule = {"kind": "promising_zone", "lowest": 0.2, "most": 80} | rule
    looks = {} if rule["kind"] == "blinded" else {"looks": LOOK}
    return small_design(**(words | looks | {"reestimation": {k: v for k, v in rule.items() if v is not None}}))


def blinded_design(**rule):
    """Return a design whose size follows the blinded spread."""
    words = {"kind": "blinded", "lowest": None, "at_endpoints": 20, "effect": 12, "least": 24}
    return size_design(**(words | rule))


@cache
def operating_of(design_of):
    """Return operating characteristics of four trials of a design at the optimistic values and without cell effect."""
    return operating_characteristics(
        simulate_trials(
            sciatica_model(), design_of(), read_prior(), cohort_named("chronic_radicular"), scenario=scenario, first=0,
            count=4, seed=3,
        )
        for scenario in ("optimistic", "no_cell_effect")
    )  # fmt: skip
