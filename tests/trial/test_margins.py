from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sciatrial.trial import margin_characteristics, operating_characteristics, simulate_trials
from sciatrial.trial.margins import margin_rows, margin_worlds
from sciatrial.trial.truth import truth_of
from sciatrial.trial.worlds import outcomes_by_world
from tests.trial.conftest import small_design
from tests.trial.invented import everybody
from tests.trial.test_factorial import FACTORS, crossed
from tests.trial.test_in_course import trial_of_r

OTHER_STATISTICS = Path(__file__).parents[1] / "truth" / "other_statistics"


def test_margins_and_interaction_are_those_of_lm():
    trial, seen = trial_of_r()
    expected = pd.read_csv(OTHER_STATISTICS / "course_expected.csv").set_index("what")
    design = crossed(n_total=96, visits_months=(6,))
    order = np.array([2, 0, 3, 1])  # neither, the first factor, the second, both
    (rows,) = margin_rows(design, [replace(trial, assigned=order[seen["cell"].to_numpy()])])
    found = rows.set_index("margin")
    for margin, what in (("cells", "first"), ("nsaid", "second"), ("cells × nsaid", "both")):
        for name in ("estimate", "standard_error", "degrees_of_freedom"):
            assert found.loc[margin, name] == pytest.approx(expected.loc[what, name], abs=1e-8)


def test_the_truth_of_a_margin_is_the_mean_of_its_two_effects():
    design = crossed(n_total=80)
    trial = everybody(design, 1, effects=(-6, -12, 0, -4))  # cells, both, saline, saline_nsaid
    truth = truth_of(design, outcomes_by_world(design, trial))
    n_compared = len(design.compared())
    assert truth.first(n_compared).values == pytest.approx([-6, -2, -12, -8])
    assert truth.values[n_compared:] == pytest.approx([-7, -5, -2])
    assert len(margin_worlds(small_design(), {})) == 0


def test_a_margin_with_half_the_variance_of_a_comparison_is_found_more_often():
    design = crossed(n_total=120, sides="one_sided")
    seeds = range(60)
    assigned = np.arange(120) % 4
    trials = []
    for seed in seeds:
        trial = everybody(design, seed, effects=(-7, -7, 0, 0))
        arms = np.random.default_rng(seed).permutation(assigned)
        scores = np.stack([arm.scores for arm in trial.potential.values()])[arms, np.arange(120)]
        trials.append(replace(trial, assigned=arms, scores=scores))
    rows = pd.concat(margin_rows(design, trials))
    shown = rows.groupby("margin")["shown"].mean()
    assert shown["cells"] > 0.75
    assert shown["nsaid"] < 0.12
    assert shown["cells × nsaid"] < 0.2


def test_an_arm_without_endpoints_leaves_nothing_to_compare():
    design = crossed(n_total=40)
    trial = everybody(design, 1)
    gone = replace(trial, assigned=np.arange(40) % 4)
    seen = gone.is_observed & ~(gone.assigned == 0)[:, None]
    (rows,) = margin_rows(design, [replace(gone, is_observed=seen)])
    assert set(rows["why_not"]) == {"fewer than two patients with an endpoint value in an arm"}
    assert rows["estimate"].isna().all()
    assert not rows["shown"].any()


def test_a_level_that_nobody_has_in_one_trial_takes_no_margin_away():
    design = crossed(n_total=80, adjust_for=["sex"])
    arms = np.arange(80) % 4
    trials = []
    for seed, is_female in enumerate((np.arange(80) % 3 == 0, np.zeros(80, dtype=bool))):
        trial = everybody(design, seed, effects=(-7, -7, 0, 0))
        scores = np.stack([arm.scores for arm in trial.potential.values()])[arms, np.arange(80)]
        trials.append(replace(trial, assigned=arms, scores=scores, covariates=pd.DataFrame({"is_female": is_female})))
    mixed, alone = margin_rows(design, trials)
    assert set(mixed["why_not"]) == set(alone["why_not"]) == {""}
    # whom nobody differs from in a factor is analysed as without it
    (plain,) = margin_rows(crossed(n_total=80), trials[1:])
    for name in ("estimate", "standard_error", "degrees_of_freedom"):
        np.testing.assert_allclose(alone[name], plain[name])
    assert mixed["degrees_of_freedom"].iloc[0] == pytest.approx(plain["degrees_of_freedom"].iloc[0] - 1)


def test_margins_that_could_not_be_estimated_are_counted(model, prior, cohort):
    design = crossed(n_total=16)
    batch = simulate_trials(model, design, prior, cohort, scenario="no_cell_effect", first=0, count=2, seed=21)
    gone = batch.margins.assign(estimate=np.where(batch.margins["trial"] == 0, np.nan, batch.margins["estimate"]))
    operating = operating_characteristics([replace(batch, margins=gone)])
    found = margin_characteristics(operating)
    shares = found.loc[found["quantity"] == "not_estimable", "value"]
    assert shares.tolist() == [0.5] * 3


def test_a_plain_design_has_no_margins():
    assert margin_rows(small_design(n_total=40), [everybody(small_design(n_total=40), 1)])[0].empty


def test_simulated_trials_know_the_truth_of_their_margins(model, prior, cohort):
    design = crossed(n_total=16)
    batch = simulate_trials(model, design, prior, cohort, scenario="no_cell_effect", first=0, count=2, seed=21)
    found = batch.margins.set_index(["trial", "margin"])
    assert FACTORS["first"]["name"] == "cells"
    for trial in (0, 1):
        assert abs(found.loc[(trial, "cells"), "truth"]) < 1e-9  # the same carrier, and cells that do nothing
        assert abs(found.loc[(trial, "nsaid"), "truth"]) > 0
        assert np.isfinite(found.loc[(trial, "cells × nsaid"), "estimate"])
