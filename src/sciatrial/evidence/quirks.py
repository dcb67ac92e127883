"""What is known about single studies and no column can say: a closed list, read by `harmonise` and `checks`.

Each entry repeats a note of the tables in a form that a program can act on. A quirk either makes rows unusable, or
makes their spread unusable, or only warns.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class WhyNot(StrEnum):
    """Why a reported number cannot be compared with others of its outcome on the common scale."""

    POOLED_ARM = "pooled_arm"
    AFTER_CROSSOVER = "after_crossover"
    SURGERY_WITH_CELLS = "surgery_with_cells"
    SELECTED_PATIENTS = "selected_patients"
    BEST_SCORE_REACHED = "best_score_reached"
    OTHER_CONDITION = "other_condition"
    NO_MONTH = "no_month"
    BETWEEN_ARMS = "between_arms"
    UNKNOWN_SCALE = "unknown_scale"
    COMPOSITE_SCORE = "composite_score"
    IMAGING_MEASURE = "imaging_measure"
    NO_RULE_FOR_RESPONDER = "no_rule_for_responder"
    NO_RULE_FOR_SHARE = "no_rule_for_share"
    COUNT_WITHOUT_N = "count_without_n"
    MEDIAN_ONLY = "median_only"


@dataclass(frozen=True)
class Quirk:
    """One known peculiarity of a study."""

    study_id: str
    meaning: str
    next_step: str
    why_not: WhyNot | None = None
    is_spread_doubtful: bool = False


_SPREAD = "leave the spread out, as harmonise does, or ask the authors"
_CONTEXT = "use it for discogenic pain or as context, not for sciatica"

QUIRKS: tuple[Quirk, ...] = (
    Quirk("yildiz_ozone63", "prints spreads as SD whose size says SE", _SPREAD, is_spread_doubtful=True),
    Quirk(
        "marmara_tfesi_level",
        "prints unlabelled spreads too small for SDs of 500 patients",
        _SPREAD,
        is_spread_doubtful=True,
    ),
    Quirk("xuebao301_sensory2016", "prints unlabelled spreads that may be SE", _SPREAD, is_spread_doubtful=True),
    Quirk(
        "conti2024_mat",
        "gives cells together with microdiscectomy",
        "do not credit the change to the cells",
        WhyNot.SURGERY_WITH_CELLS,
    ),
    Quirk(
        "aans2025_bmac_md",
        "gives cells together with microdiscectomy",
        "do not credit the change to the cells",
        WhyNot.SURGERY_WITH_CELLS,
    ),
    Quirk(
        "jaseng5y2013",
        "reports only the patients who were not operated on",
        "expect a course that is too good",
        WhyNot.SELECTED_PATIENTS,
    ),
    Quirk(
        "piriformis_us29",
        "reports the best score reached within six months",
        "expect a course that is too good",
        WhyNot.BEST_SCORE_REACHED,
    ),
    Quirk(
        "wilson2024",
        "treats facet joints: neither disc pain nor sciatica",
        "use it as context only",
        WhyNot.OTHER_CONDITION,
    ),
    Quirk("fritz2015", "enrols acute low back pain without sciatica", "use it as context only", WhyNot.OTHER_CONDITION),
    Quirk(
        "jellema2005",
        "enrols nonspecific low back pain without sciatica",
        "use it as context only",
        WhyNot.OTHER_CONDITION,
    ),
    Quirk("fairbank2005", "enrols low back pain, not sciatica", _CONTEXT),
    Quirk("hellum2011", "enrols low back pain, not sciatica", _CONTEXT),
    Quirk("peng2010", "enrols low back pain, not sciatica", _CONTEXT),
    Quirk("manchikanti2012_discogenic", "enrols low back pain, not sciatica", _CONTEXT),
)
