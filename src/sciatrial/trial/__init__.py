"""One trial, and many.

Takes patients and a design, gives a `TrialResult`, and from many trials `OperatingCharacteristics`. Never changes a
patient, and never analyses otherwise than the design says.
"""

from sciatrial.trial.accrual import Accrual, ArrivalKind, Sites
from sciatrial.trial.aims import Analysis, EndpointMeasure, Strategy, SummaryMeasure
from sciatrial.trial.arm_quantities import family_quantities
from sciatrial.trial.assurance import AssuranceCurve, assurance_curve, assurance_parts
from sciatrial.trial.attribution import CELL_PARTS, Attribution, attribute, parts_of
from sciatrial.trial.borrowed import BORROWED, NOT_BORROWED
from sciatrial.trial.borrowing import Borrowing, PriorPart, SharedEvidence
from sciatrial.trial.borrowing_summaries import (
    CONFLICT_BELOW,
    borrowing_characteristics,
    drift_table,
    planned_errors,
    seen_errors,
)
from sciatrial.trial.conduct import allocate, strata_of
from sciatrial.trial.control_prior import ControlPrior, given_prior, published_prior
from sciatrial.trial.costs import Costs
from sciatrial.trial.course_summaries import (
    allocation_characteristics,
    analysis_characteristics,
    choice_characteristics,
    margin_characteristics,
)
from sciatrial.trial.decisions import TrueEffect
from sciatrial.trial.design import Comparison, Design, Rescue
from sciatrial.trial.dose_finding import Candidate, DoseFinding
from sciatrial.trial.dose_response import fitted_effects
from sciatrial.trial.endpoint import Endpoint, Missing, Outcome
from sciatrial.trial.enrichment import Enrichment, SelectBy
from sciatrial.trial.estimand import Estimand
from sciatrial.trial.every_arm import EveryArm, endpoint_in_every_arm
from sciatrial.trial.factorial import FactorArms, Factorial
from sciatrial.trial.factors import cohort_problems
from sciatrial.trial.harm_course import counted_harms, follows_boundary
from sciatrial.trial.harms import expected_harms
from sciatrial.trial.imputation import Imputation
from sciatrial.trial.imputed import imputed_effects
from sciatrial.trial.in_full import TrialInFull, trial_in_full
from sciatrial.trial.inside import INSIDE
from sciatrial.trial.looks import Deciding, EfficacyBounds, EfficacyKind, FutilityBounds, FutilityKind, Looks
from sciatrial.trial.missingness import DropoutHazard, MissingMechanism, MissingVisits
from sciatrial.trial.monitoring import Decision, first_crossing
from sciatrial.trial.multi_arm import Freed, MultiArm, TrialStop
from sciatrial.trial.multiplicity import Multiplicity, MultiplicityMethod
from sciatrial.trial.operating import draws_for, operating_characteristics, simulate_trials, trial_patients, trial_seed
from sciatrial.trial.planned import plan_in_words, planned_looks, planned_sizes, r_of_design
from sciatrial.trial.planned_arms import arm_plan, arms_in_words, r_of_arms
from sciatrial.trial.planned_course import course_in_words
from sciatrial.trial.planned_doses import planned_contrasts, planned_critical_value, planned_dose_power
from sciatrial.trial.planned_enrichment import population_plan, populations_in_words, r_of_populations
from sciatrial.trial.planned_reestimation import (
    planned_new_sizes,
    r_of_reestimation,
    reestimation_in_words,
    reestimation_plan,
)
from sciatrial.trial.platform_trial import ArmTimes, ControlRatio, Controls, Platform, PlatformPlan, platform_plan
from sciatrial.trial.pool import POOL_RATIO, PatientPool, make_pool, settings_of_pool
from sciatrial.trial.randomisation import Randomisation, RandomisationMethod
from sciatrial.trial.reestimation import FinalTest, Reestimation, ReestimationKind
from sciatrial.trial.resampled import (
    ResampledCharacteristics,
    ResampledTrials,
    resample_trials,
    resampled_characteristics,
)
from sciatrial.trial.resampling import refuse_pooling
from sciatrial.trial.response_adaptive import ControlShare, ResponseAdaptive
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
from sciatrial.trial.subgroup import Subgroup, subgroup_cohort_problems
from sciatrial.trial.time_trend import TimeTrend
from sciatrial.trial.unblinding import Unblinding

__all__ = [
    "BORROWED",
    "CELL_PARTS",
    "CONFLICT_BELOW",
    "INSIDE",
    "NOT_BORROWED",
    "POOL_RATIO",
    "Accrual",
    "Analysis",
    "ArmTimes",
    "ArrivalKind",
    "AssuranceCurve",
    "Attribution",
    "Borrowing",
    "Candidate",
    "Comparison",
    "ControlPrior",
    "ControlRatio",
    "ControlShare",
    "Controls",
    "Costs",
    "Deciding",
    "Decision",
    "Design",
    "DoseFinding",
    "DropoutHazard",
    "EfficacyBounds",
    "EfficacyKind",
    "Endpoint",
    "EndpointMeasure",
    "Enrichment",
    "Estimand",
    "EveryArm",
    "FactorArms",
    "Factorial",
    "FinalTest",
    "Freed",
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
    "MultiArm",
    "Multiplicity",
    "MultiplicityMethod",
    "OperatingCharacteristics",
    "Outcome",
    "PatientPool",
    "Platform",
    "PlatformPlan",
    "PriorPart",
    "Randomisation",
    "RandomisationMethod",
    "Reestimation",
    "ReestimationKind",
    "ResampledCharacteristics",
    "ResampledTrials",
    "Rescue",
    "ResponseAdaptive",
    "Safety",
    "Scenario",
    "SelectBy",
    "SharedEvidence",
    "Sites",
    "SizeSearch",
    "Strategy",
    "Subgroup",
    "SummaryMeasure",
    "TimeTrend",
    "TrialBatch",
    "TrialInFull",
    "TrialResult",
    "TrialStop",
    "TrueEffect",
    "Unblinding",
    "allocate",
    "allocation_characteristics",
    "analysis_characteristics",
    "arm_plan",
    "arms_in_words",
    "assurance_curve",
    "assurance_parts",
    "attribute",
    "borrowing_characteristics",
    "boundary_of",
    "choice_characteristics",
    "cohort_problems",
    "counted_harms",
    "course_in_words",
    "design_of_size",
    "draws_for",
    "drift_table",
    "endpoint_in_every_arm",
    "expected_harms",
    "family_quantities",
    "first_crossing",
    "fitted_effects",
    "follows_boundary",
    "given_prior",
    "harm_stopping_table",
    "imputed_effects",
    "make_pool",
    "margin_characteristics",
    "operating_characteristics",
    "parts_of",
    "plan_in_words",
    "planned_contrasts",
    "planned_critical_value",
    "planned_dose_power",
    "planned_errors",
    "planned_looks",
    "planned_new_sizes",
    "planned_sizes",
    "platform_plan",
    "population_plan",
    "populations_in_words",
    "published_prior",
    "r_of_arms",
    "r_of_design",
    "r_of_populations",
    "r_of_reestimation",
    "reestimation_in_words",
    "reestimation_plan",
    "refuse_pooling",
    "required_size",
    "resample_trials",
    "resampled_characteristics",
    "run_trial",
    "safety_sizes",
    "seen_errors",
    "settings_of_pool",
    "simulate_trials",
    "size_in_words",
    "strata_of",
    "subgroup_cohort_problems",
    "trial_in_full",
    "trial_patients",
    "trial_seed",
    "upper_cell_effects",
]
