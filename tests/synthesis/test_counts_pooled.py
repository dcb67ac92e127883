"""Pooling counts: laws and edges. Numbers: tests/truth/other_statistics."""

import numpy as np
import pytest
from scipy import integrate, stats

from sciatrial.foundation import EvidenceError
from sciatrial.synthesis import ArmCounts, EffectMeasure, mantel_haenszel, pool_binomial_normal, pool_peto
from sciatrial.synthesis.counts_pooled import _climb, _likelihood

TREATED, CONTROL = ArmCounts([1, 0, 9, 4], [30, 25, 40, 20]), ArmCounts([4, 2, 8, 9], [30, 30, 41, 22])
COUNTS = tuple(np.asarray(x, float) for x in (TREATED.events, TREATED.total, CONTROL.events, CONTROL.total))


@pytest.mark.parametrize("pool", [mantel_haenszel, pool_peto, pool_binomial_normal])
def test_swapping_arms_turns_the_sign(pool):
    there, back = pool(TREATED, CONTROL), pool(CONTROL, TREATED)
    assert there.estimate == pytest.approx(-back.estimate, abs=1e-8)
    assert there.standard_error == pytest.approx(back.standard_error, rel=1e-6)


@pytest.mark.parametrize("pool", [mantel_haenszel, pool_peto, pool_binomial_normal])
def test_a_study_without_events_changes_no_odds_ratio(pool):
    more = ArmCounts([*TREATED.events, 0], [*TREATED.total, 50]), ArmCounts([*CONTROL.events, 0], [*CONTROL.total, 50])
    plain, found = pool(TREATED, CONTROL), pool(*more)
    assert found.estimate == pytest.approx(plain.estimate, abs=1e-8)
    assert found.standard_error == pytest.approx(plain.standard_error, rel=1e-8)
    assert "say nothing" in found.note


def test_the_likelihood_of_the_mixed_model_equals_plain_integration():
    point = np.array([-2.0, -2.5, -1.0, -0.8, -0.5, 0.7])
    value, _, _ = _likelihood(point, COUNTS)
    total = 0.0
    for i in range(4):

        def density(u, i=i):
            shift = (point[4] + u) / 2
            p, q = 1 / (1 + np.exp(-point[i] - shift)), 1 / (1 + np.exp(-point[i] + shift))
            both = stats.binom.pmf(COUNTS[0][i], COUNTS[1][i], p) * stats.binom.pmf(COUNTS[2][i], COUNTS[3][i], q)
            return both * stats.norm.pdf(u, 0, point[5])

        total += np.log(integrate.quad(density, -8, 8, epsabs=0, epsrel=1e-11)[0])
    assert value == pytest.approx(total, abs=1e-9)


def test_slope_and_information_equal_differences_of_the_likelihood():
    point = np.array([-2.0, -2.5, -1.0, -0.8, -0.5, 0.7])
    _, slope, information = _likelihood(point, COUNTS)
    for place in range(6):
        step = np.zeros(6)
        step[place] = 1e-5
        up, down = _likelihood(point + step, COUNTS), _likelihood(point - step, COUNTS)
        assert slope[place] == pytest.approx((up[0] - down[0]) / 2e-5, abs=1e-7)
        np.testing.assert_allclose(information[place], -(up[1] - down[1]) / 2e-5, atol=1e-6)


def test_the_maximum_has_no_slope():
    start = np.array([-2.0, -2.5, -1.0, -0.8, 0.0, 0.5])
    point, _, _ = _climb(start, COUNTS, common=False)
    assert np.abs(_likelihood(point, COUNTS)[1]).max() < 1e-7


def test_an_arm_without_any_event_is_told_with_the_remedy():
    for pool in (mantel_haenszel, pool_binomial_normal):
        with pytest.raises(EvidenceError, match="rare_effect"):
            pool(ArmCounts([0, 0], [20, 30]), ArmCounts([1, 2], [20, 30]))


def test_mantel_haenszel_of_another_measure_is_refused():
    with pytest.raises(EvidenceError, match="OR, RR or RD"):
        mantel_haenszel(TREATED, CONTROL, EffectMeasure.PETO)
