from itertools import pairwise

import numpy as np
import pytest

from sciatrial.statistics import integration, many_paths

TIMES = np.array([[0.4, 0.7, 1.0], [0.2, 0.21, 0.9]])
UPPER, LOWER, DRIFT = 2.3, -0.4, 1.2


def alone(times, probability):
    """Return what one trial's paths give at the last look."""
    paths = integration.all_paths()
    for time, later in pairwise(times):
        paths = integration.go_on(paths, time, later, DRIFT, LOWER, UPPER)
    return [
        integration.share_above(paths, times[-1], DRIFT, UPPER),
        integration.share_below(paths, times[-1], DRIFT, LOWER),
        integration.bound_above(paths, times[-1], DRIFT, probability),
        integration.bound_below(paths, times[-1], DRIFT, probability),
    ]


@pytest.mark.parametrize("probability", [0.0, 0.01, 0.2, 0.99])
def test_paths_of_many_trials_are_those_of_each(probability):
    n = len(TIMES)
    bounds = [np.full(n, value) for value in (LOWER, UPPER, probability)]
    paths = many_paths.all_paths_of(n)
    for look in range(2):
        paths = many_paths.all_go_on(paths, TIMES[:, look], TIMES[:, look + 1], DRIFT, bounds[0], bounds[1])
    found = np.stack(
        [
            many_paths.shares_above(paths, TIMES[:, 2], DRIFT, bounds[1]),
            many_paths.shares_below(paths, TIMES[:, 2], DRIFT, bounds[0]),
            many_paths.bounds_above(paths, TIMES[:, 2], DRIFT, bounds[2]),
            many_paths.bounds_below(paths, TIMES[:, 2], DRIFT, bounds[2]),
        ],
        axis=1,
    )
    for trial in range(n):
        np.testing.assert_allclose(found[trial], alone(TIMES[trial], probability), atol=1e-10)


def test_looks_close_together_need_more_points():
    needed = many_paths.points_needed(TIMES)
    assert needed[1] > 2 * needed[0]
