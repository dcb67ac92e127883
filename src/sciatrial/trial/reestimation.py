"""A sample size that is estimated anew on the way: by the blinded spread, or by conditional power at the look."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from sciatrial.statistics import Sides
from sciatrial.trial.aims import Analysis

if TYPE_CHECKING:
    from sciatrial.trial.design import Design

# conditional power from which the ordinary statistic holds alpha if the size only grows
_ORDINARY_FROM = 0.5
_FEWEST_BLINDED = 10
# endpoints after the look: with hardly any the second stage cannot be analysed by itself
_FEWEST_IN_AN_ARM = 5


def fewest_after_look(design: Design) -> float:
    """Return the least endpoints of a second stage, both arms together."""
    return _FEWEST_IN_AN_ARM * sum(design.ratio.values()) / min(design.ratio.values())


class ReestimationKind(StrEnum):
    """What the new size follows.

    ``blinded``: the spread of all patients together, arms unknown. ``conditional_power``: at the look, the size that
    brings the conditional power to its target, smaller or larger than planned. ``promising_zone``: the size grows where
    the conditional power lies in a zone, and stays elsewhere.
    """

    BLINDED = "blinded"
    CONDITIONAL_POWER = "conditional_power"
    PROMISING_ZONE = "promising_zone"


class FinalTest(StrEnum):
    """What the final bound applies to after a look at which the size changed.

    ``combination``: the stages' statistics with the planned weights (Cui, Hung and Wang), whatever the size became.
    ``ordinary``: the analysis of all patients, which holds alpha where the size only grows and only with a conditional
    power of 50 % or more (Chen, DeMets and Lan).
    """

    COMBINATION = "combination"
    ORDINARY = "ordinary"


class Reestimation(BaseModel):
    """A trial of two arms whose size is estimated anew once; `n_total` stays the planned size.

    Parameters
    ----------
    kind
        ``blinded`` (without interim looks), ``conditional_power`` or ``promising_zone`` (with one, ``one_sided``).
    most
        Patients randomised in all at most, at least as many as planned.
    least
        Patients in all at least: ``blinded`` and ``conditional_power`` only, the planned size when left out. Whoever
        was recruited by then stays. Five endpoints or more in each arm must come after the look.
    at_endpoints
        ``blinded`` only: observed endpoints, 10 or more and fewer than planned, at which the spread is estimated.
    effect
        ``blinded`` only: difference of mean changes, in points above 0, that the trial is to find.
    power
        ``blinded`` only: with which it is to be found, 0.5 to 0.99; 0.8 when left out.
    target
        Conditional power, if the observed effect is the true one, that the new size is to have; 0.5 to 0.99. 0.8 when
        left out; not ``blinded``.
    lowest
        ``promising_zone`` only: conditional power, above 0 and below `target`, from which a result is promising.
    test
        ``combination`` or ``ordinary``; not ``blinded``, whose final test is the usual one.

    Source
    ------
    Kieser and Friede (2003), Statistics in Medicine 22, 3571-3581. Mehta and Pocock (2011), Statistics in Medicine 30,
    3267-3284. Cui, Hung and Wang (1999), Biometrics 55, 853-857. Chen, DeMets and Lan (2004), Statistics in Medicine
    23, 1023-1038.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: ReestimationKind
    most: Annotated[int, Field(ge=4, le=1_000_000)]
    least: Annotated[int, Field(ge=4, le=1_000_000)] | None = None
    at_endpoints: Annotated[int, Field(ge=_FEWEST_BLINDED, le=1_000_000)] | None = None
    effect: Annotated[float, Field(gt=0, le=100)] | None = None
    power: Annotated[float, Field(ge=0.5, le=0.99)] | None = None
    target: Annotated[float, Field(ge=0.5, le=0.99)] | None = None
    lowest: Annotated[float, Field(gt=0, lt=1)] | None = None
    test: FinalTest | None = None

    @property
    def wanted_power(self) -> float:
        """The power of the blinded size."""
        return 0.8 if self.power is None else self.power

    @property
    def wanted_target(self) -> float:
        """The conditional power of the new size."""
        return 0.8 if self.target is None else self.target

    @property
    def is_ordinary(self) -> bool:
        """Whether the final bound applies to the analysis of all patients."""
        return self.kind is ReestimationKind.BLINDED or self.test is FinalTest.ORDINARY

    def fewest(self, planned: int) -> int:
        """Return the least patients in all."""
        return planned if self.least is None else self.least

    def problems(self, design: Design) -> list[str]:
        """Return what does not fit the design, as ``key: found; expected; next``."""
        key, found = "reestimation", self._misplaced()
        if len(design.arms) != 2:
            found.append(f"{key}: there are {len(design.arms)} arms; two; drop arms, or leave {key} out")
        if len(design.comparisons) > 1:
            told = f"there are {len(design.comparisons)}; one, whose result sets the size; leave the others out"
            found.append(f"comparisons: {told}, or {key}")
        if design.analysis is not Analysis.ANCOVA:
            told = f"{design.analysis}, whose information at a look is not that of its endpoints; ancova"
            found.append(f'analysis: {told}; write analysis = "ancova", or leave {key} out')
        if design.accrual is None:
            found.append(f"accrual: is missing; patients a month; add accrual = {{ per_month = … }}, for {key}")
        if design.imputation is not None:
            found.append(f"{key}: cannot be combined with imputation; one of the two; delete one")
        found += self._look_problems(design)
        if self.most < design.size:
            found.append(f"{key}.most: {self.most} is below the planned {design.size}; at least as many; raise it")
        if self.least is not None and self.least > self.most:
            found.append(f"{key}.least: {self.least} is above the most, {self.most}; at most as many; lower it")
        return found

    def _look_problems(self, design: Design) -> list[str]:
        key, n = "reestimation", len(design.looks.information)
        if self.kind is ReestimationKind.BLINDED:
            planned = sum(design.expected_endpoints().values()) if len(design.arms) == 2 else float("inf")
            found = []
            if n:
                told = "there are interim looks, at which arms are known; none with blinded; delete looks.information"
                found.append(f"{key}.kind: {told}")
            if self.at_endpoints is not None and self.at_endpoints >= planned:
                told = f"{self.at_endpoints} is not below the {planned:.4g} that are planned; fewer; look earlier"
                found.append(f"{key}.at_endpoints: {told}")
            return found
        found = []
        if n != 1:
            told = (
                f"there are {n} interim looks; one, at which {self.kind} sees the size; write looks.information = [0.5]"
            )
            found.append(f"{key}: {told}")
        if design.sides is not Sides.ONE:
            told = f"{design.sides}, and the conditional power is that of a benefit; one_sided"
            found.append(f'sides: {told}; write sides = "one_sided", alpha = 0.025')
        return found if n != 1 else [*found, *self._second_stage_problems(design)]

    def _second_stage_problems(self, design: Design) -> list[str]:
        """Find sizes that leave too few patients after the look to be analysed by themselves."""
        fewest, look = fewest_after_look(design), design.look_endpoints()[0]
        share = sum(design.expected_endpoints().values()) / design.size
        sizes = [("looks.information.0", f"{design.looks.information[0]:g}", design.size, "randomise more")]
        if self.least is not None and self.least < design.size:
            sizes.append(("reestimation.least", f"{self.least}", self.least, "raise it"))
        return [
            f"{where}: {value} leaves some {max(size * share - look, 0):.3g} endpoints after the look at {look}; "
            f"{fewest:g} or more, {_FEWEST_IN_AN_ARM} in each arm; look earlier, or {advice}"
            for where, value, size, advice in sizes
            if size * share - look < fewest - 1e-9
        ]

    def _misplaced(self) -> list[str]:
        """Find settings of another kind, missing ones, and an ordinary test that would not hold alpha."""
        kind, key = self.kind, "reestimation"
        is_blinded, is_zone = kind is ReestimationKind.BLINDED, kind is ReestimationKind.PROMISING_ZONE
        settings = {
            "at_endpoints": (is_blinded, True), "effect": (is_blinded, True), "power": (is_blinded, False),
            "target": (not is_blinded, False), "lowest": (is_zone, True), "test": (not is_blinded, False),
            "least": (not is_zone, False),
        }  # fmt: skip
        found = []
        for name, (belongs, is_needed) in settings.items():
            is_given = getattr(self, name) is not None
            if is_given and not belongs:
                found.append(f"{key}.{name}: has no meaning with kind {kind}; no such line; delete it")
            if belongs and is_needed and not is_given:
                found.append(f"{key}.{name}: is missing; kind {kind} needs it; add it")
        if is_zone and self.lowest is not None and self.lowest >= self.wanted_target:
            told = f"{self.lowest:g} is not below the target, {self.wanted_target:g}; lower; correct it"
            found.append(f"{key}.lowest: {told}")
        if self.test is FinalTest.ORDINARY and not (is_zone and (self.lowest or 0.0) >= _ORDINARY_FROM):
            told = f"ordinary holds alpha only in a promising zone from a conditional power of {_ORDINARY_FROM:g} on"
            found.append(f'{key}.test: {told}; combination; write test = "combination", or raise lowest')
        return found
