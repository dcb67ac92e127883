from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from sciatrial.trial import simulate_trials
from sciatrial.trial.accrual import arrivals_of
from sciatrial.trial.conduct import conduct
from sciatrial.trial.conducted import first_patients, first_randomised
from sciatrial.trial.costs import trial_cost
from tests.trial.conftest import CELLS, SALINE, small_design

ARMS = {"cells": CELLS.model_copy(update={"n_doses": 3, "weeks_between_doses": 8.0}), "saline": SALINE}


def design_with(costs, **changes):
    return small_design(costs={"currency": "EUR", **costs}, arms=ARMS, n_total=40, **changes)


@pytest.fixture(scope="module")
def trial(model, patients):
    design = design_with({}, dropout_per_year=0.6)
    return conduct(model, design, [first_patients(patients, 40)], [9])[0]


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        ({"fixed": 1000}, lambda _: 1000),
        ({"per_patient_randomised": 7}, lambda _: 7 * 40),
        ({"per_patient_screened": 2}, lambda t: 2 * (t.patients.numbers[39] + 1)),
        ({"per_visit": 3}, lambda t: 3 * t.is_observed[:, 1:].sum()),
        # three doses, 8 weeks apart, within six months
        ({"per_dose": {"cells": 10}}, lambda t: 10 * 3 * (t.assigned == 0).sum()),
        ({"per_dose": {"cells": 10, "saline": 1}}, lambda t: 30 * (t.assigned == 0).sum() + (t.assigned == 1).sum()),
        # the last of 40 patients, five a month, comes at month 39/5; the last visit is six months later
        ({"per_month": 100}, lambda _: 100 * (39 / 5 + 6)),
    ],
)
def test_each_unit_cost_is_taken_as_often_as_it_arises(trial, costs, expected):
    design = design_with(costs, dropout_per_year=0.6, accrual={"per_month": 5})
    trial = replace(trial, arrivals=arrivals_of(design.accrual, 40, 9))
    assert trial_cost(design, trial) == pytest.approx(expected(trial))


def test_the_months_of_a_trial_whose_patients_come_by_chance_are_its_own(trial):
    design = design_with({"per_month": 100}, accrual={"per_month": 5, "arrivals": "poisson"})
    arrivals = arrivals_of(design.accrual, 40, 9)
    cost = trial_cost(design, replace(trial, arrivals=arrivals))
    assert cost == pytest.approx(100 * (arrivals.months[-1] - arrivals.months[0] + 6))


def test_unit_costs_add_up(trial):
    parts = [{"fixed": 5}, {"per_visit": 3}, {"per_patient_screened": 2}]
    alone = sum(trial_cost(design_with(part), trial) for part in parts)
    assert trial_cost(design_with({"fixed": 5, "per_visit": 3, "per_patient_screened": 2}), trial) == alone


def test_whoever_comes_after_a_stop_costs_nothing(trial):
    stopped = first_randomised(trial, 12)
    costs = design_with({"per_patient_screened": 2, "per_patient_randomised": 7})
    assert trial_cost(costs, stopped) == 2 * (trial.patients.numbers[11] + 1) + 7 * 12


def test_a_design_without_costs_has_none(trial):
    assert np.isnan(trial_cost(small_design(n_total=40, arms=ARMS), trial))


@pytest.mark.parametrize(
    ("costs", "told"),
    [
        ({"per_dose": {"sham": 1}}, "costs.per_dose.sham: is not an arm"),
        ({"per_month": 1}, "costs.per_month: needs the length of the trial"),
    ],
)
def test_costs_that_do_not_fit_the_design_are_named(costs, told):
    with pytest.raises(ValidationError, match=told):
        design_with(costs)


def test_words_list_every_cost_that_is_not_nothing():
    told = design_with({"fixed": 1500, "per_dose": {"cells": 12000}}).costs.in_words()
    assert told == ["EUR 1,500 whatever happens", "EUR 12,000 for each administration in arm cells"]


def test_simulated_trials_carry_their_cost_and_what_their_truth_calls_for(model, prior, cohort):
    words = {"first": 0, "count": 2, "seed": 5}
    design = small_design(
        n_total=8, costs={"currency": "EUR", "per_patient_randomised": 3}, minimal_important_change=10
    )
    trials = simulate_trials(model, design, prior, cohort, scenario="no_cell_effect", **words).trials
    assert trials["cost"].tolist() == [24.0, 24.0]
    assert set(trials["true_effect"]) == {"none"}
