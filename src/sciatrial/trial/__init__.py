"""One trial, and many.

Takes patients and a design, gives a `TrialResult`, and from many trials `OperatingCharacteristics`. Never changes a
patient, and never analyses otherwise than the design says.
"""

from sciatrial.trial.accrual import Accrual, ArrivalKind, Sites
from sciatrial.trial.aims import Analysis, EndpointMeasure, Strategy, SummaryMeasure
from sciatrial.trial.assurance import AssuranceCurve, assurance_curve, assurance_parts
from sciatrial.trial.attribution import CELL_PARTS, Attribution, attribute, parts_of
from sciatrial.trial.conduct import allocate, strata_of
from sciatrial.trial.costs import Costs
from sciatrial.trial.decisions import TrueEffect
from sciatrial.trial.design import Comparison, Design, Rescue
from sciatrial.trial.endpoint import Endpoint, Missing, Outcome
from sciatrial.trial.estimand import Estimand
from sciatrial.trial.factors import cohort_problems
from sciatrial.trial.harm_course import counted_harms, follows_boundary
from sciatrial.trial.harms import expected_harms
from sciatrial.trial.imputation import Imputation
from sciatrial.trial.imputed import imputed_effects
from sciatrial.trial.inside import INSIDE
from sciatrial.trial.looks import Deciding, EfficacyBounds, EfficacyKind, FutilityBounds, FutilityKind, Looks
from sciatrial.trial.missingness import DropoutHazard, MissingMechanism, MissingVisits
from sciatrial.trial.monitoring import Decision, first_crossing
from sciatrial.trial.operating import draws_for, operating_characteristics, simulate_trials, trial_patients, trial_seed
from sciatrial.trial.planned import plan_in_words, planned_looks, planned_sizes, r_of_design
from sciatrial.trial.pool import POOL_RATIO, PatientPool, make_pool, settings_of_pool
from sciatrial.trial.randomisation import Randomisation, RandomisationMethod
from sciatrial.trial.resampled import (
    ResampledCharacteristics,
    ResampledTrials,
    resample_trials,
    resampled_characteristics,
)
from sciatrial.trial.resampling import refuse_pooling
from sciatrial.trial.results import OperatingCharacteristics, Scenario, TrialBatch, TrialResult
from sciatrial.trial.run import run_trial
from sciatrial.trial.safety import (
    HarmRate,
    HarmRule,
    HarmStop,
    Safety,
    boundary_of,
    harm_stopping_table,
    safety_sizes,
)
from sciatrial.trial.scenarios import upper_cell_effects
from sciatrial.trial.sizing import SizeSearch, design_of_size, required_size, size_in_words
from sciatrial.trial.unblinding import Unblinding

__all__ = [
    "CELL_PARTS",
    "INSIDE",
    "POOL_RATIO",
    "Accrual",
    "Analysis",
    "ArrivalKind",
    "AssuranceCurve",
    "Attribution",
    "Comparison",
    "Costs",
    "Deciding",
    "Decision",
    "Design",
    "DropoutHazard",
    "EfficacyBounds",
    "EfficacyKind",
    "Endpoint",
    "EndpointMeasure",
    "Estimand",
    "FutilityBounds",
    "FutilityKind",
    "HarmRate",
    "HarmRule",
    "HarmStop",
    "Imputation",
    "Looks",
    "Missing",
    "MissingMechanism",
    "MissingVisits",
    "OperatingCharacteristics",
    "Outcome",
    "PatientPool",
    "Randomisation",
    "RandomisationMethod",
    "ResampledCharacteristics",
    "ResampledTrials",
    "Rescue",
    "Safety",
    "Scenario",
    "Sites",
    "SizeSearch",
    "Strategy",
    "SummaryMeasure",
    "TrialBatch",
    "TrialResult",
    "TrueEffect",
    "Unblinding",
    "allocate",
    "assurance_curve",
    "assurance_parts",
    "attribute",
    "boundary_of",
    "cohort_problems",
    "counted_harms",
    "design_of_size",
    "draws_for",
    "expected_harms",
    "first_crossing",
    "follows_boundary",
    "harm_stopping_table",
    "imputed_effects",
    "make_pool",
    "operating_characteristics",
    "parts_of",
    "plan_in_words",
    "planned_looks",
    "planned_sizes",
    "r_of_design",
    "refuse_pooling",
    "required_size",
    "resample_trials",
    "resampled_characteristics",
    "run_trial",
    "safety_sizes",
    "settings_of_pool",
    "simulate_trials",
    "size_in_words",
    "strata_of",
    "trial_patients",
    "trial_seed",
    "upper_cell_effects",
]
