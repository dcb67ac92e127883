"""Differences between patients and what strikes them by chance, as equations: written once, called and printed."""

from __future__ import annotations

from sciatrial.clinic import Chapter
from sciatrial.model import Parameter, exp, formula, log, positive_part

_ONE = "dimensionless"

# shares of herniations in people who seek care; no row gives them (assumption:mix-of-herniation-classes)
HERNIATION_CLASSES = {"bulge": 0.10, "protrusion": 0.35, "extrusion": 0.40, "sequestration": 0.15}

WORDS = (
    Parameter("population_value", _ONE, "value of a number for the patient in the middle, in the number's own unit"),
    Parameter("patient_sd", _ONE, "spread between patients of that number, on its scale, from the prior table"),
    Parameter("patient_luck", _ONE, "standard normal number of a patient, one for each number"),
    Parameter("event_luck", _ONE, "standard normal number of one event"),
    Parameter("waiting_luck", _ONE, "uniform number between 0 and 1, one for each event"),
    Parameter("rate_per_year", "1/year", "events a year of this patient: flares, or herniation anew"),
    Parameter("duration_luck", _ONE, "uniform number between 0 and 1 of a patient"),
    Parameter("shortest_months", "month", "shortest duration of symptoms, by the cohort"),
    Parameter("longest_months", "month", "longest duration of symptoms, by the cohort"),
    Parameter("one_month", "month", "a month, the unit of the logarithms: 1"),
)


def _logit(x):
    return log(x / (1 - x))


def _logistic(x):
    return 1 / (1 + exp(-x))


@formula(_ONE, sources=("assumption:spread-between-patients-known-within-half",))
def spread_between_patients(patient_sd, patient_spread_factor):
    """Spread between patients in one draw: all rows wider or narrower together."""
    return patient_sd * patient_spread_factor


@formula(_ONE)
def patient_value_linear(population_value, spread_between_patients, patient_luck):
    """A patient's own value of a number whose scale is linear."""
    return population_value + spread_between_patients * patient_luck


@formula(_ONE)
def patient_value_log(population_value, spread_between_patients, patient_luck):
    """A patient's own value of a number whose scale is log."""
    return population_value * exp(spread_between_patients * patient_luck)


@formula(_ONE)
def patient_value_logit(population_value, spread_between_patients, patient_luck):
    """A patient's own value of a number whose scale is logit."""
    return _logistic(_logit(population_value) + spread_between_patients * patient_luck)


@formula(_ONE, sources=("median_recovery_time_conservative",))
def recovery_factor(trial_recovery_shift):
    """One trial: multiplies irritancy loss rate, macrophage switch rate and disc inflammation decay rate."""
    return exp(trial_recovery_shift)


@formula(_ONE, sources=("assumption:trials-differ-in-severity",))
def severity_factor(trial_severity_shift):
    """One trial: multiplies firing leg pain weight and disc back pain weight."""
    return exp(trial_severity_shift)


@formula(_ONE, sources=("placebo_max_np", "intradiscal_saline_vas_12mo"))
def context_maximum(context_response_maximum, trial_context_shift, spread_between_patients, patient_luck):
    """A patient's largest response to the context of tablets, injection or disc needle; one luck for all three."""
    return _logistic(_logit(context_response_maximum) + trial_context_shift + spread_between_patients * patient_luck)


@formula("month")
def symptom_months(shortest_months, longest_months, one_month, duration_luck):
    """Duration of symptoms at entry: even on the logarithm."""
    first, last = log(shortest_months / one_month), log(longest_months / one_month)
    return one_month * exp(first + (last - first) * duration_luck)


@formula(_ONE, sources=("sciatica_symptoms_12mo",))
def prone_to_chronic_pain(chronifier_fraction):
    """Chance that a patient's pain tends to persist: the rows for chronifier hold then."""
    return chronifier_fraction


@formula(_ONE, sources=("dsa_incidence_allogeneic_mean",))
def makes_antibodies(donor_antibody_fraction):
    """Chance that a patient makes antibodies against a donor's cells."""
    return donor_antibody_fraction


@formula(_ONE, sources=("persistent_lbp_pain_0w",))
def disc_inflammation_at_start(disc_inflammation_rate, aggrecan_at_start, disc_inflammation_decay_rate):
    """Disc inflammation when symptoms begin: in balance with the aggrecan that is lost."""
    drive = disc_inflammation_rate * positive_part(1 - aggrecan_at_start)
    return drive / (drive + disc_inflammation_decay_rate)


@formula(_ONE, sources=("critical_nutrition_cep_np",))
def native_disc_cells_at_start(nutrition_capacity):
    """Native disc cells when symptoms begin: what nutrition carries, at most a healthy disc's."""
    return 1 - positive_part(1 - nutrition_capacity)


@formula("year", sources=("acute_lbp_recurrence_12mo", "leg_pain_recurrence_1y"))
def years_to_next(waiting_luck, rate_per_year):
    """Time from one flare, or herniation anew, to the next: exponential."""
    return -log(waiting_luck) / rate_per_year


@formula(_ONE, sources=("assumption:flares-are-of-any-size",))
def size_of_flare(flare_size, spread_between_patients, event_luck):
    """Size of one flare."""
    return _logistic(_logit(flare_size) + spread_between_patients * event_luck)


@formula(_ONE, sources=("assumption:flares-are-of-any-size",))
def exacerbation_after_flare(exacerbation, size_of_flare):
    """Exacerbation after a flare: a share of the way to a full one, so never above."""
    return exacerbation * (1 - size_of_flare) + size_of_flare


@formula(_ONE, sources=("assumption:smaller-than-the-first",))
def pending_extrusion_after(pending_extrusion, reherniated_volume, spread_between_patients, event_luck):
    """Nucleus on its way out after the disc has given way again, in typical extrusions."""
    return pending_extrusion + reherniated_volume * exp(spread_between_patients * event_luck)


CHAPTERS = (
    Chapter(
        "Differences between patients",
        "A draw fixes the population values and all spreads; a patient deviates by luck of their own. Of herniations "
        + ", ".join(f"{100 * share:.0f} % are {word}s" for word, share in HERNIATION_CLASSES.items())
        + ": assumed.",
        (spread_between_patients, patient_value_linear, patient_value_log, patient_value_logit, recovery_factor,
         severity_factor, context_maximum, symptom_months, prone_to_chronic_pain, makes_antibodies,
         disc_inflammation_at_start, native_disc_cells_at_start),
    ),
    Chapter(
        "Flares and new herniations",
        "On random days from the onset of symptoms, before and during a trial, the same in every arm; each at the "
        "patient's own rate.",
        (years_to_next, size_of_flare, exacerbation_after_flare, pending_extrusion_after),
    ),
)  # fmt: skip
