"""What is done to patients and seen of them, as equations: what the syringe holds, where it lands, what a tablet does.

Each is a plain function, written once: the clinic calls it with numbers, the dossier prints it. Words that are neither
a state nor a row of the prior table stand in `WORDS`.
"""

from __future__ import annotations

from dataclasses import dataclass

from sciatrial.model import Formula, Parameter, exp, formula, positive_part

_ONE = "dimensionless"
_CELLS = "million_cells"
_POINTS = "points of the score"


@dataclass(frozen=True)
class Chapter:
    """Equations that are told together, and what they leave to words."""

    title: str
    says: str
    laws: tuple[Formula, ...]


WORDS = (
    Parameter("dose_million_cells", _CELLS, "cells counted at one administration, by the arm"),
    Parameter("volume_ml", "mL", "volume injected, by the arm"),
    Parameter("batch_luck", _ONE, "standard normal number of a patient's batch, one of batches per product"),
    Parameter("donor_luck", _ONE, "standard normal number of the donor: the patient's own, or the batch's"),
    Parameter("days_per_week", "day/week", "7"),
    Parameter("drug_dose_mg", "mg", "epidural steroid at one injection, by the arm"),
    Parameter("daily_dose_mg", "mg/day", "tablets a day, by the arm"),
    Parameter("reference_concentration", "mg/L", "average concentration at the reference daily dose"),
    Parameter("share_of_period", _ONE, "place of a visit between two points of the patient's grid, 0 to 1"),
    Parameter("luck_before", _ONE, "standard normal number at the point of the grid before the visit"),
    Parameter("luck_after", _ONE, "standard normal number at the point of the grid after the visit"),
    Parameter("common_fluctuation", _ONE, "fluctuation, as above, that all scores of a patient share"),
    Parameter("own_fluctuation", _ONE, "fluctuation, as above, of one score alone"),
    Parameter("worse", _ONE, "1 where a higher score is worse, −1 for quality of life"),
    Parameter("single_luck", _ONE, "standard normal number of one measurement"),
    Parameter("true_score", _POINTS, "the model's score, before it is measured"),
    Parameter("floor", _POINTS, "lowest value of the scale"),
    Parameter("ceiling", _POINTS, "highest value of the scale"),
    Parameter("step", _POINTS, "10, 5 or 1 by habit; 2 for disability, 1 for Roland-Morris, 0.001 for EQ-5D"),
    Parameter("steps_counted", _ONE, "score within the scale over the step, to the nearest whole number"),
    Parameter("n_with_event", _ONE, "patients with the harm, in published counts"),
    Parameter("n_at_risk", _ONE, "patients at risk, in published counts"),
    Parameter("chance", _ONE, "chance of a harm, drawn from its Beta distribution once for a simulated world"),
    Parameter("times", _ONE, "times that the chance is taken"),
)  # fmt: skip


_LOG_OF_20 = 2.995732273553991


def _least(a, b):
    """Return the smaller of two values."""
    return b - positive_part(b - a)


# what is in the syringe


@formula(_CELLS, sources=("bmac_cfuf", "bmac_tnc", "assumption:other-marrow-cells-may-act"))
def stem_cells(dose_million_cells, living_msc_fraction, other_cell_worth):
    """Stem cells among the cells counted, and what the others are worth in stem cells."""
    return dose_million_cells * _least(living_msc_fraction + other_cell_worth, 1.0)


@formula(_CELLS, sources=("assumption:most-cells-live-when-injected",))
def living_cells(stem_cells, viable_fraction):
    """Cells that live when they are injected; disc cells count as converted cells from the start."""
    return stem_cells * viable_fraction


@formula(_CELLS, sources=("assumption:most-cells-live-when-injected",))
def dead_cells(stem_cells, viable_fraction):
    """Cells dead on arrival, added to the lost cells."""
    return stem_cells * (1 - viable_fraction)


@formula(_ONE, sources=("msc_potency_marker",))
def potency(potency_batch_sd, batch_luck, potency_donor_sd, donor_luck):
    """What a living cell of this batch and donor secretes; 1 on average. It multiplies both cell factors."""
    spread = potency_batch_sd**2 + potency_donor_sd**2
    return exp(potency_batch_sd * batch_luck + potency_donor_sd * donor_luck - spread / 2)


@formula(_ONE, sources=("assumption:few-cultures-fail", "assumption:few-harvests-fail"))
def harvest_failure(harvest_failure_fraction):
    """Chance that a patient's own cells can't be made; that patient gets neither cells nor needle."""
    return harvest_failure_fraction


