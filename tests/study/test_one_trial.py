"""Any trial of a study, run or not."""

import numpy as np
import pytest

from sciatrial.foundation import StudyError
from sciatrial.study import read_study, study_responses, study_trial
from tests.study.conftest import SMALL


def test_the_trial_that_is_meant_when_none_is_named_is_the_one_of_the_report(small, finished):
    full = study_trial(small)
    assert f"trial {full.number} of the" in finished.result.name
    assert full.contrasts["estimate"].tolist() == finished.result.contrasts["estimate"].tolist()
    kept = finished.result.patients.query("month == 3 and is_observed")["leg_pain"].to_numpy()
    mine = full.scores.query("month == 3 and score == 'leg_pain'")["value"].to_numpy()
    assert np.array_equal(kept, mine)
    assert finished.result.conduct["flow"] == full.flow


@pytest.mark.parametrize("scenario", ["prior", "reference", "no_cell_effect"])
def test_every_trial_of_a_run_can_be_had(scenario, small, finished):
    trials = finished.operating.trials
    mine = trials.loc[(trials["scenario"] == scenario) & (trials["why_not"] == "")]
    for number in sorted(set(mine["trial"]))[-2:]:
        full = study_trial(small, trial=int(number), scenario=scenario)
        assert full.contrasts["estimate"].item() == pytest.approx(mine.set_index("trial")["estimate"][number], rel=1e-9)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"trial": 12}, "0 to 11"),
        ({"trial": -1}, "0 to 11"),
        ({"scenario": "no_cells_effect"}, "did you mean 'no_cell_effect'"),
        ({"scenario": "optimistic"}, "add it to simulation.scenarios"),
    ],
)
def test_what_the_study_does_not_simulate_is_told(words, told, small):
    with pytest.raises(StudyError) as raised:
        study_trial(small, **words)
    assert told in str(raised.value)


def test_a_trial_that_could_not_enrol_is_told(tmp_path):
    path = tmp_path / "nobody.toml"
    path.write_text(SMALL.replace('"chronic_radicular"', '"chronic_radicular"\neligible = { leg_pain = [99.8, 99.9] }'))
    study = read_study(path, changes=["simulation.n_trials=2"])
    with pytest.raises(StudyError, match="could not enrol"):
        study_trial(study, trial=0)
    with pytest.raises(StudyError, match="none of the 2 trials"):
        study_trial(study)
    assert [found for _, found in study_responses(study, n_patients=5)] == [None, None]


def test_worlds_are_those_of_the_trials(small):
    found = dict(study_responses(small, n_patients=12, trials=2))
    full = study_trial(small, trial=1)
    assert full.number == 1
    assert found[1] is not None
    assert found[1].values[0, :, 0].tolist() == full.subjects["leg_pain"].tolist()


def test_too_many_worlds_or_patients_are_refused(small):
    with pytest.raises(StudyError) as raised:
        list(study_responses(small, n_patients=0, trials=13))
    assert len(raised.value.problems) == 2
