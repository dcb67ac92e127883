"""Scores reward what is true and sharp, count studies alike, and say when there is too little to tell."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from tests.calibration.planted import planted_terms, real_terms

from sciatrial.calibration.contrasts import contrast_pairs
from sciatrial.calibration.scores import coverage, crps, interval_score, paired_differences, score_table, usual_strata
from sciatrial.foundation import CalibrationError


def rows_of(study, observed, kind="change"):
    """Return terms of arms that have nothing to be compared with."""
    n = len(observed)
    usual = {"score": "leg_pain", "rule": "", "cause": "herniation", "se": 1.0, "intervention": "surgery"}
    flags = {"is_cells": False, "is_controlled": True}
    own = {"study_id": study, "observed": observed, "kind": kind, "month": np.arange(n) + 1.0}
    return pd.DataFrame(own).assign(**usual, **flags)


def arms_of(table, stratum="all", what="arms"):
    return table[(table["stratum"] == stratum) & (table["what"] == what)].set_index("model")


@pytest.fixture(scope="module")
def simulated():
    """80 studies of 5 terms, each with a mean and an SD of its own, predicted by what they were drawn from."""
    generator = np.random.default_rng(4)
    mean, sd = 20 * generator.standard_normal(400), generator.uniform(2.0, 10.0, 400)
    study = np.repeat([f"study{number}" for number in range(80)], 5)
    rows = rows_of(study, mean + sd * generator.standard_normal(400)).assign(se=sd)
    return rows, mean + sd * generator.standard_normal((800, 400))


@pytest.mark.parametrize("observed", [-1.5, 0.0, 0.7, 4.0])
def test_the_score_of_a_normal_prediction_is_the_closed_form(observed):
    draws = 3.0 + 2.0 * np.random.default_rng(1).standard_normal((200_000, 1))
    z = (observed - 3.0) / 2.0
    expected = 2.0 * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))
    assert crps(draws, np.array([observed]))[0] == pytest.approx(expected, abs=0.02)


def test_who_knows_the_truth_and_not_the_luck_scores_what_luck_costs(simulated):
    rows, draws = simulated
    found = arms_of(score_table({"truth": draws}, rows, seed=1)).loc["truth"]
    assert found["crps"] == pytest.approx(found["crps_of_luck"], rel=0.08)
    assert found["crps_of_luck"] == pytest.approx(rows["se"].mean() / np.sqrt(np.pi))


def test_what_luck_costs_a_contrast_is_of_both_arms():
    rows = real_terms().rows
    pairs = contrast_pairs(rows)
    table = score_table({"a": np.zeros((2, len(rows)))}, rows, seed=1)
    found = arms_of(table, what="contrasts").loc["a", "crps_of_luck"]
    by_study = (pairs["se"] / np.sqrt(np.pi)).groupby(pairs["study_id"]).mean()
    assert found == pytest.approx(by_study.mean())


def test_the_score_does_not_depend_on_the_number_of_draws():
    generator = np.random.default_rng(2)
    observed = np.zeros(100_000)
    few, more = (crps(generator.standard_normal((n, 100_000)), observed).mean() for n in (2, 20))
    assert few == pytest.approx(more, abs=0.01)


def test_a_prediction_without_doubt_scores_its_distance():
    assert crps(np.full((5, 2), 4.0), np.array([1.0, 4.0])).tolist() == [3.0, 0.0]


def test_a_prediction_that_is_missing_has_no_score_and_covers_nothing():
    draws = np.array([[np.nan], [1.0]])
    assert np.isnan(crps(draws, np.array([1.0])))
    assert not coverage(draws, np.array([1.0]), 0.9)[0]


def test_an_interval_is_charged_its_width_and_ten_times_what_it_misses_by_at_each_fifth():
    draws = np.linspace(0.0, 100.0, 1001)[:, None] * np.ones(3)
    assert interval_score(draws, np.array([50.0, 0.0, 97.0]), 0.9) == pytest.approx(
        [90.0, 90.0 + 20 * 5, 90.0 + 20 * 2]
    )
    assert coverage(draws, np.array([50.0, 0.0, 97.0]), 0.9).tolist() == [True, False, False]


def test_a_prediction_from_the_truth_covers_what_it_says_and_has_slope_one(simulated):
    rows, draws = simulated
    found = arms_of(score_table({"truth": draws}, rows, seed=1)).loc["truth"]
    assert found["coverage_50"] == pytest.approx(0.5, abs=0.06)
    assert found["coverage_90"] == pytest.approx(0.9, abs=0.04)
    assert found["slope"] == pytest.approx(1.0, abs=0.05)
    for name, truth in (("coverage_50", 0.5), ("coverage_90", 0.9), ("slope", 1.0)):
        assert found[f"{name}_low"] < truth < found[f"{name}_high"]
    assert found["bias"] == pytest.approx(0.0, abs=1.0)
    assert not found["untested"]


def test_a_prediction_that_exaggerates_has_a_slope_below_one_and_a_worse_score(simulated):
    rows, draws = simulated
    doubled = draws + draws.mean(axis=0)
    found = arms_of(score_table({"truth": draws, "doubled": doubled}, rows, seed=1))
    assert found.loc["doubled", "slope_high"] < 0.6
    assert found.loc["doubled", "crps"] > found.loc["truth", "crps"]


def test_bias_is_predicted_minus_observed(simulated):
    rows, draws = simulated
    found = arms_of(score_table({"truth": draws, "high": draws + 7.0}, rows, seed=1))["bias"]
    assert found["high"] - found["truth"] == pytest.approx(7.0)


def test_studies_weigh_the_same_however_many_numbers_they_print():
    rows = rows_of(["big"] * 9 + ["small"], np.zeros(10))
    draws = np.zeros((4, 10))
    draws[:, 9] = 10.0
    found = arms_of(score_table({"a": draws}, rows, seed=1)).loc["a"]
    assert found["crps"] == pytest.approx(5.0)
    assert found["coverage_90"] == pytest.approx(0.5)


def test_intervals_are_over_studies_so_that_copies_of_numbers_add_nothing(simulated):
    rows, draws = simulated
    once = arms_of(score_table({"a": draws}, rows, seed=1)).loc["a"]
    twice = arms_of(score_table({"a": np.hstack([draws, draws])}, pd.concat([rows, rows]), seed=1)).loc["a"]
    assert twice["coverage_90_low"] == pytest.approx(once["coverage_90_low"])
    assert twice["n"] == 2 * once["n"]


def test_fewer_than_five_studies_are_untested():
    for n_studies, untested in ((4, True), (5, False)):
        rows = rows_of([f"study{number}" for number in range(n_studies)], np.arange(n_studies, dtype=float))
        assert bool(arms_of(score_table({"a": np.ones((3, n_studies))}, rows, seed=1))["untested"].iloc[0]) is untested


def test_one_study_has_no_interval():
    found = arms_of(score_table({"a": np.ones((3, 2))}, rows_of(["only"] * 2, np.ones(2)), seed=1)).loc["a"]
    assert np.isnan(found["coverage_90_low"])
    assert found["coverage_90"] == 1.0


def test_what_could_not_be_predicted_is_counted_and_left_out(simulated):
    rows, draws = simulated
    partly = draws.copy()
    partly[0, :10] = np.nan
    found = arms_of(score_table({"partly": partly, "whole": draws}, rows, seed=1))
    assert found["n"].tolist() == [390, 400]
    assert found["n_missing"].tolist() == [10, 0]
    assert found["n_studies"].tolist() == [78, 80]
    assert np.isfinite(found.loc["partly", "crps"])


def test_models_are_compared_on_what_all_of_them_predicted(simulated):
    rows, draws = simulated
    partly = draws.copy()
    partly[:, :10] = np.nan
    wrong_where_missing = draws.copy()
    wrong_where_missing[:, :10] += 1000.0
    told = paired_differences({"a": draws, "b": wrong_where_missing, "c": partly}, rows, seed=1)
    told = told[told["stratum"] == "all"]
    assert len(told) == 3
    assert told["n"].tolist() == [390] * 3
    assert told["n_missing"].tolist() == [10] * 3
    assert told["difference"].abs().max() < 1e-9


def test_the_better_model_has_a_difference_below_zero(simulated):
    rows, draws = simulated
    told = paired_differences({"truth": draws, "shifted": draws + 5.0}, rows, seed=1).iloc[0]
    assert told[["model", "other"]].tolist() == ["truth", "shifted"]
    assert told["low"] < told["difference"] < told["high"] < 0


def test_chance_is_named_by_the_seed(simulated):
    rows, draws = simulated
    tables = [score_table({"a": draws}, rows, seed=seed) for seed in (1, 1, 2)]
    pd.testing.assert_frame_equal(tables[0], tables[1])
    assert tables[0]["slope_low"].iloc[0] != tables[2]["slope_low"].iloc[0]


def test_spreads_and_printed_differences_are_scored_by_themselves():
    rows = real_terms().rows
    draws = np.random.default_rng(1).standard_normal((20, len(rows)))
    table = score_table({"a": draws}, rows, seed=1, n_resamples=50)
    is_sd, is_difference = rows["kind"] == "sd", rows["kind"] == "difference"
    assert arms_of(table).loc["a", "n"] == (~is_sd & ~is_difference).sum()
    assert arms_of(table, "printed difference").loc["a", "n"] == is_difference.sum() == 19
    assert arms_of(table, "sd").loc["a", "n"] == is_sd.sum()
    assert set(table.loc[table["stratum"] == "sd", "what"]) == {"arms"}


def test_contrasts_are_differences_draw_by_draw():
    terms = planted_terms(8, seed=1)
    rows, observed = terms.rows, terms.rows["observed"].to_numpy()
    shared = np.random.default_rng(1).standard_normal((50, 1))
    table = score_table({"a": observed + 30 * shared}, rows, seed=1, n_resamples=50)
    # what arms share cancels: nothing is left to be wrong by
    assert arms_of(table, what="contrasts").loc["a", "crps"] == pytest.approx(0.0, abs=1e-9)
    assert arms_of(table).loc["a", "crps"] > 4


def test_a_model_of_contrasts_alone_is_scored_beside_the_others():
    rows = real_terms().rows
    n_pairs = len(contrast_pairs(rows))
    arms = {"arms": np.random.default_rng(1).standard_normal((20, len(rows)))}
    contrasts = {"none": np.random.default_rng(2).standard_normal((20, n_pairs))}
    table = score_table(arms, rows, seed=1, contrasts_by_model=contrasts, n_resamples=50)
    assert set(table.loc[table["model"] == "none", "what"]) == {
        "contrasts", "contrasts with a control", "contrasts of cells",
    }  # fmt: skip
    told = paired_differences(arms, rows, seed=1, contrasts_by_model=contrasts, n_resamples=50)
    assert set(told["what"]) == {"contrasts", "contrasts with a control", "contrasts of cells"}


def test_the_usual_strata_share_out_causes():
    rows = real_terms().rows
    strata = usual_strata(rows)
    assert strata["all"].all()
    by_cause = strata["herniation"].astype(int) + strata["discogenic"] + strata["other causes"]
    assert (by_cause == 1).all()
    assert strata["arms with cells"].sum() == rows["is_cells"].sum()


def test_own_strata_can_be_asked_for(simulated):
    rows, draws = simulated
    table = score_table({"a": draws}, rows, {"first": np.arange(400) < 50}, seed=1)
    assert table[["stratum", "n"]].to_numpy().tolist() == [["first", 50]]


def test_draws_of_another_table_are_refused_by_name(simulated):
    rows, draws = simulated
    with pytest.raises(CalibrationError, match="draws of short") as refused:
        score_table({"short": draws[:, :9], "whole": draws}, rows, seed=1)
    assert "400 terms" in str(refused.value)
