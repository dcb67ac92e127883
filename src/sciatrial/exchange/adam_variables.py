"""The variables of the ADaM datasets: names, labels, kinds, and how each comes about."""

from __future__ import annotations

from sciatrial.exchange.datasets import Code, CodeList, Variable
from sciatrial.foundation import Score, scale_of

# the terminology in which every concept below was looked up; that of sex in the one of 2025-03-28
TERMINOLOGY = ("SDTM", "2026-03-27")

SCORE_CODES = {
    Score.LEG_PAIN: ("LEGPAIN", "Leg pain"), Score.BACK_PAIN: ("BACKPAIN", "Back pain"),
    Score.DISABILITY: ("DISABIL", "Disability"), Score.NUMBNESS: ("NUMBNESS", "Numbness"),
    Score.TINGLING: ("TINGLING", "Tingling"), Score.WEAKNESS: ("WEAKNESS", "Weakness"),
    Score.ROLAND_MORRIS: ("ROLMOR", "Roland-Morris"), Score.QUALITY_OF_LIFE: ("QOL", "Quality of life"),
}  # fmt: skip
# baseline of each score in ADSL
BASELINES = {score: f"B{code}"[:8] for score, (code, _) in SCORE_CODES.items()}


def score_label(score: Score) -> str:
    """Return a score with its scale, as a parameter is called."""
    return f"{SCORE_CODES[score][1]} ({scale_of(score)[2]})"


YES = CodeList("Yes", (Code("Y", "Yes", "C49488"),), "C66742")
CODE_LISTS = {
    "NY": CodeList("No Yes Response", (Code("N", "No", "C49487"), Code("Y", "Yes", "C49488")), "C66742"),
    "NYU": CodeList(
        "No Yes Unknown",
        (Code("N", "No", "C49487"), Code("U", "Unknown", "C17998"), Code("Y", "Yes", "C49488")),
        "C66742",
    ),
    "Y": YES,
    "SEX": CodeList("Sex", (Code("F", "Female", "C16576"), Code("M", "Male", "C20197")), "C66731"),
    "AGEU": CodeList("Age Unit", (Code("YEARS", "Year", "C29848"),), "C66781"),
    "EOSSTT": CodeList(
        "End of Study Status",
        (Code("COMPLETED", "Followed to the last visit"), Code("DISCONTINUED", "Not followed to the last visit")),
    ),
    "DCSREAS": CodeList(
        "Reason for Discontinuation from Study",
        (
            Code("LOST TO FOLLOW-UP", "Left the trial"),
            Code("STUDY TERMINATED BY SPONSOR", "The boundary for harm stopped the trial before the last visit"),
            Code("OTHER", "The simulation could not solve this patient"),
        ),
    ),
    "DTYPE": CodeList(
        "Derivation Type",
        (
            Code("BOCF", "Baseline carried forward: rescue counts as no change"),
            Code("LOCF", "Last value before rescue carried forward"),
            Code("FAILURE", "Counts as a failure: not seen, or rescued"),
        ),
    ),
    "AEREL": CodeList(
        "Causality",
        (
            Code("RELATED", "Published counts are of events related to the exposure"),
            Code("UNKNOWN", "Published counts are of events from any cause"),
        ),
    ),
}

_STUDY = Variable("STUDYID", "Study Identifier", "text", "Assigned", "name of the study file")
_SUBJECT = Variable("USUBJID", "Unique Subject Identifier", "text", "Assigned", "STUDYID, SIMTRIAL and SUBJID")
_SITE = Variable("SITEID", "Study Site Identifier", "text", "Assigned", "number of the site, from 1")
_IDENTIFIERS = (_STUDY, _SUBJECT, _SITE)
_PLANNED = (
    Variable("TRTP", "Planned Treatment", "text", "Assigned", "arm that the patient was randomised to"),
    Variable("TRTPN", "Planned Treatment (N)", "integer", "Assigned", "number of the arm in the study file, from 1"),
)
_LOOK = Variable(
    "LOOKN", "First Look at Which Known", "integer", "Derived",
    "planned number of the first look (the final analysis is the last) by which the value was known; empty for what "
    "came after the trial had ended, which enters the final analysis alone",
)  # fmt: skip
_PARAMETER = (
    Variable("PARAMCD", "Parameter Code", "text", "Assigned", "short name of PARAM"),
    Variable("PARAM", "Parameter", "text", "Assigned", "score with its scale, or what the endpoint is"),
    Variable("PARAMN", "Parameter (N)", "integer", "Assigned", "number of PARAM, from 1"),
)
_VISIT = (
    Variable("AVISIT", "Analysis Visit", "text", "Assigned", "Baseline, or the planned month"),
    Variable("AVISITN", "Analysis Visit (N)", "float", "Assigned", "planned months since randomisation"),
)
_DAY = Variable(
    "ADY", "Analysis Relative Day", "integer", "Derived",
    "whole days since randomisation and 1: the day of randomisation is day 1",
)  # fmt: skip

