"""What an analysis is adjusted for: columns with a slope, or strata.

The factors of the study file (`adjust_for`) are columns of a regression. A comparison of shares has no slopes: there
they are words with levels, and their cross-classification makes the strata.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sciatrial.trial.aims import Analysis
from sciatrial.trial.conducted import Conducted
from sciatrial.trial.design import Design
from sciatrial.trial.factors import SITE, adjustment_columns, factor_levels, factor_of
from sciatrial.trial.randomisation import strata_of_levels

Floats = NDArray[Any]
# what a column has of its own, relative to its length, below which the columns before it repeat it
_REPEATED = 1e-8


def columns_of(design: Design, trial: Conducted) -> Floats:
    """Return the columns by which the analysis of a trial adjusts; dims ``patient, column``."""
    if not design.adjust_for:
        return np.zeros((len(trial.assigned), 0))
    sites = None if trial.arrivals is None else trial.arrivals.sites
    return adjustment_columns(design.adjust_for, trial.people, sites, design.n_sites)


def columns_of_population(design: Design, trial: Conducted) -> Floats:
    """Return the same for patients who are at no site: what they show does not depend on one."""
    words = [word for word in design.adjust_for if word != SITE]
    return adjustment_columns(words, trial.people, None, 1) if words else np.zeros((len(trial.assigned), 0))


def strata_by(design: Design, trial: Conducted) -> NDArray[np.int64]:
    """Return the stratum of each patient in a comparison of shares, 0 where there is one; dims ``patient``."""
    if not design.adjust_for:
        return np.zeros(len(trial.assigned), dtype=np.int64)
    sites = None if trial.arrivals is None else trial.arrivals.sites
    levels = factor_levels(design.adjust_for, trial.people, sites)
    factors = [factor for factor in map(factor_of, design.adjust_for) if factor is not None]
    crossed = strata_of_levels(levels, tuple(factor.levels(design.n_sites) for factor in factors))
    return np.unique(crossed, return_inverse=True)[1]  # strata without patients take no room


def with_slope(is_seen: NDArray[np.bool_], before: Floats, further: Floats) -> tuple[int, ...]:
    """Return the columns that the columns before them do not repeat at any visit.

    A level that nobody seen has, or that all of one site share with another factor, tells nothing and is left out.

    Parameters
    ----------
    is_seen
        Who is seen when; dims ``patient, visit``.
    before
        Columns that stay in any case; dims ``patient, column``.
    further
        Those that may go; dims ``patient, column``.
    """
    columns = np.concatenate([before, further], axis=1)
    size = np.linalg.norm(columns, axis=0)
    kept = np.ones(further.shape[1], dtype=bool)
    for visit in range(is_seen.shape[1]):
        left = np.linalg.qr(columns[is_seen[:, visit]], mode="r")
        own = np.zeros(columns.shape[1])
        own[: len(left)] = np.abs(np.diagonal(left))
        kept &= (own > _REPEATED * size)[before.shape[1] :]
    return tuple(np.flatnonzero(kept).tolist())


def is_stratified(design: Design) -> bool:
    """Whether the analysis compares shares within strata."""
    return design.analysis is Analysis.RESPONDERS and bool(design.adjust_for)
