"""Who is seen at which visit: visits missed one by one, and patients who leave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from sciatrial.clinic import SCORES
from sciatrial.foundation import Score, uniforms

if TYPE_CHECKING:
    from sciatrial.trial.design import Design

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
_Ratio = Annotated[float, Field(ge=0.01, le=100)]


class MissingMechanism(StrEnum):
    """What a missed visit depends on.

    ``completely_at_random``: nothing but the arm. ``at_random``: the last score that was seen. ``not_at_random``: the
    score that would have been seen.
    """

    COMPLETELY_AT_RANDOM = "completely_at_random"
    AT_RANDOM = "at_random"
    NOT_AT_RANDOM = "not_at_random"


class MissingVisits(BaseModel):
    """Single visits that a patient misses and comes back after; every number is an assumption, told in the report.

    Parameters
    ----------
    probability
        That a visit is missed, 0 to 0.9: at the score `around`, in an arm without a ratio of its own.
    mechanism
        ``completely_at_random``, ``at_random`` (on the last score seen, the baseline's at first) or ``not_at_random``
        (on the unseen score itself).
    odds_ratio_per_10_points
        By which the odds of missing a visit rise with 10 points of the score, 0.01 to 100; not with
        ``completely_at_random``.
    score, around
        Which score it depends on, and at which value (0 to 100) the probability is the one given.
    arm_odds_ratio
        Arm → factor of the odds in this arm, 0.01 to 100: a pattern by arm.
    """

    model_config = _STRICT

    probability: Annotated[float, Field(ge=0, le=0.9)]
    mechanism: MissingMechanism = MissingMechanism.COMPLETELY_AT_RANDOM
    odds_ratio_per_10_points: _Ratio = 1.0
    score: Score = Score.LEG_PAIN
    around: Annotated[float, Field(ge=0, le=100)] = 50.0
    arm_odds_ratio: dict[str, _Ratio] = Field(default_factory=dict)

    @property
    def depends_on_score(self) -> bool:
        """Whether some score makes a visit likelier to be missed."""
        return self.odds_ratio_per_10_points != 1

    def problems(self, arms: Iterable[str]) -> list[str]:
        """Return what does not fit together, as ``key: found; expected; next``."""
        key = "missing_visits"
        found = _unknown_arms(f"{key}.arm_odds_ratio", self.arm_odds_ratio, arms)
        if self.mechanism is MissingMechanism.COMPLETELY_AT_RANDOM and self.depends_on_score:
            told = f"{self.odds_ratio_per_10_points:g} with visits missed completely at random; 1"
            found.append(f"{key}.odds_ratio_per_10_points: {told}; choose at_random or not_at_random, or delete it")
        return found + _other_scale(key, self.score)


class DropoutHazard(BaseModel):
    """What makes patients leave sooner than `dropout_per_year` says; every number is an assumption, told in the report.

    The hazard of leaving between two visits is that of `dropout_per_year` times every ratio below.

    Parameters
    ----------
    mechanism
        ``at_random``: on the last score that was seen. ``not_at_random``: on the score of the visit that would have
        been next, unseen by whoever leaves before it.
    ratio_per_10_points
        By which the hazard rises with 10 points of the score, 0.01 to 100.
    score, around
        Which score it depends on, and at which value (0 to 100) the hazard is that of `dropout_per_year`.
    lack_of_effect_ratio
        Factor, 0.01 to 100, while the score is less than `lack_of_effect_percent` better than at baseline.
    lack_of_effect_percent
        Percent of the baseline, 0 to 100.
    lack_of_effect_from_month
        When a patient begins to judge, 0 to 60 months.
    arm_ratio
        Arm → factor in this arm, 0.01 to 100: side effects, or a sham that is seen through.
    """

    model_config = _STRICT

    mechanism: MissingMechanism = MissingMechanism.AT_RANDOM
    ratio_per_10_points: _Ratio = 1.0
    score: Score = Score.LEG_PAIN
    around: Annotated[float, Field(ge=0, le=100)] = 50.0
    lack_of_effect_ratio: _Ratio = 1.0
    lack_of_effect_percent: Annotated[float, Field(ge=0, le=100)] = 30.0
    lack_of_effect_from_month: Annotated[float, Field(ge=0, le=60)] = 1.0
    arm_ratio: dict[str, _Ratio] = Field(default_factory=dict)

    @property
    def depends_on_score(self) -> bool:
        """Whether some score makes patients leave sooner."""
        return self.ratio_per_10_points != 1 or self.lack_of_effect_ratio != 1

    def problems(self, arms: Iterable[str], dropout_per_year: float) -> list[str]:
        """Return what does not fit together, as ``key: found; expected; next``."""
        key = "dropout_hazard"
        found = _unknown_arms(f"{key}.arm_ratio", self.arm_ratio, arms)
        if self.mechanism is MissingMechanism.COMPLETELY_AT_RANDOM and self.depends_on_score:
            told = "completely_at_random beside a ratio by the score; at_random or not_at_random"
            found.append(f"{key}.mechanism: {told}; choose one, or delete the ratios")
        if dropout_per_year == 0:
            told = "has nothing to multiply: dropout_per_year is 0; above 0; give it, or delete dropout_hazard"
            found.append(f"{key}: {told}")
        return found + _other_scale(key, self.score)


def _unknown_arms(key: str, given: Iterable[str], arms: Iterable[str]) -> list[str]:
    known = list(arms)
    return [f"{key}.{arm}: no such arm; one of {', '.join(known)}; correct it" for arm in given if arm not in known]


def _other_scale(key: str, score: Score) -> list[str]:
    if score is not Score.QUALITY_OF_LIFE:
        return []
    return [f"{key}.score: quality_of_life has no points and is worse below; a score that is worse above; choose one"]


@dataclass(frozen=True)
class MissingLuck:
    """Uniform luck: of leaving, dims ``…, patient``, and of each visit, ``…, patient, visit``."""

    leaving: NDArray[np.float64]
    visits: NDArray[np.float64]


def missing_luck(design: Design, n_patients: int, seed: int) -> MissingLuck:
    """Return the luck of one trial's patients, by their place in the order of enrolment."""
    places = np.arange(n_patients)
    leaving = uniforms(seed, "dropout", places)
    if design.missing_visits is None:
        return MissingLuck(leaving, np.ones((n_patients, len(design.visits_months))))
    visits = [uniforms(seed, f"missed visit {number}", places) for number in range(len(design.visits_months))]
    return MissingLuck(leaving, np.stack(visits, axis=1))


@dataclass(frozen=True)
class Seen:
    """Who stayed in the trial until each occasion, and who was seen at it; dims ``…, patient, occasion``."""

    stayed: NDArray[np.bool_]
    observed: NDArray[np.bool_]


def seen_visits(design: Design, assigned: NDArray[np.int64], scores: NDArray[np.float64], luck: MissingLuck) -> Seen:
    """Return who is seen at which occasion, baseline (always seen) first.

    Parameters
    ----------
    design
        The design.
    assigned
        Arm of each patient; dims ``…, patient``.
    scores
        What would be measured; dims ``…, patient, occasion, score``, scores in the order of ``SCORES``.
    luck
        See `missing_luck`.

    Notes
    -----
    The hazard of leaving is constant between visits, so that without ratios the time of leaving is exponential. A visit
    is missed with probability expit(logit(probability) + log(ratios) × …), whether the one before was missed or not.
    """
    months = np.array([0.0, *design.visits_months])
    shape = scores.shape[:-1]
    stayed, observed = np.ones(shape, dtype=bool), np.ones(shape, dtype=bool)
    patience = -np.log(luck.leaving)  # the cumulative hazard at which a patient leaves
    rate = -np.log1p(-design.dropout_per_year) / 12
    hazard, missing = design.dropout_hazard, design.missing_visits
    arms = list(design.arms)
    sooner = 1.0 if hazard is None else _by_arm(hazard.arm_ratio, arms, assigned)
    likelier = 1.0 if missing is None else _by_arm(missing.arm_odds_ratio, arms, assigned)
    spent = np.zeros(shape[:-1])
    last_seen = np.zeros(shape[:-1], dtype=np.int64)
    for visit in range(1, len(months)):
        since = float(months[visit - 1])
        ratio = 1.0 if hazard is None else sooner * _hazard_ratio(hazard, scores, last_seen, visit, since)
        spent += ratio * rate * (months[visit] - since)
        stayed[..., visit] = spent <= patience
        observed[..., visit] = stayed[..., visit]
        if missing is not None:
            odds = likelier * _missing_odds(missing, scores, last_seen, visit)
            observed[..., visit] &= luck.visits[..., visit - 1] >= odds / (1 + odds)
        last_seen = np.where(observed[..., visit], visit, last_seen)
    return Seen(stayed, observed)


def _at(scores: NDArray[np.float64], score: Score, occasion: NDArray[np.int64] | int) -> NDArray[np.float64]:
    """Return one score of each patient at an occasion of its own; dims ``…, patient``."""
    mine = scores[..., SCORES.index(score)]
    if isinstance(occasion, int):
        return mine[..., occasion]
    return np.take_along_axis(mine, occasion[..., None], axis=-1)[..., 0]


def _by_arm(ratios: Mapping[str, float], arms: Sequence[str], assigned: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.array([ratios.get(arm, 1.0) for arm in arms])[assigned]


def _hazard_ratio(
    hazard: DropoutHazard, scores: NDArray[np.float64], last_seen: NDArray[np.int64], visit: int, since: float
) -> NDArray[np.float64]:
    """Return how much sooner than planned a patient leaves before a visit, by the score; `since`: the month before."""
    unseen = hazard.mechanism is MissingMechanism.NOT_AT_RANDOM
    score = _at(scores, hazard.score, visit if unseen else last_seen)
    ratio = hazard.ratio_per_10_points ** ((score - hazard.around) / 10)
    if hazard.lack_of_effect_ratio == 1 or since < hazard.lack_of_effect_from_month:
        return ratio
    start = _at(scores, hazard.score, 0)
    is_better = start - score >= hazard.lack_of_effect_percent / 100 * start
    return np.where(is_better, ratio, ratio * hazard.lack_of_effect_ratio)


def _missing_odds(
    missing: MissingVisits, scores: NDArray[np.float64], last_seen: NDArray[np.int64], visit: int
) -> NDArray[np.float64] | float:
    """Return the odds of missing a visit, by the score."""
    odds = missing.probability / (1 - missing.probability)
    if missing.mechanism is MissingMechanism.COMPLETELY_AT_RANDOM:
        return odds
    unseen = missing.mechanism is MissingMechanism.NOT_AT_RANDOM
    score = _at(scores, missing.score, visit if unseen else last_seen)
    return odds * missing.odds_ratio_per_10_points ** ((score - missing.around) / 10)
