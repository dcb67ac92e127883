"""Who might enrol.

Takes a draw and a cohort, gives virtual patients as they stand at the door of a trial, and compares them with published
ones. Never treats anybody, and never mixes the uncertainty of the draw with the differences between patients.
"""

from sciatrial.population.before_after import (
    MET,
    NOT_COMPARABLE,
    NOT_MET,
    POSTERIOR,
    PRIOR,
    PopulationComparison,
    compare_populations,
)
from sciatrial.population.cohort import AgeYears, Cohort, MixedCohort, cohort_named, cohort_names, mixed_cohort
from sciatrial.population.compare import PopulationCheck, population_check
from sciatrial.population.equations import CHAPTERS, HERNIATION_CLASSES, WORDS
from sciatrial.population.flares import PROCESSES, event_days, natural_events
from sciatrial.population.left_out import facts_left_out
from sciatrial.population.plausibility import Target, balanced_weights, plausibility_weights, read_targets
from sciatrial.population.sample import CONTEXTS, Patients, onset_states, sample_patients
from sciatrial.population.treated import one_cause, treated_patients

__all__ = [
    "CHAPTERS",
    "CONTEXTS",
    "HERNIATION_CLASSES",
    "MET",
    "NOT_COMPARABLE",
    "NOT_MET",
    "POSTERIOR",
    "PRIOR",
    "PROCESSES",
    "WORDS",
    "AgeYears",
    "Cohort",
    "MixedCohort",
    "Patients",
    "PopulationCheck",
    "PopulationComparison",
    "Target",
    "balanced_weights",
    "cohort_named",
    "cohort_names",
    "compare_populations",
    "event_days",
    "facts_left_out",
    "mixed_cohort",
    "natural_events",
    "one_cause",
    "onset_states",
    "plausibility_weights",
    "population_check",
    "read_targets",
    "sample_patients",
    "treated_patients",
]
