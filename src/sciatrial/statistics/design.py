"""Group-sequential designs: what is asked for, what comes of it, and what can be wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf, isfinite, nan

import numpy as np

from sciatrial.foundation import Problem, TrialError
from sciatrial.statistics.spending import Spending, SpendingKind, spending_problems


class Sides(StrEnum):
    """Whether a design can find an effect in one direction or in both."""

    ONE = "one_sided"
    TWO = "two_sided"


class Binding(StrEnum):
    """Whether a trial must stop at its futility bounds; only then may they buy a lower efficacy bound."""

    BINDING = "binding"
    NON_BINDING = "non_binding"


@dataclass(frozen=True)
class WangTsiatis:
    """Bounds of z that change as (share of information)^(delta − 1/2); delta 0 is O'Brien-Fleming, 1/2 is Pocock."""

    delta: float


O_BRIEN_FLEMING = WangTsiatis(0.0)
POCOCK = WangTsiatis(0.5)


@dataclass(frozen=True)
class HaybittlePeto:
    """One high bound of z at every interim look; the last bound uses up the rest of alpha."""

    interim_z: float = 3.0


@dataclass(frozen=True)
class FixedFutility:
    """Bounds of z at the interim looks below which a trial stops for futility; -inf where it never does."""

    bounds_z: tuple[float, ...]


Efficacy = WangTsiatis | HaybittlePeto | Spending
Futility = FixedFutility | Spending


@dataclass(frozen=True)
class Rules:
    """What is asked of a design: the arguments of `group_sequential_design`."""

    alpha: float
    beta: float
    sides: Sides
    efficacy: Efficacy
    futility: Futility | None
    binding: Binding
    futility_only_looks: tuple[int, ...]

    @property
    def alpha_of_a_side(self) -> float:
        """Alpha of one direction."""
        return self.alpha / 2 if self.sides is Sides.TWO else self.alpha

    @property
    def spends_beta(self) -> bool:
        """Whether the futility bounds come from beta spending."""
        return isinstance(self.futility, Spending)


@dataclass(frozen=True)
class GroupSequentialDesign:
    """Bounds of a group-sequential design; a fixed design is one with one look.

    Parameters
    ----------
    rules
        What was asked for.
    information_rates
        Share of the last look's information at each look, shape (look,), the last one 1.
    spending_times
        Share of the *planned* information at each look; differs from the rates when looks fell elsewhere than planned.
    efficacy_z
        Bounds of z, shape (look,); inf where a look can only stop for futility.
    futility_z
        Bounds of z at the interim looks, shape (look − 1,); -inf where there is none.
    stage_levels
        One-sided level of each efficacy bound, shape (look,).
    alpha_spent
        Cumulative type I error, both directions together, shape (look,); non-binding futility is ignored in it.
    beta_spent
        Cumulative type II error, shape (look,); empty without beta spending.
    drift
        Mean of z at full information at which the power is 1 − beta, when beta spending fixed it; else None.
    """

    rules: Rules
    information_rates: tuple[float, ...]
    spending_times: tuple[float, ...]
    efficacy_z: tuple[float, ...]
    futility_z: tuple[float, ...]
    stage_levels: tuple[float, ...]
    alpha_spent: tuple[float, ...]
    beta_spent: tuple[float, ...]
    drift: float | None

    @property
    def n_looks(self) -> int:
        """Number of looks, the last one included."""
        return len(self.information_rates)

    @property
    def lower_z(self) -> np.ndarray:
        """Bounds below which a path stops, shape (look,): futility in one-sided designs, efficacy in two-sided ones."""
        if self.rules.sides is Sides.TWO:
            return -np.array(self.efficacy_z)
        return np.append(self.futility_z, -inf)

    def __str__(self) -> str:
        bounds = ", ".join(f"{bound:.3f}" for bound in self.efficacy_z)
        rates = ", ".join(f"{rate:.3g}" for rate in self.information_rates)
        return (
            f"{self.rules.sides} design with {self.n_looks} look{'s' if self.n_looks > 1 else ''} at {rates}\n"
            f"efficacy z {bounds}\nfutility z {', '.join(f'{bound:.3f}' for bound in self.futility_z) or 'none'}"
        )


def refuse(subject: str, problems: Sequence[Problem]) -> None:
    """Raise one error that names every problem, if there is any.

    Raises
    ------
    TrialError
        With all `problems`.
    """
    if problems:
        raise TrialError(subject, problems)


