"""The density says the same in other words, and what a shift does is a derivative."""

import numpy as np
import pytest
from tests.calibration.planted import real_terms

from sciatrial.calibration.density import block_told, log_likelihood_at, means_of, population_inputs
from sciatrial.calibration.self_check import joint_log_likelihood, reduced_problem, simulate_data


@pytest.fixture(scope="module")
def problem():
    return reduced_problem(real_terms())


@pytest.fixture(scope="module")
def point(problem):
    return simulate_data(problem, np.random.default_rng(4))


@pytest.fixture(scope="module")
def moments(problem, point):
    x = population_inputs(problem)(point.z, point.present.astype(float))
    return x, *means_of(problem)(x, point.discrepancy)


def likelihood_of(problem, point, moments, mask, groups):
    return log_likelihood_at(problem, *moments[1:], point.spreads, point.shift_sds, mask, groups)


def test_means_are_those_of_the_emulator_and_the_regression(problem, point, moments):
    x, mean, _ = moments
    expected = problem.emulator.value(x[None])[0] + problem.columns.values @ point.discrepancy
    assert mean == pytest.approx(expected, rel=1e-12)


def test_what_a_shift_does_is_the_derivative_of_the_means(problem, moments):
    x, _, shifts = moments
    for number, place in enumerate(np.flatnonzero(problem.space.is_shift)):
        step = np.where(np.arange(len(x)) == place, 1e-4, 0.0)
        up, down = problem.emulator.value(np.stack([x + step, x - step]))
        assert shifts[number] == pytest.approx((up - down) / 2e-4, abs=1e-7)
    assert (shifts != 0).any(axis=1).sum() >= 2


def test_an_absent_effect_has_no_coordinate_and_a_trial_no_shift(problem):
    space = problem.space
    inputs = population_inputs(problem)(np.ones(len(space.keys)), np.zeros(len(space.groups)))
    stays = (space.gate < 0) & ~space.is_shift[: len(space.keys)]
    assert np.array_equal(inputs, np.pad(stays.astype(float), (0, 1 + len(space.groups))))


def test_groups_together_have_the_joint_likelihood(problem, point, moments):
    parts = (point.z, point.present, point.discrepancy, point.spreads, point.shift_sds)
    expected = joint_log_likelihood(problem, problem.observed, *(part[None] for part in parts))
    everything = np.ones(len(problem.observed), dtype=bool)
    found = likelihood_of(problem, point, moments, everything, problem.studies)
    assert found.sum() == pytest.approx(expected[0], rel=1e-10)


def test_only_groups_that_are_asked_for_answer_and_masked_numbers_say_nothing(problem, point, moments):
    first, second = problem.studies[:2]
    mask = (problem.terms.rows["group"] != first).to_numpy()
    assert likelihood_of(problem, point, moments, mask, [first]).tolist() == [0.0]
    alone = likelihood_of(problem, point, moments, mask, [second])
    assert likelihood_of(problem, point, moments, mask, [first, second]).tolist() == [0.0, *alone]


def test_a_number_that_does_not_count_stands_alone_with_a_variance_of_1(problem):
    block, mask = problem.blocks[-1], np.ones(len(problem.observed), dtype=bool)
    mask[block.place[0, 0]] = False
    told = block_told(block, np.full(len(mask), np.nan), mask, problem.se, problem.scales.freedom)
    assert told.n[0] == block.is_real[0].sum() - 1
    assert told.counts[0, 0] == told.observed[0, 0] == 0
    assert np.array_equal(told.fixed[0, 0], np.arange(block.place.shape[1]) == 0)
    assert not told.parts[:, 0, 0].any()
    assert not told.parts[:, 0, :, 0].any()
