"""What treatments may do wrong: chances with their uncertainty, from counts of the safety table.

A chance is a Beta distribution: a weak prior and the published counts, each patient counting for less than one because
studies differ more than patients do (both are assumptions of the prior table). Where nobody had the event there is no
estimate, only the exact upper bound. Where no count was found, the harm is listed as not estimable; it is
never taken to be absent.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sciatrial.clinic import equations
from sciatrial.clinic.numbers import Numbers
from sciatrial.clinic.protocol import FLUIDS, TO_ROOT, Protocol
from sciatrial.clinic.treat import days_of_doses
from sciatrial.foundation import Donor, Intervention, Problem, Route, SafetyEvent, TrialError, uniforms

if TYPE_CHECKING:
    import pandas as pd

    from sciatrial.evidence import Evidence

_FACT = "fact:"

_NO_HARM = {
    SafetyEvent.CROSSOVER_TO_SURGERY: "a course of the disease, not a harm of the treatment",
    SafetyEvent.HAD_ASSIGNED_SURGERY: "adherence, not a harm",
    SafetyEvent.SURGERY_ON_INDEX_LEVEL: "a course of the disease, or an earlier operation",
    SafetyEvent.REHERNIATION: "another herniation, which is simulated",
    SafetyEvent.SECOND_INJECTION: "further treatment, not a harm",
    SafetyEvent.DROPOUT: "loss to follow-up, not a harm",
    SafetyEvent.PAIN_REQUIRING_OPIOIDS: "a course of the disease",
    SafetyEvent.DISC_HERNIATION_PROGRESSION: "a course of the disease",
    SafetyEvent.ANY_ADVERSE_EVENT: "not one event: every study counts other things",
    SafetyEvent.TREATMENT_RELATED_ADVERSE_EVENT: "not one event: every study counts other things",
    SafetyEvent.TREATMENT_RELATED_SERIOUS_ADVERSE_EVENT: "told with all serious events where those were counted",
}


_NEEDLE_INTO: Mapping[Route, tuple[str, ...]] = {
    Route.INTRADISCAL: ("into_the_disc",),
    **dict.fromkeys(TO_ROOT, ("at_the_root", "into_the_epidural_space")),
    Route.PERINEURAL: ("at_the_root",),
    Route.INTRAMUSCULAR: ("into_a_muscle",),
    Route.INTRATHECAL: ("into_the_spinal_fluid",),
}
_INJECTED = (Intervention.CELL_THERAPY, Intervention.EPIDURAL_STEROID, Intervention.BOTULINUM_TOXIN, *FLUIDS)


@dataclass(frozen=True)
class Hazard:
    """One harm of one exposure: the counts behind it, and the Beta distribution of its chance.

    ``per`` says what one chance belongs to: an ``administration`` or a ``patient``. ``counted`` says whether events
    were counted as ``related`` to the exposure, or from ``any_cause``: those would in part have come anyway, and are
    no measure of harm without a comparison. ``n_at_risk`` is 0 where no count was found; such a hazard is not
    estimable and has no distribution. ``reported`` holds, in words, rates that are published without such a count;
    nothing is computed from them. A patient counts for one over ``overdispersion``; ``prior_events`` is what the Beta
    distribution holds before any count, of events and of their absence alike.
    """

    harm: str
    exposure: str
    per: str
    counted: str
    n_with_event: int
    n_at_risk: int
    sources: tuple[str, ...]
    note: str
    reported: tuple[str, ...]
    overdispersion: float
    prior_events: float

    @property
    def is_estimable(self) -> bool:
        """Whether any count was found."""
        return self.n_at_risk > 0

    @property
    def nobody_had_it(self) -> bool:
        """Whether people were counted and none had the event: then only the upper bound is known."""
        return self.is_estimable and self.n_with_event == 0

    @property
    def name(self) -> str:
        """``harm of exposure``."""
        return f"{self.harm} of {self.exposure}"

    @property
    def remark(self) -> str:
        """The note, and rates that are published without a count."""
        return "; ".join((*((self.note,) if self.note else ()), *(f"reported: {words}" for words in self.reported)))

    def chance(self, share: ArrayLike) -> NDArray[np.float64]:
        """Return the chance below which a share (0 to 1) of its distribution lies; of a hazard with a count."""
        from scipy.stats import beta

        counts = {
            "harm_prior_events": self.prior_events,
            "n_with_event": self.n_with_event,
            "harm_count_overdispersion": self.overdispersion,
        }
        first = equations.beta_first.value(**counts)
        second = equations.beta_second.value(**counts, n_at_risk=self.n_at_risk)
        return np.asarray(beta.ppf(share, first, second), dtype=float)

    @property
    def upper_bound(self) -> float:
        """The largest chance that the counts allow at 95 %: exact (Clopper-Pearson) where none had the event.

        Patients count here by the overdispersion less, as everywhere.
        """
        if not self.is_estimable:
            return 1.0
        if self.nobody_had_it:
            return float(
                equations.bound_where_nobody_had_it.value(
                    n_at_risk=self.n_at_risk, harm_count_overdispersion=self.overdispersion
                )
            )
        return float(self.chance(0.95))

    def in_words(self, times: int = 1) -> str:
        """Return what is known of a patient's chance: median and middle 90 %, or the bound, or that nothing is."""
        if not self.is_estimable:
            return "not estimable"
        if self.nobody_had_it:
            bound = f"none of {self.n_at_risk}; up to {_percent(self.upper_bound)} %"
            together = f" each time, {_percent(patient_chance(self.upper_bound, times))} % in {times} times"
            return bound if times == 1 else bound + together
        low, middle, high = (_percent(chance) for chance in patient_chance(self.chance([0.05, 0.5, 0.95]), times))
        return f"{middle} % ({low} to {high})"