def share_problem(where: str, value: float) -> list[Problem]:
    """Return the problem of a number that must lie strictly between 0 and 1."""
    if isfinite(value) and 0 < value < 1:
        return []
    return [Problem(where, f"{value:g}", "a number above 0 and below 1")]


def rule_problems(rules: Rules, n_looks: int) -> list[Problem]:
    """Return everything that is wrong with the rules of a design with `n_looks` looks."""
    problems = [*share_problem("alpha", rules.alpha), *share_problem("beta", rules.beta)]
    if problems:  # the checks below divide alpha
        return problems + _futility_problems(rules, n_looks)
    if rules.alpha_of_a_side + rules.beta >= 1:
        problems.append(
            Problem("beta", f"alpha and beta are {rules.alpha:g} and {rules.beta:g}", "beta below 1 − alpha")
        )
    return [*problems, *_efficacy_problems(rules, n_looks), *_futility_problems(rules, n_looks)]


def rate_problems(rates: Sequence[float]) -> list[Problem]:
    """Return what is wrong with planned information rates: above 0, increasing, below 1 until the last, which is 1."""
    where = "information_rates"
    if not rates:
        return [Problem(where, "there is no look", "one share of full information for each look, the last one 1")]
    problems = order_problems(where, rates)
    for look, rate in enumerate(rates[:-1], start=1):
        if rate >= 1:
            problems.append(
                Problem(
                    f"{where}, look {look}", f"{rate:g} is at or beyond full information", "below 1 before the last"
                )
            )
    if rates[-1] != 1:
        problems.append(Problem(where, f"the last rate is {rates[-1]:g}", "1", "divide by the information at the end"))
    return problems


def order_problems(where: str, rates: Sequence[float]) -> list[Problem]:
    """Return what is wrong with the order of shares of information: finite, above 0, increasing."""
    problems = []
    for look, rate in enumerate(rates, start=1):
        if not isfinite(rate) or rate <= 0:
            problems.append(Problem(f"{where}, look {look}", f"{rate:g}", "a share of information above 0"))
    for look in range(1, len(rates)):
        if rates[look] <= rates[look - 1]:
            problems.append(
                Problem(
                    f"{where}, look {look + 1}",
                    f"{rates[look]:g} is not more than {rates[look - 1]:g} at the look before",
                    "information that increases",
                )
            )
    return problems


def _efficacy_problems(rules: Rules, n_looks: int) -> list[Problem]:
    problems = []
    efficacy, where = rules.efficacy, "efficacy"
    if isinstance(efficacy, Spending):
        total = rules.alpha_of_a_side if efficacy.kind is not SpendingKind.USER else rules.alpha
        problems += spending_problems(efficacy, where, total, n_looks)
    elif isinstance(efficacy, WangTsiatis) and not isfinite(efficacy.delta):
        problems.append(Problem(f"{where}.delta", f"{efficacy.delta}", "a finite number"))
    elif isinstance(efficacy, HaybittlePeto) and not 0 < efficacy.interim_z < inf:
        problems.append(Problem(f"{where}.interim_z", f"{efficacy.interim_z}", "a number above 0"))
    for look in rules.futility_only_looks:
        if not 1 <= look < n_looks:
            problems.append(
                Problem("futility_only_looks", f"look {look} of {n_looks}", f"looks from 1 to {n_looks - 1}")
            )
    return problems


def _futility_problems(rules: Rules, n_looks: int) -> list[Problem]:
    futility, where = rules.futility, "futility"
    if futility is None:
        return []
    problems = []
    if rules.sides is Sides.TWO:
        problems.append(Problem(where, "a two-sided design with futility bounds", "a one-sided design", "use one side"))
    if isinstance(futility, FixedFutility):
        return problems + _fixed_problems(futility, n_looks)
    problems += spending_problems(futility, where, rules.beta, n_looks)
    if rules.binding is Binding.BINDING and not isinstance(rules.efficacy, Spending):
        problems.append(
            Problem(
                where,
                "binding beta spending with efficacy bounds of a given shape",
                "alpha spending",
                "choose an efficacy bound by Spending, or non-binding futility",
            )
        )
    return problems


def _fixed_problems(futility: FixedFutility, n_looks: int) -> list[Problem]:
    bounds = futility.bounds_z
    problems = []
    if len(bounds) != n_looks - 1:
        problems.append(
            Problem("futility.bounds_z", f"{len(bounds)} bounds for {n_looks} looks", "one for each look but the last")
        )
    if any(bound != bound or bound == inf for bound in bounds):
        problems.append(Problem("futility.bounds_z", f"{bounds}", f"numbers or -inf, not {nan} or {inf}"))
    return problems
