"""Which instruments the tables use: their scale, their direction, and whether they can stand on 0 to 100.

Only facts of the instruments themselves are written here. What a study did with one of them stays in its rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sciatrial.foundation import Outcome


class Direction(StrEnum):
    """Which end of a number is the worse one for the patient."""

    HIGHER_IS_WORSE = "higher_is_worse"
    HIGHER_IS_BETTER = "higher_is_better"
    UNORDERED = "unordered"


class Scaling(StrEnum):
    """How a number measured with an instrument is brought onto the common scale."""

    WIDTH = "width"
    OWN_SCALE = "own_scale"
    IMAGING = "imaging"
    COMPOSITE = "composite"
    BETWEEN_ARMS = "between_arms"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Instrument:
    """One instrument: its word in the tables, the ends of its scale (None when not fixed), its direction."""

    word: str
    meaning: str
    lowest: float | None
    highest: float | None
    direction: Direction
    scaling: Scaling

    @property
    def width(self) -> float | None:
        """The distance between the two ends of the scale, in the instrument's own points."""
        if self.lowest is None or self.highest is None:
            return None
        return self.highest - self.lowest


_WORSE, _BETTER = Direction.HIGHER_IS_WORSE, Direction.HIGHER_IS_BETTER

_ALL = (
    Instrument("vas_100", "visual analogue scale in mm", 0, 100, _WORSE, Scaling.WIDTH),
    Instrument("vas_10", "visual analogue scale in cm", 0, 10, _WORSE, Scaling.WIDTH),
    Instrument("nrs_10", "numeric rating scale", 0, 10, _WORSE, Scaling.WIDTH),
    Instrument("nrs_100", "numeric rating scale", 0, 100, _WORSE, Scaling.WIDTH),
    Instrument("likert_10", "pain rated on eleven steps", 0, 10, _WORSE, Scaling.WIDTH),
    Instrument("bpi_severity", "Brief Pain Inventory, severity", 0, 10, _WORSE, Scaling.WIDTH),
    Instrument("odi_100", "Oswestry Disability Index, percent", 0, 100, _WORSE, Scaling.WIDTH),
    Instrument("modi_100", "modified Oswestry Disability Index, percent", 0, 100, _WORSE, Scaling.WIDTH),
    Instrument("rmdq_24", "Roland-Morris questionnaire, 24 items", 0, 24, _WORSE, Scaling.WIDTH),
    Instrument("rmdq_23", "Roland-Morris questionnaire, 23 items", 0, 23, _WORSE, Scaling.WIDTH),
    Instrument("fri_100", "Functional Rating Index, percent", 0, 100, _WORSE, Scaling.WIDTH),
    # pain, function, symptoms, work and quality of life in one number: not a disability score
    Instrument("comi_10", "Core Outcome Measures Index", 0, 10, _WORSE, Scaling.COMPOSITE),
    Instrument("sf36_bp", "SF-36 bodily pain", 0, 100, _BETTER, Scaling.OWN_SCALE),
    Instrument("sf36_pf", "SF-36 physical functioning", 0, 100, _BETTER, Scaling.OWN_SCALE),
    Instrument("sf36_pcs", "SF-36 physical component, norm-based", 0, 100, _BETTER, Scaling.OWN_SCALE),
    Instrument("sf36_mcs", "SF-36 mental component, norm-based", 0, 100, _BETTER, Scaling.OWN_SCALE),
    Instrument("sf36_total", "SF-36, one total", 0, 100, _BETTER, Scaling.OWN_SCALE),
    # the lower end depends on the country's value set
    Instrument("eq5d_index", "EQ-5D index", None, 1, _BETTER, Scaling.OWN_SCALE),
    Instrument("pfirrmann", "Pfirrmann grade of disc degeneration", 1, 5, _WORSE, Scaling.IMAGING),
    Instrument("disc_height_mm", "disc height, mm", None, None, _BETTER, Scaling.IMAGING),
    Instrument(
        "disc_height_index_pct_of_baseline",
        "disc height index, percent of baseline",
        None,
        None,
        _BETTER,
        Scaling.IMAGING,
    ),
    Instrument("k_odi_raw", "Korean Oswestry sum, scale not given", None, None, _WORSE, Scaling.UNKNOWN),
    Instrument("odi_raw_or_percent", "Oswestry, sum or percent not said", None, None, _WORSE, Scaling.UNKNOWN),
    Instrument(
        "functional_rating_index", "Functional Rating Index, maximum not given", None, None, _WORSE, Scaling.UNKNOWN
    ),
    Instrument("vas_unstated", "visual analogue scale, range not given", None, None, _WORSE, Scaling.UNKNOWN),
    Instrument("pain_drawing_score", "pain drawing, maximum not given", None, None, _WORSE, Scaling.UNKNOWN),
    Instrument("median_pain_free_days", "days without pain", None, None, _BETTER, Scaling.UNKNOWN),
    Instrument(
        "nrs_10_percent_reduction_vs_placebo",
        "fall beyond that under placebo, percent",
        None,
        None,
        _BETTER,
        Scaling.BETWEEN_ARMS,
    ),
)

INSTRUMENTS: dict[str, Instrument] = {instrument.word: instrument for instrument in _ALL}

_OUTCOME_DIRECTION = {
    Outcome.LEG_PAIN: _WORSE,
    Outcome.BACK_PAIN: _WORSE,
    Outcome.PAIN_UNSPECIFIED: _WORSE,
    Outcome.DISABILITY: _WORSE,
    Outcome.NUMBNESS: _WORSE,
    Outcome.WEAKNESS: _WORSE,
    Outcome.PFIRRMANN: _WORSE,
    Outcome.OPIOID_USE: _WORSE,
    Outcome.QUALITY_OF_LIFE: _BETTER,
    Outcome.RESPONDER: _BETTER,
    Outcome.DISC_HEIGHT: _BETTER,
    Outcome.WORK: _BETTER,
}

# shares of patients whose direction differs from that of their outcome
_SHARE_DIRECTION = {
    "had_surgery": _WORSE,
    "had_repeat_surgery": _WORSE,
    "macnab_fair": Direction.UNORDERED,
    "complete_motor_recovery": _BETTER,
    "no_paresis": _BETTER,
    "self_reported_strength_improved": _BETTER,
    "stopped_opioids_of_baseline_users": _BETTER,
    "reduced_analgesics": _BETTER,
    "modified_pfirrmann_improved_1_grade": _BETTER,
    "mri_rehydrated": _BETTER,
}


def direction_of(outcome: str, instrument: str) -> Direction:
    """Return which end is the worse one for a number of this outcome, measured with this instrument."""
    if instrument in INSTRUMENTS:
        return INSTRUMENTS[instrument].direction
    return _SHARE_DIRECTION.get(instrument, _OUTCOME_DIRECTION[Outcome(outcome)])
