"""The codes of CDISC controlled terminology that a design is written with; `make peers` looks every one of them up."""

from __future__ import annotations

from dataclasses import dataclass

from sciatrial.clinic import FLUIDS, TABLETS
from sciatrial.foundation import Intervention, Route

CODE_SYSTEM, CODE_VERSION = "http://www.cdisc.org", "2026-03-27"


@dataclass(frozen=True)
class Term:
    """A concept of the NCI Thesaurus that CDISC lists, and its preferred term."""

    concept: str
    meaning: str


INTERVENTIONAL = Term("C98388", "Interventional Study")
PARALLEL, GROUP_SEQUENTIAL = Term("C82639", "Parallel Study"), Term("C142568", "Group Sequential Design")
FACTORIAL, ADAPTIVE = Term("C82638", "Factorial Study"), Term("C98704", "Adaptive Design")
TREATMENT_STUDY = Term("C49656", "Treatment Study")
EFFICACY_STUDY, SAFETY_STUDY = Term("C49666", "Efficacy Study"), Term("C49667", "Safety Study")
RANDOMISED = Term("C46079", "Randomized Controlled Clinical Trial")
STRATIFIED = Term("C147145", "Stratified Randomization")
MULTICENTRE, SINGLE_CENTRE = Term("C217005", "Multicenter Study"), Term("C217004", "Single-Center Study")
DOUBLE_BLIND, OPEN_LABEL = Term("C15228", "Double Blind Study"), Term("C49659", "Open Label Study")

EXPERIMENTAL_ARM = Term("C174266", "Investigational Arm")
ACTIVE_ARM = Term("C174267", "Active Comparator Arm")
PLACEBO_ARM = Term("C174268", "Placebo Control Arm")
SHAM_ARM = Term("C174269", "Sham Comparator Arm")
UNTREATED_ARM = Term("C174270", "No Intervention Arm")
WITHIN_STUDY = Term("C188866", "Data Generated Within Study")

SCREENING = Term("C202487", "Screening Epoch")
TREATMENT = Term("C101526", "Treatment Epoch")
FOLLOW_UP = Term("C202578", "Follow-Up Epoch")
VISIT = Term("C25716", "Visit")
INCLUSION = Term("C25532", "Inclusion Criteria")
FEMALE, MALE = Term("C16576", "Female"), Term("C20197", "Male")
PRIMARY_OBJECTIVE, SECONDARY_OBJECTIVE = (
    Term("C85826", "Trial Primary Objective"),
    Term("C85827", "Trial Secondary Objective"),
)
PRIMARY_ENDPOINT, SECONDARY_ENDPOINT = Term("C94496", "Primary Endpoint"), Term("C139173", "Secondary Endpoint")
AFTER, FIXED = Term("C201356", "After Timing Type"), Term("C201358", "Fixed Reference Timing Type")
BEFORE = Term("C201357", "Before Timing Type")
START_TO_START = Term("C201355", "Start to Start")
OFFICIAL_TITLE = Term("C207616", "Official Study Title")
SPONSOR, SUBJECT = Term("C70793", "Clinical Study Sponsor"), Term("C41189", "Study Subject")
ASSESSOR = Term("C207599", "Outcomes Assessor")

EXPERIMENTAL, PLACEBO = Term("C41161", "Protocol Agent"), Term("C753", "Placebo")
ACTIVE = Term("C68609", "Active Comparator")
BACKGROUND, RESCUE = Term("C165822", "Background Treatment"), Term("C165835", "Rescue Medications")
BIOLOGIC, DRUG = Term("C307", "Biological Agent"), Term("C1909", "Pharmacologic Substance")
PROCEDURE, SURGERY = Term("C98769", "Physical Medical Procedure"), Term("C15329", "Surgical Procedure")
INVESTIGATIONAL = Term("C202579", "Investigational Medicinal Product")
AUXILIARY = Term("C156473", "Auxiliary Medicinal Product")
_SUSPENSION, _SOLUTION = (
    Term("C42995", "Injectable Suspension Dosage Form"),
    Term("C42945", "Injectable Solution Dosage Form"),
)
_INJECTION, _TABLET = Term("C42946", "Injectable Dosage Form"), Term("C42998", "Tablet Dosage Form")

