from dataclasses import replace

import numpy as np
import pytest

from sciatrial.clinic import SCORES
from sciatrial.parameters import CELL_EFFECTS, reference_draw
from sciatrial.trial import simulate_trials
from sciatrial.trial.conduct import conduct
from sciatrial.trial.conducted import ArmScores
from sciatrial.trial.truth import BESIDE, Sampled, differences, true_values, world_of
from tests.trial.conftest import in_both, one_visit, scored, small_design

LEG_PAIN = SCORES.index("leg_pain")
RESCUE = {"score": "leg_pain", "above": 45, "intervention": "nsaid", "course_weeks": 20, "from_month": 1}


def test_the_truth_is_the_difference_within_patients():
    trial = in_both(scored([0, 1, 0, 1], [50] * 4, [0] * 4), cells=[10, 20, 30, 40], saline=[20, 20, 50, 46])
    assert differences(one_visit(), trial)[:, 0].tolist() == [-10, 0, -20, -6]


def test_who_could_not_be_solved_in_either_arm_has_none():
    trial = in_both(scored([0, 1, 0, 1], [50] * 4, [0] * 4), cells=[10, 20, 30, 40], saline=[20, 20, 50, 46])
    cells = replace(trial.potential["cells"], is_solved=np.array([False, True, True, True]))
    trial = replace(trial, potential={**trial.potential, "cells": cells})
    assert np.isnan(differences(one_visit(), trial)[:, 0]).tolist() == [True, False, False, False]


def test_the_composite_truth_counts_rescue_as_no_change_in_each_world_by_itself():
    design = small_design(visits_months=(3, 6), rescue=RESCUE, estimand={"rescue": "composite"})
    scores = np.zeros((2, 3, len(SCORES)))
    scores[:, :, LEG_PAIN] = [[60, 55, 20], [60, 50, 30]]
    worse = scores + 5.0 * (np.arange(3)[None, :, None] == 2)
    first = np.array([[False, True, False], [False, False, False]])
    trial = replace(scored([0, 1], [60, 60], [0, 0]), potential={
        "cells": ArmScores(scores, first, np.ones(2, bool)),
        "saline": ArmScores(worse, np.zeros((2, 3), bool), np.ones(2, bool)),
    })  # fmt: skip
    # cells: rescued at month 3, so 0, and 30 − 60; saline: 25 − 60 and 35 − 60
    assert differences(design, trial)[:, 0].tolist() == [0 + 35, -30 + 25]


def test_a_hypothetical_world_has_no_rescue():
    design = small_design(rescue=RESCUE, estimand={"rescue": "hypothetical"}, analysis="mmrm")
    assert world_of(design).rescue is None
    assert world_of(small_design(rescue=RESCUE)).rescue is not None


@pytest.fixture(scope="module")
def drawn(prior):
    return reference_draw(prior, included=CELL_EFFECTS, n_draws=1)


def truth_of(model, cohort, drawn, design, *, standard_error, seed=7):
    errors = np.full((1, len(design.compared())), standard_error)
    return true_values(model, design, drawn, cohort, [Sampled(0, 0, seed)], errors, least_eligible_share=0.01)[0]


def test_the_error_of_the_truth_is_below_a_tenth_of_the_trials(model, cohort, drawn):
    rough, fine = (truth_of(model, cohort, drawn, small_design(), standard_error=se) for se in (20.0, 2.0))
    assert rough.n_patients == 100
    assert fine.n_patients > 150
    assert fine.errors[0] < 0.2
    assert fine.values[0] == pytest.approx(rough.values[0], abs=4 * rough.errors[0])


def test_patients_that_are_added_are_those_that_a_larger_sample_would_have_had(model, cohort, drawn, patients):
    rest = patients.only(slice(200, None))
    assert rest.numbers.tolist() == patients.numbers[200:].tolist()
    assert len(rest.covariates) == len(rest.parameters) == 40
    whole, part = (
        conduct(model, small_design(), [group], [3], every_arm=True)[0].potential["cells"].scores
        for group in (patients, rest)
    )
    np.testing.assert_array_equal(whole[200:], part)


