"""Analyses of two arms by their own patients: shares of responders, odds ratios, ordered categories, pairs of patients.

Ratios are natural logarithms. Every statistic is normal: degrees of freedom are infinite.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from sciatrial.statistics import (
    Estimates,
    MarginalRisks,
    count_responders,
    fit_proportional_odds,
    fit_responders,
    mantel_haenszel_test,
    marginal_risks,
    odds_ratios,
    ordinal_odds_ratios,
    risk_differences,
    win_statistics,
)
from sciatrial.trial.aims import Analysis, EndpointMeasure, Strategy, SummaryMeasure
from sciatrial.trial.conduct import score_column
from sciatrial.trial.conducted import Conducted
from sciatrial.trial.design import Comparison, Design
from sciatrial.trial.estimand import after_rescue
from sciatrial.trial.response import endpoint_values

Floats = NDArray[Any]
STATISTICS = ("estimate", "standard_error", "degrees_of_freedom", "statistic", "p_value", "low", "high")


def known_values(design: Design, trial: Conducted, seen: NDArray[np.bool_]) -> Floats:
    """Return what is known of each patient's endpoint, higher being better; dims ``patient, outcome``, else NaN.

    Parameters
    ----------
    design
        Its endpoint is no change of a score.
    trial
        As it went.
    seen
        Whose endpoint is known or counts as a failure, from `known_endpoints`; dims ``patient, occasion``.
    """
    occasion = 1 + design.visits_months.index(design.endpoint.month)
    values = endpoint_values(design, trial.scores, trial.rescued, trial.is_observed)
    rescued_before, was_there = after_rescue(trial.rescued)[:, occasion], trial.is_observed[:, occasion]
    if design.estimand.rescue is Strategy.WHILE_ON_TREATMENT:
        # of everybody rescued some score before it was seen, at baseline at the latest
        was_there = was_there | rescued_before
    if design.endpoint.measure is EndpointMeasure.HIERARCHY:
        # of somebody unseen after rescue, what rescue alone decides is known
        is_told = np.array([item.counts_rescue_as_failure for item in design.endpoint.hierarchy])
        values = np.where(was_there[:, None] | (rescued_before[:, None] & is_told), values, np.nan)
    else:
        # whose endpoint is known though nobody saw it is a failure
        values = np.where(was_there[:, None], values, 0.0)
    return np.where(seen[:, occasion, None], values, np.nan)


def pairwise_effects(
    design: Design, trials: Sequence[Conducted], seen: Sequence[NDArray[np.bool_]]
) -> tuple[dict[str, Floats], Floats, Floats]:
    """Analyse every comparison of some trials of one design, each by the patients of its two arms.

    Returns
    -------
    tuple
        The statistics by name, dims ``trial, comparison``, the statistic positive in favour of the first arm; patients
        with a known endpoint, dims ``trial, arm``; and why there is no estimate, dims ``trial, comparison``.
    """
    values = np.stack([known_values(design, trial, mask) for trial, mask in zip(trials, seen, strict=True)])
    assigned = np.stack([trial.assigned for trial in trials])
    column = score_column(design.endpoint.outcome)
    baseline = np.stack([trial.scores[:, 0, column] for trial in trials])
    names = list(design.arms)
    is_known: Floats = np.asarray(np.isfinite(values).any(axis=2))
    counts = (is_known[:, :, None] & (assigned[:, :, None] == np.arange(len(names)))).sum(axis=1)
    parts = [_compared(design, item, names, values, assigned, baseline) for item in design.compared()]
    found = {name: np.stack([part[0][name] for part in parts], axis=1) for name in STATISTICS}
    return found, counts, np.stack([part[1] for part in parts], axis=1)


def _compared(
    design: Design, comparison: Comparison, names: list[str], values: Floats, assigned: Floats, baseline: Floats
) -> tuple[Mapping[str, Floats], Floats]:
    """Return the statistics of one comparison and why a trial has none; dims ``trial``."""
    first, second = names.index(comparison.arm), names.index(comparison.control)
    mine = np.isin(assigned, (first, second))
    own = np.where(mine[..., None], values, np.nan)
    arm = (assigned == first).astype(int)
    able = _has_two(own, arm)
    found = {name: np.full(len(own), np.nan) for name in STATISTICS}
    why_not = np.full(len(own), "", dtype=object)
    if able.any():
        estimates = _estimated(design, own[able], arm[able], baseline[able])
        for name in STATISTICS:
            found[name][able] = getattr(estimates, name)[:, 0]
        why_not[able] = estimates.reasons
        alike = able & (why_not == "") & ~np.isfinite(found["statistic"])
        why_not[alike] = "every patient has the same endpoint"
    return found, why_not


def _has_two(values: Floats, arm: Floats) -> NDArray[np.bool_]:
    """Return whether two patients or more of either arm have an endpoint; dims ``trial``."""
    is_known: Floats = np.asarray(np.isfinite(values).any(axis=2))
    return np.minimum((is_known & (arm == 0)).sum(axis=1), (is_known & (arm == 1)).sum(axis=1)) >= 2


def _estimated(design: Design, values: Floats, arm: Floats, baseline: Floats) -> Estimates:
    if design.analysis is Analysis.RESPONDERS:
        return _shares(values[..., 0], arm, design.level)
    if design.analysis is Analysis.PROPORTIONAL_ODDS:
        return ordinal_odds_ratios(fit_proportional_odds(values[..., 0], arm, baseline), level=design.level)
    if design.analysis is Analysis.WIN_STATISTICS:
        margins = [item.margin for item in design.endpoint.hierarchy]
        wins = win_statistics(values, arm, margins=margins, level=design.level)
        return {
            SummaryMeasure.WIN_RATIO: wins.log_win_ratio,
            SummaryMeasure.WIN_ODDS: wins.log_win_odds,
            SummaryMeasure.NET_BENEFIT: wins.net_benefit,
        }[design.estimand.summary_measure]
    models = fit_responders(values[..., 0], arm, baseline)
    if design.estimand.summary_measure is SummaryMeasure.ODDS_RATIO:
        return odds_ratios(models, level=design.level)
    risks = marginal_risks(models, level=design.level)
    if design.estimand.summary_measure is SummaryMeasure.RISK_DIFFERENCE:
        return risks.differences
    return _marginal_odds_ratio(risks, design.level)


def _shares(response: Floats, arm: Floats, level: float) -> Estimates:
    """Compare two shares: Newcombe's interval, the test of Mantel and Haenszel, and the standard error of each arm.

    Where all or none respond in both arms that standard error is 0, which nobody should believe: there it is Agresti
    and Caffo's, with a responder and another added to each arm.
    """
    counts = count_responders(response, arm)
    differences = risk_differences(counts, level=level)
    test = mantel_haenszel_test(counts)
    n = counts.patients[:, 0]
    share, adjusted = counts.responders[:, 0] / n, (counts.responders[:, 0] + 1) / (n + 2)
    error = np.sqrt((share * (1 - share) / n).sum(axis=1, keepdims=True))
    wider = np.sqrt((adjusted * (1 - adjusted) / (n + 2)).sum(axis=1, keepdims=True))
    estimate = differences.estimate
    return Estimates(
        estimate=estimate,
        standard_error=np.where(error > 0, error, wider),
        degrees_of_freedom=np.full_like(estimate, np.inf),
        statistic=np.sign(estimate) * np.sqrt(test.statistic),
        p_value=test.p_value,
        low=differences.low,
        high=differences.high,
        level=level,
        reasons=differences.reasons,
    )


def _marginal_odds_ratio(risks: MarginalRisks, level: float) -> Estimates:
    """Return the log odds ratio of standardised shares, by the delta method.

    Source
    ------
    Ge and others (2011), Drug Information Journal 45, 481-493; Zhang (2008), Statistics in Medicine 27, 5547-5559.
    """
    share, variance = risks.risks.estimate, risks.risks.standard_error**2
    together = (variance.sum(axis=1, keepdims=True) - risks.differences.standard_error**2) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        logit = np.log(share) - np.log1p(-share)
        slope = 1 / (share * (1 - share))
        estimate = logit[:, 1:] - logit[:, :1]
        both = 2 * together * slope[:, 1:] * slope[:, :1]
        error = np.sqrt((variance * slope**2).sum(axis=1, keepdims=True) - both)
        statistic = estimate / error
    half = ndtri((1 + level) / 2) * error
    return Estimates(
        estimate=estimate,
        standard_error=error,
        degrees_of_freedom=np.full_like(estimate, np.inf),
        statistic=statistic,
        p_value=2 * ndtr(-np.abs(statistic)),
        low=estimate - half,
        high=estimate + half,
        level=level,
        reasons=risks.differences.reasons,
    )
