"""The prior as a space: its middle is the middle of the ranges, and absent effects are exactly none."""

import numpy as np
import pytest
from scipy.stats import norm

from sciatrial.calibration.space import (
    DURATION,
    TRIAL_SHIFTS,
    centred,
    draws_at,
    inputs_at,
    prior_points,
    space_of,
    table_of,
)
from sciatrial.parameters import onto_scale, read_prior


@pytest.fixture(scope="module")
def space():
    return space_of(read_prior())


def test_the_origin_is_the_middle_of_every_range_not_the_reference(space):
    draws = draws_at(space, np.zeros((1, len(space.keys))), np.ones((1, len(space.groups)), dtype=bool))
    rows = {row.key: row for row in space.prior.entries}
    moved = 0
    for key, value in zip(draws.keys, draws.values[0], strict=True):
        if key not in space.keys:
            continue
        row = rows[key]
        middle = (onto_scale(row.scale, row.low) + onto_scale(row.scale, row.high)) / 2
        assert onto_scale(row.scale, value) == pytest.approx(middle, abs=1e-9)
        moved += abs(value - row.reference) > 1e-12
    assert moved > 20


def test_an_effect_that_is_absent_is_exactly_none(space):
    z = np.full((1, len(space.keys)), 0.7)
    draws = draws_at(space, z, np.zeros((1, len(space.groups)), dtype=bool))
    gated = [row.key for row in space.prior.entries if row.inclusion]
    assert all(draws.values[0, draws.keys.index(key)] == 0 for key in gated)


def test_every_draw_stays_in_its_range_but_for_shifts_of_a_trial_whose_spread_is_fitted(space):
    z, present, _ = prior_points(space, first=0, count=50, seed=1)
    draws = draws_at(space, z * 3, present)
    for row in space.prior.entries:
        if row.key in TRIAL_SHIFTS:
            # linear, as in the likelihood; 90 % of a usual trial's lie in the range
            sd = (row.high - row.low) / 2 / norm.ppf(0.95)
            expected = (row.low + row.high) / 2 + sd * 3 * z[:, space.keys.index(row.key)]
            assert draws.values[:, draws.keys.index(row.key)] == pytest.approx(expected)
        elif row.key in space.keys and not row.inclusion:
            column = draws.values[:, draws.keys.index(row.key)]
            assert column.min() >= row.low - 1e-12
            assert column.max() <= row.high + 1e-12


def test_point_number_seven_is_the_same_in_a_longer_series(space):
    short = prior_points(space, first=7, count=1, seed=3)
    long = prior_points(space, first=0, count=10, seed=3)
    for a, b in zip(short, long, strict=True):
        assert np.array_equal(a[0], b[7])


def test_inputs_of_an_absent_effect_do_not_count(space):
    z, present, duration = prior_points(space, first=0, count=20, seed=2)
    x = inputs_at(space, z, present, duration)
    assert x.shape == (20, len(space.inputs))
    gated = np.flatnonzero(space.gate >= 0)
    off = ~present[:, space.gate[gated]]
    assert (x[:, gated][off] == 0).all()
    assert np.array_equal(x[:, space.inputs.index(DURATION)], duration)


def test_the_shifts_of_a_trial_are_told_from_the_population(space):
    named = [name for name, is_shift in zip(space.inputs, space.is_shift, strict=True) if is_shift]
    assert named == ["trial_context_shift", "trial_recovery_shift", "trial_severity_shift", DURATION]


def test_every_prior_can_be_printed(space):
    told = table_of(space)
    assert len(told) == len(space.keys)
    assert all(row["low"] < row["high"] for row in told)


def test_a_row_without_a_range_stays_where_it_is():
    fixed = next(row for row in read_prior().entries if row.low is None)
    assert centred(fixed) is fixed
