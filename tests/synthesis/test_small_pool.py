"""The exact sum against brute force, and against what it must be at the ends."""

import numpy as np
import pytest
from scipy import stats

from sciatrial.foundation import EvidenceError
from sciatrial.synthesis.small_pool import SmallPoolPrior, pool_small


def by_brute_force(y, v, prior, n=400_000):
    """Return posterior draws by weighting draws of the prior: another way to the same posterior."""
    generator = np.random.default_rng(5)
    mean = generator.normal(prior.mean, prior.sd, n)
    tau = np.abs(generator.normal(0, prior.tau_scale, n))
    total = np.asarray(v)[:, None] + tau**2
    log_weight = stats.norm.logpdf(np.asarray(y)[:, None], mean, np.sqrt(total)).sum(axis=0)
    weight = np.exp(log_weight - log_weight.max())
    new = generator.normal(mean, tau)
    return mean, tau, new, weight / weight.sum()


def quantile(values, weight, level):
    order = np.argsort(values)
    return np.interp(level, np.cumsum(weight[order]), values[order])


@pytest.mark.parametrize(
    ("y", "v"), [([-5.0], [250.0]), ([-12.0, 4.0], [60.0, 40.0]), ([-20.0, -8.0, -15.0], [90.0, 30.0, 55.0])]
)
def test_the_sum_is_that_of_weighted_draws_of_the_prior(y, v):
    prior = SmallPoolPrior(sd=50.0)
    made = pool_small(y, v, prior=prior)
    mean, tau, new, weight = by_brute_force(y, v, prior)
    for found, values, level in [
        (made.median, mean, 0.5), (made.low, mean, 0.025), (made.high, mean, 0.975), (made.new_low, new, 0.025),
        (made.new_high, new, 0.975), (made.tau_median, tau, 0.5), (made.tau_high, tau, 0.975),
    ]:  # fmt: skip
        assert found == pytest.approx(quantile(values, weight, level), abs=0.6)
    assert made.below_zero == pytest.approx(weight[mean < 0].sum(), abs=0.005)
    assert made.below(-10, of_new_trial=True) == pytest.approx(weight[new < -10].sum(), abs=0.005)


def test_without_a_spread_and_with_a_wide_prior_it_is_the_common_effect():
    made = pool_small([-10.0, -2.0], [25.0, 16.0], prior=SmallPoolPrior(tau_scale=1e-4))
    weights = np.array([1 / 25, 1 / 16])
    assert made.median == pytest.approx(weights @ [-10, -2] / weights.sum(), abs=1e-3)
    assert made.high - made.low == pytest.approx(2 * 1.96 * weights.sum() ** -0.5, rel=2e-3)


def test_a_new_trial_is_less_certain_than_the_mean():
    made = pool_small([-10.0, -2.0], [25.0, 16.0])
    assert made.new_low < made.low < made.median < made.high < made.new_high


def test_a_larger_spread_pulls_less_to_the_trial_and_widens(evidence):
    narrow, wide = (pool_small([-10.0], [25.0], prior=SmallPoolPrior(tau_scale=scale)) for scale in (2.0, 20.0))
    assert wide.high - wide.low > narrow.high - narrow.low


@pytest.mark.parametrize(("y", "v"), [([], []), ([1.0], [0.0]), ([1.0, 2.0], [1.0]), ([np.nan], [1.0])])
def test_what_cannot_be_pooled_is_an_error(y, v):
    with pytest.raises(EvidenceError, match="variances above 0"):
        pool_small(y, v)


def test_the_normals_of_a_new_trial_mix_to_its_interval():
    made = pool_small([-20.0, -8.0, -15.0], [90.0, 30.0, 55.0])
    weights, means, sds = (np.array(part) for part in made.of_new_trial())
    assert weights.sum() == pytest.approx(1)
    for end, level in ((made.new_low, 0.025), (made.new_high, 0.975)):
        assert weights @ stats.norm.cdf(end, means, sds) == pytest.approx(level, abs=1e-4)
