"""Arm words → what happens to the patients of that arm: parameters that the product sets, and events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sciatrial.clinic import equations
from sciatrial.clinic.numbers import Numbers
from sciatrial.clinic.product import Product, product
from sciatrial.clinic.protocol import FLUIDS, TO_ROOT, Protocol
from sciatrial.clinic.tablets import exposure
from sciatrial.engine import Effect, Events
from sciatrial.foundation import DAYS_PER_WEEK, Carrier, Donor, Intervention, Route, uniforms
from sciatrial.model import Model

_USUAL_COURSES = (Intervention.PHYSIOTHERAPY, Intervention.ORAL_STEROID)
_CELL_FACTORS = ("anti_inflammatory_cell_factor", "neurotrophic_cell_factor", "conversion_cell_factor")
_SECRETED = ("anti_inflammatory_cell_factor", "neurotrophic_cell_factor")
EXPOSURES = {
    Intervention.NSAID: "nsaid_exposure",
    Intervention.GABAPENTINOID: "gabapentinoid_exposure",
    Intervention.OPIOID: "opioid_exposure",
    Intervention.ANTIDEPRESSANT: "antidepressant_exposure",
    Intervention.ORAL_STEROID: "oral_steroid_exposure",
    Intervention.PHYSIOTHERAPY: "physiotherapy_intensity",
}


@dataclass(frozen=True)
class Treatment:
    """What an arm does: parameters that it sets (name → value or dims ``patient``) and its events."""

    parameters: Mapping[str, float | NDArray[np.float64]]
    events: Events


class _Plan:
    """Events of one arm while they are collected."""

    def __init__(self, model: Model, n_patients: int) -> None:
        self.model = model
        self.rows = np.arange(n_patients)
        self.parts: list[Events] = []

    def add(self, day: ArrayLike, state: str, *, factor: ArrayLike = 1.0, amount: ArrayLike = 0.0) -> None:
        """Change a state of every patient for whom that changes anything; numbers or dims ``patient``."""
        days = np.broadcast_to(np.asarray(day, dtype=float), self.rows.shape)
        factors = np.broadcast_to(np.asarray(factor, dtype=float), self.rows.shape)
        amounts = np.broadcast_to(np.asarray(amount, dtype=float), self.rows.shape)
        mine = (factors != 1.0) | (amounts != 0.0)
        if mine.any():
            part = Events.every(
                self.model, self.rows[mine], days[mine], state, factor=factors[mine], amount=amounts[mine]
            )
            self.parts.append(part)

    def push(self, day: ArrayLike, state: str, share: ArrayLike) -> None:
        """Move a share of the way to 1, so that the state stays at or below 1."""
        self.add(day, state, factor=1 - np.asarray(share, dtype=float), amount=share)

    def joined(self) -> Events:
        return Events.joined(*self.parts) if self.parts else Events.none()


def days_of_doses(protocol: Protocol, last_day: float) -> tuple[float, ...]:
    """Return the days after randomisation on which an arm's doses are given, up to the last day of follow-up."""
    first = protocol.weeks_until_treatment * DAYS_PER_WEEK
    between = protocol.weeks_between_doses * DAYS_PER_WEEK
    return tuple(day for day in (first + dose * between for dose in range(protocol.n_doses)) if day <= last_day)


