"""Other people's formats.

Takes a `Case` (the model with one patient's numbers and what is done to that patient), gives SBML, Antimony text or a
COMBINE archive that other programs run. Never simulates anything otherwise than the engine does, and needs no library
to write: the tests read what is written with the libraries of the field.
"""

from sciatrial.exchange.agreement import largest_difference, our_course
from sciatrial.exchange.antimony import to_antimony
from sciatrial.exchange.case import CAUSES, REFERENCE_TREATMENTS, Case, Change, reference_case
from sciatrial.exchange.links import source_links
from sciatrial.exchange.omex import write_omex
from sciatrial.exchange.sbml import rate_of_change, to_sbml
from sciatrial.exchange.sedml import to_sedml

__all__ = [
    "CAUSES",
    "REFERENCE_TREATMENTS",
    "Case",
    "Change",
    "largest_difference",
    "our_course",
    "rate_of_change",
    "reference_case",
    "source_links",
    "to_antimony",
    "to_sbml",
    "to_sedml",
    "write_omex",
]
