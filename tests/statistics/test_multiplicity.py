from itertools import combinations

import numpy as np
import pytest
from scipy.special import ndtr
from statsmodels.stats.multitest import multipletests

from sciatrial.foundation import TrialError
from sciatrial.statistics import (
    Adjustment,
    AlphaGraph,
    adjusted_p_values,
    fallback_graph,
    fixed_sequence_graph,
    gatekeeping_graph,
    graph_adjusted_p_values,
    holm_graph,
)


def families(n, n_trials=200, seed=2):
    return np.random.default_rng(seed).beta(0.4, 2, (n_trials, n))


def random_graph(rng, n):
    weights = rng.dirichlet(np.ones(n)) * (rng.random(n) < 0.7)
    rows = rng.dirichlet(np.ones(n), n) * (rng.random((n, n)) < 0.7)
    np.fill_diagonal(rows, 0)
    return AlphaGraph(tuple(weights), tuple(map(tuple, rows)))


def weights_of(graph, kept):
    """Weights of an intersection by the published recursion, one hypothesis after another."""
    weights = np.array(graph.weights)
    moves = np.array(graph.transitions)
    left = list(range(graph.n_hypotheses))
    for j in [j for j in left if j not in kept]:
        left.remove(j)
        old, old_moves = weights.copy(), moves.copy()
        moves = np.zeros_like(moves)
        for i in left:
            weights[i] = old[i] + old[j] * old_moves[j, i]
            for k in left:
                loop = old_moves[i, j] * old_moves[j, i]
                if i != k and loop < 1 - 1e-12:
                    moves[i, k] = (old_moves[i, k] + old_moves[i, j] * old_moves[j, k]) / (1 - loop)
    return weights


def closed_by_hand(p, graph):
    n = graph.n_hypotheses
    adjusted = np.zeros(n)
    for size in range(1, n + 1):
        for kept in combinations(range(n), size):
            weights = weights_of(graph, kept)
            own = min(min(p[i] / weights[i] if weights[i] > 0 else np.inf for i in kept), 1.0)
            adjusted[list(kept)] = np.maximum(adjusted[list(kept)], own)
    return adjusted


@pytest.mark.parametrize(
    ("adjustment", "method"),
    [
        (Adjustment.BONFERRONI, "bonferroni"),
        (Adjustment.HOLM, "holm"),
        (Adjustment.HOCHBERG, "simes-hochberg"),
        (Adjustment.HOMMEL, "hommel"),
    ],
)
@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_adjusted_p_values_equal_those_of_statsmodels(adjustment, method, n):
    p = families(n, n_trials=4)
    found = adjusted_p_values(p, adjustment)
    for row, own in zip(found, p, strict=True):
        np.testing.assert_allclose(row, multipletests(own, method=method)[1], rtol=1e-12)


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_a_graph_is_the_closed_test_of_weighted_bonferroni_tests(n):
    rng = np.random.default_rng(n)
    for _ in range(10):
        graph = random_graph(rng, n)
        p = families(n, n_trials=5, seed=n)
        found = graph_adjusted_p_values(p, graph)
        for row, own in zip(found, p, strict=True):
            np.testing.assert_allclose(row, closed_by_hand(own, graph), rtol=1e-9)


def test_graphs_of_known_procedures_are_these_procedures():
    p = families(5)
    np.testing.assert_allclose(
        graph_adjusted_p_values(p, holm_graph(5)), adjusted_p_values(p, Adjustment.HOLM), rtol=1e-12
    )
    np.testing.assert_allclose(graph_adjusted_p_values(p, fixed_sequence_graph(5)), np.maximum.accumulate(p, axis=1))
    np.testing.assert_allclose(graph_adjusted_p_values(p[:, :1], holm_graph(1)), p[:, :1])


def test_the_fallback_procedure_by_hand():
    # alpha 0.05 in three parts: 0.02 fails at 1/3, 0.012 passes at 1/3, 0.03 passes at 2/3 with what the second freed
    found = graph_adjusted_p_values([0.02, 0.012, 0.03], fallback_graph([1 / 3, 1 / 3, 1 / 3]))
    np.testing.assert_allclose(found, [0.06, 0.036, 0.045])


def test_parallel_gatekeeping_by_hand():
    # one of two primary hypotheses passes at alpha / 2 and opens half of alpha for two secondary ones
    found = graph_adjusted_p_values([0.01, 0.3, 0.012, 0.02], gatekeeping_graph([2, 2]))
    np.testing.assert_allclose(found, [0.02, 0.6, 0.048, 0.048])
    # none passes: no secondary hypothesis can be rejected before them
    assert (graph_adjusted_p_values([0.2, 0.3, 0.0001, 0.0001], gatekeeping_graph([2, 2]))[2:] >= 0.4).all()


def test_a_missing_p_value_is_never_rejected_and_counts_as_1():
    p = np.array([0.01, np.nan, 0.02])
    for adjustment in Adjustment:
        found = adjusted_p_values(p, adjustment)
        assert np.isnan(found[1])
        np.testing.assert_allclose(found[[0, 2]], adjusted_p_values([0.01, 1.0, 0.02], adjustment)[[0, 2]])
    found = graph_adjusted_p_values(p, fixed_sequence_graph(3))
    np.testing.assert_array_equal(found, [0.01, np.nan, 1.0])


def test_many_trials_at_once_are_the_same_as_one():
    p = families(4, n_trials=6).reshape(2, 3, 4)
    graph = gatekeeping_graph([1, 3])
    found = graph_adjusted_p_values(p, graph)
    assert found.shape == (2, 3, 4)
    np.testing.assert_array_equal(found[1, 2], graph_adjusted_p_values(p[1, 2], graph))


def test_familywise_error_is_kept_under_dependence():
    rng = np.random.default_rng(9)
    common, own = rng.normal(size=(20_000, 1)), rng.normal(size=(20_000, 4))
    p = ndtr(np.sqrt(0.5) * (common + own))
    for found in (
        *(adjusted_p_values(p, adjustment) for adjustment in Adjustment),
        graph_adjusted_p_values(p, gatekeeping_graph([2, 2])),
    ):
        rate = (found <= 0.025).any(axis=1).mean()
        assert rate < 0.025 + 3 * np.sqrt(0.025 * 0.975 / 20_000)


def test_what_is_no_graph_is_refused_by_name():
    with pytest.raises(TrialError, match=r"weights: 1.2 in all(.|\n)*row 1.*\[0.7, 0.7\](.|\n)*row 1: 0.7 to itself"):
        AlphaGraph((0.6, 0.6), ((0.7, 0.7), (1.0, 0.0)))
    with pytest.raises(TrialError, match="2 rows of 2"):
        AlphaGraph((0.5, 0.5), ((0.0, 1.0),))
    with pytest.raises(TrialError, match="1 or more"):
        gatekeeping_graph([2, 0])
    with pytest.raises(TrialError, match="one for each of 3"):
        graph_adjusted_p_values([0.1, 0.2], holm_graph(3))
    with pytest.raises(TrialError, match="0 to 1"):
        adjusted_p_values([0.1, 1.2], Adjustment.HOLM)
