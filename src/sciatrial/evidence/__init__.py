"""What has been published.

Takes seven CSV tables and forms of new studies, gives a checked `Evidence` and its numbers on one scale, never pools,
never guesses a number that was not reported and never drops a row: a row that cannot be used says why.
"""

from sciatrial.evidence.add import add_study
from sciatrial.evidence.assumptions import Assumptions
from sciatrial.evidence.blinded import read_blinded
from sciatrial.evidence.carriers import carrier_word
from sciatrial.evidence.checks import evidence_warnings
from sciatrial.evidence.contrasts import ContrastSource, published_contrasts
from sciatrial.evidence.conversions import difference_from_shares, join_groups
from sciatrial.evidence.dictionary import data_dictionary
from sciatrial.evidence.entry_durations import EntryDuration, entry_duration_of, entry_durations
from sciatrial.evidence.estimates import ArmEstimates, Kind, Unused, arm_estimates
from sciatrial.evidence.form import Addition, read_form, starter_form
from sciatrial.evidence.harmonise import harmonise, usable_counts
from sciatrial.evidence.instruments import Direction
from sciatrial.evidence.published import Evidence
from sciatrial.evidence.quirks import WhyNot
from sciatrial.evidence.read import read_evidence
from sciatrial.evidence.responders import RESPONDER_RULES, Criterion, Measure, ResponderRule
from sciatrial.evidence.select import published_arms, select_outcomes
from sciatrial.evidence.spreads import Phase, PredictiveSd, predictive_sds
from sciatrial.evidence.write import write_tables

__all__ = [
    "RESPONDER_RULES",
    "Addition",
    "ArmEstimates",
    "Assumptions",
    "ContrastSource",
    "Criterion",
    "Direction",
    "EntryDuration",
    "Evidence",
    "Kind",
    "Measure",
    "Phase",
    "PredictiveSd",
    "ResponderRule",
    "Unused",
    "WhyNot",
    "add_study",
    "arm_estimates",
    "carrier_word",
    "data_dictionary",
    "difference_from_shares",
    "entry_duration_of",
    "entry_durations",
    "evidence_warnings",
    "harmonise",
    "join_groups",
    "predictive_sds",
    "published_arms",
    "published_contrasts",
    "read_blinded",
    "read_evidence",
    "read_form",
    "select_outcomes",
    "starter_form",
    "usable_counts",
    "write_tables",
]
