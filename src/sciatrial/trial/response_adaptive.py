"""Response-adaptive randomisation: what the design says of it, and the shares that follow from what is known."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from sciatrial.foundation import LONGEST_MONTHS
from sciatrial.trial.accrual import arrival_months
from sciatrial.trial.course_problems import course_problems, shared_control

if TYPE_CHECKING:
    from sciatrial.trial.design import Design

Floats = NDArray[np.float64]
_Share = Annotated[float, Field(gt=0, lt=1)]
_PATIENTS_OF_AN_ARM = 2  # in each period that is adjusted for
_URN_MASS = 4.0


class ControlShare(StrEnum):
    """What the control gets.

    ``matched``: as much as the arm that gets most. ``fixed``: `control_share`. ``competing``: what its own probability
    of being best gives it.
    """

    MATCHED = "matched"
    FIXED = "fixed"
    COMPETING = "competing"


class ResponseAdaptive(BaseModel):
    """How the probabilities of assignment follow from what has been observed.

    Parameters
    ----------
    burn_in
        Patients, 4 or more, assigned by the design's ratio before the first update.
    every
        An update before each further so many patients, 1 or more; two for each arm or more with `adjust_for_period`.
    every_months
        Or an update each so many months, above 0 to 60, the first after the burn-in.
    month
        The visit by which arms are judged at an update: up to the endpoint's, which is taken when left out. Only what
        has been observed by the day of the update counts.
    power
        0 to 5: shares go with the probability of being best to this power; 0 never adapts, 1 is Thompson sampling.
    control
        ``matched``, ``fixed`` or ``competing``; see `ControlShare`.
    control_share
        With ``fixed``: share of patients of each period, above 0 and below 1.
    least_share, greatest_share
        Of those who do not get a control with a share of its own: least share of each arm that is not dropped, 0 or
        more, and greatest, up to 1.
    drop_below
        An arm whose probability of being best falls below this at an update, 0 to below 0.5, gets nobody any more; 0:
        none is dropped. A control is never dropped.
    urn_mass
        Mass of the urn, 1 to 100, that keeps numbers near their shares; see `Urn`.
    alone
        True: no urn, each patient alone; then without `urn_mass`.
    adjust_for_period
        Whether updates and the analysis adjust for the period between updates in which a patient was assigned: without
        it a time trend is taken for an effect. Periods must then hold two patients for each arm: within one of a
        single patient there is nothing to compare.

    Source
    ------
    Thall and Wathen (2007), European Journal of Cancer 43, 859-866 (power); Trippa and others (2012), Journal of
    Clinical Oncology 30, 3258-3263 (matched control); Villar and others (2018), Statistical Methods in Medical Research
    27, 3437-3460 (time trends).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    burn_in: Annotated[int, Field(ge=4, le=1_000_000)]
    every: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    every_months: Annotated[float, Field(gt=0, le=60)] | None = None
    month: Annotated[float, Field(gt=0, le=LONGEST_MONTHS)] | None = None
    power: Annotated[float, Field(ge=0, le=5)] = 0.5
    control: ControlShare = ControlShare.MATCHED
    control_share: _Share | None = None
    least_share: Annotated[float, Field(ge=0, lt=1)] = 0.0
    greatest_share: Annotated[float, Field(gt=0, le=1)] = 1.0
    drop_below: Annotated[float, Field(ge=0, lt=0.5)] = 0.0
    urn_mass: Annotated[float, Field(ge=1, le=100)] = _URN_MASS
    alone: bool = False
    adjust_for_period: bool = True

    @property
    def mass(self) -> float | None:
        """Mass of the urn, None without one."""
        return None if self.alone else self.urn_mass

    def judged_at(self, design: Design) -> float:
        """Return the month of the visit by which arms are judged."""
        return design.endpoint.month if self.month is None else self.month

    def problems(self, design: Design, *, are_sizes_right: bool) -> list[str]:
        """Return what does not fit together, as ``key: found; expected; next``."""
        key = "response_adaptive"
        found = course_problems(design, key)
        if (self.every is None) == (self.every_months is None):
            found.append(f"{key}.every: is one of two; every or every_months; give one of them and not both")
        if self.month is not None and (self.month not in design.visits_months or self.month > design.endpoint.month):
            visits = ", ".join(f"{month:g}" for month in design.visits_months if month <= design.endpoint.month)
            found.append(f"{key}.month: {self.month:g} is no visit up to the endpoint's; one of {visits}; choose one")
        if (self.control is ControlShare.FIXED) != (self.control_share is not None):
            told = 'belongs to control = "fixed"; both or none; give the other, or delete this one'
            found.append(f"{key}.control_share: {told}")
        # as left out: a study that was written out with its defaults is the same study
        if self.alone and self.urn_mass != _URN_MASS:
            found.append(f"{key}.urn_mass: has no meaning with alone = true; no such line; delete one of the two")
        n_competing = len(design.arms) - (self.control is not ControlShare.COMPETING)
        if n_competing == 1:
            told = f"{self.control}, and one other arm has nobody to compete with; competing"
            found.append(f"{key}.control: {told}; write it, or add an arm")
        if self.least_share * n_competing > 1:
            told = (
                f"{self.least_share:g} for each of {n_competing} arms is more than all; {1 / n_competing:.3g} or less"
            )
            found.append(f"{key}.least_share: {told}; lower it")
        if self.greatest_share * n_competing < 1:
            told = f"{self.greatest_share:g} for each of {n_competing} arms leaves patients over"
            found.append(f"{key}.greatest_share: {told}; {1 / n_competing:.3g} or more; raise it")
        if not are_sizes_right:
            return found
        if self.burn_in >= design.size:
            told = f"{self.burn_in} of {design.size} patients leaves nobody to adapt for; fewer"
            found.append(f"{key}.burn_in: {told}; lower it, or randomise more")
        fewest = 2 * sum(design.ratio.values()) / min(design.ratio.values())
        if self.burn_in < fewest:
            told = f"{self.burn_in} is fewer than two patients in some arm; {fewest:g} or more"
            found.append(f"{key}.burn_in: {told}; raise it")
        return [*found, *self._period_problems(design)]

    def _period_problems(self, design: Design) -> list[str]:
        """Find periods that are adjusted for and hold too few patients for any arm to be compared within them."""
        fewest = _PATIENTS_OF_AN_ARM * len(design.arms)
        name, between = "every", float(self.every or 0)
        if self.every is None and self.every_months is not None and design.accrual is not None:
            months = arrival_months(design.accrual, design.size)[min(self.burn_in, design.size - 1) :]
            updates = max(float(np.ptp(months)) / self.every_months, 1.0)
            name, between = "every_months", len(months) / updates
        if not self.adjust_for_period or between == 0 or between >= fewest:
            return []
        told = f"periods of {between:.3g} between updates are too short to compare arms within them; {fewest} patients"
        advice = "update less often, or write adjust_for_period = false"
        return [f"response_adaptive.{name}: {told} or more, two for each arm; {advice}"]


