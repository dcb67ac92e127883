"""Fits that several tests read; each is made once."""

import pytest

from sciatrial.synthesis import NetworkPriors, Sampler, fit_dose_response, fit_network

from .simulated import doses, event_arms, normal_arms

QUICK = Sampler(seed=5, n_warmup=300, n_draws=400, again=0)


@pytest.fixture(scope="session")
def random_network():
    return fit_network(normal_arms(), reference="usual", sampler=QUICK, priors=NetworkPriors(heterogeneity_scale=5))


@pytest.fixture(scope="session")
def event_network():
    from sciatrial.synthesis import Effects

    return fit_network(event_arms(), reference="usual", sampler=QUICK, effects=Effects.COMMON)


@pytest.fixture(scope="session")
def dose_network():
    from sciatrial.synthesis import Effects

    return fit_dose_response(doses(), reference="placebo", sampler=QUICK, effects=Effects.COMMON)
