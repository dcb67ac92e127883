"""Other people's formats, and the registry of trials.

Takes a `Case` (the model with one patient's numbers and what is done to that patient), gives SBML, Antimony text or a
COMBINE archive that other programs run. Never simulates anything otherwise than the engine does, and needs no library
to write: the tests read what is written with the libraries of the field. Also takes a study of ClinicalTrials.gov,
gives a form with candidate rows for the evidence tables that a person confirms; never guesses what it cannot tell. And
takes a simulated trial, a design or virtual patients, gives ADaM datasets, a USDM document or files for FACTS.
"""

from sciatrial.exchange.adam import adam_datasets
from sciatrial.exchange.adam_folder import write_adam
from sciatrial.exchange.agreement import largest_difference, our_course
from sciatrial.exchange.antimony import to_antimony
from sciatrial.exchange.case import CAUSES, REFERENCE_TREATMENTS, Case, Change, reference_case
from sciatrial.exchange.datasets import AnalysisDataset, CodeList, Variable
from sciatrial.exchange.facts import FACTS_ENDING, facts_arms, facts_page, to_facts
from sciatrial.exchange.links import source_links
from sciatrial.exchange.omex import write_omex
from sciatrial.exchange.registry import candidate_study
from sciatrial.exchange.registry_client import API_ADDRESS, Registry, fetch_study, read_study_file, search_studies
from sciatrial.exchange.registry_form import candidate_form
from sciatrial.exchange.registry_rows import Candidate
from sciatrial.exchange.sbml import rate_of_change, to_sbml
from sciatrial.exchange.sedml import to_sedml
from sciatrial.exchange.usdm import to_usdm

__all__ = [
    "API_ADDRESS",
    "CAUSES",
    "FACTS_ENDING",
    "REFERENCE_TREATMENTS",
    "AnalysisDataset",
    "Candidate",
    "Case",
    "Change",
    "CodeList",
    "Registry",
    "Variable",
    "adam_datasets",
    "candidate_form",
    "candidate_study",
    "facts_arms",
    "facts_page",
    "fetch_study",
    "largest_difference",
    "our_course",
    "rate_of_change",
    "read_study_file",
    "reference_case",
    "search_studies",
    "source_links",
    "to_antimony",
    "to_facts",
    "to_sbml",
    "to_sedml",
    "to_usdm",
    "write_adam",
    "write_omex",
]
