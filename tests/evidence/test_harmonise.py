"""Harmonising: known rows by hand, properties of the rules, and a reason for each row that is not used."""

from math import isnan, sqrt

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sciatrial.evidence import WhyNot, harmonise, usable_counts
from sciatrial.evidence.instruments import INSTRUMENTS, Direction, Instrument, Scaling

WIDTH_INSTRUMENTS = [word for word, one in INSTRUMENTS.items() if one.scaling is Scaling.WIDTH]
same_tables = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)


@pytest.fixture(scope="module")
def frame(evidence):
    return harmonise(evidence)


def _rows(frame, study, **cells):
    found = frame[frame["study_id"] == study]
    for column, value in cells.items():
        found = found[found[column] == value]
    return found


def test_no_row_is_dropped_and_none_is_changed(frame, evidence):
    pd.testing.assert_frame_equal(frame[list(evidence.outcomes.columns)], evidence.outcomes)


def test_a_row_is_usable_or_says_why_not(frame):
    assert ((frame["why_not"] == "") == frame["usable"]).all()
    assert set(frame["why_not"]) - {""} <= {word.value for word in WhyNot}


def test_a_usable_row_has_a_number_and_a_unit(frame):
    usable = frame[frame["usable"]]
    assert usable["value_0_100"].notna().all()
    assert (usable["unit"] != "").all()


def test_scores_stay_within_0_to_100_and_changes_within_100_either_way(frame):
    points = frame[frame["unit"] == "points of 100"]
    scores = points[points["statistic"] != "mean_change"]["value_0_100"]
    assert scores.between(0, 100).all()
    assert points["value_0_100"].abs().max() <= 100


def test_amirdelfan2021_keeps_points_percent_and_shares_apart(frame):
    low_dose = _rows(frame, "amirdelfan2021", arm_id="mpc_6m", month=36)
    assert dict(zip(low_dose["instrument"] + " " + low_dose["statistic"], low_dose["value_0_100"], strict=True)) == {
        "vas_100 mean_change": -32, "vas_100 percent_change": -46, "responder_30pct_pain percent": 53,
        "responder_50pct_pain percent": 43,
    }  # fmt: skip
    assert list(low_dose["unit"]) == ["points of 100", "percent of baseline", *["percent of patients"] * 2]
    assert low_dose["usable"].all()


def test_robertson2019_changes_scale_by_ten(frame):
    change = _rows(frame, "robertson2019", statistic="mean_change", arm_id="gabapentin").iloc[0]
    assert change["value_0_100"] == pytest.approx(-17.2)
    assert change["rule"] == "vas_10 × 10"


def test_arts2009_standard_error_becomes_a_spread_between_patients(frame):
    row = _rows(frame, "arts2009", arm_id="tubular", spread_kind="se").iloc[0]
    assert row["value_0_100"] == pytest.approx(5.8 * 100 / 23)
    assert row["spread_sd_0_100"] == pytest.approx(0.4 * sqrt(167) * 100 / 23)
    assert (row["rule"], row["spread_rule"]) == ("rmdq_23 × 100/23", "se × sqrt(n) × 4.348")


def test_a_confidence_interval_becomes_a_spread_by_the_t_quantile(frame):
    row = _rows(frame, "fritz2015", arm_id="early_pt", month=3).iloc[0]
    assert row["spread_sd_0_100"] == pytest.approx((8.5 - 4.7) / 2 / 1.9824 * sqrt(108), rel=1e-3)


def test_the_eq5d_stays_an_index(frame):
    rows = frame[frame["instrument"] == "eq5d_index"]
    assert (rows["value_0_100"] == rows["value"]).all()
    assert set(rows["unit"]) == {"index"}


def test_a_count_becomes_a_share_of_its_n(frame):
    row = _rows(frame, "rugpoli_prp2024", arm_id="prp", instrument="responder_rmdq_3pt").iloc[0]
    assert row["value_0_100"] == 50
    assert row["usable"]


@pytest.mark.parametrize(
    ("study", "cells", "why_not"),
    [
        ("beall2020", {"arm_id": "nsm", "month": 6}, WhyNot.AFTER_CROSSOVER),
        ("beall2021", {"arm_id": "nsm_crossover"}, WhyNot.AFTER_CROSSOVER),
        ("kumar2017", {"arm_id": "all"}, WhyNot.POOLED_ARM),
        ("brtx100", {}, WhyNot.POOLED_ARM),
        ("leemann2014", {"instrument": "odi_raw_or_percent"}, WhyNot.UNKNOWN_SCALE),
        ("korea_ldh2021", {"instrument": "k_odi_raw"}, WhyNot.UNKNOWN_SCALE),
        ("conti2024_mat", {}, WhyNot.SURGERY_WITH_CELLS),
        ("jaseng5y2013", {}, WhyNot.SELECTED_PATIENTS),
        ("piriformis_us29", {}, WhyNot.BEST_SCORE_REACHED),
        ("wilson2024", {}, WhyNot.OTHER_CONDITION),
        ("piriformis_ct_pmc7837716", {"statistic": "median"}, WhyNot.NO_MONTH),
        ("khoromi2007", {"statistic": "percent_change"}, WhyNot.BETWEEN_ARMS),
        ("gadjradj2022", {"statistic": "median"}, WhyNot.MEDIAN_ONLY),
        ("noriega2017", {"instrument": "pfirrmann"}, WhyNot.IMAGING_MEASURE),
        ("recurrent_ldh_msc_graft", {"instrument": "macnab_good"}, WhyNot.NO_RULE_FOR_RESPONDER),
        ("paresis_cohort2012", {"instrument": "no_paresis"}, WhyNot.NO_RULE_FOR_SHARE),
    ],
)
def test_a_row_that_cannot_be_compared_says_why(frame, study, cells, why_not):
    rows = _rows(frame, study, **cells)
    assert len(rows) > 0
    assert set(rows["why_not"]) == {why_not}


