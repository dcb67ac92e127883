"""Bounds of many trials of one design at once, each at the information that it reached."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sciatrial.foundation import Problem, TrialError
from sciatrial.statistics.boundaries import bounds_at_realised_information
from sciatrial.statistics.design import Binding, FixedFutility, GroupSequentialDesign, Sides
from sciatrial.statistics.many_paths import (
    ManyPaths,
    all_go_on,
    all_paths_of,
    bounds_above,
    bounds_below,
    points_needed,
    shares_above,
    shares_below,
)
from sciatrial.statistics.spending import Spending, SpendingKind, spent

Floats = NDArray[Any]


@dataclass(frozen=True, eq=False)
class ManyBounds:
    """Bounds of z of many trials.

    Attributes
    ----------
    efficacy_z
        Dims ``trial, look``; inf at a look that can stop for futility only.
    futility_z
        Dims ``trial, look``, -inf at the last look and where there is none; in two-sided designs −`efficacy_z`, below
        which a trial stops in the other direction.
    """

    efficacy_z: Floats
    futility_z: Floats


@dataclass(frozen=True)
class _Asked:
    """A plan with spending for its efficacy, and the looks that take place; ``planned`` counts them from 0."""

    design: GroupSequentialDesign
    efficacy: Spending
    planned: tuple[int, ...]

    @property
    def only_futility(self) -> tuple[bool, ...]:
        return tuple(look + 1 in self.design.rules.futility_only_looks for look in self.planned)


def bounds_at_many(
    design: GroupSequentialDesign, information: ArrayLike, *, interim_looks: tuple[int, ...] | None = None
) -> ManyBounds:
    """Derive the bounds again for many trials whose looks fell elsewhere than planned.

    Each trial's are those of `bounds_at_realised_information` to 1e-9. A plan whose bounds have a shape in z, or are
    Haybittle and Peto's, spends what it spends as planned, read off in a straight line between the looks.

    Parameters
    ----------
    design
        The plan.
    information
        Information of each trial at each of its looks, in units of the planned full information, increasing and below
        1 before the last look; dims ``trial, look``.
    interim_looks
        Planned numbers, from 1, of the interim looks that took place, the same in all trials; left out, all did.

    Returns
    -------
    ManyBounds

    Raises
    ------
    TrialError
        When information does not increase or reaches 1 too early, when there are more or fewer looks than named, or
        when a futility bound is not below the one for efficacy.
    """
    reached = np.asarray(information, float)
    numbers = tuple(range(1, design.n_looks)) if interim_looks is None else tuple(interim_looks)
    _refuse_information(reached, numbers)
    efficacy = design.rules.efficacy
    if not isinstance(efficacy, Spending):
        efficacy = Spending(SpendingKind.USER, values=(*design.alpha_spent[:-1], design.rules.alpha))
    asked = _Asked(design, efficacy, tuple(number - 1 for number in numbers))
    found = ManyBounds(np.empty_like(reached), np.empty_like(reached))
    # one trial with two looks close together needs many points: it is not to give them to all
    size = np.ceil(np.log2(points_needed(reached)) * 2) if len(reached) else np.empty(0)
    for value in np.unique(size):
        rows = np.flatnonzero(size == value)
        part = _bounds(asked, reached[rows])
        found.efficacy_z[rows], found.futility_z[rows] = part.efficacy_z, part.futility_z
    _refuse_futility(asked, reached, found)
    return found


def _refuse_information(reached: Floats, numbers: tuple[int, ...]) -> None:
    problems = []
    if reached.ndim != 2 or reached.shape[1] != len(numbers) + 1:
        expected = f"dims trial, look with {len(numbers) + 1} looks"
        problems.append(Problem("information", f"shape {reached.shape}", expected, "name the looks that took place"))
    else:
        wrong = np.flatnonzero(
            ~((np.diff(reached, axis=1, prepend=0.0) > 0).all(axis=1) & (reached[:, :-1] < 1).all(axis=1))
        )
        if len(wrong):
            told = f"trial {wrong[0]} has {reached[wrong[0]].tolist()}"
            expected = "above 0, increasing, below 1 before the last look"
            problems.append(Problem("information", told, expected, "leave out looks that found nothing new"))
    if problems:
        raise TrialError("bounds of many trials", problems)


def _refuse_futility(asked: _Asked, reached: Floats, found: ManyBounds) -> None:
    """Raise what one trial alone would raise: fixed futility bounds that are above those for efficacy."""
    if not isinstance(asked.design.rules.futility, FixedFutility):
        return
    wrong = np.flatnonzero((found.futility_z >= found.efficacy_z).any(axis=1))
    if len(wrong):
        bounds = asked.design.rules.futility.bounds_z
        rules = replace(
            asked.design.rules,
            efficacy=asked.efficacy,
            futility=FixedFutility(tuple(bounds[look] for look in asked.planned)),
            futility_only_looks=tuple(place + 1 for place, only in enumerate(asked.only_futility) if only),
        )
        bounds_at_realised_information(replace(asked.design, rules=rules), reached[wrong[0]].tolist())


def _bounds(asked: _Asked, reached: Floats) -> ManyBounds:
    rules = asked.design.rules
    times = np.concatenate([reached[:, :-1], np.ones((len(reached), 1))], axis=1)
    alpha = _allowed(asked.efficacy, asked, rules.alpha_of_a_side, times)
    if rules.sides is Sides.TWO and asked.efficacy.kind is SpendingKind.USER:
        alpha = alpha / 2
    drift = asked.design.drift
    if isinstance(rules.futility, Spending) and drift is not None:
        beta = _allowed(rules.futility, asked, rules.beta, times)
        if rules.binding is Binding.BINDING:
            return _binding_bounds(asked, reached, alpha, beta, drift)
        efficacy = _efficacy(asked, reached, alpha, np.full(reached.shape, -np.inf))
        return _with_futility(reached, efficacy, beta, drift)
    fixed = np.full(reached.shape, -np.inf)
    if isinstance(rules.futility, FixedFutility):
        fixed[:, :-1] = [rules.futility.bounds_z[look] for look in asked.planned]
    lower = fixed if rules.binding is Binding.BINDING else np.full(reached.shape, -np.inf)
    efficacy = _efficacy(asked, reached, alpha, lower)
    return ManyBounds(efficacy, -efficacy if rules.sides is Sides.TWO else fixed)


def _allowed(spending: Spending, asked: _Asked, total: float, times: Floats) -> Floats:
    """Return the cumulative error that may be used up; user-defined spending is read off in a straight line."""
    if spending.kind is not SpendingKind.USER:
        return spent(spending, total, times)
    return np.interp(times, (0.0, *asked.design.spending_times), (0.0, *spending.values))


def _efficacy(asked: _Asked, reached: Floats, alpha: Floats, lower: Floats) -> Floats:
    """Go from look to look under the null, as `boundaries._bounds_by_stages`."""
    two_sided = asked.design.rules.sides is Sides.TWO
    n, last = len(reached), reached.shape[1] - 1
    paths, used, bounds = all_paths_of(n), np.zeros(n), np.empty_like(reached)
    for look, time in enumerate(reached.T):
        if look < last and asked.only_futility[look]:
            bounds[:, look] = np.inf
        else:
            bounds[:, look] = bounds_above(paths, time, 0.0, alpha[:, look] - used)
            used = np.maximum(used, alpha[:, look])
        if look < last:
            low = -bounds[:, look] if two_sided else lower[:, look]
            paths = all_go_on(paths, time, reached[:, look + 1], 0.0, low, bounds[:, look])
    return bounds


def _with_futility(reached: Floats, efficacy: Floats, beta: Floats, drift: float) -> ManyBounds:
    """Return futility bounds that spend beta under a drift, below given efficacy bounds."""
    n, last = len(reached), reached.shape[1] - 1
    futility = np.full(reached.shape, -np.inf)
    paths, used = all_paths_of(n), np.zeros(n)
    for look in range(last):
        time, upper = reached[:, look], efficacy[:, look]
        lower, used = _futility_at(paths, time, drift, beta[:, look], used, upper)
        futility[:, look] = lower
        if look < last - 1:
            paths = all_go_on(paths, time, reached[:, look + 1], drift, lower, upper)
    return ManyBounds(efficacy, futility)


def _futility_at(
    paths: ManyPaths, time: Floats, drift: float, beta: Floats, used: Floats, upper: Floats
) -> tuple[Floats, Floats]:
    """Return the futility bound of a look, and beta used up after it."""
    lower = np.minimum(bounds_below(paths, time, drift, beta - used), upper)
    return lower, used + shares_below(paths, time, drift, lower)


def _binding_bounds(asked: _Asked, reached: Floats, alpha: Floats, beta: Floats, drift: float) -> ManyBounds:
    """Both kinds of bounds at once, look by look, as `boundaries._binding_bounds`."""
    n, last = len(reached), reached.shape[1] - 1
    null, drifting = all_paths_of(n), all_paths_of(n)
    alpha_used, beta_used = np.zeros(n), np.zeros(n)
    efficacy, futility = np.empty_like(reached), np.full(reached.shape, -np.inf)
    for look, time in enumerate(reached.T):
        is_only = look < last and asked.only_futility[look]
        upper = np.full(n, np.inf) if is_only else bounds_above(null, time, 0.0, alpha[:, look] - alpha_used)
        efficacy[:, look] = upper
        if look == last:
            break
        alpha_used = alpha_used + shares_above(null, time, 0.0, upper)
        lower, beta_used = _futility_at(drifting, time, drift, beta[:, look], beta_used, upper)
        futility[:, look] = lower
        null = all_go_on(null, time, reached[:, look + 1], 0.0, lower, upper)
        drifting = all_go_on(drifting, time, reached[:, look + 1], drift, lower, upper)
    return ManyBounds(efficacy, futility)
