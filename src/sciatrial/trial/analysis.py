"""Trial data → estimates: the pre-specified analysis, and the summaries by arm and visit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from sciatrial.clinic import SCORES
from sciatrial.foundation import Score
from sciatrial.statistics import (
    Estimates,
    MixedFits,
    Sides,
    contrasts,
    fit_constrained_measures,
    fit_mixed_models,
    fit_repeated_measures,
    normal_of_t,
)
from sciatrial.trial.adjusted import columns_of, with_slope
from sciatrial.trial.aims import Analysis, EndpointMeasure
from sciatrial.trial.conduct import score_column
from sciatrial.trial.conducted import Conducted
from sciatrial.trial.design import Design
from sciatrial.trial.endpoint import APPLICABLE_RULES
from sciatrial.trial.estimand import after_rescue, changes_of
from sciatrial.trial.pairwise import STATISTICS, pairwise_effects
from sciatrial.trial.response import meets_rule

if TYPE_CHECKING:
    import pandas as pd

_RESPONDER_SCORES = (Score.LEG_PAIN, Score.BACK_PAIN, Score.DISABILITY)


@dataclass(frozen=True)
class Effects:
    """Every comparison of some trials, analysed as their design says, in the unit of the summary measure.

    Arrays have dims ``trial, comparison``; a trial that cannot be analysed is NaN and says why.

    Attributes
    ----------
    estimate, standard_error, degrees_of_freedom, low, high
        Student's t, or normal with infinite degrees of freedom; the interval has the level of the design.
    p_value
        Two-sided, or one-sided in favour of the arm, as the design is.
    z
        Normal statistic of the same p value, positive in favour of the arm.
    n_arm, n_control
        Patients with the endpoint.
    why_not
        Why there is no estimate, empty where there is one.
    """

    estimate: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    degrees_of_freedom: NDArray[np.float64]
    p_value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    z: NDArray[np.float64]
    n_arm: NDArray[np.int64]
    n_control: NDArray[np.int64]
    why_not: NDArray[np.object_]


def effects_seen(
    design: Design,
    trials: Sequence[Conducted],
    seen: Sequence[NDArray[np.bool_]],
    periods: Sequence[NDArray[np.int64]] | None = None,
) -> Effects:
    """Analyse what is seen of some trials of one design, all at once.

    Parameters
    ----------
    design
        Says which visits and patients enter and how.
    trials
        One or more.
    seen
        Which values are known of each trial; see `known_visits`.
    periods
        Of a change from baseline only: the period in which each patient was assigned, which the analysis adjusts for;
        dims ``patient``. Left out, there is one.

    Source
    ------
    Analysis of covariance with one covariate; see the EMA guideline on adjustment for baseline covariates (2015).
    """
    is_change = design.endpoint.measure is EndpointMeasure.CHANGE_FROM_BASELINE
    if is_change:
        found, counts, why_not = _mean_effects(design, trials, seen, periods or [None] * len(trials))
    else:
        found, counts, why_not = pairwise_effects(design, trials, seen)
    names = list(design.arms)
    n_arm, n_control = (
        counts[:, [names.index(getattr(item, role)) for item in design.compared()]] for role in ("arm", "control")
    )
    too_few = np.minimum(n_arm, n_control) < 2
    why_not[too_few] = "fewer than two patients with an endpoint value in an arm"
    for values in found.values():
        values[too_few] = np.nan
    z = design.benefit_sign * normal_of_t(found["statistic"], found["degrees_of_freedom"])
    del found["statistic"]
    if design.sides is Sides.ONE:
        found["p_value"] = ndtr(-z)
    return Effects(**found, z=z, n_arm=n_arm, n_control=n_control, why_not=why_not)


def _mean_effects(
    design: Design,
    trials: Sequence[Conducted],
    seen: Sequence[NDArray[np.bool_]],
    periods: Sequence[NDArray[np.int64] | None],
) -> tuple[dict[str, NDArray[Any]], NDArray[Any], NDArray[Any]]:
    """Return statistics by name, patients with an endpoint by arm, and why there is no estimate."""
    known = [known_changes(design, *item) for item in zip(trials, seen, periods, strict=True)]
    names, compared = list(design.arms), design.compared()
    pairs = np.array([[names.index(item.arm), names.index(item.control)] for item in compared])
    counts = np.array(
        [[np.isfinite(item.change[item.arms == arm, -1]).sum() for arm in range(len(names))] for item in known]
    )
    empty = np.full((len(known), len(compared)), np.nan)
    found = {name: empty.copy() for name in STATISTICS}
    why_not = np.full(empty.shape, "", dtype=object)
    for place, item in enumerate(known):
        why_not[place] = item.why_not(design)
    for places in alike_trials(design, known):
        present = np.array(known[places[0]].present)
        here = np.flatnonzero(np.isin(pairs, present).all(axis=1))
        if not len(here):
            continue
        weights = np.stack([(present == arm).astype(float) - (present == control) for arm, control in pairs[here]])
        estimates = arm_contrasts(design, [known[place] for place in places], weights)
        block = (np.array(places)[:, None], here)
        for name in STATISTICS:
            found[name][block] = getattr(estimates, name)
        why_not[block] = np.array(estimates.reasons, dtype=object)[:, None]
    return found, counts, why_not


@dataclass(frozen=True)
class KnownChanges:
    """What the analysis of one trial uses; dims ``patient``, or ``patient, visit`` with the endpoint's visit last.

    The first visit is the baseline where that is an outcome.
    """

    change: NDArray[np.float64]  # NaN where not seen, and in arms of which no endpoint is seen
    arms: NDArray[np.int64]
    baseline: NDArray[np.float64]
    present: tuple[int, ...]  # arms with an endpoint or more
    further: NDArray[np.float64]  # columns to adjust for; dims ``patient, column``
    adjusted: tuple[int, ...] = ()  # those of them that can have a slope

    @property
    def has_spread(self) -> bool:
        """Whether the baseline differs between patients, so that it can have a slope."""
        mine = self.baseline[np.isfinite(self.change).any(axis=1)]
        return len(mine) > 0 and float(np.ptp(mine)) > 0

    def why_not(self, design: Design) -> str:
        """Return why there is nothing to fit, empty where there is."""
        unseen = np.flatnonzero(np.isnan(self.change).all(axis=0))
        if len(unseen):
            first = design.visits_months.index(design.endpoint.month) + 1 - self.change.shape[1]
            month = design.visits_months[first + int(unseen[0])]
            return f"nobody was seen at month {month:g}, which the analysis uses"
        return ""


def known_changes(
    design: Design, trial: Conducted, seen: NDArray[np.bool_], period: NDArray[np.int64] | None = None
) -> KnownChanges:
    """Return what the analysis of a change uses of one trial, where `seen` says what is known.

    `period` (dims ``patient``) is adjusted for where there is one.
    """
    last = 1 + design.visits_months.index(design.endpoint.month)
    first = {Analysis.ANCOVA: last, Analysis.CLDA: 0}.get(design.analysis, 1)
    column = score_column(design.endpoint.outcome)
    baseline = trial.scores[:, 0, column]
    change = np.where(seen, trial.scores[:, :, column] - baseline[:, None], np.nan)
    change = changes_of(design.estimand, change, after_rescue(trial.rescued))[:, first : last + 1]
    # an arm that lost everybody has no coefficient, and takes nothing from the comparisons of the others
    present = tuple(np.unique(trial.assigned[np.isfinite(change[:, -1])]).tolist())
    change[~np.isin(trial.assigned, present)] = np.nan
    later = [] if period is None else [period == number for number in np.unique(period)[1:]]
    if not design.adjust_for and not later:
        return KnownChanges(change, trial.assigned, baseline, present, np.zeros((len(baseline), 0)))
    further = columns_of(design, trial)
    if later:
        further = np.concatenate([further, np.stack(later, axis=1).astype(float)], axis=1)
    columns = [np.ones(len(baseline)), *(trial.assigned == arm for arm in present[1:])]
    if design.analysis is not Analysis.CLDA:  # there the baseline is an outcome
        columns.append(baseline)
    adjusted = with_slope(np.isfinite(change), np.stack(columns, axis=1), further)
    return KnownChanges(change, trial.assigned, baseline, present, further, adjusted)


def alike_trials(design: Design, known: Sequence[KnownChanges]) -> list[list[int]]:
    """Return the places of the trials that can be fitted together, those left out in which nothing can be fitted."""
    alike: dict[tuple[Any, ...], list[int]] = {}
    for place, item in enumerate(known):
        if not item.why_not(design):
            alike.setdefault((item.present, item.has_spread, item.adjusted), []).append(place)
    return list(alike.values())


def arm_contrasts(design: Design, alike: Sequence[KnownChanges], weights: NDArray[np.float64]) -> Estimates:
    """Estimate contrasts of the arms' means at the endpoint in trials that are fitted together; see `alike_trials`.

    Parameters
    ----------
    weights
        Of the arms that are present, in each row summing to 0; dims ``contrast, arm``.
    """
    fits, width = fits_of(design, alike)
    rows = np.zeros((len(weights), fits.coefficients.shape[1]))
    # coefficients at the endpoint's visit: the first arm's mean, then each other arm's difference from it
    differences = rows[:, -width:]
    differences[:, 1 : weights.shape[1]] = weights[:, 1:]
    return contrasts(fits, rows, level=design.level)


def fits_of(design: Design, alike: Sequence[KnownChanges]) -> tuple[MixedFits, int]:
    """Fit trials that have the same arms; return the fits, and how many coefficients each visit has.

    Those of the endpoint's visit come last: the first arm's mean where slopes are 0, the differences of the others from
    it, slopes of what is adjusted for, and last that of the baseline where it differs between patients.
    """
    present = np.array(alike[0].present)
    change = np.stack([item.change for item in alike])
    # who is in none of these arms has no outcome, and any number will do
    arms = np.stack([np.searchsorted(present, item.arms).clip(max=len(present) - 1) for item in alike])
    further = np.stack([item.further[:, list(item.adjusted)] for item in alike])
    visits, width = change.shape[2], len(present) + further.shape[2]
    if design.analysis is Analysis.CLDA:
        outcome = change + np.stack([item.baseline for item in alike])[..., None]
        fits = fit_constrained_measures(outcome, arms, further, small_sample=design.small_sample)
    elif alike[0].has_spread:
        baseline = np.stack([item.baseline for item in alike])
        fits = fit_repeated_measures(change, arms, baseline, further, small_sample=design.small_sample).fits
        width += 1
    else:
        groups = np.stack([np.ones_like(change[:, :, 0]), *(arms == arm for arm in range(1, len(present)))], axis=-1)
        single = np.concatenate([groups, further], axis=-1)
        crossed = np.einsum("tpw,vu->tpvuw", single, np.eye(visits)).reshape(*change.shape, -1)
        fits = fit_mixed_models(change, crossed, small_sample=design.small_sample)
    return fits, width


def arm_summaries(design: Design, trial: Conducted) -> pd.DataFrame:
    """Return what a published table would print: each arm, score and visit, those still observed.

    Returns
    -------
    pandas.DataFrame
        Columns ``arm, score, month, n, mean, sd, mean_change, sd_change, percent_change, responders_30pct,
        responders_50pct, at_most_20``; percent change is the mean change over the mean baseline of those observed.
    """
    import pandas as pd

    months = np.array([0.0, *design.visits_months])
    names = [str(score) for score in SCORES]
    frames = []
    for index, arm in enumerate(design.arms):
        mine = trial.assigned == index
        summary = _summary(trial.scores[mine], trial.is_observed[mine])
        columns = {name: values.T.ravel() for name, values in summary.items()}  # score by score, visit by visit
        place = {"arm": arm, "score": np.repeat(names, len(months)), "month": np.tile(months, len(names))}
        frames.append(pd.DataFrame({**place, **columns}))
    return pd.concat(frames, ignore_index=True)


def _summary(scores: NDArray[np.float64], is_observed: NDArray[np.bool_]) -> dict[str, NDArray]:
    """Return each statistic of one arm over those observed; dims ``occasion, score``, NaN where nobody was."""
    seen = np.broadcast_to(is_observed[:, :, None], scores.shape)
    baseline = np.broadcast_to(scores[:, :1, :], scores.shape)
    n = seen.sum(axis=0)

    def mean(values: NDArray, least: int = 1) -> NDArray[np.float64]:
        total = np.where(seen, values, 0.0).sum(axis=0)
        return np.divide(total, n, out=np.full(n.shape, np.nan), where=n >= least)

    def sd(values: NDArray) -> NDArray[np.float64]:
        squares = np.where(seen, (values - mean(values)) ** 2, 0.0).sum(axis=0)
        return np.sqrt(np.divide(squares, n - 1, out=np.full(n.shape, np.nan), where=n > 1))

    change = scores - baseline
    has_percent = np.array([score is not Score.QUALITY_OF_LIFE for score in SCORES])
    has_response = np.array([score in _RESPONDER_SCORES for score in SCORES])
    start = mean(baseline)
    percent = np.divide(100 * mean(change), start, out=np.full(n.shape, np.nan), where=(start > 0) & has_percent)

    def share(flags: NDArray) -> NDArray[np.float64]:
        return np.where(has_response, 100 * mean(flags.astype(float)), np.nan)

    return {
        "n": n,
        "mean": mean(scores),
        "sd": sd(scores),
        "mean_change": mean(change),
        "sd_change": sd(change),
        "percent_change": percent,
        # somebody without pain at baseline cannot respond
        "responders_30pct": share((baseline > 0) & (change <= -0.30 * baseline)),
        "responders_50pct": share((baseline > 0) & (change <= -0.50 * baseline)),
        "at_most_20": share(scores <= 20),
    }


def responses(design: Design, trial: Conducted) -> pd.DataFrame:
    """Return the share of responders by every rule of the evidence tables that pain and disability can decide.

    "Pain" is the pain that the trial is judged by, and leg pain where it is judged by neither pain. Where a rule allows
    no further intervention, who took rescue before the visit is no responder.

    Returns
    -------
    pandas.DataFrame
        Columns ``arm, rule, month, n, percent``, of those observed at the visit.
    """
    import pandas as pd

    before = after_rescue(trial.rescued)
    rules = list(APPLICABLE_RULES.values())
    n_arms, n_visits = len(design.arms), len(design.visits_months)
    members = trial.assigned[:, None] == np.arange(n_arms)
    n = np.einsum("pv,pa->av", trial.is_observed[:, 1:].astype(float), members)
    share = np.full((len(rules), n_arms, n_visits), np.nan)
    for place, rule in enumerate(rules):
        responds = trial.is_observed & meets_rule(rule, trial.scores, design.endpoint.pain)
        if rule.needs_no_intervention:
            responds &= ~before
        count = np.einsum("pv,pa->av", responds[:, 1:].astype(float), members)
        np.divide(100 * count, n, out=share[place], where=n > 0)
    return pd.DataFrame(
        {
            "arm": np.tile(np.repeat(list(design.arms), n_visits), len(rules)),
            "rule": np.repeat([rule.word for rule in rules], n_arms * n_visits),
            "month": np.tile(np.array(design.visits_months, dtype=float), len(rules) * n_arms),
            "n": np.tile(n.ravel().astype(int), len(rules)),
            "percent": share.ravel(),
        }
    )