ADSL = (
    _STUDY,
    _SUBJECT,
    Variable("SUBJID", "Subject Identifier for the Study", "text", "Assigned", "number of the screened candidate"),
    _SITE,
    Variable("SIMSCEN", "Simulated Scenario", "text", "Assigned", "which truth the simulated trial meets"),
    Variable("SIMTRIAL", "Simulated Trial Number", "integer", "Assigned", "number of the simulated trial, from 0"),
    Variable("RANDNUM", "Order of Randomisation", "integer", "Assigned", "place in the order, from 1"),
    Variable(
        "RANDPER", "Period of Randomisation", "integer", "Assigned",
        "from 1; within a period the arms that patients can get, their ratio, and who is recruited (everybody, or a "
        "subgroup alone) stay; empty where they always do",
    ),
    Variable(
        "SUBGRFL", "In Subgroup Flag", "text", "Assigned",
        "Y where the patient is in the subgroup that is tested with the full population, as told at entry; empty where "
        "no subgroup is tested", "NY",
    ),
    Variable(
        "RANDMON", "Months Until Randomisation", "float", "Derived",
        "months from the opening of the first site; empty without accrual in the study file",
    ),
    Variable("AGE", "Age", "float", "Assigned", "at randomisation, not rounded"),
    Variable("AGEU", "Age Units", "text", "Assigned", "years", "AGEU"),
    Variable("SEX", "Sex", "text", "Assigned", "drawn from the cohort", "SEX"),
    Variable("SYMPMON", "Duration of Symptoms (Months)", "float", "Assigned", "at randomisation"),
    Variable("CAUSE", "Cause of Sciatica", "text", "Assigned", "that of the cohort from which the patient comes"),
    Variable("HERNCLS", "Class of Herniation", "text", "Assigned", "empty where the cause is no herniation"),
    Variable("ARM", "Description of Planned Arm", "text", "Assigned", "name of the arm in the study file"),
    Variable("TRT01P", "Planned Treatment for Period 01", "text", "Assigned", "ARM"),
    Variable("TRT01PN", "Planned Treatment for Period 01 (N)", "integer", "Assigned", "number of the arm, from 1"),
    Variable("TRT01A", "Actual Treatment for Period 01", "text", "Derived", "ARM; empty where nothing was given"),
    Variable("TRT01AN", "Actual Treatment for Period 01 (N)", "integer", "Derived", "as TRT01PN"),
    Variable(
        "TRTSDY", "Day of First Treatment", "integer", "Derived",
        "as ADY; empty where nothing was given, also since the trial stopped first",
    ),
    Variable("RANDFL", "Randomized Population Flag", "text", "Assigned", "Y for everybody", "Y"),
    Variable("ITTFL", "Intent-To-Treat Population Flag", "text", "Assigned", "Y for everybody", "Y"),
    Variable("SAFFL", "Safety Population Flag", "text", "Derived", "Y where treatment was given", "NY"),
    Variable(
        "FASFL", "Full Analysis Set Population Flag", "text", "Derived",
        "Y where the final analysis of the endpoint uses any value of the patient", "NY",
    ),
    Variable(
        "RESCFL", "Rescue Flag", "text", "Derived",
        "Y where rescue was given at a visit: tablets begun, or surgery decided, whichever the study file plans", "NY",
    ),
    Variable("RESCDY", "Day of Rescue", "integer", "Derived", "as ADY, of that visit; an operation may be weeks later"),
    Variable("EOSSTT", "End of Study Status", "text", "Derived", "whether followed to the last visit", "EOSSTT"),
    Variable("DCSREAS", "Reason for Discontinuation from Study", "text", "Derived", "where not completed", "DCSREAS"),
    Variable(
        "EOSDY", "End of Study Relative Day", "integer", "Derived",
        "as ADY, of the last visit; of who left, the last one before leaving; where the boundary for harm stopped the "
        "trial before the last visit, of that stop",
    ),
    *(
        Variable(name, f"Baseline {SCORE_CODES[score][1]}", "float", "Assigned", "as measured at entry")
        for score, name in BASELINES.items()
    ),
)  # fmt: skip

