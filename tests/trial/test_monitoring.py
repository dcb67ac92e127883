import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from scipy.special import ndtr

from sciatrial.statistics import Sides, final_estimate, stopping_at
from sciatrial.trial import Decision, Looks, monitoring
from sciatrial.trial.calendar import calendar_of
from sciatrial.trial.design_problems import CLOSEST_LOOKS
from sciatrial.trial.looks import planned_bounds
from sciatrial.trial.monitoring import bounds_reached, first_crossing, monitor, rows_without_patients
from tests.trial.conftest import SHAM, invented_trial, small_design

ACCRUAL = {"per_month": 10, "ramp_up_months": 2}


def sequential(**changes):
    return small_design(**{"n_total": 120, "looks": {"information": (0.4, 0.7)}, "accrual": ACCRUAL, **changes})


def monitored(design, *, effect=0.0, seeds=range(40)):
    return monitor(design, [invented_trial(design, seed, effect=effect) for seed in seeds])


def least_squares(design, trial, seen):
    """Return estimate and standard error of the first arm against the second among those `seen`."""
    baseline, value = trial.scores[seen, 0, 0], trial.scores[seen, -1, 0]
    x = np.column_stack([np.ones(seen.sum()), trial.assigned[seen] == 0, baseline])
    change = value - baseline
    coefficients = np.linalg.lstsq(x, change, rcond=None)[0]
    residuals = change - x @ coefficients
    variance = residuals @ residuals / (len(change) - 3) * np.linalg.inv(x.T @ x)[1, 1]
    return coefficients[1], np.sqrt(variance)


@pytest.mark.parametrize(
    "words",
    [
        {}, {"spending": {"kind": "pocock"}}, {"spending": {"kind": "o_brien_fleming"}},
        {"spending": {"kind": "haybittle_peto"}}, {"spending": {"kind": "wang_tsiatis", "delta": 0.3}},
        {"futility": {"kind": "hwang_shih_decani", "gamma": -2}},
        {"futility": {"kind": "fixed", "bounds_z": (0.0, 0.7)}, "futility_only": (1,)},
        {"futility": {"kind": "hwang_shih_decani", "gamma": -2, "binding": "binding"}},
    ],
)  # fmt: skip
def test_at_the_planned_information_the_bounds_are_the_planned_ones(words):
    sides = Sides.ONE if "futility" in words else Sides.TWO
    planned = planned_bounds(Looks.model_validate({"information": (0.4, 0.7), **words}), 0.05, sides)
    reached = bounds_reached(planned, (1, 2), planned.information_rates)
    np.testing.assert_allclose(reached.efficacy_z, planned.efficacy_z, rtol=1e-6)
    np.testing.assert_allclose(reached.futility_z, planned.futility_z, rtol=1e-6)


@pytest.mark.parametrize("kind", ["lan_demets_o_brien_fleming", "pocock"])
@pytest.mark.parametrize("reached", [(0.55, 0.61, 0.9), (0.3, 0.8, 1.1), (0.35, 1.0)])
def test_alpha_is_used_up_and_never_exceeded_wherever_the_looks_fell(kind, reached):
    planned = planned_bounds(
        Looks.model_validate({"information": (0.4, 0.7), "spending": {"kind": kind}}), 0.05, Sides.TWO
    )
    bounds = bounds_reached(planned, tuple(range(1, len(reached))), reached)
    assert bounds.alpha_spent[-1] == pytest.approx(0.05, rel=1e-6)


def test_a_bound_depends_on_information_up_to_its_own_look_only():
    planned = planned_bounds(Looks.model_validate({"information": (0.4, 0.7)}), 0.05, Sides.TWO)
    one, other = (bounds_reached(planned, (1, 2), (0.45, 0.6, last)) for last in (0.8, 1.2))
    np.testing.assert_allclose(one.efficacy_z[:2], other.efficacy_z[:2], rtol=1e-7)


