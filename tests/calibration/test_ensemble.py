"""Runs can be stopped, resumed and shared out, and stay what they are."""

import numpy as np
import pytest
from tests.calibration.small import small_evidence

from sciatrial.calibration.arms_simulated import Sizes, plan_arms
from sciatrial.calibration.ensemble import BLOCK, run_ensemble
from sciatrial.calibration.space import prior_points, space_of
from sciatrial.calibration.terms import likelihood_terms
from sciatrial.parameters import read_prior

N = BLOCK + 4
SIZES = Sizes(herniation=60, discogenic=60, other=50)


@pytest.fixture(scope="module")
def what():
    space = space_of(read_prior())
    return plan_arms(likelihood_terms(small_evidence())), space, prior_points(space, first=0, count=N, seed=4)


@pytest.fixture(scope="module")
def runs(what):
    return run_ensemble(*what, seed=9, sizes=SIZES)


class StopAfter:
    def __init__(self, n):
        self.left = n

    def start(self, label, total):
        pass

    def advance(self, n=1):
        self.left -= n
        return self.left > 0

    def finish(self):
        pass


def test_two_workers_give_the_numbers_of_one(what, runs):
    again = run_ensemble(*what, seed=9, sizes=SIZES, workers=2)
    assert np.array_equal(runs.values, again.values, equal_nan=True)


def test_an_interrupted_ensemble_goes_on_from_what_is_kept(what, runs, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run_ensemble(*what, seed=9, sizes=SIZES, folder=tmp_path, progress=StopAfter(BLOCK))
    kept = sorted(tmp_path.glob("block-*.npz"))
    assert len(kept) == 1
    before = kept[0].stat().st_mtime_ns
    again = run_ensemble(*what, seed=9, sizes=SIZES, folder=tmp_path)
    assert kept[0].stat().st_mtime_ns == before
    assert np.array_equal(runs.values, again.values, equal_nan=True)


def test_a_kept_block_of_other_points_is_run_again(what, runs, tmp_path):
    plan, space, points = what
    other = (points[0] + 0.5, *points[1:])
    run_ensemble(plan, space, other, seed=9, sizes=SIZES, folder=tmp_path)
    again = run_ensemble(*what, seed=9, sizes=SIZES, folder=tmp_path)
    assert np.array_equal(runs.values, again.values, equal_nan=True)


def test_runs_can_be_joined(runs):
    assert len(runs.joined(runs).values) == 2 * N
    assert runs.failed <= 1