ADQS = (
    *_IDENTIFIERS,
    *_PLANNED,
    *_PARAMETER,
    Variable("AVAL", "Analysis Value", "float", "Assigned", "score as measured, on its own scale; no value is imputed"),
    Variable("BASE", "Baseline Value", "float", "Derived", "AVAL of the baseline visit"),
    Variable("CHG", "Change from Baseline", "float", "Derived", "AVAL less BASE"),
    Variable("ABLFL", "Baseline Record Flag", "text", "Derived", "Y for the baseline visit", "Y"),
    *_VISIT,
    _DAY,
    Variable("AWTARGET", "Analysis Window Target", "integer", "Derived", "planned ADY of the visit"),
    Variable(
        "RESCPRFL", "Measured After Rescue Flag", "text", "Derived",
        "Y where rescue was given at an earlier visit (the intercurrent event of the estimand)", "NY",
    ),
    Variable(
        "ANL01FL", "Used by the Endpoint's Analysis Flag", "text", "Derived",
        "Y where the final analysis of the endpoint uses this score as it was measured, as an outcome", "Y",
    ),
    _LOOK,
)  # fmt: skip

ADEFF = (
    *_IDENTIFIERS,
    *_PLANNED,
    *_PARAMETER,
    Variable(
        "AVAL", "Analysis Value", "float", "Derived",
        "value that the pre-specified analysis uses, after what the estimand makes of rescue. A score is on its own "
        "scale. Of all else higher is better: of a response 1 or 0, of a category its number from 0, the worst; in a "
        "hierarchy 1 for no rescue and for a response, and of a score its improvement since baseline, above 0 if so",
    ),
    Variable(
        "BASE", "Baseline Value", "float", "Derived",
        "of the endpoint's score; in a hierarchy of the outcome's own score, empty where it has none",
    ),
    Variable("CHG", "Change from Baseline", "float", "Derived", "AVAL less BASE where the endpoint is a change"),
    *_VISIT,
    Variable(
        "DTYPE", "Derivation Type", "text", "Derived",
        "how AVAL was made where it was not measured at its visit; empty where it was", "DTYPE",
    ),
    Variable("ANL01FL", "Used by the Final Analysis Flag", "text", "Assigned", "Y: every row is used", "Y"),
    _LOOK,
)  # fmt: skip

ADAE = (
    *_IDENTIFIERS,
    Variable("TRTA", "Actual Treatment", "text", "Assigned", "arm of the patient"),
    Variable("TRTAN", "Actual Treatment (N)", "integer", "Assigned", "number of the arm, from 1"),
    Variable("AESEQ", "Sequence Number", "integer", "Assigned", "within the patient, from 1"),
    Variable("AETERM", "Reported Term for the Adverse Event", "text", "Assigned", "harm and what it comes of"),
    Variable(
        "AEDECOD", "Dictionary-Derived Term", "text", "Assigned", "harm of this program's list; MedDRA is not used"
    ),
    Variable(
        "AESER", "Serious Event", "text", "Assigned",
        "Y for events that were counted as serious and for deaths; U otherwise: neither published counts nor the study "
        "file say", "NYU",
    ),
    Variable(
        "AEREL", "Causality", "text", "Assigned",
        "what published counts are of; empty for an event that the study file's boundary for harm assumes", "AEREL",
    ),
    Variable("EXPOSURE", "What the Event Comes Of", "text", "Assigned", "procedure, product or treatment"),
    Variable("ADMINNUM", "Number of the Administration", "integer", "Assigned", "from 1; empty for any other event"),
    Variable("ASTDY", "Analysis Start Relative Day", "integer", "Derived", "as ADY of the other datasets"),
    Variable(
        "DAYFROM", "Where the Day Comes From", "text", "Assigned",
        "the day of the procedure, or assumed: any day from treatment to the end of follow-up, each as likely",
    ),
    Variable("TRTEMFL", "Treatment Emergent Analysis Flag", "text", "Derived", "Y on or after TRTSDY", "NY"),
)  # fmt: skip