@formula(_ONE, sources=("assumption:some-cultures-are-repeated",))
def harvest_delay(harvest_delay_fraction):
    """Chance that a patient's own cells come late: all of their treatment is later by the delay."""
    return harvest_delay_fraction


@formula("day", sources=("assumption:a-culture-takes-weeks",))
def days_late(harvest_delay_weeks, days_per_week):
    """Delay of those whose cells come late."""
    return harvest_delay_weeks * days_per_week


# where the cells land


@formula(_ONE, sources=("sheep_bmc_hydrogel_no_effect", "mpc_phase3_dose"))
def leak(leak_fraction, leak_volume_gain, volume_ml, reference_volume):
    """Share of the cells that leaks out of the disc at once, more above the reference volume; at most all."""
    more = leak_fraction * (1 + positive_part(volume_ml - reference_volume) * leak_volume_gain)
    return _least(more, 1.0)


@formula(_CELLS, sources=("local_msc_retained_1month", "local_msc_retained_6months"))
def anchored_in_disc(living_cells, leak, anchored_fraction):
    """Into the disc: added to the anchored cells."""
    return living_cells * (1 - leak) * anchored_fraction


@formula(_CELLS, sources=("local_msc_retained_1month", "local_msc_retained_6months"))
def loose_in_disc(living_cells, leak, anchored_fraction):
    """Into the disc: added to the loose cells."""
    return living_cells * (1 - leak) * (1 - anchored_fraction)


@formula(_CELLS, sources=("assumption:half-of-a-leak-reaches-the-root",))
def leaked_to_root(living_cells, leak):
    """Into the disc: half of the leak is added to the loose cells around the root."""
    return living_cells * leak / 2


@formula(_CELLS, sources=("assumption:half-of-a-leak-reaches-the-root",))
def leaked_and_lost(living_cells, leak):
    """Into the disc: the other half is lost."""
    return living_cells * leak / 2


@formula(_CELLS, sources=("local_msc_retained_1month",))
def disc_cells_anchored(living_cells, leak, anchored_fraction):
    """Disc cells into the disc: added to the converted cells."""
    return living_cells * (1 - leak) * anchored_fraction


@formula(_CELLS, sources=("local_msc_retained_1month",))
def disc_cells_lost(living_cells, leak, anchored_fraction):
    """Disc cells into the disc: the others are lost."""
    return living_cells * (1 - (1 - leak) * anchored_fraction)


@formula(_CELLS, sources=("assumption:share-landing-within-millimetres-of-the-root",))
def anchored_at_root(living_cells, landing_fraction, anchored_fraction):
    """Epidural, perineural, muscle or spinal fluid: added to the anchored cells around the root."""
    return living_cells * landing_fraction * anchored_fraction


@formula(_CELLS, sources=("assumption:share-landing-within-millimetres-of-the-root",))
def loose_at_root(living_cells, landing_fraction, anchored_fraction):
    """The same routes: added to the loose cells around the root."""
    return living_cells * landing_fraction * (1 - anchored_fraction)


@formula(_CELLS, sources=("assumption:share-landing-within-millimetres-of-the-root",))
def landed_elsewhere(living_cells, landing_fraction):
    """The same routes: lost. Through a vein all living cells circulate."""
    return living_cells * (1 - landing_fraction)


# needle and fluid


@formula(_ONE, sources=("assumption:a-needle-may-inflame-a-disc",))
def disc_inflammation_after(disc_inflammation, needle_disc_injury_fraction):
    """Disc inflammation after a needle in the disc: a share of the way to full."""
    return disc_inflammation * (1 - needle_disc_injury_fraction) + needle_disc_injury_fraction


@formula(_ONE, sources=("assumption:saline-may-calm-a-disc",))
def disc_injectate_after(disc_injectate, injectate_disc_effect):
    """Fluid acting in the disc after an injection; a carrier of cells does what it does alone."""
    return disc_injectate + injectate_disc_effect


@formula(_ONE, sources=("assumption:saline-may-wash-out-mediators", "assumption:a-needle-may-irritate-a-root"))
def macrophages_after_injection(
    inflammatory_macrophages, injectate_root_relief_fraction, needle_root_irritation_fraction
):
    """Inflammatory macrophages after fluid at the root: some are washed out, and the needle irritates."""
    washed = inflammatory_macrophages * (1 - injectate_root_relief_fraction)
    return washed * (1 - needle_root_irritation_fraction) + needle_root_irritation_fraction


