"""What a trial shows of its comparisons when they are tested together."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from sciatrial.statistics import intersection_z, intersections_of
from sciatrial.trial.design import Design
from sciatrial.trial.monitoring import Decision, Monitored
from sciatrial.trial.multiplicity import Multiplicity, MultiplicityMethod

if TYPE_CHECKING:
    import pandas as pd


def shown_together(design: Design, rule: Multiplicity, monitored: Monitored) -> Monitored:
    """Return what a trial shows when its comparisons are tested together.

    Parameters
    ----------
    design, rule
        The design and its `multiplicity`.
    monitored
        What the trial found of each comparison by itself.

    Returns
    -------
    Monitored
        With decisions by the adjusted p values, which stand in ``adjusted_p_value``; no bound of z belongs to them.
    """
    contrasts = monitored.contrasts.copy()
    if rule.method is MultiplicityMethod.DUNNETT:
        adjusted = _dunnett(design, contrasts)
    else:
        adjusted = rule.adjusted(contrasts["p_value"].to_numpy(dtype=float))
    is_shown, in_favour = adjusted <= design.alpha, contrasts["z"].to_numpy(dtype=float) > 0
    words = [
        str((Decision.EFFICACY if good else Decision.OTHER_DIRECTION) if shown else Decision.ENDED)
        for shown, good in zip(is_shown, in_favour, strict=True)
    ]
    contrasts = contrasts.assign(decision=words, adjusted_p_value=adjusted, efficacy_z=np.nan, final_efficacy_z=np.nan)
    word_of = dict(zip(contrasts["comparison"], words, strict=True))
    looks = monitored.looks.assign(
        decision=[word_of[name] for name in monitored.looks["comparison"]],
        efficacy_z=np.nan,
    )
    return replace(monitored, contrasts=contrasts, looks=looks)


def _dunnett(design: Design, contrasts: pd.DataFrame) -> NDArray[np.float64]:
    """Return adjusted p values of the closed test by Dunnett's."""
    estimate, error = (contrasts[name].to_numpy(dtype=float) for name in ("estimate", "standard_error"))
    statistic = design.benefit_sign * estimate / error
    is_there = np.isfinite(statistic)
    if not is_there.any():
        return np.full(len(statistic), np.nan)
    n_arm, n_control = (contrasts[name].to_numpy(dtype=float) for name in ("n_arm", "n_control"))
    ratios = np.where(is_there, n_arm / np.maximum(n_control, 1), 1.0).tolist()
    freedom = contrasts["degrees_of_freedom"].to_numpy(dtype=float)[is_there][0]
    z = intersection_z(np.where(is_there, statistic, np.nan)[None], ratios, degrees_of_freedom=freedom)[0]
    holds = intersections_of(len(statistic))
    smallest = np.array([np.nanmin(np.where(holds[:, arm], z, inf)) for arm in range(len(statistic))])
    return np.where(is_there, ndtr(-smallest), np.nan)
