"""A published arm → who was enrolled and what they received, in the words that the clinic can simulate.

Reads design fields, arms and doses alone; never a result. What a paper leaves open is filled in by a stated assumption
that the arm carries with it; an arm that the model cannot simulate says why.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sciatrial.clinic import TABLETS, Protocol, why_not_simulatable
from sciatrial.evidence import EntryDuration, carrier_word, entry_duration_of
from sciatrial.foundation import (
    Carrier,
    Cause,
    CellType,
    Condition,
    Donor,
    DoseBasis,
    Drug,
    Intervention,
    Outcome,
    Route,
    Score,
    StudyDesign,
)

CAUSE_OF: Mapping[Condition, Cause] = {
    Condition.LUMBAR_RADICULAR_PAIN: Cause.HERNIATION,
    Condition.DISC_HERNIATION: Cause.HERNIATION,
    Condition.MIXED: Cause.HERNIATION,
    Condition.DISCOGENIC_LOW_BACK_PAIN: Cause.DISCOGENIC,
    Condition.DEGENERATIVE_DISC_DISEASE: Cause.DISCOGENIC,
    Condition.SPINAL_STENOSIS: Cause.STENOSIS,
    Condition.SPONDYLOLISTHESIS: Cause.SPONDYLOLISTHESIS,
    Condition.PIRIFORMIS_SYNDROME: Cause.PIRIFORMIS,
}
_NO_CAUSE = "the model has no such patients"
# by cell type, where an arm does not say its dose: millions counted as the type is counted
_USUAL_DOSE = {CellType.BMAC: 240.0, CellType.SVF: 40.0, CellType.DISC_CELLS: 6.0}
_USUAL_EXPANDED_DOSE = 20.0
_OWN_CELLS = (CellType.BMAC, CellType.SVF)
_EPIDURAL_WHERE_UNSAID = Route.EPIDURAL_TRANSFORAMINAL
_STEROID_TEXTS = {
    Drug.METHYLPREDNISOLONE: r"methylprednisolone|depo-?medro",
    Drug.TRIAMCINOLONE: r"triamcinolone",
    Drug.BETAMETHASONE: r"betamethasone",
    Drug.DEXAMETHASONE: r"dexamethasone",
}
_LEAST_STEROID_MG, _MOST_STEROID_MG = 1, 200
# where a condition says only that there is pain: the pain that its patients are treated for
MAIN_PAIN: Mapping[Cause, Score] = {cause: Score.LEG_PAIN for cause in Cause} | {Cause.DISCOGENIC: Score.BACK_PAIN}


_EVERYBODY = EntryDuration(None, None)


@dataclass(frozen=True)
class Arm:
    """One published arm as it can be simulated.

    ``duration_months`` is the mean duration of symptoms at entry, None where the study does not say; ``let_in`` bounds
    it; ``guesses`` names what had to be assumed. ``is_controlled`` is False for a study of one arm;
    ``why_not`` is empty where `protocol` can be simulated.
    """

    study_id: str
    arm_id: str
    cause: Cause | None
    protocol: Protocol | None
    duration_months: float | None
    is_cells: bool
    is_controlled: bool
    is_open: bool
    guesses: tuple[str, ...]
    why_not: str
    let_in: EntryDuration = _EVERYBODY

    @property
    def key(self) -> tuple[str, str]:
        """Study and arm."""
        return self.study_id, self.arm_id


def published_arm(row: Mapping[str, Any]) -> Arm:
    """Return an arm of the tables as the model can simulate it.

    Parameters
    ----------
    row
        A row of the arms table joined with ``condition``, ``design`` and ``blinding`` of its study.

    Returns
    -------
    Arm
        With ``protocol`` None and the reason where the model has no mechanism for it.
    """
    guesses: list[str] = []
    cause = CAUSE_OF.get(Condition(row["condition"]))
    intervention = Intervention(row["intervention"])
    cells, route = _word(row, "cell_type"), _word(row, "route")
    why = "" if cause is not None else _NO_CAUSE
    if not why and intervention is Intervention.SURGERY and cause is Cause.DISCOGENIC:
        why = "surgery of a disc that presses on no root has no mechanism"
    if not why and intervention is Intervention.SURGERY and cells:
        why = "cells at open surgery have no mechanism"
    if intervention is Intervention.USUAL_CARE:
        route = ""
    why = why or why_not_simulatable(intervention, cells, route)
    protocol = None if why else _protocol(row, intervention, cells, route, guesses)
    duration = _number(row, "symptom_duration_months")
    design = StudyDesign(row["design"])
    return Arm(
        study_id=str(row["study_id"]),
        arm_id=str(row["arm_id"]),
        cause=cause,
        protocol=protocol,
        duration_months=duration,
        is_cells=intervention is Intervention.CELL_THERAPY,
        is_controlled=design in (StudyDesign.RCT, StudyDesign.CONTROLLED_NONRANDOMISED),
        is_open=_word(row, "blinding") not in ("double", "single"),
        guesses=tuple(guesses),
        why_not=why,
        let_in=entry_duration_of(str(row["study_id"]), str(row["arm_id"])),
    )


def _word(row: Mapping[str, Any], column: str) -> str:
    value = row.get(column)
    return "" if value is None or pd.isna(value) else str(value)


def _number(row: Mapping[str, Any], column: str) -> float | None:
    value = row.get(column)
    return None if value is None or pd.isna(value) else float(value)


def _protocol(
    row: Mapping[str, Any], intervention: Intervention, cells: str, route: str, guesses: list[str]
) -> Protocol:
    words: dict[str, Any] = {"intervention": intervention, "n_doses": int(min(_number(row, "n_doses") or 1, 10))}
    if route:
        words["route"] = Route(route)
    elif intervention in (Intervention.EPIDURAL_STEROID, Intervention.LOCAL_ANAESTHETIC, Intervention.SALINE,
                          Intervention.PRP):  # fmt: skip
        words["route"] = _EPIDURAL_WHERE_UNSAID
        guesses.append(f"route: {_EPIDURAL_WHERE_UNSAID.value}")
    elif intervention is Intervention.SHAM:
        words["route"] = Route.NONE
        guesses.append("route: none")
    if intervention is Intervention.CELL_THERAPY:
        words |= _cell_words(row, CellType(cells), route, guesses)
    if intervention is Intervention.EPIDURAL_STEROID:
        words |= _steroid_words(_word(row, "drug_dose"), guesses)
    if intervention in TABLETS:
        words |= _tablet_words(_word(row, "drug_dose"), intervention, guesses)
    return Protocol(**words)


def _cell_words(row: Mapping[str, Any], cells: CellType, route: str, guesses: list[str]) -> dict[str, Any]:
    own = cells in _OWN_CELLS
    if not (donor := _word(row, "donor")):
        donor = Donor.AUTOLOGOUS if own or cells in (CellType.BM_MSC, CellType.AD_MSC) else Donor.ALLOGENEIC
        guesses.append(f"donor: {donor}")
    dose, basis = _number(row, "dose_million_cells"), _word(row, "dose_basis")
    expected = DoseBasis.NUCLEATED if own else DoseBasis.EXPANDED_CELLS
    if dose is None or (basis and basis not in (expected, DoseBasis.UNSPECIFIED)):
        dose = _USUAL_DOSE.get(cells, _USUAL_EXPANDED_DOSE)
        guesses.append(f"dose: {dose:g} million")
    carrier = carrier_word(_word(row, "carrier"))
    if carrier is None:
        carrier = Carrier.SALINE
        guesses.append("carrier: saline")
    words: dict[str, Any] = {
        "cell_type": cells, "donor": Donor(donor), "dose_million_cells": min(max(dose, 0.01), 2000.0),
        "carrier": carrier,
    }  # fmt: skip
    if not route:
        words["route"] = Route.INTRADISCAL
        guesses.append("route: intradiscal")
    return words


def _steroid_words(text: str, guesses: list[str]) -> dict[str, Any]:
    for drug, pattern in _STEROID_TEXTS.items():
        if named := re.search(pattern, text, flags=re.IGNORECASE):
            words: dict[str, Any] = {"drug": drug}
            dose = re.match(r"\D{0,15}(\d+(?:\.\d+)?)\s*mg\b", text[named.end() :])
            if dose and _LEAST_STEROID_MG <= float(dose.group(1)) <= _MOST_STEROID_MG:
                words["drug_dose_mg"] = float(dose.group(1))
            return words
    guesses.append("steroid: triamcinolone, the usual dose")
    return {}


def _tablet_words(text: str, intervention: Intervention, guesses: list[str]) -> dict[str, Any]:
    named = [drug for drug in TABLETS[intervention] if drug.value in text.lower()]
    if not named:
        guesses.append(f"drug: {TABLETS[intervention][0].value}, the usual dose")
        return {}
    return {"drug": named[0]}


def score_of(outcome: str, instrument: str, cause: Cause) -> Score | None:
    """Return the model's score for an outcome of the tables, or None where it has none."""
    if outcome == Outcome.PAIN_UNSPECIFIED:
        return MAIN_PAIN[cause]
    if outcome == Outcome.DISABILITY:
        return Score.ROLAND_MORRIS if instrument.startswith("rmdq") else Score.DISABILITY
    return {
        Outcome.LEG_PAIN: Score.LEG_PAIN,
        Outcome.BACK_PAIN: Score.BACK_PAIN,
        Outcome.NUMBNESS: Score.NUMBNESS,
    }.get(Outcome(outcome))
