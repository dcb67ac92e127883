import numpy as np
import pytest

from sciatrial.foundation import TrialError
from sciatrial.statistics.borrowed_control import (
    ArmErrors,
    borrowed_difference,
    success_by_drift,
    success_without_prior,
)
from sciatrial.statistics.normal_mixture import NormalMixture

PRIOR = NormalMixture((0.5, 0.3, 0.2), (10.0, 10.0, 10.0), (3.0, 9.0, 28.0))
ERRORS = ArmErrors(9.0, 6.25, 1.5)
FLAT = NormalMixture((1.0,), (10.0,), (1e6,))


def test_a_prior_without_information_gives_the_plain_difference():
    benefit, control = borrowed_difference(FLAT, 12.0, 18.0, ERRORS)
    assert benefit.mean == pytest.approx(6)
    assert benefit.sd**2 == pytest.approx(ERRORS.of_difference)
    assert control.mean == pytest.approx(12)


def test_correlated_errors_move_the_other_arm_too():
    """Against draws: the control's posterior, and the arm's mean given the control's."""
    benefit, control = borrowed_difference(PRIOR, 2.0, 9.0, ERRORS)
    generator = np.random.default_rng(3)
    draws = 400_000
    part = generator.choice(3, draws, p=control.weights)
    true = generator.normal(np.array(control.means)[part], np.array(control.sds)[part])
    arm = generator.normal(9 + ERRORS.slope * (true - 2), ERRORS.left**0.5)
    assert benefit.mean == pytest.approx((arm - true).mean(), abs=0.03)
    assert benefit.sd == pytest.approx((arm - true).std(), abs=0.03)
    assert 1 - benefit.below(0.0) == pytest.approx((arm > true).mean(), abs=0.003)


def test_error_by_drift_is_that_of_simulated_trials():
    generator = np.random.default_rng(11)
    covariance = np.array([[9.0, 1.5], [1.5, 6.25]])
    for drift, effect in ((0.0, 0.0), (-8.0, 0.0), (6.0, 0.0), (0.0, 9.0)):
        n = 1200
        seen = generator.multivariate_normal([10 + drift, 10 + drift + effect], covariance, n)
        shown = sum(borrowed_difference(PRIOR, a, b, ERRORS)[0].below(0.0) < 0.025 for a, b in seen) / n
        expected = success_by_drift(PRIOR, ERRORS, drift, effect=effect)[0]
        assert shown == pytest.approx(expected, abs=3.5 * (expected * (1 - expected) / n) ** 0.5)


def test_without_information_the_error_is_the_nominal_one_wherever_the_control_is():
    drifts = [-300.0, 0.0, 40.0]
    assert success_by_drift(FLAT, ERRORS, drifts) == pytest.approx([0.025] * 3, abs=1e-5)
    power = success_without_prior(ERRORS, effect=9)
    assert success_by_drift(FLAT, ERRORS, drifts, effect=9) == pytest.approx([power] * 3, abs=1e-4)
    assert success_without_prior(ERRORS) == pytest.approx(0.025)


def test_a_wide_vague_part_returns_to_no_borrowing_far_away_and_a_prior_alone_does_not():
    informative = NormalMixture((1.0,), (10.0,), (3.0,))
    robust = informative.with_vague_part(0.2, 10.0, 1e4)
    far = [-80.0, 80.0]
    assert success_by_drift(robust, ERRORS, far) == pytest.approx([0.025] * 2, abs=1e-4)
    alone = success_by_drift(informative, ERRORS, far)
    assert alone[0] < 1e-6
    assert alone[1] > 0.999


def test_the_quadrature_has_converged():
    drifts = np.linspace(-40, 40, 17)
    once, twice = (success_by_drift(PRIOR, ERRORS, drifts, nodes=nodes) for nodes in (200, 400))
    assert once == pytest.approx(twice, abs=1e-12)


def test_what_is_no_covariance_is_refused():
    with pytest.raises(TrialError, match="covariance 8"):
        ArmErrors(9.0, 6.25, 8.0)
    with pytest.raises(TrialError, match="variances 0"):
        ArmErrors(0.0, 6.25)