# kinds of sponsor, by the word that asks for them
SPONSOR_KINDS = {
    "academic_institution": Term("C18240", "Academia"),
    "contract_research_organisation": Term("C54148", "Contract Research Organization"),
    "government_institute": Term("C199144", "Governmental Agency or Group"),
    "healthcare_facility": Term("C21541", "Healthcare Facility"),
    "medical_device_company": Term("C215661", "Medical Device Company"),
    "pharmaceutical_company": Term("C54149", "Drug Company"),
}

DAYS, WEEKS, MONTHS = Term("C25301", "Day"), Term("C29844", "Week"), Term("C29846", "Month")
ML = Term("C28254", "Milliliter")
YEARS = Term("C29848", "Year")
MILLION_CELLS = Term("C187973", "Million Therapeutic Cells Dosing Unit")
MG, MG_A_DAY = Term("C28253", "Milligram"), Term("C67399", "Milligram per 24 Hours")
ONCE, DAILY = Term("C64576", "Once"), Term("C25473", "Daily")

_EPIDURAL = Term("C38210", "Epidural Route of Administration")
ROUTES = {
    Route.INTRADISCAL: Term("C38239", "Intradiscal Route of Administration"),
    Route.EPIDURAL_TRANSFORAMINAL: _EPIDURAL,
    Route.EPIDURAL_INTERLAMINAR: _EPIDURAL,
    Route.EPIDURAL_CAUDAL: _EPIDURAL,
    Route.PERINEURAL: Term("C38293", "Perineural Route of Administration"),
    Route.INTRAMUSCULAR: Term("C28161", "Intramuscular Route of Administration"),
    Route.INTRAVENOUS: Term("C38276", "Intravenous Route of Administration"),
    Route.INTRATHECAL: Term("C38267", "Intrathecal Route of Administration"),
    Route.ORAL: Term("C38288", "Oral Route of Administration"),
}

_PLACEBOS = (Intervention.SALINE, Intervention.PLACEBO_ORAL)
_BIOLOGICS = (Intervention.CELL_THERAPY, Intervention.PRP, Intervention.BOTULINUM_TOXIN)
_PROCEDURES = (Intervention.SHAM, Intervention.PHYSIOTHERAPY)


def arm_type(intervention: Intervention, *, is_experimental: bool) -> Term:
    """Return what kind of arm it is."""
    if is_experimental:
        return EXPERIMENTAL_ARM
    if intervention is Intervention.SHAM:
        return SHAM_ARM
    if intervention is Intervention.USUAL_CARE:
        return UNTREATED_ARM
    return PLACEBO_ARM if intervention in _PLACEBOS else ACTIVE_ARM


def role_of(intervention: Intervention, *, is_experimental: bool) -> Term:
    """Return the role that an arm's intervention plays."""
    if is_experimental:
        return EXPERIMENTAL
    return PLACEBO if intervention in (*_PLACEBOS, Intervention.SHAM) else ACTIVE


def type_of(intervention: Intervention) -> Term:
    """Return what kind of intervention it is."""
    if intervention in _BIOLOGICS:
        return BIOLOGIC
    if intervention is Intervention.SURGERY:
        return SURGERY
    return PROCEDURE if intervention in _PROCEDURES else DRUG


def form_of(intervention: Intervention) -> Term:
    """Return the dosage form of what is given in a dose."""
    if intervention is Intervention.CELL_THERAPY:
        return _SUSPENSION
    if intervention in FLUIDS:
        return _SOLUTION
    return _TABLET if intervention in TABLETS else _INJECTION
