"""The record: overview, text, saving and fingerprint."""

from dataclasses import replace

import pandas as pd

from sciatrial.evidence import Evidence


def test_the_text_has_three_lines(evidence):
    lines = repr(evidence).splitlines()
    assert lines[0] == "Evidence: 172 studies, 311 arms, 835 outcome rows"
    assert len(lines) == 3


def test_the_overview_counts_rows_and_studies(evidence):
    overview = evidence.table().set_index("table")
    assert overview["rows"].to_dict() == {
        "studies": 172, "arms": 311, "outcomes": 835, "safety": 117, "risk_of_bias": 107, "facts": 550,
        "parameters": 195,
    }  # fmt: skip
    assert overview.loc["outcomes", "studies"] == 132


def test_a_saved_record_comes_back_cell_for_cell(evidence, tmp_path):
    loaded = Evidence.load(evidence.save(tmp_path / "record"))
    pd.testing.assert_frame_equal(loaded.outcomes, evidence.outcomes)
    pd.testing.assert_frame_equal(loaded.facts, evidence.facts)


def test_one_changed_number_changes_the_fingerprint(evidence):
    outcomes = evidence.outcomes.copy()
    outcomes.loc[0, "value"] += 1e-9
    assert replace(evidence, outcomes=outcomes).fingerprint() != evidence.fingerprint()
