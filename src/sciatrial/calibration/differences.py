"""Differences that papers print, taken apart: whatever two arms have in common falls away by itself.

A difference is that of two changes. So each is told as two numbers, of the treated arm and of the other, which come
before a matrix of 1 and −1; what is known of numbers of arms is then known of differences.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sciatrial.calibration.terms import TermKind, Terms


def taken_apart(terms: Terms) -> tuple[Terms, NDArray[np.float64]]:
    """Return numbers of single arms, and the matrix that makes the terms of them.

    Parameters
    ----------
    terms
        With differences or without.

    Returns
    -------
    tuple
        Terms without a difference: first those that are none, in their order, then the changes that differences are
        made of, each once. A matrix with dims ``term, number``, of 0, 1 and −1.
    """
    rows: Any = terms.rows
    is_difference = (rows["kind"] == TermKind.DIFFERENCE).to_numpy()
    plain, apart = np.flatnonzero(~is_difference), np.flatnonzero(is_difference)
    made: dict[tuple[int, str, float], dict[str, Any]] = {}
    ends = []
    for row in rows.iloc[apart].to_dict("records"):
        keys = []
        for arm in (int(row["arm"]), int(row["versus"])):
            of_arm = terms.arms[arm]
            words = {
                "arm_id": of_arm.arm_id, "arm": arm, "kind": str(TermKind.CHANGE), "versus": -1,
                "intervention": "" if of_arm.protocol is None else str(of_arm.protocol.intervention),
                "is_cells": of_arm.is_cells,
            }  # fmt: skip
            keys.append((arm, row["score"], row["month"]))
            made.setdefault(keys[-1], {**row, **words})
        ends.append(keys)
    place = {key: len(plain) + number for number, key in enumerate(made)}
    matrix = np.zeros((len(rows), len(plain) + len(made)))
    matrix[plain, np.arange(len(plain))] = 1.0
    for term, (treated, other) in zip(apart, ends, strict=True):
        matrix[term, place[treated]], matrix[term, place[other]] = 1.0, -1.0
    singles = pd.DataFrame(list(made.values()), columns=rows.columns)
    together = pd.concat([rows.iloc[plain], singles], ignore_index=True) if made else rows
    return replace(terms, rows=together), matrix
