import numpy as np
import pytest

from sciatrial.synthesis.uncontrolled import arm_changes, pool_changes


@pytest.fixture(scope="module")
def changes(evidence):
    return arm_changes(evidence)


def test_every_study_counts_once_with_and_without_a_control(changes):
    assert changes["study"].is_unique
    assert {"rct", "single_arm"} <= set(changes["design"])


def test_an_arm_of_a_single_study_is_what_it_printed(changes):
    assert changes.set_index("study").loc["noriega2017", "estimate"] == -20


def test_patients_improve_without_any_control(changes):
    pooled = pool_changes(changes)
    assert pooled.high[0] < -10
    assert pooled.n_studies == len(changes)


def test_surgery_with_cells_is_not_a_course_of_cells(changes):
    assert not {"conti2024_mat", "aans2025_bmac_md"} & set(changes["study"])


def test_the_change_under_placebo_is_as_large_as_many_an_effect(evidence):
    placebo = pool_changes(arm_changes(evidence, treatment="placebo_procedure", month=3))
    assert placebo.estimate < -10
    assert np.isnan(placebo.hts_low)  # of two studies
