"""A mixture of many normals → one of a few, that can be written into a protocol, and how much is lost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sciatrial.statistics.normal_mixture import Floats, NormalMixture

# nats: a density whose logarithm is off by some 4 % (root mean square)
CLOSE_ENOUGH = 0.001
_MOST_COMPONENTS = 4
_MOST_STEPS = 3000
_SETTLED = 1e-8


@dataclass(frozen=True)
class FewerComponents:
    """A mixture with few components.

    Attributes
    ----------
    mixture
        Mean and standard deviation are those of the first mixture.
    divergence
        Kullback-Leibler divergence of it from the first one, in nats; 0 where they are the same.
    """

    mixture: NormalMixture
    divergence: float


def fewer_components(whole: NormalMixture) -> FewerComponents:
    """Return the mixture with the fewest components, at most four, that is within 0.001 nats of a larger one.

    By expectation and maximisation on the points of a quadrature, so without any sample; a mixture with at most four
    components is returned as it is.
    """
    if len(whole.weights) <= _MOST_COMPONENTS:
        return FewerComponents(whole, 0.0)
    points, steps = whole.nodes()
    mass = steps * whole.density(points)
    points, mass = points[mass > 0], mass[mass > 0] / mass.sum()
    target = whole.log_density(points)
    found = FewerComponents(NormalMixture((1.0,), (whole.mean,), (whole.sd,)), np.inf)
    for count in range(1, _MOST_COMPONENTS + 1):
        found = _climbed(whole, count, points, mass, target)
        if found.divergence < CLOSE_ENOUGH:
            break
    return found


def _climbed(whole: NormalMixture, count: int, points: Floats, mass: Floats, target: Floats) -> FewerComponents:
    """Return the mixture of `count` components to which expectation and maximisation climbs."""
    # the components differ in width about one middle, as a predictive over heterogeneity does
    sds = whole.sd * np.geomspace(0.5, 1.6, count) if count > 1 else np.array([whole.sd])
    weights, means = np.full(count, 1 / count), np.full(count, whole.mean)
    before, divergence = np.inf, np.inf
    for _ in range(_MOST_STEPS):
        each = np.log(weights / (sds * np.sqrt(2 * np.pi))) - np.square((points[:, None] - means) / sds) / 2
        # far out no component has a density that a number holds, but its logarithm has
        top = each.max(axis=1)
        share = np.exp(each - top[:, None])
        sums = share.sum(axis=1)
        divergence = float(mass @ (target - top - np.log(sums)))
        if abs(before - divergence) < _SETTLED:
            break
        before = divergence
        share *= (mass / sums)[:, None]
        weights = share.sum(axis=0)
        means = points @ share / weights
        sds = np.sqrt((share * np.square(points[:, None] - means)).sum(axis=0) / weights)
    weights = weights / weights.sum()
    found = NormalMixture(tuple(weights.tolist()), tuple(means.tolist()), tuple(sds.tolist()))
    return FewerComponents(found, max(divergence, 0.0))
