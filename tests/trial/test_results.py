from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sciatrial.foundation import StudyError
from sciatrial.trial import (
    CELL_PARTS,
    OperatingCharacteristics,
    Scenario,
    TrialBatch,
    TrialResult,
    operating_characteristics,
    run_trial,
)
from tests.trial.conftest import small_design


@pytest.fixture(scope="module")
def result(model, patients, rescue):
    return run_trial(model, small_design(rescue=rescue, dropout_per_year=0.5), patients, seed=1, name="first")


@pytest.fixture(scope="module")
def operating(five_trials):
    return operating_characteristics([five_trials])


def test_a_trial_comes_back_from_disk_as_it_was(result, tmp_path):
    again = TrialResult.load(result.save(tmp_path / "trial"))
    assert again.fingerprint() == result.fingerprint()
    pd.testing.assert_frame_equal(again.contrasts, result.contrasts, check_dtype=False)


def test_a_batch_comes_back_from_disk_as_it_was(five_trials, tmp_path):
    assert TrialBatch.load(five_trials.save(tmp_path / "batch")).fingerprint() == five_trials.fingerprint()


def test_operating_characteristics_come_back_from_disk_as_they_were(operating, tmp_path):
    again = OperatingCharacteristics.load(operating.save(tmp_path / "operating"))
    assert again.fingerprint() == operating.fingerprint()


def test_a_batch_that_nobody_could_be_enrolled_in_comes_back_from_disk(five_trials, tmp_path):
    nothing = pd.DataFrame()
    empty = replace(five_trials, courses=nothing, inside=nothing, counts=nothing)
    assert TrialBatch.load(empty.save(tmp_path / "empty")).fingerprint() == empty.fingerprint()


def test_a_changed_number_on_disk_is_noticed(five_trials, tmp_path):
    folder = five_trials.save(tmp_path / "batch")
    path = folder / "trials.csv"
    path.write_text(path.read_text().replace(",saline,", ",sham,"))
    with pytest.raises(StudyError) as raised:
        TrialBatch.load(folder)
    assert "differs from what was saved" in str(raised.value)


def test_the_representation_of_a_trial_tells_its_first_estimate(result):
    row = result.contrasts.iloc[0]
    assert f"cells vs saline: {row['estimate']:.1f} ({row['ci_low']:.1f} to {row['ci_high']:.1f})" in repr(result)


def test_the_representation_of_a_trial_without_an_estimate_tells_why(result):
    contrasts = result.contrasts.assign(why_not="zero variance", estimate=np.nan)
    assert "cells vs saline: zero variance" in repr(replace(result, contrasts=contrasts))


def test_the_representation_of_many_trials_counts_them_by_scenario(operating):
    assert "prior 5" in repr(operating)


def test_the_representation_of_trials_that_nobody_enrolled_in_tells_so(operating):
    assert "none" in repr(replace(operating, counts=pd.DataFrame()))


def test_the_table_of_a_record_is_what_it_is_about(result, five_trials, operating):
    assert result.table() is result.contrasts
    assert five_trials.table() is five_trials.trials
    assert operating.table() is operating.summary


def test_draws_are_of_the_prior_or_of_a_posterior_and_other_scenarios_stand_beside_them():
    assert [str(scenario) for scenario in Scenario][:4] == ["prior", "posterior", "reference", "no_cell_effect"]
    assert {word for word in Scenario if word.is_drawn} == {"prior", "posterior"}


def test_each_mechanism_of_cells_has_a_scenario_of_its_own():
    assert {word for word in Scenario if word.startswith("only_")} == {f"only_{part}" for part in CELL_PARTS}
