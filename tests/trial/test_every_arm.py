"""Virtual patients in every arm for other simulators."""

import numpy as np
import pytest

from sciatrial.evidence import read_evidence
from sciatrial.foundation import TrialError
from sciatrial.trial import endpoint_in_every_arm, trial_in_full
from tests.trial.conftest import small_design

RESPONSE = {"outcome": "leg_pain", "month": 3, "measure": "response", "rule": "responder_30pct_pain",
            "missing": "non_responder"}  # fmt: skip


def every(design, model, prior, cohort, n=24):
    return endpoint_in_every_arm(
        model, design, prior, cohort, scenario="prior", trial=1, n_patients=n, seed=21
    )  # fmt: skip


def test_the_first_patients_are_those_of_the_trial(model, prior, cohort):
    design = small_design(rescue={"score": "leg_pain", "above": 50, "from_month": 1})
    found = every(design, model, prior, cohort, n=30)
    assert found.values.shape == (2, 30, 4)
    assert found.months == (0, 1, 3, 6)
    full = trial_in_full(model, design, prior, cohort, read_evidence(), scenario="prior", trial=1, seed=21)
    seen = full.scores.query("score == 'leg_pain'").merge(full.subjects[["place", "arm"]], on="place")
    arm = [found.arms.index(name) for name in seen["arm"]]
    assert np.allclose(found.values[arm, seen["place"], seen["occasion"]], seen["value"])


def test_a_response_is_told_at_every_visit_up_to_the_endpoint(model, prior, cohort):
    words = {"endpoint": RESPONSE, "analysis": "responders", "estimand": {"summary_measure": "risk_difference"}}
    found = every(small_design(**words), model, prior, cohort)
    assert found.months == (1, 3)
    assert set(np.unique(found.values)) == {0.0, 1.0}


def test_under_a_hypothetical_estimand_nobody_is_rescued(model, prior, cohort):
    rescue = {"score": "leg_pain", "above": 30, "from_month": 1, "intervention": "nsaid"}
    words = {"analysis": "mmrm", "rescue": rescue}
    without = every(small_design(analysis="mmrm"), model, prior, cohort)
    policy = every(small_design(**words), model, prior, cohort)
    hypothetical = every(small_design(**words, estimand={"rescue": "hypothetical"}), model, prior, cohort)
    assert np.array_equal(hypothetical.values, without.values)
    assert not np.array_equal(policy.values, without.values)


def test_what_no_patient_has_in_one_arm_alone_is_refused(model, prior, cohort):
    rescue = {"score": "leg_pain", "above": 50, "from_month": 1}
    with pytest.raises(TrialError, match="principal stratum"):
        every(small_design(rescue=rescue, estimand={"rescue": "principal_stratum"}), model, prior, cohort)
    category = {"outcome": "leg_pain", "month": 6, "measure": "category", "categories": [20, 50]}
    words = {"analysis": "proportional_odds", "estimand": {"summary_measure": "common_odds_ratio"}}
    with pytest.raises(TrialError, match=r"endpoint\.measure: is category"):
        every(small_design(endpoint=category, **words), model, prior, cohort)


def test_a_time_trend_moves_patients_by_one_of_the_planned_months(model, prior, cohort):
    words = {"accrual": {"per_month": 6}}
    plain = every(small_design(**words), model, prior, cohort, n=60).values
    step = {"time_trend": {"step_points": -100, "step_month": 2}}  # as is planned for half of them
    moved = every(small_design(**words, **step), model, prior, cohort, n=60).values
    assert np.isfinite(moved).all()
    assert np.array_equal(moved[:, :, 0], plain[:, :, 0])
    is_late = (moved[:, :, 1:] == 0).all(axis=2)
    assert np.array_equal(moved[~is_late], plain[~is_late])
    # the same patients in every arm, some before the step and some after it, not in the order of enrolment
    assert np.array_equal(is_late[0], is_late[1])
    assert 0.3 < is_late[0].mean() < 0.7
    assert is_late[0, :30].any()
    assert not is_late[0, 30:].all()
