"""One trial, and many.

Takes patients and a design, gives a `TrialResult`, and from many trials `OperatingCharacteristics`. Never changes a
patient, and never analyses otherwise than the design says.
"""

from sciatrial.trial.accrual import Accrual
from sciatrial.trial.attribution import CELL_PARTS, Attribution, attribute, parts_of
from sciatrial.trial.conduct import allocate
from sciatrial.trial.design import Analysis, Comparison, Design, Endpoint, Rescue
from sciatrial.trial.estimand import Estimand, Strategy
from sciatrial.trial.harms import expected_harms
from sciatrial.trial.inside import INSIDE
from sciatrial.trial.looks import Deciding, EfficacyBounds, EfficacyKind, FutilityBounds, FutilityKind, Looks
from sciatrial.trial.monitoring import Decision, first_crossing
from sciatrial.trial.operating import draws_for, operating_characteristics, simulate_trials, trial_patients, trial_seed
from sciatrial.trial.planned import plan_in_words, planned_looks, planned_sizes, r_of_design
from sciatrial.trial.pool import POOL_RATIO, PatientPool, make_pool
from sciatrial.trial.resampled import (
    ResampledCharacteristics,
    ResampledTrials,
    resample_trials,
    resampled_characteristics,
)
from sciatrial.trial.resampling import Circumstances
from sciatrial.trial.results import OperatingCharacteristics, Scenario, TrialBatch, TrialResult
from sciatrial.trial.run import run_trial
from sciatrial.trial.sizing import SizeSearch, design_of_size, required_size, size_in_words

__all__ = [
    "CELL_PARTS",
    "INSIDE",
    "POOL_RATIO",
    "Accrual",
    "Analysis",
    "Attribution",
    "Circumstances",
    "Comparison",
    "Deciding",
    "Decision",
    "Design",
    "EfficacyBounds",
    "EfficacyKind",
    "Endpoint",
    "Estimand",
    "FutilityBounds",
    "FutilityKind",
    "Looks",
    "OperatingCharacteristics",
    "PatientPool",
    "ResampledCharacteristics",
    "ResampledTrials",
    "Rescue",
    "Scenario",
    "SizeSearch",
    "Strategy",
    "TrialBatch",
    "TrialResult",
    "allocate",
    "attribute",
    "design_of_size",
    "draws_for",
    "expected_harms",
    "first_crossing",
    "make_pool",
    "operating_characteristics",
    "parts_of",
    "plan_in_words",
    "planned_looks",
    "planned_sizes",
    "r_of_design",
    "required_size",
    "resample_trials",
    "resampled_characteristics",
    "run_trial",
    "simulate_trials",
    "size_in_words",
    "trial_patients",
    "trial_seed",
]
