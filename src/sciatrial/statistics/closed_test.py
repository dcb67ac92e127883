"""Several arms against one control over several stages: closed tests of combined stages, arms dropped on the way.

Every intersection of hypotheses has a p value in each stage, from the arms of it that are still there; the inverse
normal method combines stages with weights fixed beforehand. An arm is shown when every intersection that holds it is
rejected, whatever rule dropped the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_ndtr, ndtri_exp, stdtr

from sciatrial.foundation import Problem
from sciatrial.statistics.design import GroupSequentialDesign, Sides, refuse
from sciatrial.statistics.dunnett import normal_equivalents
from sciatrial.statistics.inference import normal_of_t

Floats = NDArray[Any]
_MOST_ARMS = 8
# trials taken together, so that their intersections stay in the processor's cache
_SIDE_BY_SIDE = 4096
# logarithm of the largest p value that is turned into a z
_ALMOST_ONE = -1e-12


class IntersectionTest(StrEnum):
    """How the arms of an intersection give one p value in a stage.

    ``dunnett``: from the largest comparison and the correlations that the control brings. ``bonferroni``, ``sidak``
    and ``simes``: from the p values alone.
    """

    DUNNETT = "dunnett"
    BONFERRONI = "bonferroni"
    SIDAK = "sidak"
    SIMES = "simes"


@dataclass(frozen=True)
class Selection:
    """Which arms go on after an interim look: those that meet every one of its conditions.

    Parameters
    ----------
    most
        Only so many, the best by z; at least 1.
    above_z
        Only with a z above this.
    within_z
        Only with a z not further below the best than this; 0 or more.
    """

    most: int = _MOST_ARMS
    above_z: float = -inf
    within_z: float = inf


@dataclass(frozen=True, eq=False)
class ClosedTests:
    """What the closed tests of many trials show.

    Attributes
    ----------
    rejected
        Whether each arm is shown to be better than the control, at this look or before; dims ``trial, look, arm``.
    intersections
        Which arms each intersection holds; dims ``intersection, arm``.
    stage_z
        z with the p value of each intersection in the stage's own patients, NaN where no arm of it is there; dims
        ``trial, look, intersection``.
    combined_z
        The same with all stages so far, NaN from the first look on at which no arm of it is there.
    """

    rejected: Floats
    intersections: Floats
    stage_z: Floats
    combined_z: Floats


def intersections_of(n_arms: int) -> Floats:
    """Return which of 1 to 8 arms each intersection holds; dims ``intersection, arm``, arm 1 alone first."""
    if not 1 <= n_arms <= _MOST_ARMS:
        refuse("closed test", [Problem("arms", f"{n_arms}", f"1 to {_MOST_ARMS} beside the control")])
    return (np.arange(1, 2**n_arms)[:, None] >> np.arange(n_arms) & 1).astype(bool)


def selected_arms(statistics: ArrayLike, selection: Selection) -> Floats:
    """Return which arms go on.

    Parameters
    ----------
    statistics
        z of each arm against the control at the look, NaN for an arm that is not there; dims ``..., arm``.
    selection
        The rule.

    Returns
    -------
    numpy.ndarray
        True for arms that go on, none where no arm meets the conditions; dims ``..., arm``.

    Raises
    ------
    TrialError
        When the rule selects nothing by its own words.
    """
    problems = []
    if selection.most < 1:
        problems.append(Problem("most", f"{selection.most}", "1 or more"))
    if not selection.within_z >= 0:
        problems.append(Problem("within_z", f"{selection.within_z:g}", "0 or more"))
    refuse("selection of arms", problems)
    z = np.where(np.isnan(statistics), -inf, np.asarray(statistics, float))
    rank = np.argsort(np.argsort(-z, axis=-1, kind="stable"), axis=-1, kind="stable")
    best = z.max(axis=-1, keepdims=True)
    is_near = z >= np.where(np.isfinite(best), best - selection.within_z, inf)
    return (rank < selection.most) & (z > selection.above_z) & is_near


def intersection_z(
    statistics: ArrayLike,
    allocation_ratios: Sequence[float],
    *,
    test: IntersectionTest = IntersectionTest.DUNNETT,
    degrees_of_freedom: float = inf,
) -> Floats:
    """Return the z with the one-sided p value of each intersection in one stage.

    Parameters
    ----------
    statistics
        Standardised difference of each arm from the control, larger is better, NaN for an arm that is not there; dims
        ``trial, arm``.
    allocation_ratios
        Patients of each arm for each one of the control, above 0; only Dunnett's test uses them.
    test
        How an intersection is tested.
    degrees_of_freedom
        Of the statistics' common variance, 1 or more; infinite where it is known.

    Returns
    -------
    numpy.ndarray
        Dims ``trial, intersection`` in the order of `intersections_of`; NaN where no arm of it is there.

    Raises
    ------
    TrialError
        Names every number that cannot be used.
    """
    z = _checked(statistics, allocation_ratios, degrees_of_freedom)
    return _of_stage(z, tuple(float(ratio) for ratio in allocation_ratios), test, degrees_of_freedom)


def closed_tests(
    statistics: ArrayLike,
    design: GroupSequentialDesign,
    allocation_ratios: ArrayLike,
    *,
    test: IntersectionTest = IntersectionTest.DUNNETT,
    degrees_of_freedom: Sequence[float] | None = None,
) -> ClosedTests:
    """Test every arm of many trials by closed tests of the combined stages.

    Parameters
    ----------
    statistics
        Standardised difference of each arm from the control in the patients of each stage alone, larger is better, NaN
        from the look on at which an arm is no longer there; dims ``trial, look, arm``, 1 to 8 arms.
    design
        One-sided; its efficacy bounds are those of every intersection, its planned information weighs the stages.
    allocation_ratios
        Patients of each arm for each one of the control, above 0; dims ``arm`` for all stages or ``look, arm``.
    test
        How an intersection is tested in a stage.
    degrees_of_freedom
        Of the statistics of each stage, 1 or more; known variance by default.

    Returns
    -------
    ClosedTests
        Holds the familywise error of the design for any selection of arms, if later stages' patients are new.

    Raises
    ------
    TrialError
        Names every number that cannot be used.

    Source
    ------
    Bauer and Kieser (1999), Statistics in Medicine 18, 1833-1848. Posch and others (2005), Statistics in Medicine 24,
    3697-3714. Lehmacher and Wassmer (1999), Biometrics 55, 1286-1290.
    """
    z: Floats = np.asarray(statistics, float)
    problems = []
    if z.ndim != 3 or z.shape[1] != design.n_looks:
        problems.append(
            Problem("statistics", f"shape {z.shape}", f"dims trial, look, arm, with {design.n_looks} looks")
        )
    if design.rules.sides is not Sides.ONE:
        problems.append(Problem("design", "two-sided", "one-sided", "arms are shown to be better"))
    freedom = [inf] * design.n_looks if degrees_of_freedom is None else list(degrees_of_freedom)
    if len(freedom) != design.n_looks:
        problems.append(Problem("degrees_of_freedom", f"{len(freedom)}", f"one for each of {design.n_looks} looks"))
    refuse("closed test", problems)
    ratios = np.asarray(allocation_ratios, float)
    ratios = np.broadcast_to(ratios, (design.n_looks, ratios.shape[-1])) if ratios.ndim == 1 else ratios
    if ratios.shape != z.shape[1:]:
        expected = f"one for each of {z.shape[2]} arms, or for each look and arm"
        refuse("closed test", [Problem("allocation_ratios", f"shape {np.shape(allocation_ratios)}", expected)])
    for look in range(design.n_looks):
        _checked(z[:, look], ratios[look].tolist(), freedom[look])
    parts = [
        _closed(z[at : at + _SIDE_BY_SIDE], design, ratios, test, freedom)
        for at in range(0, max(len(z), 1), _SIDE_BY_SIDE)
    ]
    rejected, stage_z, combined_z = (np.concatenate(values) for values in zip(*parts, strict=True))
    return ClosedTests(rejected, intersections_of(z.shape[2]), stage_z, combined_z)


def _closed(
    z: Floats, design: GroupSequentialDesign, ratios: Floats, test: IntersectionTest, freedom: list[float]
) -> tuple[Floats, Floats, Floats]:
    looks = range(z.shape[1])
    stages = [_of_stage(z[:, look], tuple(ratios[look].tolist()), test, freedom[look]) for look in looks]
    found = combined_stages(np.stack(stages, axis=1), design, z.shape[2])
    return found.rejected, found.stage_z, found.combined_z


def combined_stages(stage_z: Floats, design: GroupSequentialDesign, n_hypotheses: int) -> ClosedTests:
    """Combine the stages of each intersection by the inverse normal method, and close the test.

    Parameters
    ----------
    stage_z
        z with the p value of each intersection in the stage's own patients; dims ``trial, look, intersection``.
    design
        One-sided; its bounds are those of every intersection, its planned information weighs the stages.
    n_hypotheses
        How many there are, 1 to 8; intersections as in `intersections_of`.
    """
    holds = intersections_of(n_hypotheses)
    rates = np.array(design.information_rates)
    weights = np.sqrt(np.diff(rates, prepend=0.0))
    combined_z = np.cumsum(weights[:, None] * stage_z, axis=1) / np.sqrt(rates)[:, None]
    is_rejected = np.logical_or.accumulate(combined_z >= np.array(design.efficacy_z)[:, None], axis=1)
    rejected = np.stack([is_rejected[:, :, holds[:, arm]].all(axis=2) for arm in range(n_hypotheses)], axis=2)
    return ClosedTests(rejected, holds, stage_z, combined_z)


def _checked(statistics: ArrayLike, ratios: Sequence[float], freedom: float) -> Floats:
    z: Floats = np.asarray(statistics, float)
    problems = []
    if z.ndim != 2 or not 1 <= z.shape[1] <= _MOST_ARMS:
        problems.append(Problem("statistics", f"shape {z.shape}", f"dims trial, arm, with 1 to {_MOST_ARMS} arms"))
    elif len(ratios) != z.shape[1]:
        problems.append(Problem("allocation_ratios", f"{len(ratios)}", f"one for each of {z.shape[1]} arms"))
    problems += [Problem("allocation_ratios", f"{ratio:g}", "above 0") for ratio in ratios if not 0 < ratio < inf]
    if not freedom >= 1:
        problems.append(Problem("degrees_of_freedom", f"{freedom:g}", "1 or more"))
    if np.isinf(z).any():
        problems.append(Problem("statistics", "infinite values", "finite numbers, NaN for an arm that is not there"))
    refuse("closed test", problems)
    return z


def _of_stage(z: Floats, ratios: tuple[float, ...], test: IntersectionTest, freedom: float) -> Floats:
    """Test each intersection by those of its arms that are there."""
    n_arms = z.shape[1]
    holds = intersections_of(n_arms)
    there = np.isfinite(z)
    by_set = (
        _dunnett(z, holds, ratios, freedom) if test is IntersectionTest.DUNNETT else _plain(z, holds, test, freedom)
    )
    if there.all():
        return by_set
    # the arms of an intersection that are there are another set, whose test is at hand
    places = (there @ (1 << np.arange(n_arms)))[:, None] & np.arange(1, 2**n_arms)
    filled = np.concatenate([np.full((len(z), 1), np.nan), by_set], axis=1)
    return np.take_along_axis(filled, places, axis=1)


def _dunnett(z: Floats, holds: Floats, ratios: tuple[float, ...], freedom: float) -> Floats:
    largest = np.empty((len(holds), len(z)))
    groups: dict[tuple[float, ...], list[int]] = {}
    for place, own in enumerate(holds):
        last = int(np.flatnonzero(own)[-1])
        rest = place + 1 - (1 << last)
        largest[place] = np.maximum(largest[rest - 1], z[:, last]) if rest else z[:, last]
        groups.setdefault(tuple(sorted(np.array(ratios)[own].tolist())), []).append(place)
    found = np.empty_like(largest)
    for members, places in groups.items():
        if len(members) == 1:  # Student's t
            found[places] = largest[places] if freedom == inf else normal_of_t(largest[places], freedom)
        else:
            found[places] = normal_equivalents(members, freedom)(largest[places])
    return found.T


def _plain(z: Floats, holds: Floats, test: IntersectionTest, freedom: float) -> Floats:
    log_p = log_ndtr(-z) if freedom == inf else np.log(stdtr(freedom, -z))
    found = np.empty((len(z), len(holds)))
    for place, own in enumerate(holds):
        number = int(own.sum())
        chosen = log_p[:, own]
        if test is IntersectionTest.SIDAK:
            # 1 − (1 − p)^number, without the digits that 1 − p loses
            combined = np.log(-np.expm1(number * np.log1p(-np.exp(np.minimum(chosen.min(axis=1), _ALMOST_ONE)))))
        elif test is IntersectionTest.BONFERRONI:
            combined = chosen.min(axis=1) + np.log(number)
        else:
            combined = (np.sort(chosen, axis=1) + np.log(number / np.arange(1, number + 1))).min(axis=1)
        # a p value of 1 weighs against the arms in later stages, but not without bounds
        found[:, place] = -ndtri_exp(np.minimum(combined, _ALMOST_ONE))
    return found
