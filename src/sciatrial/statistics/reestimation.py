"""New sample sizes at a look: from the blinded variance, or from conditional power in a promising zone.

Blinded: arms stay hidden, the variance of all patients together sizes the trial, and the final test is the usual one.
Unblinded: the second stage grows where the interim result is promising, and the inverse normal combination with the
planned weights (`closed_tests` with one arm) holds the type I error whatever the new size.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from sciatrial.foundation import Problem
from sciatrial.statistics.design import GroupSequentialDesign, Sides, refuse, share_problem
from sciatrial.statistics.sizes import positive_problem

Floats = NDArray[Any]


@dataclass(frozen=True)
class SizeRule:
    """What a trial of means is sized for, and between which sizes.

    Parameters
    ----------
    effect
        Difference of means to be found, in points; not 0.
    alpha, beta
        One-sided type I and type II error, above 0 and below 1.
    allocation
        Patients of the first arm for each one of the second, above 0.
    smallest, largest
        Patients of both arms, 1 or more; the planned size as the smallest one gives a rule that never shrinks a trial.
    """

    effect: float
    alpha: float = 0.025
    beta: float = 0.2
    allocation: float = 1.0
    smallest: float = 1
    largest: float = inf


@dataclass(frozen=True)
class PromisingZone:
    """When and how far a second stage may grow.

    Parameters
    ----------
    lowest
        Conditional power from which a result is promising, above 0.
    target
        Conditional power that a promising trial is brought to, above `lowest` and below 1; from it on nothing changes.
    largest
        Most patients of the second stage, at least the planned ones.
    """

    lowest: float
    target: float
    largest: float


@dataclass(frozen=True, eq=False)
class NewSizes:
    """New second stages; dims ``trial``.

    Attributes
    ----------
    conditional_power, new_conditional_power
        With the planned and the new size, if the observed effect is the true one.
    second_stage
        Patients of the second stage, whole ones where it grew.
    is_promising
        Whether the result lay in the zone.
    """

    conditional_power: Floats
    new_conditional_power: Floats
    second_stage: Floats
    is_promising: Floats


def blinded_variance(values: ArrayLike, *, assumed_effect: float = 0.0, allocation: float = 1.0) -> Floats:
    """Estimate the variance within arms from all patients together.

    Parameters
    ----------
    values
        Outcomes without arms, NaN where missing; dims ``patient`` or ``trial, patient``.
    assumed_effect
        Difference of means between the arms that the variance is freed of, in points. With 0, the default, it is the
        one-sample variance, which is too large where there is an effect, and holds the type I error best.
    allocation
        Patients of the first arm for each one of the second, above 0.

    Returns
    -------
    numpy.ndarray
        In squared points, dims ``trial``; NaN with fewer than two patients, or where the assumed effect alone would
        vary more than the patients do.

    Raises
    ------
    TrialError
        When numbers cannot be used.

    Source
    ------
    Kieser and Friede (2003), Statistics in Medicine 22, 3571-3581. Zucker and others (1999), Statistics in Medicine 18,
    3493-3509 (the adjustment).
    """
    y: Floats = np.atleast_2d(np.asarray(values, float))
    problems = positive_problem("allocation", allocation)
    if y.ndim != 2 or np.isinf(y).any():
        problems.append(Problem("values", f"shape {np.shape(values)}", "finite numbers or NaN by patient"))
    if not isfinite(assumed_effect):
        problems.append(Problem("assumed_effect", f"{assumed_effect}", "a finite number"))
    refuse("blinded variance", problems)
    number = np.isfinite(y).sum(axis=1)
    known = number > 1
    safe = np.where(known, number, 2)
    mean = np.where(known, np.nansum(y, axis=1), 0.0) / safe
    variance = np.nansum((y - mean[:, None]) ** 2, axis=1) / (safe - 1)
    share = allocation / (1 + allocation)
    variance = variance - safe / (safe - 1) * share * (1 - share) * assumed_effect**2
    return np.where(known & (variance > 0), variance, np.nan)


def sizes_for_variance(variance: ArrayLike, rule: SizeRule) -> Floats:
    """Return how many patients find the effect at a variance, between the smallest and the largest size.

    Parameters
    ----------
    variance
        Within arms, in squared points, NaN where unknown; any dims.
    rule
        What the trial is sized for.

    Returns
    -------
    numpy.ndarray
        Whole patients of both arms by the normal approximation, dims as given; the largest size where the variance is
        unknown, or NaN if there is none.

    Raises
    ------
    TrialError
        Names every number that cannot be used.
    """
    problems = [*share_problem("alpha", rule.alpha), *share_problem("beta", rule.beta)]
    problems += positive_problem("allocation", rule.allocation)
    if not isfinite(rule.effect) or rule.effect == 0:
        problems.append(Problem("effect", f"{rule.effect:g}", "a difference other than 0"))
    if not 1 <= rule.smallest <= rule.largest:
        problems.append(Problem("smallest", f"{rule.smallest:g}", f"1 up to the largest size, {rule.largest:g}"))
    refuse("blinded sample size", problems)
    quantiles = float(ndtri(1 - rule.alpha) + ndtri(1 - rule.beta))
    unit = (1 + rule.allocation) ** 2 / rule.allocation
    # whole numbers that rounding has lifted by a hair are not rounded up
    needed = np.ceil(unit * np.asarray(variance, float) * (quantiles / rule.effect) ** 2 - 1e-9)
    known = np.clip(needed, rule.smallest, rule.largest)
    return np.where(np.isnan(known), rule.largest if isfinite(rule.largest) else np.nan, known)


def promising_sizes(
    first_z: ArrayLike, design: GroupSequentialDesign, zone: PromisingZone, *, first_stage: float, second_stage: float
) -> NewSizes:
    """Return the second stage of each trial after its interim result.

    Parameters
    ----------
    first_z
        Statistic of the first stage, positive in the direction of the effect; dims ``trial``.
    design
        One-sided with two looks; its information rates weigh the stages, its last efficacy bound decides.
    zone
        When and how far the second stage grows.
    first_stage, second_stage
        Planned patients of each stage's own, above 0.

    Returns
    -------
    NewSizes
        Without growth outside the zone, and no further than the zone's largest size.

    Raises
    ------
    TrialError
        Names every number that cannot be used.

    Source
    ------
    Mehta and Pocock (2011), Statistics in Medicine 30, 3267-3284. Cui, Hung and Wang (1999), Biometrics 55, 853-857
    (weights).
    """
    z: Floats = np.atleast_1d(np.asarray(first_z, float))
    problems = [*positive_problem("first_stage", first_stage), *positive_problem("second_stage", second_stage)]
    problems += [*share_problem("zone.lowest", zone.lowest), *share_problem("zone.target", zone.target)]
    if not zone.lowest < zone.target:
        problems.append(Problem("zone.target", f"{zone.target:g}", f"above the lowest, {zone.lowest:g}"))
    if not second_stage <= zone.largest < inf:
        problems.append(Problem("zone.largest", f"{zone.largest:g}", f"{second_stage:g} patients or more"))
    problems += _interim_problems(z, design)
    refuse("promising zone", problems)
    planned = np.full(len(z), float(second_stage))
    power = _power(z, design, planned / first_stage)
    is_promising = (power >= zone.lowest) & (power < zone.target)
    needed = np.minimum(_needed(z, design, zone.target, first_stage), zone.largest)
    chosen = np.where(is_promising, np.maximum(needed, second_stage), planned)
    return NewSizes(power, _power(z, design, chosen / first_stage), chosen, is_promising)


def conditional_power_sizes(
    first_z: ArrayLike,
    design: GroupSequentialDesign,
    target: float,
    *,
    first_stage: float,
    second_stage: float,
    smallest: float,
    largest: float,
) -> NewSizes:
    """Return the second stage that brings each trial to a conditional power, between two sizes.

    It may shrink a trial as well as let it grow; the inverse normal combination with the planned weights holds the type
    I error either way.

    Parameters
    ----------
    first_z, design, first_stage, second_stage
        As in `promising_sizes`.
    target
        Conditional power if the observed effect is the true one, above 0 and below 1.
    smallest, largest
        Patients of the second stage, above 0; with an effect of 0 or below none is enough, and it is the largest.

    Returns
    -------
    NewSizes
        Promising are the trials whose size changes.

    Raises
    ------
    TrialError
        Names every number that cannot be used.

    Source
    ------
    Wassmer and Brannath (2016), Group Sequential and Confirmatory Adaptive Designs in Clinical Trials, section 7.2.
    """
    z: Floats = np.atleast_1d(np.asarray(first_z, float))
    problems = [*positive_problem("first_stage", first_stage), *positive_problem("second_stage", second_stage)]
    problems += [*share_problem("target", target), *positive_problem("smallest", smallest)]
    if not smallest <= largest < inf:
        problems.append(Problem("largest", f"{largest:g}", f"{smallest:g} patients or more"))
    problems += _interim_problems(z, design)
    refuse("conditional power", problems)
    needed = np.clip(_needed(z, design, target, first_stage), smallest, largest)
    power = _power(z, design, np.full(len(z), second_stage / first_stage))
    return NewSizes(power, _power(z, design, needed / first_stage), needed, needed != second_stage)


def _interim_problems(z: Floats, design: GroupSequentialDesign) -> list[Problem]:
    problems = []
    if design.n_looks != 2 or design.rules.sides is not Sides.ONE:
        problems.append(Problem("design", f"{design.rules.sides}, {design.n_looks} looks", "one-sided with two looks"))
    if z.ndim != 1 or not np.isfinite(z).all():
        problems.append(Problem("first_z", f"shape {z.shape}", "a finite number a trial"))
    return problems


def _needed(z: Floats, design: GroupSequentialDesign, target: float, first_stage: float) -> Floats:
    """Return the patients of the second stage that have a conditional power, whole ones; infinite where none do."""
    first_weight, second_weight = np.sqrt(design.information_rates[0]), np.sqrt(1 - design.information_rates[0])
    wanted = np.maximum((design.efficacy_z[1] - first_weight * z) / second_weight + float(ndtri(target)), 0.0)
    # the second statistic's mean is z × √(second / first): a promising z may still be below 0, where none is enough
    ratio = np.where(z > 0, (wanted / np.where(z > 0, z, 1.0)) ** 2, inf)
    return np.ceil(ratio * first_stage)


def _power(z: Floats, design: GroupSequentialDesign, ratio: Floats) -> Floats:
    """Return the conditional power under the observed effect; ratio is that of second to first stage."""
    first_weight, second_weight = np.sqrt(design.information_rates[0]), np.sqrt(1 - design.information_rates[0])
    return ndtr((first_weight * z - design.efficacy_z[1]) / second_weight + z * np.sqrt(ratio))
