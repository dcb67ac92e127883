"""The emulator finds a polynomial again, and says how wrong it is where the truth is none."""

from dataclasses import replace

import numpy as np
import pytest

from sciatrial.calibration.emulator import Luck, fit_cell_effects, fit_emulator, luck_of
from sciatrial.calibration.ensemble import Runs
from sciatrial.calibration.space import inputs_at, prior_points, space_of
from sciatrial.foundation import CalibrationError
from sciatrial.parameters import CELL_EFFECTS, read_prior

SPACE = space_of(read_prior())
CAUSE = np.array(["herniation"] * 3 + ["discogenic"] * 2)


def runs_of(function, n=900, noise=0.3, seed=0, first=0):
    z, present, duration = prior_points(SPACE, first=first, count=n, seed=8)
    x = inputs_at(SPACE, z, present, duration)
    rng = np.random.default_rng(seed)
    values = function(x) + noise * rng.standard_normal((n, 5))
    return Runs(z, present, duration, values, np.full((n, 1), 100.0), np.zeros((n, 1)), np.ones((n, 1)))


def polynomial(x):
    a, b, c = x[:, 3], x[:, 10], x[:, 20]
    return np.stack([a + 0.5 * a * b, b - a**2, c + b, 2 * c, c - 0.3 * c**3], axis=1)


LUCK = Luck(0.3 * np.random.default_rng(9).standard_normal((400, 5)), 400)


def test_a_quadratic_truth_is_found_again():
    emulator = fit_emulator(runs_of(polynomial), SPACE, cause=CAUSE, luck=LUCK, n_quadratic=6, n_cubic=3)
    fresh = runs_of(polynomial, n=200, noise=0.0, first=5000)
    x = inputs_at(SPACE, fresh.z, fresh.present, fresh.duration)
    wrong = np.sqrt(((emulator.value(x) - fresh.values) ** 2).mean(axis=0))
    assert (wrong < 0.35).all()
    assert (emulator.explained > 0.8).all()


def test_what_no_polynomial_gives_is_told_as_error():
    def step(x):
        return np.stack([3 * np.sign(np.sin(4 * x[:, 3]))] * 5, axis=1)

    emulator = fit_emulator(runs_of(step), SPACE, cause=CAUSE, luck=LUCK, n_quadratic=6)
    assert (emulator.error_sd > 2).all()
    assert (emulator.explained < 0.3).all()


def test_a_run_that_failed_is_left_out_and_one_number_missing_is_filled():
    runs = runs_of(polynomial)
    runs.values[:30] = np.nan
    runs.values[40:60, 2] = np.nan
    emulator = fit_emulator(runs, SPACE, cause=CAUSE, luck=LUCK, n_quadratic=6)
    assert np.isfinite(emulator.coefficients).all()


def test_too_few_runs_are_refused_with_their_number():
    with pytest.raises(CalibrationError, match="100 or more"):
        fit_emulator(runs_of(polynomial, n=40), SPACE, cause=CAUSE, luck=LUCK)


def test_the_luck_of_patients_is_told_from_repeats():
    z, present, duration = prior_points(SPACE, first=0, count=60, seed=8)
    repeated = [np.repeat(part, 5, axis=0) for part in (z, present, duration)]
    rng = np.random.default_rng(1)
    values = polynomial(inputs_at(SPACE, *repeated)) + 0.7 * rng.standard_normal((300, 5))
    runs = Runs(*repeated, values, *(np.zeros((300, 1)) for _ in range(3)))
    assert luck_of(runs, [5] * 60).sd == pytest.approx(np.full(5, 0.7), rel=0.2)


def test_some_numbers_can_be_taken_alone():
    emulator = fit_emulator(runs_of(polynomial), SPACE, cause=CAUSE, luck=LUCK, n_quadratic=6)
    x = np.random.default_rng(0).standard_normal((4, len(SPACE.inputs)))
    assert np.allclose(emulator.of(np.array([1, 4])).value(x), emulator.value(x)[:, [1, 4]])


