"""What a trial is to estimate (ICH E9 R1), and what that makes of scores after rescue."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from sciatrial.trial.aims import Analysis, EndpointMeasure, Strategy, SummaryMeasure, aim_problems


class Estimand(BaseModel):
    """The estimand; its treatments are the arms, its variable is the endpoint.

    Parameters
    ----------
    rescue
        Strategy for rescue (tablets, or the decision to operate) before the endpoint. Dropout is no intercurrent event:
        it is missing data, and treatment goes on.
    population
        ``all_randomised`` under the draw that the trial meets; under ``principal_stratum`` those of them who would need
        rescue in neither arm.
    summary_measure
        ``difference_in_means``, ``risk_difference``, ``odds_ratio`` (conditional), ``marginal_odds_ratio``,
        ``common_odds_ratio``, ``win_odds``, ``win_ratio`` or ``net_benefit``; see `SummaryMeasure`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rescue: Strategy = Strategy.TREATMENT_POLICY
    population: Literal["all_randomised"] = "all_randomised"
    summary_measure: SummaryMeasure = SummaryMeasure.DIFFERENCE_IN_MEANS

    def problems(self, analysis: Analysis, endpoint: EndpointMeasure, *, has_rescue: bool) -> list[str]:
        """Return why an analysis does not aim at this estimand, as ``key: found; expected; next``."""
        found = []
        if self.rescue is not Strategy.TREATMENT_POLICY and not has_rescue:
            told = f"{self.rescue}, and the trial has no rescue; treatment_policy; choose it, or add rescue"
            found.append(f"estimand.rescue: {told}")
        return found + aim_problems(analysis, endpoint, self.summary_measure, self.rescue)


def after_rescue(rescued: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the visits after the one at which rescue was given; dims ``patient, occasion``, as those of `rescued`.

    The score of the visit at which rescue is given is measured before it.
    """
    return np.cumsum(rescued, axis=1) - rescued > 0


def known_visits(estimand: Estimand, observed: NDArray[np.bool_], rescued: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return at which visits a patient has a value that the analysis can use.

    A visit that was observed; under the hypothetical strategy and in a principal stratum not after rescue; under the
    composite one and while on treatment every visit after rescue too, since a failure stays one, and the last score
    before rescue the last, when the patient leaves: everybody has one, the baseline at worst. The last visit's count as
    endpoints: for looks, for information, and for the analysis.

    Parameters
    ----------
    observed, rescued
        Dims ``patient, occasion``.
    """
    if estimand.rescue in (Strategy.HYPOTHETICAL, Strategy.PRINCIPAL_STRATUM):
        return observed & ~after_rescue(rescued)
    if estimand.rescue in (Strategy.COMPOSITE, Strategy.WHILE_ON_TREATMENT):
        return observed | after_rescue(rescued)
    return observed


def changes_of(estimand: Estimand, change: NDArray[np.float64], after: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the changes from baseline that a trial's analysis uses; dims of all ``patient, occasion``.

    Treatment policy keeps all; hypothetical and a principal stratum make those after rescue missing; composite makes
    them 0 where they are known; while on treatment the last one seen before, NaN being unseen: 0, the baseline's, at
    worst.
    """
    if estimand.rescue in (Strategy.HYPOTHETICAL, Strategy.PRINCIPAL_STRATUM):
        return np.where(after, np.nan, change)
    if estimand.rescue is Strategy.COMPOSITE:
        return np.where(after & np.isfinite(change), 0.0, change)
    if estimand.rescue is Strategy.WHILE_ON_TREATMENT:
        return np.where(np.isfinite(change), last_before(change, after, np.isfinite(change)), change)
    return change


def last_before(values: NDArray[Any], after: NDArray[np.bool_], observed: NDArray[np.bool_]) -> NDArray[Any]:
    """Return values with those after rescue replaced by the last one seen before it, the baseline's at worst.

    Rescue can be given at a visit whose scores are missed.

    Parameters
    ----------
    values
        Dims ``patient, occasion`` and any further ones.
    after
        From `after_rescue`; dims ``patient, occasion``.
    observed
        Which values were seen; dims ``patient, occasion``.
    """
    occasions = np.arange(after.shape[1])
    last = np.where(observed & ~after, occasions, 0).max(axis=1)
    place = np.where(after, last[:, None], occasions)
    return np.take_along_axis(values, place.reshape(*place.shape, *[1] * (values.ndim - 2)), axis=1)