def treat(
    protocol: Protocol,
    numbers: Numbers,
    *,
    model: Model,
    cause: str,
    patients: NDArray[np.int64],
    seed: int,
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
    patients
        Patient numbers, the key of their luck with batches, harvests and procedures; dims ``patient``.
    seed
        Seed of the trial.
    context_maximum
        ``oral``, ``injection``, ``intradiscal`` → each patient's largest context response; dims ``patient``.
    last_day
        Last day of follow-up; day 0 is the day of randomisation.

    Returns
    -------
    Treatment
        Cells in a carrier bring the carrier's own effect and the needle's, the same as that carrier alone. A patient
        whose own cells could not be made gets neither, nor the context of an injection; one whose cells come late gets
        all of it later.
    """
    plan = _Plan(model, len(patients))
    parameters: dict[str, float | NDArray[np.float64]] = {}
    if protocol.context is not None:
        parameters["context_response_maximum"] = context_maximum[protocol.context]
    cells = product(protocol, numbers, patients=patients, seed=seed) if protocol.is_cell_therapy else None
    given = np.ones(len(patients), dtype=bool) if cells is None else cells.is_given
    first = protocol.weeks_until_treatment * DAYS_PER_WEEK
    for dose, planned in enumerate(days_of_doses(protocol, last_day)):
        day = planned if cells is None else planned + cells.delay_days
        if protocol.context is not None:
            plan.add(day, "treatment_context", factor=np.where(given, 0.0, 1.0), amount=given)
        _give(plan, protocol, cells, given, numbers, day, cause)
        _irritate(plan, protocol, given, numbers, day, dose, patients, seed)
    if cells is not None:
        parameters |= _product_parameters(protocol, cells, numbers)
    if protocol.intervention is Intervention.EPIDURAL_STEROID:
        parameters["steroid_loss_rate"] = numbers.value("steroid_loss_rate", _words(protocol.which_drug))
    if protocol.intervention in EXPOSURES:
        _course(plan, protocol, numbers, first, last_day)
    for word in protocol.co_treatments:
        if word is not protocol.intervention:
            plan.add(0.0, EXPOSURES[word], factor=0.0, amount=1.0)
    return Treatment(parameters, plan.joined())


def _words(*words: str | None) -> tuple[str, ...]:
    return tuple(str(word) for word in words if word is not None)


def _product_parameters(protocol: Protocol, cells: Product, numbers: Numbers) -> dict[str, float | NDArray[np.float64]]:
    factors: dict[str, float | NDArray[np.float64]] = {
        name: numbers.value(name, _words(protocol.cell_type)) for name in _CELL_FACTORS
    }
    for name in _SECRETED:
        factors[name] = factors[name] * cells.potency
    factors["donor_mismatch_factor"] = 1.0 if protocol.donor is Donor.ALLOGENEIC else 0.0
    return factors


def _course(plan: _Plan, protocol: Protocol, numbers: Numbers, first: float, last_day: float) -> None:
    """Add a course of tablets or physiotherapy; a gabapentinoid starts at half the dose and is raised."""
    state = EXPOSURES[protocol.intervention]
    level = 1.0
    drug = protocol.which_drug
    if drug is not None and protocol.daily_dose_mg is not None:
        level = exposure(drug, protocol.daily_dose_mg, numbers)
    raised = 0.0
    if drug is not None and protocol.intervention is Intervention.GABAPENTINOID:
        raised = numbers.value("titration_days")
        dose = protocol.daily_dose_mg or numbers.value("reference_daily_dose", _words(drug))
        plan.add(first, state, factor=0.0, amount=exposure(drug, dose / 2, numbers))
    weeks = protocol.course_weeks
    if weeks is None and protocol.intervention in _USUAL_COURSES:
        weeks = numbers.value("course_weeks", _words(protocol.intervention))
    end = np.inf if weeks is None else first + weeks * DAYS_PER_WEEK
    if first + raised < min(end, last_day):
        plan.add(first + raised, state, factor=0.0, amount=level)
    if end < last_day:
        plan.add(end, state, factor=0.0, amount=0.0)


def _give(
    plan: _Plan,
    protocol: Protocol,
    cells: Product | None,
    given: NDArray[np.bool_],
    numbers: Numbers,
    day: ArrayLike,
    cause: str,
) -> None:
    """Add the events of one administration."""
    carrier = protocol.which_carrier
    if cells is not None and carrier is not None:
        _inject_cells(plan, protocol, cells, carrier, numbers, day)
        _inject_fluid(plan, carrier, protocol.where, given, numbers, day)
    elif protocol.intervention in FLUIDS:
        _inject_fluid(plan, protocol.intervention, protocol.where, given, numbers, day)
    elif protocol.intervention is Intervention.EPIDURAL_STEROID:
        plan.add(day, "steroid_depot", amount=_triamcinolone_mg(protocol, numbers))
        plan.push(day, "inflammatory_macrophages", numbers.value("needle_root_irritation_fraction"))
    elif protocol.intervention is Intervention.BOTULINUM_TOXIN:
        plan.add(day, "botulinum_effect", amount=1.0)
    elif protocol.intervention is Intervention.SURGERY:
        _operate(plan, numbers, day, cause)


def _triamcinolone_mg(protocol: Protocol, numbers: Numbers) -> float:
    """Return the dose of a steroid as triamcinolone that does the same."""
    if protocol.drug_dose_mg is None:
        return numbers.value("steroid_dose")
    worth = numbers.value("triamcinolone_per_mg", _words(protocol.which_drug))
    return equations.triamcinolone_mg.value(drug_dose_mg=protocol.drug_dose_mg, triamcinolone_per_mg=worth)


def _inject_cells(
    plan: _Plan, protocol: Protocol, cells: Product, carrier: Carrier, numbers: Numbers, day: ArrayLike
) -> None:
    anchored = numbers.value("anchored_fraction", _words(carrier))
    living = cells.living
    plan.add(day, "lost_cells", amount=cells.dead)
    if protocol.where is Route.INTRADISCAL:
        leak = equations.leak.value(
            leak_fraction=numbers.value("leak_fraction", _words(carrier)),
            leak_volume_gain=numbers.value("leak_volume_gain"),
            volume_ml=protocol.volume_ml,
            reference_volume=numbers.value("reference_volume"),
        )
        stem = {"living_cells": living, "leak": leak}
        matrix = {"living_cells": cells.converted, "leak": leak, "anchored_fraction": anchored}
        held = equations.anchored_in_disc.value(**stem, anchored_fraction=anchored)
        plan.add(day, "anchored_disc_cells", amount=held)
        plan.add(day, "loose_disc_cells", amount=equations.loose_in_disc.value(**stem, anchored_fraction=anchored))
        plan.add(day, "converted_disc_cells", amount=equations.disc_cells_anchored.value(**matrix))
        plan.add(day, "loose_epidural_cells", amount=equations.leaked_to_root.value(**stem))
        gone = equations.leaked_and_lost.value(**stem) + equations.disc_cells_lost.value(**matrix)
        plan.add(day, "lost_cells", amount=gone)
    elif protocol.where is Route.INTRAVENOUS:
        plan.add(day, "circulating_cells", amount=living)
    else:
        at_root = {
            "living_cells": living,
            "landing_fraction": numbers.value("landing_fraction", _words(protocol.where)),
        }
        held = equations.anchored_at_root.value(**at_root, anchored_fraction=anchored)
        plan.add(day, "anchored_epidural_cells", amount=held)
        plan.add(
            day, "loose_epidural_cells", amount=equations.loose_at_root.value(**at_root, anchored_fraction=anchored)
        )
        plan.add(day, "lost_cells", amount=equations.landed_elsewhere.value(**at_root))


def _inject_fluid(
    plan: _Plan, fluid: str, route: Route, given: NDArray[np.bool_], numbers: Numbers, day: ArrayLike
) -> None:
    """Add what the needle and the fluid do by themselves, cells or no cells."""
    if route is Route.INTRADISCAL:
        plan.push(day, "disc_inflammation", given * numbers.value("needle_disc_injury_fraction"))
        plan.add(day, "disc_injectate", amount=given * numbers.value("injectate_disc_effect", _words(fluid)))
    elif route in TO_ROOT:
        relief = numbers.value("injectate_root_relief_fraction", _words(fluid))
        plan.add(day, "inflammatory_macrophages", factor=1 - given * relief)
        plan.push(day, "inflammatory_macrophages", given * numbers.value("needle_root_irritation_fraction"))


def _irritate(
    plan: _Plan,
    protocol: Protocol,
    given: NDArray[np.bool_],
    numbers: Numbers,
    day: ArrayLike,
    dose: int,
    patients: NDArray[np.int64],
    seed: int,
) -> None:
    """Let a procedure set off a flare in some patients: the same ones in every arm with that kind of procedure."""
    hit = given & has_procedure_flare(protocol, numbers, dose=dose, patients=patients, seed=seed)
    plan.push(day, "exacerbation", hit * numbers.value("procedure_flare_size"))


def has_procedure_flare(
    protocol: Protocol, numbers: Numbers, *, dose: int, patients: NDArray[np.int64], seed: int
) -> NDArray[np.bool_]:
    """Return in whom an administration that is given sets off a flare; dims ``patient``.

    Parameters
    ----------
    dose
        Which administration, from 0.
    patients
        Patient numbers; dims ``patient``.
    seed
        Seed of the trial.
    """
    kind = "intradiscal" if protocol.where is Route.INTRADISCAL else "at_root"
    reaches = protocol.where is Route.INTRADISCAL or protocol.where in TO_ROOT
    if protocol.intervention is Intervention.SHAM or not reaches:
        return np.zeros(len(patients), dtype=bool)
    chance = numbers.value("procedure_flare_fraction", (kind,))
    return uniforms(seed, f"flare after procedure {dose} {kind}", patients) < chance


def _operate(plan: _Plan, numbers: Numbers, day: ArrayLike, cause: str) -> None:
    for effect in operation_effects(numbers, cause):
        plan.add(day, effect.state, factor=effect.factor, amount=effect.amount)


def operation_effects(numbers: Numbers, cause: str, *, delay_days: float = 0.0) -> tuple[Effect, ...]:
    """Return what an operation changes, one effect a state.

    Parameters
    ----------
    numbers
        One draw.
    cause
        Qualifier for numbers that differ by cause: what is freed, and whether the segment is fused.
    delay_days
        Days from the decision to the operation, 0 or more.
    """
    kept = 1 - numbers.value("surgery_removed_fraction")
    factors = {
        "herniated_volume": kept,
        "herniation_irritancy": kept,
        "extrudable_nucleus": 1 - numbers.value("surgery_nucleus_removed_fraction"),
        "fixed_narrowing": 1 - numbers.value("surgery_decompressed_fraction", _words(cause)),
        "segment_mobility": 1 - numbers.value("surgery_fusion_fraction", _words(cause)),
    }
    wound = Effect(
        "inflammatory_macrophages",
        factor=1 - numbers.value("surgery_washout_fraction"),
        amount=numbers.value("surgery_inflammation_fraction"),
        delay_days=delay_days,
    )
    return (*(Effect(state, factor=factor, delay_days=delay_days) for state, factor in factors.items()), wound)
