"""Estimates: rows of known studies by hand, what fills gaps, and that no row is lost without a reason."""

import dataclasses
from math import sqrt

import numpy as np
import pandas as pd
import pytest

from sciatrial.evidence import Assumptions, Kind, Unused, WhyNot, arm_estimates, harmonise
from sciatrial.evidence.spreads import Phase, predictive_sds


@pytest.fixture(scope="module")
def made(evidence):
    return arm_estimates(evidence)


def one(frame, **cells):
    for column, value in cells.items():
        frame = frame[frame[column] == value]
    assert len(frame) == 1
    return frame.iloc[0]


def with_outcomes(evidence, change):
    """Return the evidence with a changed copy of the outcomes."""
    outcomes = evidence.outcomes.copy()
    change(outcomes)
    return dataclasses.replace(evidence, outcomes=outcomes)


def test_every_row_gives_an_estimate_or_a_share_or_a_reason(made, evidence):
    assert len(made.rows) + len(made.shares) + len(made.unused) == len(evidence.outcomes)
    known = {word.value for word in Unused} | {word.value for word in WhyNot}
    assert set(made.unused["reason"]) <= known


def test_no_arm_outcome_and_visit_has_two_estimates(made):
    assert not made.rows.duplicated(["study_id", "arm_id", "outcome", "month"]).any()


def test_a_printed_mean_change_and_its_sd_stay_as_they_are(made, evidence):
    row = one(
        made.rows, study_id="dreiser2001a", arm_id=made.rows.query("study_id == 'dreiser2001a'")["arm_id"].iloc[0]
    )
    printed = evidence.outcomes.query("study_id == 'dreiser2001a' and statistic == 'mean_change'")
    printed = printed[printed["arm_id"] == row["arm_id"]].iloc[0]
    assert row["kind"] == Kind.CHANGE
    assert row["se"] == pytest.approx(1.15 * row["sd"] / sqrt(printed["n"]))  # read in a review
    assert not row["is_imputed"]


def test_a_row_without_n_takes_the_assigned_less_dropout(made):
    row = one(made.rows, study_id="amirdelfan2021", arm_id="mpc_6m", month=36)
    assert row["n"] == pytest.approx(30 * 0.86**3)
    assert "n_assigned less dropout" in row["n_rule"]
    assert row["is_imputed"]


def test_an_arm_that_counts_its_own_dropouts_uses_them(evidence):
    def forget(outcomes):
        outcomes.loc[outcomes["study_id"] == "kim2024_discovery", "n"] = np.nan

    made = arm_estimates(with_outcomes(evidence, forget))
    row = one(made.rows, study_id="kim2024_discovery", arm_id="condoliase")
    assert row["n"] == pytest.approx(176 * (1 - 41 / 176) ** (row["month"] / 12))


def test_a_row_without_spread_takes_the_predicted_sd_with_its_doubt(made, evidence):
    row = one(made.rows, study_id="noriega2017", arm_id="msc", month=12)
    spread = predictive_sds(harmonise(evidence), evidence)["pain", Phase.CHANGE]
    assert row["sd"] == pytest.approx(spread.root_mean_square)
    assert row["se"] == pytest.approx(spread.root_mean_square / sqrt(12) * 1.15)


def test_a_percent_change_is_multiplied_with_the_baseline_that_the_trial_implies(made):
    row = one(made.rows, study_id="amirdelfan2021", arm_id="saline", month=36)
    implied = (32 / 0.46 + 42 / 0.59) / 2
    assert row["estimate"] == pytest.approx(-0.24 * implied)
    assert "other randomised arms" in row["value_rule"]


def test_two_means_become_a_change_with_the_assumed_correlation(evidence):
    changes = {}
    for correlation in (0.3, 0.7):
        made = arm_estimates(evidence, Assumptions(correlation_before_after=correlation))
        changes[correlation] = one(made.rows, study_id="pettine2015", outcome="back_pain", month=12)
    assert changes[0.3]["estimate"] == changes[0.7]["estimate"]
    assert changes[0.3]["sd"] > changes[0.7]["sd"]


def test_of_studies_that_share_patients_one_is_used(made):
    assert "beall2020" not in set(made.rows["study_id"])
    assert set(made.unused.query("study_id == 'beall2020'")["reason"]) >= {"shares_patients"}


def test_values_after_crossover_and_pooled_arms_are_never_estimates(made):
    assert made.rows.query("study_id == 'beall2021' and arm_id == 'nsm_crossover'").empty
    assert {"after_crossover", "pooled_arm"} <= set(made.unused["reason"])


def test_an_arm_without_any_number_of_patients_is_listed_as_unused_unless_the_total_is_shared(evidence, made):
    assert set(made.unused.query("study_id == 'carette1997' and month > 0 and outcome == 'disability'")["reason"]) == {
        "no_n"
    }
    shared = arm_estimates(evidence, Assumptions(share_total=True))
    row = one(shared.rows, study_id="carette1997", arm_id="saline", month=3)
    assert row["n"] == pytest.approx(79 * 0.86 ** (3 / 12))
    assert "equal share" in row["n_rule"]