def test_paths_stop_at_the_first_bound_that_they_cross():
    looks = Looks.model_validate({"information": (0.5,), "futility": {"kind": "fixed", "bounds_z": (0.0,)}})
    bounds = planned_bounds(looks, 0.025, Sides.ONE)
    z = np.array([[4.0, 0.0], [-0.1, 5.0], [1.0, 3.0], [1.0, -3.0], [np.nan, 3.0], [1.0, np.nan]])
    place, decisions = first_crossing(bounds, z)
    assert place.tolist() == [0, 0, 1, 1, 1, 1]
    assert decisions == ["efficacy", "futility", "efficacy", "ended", "efficacy", "ended"]


def test_a_two_sided_design_stops_for_harm_and_for_nothing_else_below():
    bounds = planned_bounds(Looks.model_validate({"information": (0.5,)}), 0.05, Sides.TWO)
    place, decisions = first_crossing(bounds, np.array([[-4.0, 0.0], [-1.0, 0.0], [-1.0, -2.5]]))
    assert place.tolist() == [0, 1, 1]
    assert decisions == ["other_direction", "ended", "other_direction"]


def test_each_look_analyses_what_was_seen_by_then():
    design = sequential(dropout_per_year=0.2)
    trial = invented_trial(design, 4)
    rows = monitor(design, [trial])[0].looks
    assert rows["look"].tolist() == [1, 2, 3]
    for look, row in enumerate(rows.to_dict("records")):
        seen = calendar_of(design, trial).seen[look, :, -1]
        estimate, error = least_squares(design, trial, seen)
        assert (row["estimate"], row["standard_error"]) == pytest.approx((estimate, error))
        assert row["n_arm"] + row["n_control"] == seen.sum()


def test_information_is_that_of_the_patients_with_an_endpoint():
    design = sequential(dropout_per_year=0.2)
    planned = 60 * 0.8**0.5
    for row in monitored(design, seeds=[3])[0].looks.to_dict("records"):
        expected = row["n_arm"] * row["n_control"] / (row["n_arm"] + row["n_control"]) / (planned / 2)
        assert row["information"] == pytest.approx(expected)


def with_rescue(design, *, rescued, gone=()):
    """Return an invented trial in which some are rescued at the first visit, and some of them leave after it."""
    trial = invented_trial(design, 4)
    trial.rescued[rescued, 1] = True
    trial.is_observed[list(gone), 2:] = False
    return trial


@pytest.mark.parametrize("kind", ["hypothetical", "composite", "treatment_policy"])
def test_looks_information_and_analysis_count_the_same_endpoints(kind):
    design = sequential(analysis="mmrm", rescue={"score": "leg_pain", "above": 50}, estimand={"rescue": kind})
    trial = with_rescue(design, rescued=range(0, 120, 4), gone=range(0, 120, 8))
    done = monitor(design, [trial])[0]
    targets = design.look_endpoints()
    counted = (done.looks["n_arm"] + done.looks["n_control"]).tolist()
    assert counted[:2] == list(targets)
    assert counted[2] == {"hypothetical": 90, "composite": 120, "treatment_policy": 105}[kind]
    for row in done.looks.to_dict("records"):
        assert row["information"] == pytest.approx(
            row["n_arm"] * row["n_control"] / (row["n_arm"] + row["n_control"]) / 30
        )


def test_a_failure_before_the_patient_left_is_no_change_and_is_counted_when_its_visit_is_due():
    design = sequential(rescue={"score": "leg_pain", "above": 50}, estimand={"rescue": "composite"})
    rescued = list(range(0, 120, 3))
    gone, stayed = (with_rescue(design, rescued=rescued, gone=who) for who in (rescued, ()))
    for name in ("contrasts", "looks"):
        pd.testing.assert_frame_equal(*(getattr(monitor(design, [trial])[0], name) for trial in (gone, stayed)))
    seen = calendar_of(design, gone).seen[0]
    assert not seen[60:, -1].any()  # who came later is no failure yet


def test_a_clear_benefit_stops_early_and_saves_patients():
    design = sequential(accrual={"per_month": 4})
    done = monitored(design, effect=-30.0, seeds=[1])[0]
    row = done.contrasts.iloc[0]
    assert (row["decision"], row["look"]) == ("efficacy", 1)
    assert row["n_randomised"] < 120
    assert row["months"] == pytest.approx(done.looks["month"].iloc[-1])
    assert len(done.looks) == 1