def test_vast_before_crossover_is_usable(frame):
    assert _rows(frame, "beall2020", arm_id="nsm", month=3)["usable"].all()


@pytest.mark.parametrize("study", ["yildiz_ozone63", "marmara_tfesi_level"])
def test_a_doubtful_spread_is_left_empty_and_its_value_kept(frame, study):
    rows = _rows(frame, study, spread_kind="sd")
    assert rows["spread_sd_0_100"].isna().all()
    assert rows["usable"].all()


def test_a_new_score_without_known_scale_is_kept_and_not_used(one_outcome):
    row = harmonise(one_outcome(instrument="a_new_score")).iloc[0]
    assert isnan(row["value_0_100"])
    assert row["why_not"] == WhyNot.UNKNOWN_SCALE


def test_a_count_without_n_is_not_used(one_outcome):
    cells = {"outcome": "responder", "instrument": "responder_50pct_pain", "statistic": "count", "n": np.nan}
    assert harmonise(one_outcome(**cells)).iloc[0]["why_not"] == WhyNot.COUNT_WITHOUT_N


def test_an_interquartile_range_becomes_a_spread_for_a_mean_only(one_outcome):
    quartiles = {"spread_kind": "iqr", "spread_low": 2.65, "spread_high": 5.35}
    assert harmonise(one_outcome(**quartiles)).iloc[0]["spread_sd_0_100"] == pytest.approx(20)
    assert isnan(harmonise(one_outcome(**quartiles, statistic="median")).iloc[0]["spread_sd_0_100"])


@pytest.mark.parametrize("kind", ["se", "ci95"])
def test_a_spread_that_needs_n_is_left_empty_without_it(one_outcome, kind):
    row = harmonise(one_outcome(spread_kind=kind, spread_low=3.0, spread_high=5.0, n=np.nan)).iloc[0]
    assert isnan(row["spread_sd_0_100"])
    assert row["spread_rule"] == f"{kind}: left empty, no n"


def test_tables_without_outcomes_give_an_empty_frame_with_all_columns(evidence, frame):
    from dataclasses import replace

    empty = harmonise(replace(evidence, outcomes=evidence.outcomes.iloc[:0]))
    assert list(empty.columns) == list(frame.columns)


@same_tables
@given(word=st.sampled_from(WIDTH_INSTRUMENTS), share=st.floats(0, 1))
def test_a_score_comes_back_from_the_common_scale(one_outcome, word, share):
    instrument = INSTRUMENTS[word]
    value = instrument.lowest + share * instrument.width
    common = harmonise(one_outcome(instrument=word, value=value)).iloc[0]["value_0_100"]
    assert instrument.lowest + common / 100 * instrument.width == pytest.approx(value, abs=1e-9)


@same_tables
@given(word=st.sampled_from(WIDTH_INSTRUMENTS), before=st.floats(0, 1), after=st.floats(0, 1))
def test_a_change_of_scores_is_the_difference_of_the_scores_on_the_common_scale(one_outcome, word, before, after):
    instrument = INSTRUMENTS[word]
    first, second = (instrument.lowest + share * instrument.width for share in (before, after))

    def common(value, statistic):
        return harmonise(one_outcome(instrument=word, value=value, statistic=statistic)).iloc[0]["value_0_100"]

    assert common(second - first, "mean_change") == pytest.approx(
        common(second, "mean") - common(first, "mean"), abs=1e-9
    )


@same_tables
@given(sd=st.floats(0.1, 5), n=st.integers(2, 500))
def test_a_standard_error_and_a_confidence_interval_of_one_spread_agree(one_outcome, sd, n):
    from scipy import stats

    half = stats.t.ppf(0.975, n - 1) * sd / sqrt(n)
    error = one_outcome(spread_kind="se", spread_low=sd / sqrt(n), n=float(n))
    interval = one_outcome(spread_kind="ci95", spread_low=4 - half, spread_high=4 + half, n=float(n))
    for tables in (error, interval):
        assert harmonise(tables).iloc[0]["spread_sd_0_100"] == pytest.approx(10 * sd, rel=1e-6)


def test_the_counts_add_up_and_begin_with_what_is_usable(frame):
    counts = usable_counts(frame)
    assert counts["rows"].sum() == len(frame)
    assert counts["reason"].iloc[0] == "usable"
    assert counts["rows"].iloc[0] == frame["usable"].sum()
    assert counts["rows"].iloc[1:].is_monotonic_decreasing


def test_the_start_of_a_scale_moves_scores_but_not_changes(one_outcome, monkeypatch):
    one_to_five = Instrument("one_to_five", "a scale without zero", 1, 5, Direction.HIGHER_IS_WORSE, Scaling.WIDTH)
    monkeypatch.setitem(INSTRUMENTS, "one_to_five", one_to_five)
    cells = {"instrument": "one_to_five", "value": 2.0}
    assert harmonise(one_outcome(**cells)).iloc[0]["value_0_100"] == 25
    assert harmonise(one_outcome(**cells, statistic="mean_change")).iloc[0]["value_0_100"] == 50
