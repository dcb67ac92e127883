import numpy as np
import pytest

from sciatrial.trial.analysis import effects_seen
from sciatrial.trial.many_analyses import effects_of, sums_by_arm
from tests.trial.conftest import CELLS, SALINE, SHAM, invented_trial, small_design


def analysed(design, trials):
    """Return the analyses of whole trials from sums; none may need the full fit."""
    change = np.stack([np.where(t.is_observed[:, -1], t.scores[:, -1, 0] - t.scores[:, 0, 0], np.nan) for t in trials])
    baseline = np.stack([trial.scores[:, 0, 0] for trial in trials])
    assigned = np.stack([trial.assigned for trial in trials])
    sums = sums_by_arm(change, baseline, assigned, np.zeros_like(assigned), len(design.arms), 1)

    def never(number):
        raise AssertionError(number)

    return effects_of(design, sums.flat(), never)


@pytest.mark.parametrize("sides", ["one_sided", "two_sided"])
def test_sums_give_what_the_full_fit_gives(sides):
    arms = {"cells": CELLS, "saline": SALINE, "sham": SHAM}
    design = small_design(arms=arms, n_total=60, dropout_per_year=0.4, sides=sides)
    trials = [invented_trial(design, seed, effect=-6.0) for seed in range(20)]
    whole = effects_seen(design, trials, [trial.is_observed for trial in trials])
    found = analysed(design, trials)
    for name in ("estimate", "standard_error", "n_arm", "n_control"):
        np.testing.assert_allclose(getattr(found, name), getattr(whole, name), rtol=1e-9)
    for name in ("degrees_of_freedom", "z", "low", "high", "p_value"):
        np.testing.assert_allclose(getattr(found, name), getattr(whole, name), rtol=1e-7, atol=1e-9)


def test_what_is_known_at_a_look_is_known_at_the_next():
    change = np.array([[1.0, 2.0, np.nan, 4.0]])
    look = np.array([[0, 1, 0, 2]])
    sums = sums_by_arm(change, np.ones((1, 4)), np.array([[0, 0, 0, 1]]), look, 2, 3)
    assert sums.n[0].tolist() == [[1, 0], [2, 0], [2, 1]]
