"""What is done to a patient and what is seen.

Takes arm words, cohort words and states; gives events, eligible patients and measured scores. Never decides what a
number is: every number comes from the draw that it is handed.
"""

from sciatrial.clinic.coverage import simulatable_arms, why_not_simulatable
from sciatrial.clinic.observe import SCORES, measured, measurement_error
from sciatrial.clinic.protocol import CELLS_NOT_SIMULATABLE, NOT_SIMULATABLE, Protocol, sham_of
from sciatrial.clinic.screen import Screening, screen
from sciatrial.clinic.treat import Numbers, Treatment, treat

__all__ = [
    "CELLS_NOT_SIMULATABLE",
    "NOT_SIMULATABLE",
    "SCORES",
    "Numbers",
    "Protocol",
    "Screening",
    "Treatment",
    "measured",
    "measurement_error",
    "screen",
    "sham_of",
    "simulatable_arms",
    "treat",
    "why_not_simulatable",
]
