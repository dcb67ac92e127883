"""What a trial is judged by: change of a score, response by a rule, an ordered category, or a hierarchy of outcomes."""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sciatrial.evidence import RESPONDER_RULES, Measure, ResponderRule
from sciatrial.foundation import LONGEST_MONTHS, Score, scale_of, unknown_word
from sciatrial.trial.aims import EndpointMeasure

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
_PAINS = (Score.LEG_PAIN, Score.BACK_PAIN)
APPLICABLE_RULES = {
    word: rule
    for word, rule in RESPONDER_RULES.items()
    if all(item.measure in (Measure.PAIN, Measure.DISABILITY) for item in rule.criteria)
}


class Missing(StrEnum):
    """What becomes of a patient who is not seen at the endpoint, having left or missed that visit, rescue apart.

    ``non_responder``: counts as no responder. ``observed_only``: is left out.
    """

    NON_RESPONDER = "non_responder"
    OBSERVED_ONLY = "observed_only"


class Outcome(BaseModel):
    """One outcome of a hierarchy, at the endpoint's month: rescue, a rule, or a score; exactly one of the three.

    Parameters
    ----------
    event
        ``rescue``: no rescue before the endpoint is better.
    rule
        A rule of response; meeting it is better.
    score
        Its improvement since baseline.
    margin
        ``score`` only: a pair is decided by a difference of more than this, in points; 0 or more.
    """

    model_config = _STRICT

    event: Literal["rescue"] | None = None
    rule: str | None = None
    score: Score | None = None
    margin: Annotated[float, Field(ge=0, lt=100)] = 0.0

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if sum(item is not None for item in (self.event, self.rule, self.score)) != 1:
            raise ValueError("give one of event, rule and score")
        if self.margin and self.score is None:
            raise ValueError("a margin belongs to a score")
        return self

    @property
    def counts_rescue_as_failure(self) -> bool:
        """Whether rescue alone decides it, whatever the scores are."""
        return self.event is not None or _needs_no_intervention(self.rule)


class Endpoint(BaseModel):
    """What the trial is judged by, at one visit.

    Parameters
    ----------
    outcome
        The score; of a response or hierarchy it says which pain counts as "pain".
    month
        Of the visit.
    measure
        ``change_from_baseline``, ``response``, ``category`` or ``hierarchy``.
    rule
        ``response`` only: a word of the evidence tables' rules that pain and disability can decide, as
        ``responder_50pct_pain``, ``vas20_or_less`` or ``composite_50pct_pain_15pt_odi_no_intervention``.
    missing
        ``response`` only, where it must be told: what becomes of whoever is not seen at the endpoint, having left or
        missed that visit. ``non_responder`` or ``observed_only``.
    control_share
        ``response`` only: share of responders in the control that formulae suppose, 0 to 1; no simulation uses it.
    categories
        ``category`` only: cuts of the score, increasing; a score on a cut belongs to the better side.
    hierarchy
        ``hierarchy`` only: outcomes, the weightiest first.
    """

    model_config = _STRICT

    outcome: Score
    month: Annotated[float, Field(gt=0, le=LONGEST_MONTHS)]
    measure: EndpointMeasure = EndpointMeasure.CHANGE_FROM_BASELINE
    rule: str | None = None
    missing: Missing | None = None
    control_share: Annotated[float, Field(gt=0, lt=1)] | None = None
    categories: tuple[float, ...] = ()
    hierarchy: tuple[Outcome, ...] = ()

    @property
    def lower_is_better(self) -> bool:
        """Whether a fall of the score is a benefit."""
        return self.outcome is not Score.QUALITY_OF_LIFE

    @property
    def pain(self) -> Score:
        """Which score a rule means by pain: the endpoint's own, and leg pain where that is none."""
        return self.outcome if self.outcome in _PAINS else Score.LEG_PAIN

    @property
    def counts_rescue_as_failure(self) -> bool:
        """Whether the endpoint itself holds rescue against a patient."""
        return _needs_no_intervention(self.rule) or any(item.counts_rescue_as_failure for item in self.hierarchy)

    def problems(self) -> list[str]:
        """Return what does not belong to the measure, or is missing for it, as ``key: found; expected; next``."""
        problems = self._misplaced()
        if self.rule is not None and self.measure is EndpointMeasure.RESPONSE:
            problems += self._rule_problems("endpoint.rule", self.rule, is_endpoint=True)
        for place, item in enumerate(self.hierarchy):
            if item.rule is not None:
                problems += self._rule_problems(f"endpoint.hierarchy.{place}.rule", item.rule, is_endpoint=False)
        if any(later <= earlier for earlier, later in pairwise(self.categories)):
            problems.append("endpoint.categories: the cuts are not in order; increasing; sort them")
        top = scale_of(self.outcome)[1]
        problems += [
            f"endpoint.categories: {cut:g} is not inside the scale; above 0 and below {top:g}; choose another cut"
            for cut in self.categories
            if not 0 < cut < top
        ]
        return problems

    def _misplaced(self) -> list[str]:
        needs = {
            "rule": (self.rule is not None, EndpointMeasure.RESPONSE, True),
            "missing": (self.missing is not None, EndpointMeasure.RESPONSE, True),
            "control_share": (self.control_share is not None, EndpointMeasure.RESPONSE, False),
            "categories": (bool(self.categories), EndpointMeasure.CATEGORY, True),
            "hierarchy": (bool(self.hierarchy), EndpointMeasure.HIERARCHY, True),
        }
        problems = []
        for name, (is_given, measure, is_needed) in needs.items():
            if is_given and self.measure is not measure:
                told = f"has no meaning with measure {self.measure}"
                problems.append(f'endpoint.{name}: {told}; no such line; delete it, or write measure = "{measure}"')
            if is_needed and not is_given and self.measure is measure:
                expected = " or ".join(Missing) if name == "missing" else f"measure {measure} needs it"
                problems.append(f"endpoint.{name}: is missing; {expected}; add it")
        return problems

    def _rule_problems(self, key: str, word: str, *, is_endpoint: bool) -> list[str]:
        rule = APPLICABLE_RULES.get(word)
        if rule is None:
            told = unknown_word(key, word, APPLICABLE_RULES, "rule of pain and disability")
            return [f"{key}: {told.found}; {told.expected}; {told.next_step}"]
        fitting = _scores_of(rule)
        if is_endpoint and self.outcome not in fitting:
            told = f"{self.outcome} is not what {word} looks at"
            return [f"endpoint.outcome: {told}; {' or '.join(fitting)}; write one of them, or choose another rule"]
        return []


def _needs_no_intervention(word: str | None) -> bool:
    """Return whether a word names a rule that allows no further intervention."""
    rule = APPLICABLE_RULES.get(word or "")
    return rule is not None and rule.needs_no_intervention


def _scores_of(rule: ResponderRule) -> tuple[Score, ...]:
    """Return which scores the endpoint may name: the pain that counts, or disability where the rule has no pain."""
    has_pain = any(item.measure is Measure.PAIN for item in rule.criteria)
    return _PAINS if has_pain else (Score.DISABILITY,)
