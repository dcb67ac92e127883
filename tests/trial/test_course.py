import numpy as np

from sciatrial.trial.conduct import conduct
from sciatrial.trial.course import completed_trials
from sciatrial.trial.monitoring import monitor
from tests.trial.adaptive import arms_design, blinded_design, size_design, together_design
from tests.trial.conftest import small_design


def test_a_completed_trial_is_the_conducted_one_as_its_looks_went(model, with_rescue, patients):
    done = completed_trials(model, with_rescue, [patients], [9])[0]
    trial = conduct(model, with_rescue, [patients], [9])[0]
    np.testing.assert_array_equal(done.trial.scores, trial.scores)
    assert done.monitored.contrasts.equals(monitor(with_rescue, [trial])[0].contrasts)


def test_nobody_is_in_a_completed_trial_who_was_not_randomised_before_it_stopped(model, patients):
    # whatever is not a miracle stops it at the first look
    hasty = {"information": [0.3], "futility": {"kind": "fixed", "bounds_z": [3.9]}}
    design = small_design(looks=hasty, sides="one_sided", accrual={"per_month": 10}, n_total=len(patients))
    done = completed_trials(model, design, [patients], [9])[0]
    assert len(done.trial.assigned) == done.monitored.n_randomised < len(patients)


def test_no_groups_are_no_trials(model):
    assert completed_trials(model, small_design(), [], []) == []


def test_trials_that_change_at_a_look_are_completed_with_those_they_randomised(model, patients):
    for design in (arms_design(), size_design(), blinded_design(), together_design("dunnett")):
        done = completed_trials(model, design, [patients.only(slice(design.most_patients))], [9])[0]
        assert len(done.trial.assigned) == done.monitored.n_randomised <= design.most_patients
        assert len(done.monitored.contrasts) == len(design.compared())
        assert completed_trials(model, design, [], []) == []
