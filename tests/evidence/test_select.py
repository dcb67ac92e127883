"""Selecting: words are checked, arms and studies are joined, nothing is multiplied."""

import pytest

from sciatrial.evidence import published_arms, select_outcomes
from sciatrial.foundation import EvidenceError


def test_without_a_word_every_row_is_there_once(evidence):
    assert len(select_outcomes(evidence)) == len(evidence.outcomes)


def test_every_given_word_holds_in_every_row(evidence):
    rows = select_outcomes(evidence, intervention="cell_therapy", cell_type="mpc", outcome="back_pain")
    assert set(rows["study_id"]) >= {"amirdelfan2021"}
    assert set(rows["cell_type"]) == {"mpc"}
    assert set(rows["outcome"]) == {"back_pain"}


def test_rows_carry_their_arm_their_study_and_their_rule(evidence):
    row = select_outcomes(evidence, study="pang2014").iloc[0]
    assert (row["cell_type"], row["dose_million_cells"], row["route"]) == ("uc_msc", 10, "intradiscal")
    assert (row["year"], row["design"], row["rule"]) == (2014, "single_arm", "vas_10 × 10")


def test_a_clear_carrier_comes_as_a_word(evidence):
    assert set(select_outcomes(evidence, study="gornet2024", cell_type="disc_cells")["carrier_word"]) == {
        "hyaluronic_acid"
    }


def test_all_unknown_words_are_told_of_with_the_nearest(evidence):
    with pytest.raises(EvidenceError) as caught:
        select_outcomes(evidence, route="intradiskal", study="amirdelfan2012", outcome="leg_pian")
    assert {problem.where: problem.next_step for problem in caught.value.problems} == {
        "route": "did you mean 'intradiscal'?",
        "outcome": "did you mean 'leg_pain'?",
        "study": "did you mean 'amirdelfan2021'?",
    }


def test_no_match_gives_an_empty_frame_with_all_columns(evidence):
    none = select_outcomes(evidence, cell_type="uc_msc", route="perineural")
    assert len(none) == 0
    assert list(none.columns) == list(select_outcomes(evidence).columns)


def test_published_arms_leave_pooled_arms_out(evidence):
    assert "all" not in set(published_arms(evidence, "kumar2017")["arm_id"])


def test_published_arms_show_value_rule_and_source(evidence):
    row = published_arms(evidence, "amirdelfan2021").iloc[0]
    assert (row["arm_id"], row["value_0_100"], row["rule"]) == ("mpc_6m", -32, "unchanged")
    assert row["where"] == "Table 2 (review)"
    assert row["source_url"].startswith("https://")
    assert row["figure_from"] == "review"


def test_published_arms_follow_time_within_an_arm(evidence):
    rows = published_arms(evidence, "beall2020")
    for _, series in rows.groupby(["outcome", "instrument", "arm_id"]):
        assert series["month"].is_monotonic_increasing


def test_an_unknown_study_has_no_arms(evidence):
    with pytest.raises(EvidenceError, match="amirdelfan2021"):
        published_arms(evidence, "amirdelfan2020")
