"""A comparison of few virtual patients with published ones, made once for all tests that read or draw one."""

from dataclasses import replace
from functools import cache

from sciatrial.calibration import posterior_population, reference_posterior
from sciatrial.evidence import read_evidence


@cache
def small_comparison():
    """Return a comparison of the posterior that ships, of two draws of few patients: the path, not the numbers."""
    return posterior_population(reference_posterior(), read_evidence(), n_patients=60, n_draws=2, seed=3)


def compared_with(posterior):
    """Return it as if it were of another posterior."""
    made = small_comparison()
    return replace(made, made_with={**made.made_with, "posterior": posterior.fingerprint()})
