"""The full population and a subgroup of it over several stages: closed tests of combined stages, one may be dropped.

Three hypotheses: of the full population, of the subgroup, and of both. The test of both has a p value in each stage
from those of the two that are still there; the inverse normal method combines stages with weights fixed beforehand.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri_exp, owens_t

from sciatrial.foundation import Problem
from sciatrial.statistics.closed_test import ClosedTests, IntersectionTest, combined_stages, intersection_z
from sciatrial.statistics.design import GroupSequentialDesign, Sides, refuse

Floats = NDArray[Any]
_POPULATIONS = 2  # the full one first
# logarithm of the largest p value that is turned into a z
_ALMOST_ONE = -1e-12


class PopulationTest(StrEnum):
    """How full population and subgroup together give one p value in a stage.

    ``spiessens_debois``: from the larger statistic and the correlation that the shared patients bring. ``bonferroni``,
    ``sidak`` and ``simes``: from the p values alone.
    """

    SPIESSENS_DEBOIS = "spiessens_debois"
    BONFERRONI = "bonferroni"
    SIDAK = "sidak"
    SIMES = "simes"


def larger_p_value(larger: ArrayLike, correlation: ArrayLike) -> Floats:
    """Return how often the larger of two standard normal statistics is this large or larger.

    Parameters
    ----------
    larger
        The larger statistic; any dims.
    correlation
        Of the two, 0 to 1; dims that broadcast.

    Source
    ------
    Owen (1956), Annals of Mathematical Statistics 27, 1075-1090 (the bivariate normal on its diagonal).
    """
    z, rho = np.asarray(larger, float), np.asarray(correlation, float)
    return ndtr(-z) + 2 * owens_t(z, np.sqrt((1 - rho) / (1 + rho)))


def single_step_z(z: ArrayLike, correlation: ArrayLike, test: PopulationTest) -> Floats:
    """Return the z of a population where it counts as the larger of the two; dims as given.

    Where the other one is not there (a correlation of NaN) it is the population's own. ``simes`` has no such step, and
    that of ``bonferroni`` is used, which is larger.
    """
    own, rho = np.broadcast_arrays(np.asarray(z, float), np.asarray(correlation, float))
    alone = np.isnan(rho)
    if test is PopulationTest.SPIESSENS_DEBOIS:
        p = larger_p_value(own, np.where(alone, 1.0, rho))
    elif test is PopulationTest.SIDAK:
        p = -np.expm1(2 * np.log1p(-np.minimum(ndtr(-own), 1 - 1e-15)))
    else:
        p = np.minimum(2 * ndtr(-own), 1.0)
    return np.where(alone, own, _z_of(p))


def population_tests(
    statistics: ArrayLike,
    design: GroupSequentialDesign,
    correlations: ArrayLike,
    *,
    test: PopulationTest = PopulationTest.SPIESSENS_DEBOIS,
) -> ClosedTests:
    """Test full population and subgroup of many trials by closed tests of the combined stages.

    Parameters
    ----------
    statistics
        Normal statistic of each in the patients of each stage alone, positive in favour of the arm, NaN from the look
        on at which it is no longer there; dims ``trial, look, population``, the full population first. Statistics of
        Student's t are turned into their normal equivalents before.
    design
        One-sided; its efficacy bounds are those of every hypothesis, its planned information weighs the stages.
    correlations
        Of the two statistics in each stage, 0 to 1: the root of the share of the full population's information that
        comes from the subgroup; dims ``look`` or ``trial, look``. Only ``spiessens_debois`` uses them, where both are
        there.
    test
        How both together are tested in a stage.

    Returns
    -------
    ClosedTests
        Intersections: the full population, the subgroup, both. Holds the familywise error of the design for any choice
        between the two, if later stages' patients are new.

    Raises
    ------
    TrialError
        Names every number that cannot be used.

    Source
    ------
    Brannath and others (2009), Statistics in Medicine 28, 1445-1463. Spiessens and Debois (2010), Contemporary Clinical
    Trials 31, 647-656. Jenkins, Stone and Jennison (2011), Pharmaceutical Statistics 10, 347-356.
    """
    z: Floats = np.asarray(statistics, float)
    problems = []
    if z.ndim != 3 or z.shape[1:] != (design.n_looks, _POPULATIONS):
        expected = f"dims trial, look, population, with {design.n_looks} looks and two populations"
        problems.append(Problem("statistics", f"shape {z.shape}", expected))
    elif np.isinf(z).any():
        problems.append(Problem("statistics", "infinite values", "finite numbers, NaN for what is not there"))
    if design.rules.sides is not Sides.ONE:
        problems.append(Problem("design", "two-sided", "one-sided", "a benefit is shown"))
    refuse("test of populations", problems)
    rho: Floats = np.asarray(correlations, float)
    if rho.shape not in (z.shape[1:2], z.shape[:2]):
        refuse("test of populations", [Problem("correlations", f"shape {rho.shape}", "dims look or trial, look")])
    rho = np.broadcast_to(rho, z.shape[:2])
    both = np.isfinite(z).all(axis=2)
    wrong = both & ~((rho >= 0) & (rho <= 1)) if test is PopulationTest.SPIESSENS_DEBOIS else np.zeros_like(both)
    if wrong.any():
        refuse("test of populations", [Problem("correlations", f"{rho[wrong][0]:g}", "0 to 1")])
    stages = [_of_stage(z[:, look], rho[:, look], test) for look in range(design.n_looks)]
    return combined_stages(np.stack(stages, axis=1), design, _POPULATIONS)


def power_at_the_last_bound(
    design: GroupSequentialDesign, look: int, combined_z: ArrayLike, z: ArrayLike, share_to_come: ArrayLike
) -> Floats:
    """Return the conditional power of the last look alone, if the observed effect is the true one.

    Parameters
    ----------
    design
        Its planned information weighs the stages.
    look
        Number of the interim look, from 1.
    combined_z, z
        Combined statistic of the stages so far, and that of all patients so far, from which the effect is taken; any
        dims.
    share_to_come
        Endpoints that are still to come for each one seen, 0 or more; dims that broadcast.

    Source
    ------
    Wassmer and Brannath (2016), Group Sequential and Confirmatory Adaptive Designs in Clinical Trials, chapter 7.
    """
    rate = design.information_rates[look - 1]
    drift = np.asarray(z, float) * np.sqrt(np.asarray(share_to_come, float))
    missing = design.efficacy_z[-1] - np.sqrt(rate) * np.asarray(combined_z, float)
    return ndtr(drift - missing / np.sqrt(1 - rate))


def _of_stage(z: Floats, rho: Floats, test: PopulationTest) -> Floats:
    """Return the z of each hypothesis in one stage; dims ``trial, intersection``."""
    if test is not PopulationTest.SPIESSENS_DEBOIS:
        return intersection_z(z, (1.0, 1.0), test=IntersectionTest(test.value))
    there = np.isfinite(z)
    larger = np.where(there, z, -np.inf).max(axis=1)
    alone = ~there.all(axis=1)
    joint = _z_of(larger_p_value(np.where(alone, 0.0, larger), np.where(alone, 0.0, rho)))
    joint = np.where(alone, np.where(there.any(axis=1), larger, np.nan), joint)
    return np.concatenate([z, joint[:, None]], axis=1)


def _z_of(p: Floats) -> Floats:
    """Return the normal statistic of one-sided p values, that of 1 within bounds."""
    with np.errstate(divide="ignore"):
        return -ndtri_exp(np.minimum(np.log(p), _ALMOST_ONE))
