"""What is made of a patient's scores at the endpoint: response by a rule, an ordered category, a hierarchy of outcomes.

The same functions serve patients of a trial and what a patient would show in each arm, of which the truth is made.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.evidence import Criterion, Measure, ResponderRule
from sciatrial.foundation import Score
from sciatrial.trial.aims import EndpointMeasure, Strategy
from sciatrial.trial.conduct import score_column
from sciatrial.trial.design import Design
from sciatrial.trial.endpoint import APPLICABLE_RULES
from sciatrial.trial.estimand import after_rescue, last_before


def meets_rule(rule: ResponderRule, scores: NDArray[np.float64], pain: Score) -> NDArray[np.bool_]:
    """Return who meets every criterion of a rule at each occasion, interventions left aside.

    Parameters
    ----------
    rule
        One of pain and disability.
    scores
        Dims ``patient, occasion, score``; occasion 0 is baseline.
    pain
        The score that the rule calls pain.

    Returns
    -------
    numpy.ndarray
        Dims ``patient, occasion``.
    """
    columns = {Measure.PAIN: score_column(pain), Measure.DISABILITY: score_column(Score.DISABILITY)}
    met = np.ones(scores.shape[:2], dtype=bool)
    for item in rule.criteria:
        met &= _meets(item, scores[:, :, columns[item.measure]])
    return met


def _meets(criterion: Criterion, score: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return who meets one criterion at each occasion; dims ``patient, occasion``."""
    baseline = score[:, :1]
    met = np.ones(score.shape, dtype=bool)
    if criterion.percent_better is not None:
        # somebody without pain at baseline cannot respond
        met &= (baseline > 0) & (score - baseline <= -criterion.percent_better / 100 * baseline)
    if criterion.points_better is not None:
        met &= baseline - score >= criterion.points_better
    if criterion.at_most is not None:
        met &= score <= criterion.at_most
    return met


def endpoint_values(
    design: Design,
    scores: NDArray[np.float64],
    rescued: NDArray[np.bool_],
    observed: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """Return what the endpoint is of each patient, higher being better, were nobody lost.

    Parameters
    ----------
    design
        Its endpoint is no change of a score; its strategy says what rescue makes of the endpoint.
    scores
        Dims ``patient, occasion, score``.
    rescued
        Dims ``patient, occasion``.
    observed
        Which visits can give the last score before rescue; dims ``patient, occasion``. Left out, all.

    Returns
    -------
    numpy.ndarray
        Dims ``patient, outcome``, one outcome but for a hierarchy: 1 for a responder and 0 for another; categories from
        0, the worst, on; outcomes of a hierarchy. NaN for those who are not in the principal stratum by their own arm.
    """
    endpoint, strategy = design.endpoint, design.estimand.rescue
    occasion = 1 + design.visits_months.index(endpoint.month)
    after = after_rescue(rescued)
    if strategy is Strategy.WHILE_ON_TREATMENT:
        scores = last_before(scores, after, np.ones_like(after) if observed is None else observed)
    failed = after[:, occasion]
    if endpoint.measure is EndpointMeasure.HIERARCHY:
        return _hierarchy(design, scores, failed, occasion)
    if endpoint.measure is EndpointMeasure.RESPONSE:
        values = meets_rule(APPLICABLE_RULES[endpoint.rule or ""], scores, endpoint.pain)[:, occasion].astype(float)
    else:
        values = _category(design, scores[:, occasion, score_column(endpoint.outcome)])
    if strategy is Strategy.COMPOSITE:
        values = np.where(failed, 0.0, values)
    if strategy is Strategy.PRINCIPAL_STRATUM:
        values = np.where(failed, np.nan, values)
    return values[:, None]


def _category(design: Design, score: NDArray[np.float64]) -> NDArray[np.float64]:
    cuts = np.array(design.endpoint.categories)
    is_better = score[:, None] <= cuts if design.endpoint.lower_is_better else score[:, None] >= cuts
    return np.where(np.isfinite(score), is_better.sum(axis=1), np.nan)


def _hierarchy(
    design: Design, scores: NDArray[np.float64], failed: NDArray[np.bool_], occasion: int
) -> NDArray[np.float64]:
    columns: list[NDArray[Any]] = []
    for item in design.endpoint.hierarchy:
        if item.event is not None:
            columns.append(~failed)
        elif item.rule is not None:
            rule = APPLICABLE_RULES[item.rule]
            met = meets_rule(rule, scores, design.endpoint.pain)[:, occasion]
            columns.append(met & ~failed if rule.needs_no_intervention else met)
        elif item.score is not None:
            own = scores[:, :, score_column(item.score)]
            sign = 1 if item.score is Score.QUALITY_OF_LIFE else -1
            columns.append(sign * (own[:, occasion] - own[:, 0]))
    return np.stack([np.asarray(column, float) for column in columns], axis=1)
