import numpy as np
import pytest

from sciatrial.trial import ResponseAdaptive, run_trial
from sciatrial.trial.adapted import adapted, adapted_trials, update_periods
from sciatrial.trial.analysis import fits_of
from tests.trial.adaptation_over_time import adaptive_design, mean_and_error, simulated
from tests.trial.conftest import CELLS, SALINE, small_design
from tests.trial.invented import everybody

EFFECTS = (0, -12, 0, 0)


def course_of(design, seed=1, effects=EFFECTS):
    return adapted(design, design.response_adaptive, everybody(design, seed, effects=effects), seed)


def test_updates_come_after_the_burn_in_by_patients_or_by_months():
    by_patients = ResponseAdaptive(burn_in=4, every=3)
    assert update_periods(by_patients, np.arange(9.0)).tolist() == [0] * 4 + [1] * 3 + [2] * 2
    by_months = ResponseAdaptive(burn_in=4, every_months=2)
    arrived = np.array([0, 1, 2, 3, 4.0, 5.5, 6.0, 11.0, 11.5])
    assert update_periods(by_months, arrived).tolist() == [0] * 4 + [1, 1, 2, 3, 3]


def test_the_burn_in_has_the_ratio_and_the_best_arm_gets_more_afterwards():
    rows = course_of(adaptive_design({})).allocation
    first = rows.loc[rows["period"] == 0].set_index("arm")["patients"]
    assert first.to_dict() == pytest.approx({"a": 20, "b": 20, "c": 20, "control": 20}, abs=3)
    last = rows.loc[rows["period"] == rows["period"].max()].set_index("arm")
    assert last.loc["b", "probability_best"] > 0.95
    assert last.loc["b", "share"] == last.loc["control", "share"] > 0.35


def test_what_came_before_an_update_does_not_depend_on_what_is_seen_after_it():
    design = adaptive_design({})
    trial = everybody(design, 1, effects=EFFECTS)
    whole = adapted(design, design.response_adaptive, trial, 1)
    # patients from 200 on show something else altogether
    for found in trial.potential.values():
        found.scores[200:, 1:] = 0.0
    other = adapted(design, design.response_adaptive, trial, 1)
    assert np.array_equal(whole.trial.assigned[:200], other.trial.assigned[:200])


def test_nothing_is_known_before_the_first_visit_so_that_shares_stay():
    design = small_design(
        arms={"a": CELLS, "b": CELLS.model_copy(update={"dose_million_cells": 5}), "control": SALINE}, n_total=60,
        accrual={"per_month": 60}, response_adaptive={"burn_in": 12, "every": 12},
    )  # fmt: skip
    rows = adapted(design, design.response_adaptive, everybody(design, 1), 1).allocation
    assert rows["share"].to_numpy() == pytest.approx(1 / 3)
    assert rows["probability_best"].isna().all()


def test_a_dropped_arm_stays_dropped_and_the_last_one_stays():
    rule = {"power": 1, "drop_below": 0.2, "control": "fixed", "control_share": 0.3}
    rows = course_of(adaptive_design(rule), effects=(0, -25, 0, 0)).allocation
    shares = rows.pivot(index="period", columns="arm", values="share")
    assert (shares.loc[3:, ["a", "c"]] == 0).all(axis=None)
    assert shares.loc[3:, "b"].to_numpy() == pytest.approx(0.7)


def test_the_same_seed_gives_the_same_trial():
    design = adaptive_design({"alone": True})
    assert np.array_equal(course_of(design, 4).trial.assigned, course_of(design, 4).trial.assigned)
    assert not np.array_equal(course_of(design, 4).trial.assigned, course_of(design, 5).trial.assigned)


def test_under_a_trend_only_the_analysis_adjusted_for_periods_holds_its_level():
    # python -m tests.trial.adaptation_over_time has more trials, rules and trends
    competing = adaptive_design({"control": "competing", "power": 1}, {"points_per_year": -6})
    found, _ = simulated(competing, 100)
    (adjusted, se), (plain, plain_se) = (
        mean_and_error(found.loc[found["analysis"] == name], "shown")
        for name in ("adjusted for period", "not adjusted for period")
    )
    assert adjusted < 0.025 + 3 * se
    assert plain > 0.025 + 2.5 * plain_se


def test_the_planned_analysis_is_the_one_that_decides():
    for adjusts, name in ((True, "adjusted for period"), (False, "not adjusted for period")):
        design = adaptive_design({"adjust_for_period": adjusts})
        trials = [everybody(design, seed) for seed in range(3)]
        for _, looked, beside in adapted_trials(design, design.response_adaptive, trials, [0, 1, 2]):
            mine = next(frame for frame in beside if frame["analysis"].iloc[0] == name)
            assert looked.contrasts["estimate"].to_numpy() == pytest.approx(mine["estimate"].to_numpy())


def test_each_analysis_is_fitted_once(monkeypatch):
    fits = []

    def counting(design, alike):
        fits.append(len(alike))
        return fits_of(design, alike)

    monkeypatch.setattr("sciatrial.trial.analysis.fits_of", counting)
    design = adaptive_design({})
    ((_, looked, beside),) = adapted_trials(design, design.response_adaptive, [everybody(design, 1)], [1])
    assert fits == [1, 1]
    assert looked.contrasts["final_estimate"].tolist() == looked.contrasts["estimate"].tolist()
    assert [frame["analysis"].iloc[0] for frame in beside] == ["adjusted for period", "not adjusted for period"]


def test_one_trial_of_the_model_is_adapted(model, patients):
    arms = {"low": CELLS, "high": CELLS.model_copy(update={"dose_million_cells": 80}), "saline": SALINE}
    design = small_design(
        arms=arms, n_total=40, accrual={"per_month": 3}, response_adaptive={"burn_in": 12, "every": 7, "month": 1}
    )
    result = run_trial(model, design, patients, seed=3)
    assert result.allocation["patients"].sum() == 40
    assert result.allocation["probability_best"].notna().any()
    assert set(result.analyses["analysis"]) == {"adjusted for period", "not adjusted for period"}
    assert set(result.inside["arm"]) == set(arms)
