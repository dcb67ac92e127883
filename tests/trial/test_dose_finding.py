import pytest
from pydantic import ValidationError

from sciatrial.trial import DoseFinding
from tests.trial.conftest import CELLS, SALINE, SHAM, small_design

LOW, HIGH = (CELLS.model_copy(update={"dose_million_cells": dose}) for dose in (5, 100))
ARMS = {"saline": SALINE, "high": HIGH, "low": LOW, "cells": CELLS}
ASKED = {"control": "saline", "relevant_effect": 5, "candidates": [{"shape": "linear"}]}


def dose_design(**changes):
    """Return a design of three doses and a control; `changes` replace settings of the trial."""
    words = {"arms": ARMS, "n_total": 200, "dose_finding": ASKED}
    return small_design(**(words | changes))


def asked(**changes):
    return {"dose_finding": ASKED | changes}


def test_doses_are_the_arms_with_cells_in_order():
    doses = dose_design().dose_finding.dose_arms(ARMS)
    assert doses == {"saline": 0, "low": 5, "cells": 20, "high": 100}
    assert list(doses) == ["saline", "low", "cells", "high"]
    some = DoseFinding.model_validate(ASKED | {"doses": ("high", "low")})
    assert list(some.dose_arms(ARMS)) == ["saline", "low", "high"]


OTHER = HIGH.model_copy(update={"n_doses": 2})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (asked(control="sham"), "dose_finding.control: 'sham' is not an arm"),
        (asked(control="low"), "low receives cells; an arm without"),
        (asked(doses=["low", "hihg"]), "dose_finding.doses.1: 'hihg' is not an arm"),
        (asked(doses=["low", "saline"]), "saline receives no cells"),
        (asked(doses=["low"]), "two doses or more"),
        (asked(doses=["low", "high", "low"]), "listed twice"),
        ({"arms": ARMS | {"more": LOW}}, "the same dose_million_cells"),
        ({"arms": ARMS | {"high": OTHER}}, "differs from high in n_doses"),
        ({"arms": {"saline": SALINE, "sham": SHAM}}, "no arm with cells"),
        ({"analysis": "clda"}, "with analysis clda; ancova or mmrm"),
        ({"looks": {"information": [0.5]}, "accrual": {"per_month": 5}, "comparisons": [
            {"arm": "low", "control": "saline"}]}, "dose_finding: with interim looks"),
        (asked(candidates=[]), "candidates: has 0 shapes; 1 to 12"),
        (asked(candidates=[{"shape": "linear"}, {"shape": "linear"}]), "candidates.1: is listed twice"),
        (asked(candidates=[{"shape": "quadratic", "peak_dose": 20}]), "below half of the largest dose"),
        (asked(candidates=[{"shape": "exponential", "growth_dose": 0.01}]), "too steep to compute"),
        (asked(candidates=[{"shape": "emax"}]), "half_dose: is missing; a guess"),
        (asked(candidates=[{"shape": "linear", "hill": 2}]), "hill: has no meaning with shape linear"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_by_its_key(changes, told):
    with pytest.raises(ValidationError, match=told):
        dose_design(**changes)


def test_responses_find_no_dose():
    endpoint = {"outcome": "leg_pain", "month": 6, "measure": "response", "rule": "pain_reduction>=50%"}
    with pytest.raises(ValidationError, match="with measure response; change_from_baseline"):
        dose_design(endpoint=endpoint, analysis="responders")
