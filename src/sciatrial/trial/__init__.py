"""One trial, and many.

Takes patients and a design, gives a `TrialResult`, and from many trials `OperatingCharacteristics`. Never changes a
patient, and never analyses otherwise than the design says.
"""

from sciatrial.trial.accrual import Accrual
from sciatrial.trial.aims import Analysis, EndpointMeasure, Strategy, SummaryMeasure
from sciatrial.trial.attribution import CELL_PARTS, Attribution, attribute, parts_of
from sciatrial.trial.conduct import allocate
from sciatrial.trial.design import Comparison, Design, Rescue
from sciatrial.trial.endpoint import Endpoint, Missing, Outcome
from sciatrial.trial.estimand import Estimand
from sciatrial.trial.harms import expected_harms
from sciatrial.trial.imputation import Imputation
from sciatrial.trial.imputed import imputed_effects
from sciatrial.trial.inside import INSIDE
from sciatrial.trial.looks import Deciding, EfficacyBounds, EfficacyKind, FutilityBounds, FutilityKind, Looks
from sciatrial.trial.monitoring import Decision, first_crossing
from sciatrial.trial.operating import draws_for, operating_characteristics, simulate_trials, trial_patients, trial_seed
from sciatrial.trial.planned import plan_in_words, planned_looks, planned_sizes, r_of_design
from sciatrial.trial.results import OperatingCharacteristics, Scenario, TrialBatch, TrialResult
from sciatrial.trial.run import run_trial

__all__ = [
    "CELL_PARTS",
    "INSIDE",
    "Accrual",
    "Analysis",
    "Attribution",
    "Comparison",
    "Deciding",
    "Decision",
    "Design",
    "EfficacyBounds",
    "EfficacyKind",
    "Endpoint",
    "EndpointMeasure",
    "Estimand",
    "FutilityBounds",
    "FutilityKind",
    "Imputation",
    "Looks",
    "Missing",
    "OperatingCharacteristics",
    "Outcome",
    "Rescue",
    "Scenario",
    "Strategy",
    "SummaryMeasure",
    "TrialBatch",
    "TrialResult",
    "allocate",
    "attribute",
    "draws_for",
    "expected_harms",
    "first_crossing",
    "imputed_effects",
    "operating_characteristics",
    "parts_of",
    "plan_in_words",
    "planned_looks",
    "planned_sizes",
    "r_of_design",
    "run_trial",
    "simulate_trials",
    "trial_patients",
    "trial_seed",
]
