import numpy as np
import pandas as pd
import pytest

from sciatrial.foundation import TrialError
from sciatrial.trial.population_quantities import (
    population_quantities,
    refuse_one_sided_subgroup,
    right_selection,
    told_apart,
)
from sciatrial.trial.truth import Truth
from tests.trial.enriched import design_of, operating
from tests.trial.test_enrichment import GOOD


def truth(full, inside, outside, error=0.2):
    return Truth(np.array([full, inside, outside]), np.full(3, error), 1000)


def rows(**columns):
    n = len(next(iter(columns.values())))
    usual = {
        "ran_out": 0.0, "told_in": 40.0, "truly_in": 50.0, "rightly_in": 30.0, "eligible_seen": 100.0,
        "n_screened": 200.0, "n_turned_away": 5.0, "truth_outside": -1.0, "went_for": "", "right_selection": "",
    }  # fmt: skip
    return pd.DataFrame({name: [value] * n for name, value in usual.items()} | columns)


def values(frame):
    return {name: value for name, value, _, _ in population_quantities(frame)}


def test_shares_of_what_is_told_and_true_are_over_eligible_patients():
    found = values(rows(selection=["both"]))
    assert (found["prevalence"], found["true_prevalence"]) == (0.4, 0.5)
    assert (found["sensitivity"], found["predictive_value"]) == (0.6, 0.75)


def test_right_is_what_the_truth_calls_for():
    frame = rows(
        selection=["both", "subgroup", "stopped", "no look"],
        went_for=["full", "subgroup", "neither", ""],
        right_selection=["full", "full", "neither", "full"],
    )
    found = {name: (value, n) for name, value, _, n in population_quantities(frame)}
    assert found["selected_right"] == (pytest.approx(2 / 3), 3)
    assert found["selected both"] == (0.25, 4)


def test_the_truth_speaks_for_the_smallest_population_that_holds_all_who_benefit():
    design = design_of(GOOD)
    assert right_selection(design, truth(-5, -8, -3)) == "full"
    assert right_selection(design, truth(-3, -8, -0.1)) == "subgroup"
    assert right_selection(design, truth(0, 0.1, 0.1)) == "neither"
    assert right_selection(design, truth(np.nan, 0, 0)) == ""


def test_where_the_design_says_what_matters_less_is_no_benefit():
    design = design_of(GOOD | {"minimal_important_change": 10})
    assert right_selection(design, truth(-9, -12, -7)) == "subgroup"


def test_designs_without_a_subgroup_have_no_such_quantity():
    assert population_quantities(pd.DataFrame({"decision": ["ended"]})) == []


def test_a_subgroup_that_holds_nobody_or_everybody_is_refused():
    rule = design_of(GOOD).enrichment
    count = {"eligible_seen": 480.0, "told_in": 0.0}
    with pytest.raises(TrialError, match="subgroup: nobody of 480"):
        refuse_one_sided_subgroup(rule, [count])
    with pytest.raises(TrialError, match="everybody of 960"):
        refuse_one_sided_subgroup(rule, [count | {"told_in": 480.0}] * 2)
    refuse_one_sided_subgroup(rule, [count | {"told_in": 3.0}])
    refuse_one_sided_subgroup(rule, [{"eligible_seen": 20.0, "told_in": 0.0}])


def test_trials_of_patients_have_all_of_it():
    trials = operating().trials
    assert set(trials["comparison"]) == {"cells vs saline", "cells vs saline in inflamed"}
    found = operating().summary.set_index(["scenario", "quantity"]).loc["no_cell_effect"]
    assert found.loc["selected no look", "value"].tolist() == [0.0, 0.0]
    assert (trials.loc[trials["scenario"] == "no_cell_effect", "has_no_benefit"] == 1).all()
    assert (trials.loc[trials["scenario"] == "no_cell_effect", "right_selection"] == "neither").all()
    assert (trials["n_turned_away"][trials["selection"] == "full"] == 0).all()
    assert (trials["n_screened"] >= trials["n_randomised"]).all()


def test_the_truth_of_the_whole_lies_between_those_of_its_parts():
    one = operating().trials.loc[lambda frame: frame["scenario"] == "optimistic"]
    for _, pair in one.groupby("trial"):
        full, part = pair["truth"].to_numpy()
        outside = pair["truth_outside"].iloc[0]
        assert min(part, outside) <= full <= max(part, outside)


def test_counts_of_patients_are_told():
    people = pd.DataFrame({"in_subgroup": [True, True, False], "truly_in_subgroup": [True, False, False]})

    class Some:
        covariates = people

    assert told_apart(Some()) == {"eligible_seen": 3.0, "told_in": 2.0, "truly_in": 1.0, "rightly_in": 1.0}
