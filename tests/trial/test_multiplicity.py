import numpy as np
import pytest

from sciatrial.trial import Multiplicity
from tests.trial.adaptive import LOOK, SEVERAL, together_design
from tests.trial.conftest import CELLS, SALINE, SHAM, small_design

P = np.array([0.01, 0.02, 0.03])
ADJUSTED = {
    "bonferroni": [0.03, 0.06, 0.09], "holm": [0.03, 0.04, 0.04], "hochberg": [0.03, 0.03, 0.03],
    "hommel": [0.03, 0.03, 0.03], "fixed_sequence": [0.01, 0.02, 0.03],
}  # fmt: skip


@pytest.mark.parametrize("method", ADJUSTED)
def test_adjusted_p_values_are_those_of_the_method(method):
    np.testing.assert_allclose(Multiplicity(method=method).adjusted(P), ADJUSTED[method])


def test_the_fallback_hands_on_what_is_shown_and_a_graph_says_to_whom():
    fallback = Multiplicity(method="fallback", weights=(0.5, 0.5, 0.0))
    np.testing.assert_allclose(fallback.adjusted(P), [0.02, 0.02, 0.03])
    graph = Multiplicity(method="graph", weights=(0.5, 0.5, 0.0), transitions=((0, 1, 0), (1, 0, 0), (0, 0, 0)))
    np.testing.assert_allclose(graph.adjusted(P), [0.02, 0.02, 1.0])


WRONG = [
    ({"method": "graph", "weights": [0.9, 0.9], "transitions": [[0, 1], [1, 0]]}, "multiplicity.weights: 1.8 in all"),
    ({"method": "fallback"}, "multiplicity.weights: 0 for 2 comparisons; one for each"),
    ({"method": "holm", "weights": [1, 0]}, "multiplicity.weights: has no meaning with holm"),
    ({"method": "fallback", "weights": [0, 0]}, "multiplicity.weights: 0 in all; above 0 and at most 1"),
    (
        {"method": "graph", "weights": [0, 0], "transitions": [[0, 1], [1, 0]]},
        "multiplicity.weights: 0 in all; above 0 and at most 1",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "told"), WRONG)
def test_a_rule_that_does_not_fit_is_named_by_key(rule, told):
    with pytest.raises(ValueError) as error:
        small_design(**SEVERAL, multiplicity=rule)
    assert told in str(error.value)


def test_looks_two_sides_and_other_analyses_are_refused_where_they_do_not_fit():
    with pytest.raises(ValueError, match="multiplicity: there are interim looks"):
        small_design(**SEVERAL, looks=LOOK, multiplicity={"method": "holm"})
    for method, told in (("hochberg", "holds alpha for one-sided tests"), ("dunnett", "sides: two_sided")):
        with pytest.raises(ValueError, match=told):
            small_design(**(SEVERAL | {"sides": "two_sided"}), multiplicity={"method": method})
    with pytest.raises(ValueError, match="dunnett knows how comparisons correlate in an ancova"):
        small_design(**(SEVERAL | {"analysis": "mmrm"}), multiplicity={"method": "dunnett"})


@pytest.mark.parametrize("method", ["hochberg", "hommel"])
def test_simes_tests_are_refused_where_comparisons_may_oppose_each_other(method):
    pairs = [("cells", "saline"), ("more", "cells")]
    opposed = {"comparisons": [{"arm": arm, "control": control} for arm, control in pairs]}
    with pytest.raises(ValueError, match=f"multiplicity.method: {method} with 2 arms and 2 controls"):
        small_design(**(SEVERAL | opposed), multiplicity={"method": method})
    assert small_design(**(SEVERAL | opposed), multiplicity={"method": "holm"}).is_family
    several_controls = {"arms": {"cells": CELLS, "saline": SALINE, "sham": SHAM}}
    assert small_design(**(SEVERAL | several_controls), multiplicity={"method": method}).is_family


def test_one_comparison_is_no_family():
    with pytest.raises(ValueError, match="there is 1 comparison; two or more"):
        small_design(multiplicity={"method": "holm"})
    assert together_design("holm").is_family
