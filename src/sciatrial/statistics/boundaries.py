"""Bounds of group-sequential designs, planned and re-derived at the information that was really reached.

Sources: Jennison and Turnbull 2000, chapters 2, 7 and 19; Wassmer and Brannath 2016, chapters 2 and 3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf, log, sqrt

import numpy as np
from scipy.special import ndtr, ndtri

from sciatrial.foundation import Problem, TrialError
from sciatrial.statistics.design import (
    O_BRIEN_FLEMING,
    Binding,
    Efficacy,
    FixedFutility,
    Futility,
    GroupSequentialDesign,
    HaybittlePeto,
    Rules,
    Sides,
    WangTsiatis,
    order_problems,
    rate_problems,
    refuse,
    rule_problems,
)
from sciatrial.statistics.integration import (
    all_paths,
    bound_above,
    bound_below,
    go_on,
    share_above,
    share_below,
    stopping_shares,
)
from sciatrial.statistics.roots import root_near
from sciatrial.statistics.spending import Spending, SpendingKind, spent


@dataclass(frozen=True)
class _Looks:
    """Information, spending times and rules of one set of bounds."""

    rules: Rules
    rates: np.ndarray
    times: np.ndarray


@dataclass(frozen=True)
class _SpentBounds:
    """Bounds that spend beta under a drift, and the power that they have there."""

    efficacy: np.ndarray
    futility: np.ndarray
    power: float


def group_sequential_design(
    information_rates: Sequence[float] = (1.0,),
    *,
    alpha: float = 0.025,
    beta: float = 0.2,
    sides: Sides = Sides.ONE,
    efficacy: Efficacy = O_BRIEN_FLEMING,
    futility: Futility | None = None,
    binding: Binding = Binding.NON_BINDING,
    futility_only_looks: tuple[int, ...] = (),
) -> GroupSequentialDesign:
    """Derive the bounds of a group-sequential design.

    Parameters
    ----------
    information_rates
        Share of full information at each look: above 0, increasing, the last one 1. One rate is a fixed design.
    alpha
        Type I error of all looks together, 0 to 1; in two-sided designs that of both directions.
    beta
        Type II error, 0 to 1; what beta spending spends, and what sizes are planned for.
    sides
        One direction or both.
    efficacy
        Shape of the bounds, or a spending function. User-defined values are those of both directions together.
    futility
        Fixed bounds, or a spending function of beta; one-sided designs only.
    binding
        Non-binding bounds leave the efficacy bounds as they are; binding ones lower them.
    futility_only_looks
        Numbers of looks, from 1, at which the trial cannot stop for efficacy.

    Returns
    -------
    GroupSequentialDesign
        The bounds, the same for the same arguments to 1e-9.

    Raises
    ------
    TrialError
        Names every argument that cannot be used.
    """
    rules = Rules(alpha, beta, sides, efficacy, futility, binding, tuple(futility_only_looks))
    rates = tuple(float(rate) for rate in information_rates)
    refuse("group-sequential design", [*rate_problems(rates), *rule_problems(rules, len(rates))])
    looks = _Looks(rules, np.array(rates), np.array(rates))
    if not rules.spends_beta:
        return _with_fixed_futility(looks)
    drift = _drift_that_spends_beta(looks)
    return _spending_design(looks, drift)


def bounds_at_realised_information(
    design: GroupSequentialDesign, information: Sequence[float], *, drift: float | None = None
) -> GroupSequentialDesign:
    """Derive the bounds again for looks that fell elsewhere than planned.

    Error is spent by the share of the *planned* information, up to all of it; the last look spends what is left. The
    correlation between looks is that of the information that was reached.

    Parameters
    ----------
    design
        The plan.
    information
        Information at each look in units of the planned full information; above 0, increasing, the last may exceed 1.
        Looks still to come are listed where they are now planned.
    drift
        Mean of z at the planned full information under which beta is spent; left out, that of the plan.

    Returns
    -------
    GroupSequentialDesign
        Its rates are shares of the last entry of `information`.

    Raises
    ------
    TrialError
        When information does not increase, or the rules do not fit the new number of looks.
    """
    reached = tuple(float(share) for share in information)
    problems = order_problems("information", reached)
    for look, share in enumerate(reached[:-1], start=1):
        if share >= 1:
            problems.append(
                Problem(f"information, look {look}", f"{share:g} is at or beyond full information", "below 1")
            )
    if not reached:
        problems.append(Problem("information", "there is no look", "one share of the planned information for each"))
    refuse("bounds at realised information", problems)
    times = np.append(np.array(reached[:-1]), 1.0)
    rules = _rules_at(design, times)
    refuse("bounds at realised information", rule_problems(rules, len(reached)))
    looks = _Looks(rules, np.array(reached) / reached[-1], times)
    planned_drift = design.drift if drift is None else drift
    if not rules.spends_beta or planned_drift is None:
        return _with_fixed_futility(looks)
    new_drift = planned_drift * sqrt(reached[-1])
    return _spending_design(looks, new_drift)


def design_at_alpha(design: GroupSequentialDesign, alpha: float) -> GroupSequentialDesign:
    """Return the design with another alpha (0 to 1) and the same looks; futility bounds keep their z."""
    efficacy = design.rules.efficacy
    if isinstance(efficacy, Spending) and efficacy.kind is SpendingKind.USER:
        share = alpha / design.rules.alpha
        efficacy = replace(efficacy, values=tuple(value * share for value in efficacy.values))
    fixed = FixedFutility(design.futility_z) if design.futility_z else None
    rules = replace(design.rules, alpha=alpha, efficacy=efficacy, futility=fixed)
    looks = _Looks(rules, np.array(design.information_rates), np.array(design.spending_times))
    return _as_design(looks, _efficacy(looks, np.array(design.futility_z)), np.array(design.futility_z), None)


def drift_for(target: float, power_at: Callable[[float], float], start: float) -> float:
    """Return the drift at which an increasing power is `target`, by secant steps on the probit scale.

    Power is nearly probit(power) = drift − constant there, so that a handful of steps suffice.

    Raises
    ------
    TrialError
        When no drift from -20 to 40 gives that power.
    """
    wanted = float(ndtri(target))

    def miss(drift: float) -> float:
        return float(ndtri(min(max(power_at(drift), 1e-300), 1 - 1e-16))) - wanted

    return root_near(miss, start, 1.0, (-20.0, 40.0), "drift")


def _efficacy(looks: _Looks, futility_z: np.ndarray) -> np.ndarray:
    """Efficacy bounds under the null; binding futility counts, non-binding does not."""
    lower = _null_lower(looks.rules, futility_z, len(looks.rates))
    efficacy = looks.rules.efficacy
    if isinstance(efficacy, WangTsiatis):
        return _shaped_bounds(looks, efficacy, lower)
    given = _interim_bounds(looks, efficacy)
    return _bounds_by_stages(looks, lower, given)


def _null_lower(rules: Rules, futility_z: np.ndarray, n_looks: int) -> np.ndarray:
    if rules.binding is Binding.BINDING and len(futility_z):
        return np.append(futility_z, -inf)
    return np.full(n_looks, -inf)


def _shaped_bounds(looks: _Looks, shape: WangTsiatis, lower: np.ndarray) -> np.ndarray:
    """Wang-Tsiatis bounds: one constant, so that all looks together use up alpha."""
    rules = looks.rules
    form = looks.rates ** (shape.delta - 0.5)
    only_futility = [look - 1 for look in rules.futility_only_looks]
    alpha = rules.alpha_of_a_side

    def bounds_of(constant: float) -> np.ndarray:
        bounds = constant * form
        bounds[only_futility] = inf
        return bounds

    def miss(constant: float) -> float:
        return log(alpha) - log(max(_null_error(looks, bounds_of(constant), lower), 1e-300))

    fixed = -float(ndtri(alpha))
    # a start near O'Brien-Fleming's and Pocock's constants of a few looks; the slope is the normal hazard near 2
    return bounds_of(root_near(miss, fixed + 0.02 + 0.8 * max(shape.delta, 0.0), 2.4, (-1.0, 40.0), "bound"))


def _null_error(looks: _Looks, upper: np.ndarray, lower: np.ndarray) -> float:
    two_sided = looks.rules.sides is Sides.TWO
    return float(stopping_shares(looks.rates, -upper if two_sided else lower, upper, 0.0)[1].sum())


def _interim_bounds(looks: _Looks, efficacy: HaybittlePeto | Spending) -> np.ndarray:
    """Bounds that are given and not derived: shape (look,), nan where alpha spending derives them."""
    given = np.full(len(looks.rates), np.nan)
    if isinstance(efficacy, HaybittlePeto):
        given[:-1] = efficacy.interim_z
    given[[look - 1 for look in looks.rules.futility_only_looks]] = inf
    return given


def _alpha_of_a_side(looks: _Looks) -> np.ndarray:
    """Cumulative alpha of one direction that may be used up at each look; only its end counts in Haybittle-Peto."""
    rules = looks.rules
    if not isinstance(rules.efficacy, Spending):
        return np.full(len(looks.rates), rules.alpha_of_a_side)
    both = 2 if rules.sides is Sides.TWO and rules.efficacy.kind is SpendingKind.USER else 1
    return spent(rules.efficacy, rules.alpha_of_a_side, looks.times) / both


def _bounds_by_stages(looks: _Looks, lower: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Go from look to look under the null; each derived bound uses up what has been allowed and not yet been used."""
    allowed = _alpha_of_a_side(looks)
    two_sided = looks.rules.sides is Sides.TWO
    paths, used, bounds = all_paths(), 0.0, given.copy()
    for look, time in enumerate(looks.rates):
        if np.isnan(given[look]):
            bounds[look] = bound_above(paths, time, 0.0, allowed[look] - used)
            used = max(used, allowed[look])
        else:
            used += share_above(paths, time, 0.0, given[look])
        _refuse_overspending(looks.rules, used, look)
        if look < len(looks.rates) - 1:
            low = -bounds[look] if two_sided else lower[look]
            paths = go_on(paths, time, looks.rates[look + 1], 0.0, low, bounds[look])
    return bounds


