"""tau² of all estimators: its laws. Its numbers: tests/truth/other_statistics."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sciatrial.foundation import EvidenceError
from sciatrial.synthesis import TauMethod, heterogeneity
from sciatrial.synthesis.heterogeneity import q_root
from sciatrial.synthesis.weighted import fit, studies_of

RANDOM = [method for method in TauMethod if method is not TauMethod.EE]
seeds = st.integers(0, 10_000)


def made(seed, k=None):
    rng = np.random.default_rng(seed)
    k = k or int(rng.integers(3, 15))
    v = rng.uniform(0.02, 0.5, k)
    return rng.normal(0.3, np.sqrt(v + rng.uniform(0, 0.6))), v


@pytest.mark.parametrize("method", TauMethod)
@settings(max_examples=25, deadline=None)
@given(seed=seeds, factor=st.floats(0.05, 20))
def test_scaling_the_effects_scales_tau2_by_the_square(method, seed, factor):
    y, v = made(seed)
    plain, scaled = heterogeneity(y, v, method=method), heterogeneity(y * factor, v * factor**2, method=method)
    np.testing.assert_allclose(scaled.tau2, plain.tau2 * factor**2, rtol=1e-6, atol=1e-9 * factor**2)
    np.testing.assert_allclose(scaled.i2, plain.i2, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("method", TauMethod)
@settings(max_examples=25, deadline=None)
@given(seed=seeds, shift=st.floats(-5, 5))
def test_shift_and_order_do_not_matter(method, seed, shift):
    y, v = made(seed)
    order = np.random.default_rng(seed).permutation(len(y))
    plain, moved = heterogeneity(y, v, method=method), heterogeneity((y + shift)[order], v[order], method=method)
    np.testing.assert_allclose(moved.tau2, plain.tau2, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(moved.q, plain.q, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("method", [m for m in RANDOM if m is not TauMethod.SJ])
def test_equal_effects_have_no_heterogeneity(method):
    found = heterogeneity([0.4] * 6, np.linspace(0.1, 0.3, 6), method=method)
    assert found.tau2[0] == 0
    assert found.i2[0] == 0
    assert (found.tau2_low[0], found.tau2_high[0]) == (0, 0)


@pytest.mark.parametrize("method", TauMethod)
def test_a_batch_with_absent_studies_equals_one_at_a_time(method):
    sets = [made(seed) for seed in range(12)]
    y, v = np.full((12, 15), np.nan), np.full((12, 15), np.nan)
    for place, (one, other) in enumerate(sets):
        y[place, : len(one)], v[place, : len(one)] = one, other
    many = heterogeneity(y, v, method=method)
    for place, (one, other) in enumerate(sets):
        alone = heterogeneity(one, other, method=method)
        for name in ("tau2", "tau2_se", "i2", "h2", "tau2_low", "tau2_high"):
            np.testing.assert_allclose(
                getattr(many, name)[place], getattr(alone, name)[0], rtol=1e-7, atol=1e-11, err_msg=name
            )


@settings(max_examples=40, deadline=None)
@given(seed=seeds, target=st.floats(0.01, 60))
def test_the_root_of_q_is_where_q_is_the_target(seed, target):
    y, v = made(seed)
    studies = studies_of(y, v)
    root = q_root(studies, np.array([target]))
    q = fit(studies, studies.weights(root)).q[0]
    if root[0] > 0:
        assert q == pytest.approx(target, rel=1e-9)
    else:
        assert q <= target


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_reml_is_at_least_as_likely_as_its_neighbours(seed):
    y, v = made(seed)
    best = heterogeneity(y, v).tau2[0]

    def likelihood(tau2):
        w = 1 / (v + tau2)
        mean = w @ y / w.sum()
        return (np.log(w).sum() - np.log(w.sum()) - w @ (y - mean) ** 2) / 2

    for near in (best * 0.99, best * 1.01 + 1e-5, best + 0.01, max(0.0, best - 0.01)):
        assert likelihood(best) >= likelihood(near) - 1e-9


def test_a_wrong_confidence_is_told():
    with pytest.raises(EvidenceError, match="confidence"):
        heterogeneity([0.1, 0.2], [0.1, 0.1], confidence=95)
