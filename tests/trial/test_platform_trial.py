import numpy as np
import pytest

from sciatrial.trial import ArmTimes, platform_plan
from sciatrial.trial.platform_trial import open_arms, platform_shares
from tests.trial.adaptation_over_time import platform_design
from tests.trial.conftest import CELLS, SALINE, small_design

ARMS = {"a": CELLS, "b": CELLS.model_copy(update={"dose_million_cells": 80}), "control": SALINE}


_OF_THE_DESIGN = ("n_total", "accrual", "arms", "allocation")


def platform(times, **words):
    changes = {name: words.pop(name) for name in list(words) if name in _OF_THE_DESIGN}
    return small_design(
        **({"arms": ARMS, "n_total": 90, "accrual": {"per_month": 5}} | changes), platform={"arms": times, **words}
    )


def test_an_arm_enters_and_leaves_by_month_patient_or_count():
    times = ArmTimes(enters_month=4, leaves_month=10, most_patients=20, leaves_endpoints=15)
    assert not times.has_entered(30, 3.9)
    assert times.has_entered(30, 4.0)
    assert not times.has_left(30, 9.9, 19, 14)
    assert times.has_left(30, 10.0, 0, 0)
    assert times.has_left(30, 5.0, 20, 0)
    assert times.has_left(30, 5.0, 0, 15)
    by_patient = ArmTimes(enters_patient=11, leaves_patient=21)
    assert [by_patient.has_entered(place, 0.0) for place in (9, 10)] == [False, True]
    assert [by_patient.has_left(place, 0.0, 0, 0) for place in (19, 20)] == [False, True]


def test_a_platform_ends_when_no_arm_is_open_or_to_come():
    times = {"a": ArmTimes(most_patients=5), "b": ArmTimes(enters_month=9, most_patients=5)}
    none = {"a": 0.0, "b": 0.0}
    assert open_arms(times, 3, 2.0, none, none) == (("a",), True)
    assert open_arms(times, 3, 2.0, {"a": 5.0, "b": 0.0}, none) == ((), True)
    assert open_arms(times, 3, 9.5, {"a": 5.0, "b": 5.0}, none) == ((), False)


def test_shares_are_the_ratio_of_the_open_arms_or_follow_the_square_root():
    design = platform({})
    assert platform_shares(design, ("a",)) == [0.5, 0, 0.5]
    assert platform_shares(design, ("a", "b")) == pytest.approx([1 / 3] * 3)
    root = platform({}, control_ratio="square_root")
    assert platform_shares(root, ("a", "b")) == pytest.approx(np.array([1, 1, np.sqrt(2)]) / (2 + np.sqrt(2)))


def test_the_plan_counts_patients_and_the_controls_beside_them():
    plan = platform_plan(platform({"a": {"most_patients": 20}, "b": {"enters_month": 4}}))
    # a and the control share 20 patients of the first 4 months, the three share alike until a has 20
    assert plan.compared["a"] == pytest.approx((20, 20), abs=0.4)
    assert sum(plan.sizes.values()) == pytest.approx(90)
    assert plan.opens["b"] == 4
    assert plan.sizes["control"] == pytest.approx(10 + plan.compared["b"][1], abs=0.4)


def test_the_plan_ends_with_the_last_arm():
    plan = platform_plan(platform({arm: {"most_patients": 15} for arm in ("a", "b")}))
    assert plan.n_patients == pytest.approx(45, abs=1)
    assert platform_design().expected_sizes()["a"] == pytest.approx(60, abs=0.5)


@pytest.mark.parametrize(
    ("times", "words", "told"),
    [
        ({"x": {}}, {}, "platform.arms.x: is not an arm; one of a, b, control"),
        ({"control": {"most_patients": 9}}, {}, "platform.arms.control: is the control, which stays open"),
        ({"a": {"enters_month": 3, "enters_patient": 9}}, {}, "platform.arms.a.enters_month: is one of two"),
        ({"a": {"enters_month": 5, "leaves_month": 4}}, {}, "leaves_month: 4 is not after it enters at month 5"),
        ({"a": {"enters_patient": 9, "leaves_patient": 9}}, {}, "leaves_patient: 9 is not after it enters"),
        ({"a": {"enters_month": 40}}, {}, "platform.arms.a: gets 0.0 patients and 0.0 controls beside it by the plan"),
        ({}, {"accrual": None}, "accrual: is missing"),
        (
            {},
            {"control_ratio": "square_root", "allocation": {"a": 1, "b": 1, "control": 2}},
            "allocation: has no meaning with platform.control_ratio = square_root",
        ),
        ({}, {"arms": {"a": CELLS}}, "arms: there are 1; two arms or more; add a table"),
        ({}, {"arms": {}}, "arms: there are 0; two arms or more; add a table"),
    ],
)
def test_what_does_not_fit_is_named(times, words, told):
    with pytest.raises(ValueError, match=told):
        platform(times, **words)
