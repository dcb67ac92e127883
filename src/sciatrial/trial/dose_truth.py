"""The true target dose of a simulated trial's draw, and how often trials find it."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.foundation import Problem, TrialError
from sciatrial.statistics import DoseShape, first_reaching
from sciatrial.trial.design import Comparison, Design
from sciatrial.trial.summaries import COULD_NOT_ENROL, mean_of, share_of
from sciatrial.trial.truth import Truth

if TYPE_CHECKING:
    import pandas as pd

# million cells: no protocol gives fewer
_SMALLEST = 0.01


def with_doses_between(design: Design) -> Design:
    """Return the design with a dose between each two, and each dose compared with the control.

    What is compared stays first; a design that finds no dose is returned as it is. For the truth alone, in which
    everybody is in every arm: half of the smallest dose, in the volume of the smallest, since nothing is injected at
    dose 0 whose volume could be told; and the geometric mean of each two neighbours, in the volume that lies straight
    between theirs.
    """
    asked = design.dose_finding
    if asked is None:
        return design
    doses = asked.dose_arms(design.arms)
    named = [arm for arm in doses if arm != asked.control]
    amounts = [doses[arm] for arm in named]
    volumes = [design.arms[arm].volume_ml for arm in named]
    between = {f"half of {named[0]}": max(_SMALLEST, amounts[0] / 2)}
    between |= {f"between {one} and {two}": sqrt(doses[one] * doses[two]) for one, two in pairwise(named)}
    like = design.arms[named[0]]
    more = {
        arm: like.model_copy(update={"dose_million_cells": dose, "volume_ml": float(np.interp(dose, amounts, volumes))})
        for arm, dose in between.items()
        if dose not in amounts
    }
    comparisons = tuple(Comparison(arm=arm, control=asked.control) for arm in [*named, *more])
    update = {
        "arms": {**design.arms, **more}, "allocation": None, "comparisons": (*design.compared(), *comparisons),
    }  # fmt: skip
    return design.model_copy(update=update)


def true_doses(design: Design, truth: Truth) -> dict[str, Any]:
    """Return the true target dose of a draw, from its truth in a design of `with_doses_between`.

    Returns
    -------
    dict
        ``doses``, ``effects`` (benefit over the control, from dose 0 on; dims ``dose``), ``true_target`` (million
        cells, straight between the doses simulated; infinite where none is enough) and ``true_target_error`` (Monte
        Carlo, by the slope there; NaN without a target).
    """
    asked = design.dose_finding
    if asked is None:
        raise TrialError("doses", Problem("dose_finding", "is missing", "a design that finds a dose"))
    wide = with_doses_between(design)
    first = len(design.compared())
    amounts = np.array([wide.arms[item.arm].dose_million_cells or 0.0 for item in wide.comparisons[first:]])
    order = np.argsort(amounts)
    doses = np.concatenate([[0.0], amounts[order]])
    effects = np.concatenate([[0.0], design.benefit_sign * truth.values[first:][order]])
    errors = np.concatenate([[0.0], truth.errors[first:][order]])
    if not np.isfinite(effects).all():
        return {"doses": doses, "effects": effects, "true_target": np.nan, "true_target_error": np.nan}
    target = float(first_reaching(doses, effects[None], asked.relevant_effect)[0])
    error = np.nan
    if np.isfinite(target):
        after = int(np.searchsorted(doses, target).clip(1, len(doses) - 1))
        slope = (effects[after] - effects[after - 1]) / (doses[after] - doses[after - 1])
        error = float(errors[after] / slope) if slope > 0 else np.nan
    return {"doses": doses, "effects": effects, "true_target": target, "true_target_error": error}


def dose_row(design: Design, target: pd.DataFrame, truth: Truth, *, is_known: bool) -> pd.DataFrame:
    """Return what a trial says of its doses beside the truth of its draw; one row.

    Parameters
    ----------
    target
        As of `DoseFindings`.
    truth
        In a design of `with_doses_between`.
    is_known
        False where the truth is no effect of doses, as where blinding breaks.

    Returns
    -------
    pandas.DataFrame
        ``true_target, true_target_error, largest_true_effect`` and ``true_effect_at_target`` (of the dose that the
        trial names, NaN where it names none) put behind.
    """
    found = true_doses(design, truth)
    doses, effects = found["doses"], found["effects"]
    named = float(target["target_dose"].iloc[0])
    at = float(np.interp(named, doses, effects)) if np.isfinite(named) else np.nan
    told = {
        "true_target": found["true_target"], "true_target_error": found["true_target_error"],
        "largest_true_effect": float(effects.max()), "true_effect_at_target": at,
    }  # fmt: skip
    # the world of broken blinding has no effect of a dose
    return target.assign(**(told if is_known else dict.fromkeys(told, np.nan)))


def summarise_doses(doses: pd.DataFrame) -> pd.DataFrame:
    """Return how often trials show a dose response and find the dose that is enough.

    Parameters
    ----------
    doses
        One row a scenario and trial; empty where no dose is to be found.

    Returns
    -------
    pandas.DataFrame
        Columns ``scenario, quantity, value, monte_carlo_se, n_trials``. ``response_shown``: share of trials;
        ``chosen_`` a shape: share of trials that show a response in which it has the least AIC; ``target_named``:
        share of trials that name a dose up to the largest; ``true_target_exists``: share of draws in which a dose up
        to the largest is enough; ``named_where_one_exists``, ``named_where_none_exists``; ``mean_target``,
        ``mean_true_target``, ``target_bias``, ``target_root_mean_square_error`` (million cells, of trials with both);
        ``target_ratio`` (geometric mean of the named over the true); ``target_coverage`` (interval holds the true one,
        beyond the largest dose included, of trials that show a response); ``true_effect_at_target`` and
        ``target_is_enough`` (share whose true effect is relevant) of the doses that trials name; ``not_analysed``.
    """
    import pandas as pd

    columns = ["scenario", "quantity", "value", "monte_carlo_se", "n_trials"]
    rows = []
    for scenario, every in doses.groupby("scenario", sort=False) if len(doses) else ():
        mine = every.loc[every["why_not"] != COULD_NOT_ENROL]
        rows += [(scenario, name, *found) for name, found in _of_scenario(mine).items()]
    return pd.DataFrame(rows, columns=columns)


def _of_scenario(rows: Any) -> dict[str, tuple[float, float, int]]:
    def column(name: str) -> NDArray[np.float64]:
        return rows[name].to_numpy(dtype=float)

    shown = rows["is_shown"].to_numpy(dtype=bool)
    target, true = column("target_dose"), column("true_target")
    low, high = column("target_low"), column("target_high")
    named, is_known, exists = np.isfinite(target), ~np.isnan(true), np.isfinite(true)
    both = named & exists
    shapes = rows["shape"].to_numpy(dtype=object)
    at = column("true_effect_at_target")
    with np.errstate(invalid="ignore", divide="ignore"):
        off, ratio = (target - true)[both], np.log(target / true)[both]
        covered = ((low <= true) & (true <= high))[shown & is_known & ~np.isnan(low)]
    middle, middle_error, n_both = mean_of(ratio)
    square, square_error, _ = mean_of(off**2)
    root = float(np.sqrt(square))
    return {
        "response_shown": share_of(shown),
        **{f"chosen_{shape}": share_of(shapes[shown] == shape) for shape in DoseShape if (shapes == shape).any()},
        "target_named": share_of(named),
        "true_target_exists": share_of(exists[is_known]),
        "named_where_one_exists": share_of(named[exists]),
        "named_where_none_exists": share_of(named[is_known & ~exists]),
        "mean_target": mean_of(target[both]),
        "mean_true_target": mean_of(true[both]),
        "true_target_error": mean_of(column("true_target_error")[exists & np.isfinite(column("true_target_error"))]),
        "target_bias": mean_of(off),
        "target_root_mean_square_error": (root, square_error / (2 * root) if root > 0 else np.nan, n_both),
        "target_ratio": (float(np.exp(middle)), float(np.exp(middle) * middle_error), n_both),
        "target_coverage": share_of(covered),
        "true_effect_at_target": mean_of(at[np.isfinite(at)]),
        "target_is_enough": share_of((at >= column("relevant_effect"))[np.isfinite(at)]),
        "not_analysed": (float((rows["why_not"] != "").sum()), np.nan, len(rows)),
    }
