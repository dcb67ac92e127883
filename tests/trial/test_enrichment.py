import pytest
from pydantic import ValidationError

from sciatrial.trial import Design, Enrichment
from sciatrial.trial.enrichment import population_names
from tests.trial.conftest import CELLS, SALINE
from tests.trial.enriched import RULE, WORDS, design_of

_FACTOR = {"name": "a", "arms": ["cells", "control"]}
GOOD = {"enrichment": RULE | {"most": [1]}}


def refused(**changes):
    with pytest.raises(ValidationError) as error:
        Design.model_validate(WORDS | GOOD | changes)
    return str(error.value)


def rule(**changes):
    return {"enrichment": RULE | changes}


def test_what_is_tested_is_the_comparison_and_the_same_in_the_subgroup():
    design = design_of(GOOD)
    assert population_names(design) == ("cells vs control", "cells vs control in subgroup")
    assert design.hypotheses() == population_names(design)
    assert design.is_family


def test_four_times_the_planned_patients_may_come_where_the_study_does_not_say():
    assert design_of(GOOD).most_patients == 480
    assert design_of(rule(most_eligible=200)).most_patients == 200
    # nobody is turned away where there is no look
    assert design_of(rule() | {"looks": {"information": []}}).most_patients == 120


def test_the_rule_of_a_look_is_a_selection():
    found = Enrichment(**(RULE | {"most": [2, 1], "above": [0.1, 0.2], "by": "z"})).selection(2)
    assert (found.most, found.above_z) == (1, 0.2)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (rule(most=[1, 1]), "enrichment.most: 2 for 1 interim looks"),
        (rule(above=[1.2], by="conditional_power"), "1.2 is no conditional power"),
        (rule(most_eligible=100), "enrichment.most_eligible: 100 is below the 120"),
        (rule(prevalence=0.03), "enrichment.prevalence: 0.03 gives the subgroup 0.9 observed endpoints"),
        (rule(prevalence=0.98), "gives those outside the subgroup 0.6 observed endpoints"),
        ({"enrichment": RULE | {"n_after": 40}, "looks": {"information": []}}, "n_after: has no meaning without"),
        ({"enrichment": RULE | {"most_eligible": 400}, "looks": {"information": []}}, "most_eligible: has no meaning"),
        (rule(n_after=300, most_eligible=200), "enrichment.n_after: 300 is above the 200 eligible patients"),
        (rule(within=[20], by="conditional_power"), "20 is no difference of conditional powers"),
        ({"sides": "two_sided"}, "sides: two_sided, and enrichment shows that the arm is better"),
        ({"analysis": "mmrm"}, "analysis: mmrm of a change from baseline with enrichment"),
        ({"looks": {"information": [0.5], "futility": {"kind": "fixed", "bounds_z": [0.0]}}}, "looks.futility"),
        ({"randomisation": {"method": "minimisation", "strata": ["sex"]}}, "randomisation.method: minimisation"),
        ({"estimand": {"rescue": "principal_stratum"}}, "estimand.rescue: principal_stratum with enrichment"),
        ({"arms": {"cells": CELLS, "more": CELLS, "control": SALINE}}, "enrichment: there are 3 arms"),
        ({"reestimation": {"kind": "promising_zone", "lowest": 0.3, "most": 200}}, "cannot be combined with"),
        ({"looks": {"information": [1.0]}}, "information"),
        ({"looks": {"information": [0.0]}}, "information"),
        (rule(subgroup={"measure": "causes", "levels": ["herniation"]}), "did you mean 'cause'?"),
    ],
)
def test_what_does_not_fit_is_named(changes, told):
    assert told in refused(**changes)


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("multi_arm", {"most": [1]}), ("multiplicity", {"method": "holm"}),
        ("response_adaptive", {"burn_in": 40, "every": 10}), ("platform", {"arms": {"cells": {"enters_month": 6}}}),
        ("factorial", {"first": _FACTOR, "second": _FACTOR | {"name": "b"}}),
        ("dose_finding", {"control": "control", "relevant_effect": 5, "candidates": [{"shape": "linear"}]}),
    ],
)  # fmt: skip
def test_no_other_table_says_beside_it_how_the_trial_goes(name, table):
    assert f"enrichment: cannot be combined with {name}" in refused(**{name: table})


def test_a_followed_boundary_for_harm_is_refused():
    stopping = {"event": "serious", "acceptable_share": 0.1, "true_share": 0.1}
    told = refused(safety={"stopping": stopping})
    assert "safety" in told