def test_those_randomised_before_the_stop_are_followed_and_enter_the_final_analysis():
    design = sequential(accrual={"per_month": 4})
    trial = invented_trial(design, 1, effect=-30.0)
    row = monitor(design, [trial])[0].contrasts.iloc[0]
    recruited = np.arange(120) < row["n_randomised"]
    assert row["n_overrun"] == recruited.sum() - row["n_arm"] - row["n_control"] == 24  # six months at four a month
    estimate, error = least_squares(design, trial, recruited)
    assert (row["final_estimate"], row["final_standard_error"]) == pytest.approx((estimate, error))


def test_the_final_analysis_has_the_bound_of_its_own_information():
    design = sequential(accrual={"per_month": 4})
    done = monitored(design, effect=-30.0, seeds=[1])[0]
    row = done.contrasts.iloc[0]
    final = (row["n_arm"] + row["n_control"] + row["n_overrun"]) / 120  # equal arms
    bounds = bounds_reached(design.bounds(), (1,), (done.looks["information"].iloc[0], final))
    assert row["final_efficacy_z"] == pytest.approx(bounds.efficacy_z[1], rel=1e-3)
    assert row["final_efficacy_z"] < row["efficacy_z"] - 0.5
    last = monitored(sequential(), seeds=[2])[0].contrasts.iloc[0]
    assert last["final_efficacy_z"] == last["efficacy_z"]


def test_a_trial_that_goes_to_its_end_has_no_overrun():
    row = monitored(sequential(), seeds=[2])[0].contrasts.iloc[0]
    assert (row["look"], row["decision"], row["n_overrun"]) == (3, "ended", 0)
    assert row["final_estimate"] == row["estimate"]


@pytest.mark.parametrize(("outcome", "effect", "decision"), [
    ("leg_pain", -30.0, "efficacy"), ("leg_pain", 30.0, "other_direction"),
    ("quality_of_life", 30.0, "efficacy"), ("quality_of_life", -30.0, "other_direction"),
])  # fmt: skip
def test_what_is_a_benefit_depends_on_the_score(outcome, effect, decision):
    design = sequential(endpoint={"outcome": outcome, "month": 6})
    row = monitored(design, effect=effect, seeds=[1])[0].contrasts.iloc[0]
    assert row["decision"] == decision
    assert np.sign(row["estimate"]) == np.sign(row["adjusted_estimate"]) == np.sign(effect)


def test_a_fixed_design_succeeds_where_p_is_below_alpha():
    design = small_design(n_total=60)
    for done in monitored(design, effect=-5.0):
        row = done.contrasts.iloc[0]
        p, favours = row["p_value"], row["estimate"] < 0
        assert row["decision"] == ("ended" if p >= 0.05 else "efficacy" if favours else "other_direction")
        assert row["adjusted_estimate"] == row["estimate"]
        assert (row["adjusted_low"], row["repeated_high"]) == pytest.approx((row["ci_low"], row["ci_high"]))


def test_estimates_after_stopping_are_those_of_the_statistics_room():
    design = sequential()
    for done in monitored(design, effect=-4.0):
        row = done.contrasts.iloc[0]
        if row["look"] == 3:
            bounds = bounds_reached(design.bounds(), (1, 2), tuple(done.looks["information"]))
            found = final_estimate(bounds, 3, row["z"], standard_error=abs(row["estimate"] / row["z"]))
            assert row["adjusted_estimate"] == pytest.approx(-found.median_unbiased, rel=1e-6)
            assert row["adjusted_low"] == pytest.approx(-found.high, rel=1e-6)
            assert row["adjusted_p_value"] == pytest.approx(found.p_value, rel=1e-6)


def test_the_repeated_interval_excludes_no_effect_where_the_bound_is_crossed():
    for done in monitored(sequential(), effect=-7.0):
        row = done.contrasts.iloc[0]
        assert (row["repeated_high"] < 0) == (row["decision"] == "efficacy")


def test_the_interval_of_the_stage_wise_order_agrees_with_its_p_value():
    for done in monitored(sequential(), effect=-7.0):
        row = done.contrasts.iloc[0]
        excludes = row["adjusted_high"] < 0 or row["adjusted_low"] > 0
        assert excludes == (row["adjusted_p_value"] < 0.05) == (row["decision"] != "ended")


