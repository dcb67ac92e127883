import numpy as np

from sciatrial.trial.conducted import reassigned
from sciatrial.trial.known_by import known_by
from tests.trial.conftest import small_design
from tests.trial.invented import everybody

DESIGN = small_design(n_total=40, accrual={"per_month": 4}, dropout_per_year=0.4)


def test_a_value_is_known_when_its_visit_has_passed_and_was_seen():
    trial = everybody(DESIGN, 3, effects=(-10, 0))
    known = known_by(DESIGN, trial, 3, 3)
    arms = np.arange(40) % 2
    went = reassigned(DESIGN, trial, arms, 3)
    at = known.known(arms[:30], 7.0)
    expected = np.flatnonzero((known.arrived[:30] + 3 <= 7.0) & went.is_observed[:30, 2])
    assert at.tolist() == expected.tolist()
    assert 0 < len(at) < 30


def test_a_fall_of_pain_is_a_benefit_in_the_arm_that_was_asked():
    trial = everybody(DESIGN, 3, effects=(-10, 0))
    known = known_by(DESIGN, trial, 3, 6)
    both = np.isfinite(known.benefit).all(axis=0)
    assert np.allclose((known.benefit[0] - known.benefit[1])[both], 10)
    assert np.array_equal(known.baseline, trial.scores[:, 0, 0])
