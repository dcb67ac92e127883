"""What a trial is to estimate (ICH E9 R1), and what that makes of scores after rescue."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict


class Strategy(StrEnum):
    """How an intercurrent event is dealt with.

    ``treatment_policy``: the score counts whatever was taken. ``hypothetical``: the score that there would have been,
    had no rescue been given to anybody. ``composite``: taking rescue is part of the outcome, a failure: no change from
    baseline from then on.
    """

    TREATMENT_POLICY = "treatment_policy"
    HYPOTHETICAL = "hypothetical"
    COMPOSITE = "composite"


class Estimand(BaseModel):
    """The estimand; its treatments are the arms, its variable is the endpoint.

    Parameters
    ----------
    rescue
        Strategy for rescue tablets taken before the endpoint. Dropout is no intercurrent event: it is missing data, and
        treatment goes on.
    population
        ``all_randomised`` under the draw that the trial meets.
    summary_measure
        ``difference_in_means``, arm minus control.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rescue: Strategy = Strategy.TREATMENT_POLICY
    population: Literal["all_randomised"] = "all_randomised"
    summary_measure: Literal["difference_in_means"] = "difference_in_means"

    def problems(self, analysis: str, *, has_rescue: bool) -> list[str]:
        """Return why an analysis does not aim at this estimand, as ``key: found; expected; next``."""
        found = []
        if self.rescue is not Strategy.TREATMENT_POLICY and not has_rescue:
            told = f"{self.rescue}, and the trial has no rescue; treatment_policy; choose it, or add rescue"
            found.append(f"estimand.rescue: {told}")
        if self.rescue is Strategy.HYPOTHETICAL and analysis == "ancova":
            told = "ancova does not aim at a hypothetical estimand: it would compare those who needed no rescue"
            found.append(f'analysis: {told}; mmrm; write analysis = "mmrm", or another strategy')
        return found


def after_rescue(rescued: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the visits after the one at which rescue was given; dims ``patient, occasion``, as those of `rescued`.

    The score of the visit at which rescue is given is measured before it.
    """
    return np.cumsum(rescued, axis=1) - rescued > 0


def known_visits(estimand: Estimand, observed: NDArray[np.bool_], rescued: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return at which visits a patient has a value that the analysis can use.

    A visit that was observed; under the hypothetical strategy not after rescue; under the composite one every visit
    after rescue too, since a failure stays one when the patient leaves. The last visit's count as endpoints: for looks,
    for information, and for the analysis.

    Parameters
    ----------
    observed, rescued
        Dims ``patient, occasion``.
    """
    if estimand.rescue is Strategy.HYPOTHETICAL:
        return observed & ~after_rescue(rescued)
    if estimand.rescue is Strategy.COMPOSITE:
        return observed | after_rescue(rescued)
    return observed


def changes_of(estimand: Estimand, change: NDArray[np.float64], after: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the changes from baseline that a trial's analysis uses; dims of all ``patient, occasion``.

    Treatment policy keeps all; hypothetical makes those after rescue missing; composite makes them 0 where they are
    known.
    """
    if estimand.rescue is Strategy.HYPOTHETICAL:
        return np.where(after, np.nan, change)
    if estimand.rescue is Strategy.COMPOSITE:
        return np.where(after & np.isfinite(change), 0.0, change)
    return change
