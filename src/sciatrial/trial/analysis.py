"""Trial data → estimates: the pre-specified analysis of covariance, and the summaries by arm and visit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sciatrial.clinic import SCORES
from sciatrial.evidence import RESPONDER_RULES, Criterion, Measure
from sciatrial.foundation import Score
from sciatrial.trial.conduct import Conducted, score_column
from sciatrial.trial.design import Design

if TYPE_CHECKING:
    import pandas as pd

_RESPONDER_SCORES = (Score.LEG_PAIN, Score.BACK_PAIN, Score.DISABILITY)
_EMPTY = {
    "estimate": np.nan, "standard_error": np.nan, "degrees_of_freedom": np.nan, "ci_low": np.nan, "ci_high": np.nan,
    "p_value": np.nan,
}  # fmt: skip


def ancova(
    change: NDArray[np.float64], baseline: NDArray[np.float64], arm: NDArray[np.int64], n_arms: int
) -> tuple[object | None, str]:
    """Fit change on arm and baseline by ordinary least squares.

    Parameters
    ----------
    change, baseline, arm
        Those with an endpoint value; dims ``patient``.
    n_arms
        How many arms there are, each with a patient or more: one coefficient each, in their order. The last coefficient
        is the baseline's slope; where all have the same baseline there is none.

    Returns
    -------
    tuple
        The statsmodels result, or None and the reason why there is none.

    Source
    ------
    Analysis of covariance with one covariate; see the EMA guideline on adjustment for baseline covariates (2015).
    """
    import statsmodels.api as sm

    if len(change) < n_arms + 2:
        return None, f"{len(change)} patients with an endpoint value are too few for {n_arms} arms and a baseline"
    columns = [arm == index for index in range(n_arms)]
    if np.ptp(baseline) > 0:
        columns.append(baseline - baseline.mean())
    design = np.column_stack(columns).astype(float)
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return None, "arm and baseline cannot be told apart: everybody in an arm has the same baseline"
    fit = sm.OLS(change, design).fit()
    scale = max(float(np.abs(change).max()), 1.0)
    if fit.df_resid < 1 or fit.ssr <= (1e-9 * scale) ** 2 * len(change):
        return None, "the endpoint does not vary between patients of an arm: zero variance"
    return fit, ""


def contrasts(design: Design, trial: Conducted) -> pd.DataFrame:
    """Return every comparison's estimate: arm minus control, in the endpoint's points.

    Returns
    -------
    pandas.DataFrame
        Columns ``comparison, arm, control, n_arm, n_control, estimate, standard_error, degrees_of_freedom, ci_low,
        ci_high, p_value, why_not``; an estimate that cannot be made is empty and says why.
    """
    import pandas as pd

    occasion = 1 + design.visits_months.index(design.endpoint.month)
    column = score_column(design.endpoint.outcome)
    value, baseline = trial.scores[:, occasion, column], trial.scores[:, 0, column]
    seen = trial.is_observed[:, occasion] & np.isfinite(value) & np.isfinite(baseline)
    names = list(design.arms)
    sizes = [int((trial.assigned[seen] == index).sum()) for index in range(len(names))]
    # an arm that lost everybody has no coefficient, and takes nothing from the comparisons of the others
    present, place = np.unique(trial.assigned[seen], return_inverse=True)
    fit, reason = ancova(value[seen] - baseline[seen], baseline[seen], place, len(present))
    rows = []
    for comparison in design.compared():
        arm, control = names.index(comparison.arm), names.index(comparison.control)
        row = {
            "comparison": comparison.name, "arm": comparison.arm, "control": comparison.control,
            "n_arm": sizes[arm], "n_control": sizes[control], **_EMPTY, "why_not": reason,
        }  # fmt: skip
        if min(sizes[arm], sizes[control]) < 2:
            row["why_not"] = "fewer than two patients with an endpoint value in an arm"
        elif fit is not None:
            column = {name: place for place, name in enumerate(present.tolist())}
            row |= _contrast(fit, column[arm], column[control], design.alpha)
        rows.append(row)
    return pd.DataFrame(rows)


def _contrast(fit, arm: int, control: int, alpha: float) -> dict[str, float]:
    weights = np.zeros(len(fit.params))
    weights[arm], weights[control] = 1.0, -1.0
    test = fit.t_test(weights)
    low, high = np.asarray(test.conf_int(alpha)).ravel()
    return {
        "estimate": float(np.squeeze(test.effect)),
        "standard_error": float(np.squeeze(test.sd)),
        "degrees_of_freedom": float(fit.df_resid),
        "ci_low": float(low),
        "ci_high": float(high),
        "p_value": float(np.squeeze(test.pvalue)),
    }


def true_effects(design: Design, trial: Conducted) -> dict[str, float]:
    """Return each comparison's true effect.

    The mean over the enrolled patients of arm minus control, each patient simulated in both arms with the same luck and
    measured without dropout.
    """
    occasion = 1 + design.visits_months.index(design.endpoint.month)
    column = score_column(design.endpoint.outcome)
    effects = {}
    for comparison in design.compared():
        arm, control = trial.potential[comparison.arm], trial.potential[comparison.control]
        difference = arm.scores[:, occasion, column] - control.scores[:, occasion, column]
        solved = arm.is_solved & control.is_solved
        effects[comparison.name] = float(difference[solved].mean()) if solved.any() else np.nan
    return effects


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

    pain = design.endpoint.outcome if design.endpoint.outcome in (Score.LEG_PAIN, Score.BACK_PAIN) else Score.LEG_PAIN
    columns = {Measure.PAIN: score_column(pain), Measure.DISABILITY: score_column(Score.DISABILITY)}
    before = np.cumsum(trial.rescued, axis=1) - trial.rescued > 0
    rules = [rule for rule in RESPONDER_RULES.values() if all(item.measure in columns for item in rule.criteria)]
    n_arms, n_visits = len(design.arms), len(design.visits_months)
    members = trial.assigned[:, None] == np.arange(n_arms)
    n = np.einsum("pv,pa->av", trial.is_observed[:, 1:].astype(float), members)
    share = np.full((len(rules), n_arms, n_visits), np.nan)
    for place, rule in enumerate(rules):
        responds = trial.is_observed.copy()
        for item in rule.criteria:
            responds &= _meets(item, trial.scores[:, :, columns[item.measure]])
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


def _meets(criterion: Criterion, score: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return who meets one criterion at each occasion; dims ``patient, occasion``."""
    baseline = score[:, :1]
    met = np.ones(score.shape, dtype=bool)
    if criterion.percent_better is not None:
        met &= (baseline > 0) & (score - baseline <= -criterion.percent_better / 100 * baseline)
    if criterion.points_better is not None:
        met &= baseline - score >= criterion.points_better
    if criterion.at_most is not None:
        met &= score <= criterion.at_most
    return met
