from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm

from sciatrial.clinic import SCORES
from sciatrial.trial.conducted import ArmScores
from sciatrial.trial.worlds import outcomes_by_world, population_value
from tests.trial.conftest import scored, small_design

PAIN = SCORES.index("leg_pain")
RESCUE = {"score": "leg_pain", "above": 50}
MEASURES = {
    "response": {"rule": "responder_50pct_pain", "missing": "observed_only"}, "category": {"categories": (10, 30, 50)},
    "hierarchy": {"hierarchy": ({"score": "leg_pain"},)},
}  # fmt: skip
ANALYSES = {
    "risk_difference": ("responders", "response"), "odds_ratio": ("logistic", "response"),
    "marginal_odds_ratio": ("logistic", "response"), "common_odds_ratio": ("proportional_odds", "category"),
    "win_odds": ("win_statistics", "hierarchy"), "net_benefit": ("win_statistics", "hierarchy"),
    "win_ratio": ("win_statistics", "hierarchy"),
}  # fmt: skip


def design_of(summary, **changes):
    analysis, measure = ANALYSES[summary]
    endpoint = {"outcome": "leg_pain", "month": 6, "measure": measure, **MEASURES[measure]}
    words = {"visits_months": (3, 6), "endpoint": endpoint, "analysis": analysis,
             "estimand": {"summary_measure": summary}}  # fmt: skip
    return small_design(**words | changes)


def worlds(n=4000, seed=1, *, effect=-10.0, slope=0.5, rescued=(0.0, 0.0)):
    """Return a trial whose patients are known in both arms: cells lower the pain at month 6 by `effect`."""
    generator = np.random.default_rng(seed)
    baseline = generator.normal(60, 12, n)
    saline = 40 + slope * (baseline - 60) + generator.normal(0, 15, n)
    potential = {}
    for place, (arm, last) in enumerate((("cells", saline + effect + generator.normal(0, 5, n)), ("saline", saline))):
        scores = np.zeros((n, 3, len(SCORES)))
        scores[:, :, PAIN] = np.stack([baseline, (baseline + last) / 2, last], axis=1)
        taken = np.zeros((n, 3), dtype=bool)
        taken[:, 1] = generator.uniform(size=n) < rescued[place]
        potential[arm] = ArmScores(scores, taken, np.ones(n, dtype=bool))
    return replace(scored(np.arange(n) % 2, baseline, saline), potential=potential)


def responses(trial):
    return [
        arm.scores[:, 2, PAIN] - arm.scores[:, 0, PAIN] <= -0.5 * arm.scores[:, 0, PAIN]
        for arm in trial.potential.values()
    ]


def value_of(summary, trial, **changes):
    design = design_of(summary, **changes)
    return population_value(design, outcomes_by_world(design, trial)[:, 0])


def test_the_risk_difference_is_the_difference_of_shares_in_the_two_worlds():
    trial = worlds()
    cells, saline = responses(trial)
    value, error = value_of("risk_difference", trial)
    assert value == pytest.approx(cells.mean() - saline.mean())
    assert error == pytest.approx((cells.astype(float) - saline).std(ddof=1) / np.sqrt(4000))


def test_the_conditional_odds_ratio_is_that_of_a_regression_over_both_worlds():
    trial = worlds()
    response = np.concatenate(responses(trial)).astype(float)
    start = np.tile(trial.potential["cells"].scores[:, 0, PAIN], 2)
    columns = np.stack([np.ones(8000), np.repeat([1.0, 0.0], 4000), start], axis=1)
    told = sm.Logit(response, columns).fit(disp=0, cov_type="cluster", cov_kwds={"groups": np.tile(np.arange(4000), 2)})
    value, error = value_of("odds_ratio", trial)
    assert value == pytest.approx(told.params[1], rel=1e-6)
    # a patient's two worlds are one cluster
    assert error == pytest.approx(told.bse[1], rel=0.01)


def test_marginal_and_conditional_odds_ratios_are_two_truths():
    # where worse pain at entry makes a response rarer
    trial = worlds(effect=-14.0, slope=1.5)
    assert 0 < value_of("marginal_odds_ratio", trial)[0] < value_of("odds_ratio", trial)[0] - 0.02


@pytest.mark.parametrize("summary", list(ANALYSES))
def test_the_error_is_the_spread_over_other_patients(summary):
    found = np.array([value_of(summary, worlds(400, seed)) for seed in range(60)])
    assert found[:, 1].mean() == pytest.approx(found[:, 0].std(ddof=1), rel=0.35)


def test_pairs_are_of_patients_who_share_no_luck():
    # the share of pairs of different patients that is won, not the share of patients who are better off themselves
    value, _ = value_of("net_benefit", worlds(4000, effect=-10.0))
    own = worlds(4000, effect=-10.0).potential
    changes = [arm.scores[:, 0, PAIN] - arm.scores[:, 2, PAIN] for arm in own.values()]
    among = np.sign(np.subtract.outer(*changes))
    np.fill_diagonal(among, 0.0)
    assert value == pytest.approx(among.sum() / (4000 * 3999))
    within = (changes[0] > changes[1]).mean() - (changes[0] < changes[1]).mean()
    assert within > value + 0.2


@pytest.mark.parametrize("summary", ["risk_difference", "marginal_odds_ratio", "odds_ratio"])
def test_an_error_of_a_response_that_no_patient_has_in_one_world_alone_is_not_0(summary):
    trial = worlds(400, effect=0.0)
    same = trial.potential["saline"]
    value, error = value_of(summary, replace(trial, potential={"cells": same, "saline": same}))
    share = responses(trial)[1].mean()
    assert value == pytest.approx(0.0, abs=1e-9)
    assert error == pytest.approx(
        1 / 400 if summary == "risk_difference" else 1 / (400 * share * (1 - share)), rel=1e-6
    )


def test_a_principal_stratum_is_of_those_without_rescue_in_both_worlds():
    trial = worlds(2000, rescued=(0.2, 0.5))
    design = small_design(visits_months=(3, 6), rescue=RESCUE, estimand={"rescue": "principal_stratum"})
    outcomes = outcomes_by_world(design, trial)
    never = ~np.any([arm.rescued[:, 1] for arm in trial.potential.values()], axis=0)
    assert np.isfinite(outcomes).all(axis=(1, 2, 3)).tolist() == never.tolist()
    cells, saline = (arm.scores[never, 2, PAIN] for arm in trial.potential.values())
    assert population_value(design, outcomes[:, 0])[0] == pytest.approx((cells - saline).mean())


def test_while_on_treatment_is_the_last_score_before_rescue():
    trial = worlds(500, rescued=(0.3, 0.3))
    design = small_design(visits_months=(3, 6), rescue=RESCUE, estimand={"rescue": "while_on_treatment"})
    outcomes = outcomes_by_world(design, trial)[:, 0, 0, 0]
    cells = trial.potential["cells"]
    last = np.where(cells.rescued[:, 1], cells.scores[:, 1, PAIN], cells.scores[:, 2, PAIN])
    np.testing.assert_allclose(outcomes, last - cells.scores[:, 0, PAIN])


@pytest.mark.parametrize("summary", ["marginal_odds_ratio", "odds_ratio"])
def test_odds_of_what_everybody_has_are_no_number(summary):
    trial = worlds(50, effect=-200.0)
    assert np.isnan(value_of(summary, trial)).all()


@pytest.mark.parametrize("summary", list(ANALYSES))
def test_nobody_has_no_value(summary):
    design = design_of(summary)
    assert np.isnan(population_value(design, np.empty((0, 2, 2)))).all()
