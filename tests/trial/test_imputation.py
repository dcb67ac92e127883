import pytest
from pydantic import ValidationError

from tests.trial.conftest import small_design


def test_reference_based_rules_are_those_when_none_is_told():
    asked = small_design(imputation={}).imputation
    assert [str(rule) for rule in asked.rules] == ["jump_to_reference", "copy_increments_in_reference"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"imputation": {"rules": ()}}, "imputation.rules: is empty"),
        (
            {"imputation": {}, "rescue": {"score": "leg_pain", "above": 50}, "estimand": {"rescue": "composite"}},
            "imputation: says nothing of a composite estimand",
        ),
        (
            {
                "imputation": {}, "analysis": "responders", "estimand": {"summary_measure": "risk_difference"},
                "endpoint": {"outcome": "leg_pain", "month": 6, "measure": "response", "rule": "vas20_or_less",
                             "missing": "observed_only"},
            },
            "imputation: fills scores, and the endpoint is a response",
        ),
        (
            {
                "imputation": {}, "accrual": {"per_month": 5},
                "safety": {"stopping": {"event": "harm", "arm": "cells", "acceptable": 0.1, "every": 10,
                                        "true_share": 0.2}},
            },
            "imputation: would fill visits that did not take place",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_imputed_is_named(changes, told):
    with pytest.raises(ValidationError, match=told):
        small_design(**changes)
