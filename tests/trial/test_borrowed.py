import numpy as np
import pytest

from sciatrial.trial import (
    Borrowing,
    borrowing_characteristics,
    given_prior,
    operating_characteristics,
    simulate_trials,
)
from sciatrial.trial.analysis import effects_seen
from sciatrial.trial.borrowed import BORROWED, NOT_BORROWED, borrowed_rows
from sciatrial.trial.calendar import known_endpoints
from tests.trial.conftest import CELLS, SALINE, invented_trial, small_design
from tests.trial.test_borrowing import OWN


def rows_of(design, trial, **changes):
    """Return the rows by analysis, of the first comparison."""
    found = borrowed_rows(design, trial, given_prior(Borrowing.model_validate(OWN | changes)))
    return found.drop_duplicates("analysis").set_index("analysis")


def planned(design, trial):
    return effects_seen(design, [trial], [known_endpoints(design, trial)])


@pytest.mark.parametrize("sides", ["one_sided", "two_sided"])
@pytest.mark.parametrize("analysis", ["ancova", "mmrm"])
def test_without_borrowing_it_is_the_planned_test(sides, analysis):
    design = small_design(borrowing=OWN, sides=sides, analysis=analysis, dropout_per_year=0.2)
    for seed in range(3):
        trial = invented_trial(design, seed, effect=-5)
        row, effect = rows_of(design, trial).loc[NOT_BORROWED], planned(design, trial)
        assert row["estimate"] == pytest.approx(effect.estimate[0, 0])
        assert row["ci_low"] == pytest.approx(effect.low[0, 0])
        assert row["ci_high"] == pytest.approx(effect.high[0, 0])
        assert row["shown"] == (effect.z[0, 0] > design.bounds().efficacy_z[-1])


def test_a_prior_of_the_vague_part_alone_borrows_nothing():
    design = small_design(borrowing=OWN)
    found = rows_of(design, invented_trial(design, 2), robust_weight=1, robust_sd=1000)
    for name in ("estimate", "ci_low", "ci_high", "probability_of_benefit"):
        assert found.loc[BORROWED, name] == pytest.approx(found.loc[NOT_BORROWED, name], rel=0.01)
    assert found.loc[BORROWED, "informative_weight"] == 0
    assert found.loc[BORROWED, "gained_patients"] == pytest.approx((20 / 1000) ** 2, abs=1e-6)


def test_a_prior_that_agrees_makes_more_known_and_one_that_does_not_is_let_go():
    design = small_design(borrowing=OWN, n_total=60)
    trial = invented_trial(design, 4)
    own = rows_of(design, trial).loc[NOT_BORROWED]
    agreeing = [{"weight": 1, "mean": float(own["control_mean"]), "sd": 1}]
    near = rows_of(design, trial, prior=agreeing).loc[BORROWED]
    assert near["standard_error"] < 0.9 * own["standard_error"]
    assert near["gained_patients"] > 10
    assert near["surprise"] == pytest.approx(1)
    far = rows_of(design, trial, prior=[{"weight": 1, "mean": 40, "sd": 3}]).loc[BORROWED]
    assert far["surprise"] < 0.001
    assert far["informative_weight"] < 0.01
    assert far["drift"] == pytest.approx(own["control_mean"] - 40)


def test_a_better_control_than_the_prior_expects_looks_less_good_and_the_arm_better():
    """Leg pain: a lower mean is better, so that a prior above the control makes the arm's benefit larger."""
    design = small_design(borrowing=OWN, n_total=60)
    trial = invented_trial(design, 4)
    own = rows_of(design, trial).loc[NOT_BORROWED]
    worse = [{"weight": 1, "mean": float(own["control_mean"]) + 6, "sd": 3}]
    found = rows_of(design, trial, prior=worse).loc[BORROWED]
    assert found["estimate"] < own["estimate"]
    assert found["probability_of_benefit"] > own["probability_of_benefit"]


def test_quality_of_life_is_better_when_higher():
    design = small_design(
        borrowing=OWN | {"prior": [{"weight": 1, "mean": 0, "sd": 100}], "patient_sd": 500},
        endpoint={"outcome": "quality_of_life", "month": 6},
    )
    trial = invented_trial(design, 3, effect=30)
    found = rows_of(design, trial, prior=[{"weight": 1, "mean": 0, "sd": 500}], patient_sd=900)
    assert (found["probability_of_benefit"] > 0.99).all()
    assert found["ci_low"].iloc[0] < found["estimate"].iloc[0] < found["ci_high"].iloc[0]


def test_every_comparison_has_its_rows_and_a_trial_without_means_says_why():
    design = small_design(arms={"cells": CELLS, "more": CELLS, "saline": SALINE}, n_total=36, borrowing=OWN)
    prior = given_prior(design.borrowing)
    assert len(borrowed_rows(design, invented_trial(design, 1), prior)) == 4
    trial = invented_trial(design, 1)
    trial.is_observed[trial.assigned == 2, 1:] = False
    found = borrowed_rows(design, trial, prior)
    assert (found["why_not"] != "").all()
    assert np.isnan(found["estimate"]).all()
    assert not found["shown"].any()
    assert borrowed_rows(design, trial, None).empty


def test_simulated_trials_carry_both_analyses_beside_their_truth(model, prior, cohort):
    design = small_design(borrowing=OWN, n_total=12, visits_months=(1,), endpoint={"outcome": "leg_pain", "month": 1})
    batch = simulate_trials(model, design, prior, cohort, scenario="reference", first=0, count=1, seed=3)
    operating = operating_characteristics([batch])
    rows = operating.borrowed.set_index("analysis")
    assert rows.loc[NOT_BORROWED, "estimate"] == pytest.approx(operating.trials["estimate"].iloc[0])
    assert (rows["truth"] == operating.trials["truth"].iloc[0]).all()
    assert set(borrowing_characteristics(operating)["analysis"]) == {BORROWED, NOT_BORROWED}