def three_arms(**words):
    arms = {**small_design().arms, "sham": SHAM}
    return sequential(arms=arms, n_total=180, comparisons=[
        {"arm": "cells", "control": "saline"}, {"arm": "sham", "control": "saline"},
    ], looks={"information": (0.5,), **words})  # fmt: skip


def test_looks_of_several_comparisons_need_the_one_that_decides():
    with pytest.raises(ValidationError, match=r"looks.deciding: is missing among 2 comparisons; .*; add deciding"):
        three_arms()


def test_several_comparisons_without_interim_looks_need_none_that_decides():
    rows = monitored(three_arms(information=()), effect=-30.0, seeds=[2])[0].contrasts
    assert rows["look"].tolist() == [1, 1]
    assert rows["n_overrun"].tolist() == [0, 0]


def test_a_deciding_comparison_stops_the_others():
    design = three_arms(deciding={"arm": "cells", "control": "saline"})
    rows = monitored(design, effect=-30.0, seeds=[2])[0].contrasts.set_index("comparison")
    assert rows["look"].tolist() == [1, 1]
    assert rows["decision"].tolist() == ["efficacy", "ended"]


def test_another_comparison_is_shown_and_stops_nothing():
    design = three_arms(deciding={"arm": "sham", "control": "saline"})
    rows = monitored(design, effect=-30.0, seeds=[2])[0].contrasts.set_index("comparison")
    assert rows["decision"].tolist() == ["efficacy", "ended"]
    assert rows["look"].tolist() == [1, 2]


def test_a_look_at_which_nothing_can_be_estimated_tests_nothing_and_spends_nothing():
    design = sequential()
    trial = invented_trial(design, 1, effect=-30.0)
    trial.scores[:60, -1] = trial.scores[:60, 0] - 10.0  # no spread among those who come first
    row = monitor(design, [trial])[0].looks.iloc[0]
    assert row["look"] == 2
    # as if the first look had not been planned
    alone = bounds_reached(design.bounds(), (2,), (row["information"], 1.0))
    assert (row["efficacy_z"], row["alpha_spent"]) == (alone.efficacy_z[0], alone.alpha_spent[0])
    without = bounds_reached(design.bounds(), (1, 2), (0.4, row["information"], 1.0))
    assert row["efficacy_z"] < without.efficacy_z[1]


def test_a_look_that_finds_hardly_more_information_tests_nothing(monkeypatch):
    design, found = sequential(), iter([0.4, 0.4 + CLOSEST_LOOKS / 2, 1.0, 1.0])
    monkeypatch.setattr(monitoring, "_share_of_plan", lambda *_: next(found))
    rows = monitor(design, [invented_trial(design, 1, effect=0.0)])[0].looks
    assert rows["look"].tolist() == [1, 3]
    assert rows["information"].tolist() == [0.4, 1.0]


def test_a_trial_without_patients_has_the_columns_of_the_others():
    design = sequential()
    empty, full = rows_without_patients(design, "nobody"), monitored(design, seeds=[1])[0].contrasts
    assert set(empty.columns) == set(full.columns)
    assert empty["decision"].tolist() == ["ended"]


def test_trials_monitored_together_are_as_trials_monitored_alone():
    design = sequential(dropout_per_year=0.2)
    together = monitored(design, effect=-6.0, seeds=range(6))
    for seed, done in enumerate(together):
        alone = monitored(design, effect=-6.0, seeds=[seed])[0]
        pd.testing.assert_frame_equal(done.contrasts, alone.contrasts)
        pd.testing.assert_frame_equal(done.looks, alone.looks)


N_PATHS = 200_000


