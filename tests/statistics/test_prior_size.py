import numpy as np
import pytest

from sciatrial.statistics.normal_mixture import NormalMixture
from sciatrial.statistics.prior_size import information_size, moment_size

ONE = NormalMixture((1.0,), (-30.0,), (4.0,))


def test_a_normal_prior_is_worth_the_patients_that_it_stands_for():
    assert information_size(ONE, 20) == pytest.approx(25)
    assert moment_size(ONE, 20) == pytest.approx(25)


def test_a_vague_part_makes_a_prior_worth_less_and_its_variance_says_least():
    robust = ONE.with_vague_part(0.2, -30.0, 20.0)
    assert 1 < information_size(robust, 20) < 25
    assert moment_size(robust, 20) < information_size(robust, 20)
    assert information_size(ONE.with_vague_part(0.9999, -30.0, 20.0), 20) == pytest.approx(1, abs=0.01)


def test_patients_that_come_are_added_on_average():
    """Predictive consistency: the size after n patients is the prior's size and n, averaged over what may be seen."""
    prior, n, patient_sd = ONE.with_vague_part(0.3, -30.0, 20.0), 10, 20.0
    error = patient_sd / np.sqrt(n)
    predictive = NormalMixture(prior.weights, prior.means, tuple(float(np.hypot(sd, error)) for sd in prior.sds))
    points, steps = predictive.nodes()
    points, mass = points[::7], (steps * predictive.density(points))[::7]
    after = np.array([information_size(prior.given(point, error), patient_sd) for point in points])
    assert mass @ after / mass.sum() - n == pytest.approx(information_size(prior, patient_sd), abs=0.2)
