import numpy as np
import pytest

from sciatrial.population.diversity import distinct_patients, spread_of_traits

WIDTHS = np.array([10.0, 5.0])
POINTS = np.array([[0.0, 0.0], [100.0, 0.0], [0.0, 100.0]])


def test_patients_of_three_kinds_that_nobody_confuses_are_three():
    assert distinct_patients(np.tile(POINTS, (400, 1)), WIDTHS) == pytest.approx(3, rel=0.01)


def test_patients_who_are_all_alike_are_one():
    assert distinct_patients(np.ones((30, 2)), WIDTHS) == pytest.approx(1)


def test_a_rare_kind_counts_for_less():
    weights = np.repeat([0.98, 0.01, 0.01], 400) / 400
    found = distinct_patients(np.repeat(POINTS, 400, axis=0), WIDTHS, weights)
    assert found == pytest.approx(1 / (0.98**2 + 2 * 0.01**2), rel=0.01)


def test_the_number_of_kinds_does_not_depend_on_how_many_are_simulated():
    scores = np.random.default_rng(5).normal(0, 20, size=(4000, 2))
    few, many = distinct_patients(scores[:1000], WIDTHS), distinct_patients(scores, WIDTHS)
    assert few == pytest.approx(many, rel=0.1)


def test_the_squared_likeness_falls_as_was_said():
    two = np.array([[0.0, 0.0], [10.0, 0.0]])
    assert distinct_patients(two, WIDTHS) == pytest.approx(np.exp(1))


def test_weights_make_the_same_of_patients_as_copies_of_them():
    scores = np.random.default_rng(6).normal(0, 20, size=(500, 2))
    copies = np.random.default_rng(7).integers(1, 4, size=500)
    weighted = distinct_patients(scores, WIDTHS, copies / copies.sum())
    # two copies are the same patient and alike, so a group of copies looks a little less diverse
    assert weighted == pytest.approx(distinct_patients(np.repeat(scores, copies, axis=0), WIDTHS), rel=0.1)


def test_nobody_is_compared_where_one_has_all_the_weight():
    assert np.isnan(distinct_patients(POINTS, WIDTHS, np.array([1.0, 0.0, 0.0])))
    assert np.isnan(spread_of_traits(POINTS, np.array([1.0, 0.0, 0.0]))).all()


def test_the_spread_of_a_trait_is_half_the_mean_squared_distance_of_two_people():
    luck = np.random.default_rng(8).normal(size=(60, 3))
    weights = np.random.default_rng(9).uniform(0.2, 1, size=60)
    weights /= weights.sum()
    pairs = weights[:, None] * weights[None, :]
    np.fill_diagonal(pairs, 0)
    squares = (luck[:, None, :] - luck[None, :, :]) ** 2
    expected = (pairs[:, :, None] * squares).sum(axis=(0, 1)) / pairs.sum() / 2
    np.testing.assert_allclose(spread_of_traits(luck, weights), expected)


def test_traits_of_everybody_who_could_be_screened_have_spread_one():
    luck = np.random.default_rng(10).normal(size=(20_000, 2))
    np.testing.assert_allclose(spread_of_traits(luck), 1, atol=0.04)
