from dataclasses import replace

import numpy as np
import pytest

from sciatrial.evidence import read_blinded, read_evidence, write_tables
from sciatrial.foundation import EvidenceError


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """Return some studies as they are, and blinded."""
    shipped = read_evidence()
    frames = {}
    for name in ("studies", "arms", "outcomes", "safety", "risk_of_bias"):
        frame = getattr(shipped, name)
        frames[name] = frame[frame["study_id"].isin(["kim2017_jaseng", "beall2021", "fritz2015"])].reset_index(
            drop=True
        )
    evidence = replace(shipped, **frames)
    folder = write_tables(evidence, tmp_path_factory.mktemp("tables") / "tables")
    return evidence, read_blinded(folder), folder


def test_entries_keep_their_numbers_and_later_rows_lose_them(both):
    evidence, blinded, _ = both
    entry = evidence.outcomes["month"] == 0
    assert entry.any()
    for column in ("value", "spread_kind", "spread_low", "spread_high"):
        assert blinded.outcomes.loc[entry, column].equals(evidence.outcomes.loc[entry, column])
    assert blinded.outcomes.loc[~entry, ["value", "spread_low", "spread_high"]].isna().all(axis=None)
    assert (blinded.outcomes.loc[~entry, "spread_kind"] == "none").all()


def test_what_was_measured_when_and_in_how_many_stays(both):
    evidence, blinded, _ = both
    for column in ("study_id", "arm_id", "outcome", "instrument", "month", "n", "statistic", "figure_from"):
        assert blinded.outcomes[column].equals(evidence.outcomes[column])


def test_free_text_and_tables_of_results_are_empty(both):
    _, blinded, _ = both
    assert (blinded.studies["notes"] == "").all()
    assert (blinded.arms["notes"] == "").all()
    assert not len(blinded.facts) + len(blinded.parameters) + len(blinded.safety) + len(blinded.risk_of_bias)


def test_a_value_that_is_no_number_is_not_even_seen(both, tmp_path):
    evidence, blinded, folder = both
    copy = write_tables(evidence, tmp_path / "tables")
    lines = (folder / "outcomes.csv").read_text(encoding="utf-8").splitlines()
    place = lines[0].split(",").index("value")
    row = next(i for i, month in enumerate(evidence.outcomes["month"]) if month > 0) + 1
    cells = lines[row].split(",")
    assert float(cells[place]) == evidence.outcomes["value"].iloc[row - 1]
    cells[place] = "not a number"
    lines[row] = ",".join(cells)
    (copy / "outcomes.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert read_blinded(copy).fingerprint() == blinded.fingerprint()


def test_whether_an_arm_had_changed_its_treatment_is_kept(both, tmp_path):
    evidence, _, _ = both
    later = evidence.outcomes["month"] > 0
    marked = evidence.outcomes.assign(where=np.where(later, "Table 2, after crossover: 3.1", "Table 1"))
    blinded = read_blinded(write_tables(replace(evidence, outcomes=marked), tmp_path / "tables"))
    assert blinded.outcomes.loc[later, "where"].str.endswith("after crossover").all()
    assert not blinded.outcomes["where"].str.contains("3.1", regex=False).any()


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(EvidenceError, match="no such folder"):
        read_blinded(tmp_path / "nothing")
