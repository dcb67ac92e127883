"""Trial data → estimates: the pre-specified analysis of covariance, and the summaries by arm and visit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sciatrial.clinic import SCORES
from sciatrial.foundation import Score
from sciatrial.trial.conduct import INSIDE, Conducted, score_column
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
        How many arms the design has; each has one coefficient, the last coefficient is the baseline's slope.

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
    centred = baseline - baseline.mean()
    design = np.column_stack([*(arm == index for index in range(n_arms)), centred]).astype(float)
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
    fit, reason = ancova(value[seen] - baseline[seen], baseline[seen], trial.assigned[seen], len(names))
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
            row |= _contrast(fit, arm, control, design.alpha)
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
    """Return each comparison's true effect: the mean over the enrolled patients of arm minus control, each patient
    simulated in both arms with the same luck and measured without dropout."""
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

    months = (0.0, *design.visits_months)
    rows = []
    for index, arm in enumerate(design.arms):
        mine = trial.assigned == index
        for column, score in enumerate(SCORES):
            for occasion, month in enumerate(months):
                seen = mine & trial.is_observed[:, occasion]
                value, baseline = trial.scores[seen, occasion, column], trial.scores[seen, 0, column]
                rows.append({"arm": arm, "score": str(score), "month": month, **_summary(value, baseline, score)})
    return pd.DataFrame(rows)


def _summary(value: NDArray[np.float64], baseline: NDArray[np.float64], score: Score) -> dict[str, float]:
    n = len(value)
    nothing = {"mean": np.nan, "sd": np.nan, "mean_change": np.nan, "sd_change": np.nan, "percent_change": np.nan}
    nothing |= {"responders_30pct": np.nan, "responders_50pct": np.nan, "at_most_20": np.nan}
    if n == 0:
        return {"n": 0, **nothing}
    change = value - baseline
    row = {
        "n": n,
        **nothing,
        "mean": float(value.mean()),
        "sd": float(value.std(ddof=1)) if n > 1 else np.nan,
        "mean_change": float(change.mean()),
        "sd_change": float(change.std(ddof=1)) if n > 1 else np.nan,
    }
    if score is not Score.QUALITY_OF_LIFE and baseline.mean() > 0:
        row["percent_change"] = float(100 * change.mean() / baseline.mean())
    if score in _RESPONDER_SCORES:
        # somebody without pain at baseline cannot respond
        row["responders_30pct"] = float(100 * ((baseline > 0) & (change <= -0.30 * baseline)).mean())
        row["responders_50pct"] = float(100 * ((baseline > 0) & (change <= -0.50 * baseline)).mean())
        row["at_most_20"] = float(100 * (value <= 20).mean())
    return row


def inside_summaries(design: Design, trial: Conducted, units: dict[str, str]) -> pd.DataFrame:
    """Return what happened inside: each arm, quantity and occasion, all patients that could be solved.

    Returns
    -------
    pandas.DataFrame
        Columns ``arm, quantity, unit, month, mean, low, high``; low and high hold the middle 80 % of patients.
    """
    import pandas as pd

    months = (0.0, *design.visits_months)
    rows = []
    for index, arm in enumerate(design.arms):
        mine = (trial.assigned == index) & trial.is_solved
        if not mine.any():
            continue
        values = trial.inside[mine]  # (patient, occasion, quantity)
        low, high = np.quantile(values, [0.1, 0.9], axis=0)
        mean = values.mean(axis=0)
        rows += [
            {
                "arm": arm, "quantity": quantity, "unit": units[quantity], "month": month,
                "mean": float(mean[o, q]), "low": float(low[o, q]), "high": float(high[o, q]),
            }  # fmt: skip
            for o, month in enumerate(months)
            for q, quantity in enumerate(INSIDE)
        ]
    return pd.DataFrame(rows)
