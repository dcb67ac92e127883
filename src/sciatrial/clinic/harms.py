"""What treatments may do wrong: chances with their uncertainty, from counts of the safety table.

A chance is a Beta distribution: Jeffreys' prior and the published counts, each count worth half a patient because
studies differ more than patients do. Where nobody had the event, the upper bound is told (the rule of three). Where no
count was found, the harm is listed as not estimable; it is never taken to be absent.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sciatrial.clinic.protocol import FLUIDS, TO_ROOT, Protocol
from sciatrial.clinic.treat import days_of_doses
from sciatrial.foundation import Donor, Intervention, Problem, Route, SafetyEvent, TrialError, uniforms

if TYPE_CHECKING:
    import pandas as pd

# a published patient counts for half: a spread between studies of twice the binomial (assumption:overdispersion-two)
OVERDISPERSION = 2.0
_JEFFREYS = 0.5

_NO_HARM = {
    SafetyEvent.CROSSOVER_TO_SURGERY: "a course of the disease, not a harm of the treatment",
    SafetyEvent.HAD_ASSIGNED_SURGERY: "adherence, not a harm",
    SafetyEvent.SURGERY_ON_INDEX_LEVEL: "a course of the disease; the registry's count is of earlier operations",
    SafetyEvent.SECOND_INJECTION: "further treatment, not a harm",
    SafetyEvent.DROPOUT: "loss to follow-up, not a harm",
    SafetyEvent.PAIN_REQUIRING_OPIOIDS: "a course of the disease",
    SafetyEvent.DISC_HERNIATION_PROGRESSION: "a course of the disease",
    SafetyEvent.ANY_ADVERSE_EVENT: "not one event: every study counts other things",
    SafetyEvent.TREATMENT_RELATED_ADVERSE_EVENT: "not one event: every study counts other things",
    SafetyEvent.TREATMENT_RELATED_SERIOUS_ADVERSE_EVENT: "told with all serious events where those were counted",
}


@dataclass(frozen=True)
class Hazard:
    """One harm of one exposure: the counts behind it, and the Beta distribution of its chance.

    ``per`` says what one chance belongs to: an ``administration`` or a ``patient``. ``counted`` says whether events
    were counted as ``related`` to the exposure, or from ``any_cause``: those would in part have come anyway, and are
    no measure of harm without a comparison. ``n_at_risk`` is 0 where no count was found; such a hazard is not
    estimable and has no distribution.
    """

    harm: str
    exposure: str
    per: str
    counted: str
    n_with_event: int
    n_at_risk: int
    sources: tuple[str, ...]
    note: str

    @property
    def is_estimable(self) -> bool:
        """Whether any count was found."""
        return self.n_at_risk > 0

    @property
    def name(self) -> str:
        """``harm of exposure``."""
        return f"{self.harm} of {self.exposure}"

    def chance(self, share: ArrayLike) -> NDArray[np.float64]:
        """Return the chance below which a share (0 to 1) of its distribution lies; of an estimable hazard."""
        from scipy.stats import beta

        with_event = self.n_with_event / OVERDISPERSION
        without = (self.n_at_risk - self.n_with_event) / OVERDISPERSION
        return np.asarray(beta.ppf(share, _JEFFREYS + with_event, _JEFFREYS + without), dtype=float)

    @property
    def upper_bound(self) -> float:
        """The largest chance that the counts allow at 95 %: by the rule of three where none had the event.

        The rule is three over the number at risk, and patients count here by the overdispersion less, as everywhere.
        """
        if self.n_with_event == 0:
            return min(1.0, 3.0 * OVERDISPERSION / self.n_at_risk) if self.is_estimable else 1.0
        return float(self.chance(0.95))


@cache
def _rows() -> tuple[Mapping[str, str], ...]:
    text = files("sciatrial.clinic").joinpath("tables", "harms.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def _key(row: Mapping[str, Any]) -> str:
    month = row["followup_months"]
    told = "" if month is None or month != month or str(month) in ("", "<NA>") else f"{float(month):g}"
    return f"{row['study_id']}/{row['arm_id']}/{row['event']}@{told}"


def hazards(safety: pd.DataFrame) -> tuple[Hazard, ...]:
    """Return every hazard of the list, from the counts of the safety table.

    Parameters
    ----------
    safety
        The safety table of the evidence.

    Raises
    ------
    TrialError
        When the list names a count that the table does not hold, or holds twice or without a denominator.
    """
    counts: dict[str, list[tuple[Any, Any]]] = {}
    for row in safety.to_dict("records"):
        counts.setdefault(_key(row), []).append((row["n_with_event"], row["n_at_risk"]))
    found, problems = [], []
    for row in _rows():
        sources = tuple(word for word in row["counts"].split(";") if word)
        for source in sources:
            if len(counts.get(source, [])) != 1 or _missing(counts[source][0][1]):
                problems.append(
                    Problem(source, "is not one count with a denominator", "a row of the safety table", "see harms.csv")
                )
        if problems:
            continue
        with_event, at_risk = (sum(int(counts[source][0][place]) for source in sources) for place in (0, 1))
        found.append(
            Hazard(row["harm"], row["exposure"], row["per"], row["counted"], with_event, at_risk, sources, row["note"])
        )
    if problems:
        raise TrialError("harms", problems)
    return tuple(found)


def _missing(value: Any) -> bool:
    return value is None or value != value or str(value) in ("", "<NA>")


def unused_counts(safety: pd.DataFrame) -> dict[str, int]:
    """Return reason → how many rows of the safety table feed no hazard; every row is used or counted here once."""
    used = {source for row in _rows() for source in row["counts"].split(";") if source}
    reasons: dict[str, int] = {}
    for row in safety.to_dict("records"):
        if _key(row) in used:
            continue
        reason = _why_unused(row)
        reasons[reason] = reasons.get(reason, 0) + 1
    return reasons


def _why_unused(row: Mapping[str, Any]) -> str:
    if _missing(row["n_at_risk"]):
        return "no denominator"
    if int(row["n_at_risk"]) <= 1:
        return "a case report"
    event = SafetyEvent(row["event"])
    if event in _NO_HARM:
        return _NO_HARM[event]
    return "a treatment that is not simulated, a pooled or shared group of patients, or a control's own course"


def exposures_of(protocol: Protocol, last_day: float = np.inf) -> dict[str, int]:
    """Return what an arm exposes its patients to until the last day of follow-up, and how often.

    Nobody's harvest fails here; those whose own cells could not be made are spared the needle.
    """
    times = len(days_of_doses(protocol, last_day))
    if times == 0:
        return {}
    where, what = protocol.where, protocol.intervention
    found: dict[str, int] = {}
    if what is Intervention.CELL_THERAPY:
        found["cells"] = 1
        found["own_cells" if protocol.donor is Donor.AUTOLOGOUS else "donor_cells"] = 1
        if where is Route.INTRADISCAL:
            found["cells_into_the_disc"] = times
        if where is Route.INTRAVENOUS:
            found["cells_into_a_vein"] = times
    injected = what in (Intervention.CELL_THERAPY, Intervention.EPIDURAL_STEROID, *FLUIDS)
    if injected and where is Route.INTRADISCAL:
        found["into_the_disc"] = times
    if injected and where in TO_ROOT and where is not Route.PERINEURAL:
        found["into_the_epidural_space"] = times
    if what is Intervention.EPIDURAL_STEROID:
        found["epidural_steroid"] = times
    if what is Intervention.SURGERY:
        found["operation"] = 1
    for word in (what, *protocol.co_treatments):
        found.setdefault(str(word), 1)
    return found


def hazards_of(
    protocol: Protocol, known: tuple[Hazard, ...], last_day: float = np.inf
) -> tuple[tuple[Hazard, int], ...]:
    """Return each hazard of an arm and how many times its chance is taken until the last day of follow-up."""
    exposed = exposures_of(protocol, last_day)
    return tuple(
        (hazard, exposed[hazard.exposure] if hazard.per == "administration" else 1)
        for hazard in known
        if hazard.exposure in exposed
    )


def patient_chance(chance: NDArray[np.float64] | float, times: int) -> NDArray[np.float64]:
    """Return the chance that a patient has the event at least once in so many independent chances."""
    return 1 - (1 - np.asarray(chance, dtype=float)) ** times


def has_event(hazard: Hazard, times: int, *, chance: float, seed: int, patients: ArrayLike) -> NDArray[np.bool_]:
    """Return who has the event; dims ``patient``.

    The luck belongs to patient, hazard and administration: the same patients are harmed whatever else is simulated.
    """
    numbers = np.asarray(patients, dtype=np.int64)
    hit = np.zeros(len(numbers), dtype=bool)
    for time in range(times):
        hit |= uniforms(seed, f"{hazard.name}, time {time}", numbers) < chance
    return hit
