"""Adaptive enrichment: full population and a subgroup tested together, one of which looks may select."""

from __future__ import annotations

from enum import StrEnum
from math import inf
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from sciatrial.statistics import PopulationTest, Selection, Sides
from sciatrial.trial.aims import Analysis, EndpointMeasure, Strategy
from sciatrial.trial.multi_arm import TrialStop
from sciatrial.trial.randomisation import RandomisationMethod
from sciatrial.trial.subgroup import Subgroup

if TYPE_CHECKING:
    from sciatrial.trial.design import Design

# eligible patients who may come at most, where the study does not say: so many times those planned
_TIMES_PLANNED = 4
_FEWEST = 2  # endpoints of each arm in each stratum at a look: a mean and a spread need two


class SelectBy(StrEnum):
    """What a look compares the populations by, all of it in favour of the arm.

    ``effect``: the estimated difference in points. ``z``: its standardised value. ``conditional_power``: the
    probability, 0 to 1, that the population's own test crosses the last bound if the observed effect is the true one
    and everybody who is still to come belongs to it.
    """

    EFFECT = "effect"
    Z = "z"
    CONDITIONAL_POWER = "conditional_power"


class Enrichment(BaseModel):
    """A trial of two arms that tests the full population and a subgroup of it; needs ``one_sided`` and ``ancova``.

    Each is shown when its own hypothesis and that of both are rejected (closed test), stages combined by the inverse
    normal method with the planned information as weights. A stage is everybody whose endpoint fell due after the look
    before and by this one. That holds `alpha` for both together, whatever a look selects. After a look that leaves
    the subgroup alone only its patients are randomised; those of the others who were randomised by then are followed
    and enter no later test. Assignment is stratified by the subgroup (not if it is ``simple``), and the analysis of the
    full population adjusts for it. Without interim looks both are tested at the end.

    Parameters
    ----------
    subgroup
        Who belongs to it.
    prevalence
        Share of the full population, 0.02 to 0.98, that the plan supposes: an assumption. Simulated patients have their
        own.
    test
        How both are tested together in a stage: ``spiessens_debois``, ``bonferroni``, ``simes`` or ``sidak``.
    by
        What a look compares them by: ``effect``, ``z`` or ``conditional_power``.
    most
        At each interim look, 1 (the better one goes on) or 2. Left out, both may. A tie goes to the full population.
    above
        At each interim look, the value of `by` that a population must exceed to go on; not binding. Left out, none.
    within
        At each interim look, how far below the better one a population may be and go on. Left out, any distance.
    stop
        ``all_decided``: the trial stops when each is shown or no longer tested. ``first_shown``: or one is shown.
    n_after
        Patients randomised after the look that leaves the subgroup alone. Left out, as many as `n_total` still lacks.
    most_eligible
        Eligible patients who come at most, those turned away after the look included; recruitment ends with them. Left
        out, four times `n_total`.

    Source
    ------
    Brannath and others (2009), Statistics in Medicine 28, 1445-1463. Jenkins, Stone and Jennison (2011), Pharmaceutical
    Statistics 10, 347-356. Wassmer and Dragalin (2015), Journal of Biopharmaceutical Statistics 25, 790-810.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    subgroup: Subgroup
    prevalence: Annotated[float, Field(ge=0.02, le=0.98)]
    test: PopulationTest = PopulationTest.SPIESSENS_DEBOIS
    by: SelectBy = SelectBy.EFFECT
    most: tuple[Annotated[int, Field(ge=1, le=2)], ...] = ()
    above: tuple[Annotated[float, Field(ge=-100, le=100)], ...] = ()
    within: tuple[Annotated[float, Field(ge=0, le=100)], ...] = ()
    stop: TrialStop = TrialStop.ALL_DECIDED
    n_after: Annotated[int, Field(ge=4, le=1_000_000)] | None = None
    most_eligible: Annotated[int, Field(ge=4, le=1_000_000)] | None = None

    def eligible_at_most(self, planned: int) -> int:
        """Return how many eligible patients come at most, where so many are planned."""
        return _TIMES_PLANNED * planned if self.most_eligible is None else self.most_eligible

    def selection(self, look: int) -> Selection:
        """Return the rule of an interim look, counted from 1; its z is whatever `by` says."""
        return Selection(
            most=self.most[look - 1] if self.most else 2,
            above_z=self.above[look - 1] if self.above else -inf,
            within_z=self.within[look - 1] if self.within else inf,
        )

    def problems(self, design: Design, *, are_sizes_right: bool) -> list[str]:
        """Return what does not fit the design, as ``key: found; expected; next``."""
        key = "enrichment"
        found = self._look_problems(design)
        if len(design.arms) != 2:
            found.append(f"{key}: there are {len(design.arms)} arms; two; drop arms, or leave {key} out")
        if design.sides is not Sides.ONE:
            told = f"{design.sides}, and {key} shows that the arm is better; one_sided"
            found.append(f'sides: {told}; write sides = "one_sided", alpha = 0.025')
        if (
            design.analysis is not Analysis.ANCOVA
            or design.endpoint.measure is not EndpointMeasure.CHANGE_FROM_BASELINE
        ):
            told = f"{design.analysis} of a {design.endpoint.measure.replace('_', ' ')} with {key}"
            expected = "ancova of a change from baseline, whose stages share nothing of a patient"
            found.append(f'analysis: {told}; {expected}; write analysis = "ancova", or leave {key} out')
        if design.imputation is not None:
            told = "fills in one trial that is analysed at once, not stage by stage; none; delete it"
            found.append(f"imputation: {told}, or leave {key} out")
        if design.estimand.rescue is Strategy.PRINCIPAL_STRATUM:
            told = f"principal_stratum with {key}, whose subgroup is known at entry; another strategy; choose one"
            found.append(f"estimand.rescue: {told}")
        if design.randomisation.method is RandomisationMethod.MINIMISATION:
            told = f"minimisation, which depends on patients whom {key} may turn away"
            found.append(f"randomisation.method: {told}; permuted_blocks or simple; choose one")
        if are_sizes_right and len(design.arms) == 2:
            found += self._size_problems(design)
        return found

    def _look_problems(self, design: Design) -> list[str]:
        looks, found, key = design.looks, [], "enrichment"
        n = len(looks.information)
        if looks.deciding is not None:
            found.append(f"looks.deciding: there is one comparison, in two populations of {key}; none; delete it")
        if looks.futility is not None:
            told = f"is a bound for one test; {key}.above stops a population for futility; delete it"
            found.append(f"looks.futility: {told}")
        for name in ("most", "above", "within"):
            values = getattr(self, name)
            if values and len(values) != n:
                told = f"{len(values)} for {n} interim looks; one for each, or none; write as many as looks.information"
                found.append(f"{key}.{name}: {told}")
        if self.by is SelectBy.CONDITIONAL_POWER:
            found += [
                f"{key}.above.{place}: {value:g} is no conditional power; 0 to below 1; write for example 0.3"
                for place, value in enumerate(self.above)
                if not 0 <= value < 1
            ]
            found += [
                f"{key}.within.{place}: {value:g} is no difference of conditional powers; 0 to 1; write for example 0.2"
                for place, value in enumerate(self.within)
                if value > 1
            ]
        for name in ("n_after", "most_eligible"):
            if getattr(self, name) is not None and not n:
                found.append(f"{key}.{name}: has no meaning without interim looks; no such line; delete it")
        return found

    def _size_problems(self, design: Design) -> list[str]:
        found, key = [], "enrichment"
        most = self.eligible_at_most(design.size)
        if most < design.size:
            told = f"{most} is below the {design.size} that are planned; at least as many; raise it"
            found.append(f"{key}.most_eligible: {told}")
        elif self.n_after is not None and self.n_after > most:
            told = f"{self.n_after} is above the {most} eligible patients who come at most; fewer"
            found.append(f"{key}.n_after: {told}; lower it, or raise {key}.most_eligible")
        first = design.looks.information[0] if design.looks.information else 1.0
        arm, fewest = min(design.expected_endpoints().items(), key=lambda item: item[1])
        for who, share in (("the subgroup", self.prevalence), ("those outside the subgroup", 1 - self.prevalence)):
            if 0 < first <= 1 and first * fewest * share < _FEWEST:
                told = f"{self.prevalence:g} gives {who} {first * fewest * share:.1f} observed endpoints in arm {arm}"
                when = " at the first look" if design.looks.information else ""
                expected = f"{_FEWEST} or more of each"
                found.append(
                    f"{key}.prevalence: {told}{when}; {expected}; look later, randomise more, or change the subgroup"
                )
        return found


def population_names(design: Design) -> tuple[str, ...]:
    """Return what the hypotheses of a design are called: its comparisons, and that in the subgroup last."""
    names = tuple(item.name for item in design.compared())
    return names if design.enrichment is None else (*names, f"{names[0]} in {design.enrichment.subgroup.name}")
