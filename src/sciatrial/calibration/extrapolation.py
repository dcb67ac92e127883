"""Which left-out numbers ask for more than their fold had seen: another route, dose or time.

There a regression has nothing to go by but its shape, and a mechanism is supposed to help.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

BEYOND = "route, dose or time not seen"


def beyond_seen(rows: pd.DataFrame, arms: pd.DataFrame, fold: NDArray[np.int64]) -> NDArray[np.object_]:
    """Say in which ways each number lies beyond the studies that its fold was learned from.

    Parameters
    ----------
    rows
        As in `Terms`; of them the design alone is read.
    arms
        The table of arms: ``study_id, arm_id, route, dose_million_cells``.
    fold
        Dims ``term``; a number is predicted from those of all other folds.

    Returns
    -------
    numpy.ndarray
        Dims ``term``: ``route`` (nobody received this treatment by this route), ``dose`` (fewer cells than the fewest,
        or more than the most, that anybody received by this route), ``time`` (a later month than any visit after this
        treatment), joined by commas; empty where all was seen.
    """
    design = arms[["study_id", "arm_id", "route", "dose_million_cells"]].astype({"dose_million_cells": float})
    every: Any = rows[["study_id", "arm_id", "intervention", "month"]].merge(
        design, on=["study_id", "arm_id"], how="left", validate="many_to_one"
    )
    every["route"] = every["route"].astype(object).where(every["route"].notna(), "")
    told = np.full(len(rows), "", dtype=object)
    for number in np.unique(fold):
        seen = every[fold != number]
        routes = set(zip(seen["intervention"], seen["route"], strict=True))
        doses = seen.groupby(["intervention", "route"])["dose_million_cells"].agg(["min", "max"])
        latest = seen.groupby("intervention")["month"].max()
        for place in np.flatnonzero(fold == number):
            row = every.iloc[place]
            treatment = (row["intervention"], row["route"])
            words = []
            if treatment not in routes:
                words.append("route")
            elif doses.loc[treatment, "max"] < row["dose_million_cells"] or (
                row["dose_million_cells"] < doses.loc[treatment, "min"]
            ):
                words.append("dose")
            # of a treatment that nobody else received, no time was seen
            if not row["month"] <= latest.get(row["intervention"], -np.inf):
                words.append("time")
            told[place] = ", ".join(words)
    return told