@formula(_ONE, sources=("spinal_injection_nerve_root_irritation",))
def flare_by_procedure(procedure_flare_fraction):
    """Chance that an injection into the disc or at the root sets off a flare, each time."""
    return procedure_flare_fraction


@formula(_ONE, sources=("assumption:a-procedure-flares-like-a-spontaneous-one",))
def exacerbation_after_procedure(exacerbation, procedure_flare_size):
    """The flare after such a procedure: a share of the way to a full one."""
    return exacerbation * (1 - procedure_flare_size) + procedure_flare_size


# operations and the toxin


@formula(_ONE, sources=("root_contact_pressure_after_discectomy",))
def herniated_volume_after(herniated_volume, surgery_removed_fraction):
    """Herniated volume after an operation."""
    return herniated_volume * (1 - surgery_removed_fraction)


@formula(_ONE, sources=("root_contact_pressure_after_discectomy",))
def herniation_irritancy_after(herniation_irritancy, surgery_removed_fraction):
    """Irritancy of what is left after an operation."""
    return herniation_irritancy * (1 - surgery_removed_fraction)


@formula(_ONE, sources=("post_discectomy_same_level_reherniation", "leg_pain_recurrence_3y"))
def extrudable_nucleus_after(extrudable_nucleus, surgery_nucleus_removed_fraction):
    """Nucleus that can still come out after an operation."""
    return extrudable_nucleus * (1 - surgery_nucleus_removed_fraction)


@formula(_ONE, sources=("assumption:decompression-frees-most-of-the-canal",))
def fixed_narrowing_after(fixed_narrowing, surgery_decompressed_fraction):
    """Fixed narrowing after an operation; discectomy alone leaves it."""
    return fixed_narrowing * (1 - surgery_decompressed_fraction)


@formula(_ONE, sources=("foraminal_pressure_after_fixation_neutral",))
def segment_mobility_after(segment_mobility, surgery_fusion_fraction):
    """Movement of the segment after an operation; fused in spondylolisthesis only."""
    return segment_mobility * (1 - surgery_fusion_fraction)


@formula(_ONE, sources=("assumption:surgery-clears-half-the-macrophages", "assumption:surgery-wounds"))
def macrophages_after_surgery(inflammatory_macrophages, surgery_washout_fraction, surgery_inflammation_fraction):
    """Inflammatory macrophages after an operation: some are cleared, and the wound adds some."""
    return inflammatory_macrophages * (1 - surgery_washout_fraction) + surgery_inflammation_fraction


@formula(_ONE, sources=("piriformis_botox_painfree_median",))
def botulinum_effect_after(botulinum_effect):
    """Effect of botulinum toxin after an injection."""
    return botulinum_effect + 1


# drugs


@formula("mg", sources=("assumption:equal-glucocorticoid-potency",))
def triamcinolone_mg(drug_dose_mg, triamcinolone_per_mg):
    """Epidural steroid as triamcinolone that does the same, added to the depot; it is lost at the agent's own rate."""
    return drug_dose_mg * triamcinolone_per_mg


@formula("mg/L", sources=("pregabalin_bioavailability", "gabapentin_bioavailability", "pregabalin_vd"))
def concentration(daily_dose_mg, bioavailability_fraction, bioavailability_loss_per_mg, elimination_rate,
                  distribution_volume):  # fmt: skip
    """Average concentration of a tablet over a day at steady state, for a person of 70 kg."""
    absorbed = daily_dose_mg * (bioavailability_fraction / (1 + bioavailability_loss_per_mg * daily_dose_mg))
    return absorbed / (elimination_rate * distribution_volume)


@formula(_ONE, sources=("naproxen_pain_ec50_unbound", "assumption:usual-doses-lie-past-half-effect"))
def exposure_to_tablet(concentration, reference_concentration, concentration_for_half_effect):
    """Exposure to a tablet: 1 at the reference dose, saturating above it."""
    relative = concentration / reference_concentration
    return relative * (1 + concentration_for_half_effect) / (relative + concentration_for_half_effect)


# what is measured


@formula(_ONE, sources=("assumption:good-and-bad-weeks",))
def fluctuation(share_of_period, luck_before, luck_after):
    """Good and bad weeks: standard normal on every day, remembered over one period of the grid (fluctuation days)."""
    mixed = (1 - share_of_period) * luck_before + share_of_period * luck_after
    return mixed / ((1 - share_of_period) ** 2 + share_of_period**2) ** 0.5


