"""``[trial.dose_finding]``: which arms are doses, which shapes their effect may have, and how much effect is enough."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sciatrial.clinic import Protocol
from sciatrial.statistics import DoseCandidate, DoseChoice, DoseShape, tells_doses_apart
from sciatrial.trial.aims import Analysis, EndpointMeasure

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
_Positive = Annotated[float, Field(gt=0, le=1e6)]
_ANALYSES = (Analysis.ANCOVA, Analysis.MMRM)
_MOST_CANDIDATES = 12
# what may differ between the arms of one product
_OF_THE_DOSE = frozenset({"dose_million_cells", "volume_ml"})


class Candidate(BaseModel):
    """A shape that the dose response may have, with a guess for each number of its curve.

    Parameters
    ----------
    shape
        See `DoseShape`.
    half_dose
        Of ``emax``, ``sigmoid_emax`` and ``logistic``: million cells with half of the plateau's effect.
    hill
        Of ``sigmoid_emax``: how steep.
    growth_dose
        Of ``exponential``: million cells that multiply its growth by e.
    peak_dose
        Of ``quadratic``: million cells with the largest effect.
    spread_dose
        Of ``logistic``: million cells over which it rises.
    rise, fall
        Of ``beta``: powers of the dose and of what is left to 120 % of the largest dose.
    """

    model_config = _STRICT

    shape: DoseShape
    half_dose: _Positive | None = None
    hill: _Positive | None = None
    growth_dose: _Positive | None = None
    peak_dose: _Positive | None = None
    spread_dose: _Positive | None = None
    rise: _Positive | None = None
    fall: _Positive | None = None

    @model_validator(mode="after")
    def _guesses_belong_to_the_shape(self) -> Self:
        needed = self.shape.numbers
        found = []
        for name in type(self).model_fields:
            if name == "shape":
                continue
            is_given = getattr(self, name) is not None
            if is_given and name not in needed:
                found.append(f"{name}: has no meaning with shape {self.shape}; no such line; delete it")
            if not is_given and name in needed:
                found.append(f"{name}: is missing; a guess, which shape {self.shape} needs; add it")
        if found:
            raise ValueError("\n".join(found))
        return self

    @property
    def candidate(self) -> DoseCandidate:
        """The shape with its guesses."""
        return DoseCandidate(self.shape, tuple(float(getattr(self, name)) for name in self.shape.numbers))


class DoseFinding(BaseModel):
    """Whether the effect goes with the dose, and which dose is enough (MCP-Mod).

    Parameters
    ----------
    control
        The arm of dose 0.
    doses
        Arms that receive one product in different doses; left out, every arm with cells.
    candidates
        Shapes that the dose response may have, one to twelve.
    relevant_effect
        Points of benefit over the control, above 0 to 100: the target dose is the smallest that has it.
    alpha
        One-sided error of the test that there is a dose response, 0.001 to 0.2.
    choice
        ``best``: the shape of the least AIC tells the target dose; ``average``: the curve averaged over shapes. Either
        way of those shapes whose contrast passes the critical value.
    n_resamples
        Resamples for the interval of the target dose, 100 to 10 000.
    """

    model_config = _STRICT

    control: str
    doses: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...]
    relevant_effect: Annotated[float, Field(gt=0, le=100)]
    alpha: Annotated[float, Field(ge=0.001, le=0.2)] = 0.025
    choice: DoseChoice = DoseChoice.BEST
    n_resamples: Annotated[int, Field(ge=100, le=10_000)] = 500

    @model_validator(mode="after")
    def _has_candidates(self) -> Self:
        if not 1 <= len(self.candidates) <= _MOST_CANDIDATES:
            told = f"has {len(self.candidates)} shapes; 1 to {_MOST_CANDIDATES}"
            raise ValueError(f'candidates: {told}; list shapes, {{ shape = "linear" }} for one')
        return self

    def dose_arms(self, arms: Mapping[str, Protocol]) -> dict[str, float]:
        """Return arm → million cells, the control with 0 first, then by dose."""
        named = self.doses or tuple(arm for arm, protocol in arms.items() if protocol.is_cell_therapy)
        found = {arm: arms[arm].dose_million_cells or 0.0 for arm in named}
        return {self.control: 0.0, **dict(sorted(found.items(), key=lambda item: item[1]))}

    def problems(
        self, arms: Mapping[str, Protocol], analysis: Analysis, measure: EndpointMeasure, *, has_looks: bool
    ) -> list[str]:
        """Return what does not fit the trial, as ``key: found; expected; next``."""
        found = []
        if analysis not in _ANALYSES:
            found.append(f"dose_finding: with analysis {analysis}; ancova or mmrm; choose one of them")
        if measure is not EndpointMeasure.CHANGE_FROM_BASELINE:
            found.append(f"dose_finding: with measure {measure}; change_from_baseline; choose it, or leave doses out")
        if has_looks:
            found.append("dose_finding: with interim looks; the final analysis alone; leave looks out")
        arm_problems = self._arm_problems(arms)
        return [*found, *(arm_problems or self._shape_problems(arms))]

    def _arm_problems(self, arms: Mapping[str, Protocol]) -> list[str]:
        known = ", ".join(arms)
        found = [
            f"dose_finding.{where}: {arm!r} is not an arm; one of {known}; correct it"
            for where, arm in [("control", self.control), *((f"doses.{i}", arm) for i, arm in enumerate(self.doses))]
            if arm not in arms
        ]
        if found:
            return found
        if arms[self.control].is_cell_therapy:
            found.append(f"dose_finding.control: {self.control} receives cells; an arm without; choose it")
        named = self.doses or tuple(arm for arm, protocol in arms.items() if protocol.is_cell_therapy)
        found += [
            f"dose_finding.doses: {arm} receives no cells; arms with cells; leave it out"
            for arm in named
            if not arms[arm].is_cell_therapy
        ]
        if found:
            return found
        if len(set(named)) < 2:
            told = f"{len(set(named))} arm with cells" if named else "no arm with cells"
            return [f"dose_finding.doses: {told}; two doses or more beside the control; add arms"]
        if len(set(named)) < len(named):
            found.append("dose_finding.doses: an arm is listed twice; each arm once; leave one out")
        amounts = [arms[arm].dose_million_cells for arm in named]
        if len(set(amounts)) < len(set(named)):
            found.append(f"dose_finding.doses: two arms have the same dose_million_cells; different ones; {known}")
        first = arms[named[0]].model_dump(exclude=set(_OF_THE_DOSE))
        for arm in named[1:]:
            other = arms[arm].model_dump(exclude=set(_OF_THE_DOSE))
            unlike = ", ".join(key for key in first if first[key] != other[key])
            if unlike:
                told = f"{arm} differs from {named[0]} in {unlike}; doses of one product, given alike"
                found.append(f"dose_finding.doses: {told}; name the arms that are, doses = [ … ]")
        return found

    def _shape_problems(self, arms: Mapping[str, Protocol]) -> list[str]:
        doses = list(self.dose_arms(arms).values())
        found = []
        for place, item in enumerate(self.candidates):
            if item in self.candidates[:place]:
                found.append(f"dose_finding.candidates.{place}: is listed twice; once; leave one out")
            if item.shape is DoseShape.QUADRATIC and (item.peak_dose or 0) < max(doses) / 2:
                told = f"{item.peak_dose:g} is below half of the largest dose, {max(doses):g}, so that more harms"
                found.append(f"dose_finding.candidates.{place}.peak_dose: {told}; half of it or more; raise it")
        for place, item in enumerate(self.candidates):
            if not tells_doses_apart(item.candidate, doses):
                told = f"{item.candidate.in_words} is the same at all doses, or too steep to compute"
                found.append(f"dose_finding.candidates.{place}: {told}; a curve that tells them apart; guess otherwise")
        return found
