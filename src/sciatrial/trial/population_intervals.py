"""What combined stages say of full population and subgroup at once: the simultaneous interval of each effect."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, nan

import numpy as np
from numpy.typing import NDArray

from sciatrial.statistics import GroupSequentialDesign, PopulationTest, normal_of_t, single_step_z
from sciatrial.trial.arm_intervals import crossing

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PopulationStages:
    """The tests of each stage's own patients; dims ``look, population`` but of `correlations`, ``look``.

    Attributes
    ----------
    benefit, standard_error, degrees_of_freedom
        Effect, positive in favour of the arm; NaN where a population is not there.
    z
        Normal statistic of the same p value.
    correlations
        Of the two statistics; NaN where one of them is not there.
    """

    benefit: Floats
    standard_error: Floats
    degrees_of_freedom: Floats
    z: Floats
    correlations: Floats


def population_interval(
    bounds: GroupSequentialDesign, stages: PopulationStages, population: int, look: int, test: PopulationTest
) -> tuple[float, float]:
    """Return the repeated interval of a population's benefit that covers for both at once, by a look counted from 0.

    The single-step interval: a population's own stages, each with the p value that the larger of the two would have,
    are combined for every benefit that might be true. It holds with probability 1 - 2 alpha or more for both together,
    whatever the looks select, and is wider than the closed test: it may hold 0 where the population is shown.

    Returns
    -------
    tuple
        Lower and upper end; NaN where the bound is infinite, or a stage could not be analysed; infinite where no
        benefit however far off is excluded, as with an early bound and a degree of freedom or two.

    Source
    ------
    Posch and others (2005), Statistics in Medicine 24, 3697-3714.
    """
    bound = bounds.efficacy_z[look]
    so_far = slice(look + 1)
    benefit, error, freedom = (
        values[so_far, population] for values in (stages.benefit, stages.standard_error, stages.degrees_of_freedom)
    )
    if not isfinite(bound) or not np.isfinite(benefit).all():
        return nan, nan
    rates = np.array(bounds.information_rates[so_far])
    weights = np.sqrt(np.diff(rates, prepend=0.0) / rates[-1])

    def z_of(statistic: Floats) -> float:
        """Return the combined z with the p values that statistics of one population have as the larger."""
        return float(weights @ single_step_z(normal_of_t(statistic, freedom), stages.correlations[so_far], test))

    middle = float(benefit @ (1 / error**2) / (1 / error**2).sum())
    low = crossing(lambda true: z_of((benefit - true) / error) - bound, (middle, middle), error)
    high = -crossing(lambda true: z_of((-true - benefit) / error) - bound, (-middle, -middle), error)
    return low, high
