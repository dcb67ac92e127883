import numpy as np
import pytest

from sciatrial.statistics.sweep import sweep


@pytest.fixture
def matrices():
    roots = np.random.default_rng(1).standard_normal((5, 4, 4))
    return roots @ roots.swapaxes(1, 2) + 0.1 * np.eye(4)


def test_it_gives_inverses_and_log_determinants(matrices):
    found = sweep(matrices)
    np.testing.assert_allclose(found.inverse, np.linalg.inv(matrices), rtol=1e-9)
    np.testing.assert_allclose(found.log_determinant, np.linalg.slogdet(matrices)[1], rtol=1e-12)
    assert (found.pivot > 0).all()


def test_it_inverts_the_part_that_is_seen(matrices):
    seen = np.array([True, False, True, True])
    found = sweep(matrices, np.broadcast_to(seen, (5, 4)))
    part = np.ix_(range(5), seen, seen)
    np.testing.assert_allclose(found.inverse[part], np.linalg.inv(matrices[part]), rtol=1e-9)
    np.testing.assert_allclose(found.log_determinant, np.linalg.slogdet(matrices[part])[1], rtol=1e-12)
    assert not found.inverse[:, 1].any()


def test_its_pivot_tells_an_indefinite_and_a_singular_matrix():
    found = sweep(np.array([[[1.0, 2.0], [2.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]], [[0.0, 0.0], [0.0, 1.0]]]))
    assert found.pivot.tolist() == [-3.0, 0.0, 0.0]


@pytest.mark.parametrize("n", [1, 3])
def test_it_leaves_its_input_as_it_was(matrices, n):
    before = matrices[:n].copy()
    sweep(matrices[:n], np.zeros((n, 4), bool))
    sweep(matrices[:n])
    np.testing.assert_array_equal(matrices[:n], before)
