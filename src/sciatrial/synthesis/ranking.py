"""What a network says of all treatments together: every pair, ranks, new studies and absolute results."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from sciatrial.foundation import EvidenceError, Problem
from sciatrial.synthesis.arm_tables import Likelihood
from sciatrial.synthesis.network import NetworkResult


def league(effect: xr.DataArray) -> xr.DataArray:
    """Return every treatment against every other (dims ``draw, treatment, comparator``).

    `effect` has dims ``draw, treatment`` and is told against one reference, as in `NetworkResult.posterior`.
    """
    other = effect.rename({"treatment": "comparator"})
    return (effect - other).transpose("draw", "treatment", "comparator")


def league_table(effect: xr.DataArray, digits: int = 2) -> pd.DataFrame:
    """Return the league as text: rows against columns, median and 95 % interval."""
    values = league(effect).to_numpy()
    low, median, high = np.quantile(values, [0.025, 0.5, 0.975], axis=0)
    names = effect["treatment"].to_numpy()
    cells = [
        [
            "" if i == j else f"{median[i, j]:.{digits}f} ({low[i, j]:.{digits}f} to {high[i, j]:.{digits}f})"
            for j in range(len(names))
        ]
        for i in range(len(names))
    ]
    return pd.DataFrame(cells, index=names, columns=names)


def rank_treatments(effect: xr.DataArray, *, lower_is_better: bool) -> pd.DataFrame:
    """Return how treatments rank.

    Parameters
    ----------
    effect
        dims ``draw, treatment``; of one month where it is a course.
    lower_is_better
        True for pain.

    Returns
    -------
    pandas.DataFrame
        `treatment`, `sucra` (0 to 1: the share of the others that it beats, Salanti et al. 2011), `best` (probability
        of rank 1), `rank` (median) with its 95 % interval `rank_low` and `rank_high`; the highest SUCRA first.
    """
    values = effect.transpose("draw", "treatment").to_numpy()
    order = np.argsort(values if lower_is_better else -values, axis=1)
    ranks = np.argsort(order, axis=1) + 1
    count = values.shape[1]
    low, median, high = np.quantile(ranks, [0.025, 0.5, 0.975], axis=0)
    table = pd.DataFrame(
        {
            "treatment": effect["treatment"].to_numpy(),
            "sucra": (count - ranks.mean(0)) / (count - 1),
            "best": (ranks == 1).mean(0),
            "rank": median,
            "rank_low": low,
            "rank_high": high,
        }
    )
    return table.sort_values("sucra", ascending=False, ignore_index=True)


def new_study(result: NetworkResult, seed: int) -> xr.DataArray:
    """Return true effects against the reference in a new study (dims ``draw, treatment``).

    Deviates of two treatments of one study have correlation 1/2; the effect itself where effects are common.
    """
    effect = _effect(result)
    if "heterogeneity" not in result.posterior:
        return effect
    deviates = np.random.default_rng(seed).standard_normal(effect.shape)
    moved = (deviates[:, 1:] + deviates[:, :1]) / np.sqrt(2) * result.posterior["heterogeneity"].to_numpy()[:, None]
    values = effect.to_numpy().copy()
    values[:, 1:] += moved
    return effect.copy(data=values)


def absolute(result: NetworkResult, *, reference_mean: float, reference_sd: float, seed: int) -> xr.DataArray:
    """Return what each treatment would give where the reference gives what is stated (dims ``draw, treatment``).

    Parameters
    ----------
    result
        Of a consistent network.
    reference_mean, reference_sd
        Normal distribution of the reference's result: of its estimate, or of its log odds; the sd 0 or more.
    seed
        Of the draws of that distribution.

    Returns
    -------
    xarray.DataArray
        Estimates, or probabilities.
    """
    effect = _effect(result)
    baseline = reference_mean + reference_sd * np.random.default_rng(seed).standard_normal(effect.sizes["draw"])
    total: Any = effect + xr.DataArray(baseline, dims="draw")
    return total if result.likelihood is Likelihood.NORMAL else 1 / (1 + np.exp(-total))


def _effect(result: NetworkResult) -> xr.DataArray:
    effect = result.posterior["effect"]
    if "treatment" not in effect.dims:
        what = Problem("effects", "are unrelated", "a consistent network", "fit with Consistency.CONSISTENT")
        raise EvidenceError("network", [what])
    return effect