@pytest.mark.parametrize(
    ("words", "sides"),
    [
        ({}, Sides.TWO), ({"spending": {"kind": "pocock"}}, Sides.TWO),
        ({"spending": {"kind": "o_brien_fleming"}}, Sides.ONE),
        ({"spending": {"kind": "hwang_shih_decani", "gamma": -4}}, Sides.ONE),
        ({"spending": {"kind": "user", "values": (0.004, 0.012, 0.025)}}, Sides.ONE),
        ({"futility": {"kind": "hwang_shih_decani", "gamma": -2, "binding": "binding"}}, Sides.ONE),
    ],
)  # fmt: skip
@pytest.mark.parametrize("reached", [(0.4, 0.7, 1.0), (0.52, 0.66, 0.93)])
def test_the_type_one_error_of_simulated_statistics_is_alpha(words, sides, reached):
    alpha = 0.025 if sides is Sides.ONE else 0.05
    looks = Looks.model_validate({"information": (0.4, 0.7), **words})
    bounds = bounds_reached(planned_bounds(looks, alpha, sides), (1, 2), reached)
    decisions = np.array(first_crossing(bounds, null_paths(reached))[1])
    shown = (decisions == Decision.EFFICACY) | (decisions == Decision.OTHER_DIRECTION)
    assert shown.mean() == pytest.approx(alpha, abs=4 * np.sqrt(alpha / N_PATHS))


def test_futility_that_is_not_binding_spares_the_type_one_error_when_it_is_overruled():
    looks = Looks.model_validate({"information": (0.4, 0.7), "futility": {"kind": "hwang_shih_decani", "gamma": -2}})
    bounds = planned_bounds(looks, 0.025, Sides.ONE)
    paths = null_paths((0.4, 0.7, 1.0))
    overruled = (paths > bounds.efficacy_z).any(axis=1).mean()
    followed = (np.array(first_crossing(bounds, paths)[1]) == Decision.EFFICACY).mean()
    assert overruled == pytest.approx(0.025, abs=4 * np.sqrt(0.025 / N_PATHS))
    assert followed < overruled


def test_stopping_of_simulated_statistics_is_that_of_the_formulae():
    looks = Looks.model_validate({"information": (0.4, 0.7), "futility": {"kind": "fixed", "bounds_z": (0.0, 0.5)}})
    bounds = planned_bounds(looks, 0.025, Sides.ONE)
    place, decisions = first_crossing(bounds, null_paths((0.4, 0.7, 1.0), drift=2.8))
    expected = stopping_at(bounds, 2.8)
    for look in range(3):
        share = np.mean((place == look) & (np.array(decisions) == Decision.EFFICACY))
        assert share == pytest.approx(expected.efficacy[look], abs=4 * np.sqrt(0.25 / N_PATHS))


def null_paths(rates, *, drift=0.0):
    """Return paths of z at these shares of information; dims ``path, look``."""
    rates = np.array(rates)
    steps = np.sqrt(np.diff(rates, prepend=0.0))
    scores = np.random.default_rng(5).normal(size=(N_PATHS, len(rates))) * steps
    return (scores.cumsum(axis=1) + drift * rates) / np.sqrt(rates)


N_NULL, NULL_ALPHA = 1500, 0.2


@pytest.fixture(scope="module")
def null():
    """Null trials patient by patient: three looks, dropout, small first look; a large alpha is met often."""
    design = sequential(n_total=60, dropout_per_year=0.25, sides="one_sided", alpha=NULL_ALPHA)
    return pd.concat([done.contrasts for done in monitored(design, seeds=range(N_NULL))], ignore_index=True)


def test_the_type_one_error_of_patients_with_dropout_is_alpha(null):
    shown = (null["decision"] == "efficacy").mean()
    # half of alpha and twice alpha are nine standard errors away and more
    assert shown == pytest.approx(NULL_ALPHA, abs=3.5 * np.sqrt(NULL_ALPHA * (1 - NULL_ALPHA) / N_NULL))


def test_stage_wise_p_values_of_null_trials_are_uniform(null):
    p = null["adjusted_p_value"]
    assert p.mean() == pytest.approx(1 / 2, abs=4 * np.sqrt(1 / 12 / N_NULL))
    assert (p**2).mean() == pytest.approx(1 / 3, abs=4 * np.sqrt(4 / 45 / N_NULL))


def test_the_adjusted_interval_covers_no_effect_as_often_as_it_says(null):
    covered = ((null["adjusted_low"] <= 0) & (null["adjusted_high"] >= 0)).mean()
    level = 1 - 2 * NULL_ALPHA
    assert covered == pytest.approx(level, abs=4 * np.sqrt(level * (1 - level) / N_NULL))


def test_a_one_sided_p_value_is_that_of_the_statistic(null):
    np.testing.assert_allclose(null["p_value"], ndtr(-null["z"]))