def shares_by_rule(rule: ResponseAdaptive, best: Floats, is_left: NDArray[np.bool_], control: int) -> Floats:
    """Return the share of patients that each arm is to get; dims ``arm``, summing to 1.

    Parameters
    ----------
    rule
        The design's.
    best
        Probability of being best of those that compete, 0 for others; dims ``arm``.
    is_left
        Which arms are not dropped; dims ``arm``.
    control
        Index of the control.
    """
    competes = is_left.copy()
    if rule.control is not ControlShare.COMPETING:
        competes[control] = False
    weights = np.where(competes, best**rule.power, 0.0)
    weights = _within(weights, competes, rule.least_share, rule.greatest_share)
    if rule.control is ControlShare.MATCHED:
        weights[control] = weights.max()
        return weights / weights.sum()
    if rule.control is ControlShare.FIXED and rule.control_share is not None:
        weights *= 1 - rule.control_share
        weights[control] = rule.control_share
    return weights


def _within(weights: Floats, competes: NDArray[np.bool_], least: float, greatest: float) -> Floats:
    """Return weights that sum to 1, each within the bounds: the excess goes to the others in their ratio."""
    n = int(competes.sum())
    greatest = max(greatest, 1 / n)  # arms that were dropped leave fewer
    shares = weights / weights.sum() if weights.sum() > 0 else competes / n
    is_free = competes.copy()
    for _ in range(2 * n):
        free = shares[is_free].sum()
        outside = is_free & ((shares < least - 1e-12) | (shares > greatest + 1e-12))
        if not outside.any():
            break
        # one kind of bound at a time: what moves the sum further off
        below, above = np.maximum(least - shares, 0) * is_free, np.maximum(shares - greatest, 0) * is_free
        bounded = below > 0 if below.sum() >= above.sum() else above > 0
        shares = np.where(bounded, least if below.sum() >= above.sum() else greatest, shares)
        is_free &= ~bounded
        left = 1 - shares[competes & ~is_free].sum()
        free = shares[is_free].sum()
        if is_free.any():
            shares[is_free] = shares[is_free] * left / free if free > 0 else left / is_free.sum()
    return shares / shares.sum()


def adaptive_control(design: Design) -> int:
    """Return the index of the control against which every other arm is compared."""
    return list(design.arms).index(shared_control(design) or next(iter(design.arms)))
