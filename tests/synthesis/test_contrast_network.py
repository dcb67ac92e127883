"""Networks of contrasts: ties to pairwise pools, several arms, islands. Numbers: tests/truth."""

import numpy as np
import pytest

from sciatrial.foundation import EvidenceError
from sciatrial.synthesis import (
    Better,
    Contrasts,
    NetworkModel,
    TauMethod,
    contrasts_of_arms,
    league_rows,
    network_components,
    pool_effects,
    pool_network,
)
from tests.synthesis.test_heterogeneity import made


def line(seed=4, k=8):
    y, v = made(seed, k)
    return y, v, Contrasts([f"s{i}" for i in range(k)], ["b"] * k, ["a"] * k, y, np.sqrt(v))


@pytest.mark.parametrize(
    ("model", "method"), [(NetworkModel.COMMON, TauMethod.EE), (NetworkModel.RANDOM, TauMethod.DL)]
)
def test_two_treatments_are_a_pairwise_pool(model, method):
    y, v, contrasts = line()
    plain, found = pool_effects(y, v, method=method), pool_network(contrasts, model=model)
    assert found.effects[1, 0] == pytest.approx(plain.estimate)
    assert found.standard_errors[1, 0] == pytest.approx(plain.standard_error)
    assert (found.tau2, found.q, found.i2) == pytest.approx((plain.tau2, plain.q, pool_effects(y, v, method="DL").i2))


def test_effects_of_all_pairs_are_consistent():
    found = pool_network(star())
    np.testing.assert_allclose(found.effects, -found.effects.T, atol=1e-12)
    assert found.effects[0, 2] == pytest.approx(found.effects[0, 1] + found.effects[1, 2])
    assert found.q == pytest.approx(found.q_within + found.q_between)
    assert found.q_df == found.q_within_df + found.q_between_df


def star():
    return contrasts_of_arms(
        ["1", "1", "1", "2", "2", "3", "3", "4", "4", "5", "5"],
        ["a", "b", "c", "a", "b", "b", "c", "a", "c", "a", "b"],
        [0.1, 0.5, 0.9, 0.0, 0.7, 0.4, 0.6, 0.2, 0.8, 0.3, 0.4],
        np.linspace(0.1, 0.3, 11),
    )


def test_the_order_of_contrasts_and_arms_does_not_matter():
    contrasts = star()
    turned = Contrasts(
        contrasts.studies[::-1], contrasts.second[::-1], contrasts.first[::-1], -np.asarray(contrasts.estimates)[::-1],
        np.asarray(contrasts.standard_errors)[::-1],
    )  # fmt: skip
    one, two = pool_network(contrasts), pool_network(turned)
    np.testing.assert_allclose(one.effects, two.effects, atol=1e-10)
    np.testing.assert_allclose(one.standard_errors, two.standard_errors, atol=1e-10)


def test_p_scores_average_to_one_half_and_turn_with_the_direction():
    small, large = pool_network(star()), pool_network(star(), better=Better.LARGER)
    assert small.p_scores.mean() == pytest.approx(0.5)
    np.testing.assert_allclose(small.p_scores, 1 - large.p_scores)


def test_islands_are_named_with_the_remedy():
    contrasts = Contrasts(["1", "2"], ["a", "x"], ["b", "y"], [0.1, 0.2], [0.1, 0.1])
    assert network_components(contrasts.first, contrasts.second) == [("a", "b"), ("x", "y")]
    with pytest.raises(EvidenceError, match=r"island 1: a, b; island 2: x, y.*\n.*\n.*next: pool each island"):
        pool_network(contrasts)


def test_a_study_that_lacks_a_pair_is_told():
    with pytest.raises(EvidenceError, match="every pair of arms"):
        pool_network(Contrasts(["1", "1"], ["a", "a"], ["b", "c"], [0.1, 0.2], [0.1, 0.1]))


def test_a_league_has_every_ordered_pair():
    assert len(league_rows(pool_network(star()))) == 6
