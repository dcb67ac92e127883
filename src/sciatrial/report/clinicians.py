"""What a clinician is told on one page: what can be given, what trials found, what harms were counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sciatrial.clinic import Hazard
from sciatrial.evidence import Evidence
from sciatrial.exchange import REFERENCE_TREATMENTS
from sciatrial.foundation import CellType, Intervention
from sciatrial.report.words import treatment_words

if TYPE_CHECKING:
    import pandas as pd

# what sciatica is called in the tables
_SCIATICA = ("lumbar_radicular_pain", "disc_herniation", "spinal_stenosis", "spondylolisthesis", "piriformis_syndrome")
_CELLS = {
    CellType.BM_MSC: "bone marrow", CellType.AD_MSC: "fat", CellType.UC_MSC: "umbilical cord",
    CellType.UCB_MSC: "cord blood", CellType.MPC: "selected marrow cells", CellType.BMAC: "marrow concentrate",
    CellType.SVF: "a fraction of fat tissue", CellType.DISC_CELLS: "disc tissue",
}  # fmt: skip
_EXPOSURES = {
    "at_the_root": "Injection at the root", "into_the_spinal_fluid": "Injection into the spinal fluid",
    "into_a_muscle": "Injection into a muscle", "oral_steroid": "Steroid tablets",
    "into_the_disc": "Any injection into the disc", "cells_into_the_disc": "Cells into the disc",
    "sham": "Sham", "cells": "Cells, any route", "own_cells": "One's own cells",
    "donor_cells": "Donor cells", "cells_into_a_vein": "Cells into a vein",
    "into_the_epidural_space": "Epidural injection", "epidural_steroid": "Epidural steroid",
    "operation": "Operation", "gabapentinoid": "Gabapentinoid", "placebo_oral": "Placebo tablets",
    "nsaid": "NSAID", "opioid": "Opioid", "antidepressant": "Antidepressant",
}  # fmt: skip
_HARMS = {
    "disc_infection": "infection of the disc", "pain_flare": "flare of pain", "any_event": "any unwanted event",
    "serious_event": "serious event", "dural_tear": "tear of the dura", "thrombo_embolism": "clot or embolism",
    "hormone_suppression": "suppression of cortisol",
}  # fmt: skip
# row of the parameters or facts table → what it tells, and the sign that makes less pain negative
_TRIALS = (
    ("naproxen_leg_pain_effect", "Naproxen against placebo, 10 days", 1),
    ("epidural_steroid_vs_saline_1mo", "Epidural steroid against saline, 1 month", 1),
    ("pregabalin_leg_pain_effect_wk8", "Pregabalin against placebo, 8 weeks", 1),
    ("exercise_leg_pain_short", "Exercise against advice, short term", -1),
    ("surgery_vs_physical_activity_disc_herniation_leg_pain_short", "Surgery against activity, disc herniation", 1),
)


@dataclass(frozen=True)
class Link:
    """A few words and the address where they can be checked; empty where no address is known."""

    words: str
    address: str


@dataclass(frozen=True)
class CellEvidence:
    """What the tables hold of studies of cells, counted."""

    n_studies: int
    n_randomised: int
    n_randomised_people: int
    n_in_sciatica: int
    n_randomised_in_sciatica: int
    randomised_by_condition: Mapping[str, int]
    arms_by_route: Mapping[str, int]
    randomised: tuple[Link, ...]


@dataclass(frozen=True)
class HarmLine:
    """What was counted after one kind of treatment."""

    after: str
    says: str
    sources: tuple[Link, ...]


def study_links(studies: pd.DataFrame) -> dict[str, Link]:
    """Return study → first author and year, with the address of its DOI, its PubMed page or the page that was read."""
    found = {}
    for row in studies.to_dict("records"):
        doi, pmid, page = (_text(row[name]) for name in ("doi", "pmid", "source_url"))
        address = f"https://doi.org/{doi}" if doi else f"https://pubmed.ncbi.nlm.nih.gov/{pmid}" if pmid else page
        study, year = str(row["study_id"]), _text(row["year"])
        name = _text(row["citation"]).split(" ")[0].strip(",;")
        # a key begins with the first author; a citation does not always
        is_named = study.startswith("".join(letter for letter in name.lower() if letter.isalnum()))
        found[study] = Link(f"{name} {float(year):.0f}" if is_named and year else study.replace("_", " "), address)
    return found


def _text(value: Any) -> str:
    return "" if value is None or value != value or str(value) == "<NA>" else str(value).strip()


def cell_evidence(evidence: Evidence) -> CellEvidence:
    """Count studies of cells in the tables: how many, how many randomised, and in how many people had sciatica."""
    arms: Any = evidence.arms[evidence.arms["intervention"].astype(str) == Intervention.CELL_THERAPY]
    studies: Any = evidence.studies[evidence.studies["study_id"].isin(arms["study_id"])]
    randomised = studies[studies["design"].astype(str) == "rct"]
    links = study_links(evidence.studies)
    return CellEvidence(
        n_studies=len(studies),
        n_randomised=len(randomised),
        n_randomised_people=int(randomised["n_total"].fillna(0).sum()),
        n_in_sciatica=int(studies["condition"].astype(str).isin(_SCIATICA).sum()),
        n_randomised_in_sciatica=int(randomised["condition"].astype(str).isin(_SCIATICA).sum()),
        randomised_by_condition=_counts(randomised["condition"]),
        arms_by_route=_counts(arms["route"]),
        randomised=tuple(links[str(study)] for study in randomised["study_id"]),
    )


def _counts(words: Any) -> dict[str, int]:
    """Return word → how often it stands in a column."""
    found = words.map(_text).replace("", "not reported").value_counts()
    return {str(word).replace("_", " "): int(n) for word, n in found.items()}


def trial_findings(evidence: Evidence, links: Mapping[str, str]) -> list[Link]:
    """Return what trials found of usual treatments: the difference in leg pain, with its interval and source."""
    rows = {row["name"]: row for table in (evidence.facts, evidence.parameters) for row in table.to_dict("records")}
    found = []
    for name, words, sign in _TRIALS:
        row = rows[name]
        low, high = sorted(sign * float(row[column]) for column in ("low", "high"))
        scale = "100" if "100" in str(row["unit"]) else "10"
        middle = f"{sign * float(row['value']):.3g} ({low:.3g} to {high:.3g}) of {scale}".replace("-", "−")
        found.append(Link(f"{words}: {middle}", links.get(name, "")))
    return found


def usual_treatments() -> list[str]:
    """Return what can be simulated but cells, in words."""
    return [
        treatment_words(name)
        for name, protocol in REFERENCE_TREATMENTS.items()
        if protocol is not None and not protocol.is_cell_therapy and protocol.intervention is not Intervention.SHAM
    ]


def cell_treatments() -> tuple[list[str], list[str]]:
    """Return the ways by which cells can be given, and the sources of cells, in words."""
    arms = {n: p for n, p in REFERENCE_TREATMENTS.items() if p is not None and p.is_cell_therapy}
    ways = [treatment_words(name) for name in arms if name.startswith("cells_")]
    return ways, list(_CELLS.values())


def harm_lines(
    known: Iterable[Hazard], studies: pd.DataFrame, links: Mapping[str, str]
) -> tuple[list[HarmLine], list[str]]:
    """Return what was counted after each kind of treatment, and the harms of which no count was found.

    Whatever the list of hazards holds is told; a word without a translation stands as it is.
    """
    by_study = study_links(studies)
    counted: dict[str, list[Hazard]] = {}
    without: dict[str, list[str]] = {}
    for hazard in known:
        if hazard.is_estimable:
            counted.setdefault(hazard.exposure, []).append(hazard)
        else:
            without.setdefault(_inside(_exposure(hazard.exposure)), []).append(_harm(hazard))
    lines = []
    for exposure, hazards in counted.items():
        sources = dict.fromkeys(source.split("/")[0] for hazard in hazards for source in hazard.sources)
        said = dict.fromkeys(by_study.get(source) or _fact(source, links) for source in sources)
        lines.append(HarmLine(_exposure(exposure), "; ".join(_counted(hazard) for hazard in hazards), tuple(said)))
    return lines, [f"{exposure}: {', '.join(harms)}" for exposure, harms in without.items()]


def _fact(source: str, links: Mapping[str, str]) -> Link:
    """Return the source of a count that stands in the facts table: named by the registry or study in its name."""
    name = source.partition(":")[2] or source
    return Link(name.split("_")[0], links.get(name, ""))


def _counted(hazard: Hazard) -> str:
    each = "" if hazard.per == "patient" else ", each time"
    cause = " (from any cause)" if hazard.counted == "any_cause" else ""
    counts = f"{hazard.n_with_event} of {hazard.n_at_risk}, " if hazard.n_with_event else ""
    return f"{_harm(hazard)}{cause} {counts}{hazard.in_words()}{each}"


def _harm(hazard: Hazard) -> str:
    return _HARMS.get(hazard.harm, hazard.harm.replace("_", " "))


def _exposure(word: str) -> str:
    text = _EXPOSURES.get(word, word.replace("_", " "))
    return text[:1].upper() + text[1:]


def _inside(text: str) -> str:
    """Return words as they stand inside a sentence."""
    return text if text.isupper() else text[:1].lower() + text[1:]
