"""Rare events: exact pieces against scipy, quadrature against a plain fine grid."""

import numpy as np
import pytest
from scipy import stats

from sciatrial.foundation import EvidenceError
from sciatrial.synthesis import (
    ArmCounts,
    RarePrior,
    RateModel,
    conditional_log_likelihood,
    exact_rate,
    rare_effect,
    rare_rate,
)

TREATED, CONTROL = ArmCounts([0, 1, 0, 2], [50, 50, 40, 60]), ArmCounts([2, 3, 0, 1], [50, 50, 40, 60])


def test_no_event_in_n_has_the_exact_upper_end():
    low, high = exact_rate([0, 12], [12, 12])
    assert (low[0], high[1]) == (0, 1)
    assert high[0] == pytest.approx(1 - 0.025 ** (1 / 12))
    assert low[1] == pytest.approx(0.025 ** (1 / 12))


def test_the_conditional_likelihood_is_fishers_noncentral_hypergeometric_law():
    for theta in (-1.5, 0.0, 2.0):
        law = stats.nchypergeom_fisher(90, 40, 7, np.exp(theta))
        assert conditional_log_likelihood(theta, 3, 40, 4, 50) == pytest.approx(law.logpmf(3), abs=1e-10)


def test_a_study_without_events_says_nothing_whatever_the_odds_ratio():
    np.testing.assert_allclose(conditional_log_likelihood(np.array([-3.0, 0, 3]), 0, 40, 0, 50), 0, atol=1e-12)


def test_the_posterior_equals_a_plain_fine_grid():
    found = rare_effect(TREATED, CONTROL)
    mean, tau = np.linspace(-7, 5, 400), (np.arange(300) + 0.5) / 300 * 2.5
    nodes, weights = np.polynomial.hermite_e.hermegauss(50)
    log = -((mean / 2) ** 2)[:, None] / 2 - (tau / 0.5) ** 2 / 2
    for cells in zip(TREATED.events, TREATED.total, CONTROL.events, CONTROL.total, strict=True):
        theta = mean[:, None, None] + tau[:, None] * nodes
        log = log + np.log(np.exp(conditional_log_likelihood(theta, *cells)) @ (weights / weights.sum()))
    mass = np.exp(log - log.max())
    mass /= mass.sum()
    average = mass.sum(axis=1) @ mean
    assert found.mean == pytest.approx(average, abs=1e-4)
    assert found.standard_deviation == pytest.approx(np.sqrt(mass.sum(axis=1) @ (mean - average) ** 2), abs=1e-4)
    assert found.tau_median == pytest.approx(np.interp(0.5, np.cumsum(mass.sum(axis=0)), tau + tau[0]), abs=1e-3)


def test_double_zero_studies_are_counted_out_and_said():
    found = rare_effect(TREATED, CONTROL)
    assert found.n_informative == 3
    assert "say nothing" in found.note
    rest = [0, 1, 3]
    fewer = rare_effect(*(ArmCounts(np.array(a.events)[rest], np.array(a.total)[rest]) for a in (TREATED, CONTROL)))
    assert fewer.median == pytest.approx(found.median, abs=1e-10)


def test_swapping_arms_turns_the_sign():
    there, back = rare_effect(TREATED, CONTROL), rare_effect(CONTROL, TREATED)
    assert there.median == pytest.approx(-back.median, abs=1e-6)
    assert there.below_zero == pytest.approx(1 - back.below_zero, abs=1e-6)


def test_no_event_anywhere_has_no_relative_effect():
    with pytest.raises(EvidenceError, match="exact_rate"):
        rare_effect(ArmCounts([0], [20]), ArmCounts([0], [20]))


@pytest.mark.parametrize("model", RateModel)
def test_a_large_study_fixes_its_rate(model):
    found = rare_rate([500, 500], [10_000, 10_000], model=model, prior=RarePrior(-3.0, 2.0, 0.02))
    assert found.median == pytest.approx(0.05, rel=0.02)
    assert found.low < 0.05 < found.high


@pytest.mark.parametrize("model", RateModel)
def test_no_event_leaves_a_rate_with_an_upper_end_and_a_note(model):
    found = rare_rate([0, 0], [20, 30], model=model)
    assert 0 < found.low < found.median < found.high < 0.2
    assert found.new_high >= found.high * 0.9
    assert "prior" in found.note


def test_counts_that_cannot_be_are_told():
    with pytest.raises(EvidenceError, match="cannot be"):
        rare_rate([5], [4])
