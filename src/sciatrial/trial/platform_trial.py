"""A platform trial: arms that enter and leave beside one control that stays open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from sciatrial.trial.accrual import arrival_months
from sciatrial.trial.course_problems import course_problems, shared_control

if TYPE_CHECKING:
    from sciatrial.trial.design import Design

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
_Month = Annotated[float, Field(gt=0, le=600)]
_Patients = Annotated[int, Field(ge=2, le=1_000_000)]


class Controls(StrEnum):
    """Which controls an arm is compared with.

    ``concurrent``: those who were randomised while the arm was open. ``all``: also those from before; the analysis then
    takes every arm's patients until the arm has left, and rests on a trend that is the same in all arms.
    """

    CONCURRENT = "concurrent"
    ALL = "all"


class ControlRatio(StrEnum):
    """What the control gets beside the arms that are open.

    ``as_allocated``: the design's ratio among the open arms. ``square_root``: the square root of the number of open
    arms for each patient of one of them, which compares several arms with one control best; then without `allocation`.
    """

    AS_ALLOCATED = "as_allocated"
    SQUARE_ROOT = "square_root"


class ArmTimes(BaseModel):
    """When an arm enters and leaves; it leaves at the first of what is given, and at the platform's end.

    Parameters
    ----------
    enters_month
        Month after the first site's opening, above 0 to 600, from which patients can get the arm; left out, from the
        start.
    enters_patient
        Or the number of the platform's patient, 2 or more, who can get it first.
    leaves_month
        Month from which nobody gets it.
    leaves_patient
        Number of the platform's patient from whom on nobody gets it, 2 or more.
    most_patients
        Its own patients, 2 or more, at which it leaves.
    leaves_endpoints
        Its own endpoints, 2 or more, that have been observed when it leaves; patients come on while they are awaited.
    """

    model_config = _STRICT

    enters_month: _Month | None = None
    enters_patient: _Patients | None = None
    leaves_month: _Month | None = None
    leaves_patient: _Patients | None = None
    most_patients: _Patients | None = None
    leaves_endpoints: _Patients | None = None

    def problems(self, key: str) -> list[str]:
        """Return what does not fit together, as ``key: found; expected; next``."""
        found = []
        if self.enters_month is not None and self.enters_patient is not None:
            told = "is one of two; enters_month or enters_patient; give one of them and not both"
            found.append(f"{key}.enters_month: {told}")
        if self.leaves_month is not None and self.leaves_month <= (self.enters_month or 0.0):
            told = f"{self.leaves_month:g} is not after it enters at month {self.enters_month:g}; later; correct one"
            found.append(f"{key}.leaves_month: {told}")
        if self.leaves_patient is not None and self.leaves_patient <= (self.enters_patient or 1):
            told = f"{self.leaves_patient} is not after it enters with patient {self.enters_patient}; later"
            found.append(f"{key}.leaves_patient: {told}; correct one")
        return found

    def has_entered(self, place: int, month: float) -> bool:
        """Return whether the platform's patient at a place, from 0, who comes at a month can get the arm yet."""
        return place + 1 >= (self.enters_patient or 1) and month >= (self.enters_month or 0.0)

    def has_left(self, place: int, month: float, patients: float, endpoints: float) -> bool:
        """Return whether the arm has left by a patient, given its own patients and endpoints so far."""
        return (
            month >= _or_never(self.leaves_month)
            or place + 1 >= _or_never(self.leaves_patient)
            or patients >= _or_never(self.most_patients) - 1e-9
            or endpoints >= _or_never(self.leaves_endpoints) - 1e-9
        )


def _or_never(value: float | None) -> float:
    return inf if value is None else value


class Platform(BaseModel):
    """Arms that enter and leave beside a control that is always open; the control is that of the comparisons.

    Parameters
    ----------
    arms
        Arm → when it enters and leaves; an arm that is not named is open from first to last.
    controls
        ``concurrent`` or ``all``; see `Controls`.
    adjust_for_period
        Whether the analysis adjusts for the period, between arms that come and go, in which a patient was randomised.
    control_ratio
        ``as_allocated`` or ``square_root``; see `ControlRatio`.
    urn_mass
        Mass of the urn, 1 to 100, that keeps numbers near the ratio; see `Urn`.

    Source
    ------
    Bofill Roig and others (2022), BMC Medical Research Methodology 22, 228, and Lee and Wason (2020), the same journal
    20, 165 (controls from before); Dunnett (1955), Journal of the American Statistical Association 50, 1096-1121
    (square root).
    """

    model_config = _STRICT

    arms: dict[str, ArmTimes]
    controls: Controls = Controls.CONCURRENT
    adjust_for_period: bool = True
    control_ratio: ControlRatio = ControlRatio.AS_ALLOCATED
    urn_mass: Annotated[float, Field(ge=1, le=100)] = 4.0

    def problems(self, design: Design, *, are_sizes_right: bool) -> list[str]:
        """Return what does not fit together, as ``key: found; expected; next``."""
        found = course_problems(design, "platform")
        control = shared_control(design)
        if self.control_ratio is ControlRatio.SQUARE_ROOT and design.allocation is not None:
            told = "has no meaning with platform.control_ratio = square_root, which sets the ratio; no such table"
            found.append(f"allocation: {told}; delete it, or control_ratio")
        for arm, times in self.arms.items():
            if arm not in design.arms:
                told = f"is not an arm; one of {', '.join(design.arms)}; correct it"
                found.append(f"platform.arms.{arm}: {told}")
            elif arm == control:
                told = "is the control, which stays open; arms that are compared with it; leave it out"
                found.append(f"platform.arms.{arm}: {told}")
            found += times.problems(f"platform.arms.{arm}")
        if found or not are_sizes_right or control is None:
            return found
        plan = platform_plan(design)
        for arm, (own, beside) in plan.compared.items():
            if min(own, beside) < 2:
                told = f"gets {own:.1f} patients and {beside:.1f} controls beside it by the plan; two or more of each"
                advice = "let it enter sooner or leave later, or randomise more"
                found.append(f"platform.arms.{arm}: {told}; {advice}")
        return found


