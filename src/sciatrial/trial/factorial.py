"""A factorial trial of two factors: four arms, compared at the margins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from sciatrial.trial.course_problems import one_ancova_problems

if TYPE_CHECKING:
    from sciatrial.clinic import Protocol
    from sciatrial.trial.design import Design

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
N_ARMS = 4


class FactorArms(BaseModel):
    """One factor, which two of the four arms have.

    Parameters
    ----------
    name
        What it is called.
    arms
        The two arms that have it.
    """

    model_config = _STRICT

    name: Annotated[str, Field(min_length=1, max_length=60)]
    arms: tuple[str, str]


class Factorial(BaseModel):
    """Two factors, each with and without the other: four arms.

    The margin of a factor is the mean of its effects with and without the other one. It is the effect of the factor by
    itself only where the two do not interact; the interaction is the effect with the other less that without it.

    Parameters
    ----------
    first, second
        The factors; one arm has both, one has neither.
    """

    model_config = _STRICT

    first: FactorArms
    second: FactorArms

    @property
    def names(self) -> tuple[str, str, str]:
        """What the two margins and the interaction are called."""
        return self.first.name, self.second.name, f"{self.first.name} × {self.second.name}"

    def weights(self) -> dict[str, dict[str, float]]:
        """Return the weight of each arm that has a factor in the two margins and the interaction; the others' are left.

        Margin → arm → weight; the arm with neither factor has what makes the sum 0.
        """
        first, second = set(self.first.arms), set(self.second.arms)
        arms = first | second
        margin, other, together = self.names
        return {
            margin: {arm: 0.5 if arm in first else -0.5 for arm in arms},
            other: {arm: 0.5 if arm in second else -0.5 for arm in arms},
            together: {arm: 1.0 if arm in first & second else -1.0 for arm in arms},
        }

    def weights_of(self, arms: tuple[str, ...]) -> dict[str, list[float]]:
        """Return the weights in the order of the arms, summing to 0."""
        return {name: [found.get(arm, -sum(found.values())) for arm in arms] for name, found in self.weights().items()}

    def problems(self, design: Design) -> list[str]:
        """Return what does not fit the design, as ``key: found; expected; next``."""
        key, arms = "factorial", tuple(design.arms)
        found = []
        if len(arms) != N_ARMS:
            found.append(f"{key}: {len(arms)} arms; 4, two factors with and without each other; add or drop arms")
        for role, factor in (("first", self.first), ("second", self.second)):
            found += [
                f"{key}.{role}.arms.{place}: {arm!r} is not an arm; one of {', '.join(arms)}; correct it"
                for place, arm in enumerate(factor.arms)
                if arm not in arms
            ]
        if self.first.name == self.second.name:
            found.append(f"{key}.second.name: {self.second.name!r} is the first factor's too; another; rename one")
        both = set(self.first.arms) & set(self.second.arms)
        are_two = all(len(set(factor.arms)) == 2 for factor in (self.first, self.second))
        if len(both) != 1 or not are_two:
            told = f"{', '.join(sorted(both)) or 'no arm'} in both factors; one arm with both, one with neither"
            found.append(f"{key}.second.arms: {told}; list two arms for each factor")
        found += one_ancova_problems(design, key)
        if not found:
            found += self._not_crossed(design.arms)
        return found

    def _not_crossed(self, arms: Mapping[str, Protocol]) -> list[str]:
        """Find arms that differ in more, or in something else, than their factors."""
        words: dict[str, dict[str, Any]] = {arm: dict(protocol) for arm, protocol in arms.items()}
        (both,) = set(self.first.arms) & set(self.second.arms)
        (first,), (second,) = set(self.first.arms) - {both}, set(self.second.arms) - {both}
        (neither,) = set(arms) - {both, first, second}
        found = []
        for role, factor, alone, with_other, other in (
            ("first", self.first, first, both, second), ("second", self.second, second, both, first),
        ):  # fmt: skip
            without_it, with_it = _changed(words[neither], words[alone]), _changed(words[other], words[with_other])
            if without_it != with_it:
                differing = sorted(set(without_it) ^ set(with_it)) or sorted(
                    name for name in without_it if without_it[name] != with_it[name]
                )
                told = (
                    f"{factor.name} changes other settings with the other factor than without: {', '.join(differing)}"
                )
                found.append(f"factorial.{role}: {told}; the same change; correct arms {alone} and {with_other}")
        return found


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that differ, as they become; of lists, what is added and taken away."""
    changed: dict[str, Any] = {}
    for name in before:
        if before[name] == after[name]:
            continue
        changed[name] = after[name]
        if isinstance(after[name], tuple):
            old, new = set(before[name]), set(after[name])
            changed[name] = (frozenset(new - old), frozenset(old - new))
    return changed