def _refuse_overspending(rules: Rules, used: float, look: int) -> None:
    if used > rules.alpha_of_a_side * (1 + 1e-9):
        raise TrialError(
            "group-sequential design",
            Problem(
                f"efficacy, look {look + 1}",
                f"the interim bounds spend {used:.4g} of {rules.alpha_of_a_side:.4g}",
                "interim bounds that leave some alpha for the end",
                "raise interim_z or plan fewer looks",
            ),
        )


def _spending_bounds(looks: _Looks, drift: float, known: np.ndarray | None = None) -> _SpentBounds:
    """Bounds when beta is spent under a drift; `known` saves deriving the efficacy bounds of non-binding futility."""
    if looks.rules.binding is Binding.BINDING:
        return _binding_bounds(looks, drift)
    return _non_binding_bounds(looks, drift, _efficacy(looks, np.array([])) if known is None else known)


def _non_binding_bounds(looks: _Looks, drift: float, efficacy: np.ndarray) -> _SpentBounds:
    """Futility bounds at the interim looks that spend beta under a drift, below given efficacy bounds."""
    allowed = _beta(looks)
    paths, used, power, futility = all_paths(), 0.0, 0.0, []
    for look, time in enumerate(looks.rates):
        power += share_above(paths, time, drift, efficacy[look])
        if look == len(looks.rates) - 1:
            break
        lower = min(bound_below(paths, time, drift, allowed[look] - used), efficacy[look])
        used += share_below(paths, time, drift, lower)
        futility.append(lower)
        paths = go_on(paths, time, looks.rates[look + 1], drift, lower, efficacy[look])
    return _SpentBounds(efficacy, np.array(futility), power)


