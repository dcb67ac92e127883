from dataclasses import replace

import numpy as np
import pytest

from sciatrial.synthesis import Diagnostics
from sciatrial.synthesis.sampling import diagnose, error_of_mean, error_of_quantile

GOOD = Diagnostics(0, 1.0, "effect[a]", 1000.0, 900.0, "effect[b]", 1.0, 4, 1000, 1.0, 1)


def draws(seed, shift=0.0):
    values = np.random.default_rng(seed).standard_normal((4, 500, 2))
    values[0] += shift
    return values


def judged(values):
    n = values.shape[:2]
    return diagnose({"effect": values}, np.zeros(n, bool), np.empty((4, 0)), names={"effect": ("a", "b")})


def test_independent_draws_converge():
    assert judged(draws(1)).converged


def test_a_chain_that_lies_elsewhere_is_named():
    values = draws(1)
    values[0, :, 1] += 3
    found = judged(values)
    assert not found.converged
    assert found.headline().startswith("NOT CONVERGED: R-hat of effect[b]")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"worst_r_hat": 1.02}, "R-hat"),
        ({"least_tail_ess": 300.0}, "effective sample of effect[b]"),
        ({"divergences": 10}, "diverged"),
        ({"least_e_bfmi": 0.1}, "E-BFMI"),
    ],
)
def test_each_threshold_speaks(change, word):
    assert GOOD.converged
    assert word in " ".join(replace(GOOD, **change).why_not)


def test_the_error_of_a_mean_of_independent_draws_is_known():
    values = draws(2)[:, :, 0]
    assert error_of_mean(values) == pytest.approx(1 / np.sqrt(2000), rel=0.15)
    assert error_of_quantile(values, 0.5) == pytest.approx(1.2533 / np.sqrt(2000), rel=0.3)
