import pytest

from sciatrial.trial import planned_new_sizes, r_of_reestimation, reestimation_in_words, reestimation_plan
from tests.trial.adaptive import blinded_design, size_design
from tests.trial.conftest import small_design


def test_a_plan_that_grows_holds_its_error_and_gains_power():
    plan = reestimation_plan(size_design(), [0.0, 0.5], n_trials=10_000)
    assert plan["power"].iloc[0] == pytest.approx(0.025, abs=3 * plan["power_se"].iloc[0])
    assert plan["power"].iloc[1] > plan["power_as_planned"].iloc[1] + 0.02
    assert (plan["expected_endpoints"] > plan["endpoints_as_planned"]).all()


def test_the_new_size_is_told_over_the_conditional_power():
    sizes = planned_new_sizes(size_design())
    assert sizes["conditional_power"].is_monotonic_increasing
    assert set(sizes["zone"]) == {"unfavourable", "promising", "favourable"}
    assert sizes["patients"].between(40, 80).all()
    assert "Conditional power as planned, and the new size: z 0.0" in reestimation_in_words(size_design())


def test_a_blinded_size_is_told_over_the_spread():
    sizes = planned_new_sizes(blinded_design())
    assert sizes["patients"].is_monotonic_increasing
    assert "arms unknown" in reestimation_in_words(blinded_design())
    assert reestimation_plan(blinded_design()).empty


def test_r_code_says_what_rpact_has_not():
    assert "calcSubjectsFunction" in r_of_reestimation(size_design())
    assert r_of_reestimation(size_design(lowest=0.5, test="ordinary")).startswith("#")
    assert r_of_reestimation(blinded_design()).startswith("#")
    assert r_of_reestimation(small_design()) == reestimation_in_words(small_design()) == ""
    assert planned_new_sizes(small_design()).empty
