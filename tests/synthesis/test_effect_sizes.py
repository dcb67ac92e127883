"""Effect sizes: laws and edges. Numbers: tests/truth/other_statistics."""

import numpy as np
import pytest

from sciatrial.foundation import EvidenceError
from sciatrial.synthesis import ArmCounts, ArmMeans, DoubleZero, EffectMeasure, effect_sizes

M = EffectMeasure


@pytest.mark.parametrize("measure", [M.OR, M.RR, M.RD, M.PETO])
def test_swapping_arms_turns_the_sign(measure):
    one, two = ArmCounts([3, 0, 9], [20, 30, 40]), ArmCounts([5, 2, 9], [25, 30, 33])
    there, back = effect_sizes(measure, one, two), effect_sizes(measure, two, one)
    np.testing.assert_allclose(there.estimates, -back.estimates)
    np.testing.assert_allclose(there.variances, back.variances)


def test_the_correction_touches_only_studies_with_an_empty_cell():
    arms = ArmCounts([3, 0], [20, 30]), ArmCounts([5, 2], [25, 30])
    usual, more = effect_sizes(M.OR, *arms), effect_sizes(M.OR, *arms, continuity=0.1)
    assert usual.estimates[0] == more.estimates[0] == pytest.approx(np.log(3 * 20 / (17 * 5)))
    assert usual.estimates[1] == pytest.approx(np.log(0.5 * 28.5 / (30.5 * 2.5)))
    assert usual.estimates[1] != more.estimates[1]


def test_without_correction_an_empty_cell_has_no_odds_ratio():
    found = effect_sizes(M.OR, ArmCounts([0], [20]), ArmCounts([2], [20]), continuity=0)
    assert np.isnan(found.estimates[0])


def test_a_study_without_events_is_flagged_and_can_be_dropped():
    arms = ArmCounts([0, 1], [20, 30]), ArmCounts([0, 2], [25, 30])
    kept = effect_sizes(M.RR, *arms)
    assert kept.is_informative.tolist() == [False, True]
    assert np.isfinite(kept.estimates).all()
    assert np.isnan(effect_sizes(M.RR, *arms, double_zero=DoubleZero.DROP).estimates).tolist() == [True, False]


def test_hedges_g_is_smaller_than_the_plain_ratio():
    arms = ArmMeans([10.0], [2.0], [6]), ArmMeans([8.0], [2.0], [6])
    assert 0.9 < effect_sizes(M.SMD, *arms).estimates[0] < 1.0


@pytest.mark.parametrize(
    ("measure", "arms"),
    [
        (M.OR, (ArmMeans([1], [1], [5]), ArmMeans([1], [1], [5]))),
        (M.OR, (ArmCounts([1], [5]), None)),
        (M.OR, (ArmCounts([6], [5]), ArmCounts([1], [5]))),
        (M.MD, (ArmMeans([1], [0], [5]), ArmMeans([1], [1], [5]))),
        (M.ROM, (ArmMeans([1], [1], [5]), ArmMeans([-1], [1], [5]))),
        ("XX", (ArmCounts([1], [5]), ArmCounts([1], [5]))),
    ],
)
def test_what_cannot_be_computed_is_told(measure, arms):
    with pytest.raises(EvidenceError, match="next"):
        effect_sizes(measure, *arms)
