import math

import numpy as np
import pytest
from scipy.stats import binom, poisson

from sciatrial.foundation import TrialError
from sciatrial.statistics import (
    chance_to_exclude,
    patient_years_to_see,
    patients_to_see,
    upper_limit_of_rate,
    upper_limit_of_share,
)


@pytest.mark.parametrize("share", [0.2, 0.03, 0.001])
def test_one_event_is_seen_with_the_confidence_by_that_many_patients_and_not_by_fewer(share):
    n = patients_to_see(share)
    assert n == math.ceil(math.log(0.05) / math.log(1 - share))
    # the rule of three is a little more
    assert 0 <= 3 / share - n < 0.02 / share + 2


@pytest.mark.parametrize("k", [0, 1, 4])
def test_so_many_patients_exclude_the_share_with_one_event_fewer(k):
    n = patients_to_see(0.04, least_events=k + 1)
    assert upper_limit_of_share(k, n) <= 0.04 < upper_limit_of_share(k, n - 1)


def test_a_limit_leaves_so_few_events_the_rest_of_the_confidence():
    assert binom.cdf(3, 50, upper_limit_of_share(3, 50, confidence=0.9)) == pytest.approx(0.1)
    assert poisson.cdf(3, 50 * upper_limit_of_rate(3, 50.0, confidence=0.9)) == pytest.approx(0.1)
    assert upper_limit_of_share(4, 4) == 1.0


def test_years_to_see_an_event_exclude_its_rate():
    years = patient_years_to_see(0.002, least_events=3)
    assert upper_limit_of_rate(2, years) == pytest.approx(0.002)
    assert patient_years_to_see(0.002) == pytest.approx(-math.log(0.05) / 0.002)


def test_the_chance_to_exclude_is_how_often_simulated_trials_do():
    events = np.random.default_rng(1).binomial(300, 0.004, 20_000)
    excluded = [upper_limit_of_share(int(k), 300) <= 0.02 for k in range(20)]
    share = np.mean([excluded[k] for k in events])
    assert chance_to_exclude(300, 0.02, 0.004) == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 20_000))
    assert chance_to_exclude(20, 0.02, 0.0) == 0.0


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: patients_to_see(0.0), "share"),
        (lambda: patients_to_see(0.1, least_events=0), "least_events"),
        (lambda: patients_to_see(1e-12), "a share that a trial can see"),
        (lambda: patient_years_to_see(-1.0), "rate"),
        (lambda: patient_years_to_see(1.0, least_events=0), "least_events"),
        (lambda: upper_limit_of_share(3, 2), "3 of 2"),
        (lambda: upper_limit_of_rate(0, 0.0), "patient-years"),
        (lambda: chance_to_exclude(0, 0.1, 0.1), "true_share"),
        (lambda: upper_limit_of_share(0, 2, confidence=1.0), "confidence"),
    ],
)
def test_what_cannot_be_used_is_named(call, told):
    with pytest.raises(TrialError, match=told):
        call()
