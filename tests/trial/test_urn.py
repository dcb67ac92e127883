import numpy as np
import pytest

from sciatrial.trial.urn import Urn


def drawn(shares, mass, n, seed=1):
    urn, luck = Urn(shares, mass), np.random.default_rng(seed).random(n)
    return np.array([urn.draw(value) for value in luck])


@pytest.mark.parametrize("mass", [1.0, 4.0, 20.0])
def test_numbers_stay_within_the_mass_of_the_urn_of_their_shares(mass):
    shares = np.array([0.1, 0.27, 0.63])
    arms = drawn(shares, mass, 2000)
    counts = np.cumsum(arms[:, None] == np.arange(3), axis=0)
    assert (counts - shares * np.arange(1, 2001)[:, None]).max() < mass + 1e-9


def test_an_urn_of_mass_1_with_equal_shares_is_the_smallest_block():
    arms = drawn([1 / 3] * 3, 1.0, 300).reshape(-1, 3)
    assert (np.sort(arms, axis=1) == [0, 1, 2]).all()


def test_shares_are_kept_on_average_at_every_place_but_for_a_few_per_cent():
    shares = [0.2, 0.3, 0.5]
    places = np.array([drawn(shares, 4.0, 6, seed) for seed in range(4000)])
    assert np.abs(np.bincount(places[:, 0], minlength=3) / 4000 - shares).max() < 4 * np.sqrt(0.25 / 4000)
    for place in range(1, 6):
        # Zhao's urn is not exact after the first patient: what falls below 0 is left out
        assert np.abs(np.bincount(places[:, place], minlength=3) / 4000 - shares).max() < 0.05


def test_without_an_urn_each_patient_is_drawn_alone():
    urn = Urn([0.2, 0.8], None)
    assert [urn.draw(luck) for luck in (0.1, 0.1, 0.1, 0.9)] == [0, 0, 0, 1]


def test_an_arm_without_a_share_is_never_drawn():
    assert 1 not in drawn([0.5, 0.0, 0.5], 4.0, 500)
    assert Urn([0.0, 1.0], None).draw(1e-12) == 1
