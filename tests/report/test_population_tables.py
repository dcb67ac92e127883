"""What is said of virtual patients beside published ones follows from the record, misses first."""

import numpy as np
import pytest

from sciatrial.foundation import Cause
from sciatrial.population import MET, NOT_MET
from sciatrial.report import population_lines, population_table
from sciatrial.report.population_tables import (
    diversity_table,
    group_tables,
    left_out_table,
    population_section,
    rows_of,
    shipped_table,
    value_words,
    what_words,
)
from tests.report.compared import small_comparison


def test_the_first_sentence_counts_what_the_record_counts():
    counts = small_comparison().counts().to_dict("records")
    first, second = population_lines(small_comparison())[:2]
    assert f"Of {counts[1]['numbers']} published numbers" in first
    assert f"posterior meet {counts[1]['met_equal']} within" in first
    assert f"those of the prior meet {counts[0]['met_equal']}" in first
    assert f"With weights they meet {counts[1]['met']} (prior {counts[0]['met']})" in second
    assert f"held back they meet {counts[1]['held_back_met']} (prior {counts[0]['held_back_met']})" in second


def test_every_number_that_is_missed_with_weights_is_named_with_both_values():
    told = next(line for line in population_lines(small_comparison()) if line.startswith("Beyond the distance"))
    rows = rows_of(small_comparison())
    missed = rows[(rows["verdict"] == NOT_MET) & ~rows["is_set_by_cohort"]]
    assert len(missed)
    for row in missed.to_dict("records"):
        assert what_words(row) in told
        assert f"published {value_words(row, row['published'])} ± {row['distance']:g}" in told


def test_every_reason_for_not_comparing_is_counted():
    told = population_lines(small_comparison())[-1]
    reasons = small_comparison().left_out["reason"].value_counts()
    for reason, count in reasons.items():
        assert f"{reason}: {count}".lower() in told.lower()
    assert reasons.sum() == len(left_out_table(small_comparison()))


@pytest.mark.parametrize("cause", [Cause.HERNIATION, Cause.DISCOGENIC, Cause.STENOSIS])
def test_a_study_is_shown_the_numbers_of_its_own_cause_alone(cause):
    part = rows_of(small_comparison(), str(cause))
    assert 0 < len(part) < len(rows_of(small_comparison()))
    assert all(str(cause) in causes.split(" ") for causes in part["causes"])
    assert len(population_table(small_comparison(), str(cause))) == len(part)


def test_a_cause_of_which_nobody_published_says_so():
    assert population_lines(small_comparison(), "piriformis") == [
        "No published number on patients at the door speaks of piriformis: nothing to compare with."
    ]
    section = population_section(small_comparison(), "piriformis")
    assert not section["groups"]
    assert section["left_out"] is None


def test_prior_and_posterior_stand_beside_each_other_row_by_row():
    rows = rows_of(small_comparison())
    before = small_comparison().of("prior")
    np.testing.assert_array_equal(rows["prior_equal"], before["equal"])
    assert rows["fact"].tolist() == before["fact"].tolist()


@pytest.mark.parametrize(
    ("fact", "statistic", "expected"),
    [
        ("ATLAS_leg_pain_NRS_baseline", "sd", "Leg pain, SD"),
        ("SPORT_IDH_baseline_episode_under_6_months", "share", "Months of symptoms below 6, %"),
        ("sciatica_with_disabling_back_pain", "share", "Back pain of 40 or more, %"),
        ("ATLAS_female", "share", "Women, %"),
        ("corr_RMDQ_EQ5D", "correlation", "Quality of life with Roland-Morris, correlation"),
    ],
)
def test_a_number_is_told_in_words(fact, statistic, expected):
    rows = rows_of(small_comparison())
    (row,) = rows[(rows["fact"] == fact) & (rows["statistic"] == statistic)].to_dict("records")
    assert what_words(row) == expected


def test_what_a_cohort_was_given_is_no_success():
    table = population_table(small_comparison())
    given = table[table["what"] == "Women, %"]
    assert (given["with weights"] == "given to the cohort").all()
    assert set(table["with weights"]) <= {MET, NOT_MET, "given to the cohort"}


def test_every_number_names_its_source_and_why_the_distance_is_what_it_is():
    table = population_table(small_comparison())
    assert table["published in"].str.contains(", n ").all()
    assert table["distance from"].str.len().gt(5).all()
    assert table["distance from"].str.startswith(("assumed: ", "half of ")).all()


def test_by_group_no_number_is_lost_and_what_the_weights_were_told_is_marked():
    flat, groups = population_table(small_comparison()), group_tables(small_comparison())
    assert sum(len(rows) for _, rows in groups) == len(flat)
    assert len(groups) == flat["of whom"].nunique()
    told = sum(rows["with weights"].str.endswith("told to the weights").sum() for _, rows in groups)
    assert told == ((flat["weights know it"] == "yes") & (flat["with weights"] != "given to the cohort")).sum()
    assert any("PMC6882087" in caption for caption, _ in groups)


def test_cost_of_weights_and_diversity_are_told_by_group():
    table = diversity_table(small_comparison()).set_index("of whom")
    alike = table.loc["65 years or older, a new visit for back pain"]
    assert alike["worth of 60"] == "60 (60 to 60)"
    assert alike["narrowest trait"] == "–"
    told = next(line for line in population_lines(small_comparison()) if line.startswith("Diversity"))
    assert "(prior " in told


def test_of_which_shipped_cohorts_numbers_speak_is_counted():
    table = shipped_table(small_comparison()).set_index("cohort")
    assert table.loc["chronic_radicular", "of this cause alone"] > 0
    assert table.loc["piriformis", "numbers"] == 0
