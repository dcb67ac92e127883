"""Arm words → what happens to the patients of that arm: parameters that the product sets, and events."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sciatrial.clinic.protocol import FLUIDS, TO_ROOT, Protocol
from sciatrial.engine import Events
from sciatrial.foundation import Carrier, Donor, Intervention, Route
from sciatrial.model import Model

DAYS_PER_WEEK = 7.0
_PHYSIOTHERAPY_WEEKS = 8.0
_REFERENCE_VOLUME_ML = 2.0
_CELL_FACTORS = ("anti_inflammatory_cell_factor", "neurotrophic_cell_factor", "conversion_cell_factor")
_EXPOSURES = {
    Intervention.NSAID: "nsaid_exposure",
    Intervention.GABAPENTINOID: "gabapentinoid_exposure",
    Intervention.PHYSIOTHERAPY: "physiotherapy_intensity",
}


class Numbers(typing.Protocol):
    """Where the clinic's numbers come from: one draw of the prior or the posterior."""

    def value(self, name: str, qualifiers: Iterable[str] = ()) -> float:
        """Return the value of `name`, the most specific row that fits the qualifiers."""
        ...


@dataclass(frozen=True)
class Treatment:
    """What an arm does: parameters that it sets (name → value or dims ``patient``) and its events."""

    parameters: Mapping[str, float | NDArray[np.float64]]
    events: Events


class _Plan:
    """Events of one arm while they are collected; the same for every patient."""

    def __init__(self, model: Model, n_patients: int) -> None:
        self.model = model
        self.patients = np.arange(n_patients)
        self.parts: list[Events] = []

    def add(self, day: float, state: str, *, factor: float = 1.0, amount: float = 0.0) -> None:
        if factor != 1.0 or amount != 0.0:
            self.parts.append(Events.every(self.model, self.patients, day, state, factor=factor, amount=amount))

    def push(self, day: float, state: str, share: float) -> None:
        """Move a share of the way to 1, so that the state stays at or below 1."""
        self.add(day, state, factor=1 - share, amount=share)

    def joined(self) -> Events:
        return Events.joined(*self.parts) if self.parts else Events.none()


def treat(
    protocol: Protocol,
    numbers: Numbers,
    *,
    model: Model,
    cause: str,
    n_patients: int,
    context_maximum: Mapping[str, NDArray[np.float64]],
    last_day: float,
) -> Treatment:
    """Turn an arm's words into parameters and events for its patients.

    Parameters
    ----------
    protocol
        The arm.
    numbers
        One draw.
    model
        The equations, for the names of the states.
    cause
        Qualifier for numbers that differ by cause, such as what surgery frees.
    n_patients
        1 or more.
    context_maximum
        ``oral``, ``injection``, ``intradiscal`` → each patient's largest context response; dims ``patient``.
    last_day
        Last day of follow-up; day 0 is the day of randomisation and of the first treatment.

    Returns
    -------
    Treatment
        Cells in a carrier bring the carrier's own effect and the needle's, the same as that carrier alone.
    """
    plan = _Plan(model, n_patients)
    parameters: dict[str, float | NDArray[np.float64]] = {}
    if protocol.context is not None:
        parameters["context_response_maximum"] = context_maximum[protocol.context]
    days = [dose * protocol.weeks_between_doses * DAYS_PER_WEEK for dose in range(protocol.n_doses)]
    for day in days:
        if protocol.context is not None:
            plan.add(day, "treatment_context", factor=0.0, amount=1.0)
        _give(plan, protocol, numbers, day, cause)
    if protocol.is_cell_therapy:
        parameters |= {name: numbers.value(name, _words(protocol.cell_type)) for name in _CELL_FACTORS}
        parameters["donor_mismatch_factor"] = 1.0 if protocol.donor is Donor.ALLOGENEIC else 0.0
    if protocol.intervention in _EXPOSURES:
        weeks = protocol.course_weeks
        if weeks is None and protocol.intervention is Intervention.PHYSIOTHERAPY:
            weeks = _PHYSIOTHERAPY_WEEKS
        _course(plan, _EXPOSURES[protocol.intervention], None if weeks is None else weeks * DAYS_PER_WEEK, last_day)
    for word in protocol.co_treatments:
        if word is not protocol.intervention:
            _course(plan, _EXPOSURES[word], None, last_day)
    return Treatment(parameters, plan.joined())


