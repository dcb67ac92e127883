"""Crossing over to surgery: an operation as the rescue of a trial."""

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from sciatrial.clinic import SCORES, Protocol, operation_effects
from sciatrial.engine import simulate
from sciatrial.foundation import Score
from sciatrial.parameters import CELL_EFFECTS, draw_parameters, reference_draw
from sciatrial.population import sample_patients, treated_patients
from sciatrial.trial import Rescue, run_trial
from sciatrial.trial.conduct import conduct, rescue_operation, rescue_rules
from sciatrial.trial.estimand import after_rescue
from sciatrial.trial.truth import Sampled, true_values, world_of
from tests.trial.conftest import SHAM, small_design

SURGERY = {"score": "leg_pain", "above": 40, "intervention": "surgery", "weeks_until_surgery": 2, "from_month": 1}
PAIN = SCORES.index(Score.LEG_PAIN)


def crossing(**changes):
    return small_design(**{"n_total": 60, "rescue": SURGERY} | changes)


@pytest.fixture(scope="module")
def crossed(model, patients):
    return conduct(model, crossing(n_total=len(patients)), [patients], [4])[0]


def test_who_is_operated_on_has_less_pain_than_without_it(model, crossed, patients):
    design = crossing(n_total=len(patients))
    without = conduct(model, design.model_copy(update={"rescue": None}), [patients], [4])[0]
    operated = crossed.rescued[:, 1]
    assert 20 < operated.sum() < len(patients)
    np.testing.assert_array_equal(crossed.scores[:, :2], without.scores[:, :2])  # the visit that decides comes before
    relief = without.scores[operated, 3, PAIN] - crossed.scores[operated, 3, PAIN]
    assert relief.mean() > 5
    never = ~crossed.rescued.any(axis=1)
    np.testing.assert_allclose(crossed.scores[never, :, PAIN], without.scores[never, :, PAIN], atol=1.5)


def test_the_operation_is_that_of_an_arm_of_surgery(model, patients):
    design = crossing(visits_months=(1, 12), endpoint={"outcome": "leg_pain", "month": 12})
    day, n = 30.4375, len(patients)
    arm = Protocol(intervention="surgery", weeks_until_treatment=day / 7 + 2)
    _, planned = treated_patients(model, patients, arm, seed=1, last_day=400.0)
    threshold = np.full((n, 3), np.inf)
    threshold[:, 1] = -1.0  # everybody at the first visit
    rules = rescue_rules(design, threshold, rescue_operation(design, patients))
    shared = {"times_days": np.array([0.0, day, 365.0]), "outputs": ["herniated_volume", "root_pressure"]}
    crossed = simulate(model, patients.parameters, patients.entry_states, rules=rules, **shared)
    operated = simulate(model, patients.parameters, patients.entry_states, events=planned, **shared)
    np.testing.assert_allclose(crossed.values, operated.values, rtol=2e-3, atol=1e-3)
    assert crossed.triggered[:, 0, 1].all()


def test_each_draw_has_its_own_operation(model, prior, cohort):
    draws = draw_parameters(prior, n_draws=2, seed=3)
    groups = [sample_patients(model, draws, cohort, draw=place, n_patients=30, seed=place, least_eligible_share=0.001)
              for place in (0, 1)]  # fmt: skip
    effects = [operation_effects(group.draw, group.cause) for group in groups]
    assert effects[0] != effects[1]
    design = crossing(n_total=30)
    together = conduct(model, design, groups, [1, 2])
    for place, group in enumerate(groups):
        alone = conduct(model, design, [group], [place + 1])[0]
        np.testing.assert_array_equal(together[place].scores, alone.scores)


def test_each_strategy_deals_with_it_and_has_a_truth_of_its_own(model, prior, cohort, crossed, patients):
    draws = reference_draw(prior, included=CELL_EFFECTS)
    found = {}
    for strategy, analysis in (("treatment_policy", "ancova"), ("composite", "ancova"), ("hypothetical", "mmrm"),
                               ("while_on_treatment", "ancova")):  # fmt: skip
        design = crossing(n_total=len(patients), estimand={"rescue": strategy}, analysis=analysis)
        truth = true_values(model, design, draws, cohort, [Sampled(0, 0, 5)], np.array([[5.0]]),
                            least_eligible_share=0.01)[0]  # fmt: skip
        found[strategy] = truth.values[0]
        assert np.isfinite(truth.values).all()
    assert len({round(float(value), 3) for value in found.values()}) == 4
    assert world_of(crossing(estimand={"rescue": "hypothetical"}, analysis="mmrm")).rescue is None


def test_a_trial_tells_how_many_went_to_surgery(model, patients):
    result = run_trial(model, crossing(), patients, seed=4)
    assert sum(result.conduct["rescued"].values()) > 5
    rows = result.patients.groupby("patient")["is_rescued"].last()
    assert rows.sum() == sum(result.conduct["rescued"].values())


def test_visits_after_the_decision_are_after_surgery(crossed):
    after = after_rescue(crossed.rescued)
    decided = crossed.rescued.any(axis=1)
    assert after[decided].any(axis=1).mean() > 0.5
    assert not after[~decided].any()
    assert replace(crossed).rescued.sum(axis=1).max() == 1


@pytest.mark.parametrize(
    ("changes", "told"),
    [({"weeks_until_surgery": None}, "weeks_until_surgery: is missing"),
     ({"course_weeks": 20}, "course_weeks: has no meaning with intervention surgery"),
     ({"intervention": "nsaid"}, "weeks_until_surgery: has no meaning with intervention nsaid")],
)  # fmt: skip
def test_settings_belong_to_the_intervention(changes, told):
    with pytest.raises(ValidationError, match=told):
        Rescue.model_validate(SURGERY | changes)


def test_an_arm_of_surgery_cannot_cross_over_to_it():
    arms = {"surgery": Protocol(intervention="surgery"), "sham": SHAM}
    with pytest.raises(ValidationError, match="arm surgery takes surgery anyway"):
        crossing(arms=arms)
