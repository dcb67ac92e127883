"""The looks of a trial: at which information it is looked at, and the bounds at which it stops.

A fixed design is a sequential one with one look: the final analysis, which is always there and is never listed.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from sciatrial.foundation import Problem, TrialError
from sciatrial.statistics import (
    O_BRIEN_FLEMING,
    POCOCK,
    Binding,
    FixedFutility,
    GroupSequentialDesign,
    HaybittlePeto,
    Rules,
    Sides,
    Spending,
    SpendingKind,
    WangTsiatis,
    group_sequential_design,
)

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class EfficacyKind(StrEnum):
    """How the bounds for efficacy come about: a shape in z (the first four), or alpha spending."""

    O_BRIEN_FLEMING = "o_brien_fleming"
    POCOCK = "pocock"
    WANG_TSIATIS = "wang_tsiatis"
    HAYBITTLE_PETO = "haybittle_peto"
    LAN_DEMETS_O_BRIEN_FLEMING = "lan_demets_o_brien_fleming"
    LAN_DEMETS_POCOCK = "lan_demets_pocock"
    KIM_DEMETS = "kim_demets"
    HWANG_SHIH_DECANI = "hwang_shih_decani"
    USER = "user"


class FutilityKind(StrEnum):
    """How the bounds for futility come about: given as z, or by beta spending."""

    FIXED = "fixed"
    LAN_DEMETS_O_BRIEN_FLEMING = "lan_demets_o_brien_fleming"
    LAN_DEMETS_POCOCK = "lan_demets_pocock"
    KIM_DEMETS = "kim_demets"
    HWANG_SHIH_DECANI = "hwang_shih_decani"
    USER = "user"


class EfficacyBounds(BaseModel):
    """How alpha is used up over the looks.

    Parameters
    ----------
    kind
        A shape of the bounds or a spending function.
    delta
        ``wang_tsiatis`` only: 0 is O'Brien-Fleming, 0.5 is Pocock.
    interim_z
        ``haybittle_peto`` only: the bound of z at every interim look; 3 when left out.
    gamma
        ``kim_demets`` (above 0) and ``hwang_shih_decani`` (negative spends late) only.
    values
        ``user`` only: cumulative error at each look, the final one included, where it is all of alpha.
    """

    model_config = _STRICT

    kind: EfficacyKind = EfficacyKind.LAN_DEMETS_O_BRIEN_FLEMING
    delta: Annotated[float, Field(ge=-5, le=1)] | None = None
    interim_z: Annotated[float, Field(gt=0, le=20)] | None = None
    gamma: Annotated[float, Field(ge=-40, le=40)] | None = None
    values: tuple[Annotated[float, Field(ge=0, le=1)], ...] = ()

    def problems(self) -> list[str]:
        """Return what does not belong to this kind, or is missing for it."""
        return _misplaced(
            "looks.spending",
            {
                "delta": (self.delta is not None, self.kind is EfficacyKind.WANG_TSIATIS, True),
                "interim_z": (self.interim_z is not None, self.kind is EfficacyKind.HAYBITTLE_PETO, False),
                "gamma": (self.gamma is not None, self.kind in _WITH_GAMMA, True),
                "values": (bool(self.values), self.kind is EfficacyKind.USER, True),
            },
            self.kind,
        )

    def rule(self) -> WangTsiatis | HaybittlePeto | Spending:
        """Return the rule in the words of the statistics room."""
        if self.kind is EfficacyKind.O_BRIEN_FLEMING:
            return O_BRIEN_FLEMING
        if self.kind is EfficacyKind.POCOCK:
            return POCOCK
        if self.kind is EfficacyKind.WANG_TSIATIS:
            return WangTsiatis(self.delta or 0.0)
        if self.kind is EfficacyKind.HAYBITTLE_PETO:
            return HaybittlePeto() if self.interim_z is None else HaybittlePeto(self.interim_z)
        return Spending(SpendingKind(self.kind), self.gamma, self.values)


class FutilityBounds(BaseModel):
    """When a trial stops because it will hardly find a benefit; one-sided designs only.

    Parameters
    ----------
    kind
        ``fixed``, or a spending function of beta.
    bounds_z
        ``fixed`` only: bound of z (positive in favour of the arm) at each interim look; -6 or less is never crossed.
    gamma
        As in `EfficacyBounds`.
    values
        ``user`` only: cumulative beta at each look, the final one included.
    binding
        ``non_binding``: the bounds for efficacy hold the type I error even when a trial goes on past futility.
        ``binding``: they are lower, and a trial that goes on has more than alpha; not with an ``mmrm``, whose
        information at a look its endpoints understate.
    """

    model_config = _STRICT

    kind: FutilityKind = FutilityKind.HWANG_SHIH_DECANI
    bounds_z: tuple[Annotated[float, Field(ge=-20, le=20)], ...] = ()
    gamma: Annotated[float, Field(ge=-40, le=40)] | None = None
    values: tuple[Annotated[float, Field(ge=0, le=1)], ...] = ()
    binding: Binding = Binding.NON_BINDING

    def problems(self) -> list[str]:
        """Return what does not belong to this kind, or is missing for it."""
        return _misplaced(
            "looks.futility",
            {
                "bounds_z": (bool(self.bounds_z), self.kind is FutilityKind.FIXED, True),
                "gamma": (self.gamma is not None, self.kind in _WITH_GAMMA, True),
                "values": (bool(self.values), self.kind is FutilityKind.USER, True),
            },
            self.kind,
        )

    def rule(self) -> FixedFutility | Spending:
        """Return the rule in the words of the statistics room."""
        if self.kind is FutilityKind.FIXED:
            return FixedFutility(self.bounds_z)
        return Spending(SpendingKind(self.kind), self.gamma, self.values)


_WITH_GAMMA = ("kim_demets", "hwang_shih_decani")


def _misplaced(where: str, settings: dict[str, tuple[bool, bool, bool]], kind: str) -> list[str]:
    """Return the problems of settings that are (given, of this kind, needed by their kind)."""
    problems = []
    for name, (is_given, belongs, is_needed) in settings.items():
        if is_given and not belongs:
            problems.append(f"{where}.{name}: has no meaning with kind {kind}; no such line; delete it")
        if belongs and is_needed and not is_given:
            problems.append(f"{where}.{name}: is missing; kind {kind} needs it; add it")
    return problems


class Deciding(BaseModel):
    """The comparison by which the whole trial stops."""

    model_config = _STRICT

    arm: str
    control: str


class Looks(BaseModel):
    """Interim looks and the rules for stopping; without interim looks the design is a fixed one.

    Parameters
    ----------
    information
        Interim looks, each at a share of the endpoints that the plan expects to observe (above 0, below 1,
        increasing). The final analysis is always there and is not listed.
    spending
        Bounds for efficacy. Shapes in z spend what they spend as planned; at other information than planned that is
        read off in a straight line, and the final look spends the rest.
    futility
        Bounds for futility, or none.
    futility_only
        Numbers of the interim looks, from 1, at which the trial cannot stop for efficacy.
    power
        Planned power, 0.5 to 0.99: sizes are told for it, and beta spending spends the rest of it.
    deciding
        The comparison by which the whole trial stops; needed by interim looks where there are several comparisons. The
        others are tested until then. Every comparison has its own bounds at alpha, not adjusted for their number.
    """

    model_config = _STRICT

    information: tuple[float, ...] = ()
    spending: EfficacyBounds = EfficacyBounds()
    futility: FutilityBounds | None = None
    futility_only: tuple[int, ...] = ()
    power: Annotated[float, Field(ge=0.5, le=0.99)] = 0.8
    deciding: Deciding | None = None

    def problems(self, alpha: float, sides: Sides) -> list[str]:
        """Return everything that is wrong with looks and bounds, as ``key: found; expected; next``."""
        found = [*self._information_problems(), *self.spending.problems()]
        if self.futility is not None:
            found += self.futility.problems()
            if not self.information:
                found.append(
                    "looks.futility: has no look to stop at; interim looks; add looks.information, or delete it"
                )
        if found:
            return found
        try:
            planned_bounds(self, alpha, sides)
        except TrialError as error:
            return list(dict.fromkeys(_line(problem) for problem in error.problems))
        return []

    def _information_problems(self) -> list[str]:
        where = "looks.information"
        found = []
        for place, share in enumerate(self.information):
            if share <= 0:
                told = f"{share:g} is at zero observed endpoints; above 0; look when some endpoints are there"
                found.append(f"{where}.{place}: {told}")
            if share >= 1:
                told = f"{share:g} is at or beyond full information; below 1; the final analysis is not listed"
                found.append(f"{where}.{place}: {told}")
        if any(later <= earlier for earlier, later in pairwise(self.information)):
            found.append(f"{where}: the looks are not in order; each look once, increasing; sort them")
        return found


_KEYS = {
    "information_rates": "looks.information", "efficacy": "looks.spending", "futility": "looks.futility",
    "futility_only_looks": "looks.futility_only", "beta": "looks.power", "alpha": "alpha",
}  # fmt: skip


def _line(problem: Problem) -> str:
    """Return a problem of the statistics room with the key of the study file."""
    place, _, look = problem.where.partition(", ")
    head, dot, setting = place.partition(".")
    key = f"{_KEYS.get(head, 'looks')}{dot}{setting}"
    told = f"{look}: {problem.found}" if look else problem.found
    return f"{key}: {told}; {problem.expected}; {problem.next_step or 'correct it'}"


def planned_bounds(looks: Looks, alpha: float, sides: Sides) -> GroupSequentialDesign:
    """Return the planned bounds.

    Parameters
    ----------
    looks
        The looks.
    alpha
        Error of both directions together in two-sided designs, of the one in one-sided ones.
    sides
        One direction or both.

    Raises
    ------
    TrialError
        Names everything that does not fit together.
    """
    futility = looks.futility
    rules = Rules(
        alpha=alpha,
        beta=1 - looks.power,
        sides=sides,
        efficacy=looks.spending.rule(),
        futility=None if futility is None else futility.rule(),
        binding=Binding.NON_BINDING if futility is None else futility.binding,
        futility_only_looks=looks.futility_only,
    )
    return _derived((*looks.information, 1.0), rules)


@lru_cache(maxsize=64)
def _derived(rates: tuple[float, ...], rules: Rules) -> GroupSequentialDesign:
    return group_sequential_design(
        rates,
        alpha=rules.alpha,
        beta=rules.beta,
        sides=rules.sides,
        efficacy=rules.efficacy,
        futility=rules.futility,
        binding=rules.binding,
        futility_only_looks=rules.futility_only_looks,
    )
