import numpy as np
import pytest

from sciatrial.trial import arm_plan, arms_in_words, r_of_arms
from tests.trial.adaptive import arms_design
from tests.trial.conftest import small_design


def test_a_plan_of_arms_holds_its_error_and_grows_with_the_effect():
    plan = arm_plan(arms_design(), [0.5, 1.0], n_trials=4000)
    null = plan.iloc[0]
    assert null["familywise_error"] == pytest.approx(0.025, abs=3 * null["familywise_error_se"])
    first = plan.loc[plan["arms_with_effect"] == "the first"]
    assert first["any_shown"].is_monotonic_increasing
    assert (first["best_kept"] > 0.5).all()
    words = arms_in_words(arms_design(), plan)
    assert "no arm has an effect: any shown" in words
    assert "the first arm has 0.5 SD" in words


def test_patients_who_are_not_recruited_are_no_endpoints():
    kept = arm_plan(arms_design(), [], n_trials=500)["expected_endpoints"].iloc[0]
    lost = arm_plan(arms_design(multi_arm={"most": [1], "freed": "not_recruited"}), [], n_trials=500)
    assert lost["expected_endpoints"].iloc[0] < kept <= 48


def test_r_code_says_what_rpact_does_otherwise_and_what_it_cannot():
    assert "nobody is reallocated" in r_of_arms(arms_design())
    assert "rBest" in r_of_arms(arms_design())
    assert r_of_arms(arms_design(multi_arm={"within_z": [1]})) == "# rpact has no such selection of arms"
    assert r_of_arms(small_design()) == ""
    assert arm_plan(small_design()).empty


def test_the_same_seed_gives_the_same_plan():
    first, again = (arm_plan(arms_design(), [0.5], n_trials=200, seed=4) for _ in range(2))
    np.testing.assert_array_equal(first["any_shown"], again["any_shown"])
