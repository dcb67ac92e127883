"""Mixed models: ties to simpler models, and edges. Numbers: tests/truth/other_statistics."""

import numpy as np
import pytest

from sciatrial.foundation import EvidenceError
from sciatrial.synthesis import (
    Nested,
    TauMethod,
    Unstructured,
    WithinStudy,
    joint_test,
    pool_effects,
    pool_multilevel,
    profile_interval,
)
from sciatrial.synthesis.multilevel import _minus_log_likelihood
from tests.synthesis.test_heterogeneity import made


@pytest.mark.parametrize("method", [TauMethod.REML, TauMethod.ML])
def test_one_effect_a_study_is_the_pairwise_model(method):
    y, v = made(8, 9)
    plain, found = pool_effects(y, v, method=method), pool_multilevel(y, v, [Nested("tau2", range(9))], method=method)
    assert found.components["tau2"] == pytest.approx(plain.tau2, rel=1e-5, abs=1e-7)
    assert found.coefficients[0] == pytest.approx(plain.estimate, rel=1e-6)
    assert found.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-7)
    assert found.q == pytest.approx(plain.q)


def test_slopes_of_the_likelihood_equal_differences():
    y, v = made(3, 8)
    terms = [Nested("outer", [0, 0, 1, 1, 2, 2, 3, 3]), Unstructured("t", [0, 0, 1, 1, 2, 2, 3, 3], "abababab")]
    model = pool_multilevel(y, v, terms).problem
    roots = np.array([0.4, 0.5, 0.2, 0.3])
    slope = _minus_log_likelihood(roots, model)[1]
    for place in range(4):
        step = np.eye(4)[place] * 1e-6
        near = (_minus_log_likelihood(roots + step, model)[0] - _minus_log_likelihood(roots - step, model)[0]) / 2e-6
        assert slope[place] == pytest.approx(near, abs=1e-6)


def test_a_profile_interval_holds_its_estimate():
    y, v = made(11, 12)
    found = pool_multilevel(y, v, [Nested("tau2", range(12))])
    low, high = profile_interval(found, "tau2")
    assert low <= found.components["tau2"] < high
    with pytest.raises(EvidenceError, match="one of tau2"):
        profile_interval(found, "sigma")


def test_the_joint_test_of_one_coefficient_is_its_square():
    y, v = made(12, 9)
    found = pool_multilevel(y, v, [Nested("tau2", range(9))], moderators=np.arange(9.0))
    assert joint_test(found, [1])[0] == pytest.approx(found.statistics[1] ** 2)
    assert found.qm == pytest.approx(found.statistics[1] ** 2)


def test_without_random_effects_it_is_generalised_least_squares():
    v = np.array([[0.2, 0.1, 0], [0.1, 0.3, 0], [0, 0, 0.4]])
    found = pool_multilevel([1.0, 2.0, 0.5], v, [], method=TauMethod.EE)
    w = np.linalg.inv(v)
    assert found.coefficients[0] == pytest.approx((w @ [1.0, 2.0, 0.5]).sum() / w.sum())
    assert found.components == {}


def test_all_problems_are_told():
    with pytest.raises(EvidenceError) as error:
        pool_multilevel(
            [1.0, 2.0], [[0.1, 0.2], [0.2, 0.1]], [Nested("a", [1, 2, 3]), Nested("b", [1, 2]), Nested("b", [1, 2])],
            method=TauMethod.DL,
        )  # fmt: skip
    assert len(error.value.problems) == 4


def test_treatments_within_a_study_share_half_their_variance():
    found = pool_multilevel([1.0, 0.2, 0.4, 0.9], [0.1] * 4, [WithinStudy("tau2", [1, 1, 2, 2], "abab")])
    np.testing.assert_allclose(found.problem.matrices[0][:2, :2], [[1, 0.5], [0.5, 1]])
