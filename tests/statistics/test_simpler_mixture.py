import numpy as np
import pytest

from sciatrial.statistics.normal_mixture import NormalMixture
from sciatrial.statistics.simpler_mixture import CLOSE_ENOUGH, fewer_components


def over_spreads(scale):
    """Return a mixture as a predictive over heterogeneity is one: half-normal spreads about one mean."""
    tau = (np.arange(200) + 0.5) / 200 * 4 * scale
    weights = np.exp(-0.5 * (tau / scale) ** 2)
    return NormalMixture(tuple((weights / weights.sum()).tolist()), (-30.0,) * 200, tuple(np.hypot(3, tau).tolist()))


def test_few_normals_keep_the_moments_and_lose_little():
    whole = over_spreads(10)
    found = fewer_components(whole)
    assert len(found.mixture.weights) <= 4
    assert found.divergence < CLOSE_ENOUGH
    assert found.mixture.mean == pytest.approx(whole.mean, abs=1e-6)
    assert found.mixture.sd == pytest.approx(whole.sd, rel=1e-6)
    for share in (0.025, 0.2, 0.5, 0.9):
        assert whole.below(found.mixture.quantile(share)) == pytest.approx(share, abs=0.005)


def test_the_divergence_is_that_of_the_two_densities():
    whole = over_spreads(10)
    found = fewer_components(whole)
    grid = np.linspace(-250, 190, 20_001)
    density = whole.density(grid)
    by_sum = (density * (whole.log_density(grid) - found.mixture.log_density(grid))).sum() * (grid[1] - grid[0])
    assert found.divergence == pytest.approx(by_sum, abs=1e-6)


def test_what_is_nearly_normal_becomes_one_normal():
    assert len(fewer_components(over_spreads(0.2)).mixture.weights) == 1


def test_a_mixture_of_few_components_stays_as_it_is():
    few = NormalMixture((0.5, 0.5), (0.0, 9.0), (1.0, 1.0))
    assert fewer_components(few).mixture is few
    assert fewer_components(few).divergence == 0
