import pandas as pd
import pytest

from sciatrial.foundation import EvidenceError
from sciatrial.synthesis.arm_tables import arms_of, islands, starting_logits

from .simulated import normal_arms


def test_the_reference_is_treatment_0_and_first_in_its_studies():
    arms = arms_of(normal_arms(), reference="usual")
    assert arms.treatments[0] == "usual"
    assert (arms.base <= arms.treatment).all()


def test_a_row_twice_is_refused():
    frame = normal_arms()
    with pytest.raises(EvidenceError, match="there twice"):
        arms_of(pd.concat([frame, frame.iloc[:1]]), reference="usual")


def test_each_island_is_told_with_its_studies():
    frame = normal_arms()
    other = pd.DataFrame({"study": "far", "treatment": ["x", "y"], "estimate": [1.0, 2.0], "se": 1.0})
    with pytest.raises(EvidenceError) as told:
        arms_of(pd.concat([frame, other]), reference="usual")
    assert "x, y (studies far)" in str(told.value)
    assert "island 1: block, cells, drug, usual" in str(told.value)
    assert "next:" in str(told.value)


def test_every_problem_is_told_at_once():
    frame = normal_arms().assign(se=0.0)
    with pytest.raises(EvidenceError) as told:
        arms_of(frame.iloc[1:], reference="usul")
    assert {problem.where for problem in told.value.problems} == {"se", "reference", "study study 00"}


def test_a_missing_column_is_named():
    with pytest.raises(EvidenceError, match="lacks se"):
        arms_of(normal_arms().drop(columns="se"), reference="usual")


def test_events_are_among_the_patients():
    frame = pd.DataFrame({"study": "a", "treatment": ["x", "y"], "events": [3, 9], "n": [5, 8]})
    with pytest.raises(EvidenceError, match="not among the patients in a y"):
        arms_of(frame, reference="x")


def test_a_study_joins_islands():
    assert len(islands(["1", "1", "2", "2"], ["a", "b", "c", "d"])) == 2
    assert len(islands(["1", "1", "2", "2", "3", "3"], ["a", "b", "c", "d", "b", "c"])) == 1


def test_a_study_without_events_starts_at_finite_log_odds():
    import numpy as np

    assert np.isfinite(starting_logits(np.zeros(2), np.full(2, 10.0), np.zeros(2, dtype=int))).all()