def _words(*words: str | None) -> tuple[str, ...]:
    return tuple(str(word) for word in words if word is not None)


def _course(plan: _Plan, state: str, days: float | None, last_day: float) -> None:
    plan.add(0.0, state, factor=0.0, amount=1.0)
    if days is not None and days < last_day:
        plan.add(days, state, factor=0.0, amount=0.0)


def _give(plan: _Plan, protocol: Protocol, numbers: Numbers, day: float, cause: str) -> None:
    """Add the events of one administration."""
    if protocol.is_cell_therapy:
        carrier = protocol.carrier or Carrier.SALINE
        _inject_cells(plan, protocol, carrier, numbers, day)
        _inject_fluid(plan, carrier, protocol.where, numbers, day)
    elif protocol.intervention in FLUIDS:
        _inject_fluid(plan, protocol.intervention, protocol.where, numbers, day)
    elif protocol.intervention is Intervention.EPIDURAL_STEROID:
        dose = protocol.drug_dose_mg
        plan.add(day, "steroid_depot", amount=numbers.value("steroid_dose") if dose is None else dose)
        plan.push(day, "inflammatory_macrophages", numbers.value("needle_root_irritation_fraction"))
    elif protocol.intervention is Intervention.BOTULINUM_TOXIN:
        plan.add(day, "botulinum_effect", amount=1.0)
    elif protocol.intervention is Intervention.SURGERY:
        _operate(plan, numbers, day, cause)


def _inject_cells(plan: _Plan, protocol: Protocol, carrier: Carrier, numbers: Numbers, day: float) -> None:

    dose = (protocol.dose_million_cells or 0.0) * numbers.value("living_msc_fraction", _words(protocol.cell_type))
    anchored = numbers.value("anchored_fraction", _words(carrier))
    if protocol.where is Route.INTRADISCAL:
        extra_volume = max(protocol.volume_ml - _REFERENCE_VOLUME_ML, 0.0)
        leak = numbers.value("leak_fraction", _words(carrier)) * (1 + extra_volume * numbers.value("leak_volume_gain"))
        leak = min(leak, 1.0)
        plan.add(day, "anchored_disc_cells", amount=dose * (1 - leak) * anchored)
        plan.add(day, "loose_disc_cells", amount=dose * (1 - leak) * (1 - anchored))
        plan.add(day, "loose_epidural_cells", amount=dose * leak / 2)
        plan.add(day, "lost_cells", amount=dose * leak / 2)
    elif protocol.where is Route.INTRAVENOUS:
        plan.add(day, "circulating_cells", amount=dose)
    else:
        landing = 1.0 if protocol.where is Route.PERINEURAL else numbers.value("epidural_landing_fraction")
        plan.add(day, "anchored_epidural_cells", amount=dose * landing * anchored)
        plan.add(day, "loose_epidural_cells", amount=dose * landing * (1 - anchored))
        plan.add(day, "lost_cells", amount=dose * (1 - landing))


def _inject_fluid(plan: _Plan, fluid: str, route: Route, numbers: Numbers, day: float) -> None:
    """Add what the needle and the fluid do by themselves, cells or no cells."""
    if route is Route.INTRADISCAL:
        plan.push(day, "disc_inflammation", numbers.value("needle_disc_injury_fraction"))
        plan.add(day, "disc_injectate", amount=numbers.value("injectate_disc_effect", _words(fluid)))
    elif route in TO_ROOT:
        relief = numbers.value("injectate_root_relief_fraction", _words(fluid))
        plan.add(day, "inflammatory_macrophages", factor=1 - relief)
        plan.push(day, "inflammatory_macrophages", numbers.value("needle_root_irritation_fraction"))


def _operate(plan: _Plan, numbers: Numbers, day: float, cause: str) -> None:
    kept = 1 - numbers.value("surgery_removed_fraction")
    plan.add(day, "herniated_volume", factor=kept)
    plan.add(day, "herniation_irritancy", factor=kept)
    plan.add(day, "fixed_narrowing", factor=1 - numbers.value("surgery_decompressed_fraction", _words(cause)))
    plan.add(
        day,
        "inflammatory_macrophages",
        factor=1 - numbers.value("surgery_washout_fraction"),
        amount=numbers.value("surgery_inflammation_fraction"),
    )
