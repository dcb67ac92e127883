import pytest
from pydantic import ValidationError

from sciatrial.trial import Borrowing
from tests.trial.conftest import CELLS, SALINE, SHAM, small_design

OWN = {"arm": "saline", "prior": [{"weight": 1, "mean": -25, "sd": 5}], "patient_sd": 20}
PUBLISHED = {"arm": "saline", "evidence": "split"}


def test_a_borrowed_control_is_part_of_a_design():
    design = small_design(borrowing=OWN)
    assert design.borrowing.robust_weight == 0.2
    assert small_design(borrowing=PUBLISHED).borrowing.between_trial_sd == 10


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"evidence": "split"}, "evidence: stands beside prior"),
        ({"prior": []}, 'evidence: is missing; "split", "shared", or prior'),
        ({"prior": [{"weight": 0.5, "mean": 0, "sd": 1}]}, "prior: weights sum to 0.5"),
        ({"prior": [{"weight": 0.1, "mean": 0, "sd": 1}] * 10}, "prior: 10 parts; one to 8"),
        ({"patient_sd": None}, "patient_sd: is missing"),
        ({"between_trial_sd": 4}, "between_trial_sd: belongs to published arms"),
        ({"studies": ["a"]}, "studies: belongs to published arms"),
        ({"studies": []}, "studies: is empty"),
        ({"studies": ["a", "a"]}, "studies: a study is listed twice"),
        ({"studies": "all", "prior": [], "evidence": "split"}, "is 'all'; \"compatible\", or ids of studies in [ ]"),
        ({"robust_sd": 4.9}, "robust_sd: 4.9 makes the vague part say more than the informative one; 5 or more"),
        ({"patient_sd": 4}, "robust_sd: 4 makes the vague part say more"),
        ({"prior": [{"weight": 1, "mean": 0, "sd": 1e-300}]}, "greater than or equal to 0.001"),
        ({"robust_weight": 1.2}, "robust_weight"),
        ({"weight": 0.1}, "weight"),
    ],
)
def test_settings_that_cannot_be_are_told_with_their_key(changes, told):
    with pytest.raises(ValidationError) as error:
        Borrowing.model_validate(OWN | changes)
    assert told in str(error.value)


def test_without_a_vague_part_its_width_does_not_matter():
    assert Borrowing.model_validate(OWN | {"robust_weight": 0, "robust_sd": 1}).robust_sd == 1
    assert Borrowing.model_validate(OWN | {"robust_sd": 5}).robust_sd == 5


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"borrowing": OWN | {"arm": "sham"}}, "borrowing.arm: 'sham' is not an arm; one of cells, saline"),
        ({"borrowing": OWN | {"arm": "cells"}}, "borrowing.arm: cells receives cells"),
        ({"analysis": "clda"}, "analysis: clda of a change from baseline with borrowing"),
        (
            {"analysis": "responders", "endpoint": {"outcome": "leg_pain", "month": 6, "measure": "response"}},
            "analysis: responders of a response with borrowing",
        ),
        ({"looks": {"information": [0.5]}, "accrual": {"per_month": 5}}, "looks.information: has interim looks"),
        (
            {"estimand": {"rescue": "composite"}, "rescue": {"score": "leg_pain", "above": 50}},
            "estimand.rescue: composite with borrowing",
        ),
        (
            {"borrowing": PUBLISHED, "endpoint": {"outcome": "quality_of_life", "month": 6}},
            "borrowing.evidence: takes published arms, and the tables hold no changes of quality_of_life",
        ),
        (
            {"arms": {"cells": CELLS, "saline": SALINE, "sham": SHAM}},
            "comparisons: cells vs sham not with saline",
        ),
        ({"multiplicity": {"method": "holm"}}, "borrowing: cannot be combined with multiplicity"),
        (
            {"response_adaptive": {"burn_in": 12, "every": 6}, "accrual": {"per_month": 5}},
            "borrowing: cannot be combined with response_adaptive",
        ),
    ],
)
def test_what_does_not_fit_the_trial_is_told(changes, told):
    with pytest.raises(ValidationError) as error:
        small_design(**{"borrowing": OWN, **changes})
    assert told in str(error.value)


def test_a_boundary_for_harm_that_trials_follow_does_not_go_with_it():
    stopping = {"event": "pain flare", "arm": "cells", "acceptable": 0.1, "every": 5, "true_share": 0.1}
    with pytest.raises(ValidationError, match=r"safety\.stopping: is followed by simulated trials"):
        small_design(borrowing=OWN, safety={"follow_up_months": 12, "stopping": stopping}, accrual={"per_month": 5})
