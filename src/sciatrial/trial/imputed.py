"""One trial under other suppositions about visits that nobody saw: reference-based imputation and tipping points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.statistics import ReferenceRule, analyse_imputations, impute_visits, tipping_points
from sciatrial.trial.adjusted import with_slope
from sciatrial.trial.aims import Strategy
from sciatrial.trial.design import Comparison, Design
from sciatrial.trial.factors import adjustment_columns

if TYPE_CHECKING:
    import pandas as pd


def imputed_effects(design: Design, patients: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Return each comparison of one trial with its missing visits filled, by each rule that the design names.

    Parameters
    ----------
    design
        With `imputation`.
    patients
        One row a patient and visit, as `TrialResult` keeps them: everybody followed to the end.
    seed
        Whole number; equal seeds give equal imputations.

    Returns
    -------
    pandas.DataFrame
        Columns ``comparison, rule, patients, imputed`` (patients of both arms; whose endpoint was filled),
        ``estimate, standard_error, ci_low, ci_high, p_value`` (analysis of covariance, Rubin's rules, two-sided; the
        imputation and the analysis adjust for what the design's own analysis adjusts for),
        ``tipping_delta`` (points worse at which the finding is gone: 0 where there is none, infinite where it stays at
        the largest delta), ``why_not``. Empty where the design has no `imputation`.
    """
    import pandas as pd

    columns = [
        "comparison", "rule", "patients", "imputed", "estimate", "standard_error", "ci_low", "ci_high", "p_value",
        "tipping_delta", "why_not",
    ]  # fmt: skip
    if design.imputation is None:
        return pd.DataFrame(columns=columns)
    rows = [
        _row(design, comparison, rule, patients, seed)
        for comparison in design.compared()
        for rule in design.imputation.rules
    ]
    return pd.DataFrame(rows, columns=columns)


def _row(
    design: Design, comparison: Comparison, rule: ReferenceRule, patients: pd.DataFrame, seed: int
) -> dict[str, Any]:
    asked = design.imputation
    change, arms, baseline, further = _changes(design, comparison, patients)
    place = {
        "comparison": comparison.name, "rule": str(rule), "patients": len(arms),
        "imputed": int(np.isnan(change[:, -1]).sum()),
    }  # fmt: skip
    if asked is None or np.isnan(change).all(axis=0).any() or len(np.unique(arms)) < 2:
        return place | {"why_not": "a visit at which nobody was seen, or an arm without patients"}
    before = np.stack([np.ones_like(baseline), arms, baseline], axis=1)
    further = further[:, list(with_slope(np.isfinite(change), before, further))]
    filled = impute_visits(change, arms, baseline, further, rule=rule, seed=seed, n_imputations=asked.n_imputations)
    found = analyse_imputations(filled, level=design.level)
    worse = asked.largest_delta if design.endpoint.lower_is_better else -asked.largest_delta
    tips = tipping_points(filled, alpha=1 - design.level, largest=worse)
    return place | {
        "estimate": found.estimate[0, 0], "standard_error": found.standard_error[0, 0], "ci_low": found.low[0, 0],
        "ci_high": found.high[0, 0], "p_value": found.p_value[0, 0], "tipping_delta": tips[0, 0],
        "why_not": found.reasons[0],
    }  # fmt: skip


def _changes(
    design: Design, comparison: Comparison, patients: pd.DataFrame
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return change by visit up to the endpoint, arms (0 the control), baseline and columns to adjust for."""
    mine = patients.loc[patients["arm"].isin([comparison.arm, comparison.control])]
    n_occasions = 1 + len(design.visits_months)
    last = 1 + design.visits_months.index(design.endpoint.month)

    def by_occasion(name: str) -> NDArray[Any]:
        return mine[name].to_numpy().reshape(-1, n_occasions)

    scores = by_occasion(str(design.endpoint.outcome)).astype(float)
    change = scores[:, 1 : last + 1] - scores[:, :1]
    if design.estimand.rescue is Strategy.HYPOTHETICAL:
        # the score of the visit at which rescue is given comes before it
        change = np.where(by_occasion("is_rescued")[:, :last].astype(bool), np.nan, change)
    arms = (by_occasion("arm")[:, 0] == comparison.arm).astype(np.int64)
    at_entry = mine.iloc[::n_occasions]
    sites = at_entry["site"].to_numpy() - 1 if "site" in at_entry else None
    further = adjustment_columns(design.adjust_for, at_entry, sites, design.n_sites)
    return change, arms, scores[:, 0], further
