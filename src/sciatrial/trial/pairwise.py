"""Analyses of two arms by their own patients: shares of responders, odds ratios, ordered categories, pairs of patients.

Ratios are natural logarithms. Every statistic is normal: degrees of freedom are infinite.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from sciatrial.statistics import (
    Estimates,
    MarginalRisks,
    ResponderCounts,
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
from sciatrial.trial.adjusted import columns_of, is_stratified, strata_by, with_slope
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
    known = _Known(values, assigned, baseline, *_adjustment(design, trials))
    parts = [_compared(design, item, names, known) for item in design.compared()]
    found = {name: np.stack([part[0][name] for part in parts], axis=1) for name in STATISTICS}
    return found, counts, np.stack([part[1] for part in parts], axis=1)


def alone_in_strata(design: Design, trial: Conducted, seen: NDArray[np.bool_]) -> dict[str, int]:
    """Return how many patients of each comparison have nobody of the other arm in their stratum: they say nothing.

    Parameters
    ----------
    design
        Compares shares within strata; of others nobody is alone.
    trial, seen
        As in `known_values`.
    """
    if not is_stratified(design):
        return {}
    known = np.isfinite(known_values(design, trial, seen)[:, 0])
    strata, names = strata_by(design, trial), list(design.arms)
    found = {}
    for item in design.compared():
        first, second = (
            np.bincount(strata[known & (trial.assigned == names.index(arm))], minlength=int(strata.max()) + 1)
            for arm in (item.arm, item.control)
        )
        found[item.name] = int(first[second == 0].sum() + second[first == 0].sum())
    return found


@dataclass(frozen=True)
class _Known:
    """What is known of some trials; dims ``trial, patient``, and of the values and columns one more."""

    values: Floats
    arms: Floats
    baseline: Floats
    strata: Floats
    further: Floats

    def of(self, trials: Any, values: Floats, arms: Floats, columns: Sequence[int] = ()) -> _Known:
        """Return some of the trials with other values and arms, and some of the columns."""
        own = (values[trials], arms[trials], self.baseline[trials], self.strata[trials])
        return _Known(*own, self.further[trials][..., list(columns)])


def _adjustment(design: Design, trials: Sequence[Conducted]) -> tuple[Floats, Floats]:
    """Return the strata of the patients and the columns to adjust for; one stratum and no column without any."""
    if is_stratified(design):
        strata = np.stack([strata_by(design, trial) for trial in trials])
        return strata, np.zeros((*strata.shape, 0))
    further = np.stack([columns_of(design, trial) for trial in trials])
    return np.zeros(further.shape[:2], dtype=np.int64), further


def _compared(
    design: Design, comparison: Comparison, names: list[str], known: _Known
) -> tuple[Mapping[str, Floats], Floats]:
    """Return the statistics of one comparison and why a trial has none; dims ``trial``."""
    first, second = names.index(comparison.arm), names.index(comparison.control)
    mine = np.isin(known.arms, (first, second))
    own = np.where(mine[..., None], known.values, np.nan)
    arm = (known.arms == first).astype(int)
    able = _has_two(own, arm)
    found = {name: np.full(len(own), np.nan) for name in STATISTICS}
    why_not = np.full(len(own), "", dtype=object)
    for columns, trials in _alike(known, own, arm, np.flatnonzero(able)):
        estimates = _estimated(design, known.of(trials, own, arm, columns))
        for name in STATISTICS:
            found[name][trials] = getattr(estimates, name)[:, 0]
        why_not[trials] = estimates.reasons
    alike = able & (why_not == "") & ~np.isfinite(found["statistic"])
    why_not[alike] = "every patient has the same endpoint"
    return found, why_not


def _alike(
    known: _Known, values: Floats, arm: Floats, able: NDArray[np.int64]
) -> list[tuple[tuple[int, ...], NDArray[np.int64]]]:
    """Return the columns that can have a slope, and the trials in which these can."""
    if not known.further.shape[-1]:
        return [((), able)] if len(able) else []
    groups: dict[tuple[int, ...], list[int]] = {}
    for trial in able.tolist():
        before = np.stack([np.ones_like(known.baseline[trial]), arm[trial], known.baseline[trial]], axis=1)
        is_seen: NDArray[np.bool_] = np.asarray(np.isfinite(values[trial]).any(axis=1))[:, None]
        groups.setdefault(with_slope(is_seen, before, known.further[trial]), []).append(trial)
    return [(columns, np.array(trials)) for columns, trials in groups.items()]


def _has_two(values: Floats, arm: Floats) -> NDArray[np.bool_]:
    """Return whether two patients or more of either arm have an endpoint; dims ``trial``."""
    is_known: Floats = np.asarray(np.isfinite(values).any(axis=2))
    return np.minimum((is_known & (arm == 0)).sum(axis=1), (is_known & (arm == 1)).sum(axis=1)) >= 2


def _estimated(design: Design, known: _Known) -> Estimates:
    values, arm = known.values, known.arms
    if design.analysis is Analysis.RESPONDERS:
        return _shares(values[..., 0], arm, known.strata, design.level)
    covariates = np.concatenate([known.baseline[..., None], known.further], axis=-1)
    if design.analysis is Analysis.PROPORTIONAL_ODDS:
        return ordinal_odds_ratios(fit_proportional_odds(values[..., 0], arm, covariates), level=design.level)
    if design.analysis is Analysis.WIN_STATISTICS:
        margins = [item.margin for item in design.endpoint.hierarchy]
        wins = win_statistics(values, arm, margins=margins, level=design.level)
        return {
            SummaryMeasure.WIN_RATIO: wins.log_win_ratio,
            SummaryMeasure.WIN_ODDS: wins.log_win_odds,
            SummaryMeasure.NET_BENEFIT: wins.net_benefit,
        }[design.estimand.summary_measure]
    models = fit_responders(values[..., 0], arm, covariates)
    if design.estimand.summary_measure is SummaryMeasure.ODDS_RATIO:
        return odds_ratios(models, level=design.level)
    risks = marginal_risks(models, level=design.level)
    if design.estimand.summary_measure is SummaryMeasure.RISK_DIFFERENCE:
        return risks.differences
    return _marginal_odds_ratio(risks, design.level)


def _shares(response: Floats, arm: Floats, strata: Floats, level: float) -> Estimates:
    """Compare two shares: Newcombe's interval, the test of Mantel and Haenszel, and the standard error of each arm.

    In several strata the difference is Mantel and Haenszel's, the interval Yan and Su's, which is Newcombe's in one
    stratum, and the standard error that of Sato, Greenland and Robins; who has nobody of the other arm in the stratum
    says nothing. Where all or none respond in both arms either standard error is 0, which nobody should believe: there
    it is Agresti and Caffo's, with a responder and another added to each arm, strata left aside. How many strata there
    are is a matter of each trial alone: those that hold a patient with an endpoint in one of the two arms.
    """
    counts = count_responders(response, arm, strata)
    is_held = (counts.patients > 0).any(axis=2)
    n_strata, order = is_held.sum(axis=1), np.argsort(~is_held, axis=1, kind="stable")
    found = {name: np.full((len(response), 1), np.nan) for name in STATISTICS}
    reasons = np.full(len(response), "", dtype=object)
    for number in np.unique(n_strata):
        trials = np.flatnonzero(n_strata == number)
        place = order[trials, : max(number, 1), None]
        own = (np.take_along_axis(every[trials], place, axis=1) for every in (counts.responders, counts.patients))
        estimates = _shares_in_strata(ResponderCounts(*own), level)
        for name, values in found.items():
            values[trials] = getattr(estimates, name)
        reasons[trials] = estimates.reasons
    return Estimates(**found, level=level, reasons=tuple(reasons.tolist()))


def _shares_in_strata(counts: ResponderCounts, level: float) -> Estimates:
    """Compare shares of trials with the same number of strata."""
    differences = risk_differences(counts, level=level)
    test = mantel_haenszel_test(counts)
    responders, n = counts.responders.sum(axis=1), counts.patients.sum(axis=1)
    share, adjusted = responders / n, (responders + 1) / (n + 2)
    error = np.sqrt((share * (1 - share) / n).sum(axis=1, keepdims=True))
    if counts.patients.shape[1] > 1:
        error = differences.standard_error
    wider = np.sqrt((adjusted * (1 - adjusted) / (n + 2)).sum(axis=1, keepdims=True))
    estimate = differences.estimate
    return Estimates(
        estimate=estimate,
        standard_error=np.where(error == 0, wider, error),
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