def arm_times(design: Design) -> dict[str, ArmTimes]:
    """Return when each arm but the control enters and leaves."""
    named = {} if design.platform is None else design.platform.arms
    control = shared_control(design)
    return {arm: named.get(arm, ArmTimes()) for arm in design.arms if arm != control}


def open_arms(
    times: Mapping[str, ArmTimes],
    place: int,
    month: float,
    patients: Mapping[str, float],
    endpoints: Mapping[str, float],
) -> tuple[tuple[str, ...], bool]:
    """Return the arms, without the control, that a patient can get, and whether there will be one later at all.

    Parameters
    ----------
    times
        Of each arm.
    place, month
        Of the patient among the platform's, from 0, and of randomisation.
    patients, endpoints
        So far, by arm.
    """
    left = {arm: item.has_left(place, month, patients[arm], endpoints[arm]) for arm, item in times.items()}
    are_open = tuple(arm for arm, item in times.items() if item.has_entered(place, month) and not left[arm])
    return are_open, any(not is_gone for is_gone in left.values())


def platform_shares(design: Design, are_open: tuple[str, ...]) -> list[float]:
    """Return the probability of each arm while some are open beside the control; summing to 1."""
    control = shared_control(design)
    ratio: dict[str, float] = {arm: float(share) for arm, share in design.ratio.items()}
    if design.platform is not None and design.platform.control_ratio is ControlRatio.SQUARE_ROOT and control:
        ratio = dict.fromkeys(ratio, 1.0) | {control: float(np.sqrt(max(len(are_open), 1)))}
    weights = [ratio[arm] if arm in (control, *are_open) else 0.0 for arm in design.arms]
    if not any(weights):  # no control is named, which is told elsewhere
        weights = list(ratio.values())
    return [weight / sum(weights) for weight in weights]


@dataclass(frozen=True)
class PlatformPlan:
    """What a platform is expected to do when patients come as planned.

    Attributes
    ----------
    sizes
        Patients by arm, the control's in all.
    compared
        Arm → its own patients, and the controls randomised while it was open.
    opens, closes
        Arm → month of its first and of its last patient; NaN of an arm that gets none.
    n_patients, months
        Patients of the platform, and the month of the last.
    """

    sizes: Mapping[str, float]
    compared: Mapping[str, tuple[float, float]]
    opens: Mapping[str, float]
    closes: Mapping[str, float]
    n_patients: int
    months: float


def platform_plan(design: Design) -> PlatformPlan:
    """Return what a platform is expected to do: each patient a share of every open arm, endpoints as expected."""
    months = np.zeros(design.size) if design.accrual is None else arrival_months(design.accrual, design.size)
    times, control = arm_times(design), shared_control(design)
    names = list(design.arms)
    seen = design.share_seen(design.endpoint.month)
    given = np.zeros((design.size, len(names)))
    total = np.zeros(len(names))
    were_open: dict[str, list[int]] = {arm: [] for arm in times}
    n = design.size
    for place, month in enumerate(months.tolist()):
        by_then = int(np.searchsorted(months[:place], month - design.endpoint.month, side="right"))
        observed: NDArray[np.float64] = seen * given[:by_then].sum(axis=0) if by_then else np.zeros(len(names))
        patients = dict(zip(names, total.tolist(), strict=True))
        are_open, goes_on = open_arms(times, place, month, patients, dict(zip(names, observed.tolist(), strict=True)))
        if not goes_on:
            n = place
            break
        given[place] = platform_shares(design, are_open)
        total += given[place]
        for arm in are_open:
            were_open[arm].append(place)
    column = 0 if control is None else names.index(control)
    own = {arm: float(total[names.index(arm)]) for arm in times}
    beside = {arm: float(given[places, column].sum()) if places else 0.0 for arm, places in were_open.items()}
    return PlatformPlan(
        sizes=dict(zip(names, total.tolist(), strict=True)),
        compared={arm: (own[arm], beside[arm]) for arm in times},
        opens={arm: float(months[places[0]]) if places else np.nan for arm, places in were_open.items()},
        closes={arm: float(months[places[-1]]) if places else np.nan for arm, places in were_open.items()},
        n_patients=n,
        months=float(months[max(n - 1, 0)]),
    )
