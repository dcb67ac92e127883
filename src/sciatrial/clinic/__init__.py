"""What is done to a patient and what is seen.

Takes arm words, cohort words and states; gives events, eligible patients and measured scores. Never decides what a
number is: every number comes from the draw that it is handed.
"""

from sciatrial.clinic.coverage import simulatable_arms, why_not_simulatable
from sciatrial.clinic.equations import CHAPTERS, WORDS, Chapter
from sciatrial.clinic.harms import (
    Hazard,
    exposures_of,
    has_event_at,
    hazards,
    hazards_of,
    patient_chance,
    unused_counts,
)
from sciatrial.clinic.numbers import Numbers
from sciatrial.clinic.observe import SCORES, answer_steps, measured, measurement_errors, true_score_above
from sciatrial.clinic.product import Product, product
from sciatrial.clinic.protocol import (
    CELLS_NOT_SIMULATABLE,
    COURSES,
    FLUIDS,
    NOT_SIMULATABLE,
    TABLETS,
    Protocol,
    control_of,
    sham_of,
)
from sciatrial.clinic.screen import Screening, screen
from sciatrial.clinic.tablets import average_concentration, exposure
from sciatrial.clinic.treat import (
    EXPOSURES,
    Treatment,
    days_of_doses,
    has_procedure_flare,
    operation_effects,
    treat,
)

__all__ = [
    "CELLS_NOT_SIMULATABLE",
    "CHAPTERS",
    "COURSES",
    "EXPOSURES",
    "FLUIDS",
    "NOT_SIMULATABLE",
    "SCORES",
    "TABLETS",
    "WORDS",
    "Chapter",
    "Hazard",
    "Numbers",
    "Product",
    "Protocol",
    "Screening",
    "Treatment",
    "answer_steps",
    "average_concentration",
    "control_of",
    "days_of_doses",
    "exposure",
    "exposures_of",
    "has_event_at",
    "has_procedure_flare",
    "hazards",
    "hazards_of",
    "measured",
    "measurement_errors",
    "operation_effects",
    "patient_chance",
    "product",
    "screen",
    "sham_of",
    "simulatable_arms",
    "treat",
    "true_score_above",
    "unused_counts",
    "why_not_simulatable",
]