def _binding_bounds(looks: _Looks, drift: float) -> _SpentBounds:
    """Both kinds of bounds at once, look by look: null and drifting paths stop at the same ones."""
    alpha, beta = _alpha_of_a_side(looks), _beta(looks)
    null, drifting, alpha_used, beta_used, power = all_paths(), all_paths(), 0.0, 0.0, 0.0
    efficacy, futility = [], []
    for look, time in enumerate(looks.rates):
        only_futility = look + 1 in looks.rules.futility_only_looks
        upper = inf if only_futility else bound_above(null, time, 0.0, alpha[look] - alpha_used)
        power += share_above(drifting, time, drift, upper)
        efficacy.append(upper)
        if look == len(looks.rates) - 1:
            break
        alpha_used += share_above(null, time, 0.0, upper)
        lower = min(bound_below(drifting, time, drift, beta[look] - beta_used), upper)
        beta_used += share_below(drifting, time, drift, lower)
        futility.append(lower)
        null = go_on(null, time, looks.rates[look + 1], 0.0, lower, upper)
        drifting = go_on(drifting, time, looks.rates[look + 1], drift, lower, upper)
    return _SpentBounds(np.array(efficacy), np.array(futility), power)


def _beta(looks: _Looks) -> np.ndarray:
    if not isinstance(looks.rules.futility, Spending):
        return np.zeros(len(looks.rates))
    return spent(looks.rules.futility, looks.rules.beta, looks.times)


