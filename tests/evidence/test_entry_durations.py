"""Bounds on how long patients had had symptoms, each with its page, for studies and arms that the tables hold."""

import pytest

from sciatrial.evidence import EntryDuration, entry_duration_of, entry_durations, read_evidence


def test_every_bound_belongs_to_a_study_and_arm_of_the_tables():
    evidence = read_evidence()
    arms = set(zip(evidence.arms["study_id"], evidence.arms["arm_id"], strict=True))
    for row in entry_durations().to_dict("records"):
        assert row["study_id"] in set(evidence.studies["study_id"])
        assert not row["arm_id"] or (row["study_id"], row["arm_id"]) in arms


def test_every_bound_has_its_words_and_its_source_and_stands_once():
    listed = entry_durations()
    assert not listed.duplicated(["study_id", "arm_id"]).any()
    assert (listed["basis"].str.len() > 5).all()
    assert listed["source"].str.startswith(("http", "notes")).all()
    assert (listed["from_months"].notna() | listed["to_months"].notna()).all()
    both = listed.dropna(subset=["from_months", "to_months"])
    assert (both["from_months"] < both["to_months"]).all()


@pytest.mark.parametrize(
    ("study", "arm", "expected"),
    [
        ("arden2005", "saline", EntryDuration(1.0, 18.0)),
        ("peng2010", "placebo", EntryDuration(6.0, None)),
        ("tfesi_2024pts", "tfesi_under_3m", EntryDuration(None, 3.0)),
        ("tfesi_2024pts", "another", EntryDuration(None, None)),
        ("nobody2020", "arm", EntryDuration(None, None)),
    ],
)
def test_an_arm_has_its_own_bounds_or_those_of_its_study_or_none(study, arm, expected):
    assert entry_duration_of(study, arm) == expected