def test_estimands_differ_as_they_should(model, cohort, drawn):
    truths = {
        word: truth_of(
            model, cohort, drawn, small_design(rescue=RESCUE, estimand={"rescue": word}, analysis="mmrm"),
            standard_error=3.0,
        )
        for word in ("treatment_policy", "hypothetical", "composite")
    }  # fmt: skip
    values = {word: truth.values[0] for word, truth in truths.items()}
    # tablets help those who fare worse, more of them without cells: whatever is taken, the arms come closer
    assert values["hypothetical"] < values["treatment_policy"] < 0
    # a failure costs all the relief there was, and happens more often without cells
    assert values["composite"] < values["treatment_policy"]


def test_where_nobody_can_be_found_there_is_no_truth(model, cohort, drawn):
    nobody = cohort.model_copy(update={"eligible": {"leg_pain": (99.98, 99.99)}})
    found = truth_of(model, nobody, drawn, small_design(), standard_error=3.0)
    assert np.isnan(found.values).all()
    assert found.n_patients == 0


def test_the_truth_needs_no_room_at_sites_and_no_arms():
    sites = {"number": 2, "most_per_site": 12}
    design = small_design(
        n_total=24, dropout_per_year=0.3, dropout_hazard={"ratio_per_10_points": 2.0},
        accrual={"per_month": 4, "arrivals": "poisson", "sites": sites},
        randomisation={"method": "minimisation", "strata": ["site", "sex"]}, missing_visits={"probability": 0.3},
    )  # fmt: skip
    world = world_of(design)
    assert world == small_design(n_total=24)


def test_what_is_not_seen_does_not_change_the_truth(model, prior, cohort):
    words = {
        "dropout_per_year": 0.5, "missing_visits": {"probability": 0.5},
        "accrual": {"per_month": 4, "arrivals": "poisson", "sites": {"number": 2, "most_per_site": 12}},
        "randomisation": {"strata": ["site"]},
    }  # fmt: skip
    plain, lossy = (
        simulate_trials(
            model, small_design(n_total=24, **words), prior, cohort, scenario="reference", first=0, count=1, seed=3
        )
        for words in ({}, words)
    )
    # the two trials ask for different precision, so that the number of patients behind the truth differs
    difference = plain.trials["truth"].iloc[0] - lossy.trials["truth"].iloc[0]
    assert abs(difference) < 4 * np.hypot(plain.trials["truth_error"].iloc[0], lossy.trials["truth_error"].iloc[0])


def test_who_is_in_a_principal_stratum_rests_on_shared_luck(model, cohort, drawn):
    design = small_design(rescue=RESCUE, estimand={"rescue": "principal_stratum"})
    found = truth_of(model, cohort, drawn, design, standard_error=4.0)
    beside = {name: float(values[0]) for name, values in found.beside.items()}
    assert set(beside) == set(BESIDE)
    # two worlds that share errors and flares agree more often on who needs no rescue
    assert beside["stratum_independent_luck"] < beside["stratum"] - 0.03
    # and differ less within a patient: 4000 of them tell one truth better than the other
    assert found.errors[0] < beside["truth_independent_luck_error"] < 0.7
    assert found.beside["truth_independent_luck"][0] == pytest.approx(found.values[0], abs=10)


def test_other_estimands_are_the_same_however_luck_is_shared(model, cohort, drawn):
    assert truth_of(model, cohort, drawn, small_design(), standard_error=20.0).beside == {}


@pytest.mark.parametrize("measure", ["risk_difference", "odds_ratio", "marginal_odds_ratio"])
def test_the_truth_of_responses_is_as_sure_as_that_of_scores(model, cohort, drawn, measure):
    design = small_design(
        endpoint={"outcome": "leg_pain", "month": 6, "measure": "response", "rule": "responder_30pct_pain",
                  "missing": "non_responder"},
        analysis="logistic", estimand={"summary_measure": measure},
    )  # fmt: skip
    error = 0.2 if measure == "risk_difference" else 0.8
    found = truth_of(model, cohort, drawn, design, standard_error=error)
    assert found.values[0] > 0
    assert found.errors[0] < error / 8