def _drift_that_spends_beta(looks: _Looks) -> float:
    """Find the drift at which the bounds meet at the last look, so that power is 1 − beta."""
    rules = looks.rules
    known = _efficacy(looks, np.array([])) if rules.binding is Binding.NON_BINDING else None

    def power_at(drift: float) -> float:
        return _spending_bounds(looks, drift, known).power

    start = float(-ndtri(rules.alpha_of_a_side) - ndtri(rules.beta)) * 1.04
    return drift_for(1 - rules.beta, power_at, start)


def _with_fixed_futility(looks: _Looks) -> GroupSequentialDesign:
    """Design whose futility bounds are given, or which has none."""
    futility = _fixed_futility(looks.rules, len(looks.rates))
    efficacy = _efficacy(looks, futility)
    problems = [
        Problem(
            f"futility.bounds_z, look {look}",
            f"{low:g} is not below the efficacy bound {high:.4g}",
            "futility below efficacy",
            "lower it: as it is, the trial always ends at this look",
        )
        for look, (low, high) in enumerate(zip(futility, efficacy[:-1], strict=False), start=1)
        if low >= high
    ]
    refuse("group-sequential design", problems)
    return _as_design(looks, efficacy, futility, None)


def _spending_design(looks: _Looks, drift: float) -> GroupSequentialDesign:
    bounds = _spending_bounds(looks, drift)
    return _as_design(looks, bounds.efficacy, bounds.futility, drift)


def _fixed_futility(rules: Rules, n_looks: int) -> np.ndarray:
    if isinstance(rules.futility, FixedFutility):
        return np.array(rules.futility.bounds_z, dtype=float)
    return np.array([]) if rules.sides is Sides.TWO else np.full(n_looks - 1, -inf)


def _rules_at(design: GroupSequentialDesign, times: np.ndarray) -> Rules:
    """Read user-defined spending off between the planned looks, in a straight line."""

    def read(rule: Efficacy | Futility | None):
        if not isinstance(rule, Spending) or rule.kind is not SpendingKind.USER:
            return rule
        known = np.interp(times, (0.0, *design.spending_times), (0.0, *rule.values))
        return replace(rule, values=tuple(float(value) for value in known))

    return replace(design.rules, efficacy=read(design.rules.efficacy), futility=read(design.rules.futility))


def _as_design(looks: _Looks, efficacy: np.ndarray, futility: np.ndarray, drift: float | None) -> GroupSequentialDesign:
    two_sided = looks.rules.sides is Sides.TWO
    lower = -efficacy if two_sided else _null_lower(looks.rules, futility, len(efficacy))
    errors = stopping_shares(looks.rates, lower, efficacy, 0.0)[1].cumsum() * (2 if two_sided else 1)
    misses: tuple[float, ...] = ()
    if drift is not None:
        last_lower = np.append(futility, efficacy[-1])
        misses = tuple(stopping_shares(looks.rates, last_lower, efficacy, drift)[0].cumsum().tolist())
    return GroupSequentialDesign(
        rules=looks.rules,
        information_rates=tuple(looks.rates.tolist()),
        spending_times=tuple(looks.times.tolist()),
        efficacy_z=tuple(efficacy.tolist()),
        futility_z=tuple(futility.tolist()),
        stage_levels=tuple(ndtr(-efficacy).tolist()),
        alpha_spent=tuple(errors.tolist()),
        beta_spent=misses,
        drift=drift,
    )
