"""The time-course model on our own tables: what enters it, and what it must give."""

import dataclasses

import numpy as np
import pytest

from sciatrial.evidence import Assumptions
from sciatrial.foundation import EvidenceError
from sciatrial.synthesis.literature import check_consistency, fit_literature, literature_arms, vary_correlation
from sciatrial.synthesis.node_splits import splittable
from sciatrial.synthesis.treatments import PLACEBO_PROCEDURE


@pytest.fixture(scope="module")
def arms(evidence):
    return literature_arms(evidence)


@pytest.fixture(scope="module")
def fitted(evidence):
    return fit_literature(evidence, seed=11, quick=True)


def test_cells_and_surgery_and_usual_care_are_in_one_network(arms):
    assert {"cell_therapy: mpc", "cell_therapy: bm_msc", "surgery", "usual_care", PLACEBO_PROCEDURE} <= set(
        arms["treatment"]
    )


def test_values_after_crossover_are_not_in_it(arms):
    assert not ((arms["study"] == "beall2021") & (arms["treatment"] == "usual_care")).any()


def test_without_reviews_surgery_has_no_link_and_is_left_out(evidence):
    assert "surgery" not in set(literature_arms(evidence, reviews="leave_out")["treatment"])


def test_every_visit_of_every_trial_has_two_treatments_or_more(arms):
    assert (arms.groupby(["study", "months"])["treatment"].nunique() > 1).all()


def test_an_outcome_without_a_placebo_procedure_is_an_error(evidence):
    with pytest.raises(EvidenceError, match="no trial has a placebo procedure"):
        literature_arms(evidence, outcome="numbness")


def test_the_effect_of_the_reference_is_none_and_no_effect_acts_before_it_began(fitted):
    effect = fitted.effect([0.0, 6.0, 12.0])
    assert np.allclose(effect.sel(treatment=PLACEBO_PROCEDURE), 0)
    assert np.allclose(effect.sel(month=0.0), 0)


def test_a_treatment_of_one_trial_is_near_what_that_trial_found(fitted, arms):
    trial = arms[arms["study"] == "peng2010"]
    seen = trial.set_index("treatment")["estimate"]
    found = fitted.effect([24.0]).sel(treatment="other: methylene_blue", month=24.0)
    difference = seen["other: methylene_blue"] - seen[PLACEBO_PROCEDURE]
    assert float(found.median()) == pytest.approx(difference, abs=8)


def test_a_new_trial_is_less_certain_than_the_mean(fitted):
    cells = {"treatment": "cell_therapy: mpc", "month": 12.0}
    spread = fitted.effect([12.0]).sel(cells).std(), fitted.new_trial([12.0], seed=1).sel(cells).std()
    assert float(spread[0]) < float(spread[1])


def test_the_assumed_correlation_is_told(fitted):
    assert f"rho assumed {Assumptions().correlation_over_visits:g}" in fitted.table()


def test_a_fit_that_did_not_converge_says_so_first(fitted):
    first = fitted.table().splitlines()[0]
    assert first.startswith("Converged" if fitted.converged else "NOT CONVERGED")


def test_only_comparisons_in_a_loop_can_be_checked_for_consistency(evidence):
    arms = literature_arms(evidence)
    pairs = {frozenset(pair) for pair in splittable(arms, reference=PLACEBO_PROCEDURE)}
    loop = ("surgery", "physiotherapy", "usual_care")
    assert pairs == {frozenset(loop) - {name} for name in loop}


def test_without_a_loop_there_is_nothing_to_check(evidence):
    none = dataclasses.replace(evidence, facts=evidence.facts.iloc[:0])
    assert check_consistency(none, seed=1) is None


def test_another_correlation_of_visits_is_told_beside_its_effects(evidence):
    made = vary_correlation(evidence, seed=2, correlations=(0.3,), months=(12.0,))
    assert set(made["correlation"]) == {0.3}
    assert set(made["month"]) == {12.0}
    assert made["converged"].all()
