"""One trial, and many.

Takes patients and a design, gives a `TrialResult`, and from many trials `OperatingCharacteristics`. Never changes a
patient, and never analyses otherwise than the design says.
"""

from sciatrial.trial.accrual import Accrual
from sciatrial.trial.assurance import AssuranceCurve, assurance_curve, assurance_parts
from sciatrial.trial.attribution import CELL_PARTS, Attribution, attribute, parts_of
from sciatrial.trial.conduct import allocate
from sciatrial.trial.costs import Costs
from sciatrial.trial.decisions import TrueEffect
from sciatrial.trial.design import Analysis, Comparison, Design, Endpoint, Rescue
from sciatrial.trial.estimand import Estimand, Strategy
from sciatrial.trial.harms import expected_harms
from sciatrial.trial.inside import INSIDE
from sciatrial.trial.looks import Deciding, EfficacyBounds, EfficacyKind, FutilityBounds, FutilityKind, Looks
from sciatrial.trial.monitoring import Decision, first_crossing
from sciatrial.trial.operating import draws_for, operating_characteristics, simulate_trials, trial_patients, trial_seed
from sciatrial.trial.planned import plan_in_words, planned_looks, planned_sizes, r_of_design
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
from sciatrial.trial.unblinding import Unblinding

__all__ = [
    "CELL_PARTS",
    "INSIDE",
    "Accrual",
    "Analysis",
    "AssuranceCurve",
    "Attribution",
    "Comparison",
    "Costs",
    "Deciding",
    "Decision",
    "Design",
    "EfficacyBounds",
    "EfficacyKind",
    "Endpoint",
    "Estimand",
    "FutilityBounds",
    "FutilityKind",
    "HarmRate",
    "HarmRule",
    "HarmStop",
    "Looks",
    "OperatingCharacteristics",
    "Rescue",
    "Safety",
    "Scenario",
    "Strategy",
    "TrialBatch",
    "TrialResult",
    "TrueEffect",
    "Unblinding",
    "allocate",
    "assurance_curve",
    "assurance_parts",
    "attribute",
    "boundary_of",
    "draws_for",
    "expected_harms",
    "first_crossing",
    "harm_stopping_table",
    "operating_characteristics",
    "parts_of",
    "plan_in_words",
    "planned_looks",
    "planned_sizes",
    "r_of_design",
    "run_trial",
    "safety_sizes",
    "simulate_trials",
    "trial_patients",
    "trial_seed",
    "upper_cell_effects",
]
