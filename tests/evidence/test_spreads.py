from math import exp

import numpy as np
import pandas as pd
import pytest

from sciatrial.evidence import harmonise
from sciatrial.evidence.spreads import SMALLEST_SD_0_100, Phase, family_of, phase_of, predictive_sds


@pytest.fixture(scope="module")
def rows(evidence):
    return harmonise(evidence)


def test_the_pains_share_their_spreads_and_disability_has_its_own():
    assert {family_of(word) for word in ("leg_pain", "back_pain", "pain_unspecified")} == {"pain"}
    assert family_of("disability") == "disability"


def test_a_spread_is_of_the_start_of_a_visit_or_of_a_change():
    assert [phase_of("mean", 0), phase_of("mean", 3), phase_of("mean_change", 3)] == [
        Phase.BASELINE, Phase.FOLLOW_UP, Phase.CHANGE,
    ]  # fmt: skip


def test_a_predicted_sd_lies_within_what_studies_print(rows, evidence):
    told = rows[rows["usable"] & rows["outcome"].isin(["leg_pain", "back_pain", "pain_unspecified"])]
    printed = told["spread_sd_0_100"].dropna()
    found = predictive_sds(rows, evidence)["pain", Phase.FOLLOW_UP]
    assert printed.min() < found.median < printed.max()
    assert found.n_studies > 10


def test_doubt_about_an_sd_makes_the_expected_variance_larger_than_the_median_sd(rows, evidence):
    found = predictive_sds(rows, evidence)["pain", Phase.CHANGE]
    simulated = found.median * np.exp(np.random.default_rng(1).normal(0, found.log_sd, 400_000))
    assert found.root_mean_square == pytest.approx(np.sqrt((simulated**2).mean()), rel=0.02)
    assert found.root_mean_square > found.median


def test_a_study_counts_once_however_many_visits_it_prints(rows, evidence):
    before = predictive_sds(rows, evidence)["disability", Phase.FOLLOW_UP]
    told = rows.query("outcome == 'disability' and usable and month > 0 and statistic == 'mean'")
    told = told[told["spread_sd_0_100"] > SMALLEST_SD_0_100]
    one = rows[rows["study_id"] == told["study_id"].iloc[0]]
    after = predictive_sds(pd.concat([rows, one]), evidence)["disability", Phase.FOLLOW_UP]
    assert after == before


def test_the_words_give_the_interval(rows, evidence):
    found = predictive_sds(rows, evidence)["pain", Phase.BASELINE]
    assert f"{found.median * exp(1.96 * found.log_sd):.3g}" in found.in_words()


def test_registries_that_share_patients_and_round_their_intervals_do_not_make_the_spread(rows, evidence):
    found = predictive_sds(rows, evidence)["pain", Phase.CHANGE]
    shared = evidence.studies[evidence.studies["overlap_group"] == "nordic_registries"]["study_id"]
    without = predictive_sds(rows[~rows["study_id"].isin(shared)], evidence)["pain", Phase.CHANGE]
    assert found == without


def test_an_interval_of_the_size_of_its_last_digit_tells_no_spread(rows, evidence):
    row = rows[(rows["outcome"] == "leg_pain") & rows["usable"]].iloc[[0]].assign(
        study_id="rounded1", statistic="mean_change", month=12.0, spread_kind="ci95", value=-4.5, spread_low=-4.6,
        spread_high=-4.4, spread_sd_0_100=60.0, instrument="nrs_10",
    )  # fmt: skip
    before = predictive_sds(rows, evidence)["pain", Phase.CHANGE]
    assert predictive_sds(pd.concat([rows, row]), evidence)["pain", Phase.CHANGE] == before
    wide = row.assign(spread_low=-5.6, spread_high=-3.4)
    assert predictive_sds(pd.concat([rows, wide]), evidence)["pain", Phase.CHANGE] != before