def test_a_standard_error_is_used_where_no_number_of_patients_can_be_told(evidence):
    def give_se(outcomes):
        place = (outcomes["study_id"] == "carette1997") & (outcomes["outcome"] == "disability")
        outcomes.loc[place, ["spread_kind", "spread_low"]] = ["se", 3.0]

    made = arm_estimates(with_outcomes(evidence, give_se))
    row = one(made.rows, study_id="carette1997", arm_id="saline", month=3)
    assert row["se"] == 3.0


def test_rows_that_print_neither_can_be_left_out(evidence):
    made = arm_estimates(evidence, Assumptions(fill_both=False))
    assert made.rows.query("study_id == 'amirdelfan2021'").empty
    assert "neither_n_nor_spread" in set(made.unused["reason"])


def test_the_press_widens_a_standard_error(made, evidence):
    plain = {word: 1.0 for word in ("paper", "registry", "review", "press")}
    without = arm_estimates(evidence, Assumptions(standard_error_factor=plain))
    key = ["study_id", "arm_id", "outcome", "month"]
    both = made.rows.merge(without.rows, on=key, suffixes=("", "_plain"))
    ratios = (both["se"] / both["se_plain"]).groupby(both["figure_from"]).mean()
    assert ratios["press"] == pytest.approx(1.5)
    assert ratios["paper"] == pytest.approx(1.0)


def test_patients_who_chose_their_treatment_are_not_called_randomised(evidence):
    shared = arm_estimates(evidence, Assumptions(share_total=True)).rows
    assert not shared.query("study_id == 'sport_idh'")["is_randomised"].any()
    assert shared.query("study_id == 'noriega2017'")["is_randomised"].all()


def test_all_arms_of_a_visit_give_one_kind(made):
    kinds = made.rows.groupby(["study_id", "outcome", "month"])["kind"].nunique()
    assert (kinds == 1).all()


def test_shares_are_counts_of_patients(made):
    assert (made.shares["events"] <= made.shares["n"] + 1e-9).all()
    row = one(made.shares, study_id="levi2025", arm_id="bmc", rule="responder_50pct_pain", month=12)
    assert row["events"] == pytest.approx(0.44 * 45)


def test_what_was_assumed_is_told_with_the_predicted_spreads(made):
    assert made.assumed["assumption"].str.startswith("sd of pain").sum() == len(Phase)
    assert "correlation_over_visits" in set(made.assumed["assumption"])


def test_quartiles_give_a_mean_where_they_are_not_skewed(evidence):
    def straighten(outcomes):
        place = (outcomes["study_id"] == "gadjradj2022") & (outcomes["month"] == 12)
        outcomes.loc[place, ["value", "spread_low", "spread_high"]] = [15.0, 5.0, 25.0]

    row = one(arm_estimates(with_outcomes(evidence, straighten)).rows, study_id="gadjradj2022", arm_id="pted", month=12)
    assert "Luo" in row["value_rule"]


def test_skewed_medians_are_said_to_be_so(made):
    assert set(made.unused.query("study_id == 'gadjradj2022' and month == 12")["reason"]) == {"skewed_median"}


def test_estimates_can_be_saved_and_loaded(made, tmp_path):
    back = type(made).load(made.save(tmp_path / "estimates"))
    pd.testing.assert_frame_equal(back.rows, made.rows, check_dtype=False)
    assert "means of" in repr(back)


def test_a_printed_interval_is_kept_where_the_row_has_no_n_of_its_own(made):
    row = one(made.rows, study_id="uscspine_kulig", arm_id="exercise_education")
    assert row["se"] == pytest.approx((22.5 - 14.3) / 3.919928 * 1.15, rel=1e-3)


def test_a_spread_of_nothing_is_not_believed(evidence):
    def flatten(outcomes):
        place = (outcomes["study_id"] == "dreiser2001a") & (outcomes["statistic"] == "mean_change")
        outcomes.loc[place, "spread_low"] = 0.0

    rows = arm_estimates(with_outcomes(evidence, flatten)).rows.query("study_id == 'dreiser2001a'")
    assert (rows["se"] > 0).all()
    assert rows["sd_rule"].str.startswith("predicted").all()


def test_a_predicted_spread_can_be_made_larger_and_a_printed_one_not(evidence, made):
    wide = arm_estimates(evidence, Assumptions(predicted_sd_factor=2.0)).rows
    both = made.rows.merge(wide, on=["study_id", "arm_id", "outcome", "month"], suffixes=("", "_wide"))
    ratio = (both["sd_wide"] / both["sd"]).round(6)
    assert set(ratio[both["sd_rule"].str.startswith("predicted")]) == {2.0}
    assert (ratio[both["sd_rule"].str.startswith("sd")] == 1.0).all()
