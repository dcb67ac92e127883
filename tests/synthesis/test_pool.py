"""Pooled effects: laws and edges. Numbers: tests/truth/other_statistics."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sciatrial.foundation import EvidenceError
from sciatrial.synthesis import PredictionKind, TauMethod, Test, pool_effects, pool_many, predict_effect
from tests.synthesis.test_heterogeneity import made, seeds

HK = Test.HARTUNG_KNAPP


@pytest.mark.parametrize("test", Test)
@settings(max_examples=25, deadline=None)
@given(seed=seeds, shift=st.floats(-3, 3), factor=st.floats(0.1, 10))
def test_shift_and_scale_pass_through_to_the_interval(test, seed, shift, factor):
    y, v = made(seed)
    plain = pool_effects(y, v, test=test)
    moved = pool_effects(y * factor + shift, v * factor**2, test=test)
    near = {"rtol": 1e-5, "atol": 1e-6 * factor}
    np.testing.assert_allclose(moved.coefficients, plain.coefficients * factor + shift, **near)
    np.testing.assert_allclose(moved.low, plain.low * factor + shift, **near)
    np.testing.assert_allclose(moved.p_values.shape, plain.p_values.shape)


@pytest.mark.parametrize("method", [TauMethod.EE, TauMethod.REML, TauMethod.ML])
@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_a_study_of_huge_variance_changes_nothing(method, seed):
    y, v = made(seed)
    plain, more = pool_effects(y, v, method=method), pool_effects([*y, 7.0], [*v, 1e12], method=method)
    assert more.estimate == pytest.approx(plain.estimate, rel=1e-5, abs=1e-6)
    assert more.standard_error == pytest.approx(plain.standard_error, rel=1e-5)


def test_one_study_is_its_own_estimate_with_a_normal_interval():
    found = pool_effects([0.7], [0.04], test=HK)
    assert found.estimate == 0.7
    assert found.low[0] == pytest.approx(0.7 - 1.959964 * 0.2, abs=1e-6)
    assert any("heterogeneity cannot" in note for note in found.notes)
    assert np.isnan(found.tau2_low)


def test_two_studies_have_no_prediction_interval_by_t_of_k_less_two():
    found = pool_effects([0.7, 0.1], [0.04, 0.05])
    p = predict_effect(found, kind=PredictionKind.HIGGINS_THOMPSON_SPIEGELHALTER)
    assert np.isnan(p.prediction_low)
    assert "2 studies" in p.why_not
    assert np.isnan(found.hts_low)


def test_the_truncated_test_is_never_narrower_than_the_normal_standard_error():
    y, v = [0.5, 0.51, 0.49, 0.5], [0.1, 0.1, 0.1, 0.1]
    plain = pool_effects(y, v)
    assert pool_effects(y, v, test=HK).standard_error < plain.standard_error
    truncated = pool_effects(y, v, test=Test.HARTUNG_KNAPP_TRUNCATED)
    assert truncated.standard_error == pytest.approx(plain.standard_error)


def test_a_dummy_moderator_is_the_difference_of_two_pools():
    y, v = np.array([0.1, 0.2, 0.3, 0.9, 1.0]), np.full(5, 0.1)
    found = pool_effects(y, v, moderators=[0, 0, 0, 1, 1], method=TauMethod.EE)
    assert found.coefficients == pytest.approx([0.2, 0.75])
    assert found.qm == pytest.approx((0.75 / found.standard_errors[1]) ** 2)


def test_missing_studies_are_left_out_of_one_pool():
    assert pool_effects([0.1, np.nan, 0.3], [0.1, 0.1, 0.1]).n_studies == 2


def test_many_may_go_without_intervals_of_tau2():
    y, v = made(1)
    assert np.isnan(pool_many(y, v, intervals=False).heterogeneity.tau2_low).all()


def test_a_prediction_needs_its_moderators():
    y, v = made(2)
    found = pool_effects(y, v, moderators=np.arange(len(y)))
    with pytest.raises(EvidenceError, match="one for each moderator"):
        predict_effect(found)
    inside = predict_effect(found, [1.0])
    assert inside.prediction_low <= inside.low < inside.estimate < inside.high <= inside.prediction_high


def test_two_rows_are_not_one_data_set():
    with pytest.raises(EvidenceError, match="pool_many"):
        pool_effects([[0.1, 0.2]], [[0.1, 0.2]])
