"""Each level follows from a number, and another number gives another level."""

import pandas as pd
import pytest
from tests.calibration.credible import (
    assess,
    found_of,
    made_blind,
    made_validation,
    posterior_with,
    small_errors,
    sound_posterior,
)
from tests.report.compared import compared_with

from sciatrial.calibration.credibility_factors import FACTORS, level_of
from sciatrial.calibration.self_check import JointTest
from sciatrial.evidence import read_evidence

V = made_validation


def level(factor, *records, **words):
    return found_of(assess(*records, **words), factor)["level"]


def sampler_test(p_value=0.4, n=200):
    return JointTest(p_value, n, 99, pd.DataFrame({"quantity": ["a"], "p_value": [p_value]}), pd.DataFrame())


def told(*verdicts):
    return pd.DataFrame({"key": [str(place) for place, _ in enumerate(verdicts)], "verdict": list(verdicts)})


def test_there_are_thirteen_factors_with_four_steps_each():
    assert len(FACTORS) == 13
    assert all(len(factor.steps) == 4 for factor in FACTORS)


def test_a_step_counts_only_where_all_below_it_hold():
    assert level_of(True, True, False, True) == "c"
    assert level_of(False, True, True, True) == "a"
    assert level_of(True, True, True, True) == "e"


@pytest.mark.parametrize(("found", "expected"), [({}, "d"), ({"same": 1e-9}, "c"), ({"same": float("nan")}, "c")])
def test_numbers_that_come_out_otherwise_the_second_time_are_no_sound_software(found, expected):
    assert level("software quality assurance", checks=small_errors(**found)) == expected


def test_tables_that_are_not_those_of_the_fit_are_seen():
    made = assess(evidence=read_evidence())
    assert found_of(made, "software quality assurance")["level"] == "b"
    assert "are NOT those of the fit" in found_of(made, "software quality assurance")["evidence"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({}, "c"),
        ({"self_check": sampler_test()}, "d"),
        ({"self_check": sampler_test(p_value=0.001)}, "c"),
        ({"self_check": sampler_test(n=20)}, "c"),
        ({"checks": small_errors(exact=0.1)}, "a"),
        ({"checks": small_errors(processors=1.0)}, "b"),
        ({"checks": small_errors(carrier=1.0)}, "b"),
    ],
)
def test_code_is_verified_as_far_as_known_answers_are_met(words, expected):
    assert level("numerical code verification", **words) == expected


@pytest.mark.parametrize(("points", "expected"), [(0.01, "e"), (0.5, "d"), (3.0, "c"), (9.0, "b"), (float("nan"), "a")])
def test_the_error_of_the_steps_sets_its_level(points, expected):
    assert level("discretisation error", checks=small_errors(steps=points)) == expected


@pytest.mark.parametrize(
    ("found", "expected"), [({}, "e"), ({"variance": "0.30"}, "c"), ({"effective": "12 (a)"}, "b")]
)
def test_chains_and_emulator_that_fail_are_named(found, expected):
    row = found_of(assess(posterior=posterior_with(**found)), "numerical solver error")
    assert row["level"] == expected
    assert ("Fails" in row["evidence"]) == bool(found)


def test_what_was_validated_must_be_this_fit():
    assert level("use error", V()) == "c"
    assert level("use error", V(runs="other runs")) == "b"
    assert level("use error", None, made_blind()) == "d"
    assert level("use error", None, made_blind(posterior=posterior_with(effective="12 (a)"))) == "b"


@pytest.mark.parametrize(("apart", "expected"), [(-1.0, "e"), (0.1, "d"), (2.0, "c")])
def test_a_form_that_predicts_worse_than_a_simpler_one_stops_at_c(apart, expected):
    assert level("model form", V(apart=apart)) == expected


def test_inputs_are_understood_as_far_as_their_sensitivity_is_known():
    assert level("model inputs") == "c"
    assert level("model inputs", sensitivity=told("speaks by the data")) == "e"
    row = found_of(assess(sensitivity=told("prior and data disagree")), "model inputs")
    assert row["level"] == "d"
    assert "pull apart: 1 (0)" in row["evidence"]
    assert level("model inputs", posterior=posterior_with(effective="12 (a)")) == "b"


@pytest.mark.parametrize(
    ("words", "expected"), [({"n_cells": 20}, "e"), ({"n_cells": 5}, "d"), ({"n_cells": 4}, "c"), ({"n": 4}, "b")]
)
def test_samples_are_counted_by_study_and_those_of_cells_by_control(words, expected):
    assert level("test samples", V(**words)) == expected


def test_conditions_are_causes_and_questions():
    assert level("test conditions", V()) == "d"
    assert level("test conditions", V(n_cells=4)) == "c"
    assert level("test conditions", V(n=6)) == "b"  # three studies of each cause


@pytest.mark.parametrize(("hard", "expected"), [(0, "e"), (4, "d"), (10, "c"), (40, "b")])
def test_arms_that_virtual_patients_hardly_make_up_lower_the_equivalency_of_inputs(hard, expected):
    posterior = posterior_with(arms=f"{hard} of 95")  # as many are few as are out of reach
    assert level("equivalency of input parameters", V(), posterior=posterior) == expected


def test_coverage_that_is_off_does_not_meet_the_goal():
    row = found_of(assess(V(coverage=(0.6, 0.5, 0.7))), "output comparison")
    assert row["level"] == "b"
    assert not row["met"]
    assert "hold 60 % (too narrow" in row["evidence"]


def test_an_error_larger_than_a_simpler_models_does_not_meet_the_goal_and_is_named():
    row = found_of(assess(V(apart=2.0)), "output comparison")
    assert row["level"] == "c"
    assert not row["met"]
    assert "worse than time course (+2.00" in row["evidence"]


def test_outputs_that_hold_everywhere_reach_the_top():
    assert level("output comparison", V()) == "e"
    assert level("output comparison", V(n_cells=4)) == "d"


def test_of_two_validations_the_worse_one_counts():
    assert level("output comparison", V(), made_blind(coverage=(0.6, 0.5, 0.7))) == "b"


def test_quantities_of_interest_are_those_of_cells_beside_a_control():
    name = "relevance of the quantities of interest"
    assert level(name, V()) == "e"
    assert level(name, V(n_cells=4)) == "c"


def test_activities_are_relevant_where_domains_are_tested():
    name = "relevance of the validation activities to the context of use"
    assert level(name, V()) == "c"  # three trials of cells in these tables, none for the root
    assert level(name, V(apart=2.0)) == "b"


def test_predictions_of_known_studies_are_no_validation():
    made = assess(None, made_blind(known=("a trial",)))
    assert found_of(made, "output comparison")["level"] == "a"
    assert "NOT BLIND" in set(made.limits["limit"])


def test_patients_at_the_door_are_told_and_raise_no_level():
    name, of = "equivalency of input parameters", compared_with(sound_posterior())
    with_them, without = assess(V(), population=of), assess(V())
    count = of.counts().to_dict("records")[-1]
    told = found_of(with_them, name)["evidence"]
    assert f"{count['met_equal']} of {count['numbers']} published numbers within the stated distance" in told
    assert f"of the {count['held_back']} held back from the weights, {count['held_back_met']}" in told
    assert "Patients at the door: comparison with published ones not done" in found_of(without, name)["evidence"]
    assert found_of(with_them, name)["level"] == found_of(without, name)["level"]


def test_patients_of_another_posterior_are_not_counted():
    other = compared_with(posterior_with(effective="12 (a)"))
    limits = assess(V(), population=other).limits.set_index("limit")["found"]
    assert limits["patients at the door beside published ones"] == "comparison with published ones not done"