def _percent(chance: float | NDArray[np.float64]) -> str:
    percent = 100 * float(chance)
    return f"{percent:.2g}" if 0.01 <= percent < 0.995 else f"{percent:.1f}"


@cache
def _rows() -> tuple[Mapping[str, str], ...]:
    text = files("sciatrial.clinic").joinpath("tables", "harms.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def _key(row: Mapping[str, Any]) -> str:
    month = row["followup_months"]
    told = "" if month is None or month != month or str(month) in ("", "<NA>") else f"{float(month):g}"
    return f"{row['study_id']}/{row['arm_id']}/{row['event']}@{told}"


def hazards(evidence: Evidence, numbers: Numbers) -> tuple[Hazard, ...]:
    """Return every hazard of the list, from the counts of the safety and the facts table.

    Parameters
    ----------
    evidence
        The published tables.
    numbers
        One draw, for what a count is worth: ``harm_count_overdispersion`` and ``harm_prior_events``.

    Raises
    ------
    TrialError
        When the list names a count that the tables do not hold, or hold twice or without a denominator, or a rate that
        they do not hold.
    """
    counts, facts, told = _counts(evidence.safety), _fact_counts(evidence.facts), _rates(evidence)
    overdispersion, prior_events = numbers.value("harm_count_overdispersion"), numbers.value("harm_prior_events")
    found, problems = [], []
    for row in _rows():
        sources, rates = _words(row["counts"]), _words(row["reported"])
        known = [(counts | facts).get(source, []) for source in sources]
        problems += [
            Problem(source, "is not one count with a denominator", "a row of the tables", "see harms.csv")
            for source, here in zip(sources, known, strict=True)
            if len(here) != 1 or _missing(here[0][1])
        ]
        problems += [
            Problem(rate, "is not known", "a row of the facts or parameters", "see harms.csv")
            for rate in rates
            if rate not in told
        ]
        if problems:
            continue
        with_event, at_risk = (sum(int(here[0][place]) for here in known) for place in (0, 1))
        found.append(
            Hazard(
                row["harm"], row["exposure"], row["per"], row["counted"], with_event, at_risk, sources, row["note"],
                tuple(told[rate] for rate in rates), overdispersion, prior_events,
            )
        )  # fmt: skip
    if problems:
        raise TrialError("harms", problems)
    return tuple(found)


def _words(cell: str) -> tuple[str, ...]:
    return tuple(word for word in cell.split(";") if word)


def _counts(safety: pd.DataFrame) -> dict[str, list[tuple[Any, Any]]]:
    """Return key → people with the event and at risk, once for each row that has the key."""
    counts: dict[str, list[tuple[Any, Any]]] = {}
    for row in safety.to_dict("records"):
        counts.setdefault(_key(row), []).append((row["n_with_event"], row["n_at_risk"]))
    return counts


def _fact_counts(facts: pd.DataFrame) -> dict[str, list[tuple[Any, Any]]]:
    """Return the same from facts that print their count beside a percentage: ``percent (21)``, of ``n``."""
    counts: dict[str, list[tuple[Any, Any]]] = {}
    for row in facts.to_dict("records"):
        printed = re.fullmatch(r"percent \((\d+)\)", row["unit"])
        if printed:
            counts.setdefault(f"{_FACT}{row['name']}", []).append((int(printed[1]), row["n"]))
    return counts


def _rates(evidence: Evidence) -> dict[str, str]:
    """Return fact or parameter → its number in words, and its name."""
    told: dict[str, str] = {}
    for table in (evidence.parameters, evidence.facts):
        for row in table.to_dict("records"):
            span = "" if _missing(row["low"]) or _missing(row["high"]) else f"{row['low']:g} to {row['high']:g}"
            value = "" if _missing(row["value"]) else f"{row['value']:g}"
            number = f"{value} ({span})" if value and span else value or span
            told[row["name"]] = f"{number} {row['unit'].replace('percent', '%', 1)} ({row['name']})"
    return told


def _missing(value: Any) -> bool:
    return value is None or value != value or str(value) in ("", "<NA>")


def unused_counts(safety: pd.DataFrame) -> dict[str, int]:
    """Return reason → how many rows of the safety table feed no hazard; every row is used or counted here once."""
    used = {source for row in _rows() for source in _words(row["counts"])}
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
    if what in _INJECTED:
        found |= dict.fromkeys(_NEEDLE_INTO.get(where, ()), times)
        found[str(what)] = times
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
    return equations.chance_of_patient.value(chance=np.asarray(chance, dtype=float), times=times)


def has_event_at(hazard: Hazard, time: int, *, chance: float, seed: int, patients: ArrayLike) -> NDArray[np.bool_]:
    """Return who has the event by one administration, from 0; dims ``patient``.

    The luck belongs to patient, hazard and administration: the same patients are harmed whatever else is simulated.
    """
    numbers = np.asarray(patients, dtype=np.int64)
    return uniforms(seed, f"{hazard.name}, time {time}", numbers) < chance