@formula(_POINTS, sources=("SDC_NRS_pain_LBP", "improved_before_randomisation_chronic_radiculopathy"))
def measurement_error(
    fluctuation_sd, worse, fluctuation_shared_fraction, common_fluctuation, own_fluctuation, measurement_sd, single_luck
):
    """Measured less true score: the fluctuation, in part shared by all scores, and the error of one measurement."""
    common = worse * fluctuation_shared_fraction**0.5 * common_fluctuation
    own = (1 - fluctuation_shared_fraction) ** 0.5 * own_fluctuation
    return fluctuation_sd * (common + own) + measurement_sd * single_luck


@formula(_POINTS)
def score_within_scale(true_score, measurement_error, floor, ceiling):
    """Score with its error, held between floor and ceiling."""
    score = true_score + measurement_error
    return floor + positive_part(score - floor) - positive_part(score - ceiling)


@formula(_POINTS, sources=("assumption:many-answer-in-tens", "assumption:some-answer-in-fives"))
def recorded_score(step, steps_counted):
    """Score as it is written down, in steps; held between floor and ceiling once more."""
    return step * steps_counted


# harms

_HARMS = ("assumption:a-patient-in-a-count-of-harms-counts-half", "assumption:jeffreys-prior-for-the-chance-of-a-harm")


@formula(_ONE, sources=_HARMS)
def beta_first(harm_prior_events, n_with_event, harm_count_overdispersion):
    """First number of the Beta distribution of a harm's chance: what is held before any count, and the counts."""
    return harm_prior_events + n_with_event / harm_count_overdispersion


@formula(_ONE, sources=_HARMS)
def beta_second(harm_prior_events, n_at_risk, n_with_event, harm_count_overdispersion):
    """Second number of that Beta distribution."""
    return harm_prior_events + (n_at_risk - n_with_event) / harm_count_overdispersion


@formula(_ONE, sources=("assumption:a-patient-in-a-count-of-harms-counts-half",))
def bound_where_nobody_had_it(n_at_risk, harm_count_overdispersion):
    """Largest chance that is left where nobody had the harm, told in place of a chance: the exact limit at 95 %."""
    return 1 - exp(-_LOG_OF_20 * harm_count_overdispersion / n_at_risk)  # nobody has it with probability 1 / 20


@formula(_ONE)
def chance_of_patient(chance, times):
    """Chance that a patient has the harm at least once."""
    return 1 - (1 - chance) ** times


CHAPTERS = (
    Chapter(
        "What is in the syringe",
        "A stated viability replaces the viable fraction. Where a harvest fails, no cells, fluid or needle come.",
        (stem_cells, living_cells, dead_cells, potency, harvest_failure, harvest_delay, days_late),
    ),
    Chapter(
        "Where the cells land",
        "Cells are added to the states on the day of the dose; the sum of all and the lost cells is what was injected.",
        (leak, anchored_in_disc, loose_in_disc, leaked_to_root, leaked_and_lost, disc_cells_anchored, disc_cells_lost,
         anchored_at_root, loose_at_root, landed_elsewhere),
    ),
    Chapter(
        "Needle and fluid",
        "Each of these effects may be absent. They come with every injection there, cells or none.",
        (disc_inflammation_after, disc_injectate_after, macrophages_after_injection, flare_by_procedure,
         exacerbation_after_procedure),
    ),
    Chapter(
        "Operations and botulinum toxin",
        "A state after, from the same state before.",
        (herniated_volume_after, herniation_irritancy_after, extrudable_nucleus_after, fixed_narrowing_after,
         segment_mobility_after, macrophages_after_surgery, botulinum_effect_after),
    ),
    Chapter(
        "Drugs",
        "An epidural steroid without a stated dose is the prior table's steroid dose; its needle irritates the root as "
        "above. A tablet sets its exposure from the first to the last day of the course and 0 afterwards; a "
        "gabapentinoid has the exposure of half its dose in the titration days. A tablet without a stated dose, "
        "physiotherapy and co-treatments have exposure 1. Each dose of every arm but usual care sets the treatment "
        "context to 1.",
        (triamcinolone_mg, concentration, exposure_to_tablet),
    ),
    Chapter(
        "What is measured",
        "The same patient has the same luck in every arm. The answers-in-steps fractions say who answers in tens and "
        "who in fives; the others use every point.",
        (fluctuation, measurement_error, score_within_scale, recorded_score),
    ),
    Chapter(
        "Harms",
        "The chance of a harm is a Beta distribution with these two numbers. A harm without a count has no chance.",
        (beta_first, beta_second, bound_where_nobody_had_it, chance_of_patient),
    ),
)  # fmt: skip