def test_heavier_runs_count_more():
    runs = runs_of(polynomial, noise=0.0)
    other = runs_of(lambda x: polynomial(x) + 5, noise=0.0, first=3000)
    weight = np.concatenate([np.full(900, 1e-6), np.ones(900)])
    emulator = fit_emulator(runs.joined(other), SPACE, cause=CAUSE, luck=LUCK, n_quadratic=6, weight=weight)
    assert emulator.value(np.zeros((1, len(SPACE.inputs))))[0, 0] == pytest.approx(5, abs=0.6)


def test_errors_that_numbers_share_are_told_apart_from_the_luck_that_they_share():
    def shared(x):  # the first two bend alike where no polynomial follows, and the others do not bend
        bend = 3 * np.sign(np.sin(4 * x[:, 3]))
        return np.stack([bend, bend, *np.zeros((3, len(x)))], axis=1)

    rng = np.random.default_rng(2)
    runs = runs_of(shared, n=1500, noise=0.0)
    luck = rng.standard_normal((1500, 1)) @ np.array([[0, 0, 0, 2.0, 2.0]])
    repeats = Luck(rng.standard_normal((500, 1)) @ np.array([[0, 0, 0, 2.0, 2.0]]) + 1e-3, 500)
    emulator = fit_emulator(replace(runs, values=runs.values + luck), SPACE, cause=CAUSE, luck=repeats, n_quadratic=4)
    bent, lucky = (emulator.error_covariance(np.array(pair)) for pair in ((0, 1), (3, 4)))
    assert bent[0, 1] / np.sqrt(bent[0, 0] * bent[1, 1]) > 0.95
    assert np.sqrt(bent[0, 0]) == pytest.approx(3, rel=0.2)
    assert np.sqrt(lucky[0, 0]) < 1  # of a luck of 2
    assert np.linalg.eigvalsh(lucky).min() > -1e-9


def cells_change(x):
    """What one mechanism changes: the more of its own coordinate the more, and more again with another input."""
    there = x[:, SPACE.inputs.index("cell_disc_resolution present")]
    gain, other = (x[:, SPACE.inputs.index(name)] for name in ("disc_resolution_gain", "disc_inflammation_rate"))
    return np.stack([-there * (4 + 2 * gain + other + gain * other)] * 5, axis=1)


@pytest.fixture(scope="module")
def cells():
    return fit_cell_effects(runs_of(cells_change), SPACE, cause=CAUSE, luck=LUCK)


def test_what_cells_change_is_found_again_with_its_products(cells):
    fresh = runs_of(cells_change, n=300, noise=0.0, first=7000)
    x = inputs_at(SPACE, fresh.z, fresh.present, fresh.duration)
    assert np.sqrt(((cells.value(x) - fresh.values) ** 2).mean()) < 0.15 * fresh.values.std()


def test_without_any_mechanism_cells_change_exactly_nothing(cells):
    z, present, duration = prior_points(SPACE, first=0, count=50, seed=2)
    present[:, [SPACE.groups.index(group) for group in CELL_EFFECTS]] = False
    assert (cells.value(inputs_at(SPACE, z, present, duration)) == 0).all()


def test_a_sum_of_two_polynomials_moves_the_numbers_that_it_names(cells):
    base = fit_emulator(runs_of(polynomial), SPACE, cause=CAUSE, luck=LUCK, n_quadratic=6)
    both = base.plus(cells.of(np.array([0, 1])), np.array([2, 4]))
    z, present, duration = prior_points(SPACE, first=0, count=20, seed=2)
    x = inputs_at(SPACE, z, present, duration)
    moved = both.value(x) - base.value(x)
    assert np.allclose(moved[:, [2, 4]], cells.value(x)[:, [0, 1]])
    assert np.allclose(moved[:, [0, 1, 3]], 0)
    assert (both.error_sd[[2, 4]] > base.error_sd[[2, 4]]).all()


def test_luck_that_is_added_is_among_the_errors(cells):
    numbers = np.array([0, 1])
    before = cells.error_covariance(numbers)
    after = cells.with_luck(LUCK.of(numbers), numbers).error_covariance(numbers)
    assert np.diag(after - before) == pytest.approx(LUCK.sd[numbers] ** 2, rel=0.01)
