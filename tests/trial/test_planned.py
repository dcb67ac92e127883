import numpy as np
import pytest

from sciatrial.statistics import MeanComparison, mean_power, mean_sample_size, rpact_call
from sciatrial.trial import plan_in_words, planned_looks, planned_sizes, r_of_design
from sciatrial.trial.calendar import calendar_of
from tests.trial.conftest import CELLS, SALINE, SHAM, invented_trial, small_design


def sequential(**changes):
    words = {
        "n_total": 120, "sides": "one_sided", "alpha": 0.025, "accrual": {"per_month": 6, "ramp_up_months": 4},
        "looks": {"information": (0.5,), "futility": {"kind": "fixed", "bounds_z": (0.0,)}},
    }  # fmt: skip
    return small_design(**words | changes)


def test_the_plan_has_the_bounds_and_what_they_spend():
    design = sequential()
    plan, bounds = planned_looks(design), design.bounds()
    assert plan["efficacy_z"].tolist() == pytest.approx(bounds.efficacy_z)
    assert plan["alpha_spent"].tolist() == pytest.approx(bounds.alpha_spent)
    assert plan["futility_z"].tolist() == pytest.approx([0.0, np.nan], nan_ok=True)
    assert plan["futility_null"].iloc[0] == pytest.approx(0.5)  # half of the statistics lie below 0
    assert plan["efficacy_power"].sum() == pytest.approx(0.8)


def test_without_dropout_the_planned_calendar_is_that_of_a_trial():
    design = sequential()
    plan, calendar = planned_looks(design), calendar_of(design, invented_trial(design, 1))
    assert plan["month"].tolist() == pytest.approx(calendar.months)
    assert plan["recruited"].tolist() == calendar.n_recruited.tolist()


def test_with_dropout_the_planned_calendar_is_that_of_the_middle_trial():
    design = sequential(dropout_per_year=0.3)
    months = [calendar_of(design, invented_trial(design, seed)).months[0] for seed in range(60)]
    assert planned_looks(design)["month"].iloc[0] == pytest.approx(np.mean(months), abs=0.6)


def test_the_endpoints_of_the_plan_allow_for_dropout_and_ratio():
    design = sequential(allocation={"cells": 2, "saline": 1}, dropout_per_year=0.36)
    last = planned_looks(design).iloc[-1]
    assert (last["endpoints_arm"], last["endpoints_control"]) == pytest.approx((80 * 0.8, 40 * 0.8))


def test_sizes_and_powers_are_those_of_the_statistics_room():
    design = sequential(dropout_per_year=0.36)
    row = planned_sizes(design, (0.5,)).iloc[0]
    means = MeanComparison(sd=1.0)
    assert row["power"] == pytest.approx(mean_power(design.bounds(), means, (0.5,), 96).power[0])
    assert row["endpoints_needed"] == pytest.approx(mean_sample_size(design.bounds(), means, 0.5).n_max)
    assert row["patients_needed"] == pytest.approx(row["endpoints_needed"] / 0.8)


def test_a_fixed_design_needs_what_the_books_say():
    # two-sided 5 %, 80 % power, half a standard deviation: 63.77 patients an arm by Student's t
    row = planned_sizes(small_design(), (0.5,)).iloc[0]
    assert row["endpoints_needed"] == pytest.approx(2 * 63.77, abs=0.02)


def test_the_r_code_makes_the_same_design_for_every_comparison():
    looks = {"information": (0.5,), "deciding": {"arm": "cells", "control": "sham"}}
    design = sequential(arms={**small_design().arms, "sham": SHAM}, n_total=180, looks=looks)
    code = r_of_design(design)
    assert rpact_call(design.bounds()) in code
    assert code.count("rpact::getSampleSizeMeans(design, alternative = c(0.2, 0.35, 0.5, 0.65, 0.8)") == 2
    assert "maxNumberOfSubjects = 120" in code


def test_the_plan_in_words_has_the_difference_that_can_be_found():
    # (1.96 + 0.84) / sqrt(30) standard deviations with 60 patients an arm, and 1.2 % more for the look
    assert "cells vs saline 0.51" in plan_in_words(sequential())
    assert "1 look, two-sided alpha 0.05" in plan_in_words(small_design())


@pytest.mark.parametrize(("kind", "said"), [
    ("treatment_policy", False), ("hypothetical", True), ("composite", True),
])  # fmt: skip
def test_the_plan_says_that_rescue_is_not_in_it(kind, said):
    rescue = {"score": "leg_pain", "above": 50}
    design = sequential(analysis="mmrm", rescue=rescue, estimand={"rescue": kind})
    assert ("Rescue is not in this plan" in plan_in_words(design)) == said


@pytest.mark.parametrize("sides", ["one_sided", "two_sided"])
def test_nominal_alpha_has_the_sides_of_the_alpha_spent(sides):
    design = small_design(n_total=120, sides=sides, accrual={"per_month": 6}, looks={"information": (0.5,)})
    first = planned_looks(design).iloc[0]
    assert first["nominal_alpha"] == pytest.approx(first["alpha_spent"])


@pytest.mark.parametrize(("outcome", "said"), [("leg_pain", False), ("disability", True)])
def test_rescue_by_another_score_than_the_endpoint_is_told_as_an_assumption(outcome, said):
    rescue, endpoint = {"score": "leg_pain", "above": 50}, {"outcome": outcome, "month": 6}
    words = {"analysis": "mmrm", "rescue": rescue, "endpoint": endpoint}
    hypothetical = plan_in_words(small_design(**words, estimand={"rescue": "hypothetical"}))
    assert ("Assumption: rescue follows leg pain" in hypothetical) == said
    assert "Assumption" not in plan_in_words(small_design(**words))


def test_the_name_of_an_arm_is_no_r_code():
    arms = small_design().arms
    design = small_design(arms={"cells\nstop('ran')": arms["cells"], "saline": arms["saline"]})
    assert "# cells stop('ran') vs saline" in r_of_design(design).splitlines()


def test_the_code_of_comparisons_that_share_alpha_says_that_each_has_all_of_it():
    shared = small_design(multiplicity={"method": "holm"}, arms={"cells": CELLS, "saline": SALINE, "sham": SHAM})
    lines = r_of_design(shared).splitlines()
    assert lines[2] == "# each comparison as if it had all of alpha: holm shares it, which rpact does not simulate"
    assert not any("as if it had" in line for line in r_of_design(small_design()).splitlines())


def test_code_without_a_power_says_nothing_of_powers():
    category = {"outcome": "leg_pain", "month": 6, "measure": "category", "categories": [20, 50]}
    words = {"analysis": "proportional_odds", "estimand": {"summary_measure": "common_odds_ratio"}}
    assert r_of_design(small_design()).count("either direction") == 1
    assert "#" not in r_of_design(small_design(endpoint=category, **words))
