"""From the irritated root and disc to what is felt: firing, central gain, pain, deficits, disability."""

from sciatrial.model.language import exp, formula, hill, maximum, mechanism, output, positive_part


@formula("dimensionless", sources=("naproxen_leg_pain_effect", "tnf_inhibitor_leg_pain_short"))
def mediators_at_nociceptor(
    inflammatory_mediators,
    nsaid_effect_fraction,
    nsaid_exposure,
    tnf_inhibitor_effect_fraction,
    tnf_inhibitor_exposure,
):
    """Mediators that still act on nociceptors under anti-inflammatory drugs and TNF inhibitors."""
    return (
        inflammatory_mediators
        * (1 - nsaid_effect_fraction * nsaid_exposure)
        * (1 - tnf_inhibitor_effect_fraction * tnf_inhibitor_exposure)
    )


@mechanism(changes={"ectopic_firing": +1}, sources=("np_to_drg_sensitisation_onset", "graded_compression_pathology"))
def firing_rise(
    firing_rise_rate,
    mediator_firing_weight,
    mediators_at_nociceptor,
    mediators_for_half_firing,
    pressure_firing_weight,
    root_pressure,
    pressure_for_half_firing,
    bare_pressure_firing_weight,
    demyelination_firing_weight,
    demyelination,
    physiotherapy_firing_fraction,
    physiotherapy_intensity,
    ectopic_firing,
):
    """Mediators, pressure (mostly together with mediators) and demyelination make the root fire."""
    mediators = hill(mediators_at_nociceptor, half=mediators_for_half_firing, steepness=2)
    pressure = hill(root_pressure, half=pressure_for_half_firing) * (bare_pressure_firing_weight + mediators)
    drive = (
        mediator_firing_weight * mediators
        + pressure_firing_weight * pressure
        + demyelination_firing_weight * demyelination
    )
    kept = 1 - physiotherapy_firing_fraction * physiotherapy_intensity
    return firing_rise_rate * drive * kept * (1 - ectopic_firing)


@mechanism(changes={"ectopic_firing": -1}, sources=("median_recovery_time_early_surgery",))
def firing_decay(firing_decay_rate, ectopic_firing):
    """Ectopic firing dies down."""
    return firing_decay_rate * ectopic_firing


@mechanism(changes={"reversible_central_gain": +1}, sources=("pain_tracks_peripheral_input",))
def central_gain_rise(central_gain_rise_rate, ectopic_firing, reversible_central_gain):
    """Firing raises central gain."""
    return central_gain_rise_rate * ectopic_firing * (1 - reversible_central_gain)


@mechanism(changes={"reversible_central_gain": -1}, sources=("cci_decompression_behaviour_resolution",))
def central_gain_decay(
    central_gain_decay_rate, physiotherapy_central_gain, physiotherapy_intensity, reversible_central_gain
):
    """Central gain fades, faster under physiotherapy."""
    return (
        central_gain_decay_rate * (1 + physiotherapy_central_gain * physiotherapy_intensity) * reversible_central_gain
    )


@mechanism(changes={"consolidated_central_gain": +1}, sources=("cuff_4d_partial_recovery",))
def consolidation(
    consolidation_rate, consolidation_susceptibility_factor, reversible_central_gain, consolidated_central_gain
):
    """High central gain consolidates, in some patients more than in others."""
    gain = reversible_central_gain * reversible_central_gain
    return consolidation_rate * consolidation_susceptibility_factor * gain * (1 - consolidated_central_gain)


@mechanism(changes={"consolidated_central_gain": -1}, sources=("assumption:consolidated-gain-decays",))
def consolidation_decay(consolidation_decay_rate, consolidated_central_gain):
    """Consolidated gain fades slowly."""
    return consolidation_decay_rate * consolidated_central_gain


@formula("dimensionless", sources=("assumption:opioids-and-antidepressants-lower-reported-pain",))
def central_analgesia(opioid_effect_fraction, opioid_exposure, antidepressant_effect_fraction, antidepressant_exposure):
    """Share of pain that opioids and antidepressants leave."""
    return (1 - opioid_effect_fraction * opioid_exposure) * (
        1 - antidepressant_effect_fraction * antidepressant_exposure
    )


@formula("dimensionless", sources=("median_recovery_time_early_surgery", "graded_compression_pathology"))
def mechanical_pain(
    root_pressure,
    pressure_for_half_firing,
    bare_pressure_firing_weight,
    mediators_at_nociceptor,
    mediators_for_half_firing,
):
    """Pain of the pressure that is there now, mostly where mediators are; it ends when the pressure ends."""
    mediators = hill(mediators_at_nociceptor, half=mediators_for_half_firing, steepness=2)
    return hill(root_pressure, half=pressure_for_half_firing) * (bare_pressure_firing_weight + mediators)


@output("dimensionless", sources=("pain_baseline_np", "pregabalin_leg_pain_effect_wk8"), scale=100)
def leg_pain(
    firing_leg_pain_weight,
    ectopic_firing,
    gabapentinoid_effect_fraction,
    gabapentinoid_exposure,
    mechanical_leg_pain_weight,
    mechanical_pain,
    central_gain_leg_pain_weight,
    reversible_central_gain,
    consolidated_leg_pain_weight,
    consolidated_central_gain,
    central_analgesia,
    context_analgesia,
):
    """Leg pain, 0 to 100."""
    firing = firing_leg_pain_weight * ectopic_firing * (1 - gabapentinoid_effect_fraction * gabapentinoid_exposure)
    felt = firing + mechanical_leg_pain_weight * mechanical_pain
    amplified = felt * (1 + central_gain_leg_pain_weight * reversible_central_gain)
    drive = amplified + consolidated_leg_pain_weight * consolidated_central_gain
    return 100 * (1 - exp(-drive * central_analgesia)) * (1 - context_analgesia)


@output(
    "dimensionless", sources=("persistent_lbp_pain_0w", "naproxen_back_pain_effect", "physio_smd_pain_short"), scale=100
)
def back_pain(
    disc_back_pain_weight,
    disc_innervation_factor,
    disc_inflammation,
    exacerbation_disc_weight,
    exacerbation,
    nsaid_effect_fraction,
    nsaid_exposure,
    physiotherapy_disc_pain_fraction,
    physiotherapy_intensity,
    disc_inflammation_for_half_back_pain,
    height_loss_back_pain_weight,
    disc_height,
    firing_back_pain_weight,
    ectopic_firing,
    consolidated_back_pain_weight,
    consolidated_central_gain,
    central_analgesia,
    context_analgesia,
):
    """Back pain, 0 to 100."""
    inflammation = disc_inflammation + exacerbation_disc_weight * exacerbation
    felt = inflammation * (1 - nsaid_effect_fraction * nsaid_exposure)
    disc = hill(felt, half=disc_inflammation_for_half_back_pain, steepness=2)
    drive = (
        disc_back_pain_weight
        * disc_innervation_factor
        * disc
        * (1 - physiotherapy_disc_pain_fraction * physiotherapy_intensity)
        + height_loss_back_pain_weight * (1 - disc_height)
        + firing_back_pain_weight * ectopic_firing
        + consolidated_back_pain_weight * consolidated_central_gain
    )
    return 100 * (1 - exp(-drive * central_analgesia)) * (1 - context_analgesia)


@output("dimensionless", sources=("sensory_course_numbness_score_reduction_6wk",), scale=100)
def numbness(numbness_weight, nerve_conduction):
    """Numbness, 0 to 100: felt when little conduction is lost, and gone only when it is back."""
    return 100 * (1 - exp(-numbness_weight * (1 - nerve_conduction))) / (1 - exp(-numbness_weight))


@output("dimensionless", sources=("sensory_course_paresthesia_score_reduction_6wk",), scale=100)
def tingling(tingling_demyelination_weight, demyelination, tingling_resting_fraction, ectopic_firing):
    """Tingling, 0 to 100: demyelinated fibres, the more so while they fire."""
    firing = tingling_resting_fraction + (1 - tingling_resting_fraction) * ectopic_firing
    return 100 * (1 - exp(-tingling_demyelination_weight * demyelination * firing))


@output("dimensionless", sources=("paresis_prevalence_ldh",), scale=100)
def weakness(nerve_conduction, conduction_reserve_fraction):
    """Weakness, 0 to 100: lost conduction beyond the reserve."""
    lost = positive_part(1 - nerve_conduction - conduction_reserve_fraction)
    return 100 * lost / (1 - conduction_reserve_fraction)


@mechanism(changes={"function_reserve": +1}, sources=("assumption:function-follows-worst-pain",))
def function_recovery(
    function_recovery_rate,
    physiotherapy_function_gain,
    physiotherapy_intensity,
    worst_pain_function_loss_fraction,
    leg_pain,
    back_pain,
    function_reserve,
):
    """Function follows the worst of the two pains with a delay; physiotherapy shortens it."""
    goal = 1 - worst_pain_function_loss_fraction * maximum(leg_pain, back_pain) / 100
    return (
        function_recovery_rate * (1 + physiotherapy_function_gain * physiotherapy_intensity) * (goal - function_reserve)
    )


@output("dimensionless", sources=("assumption:disability-from-pain-weakness-and-function",), scale=100)
def disability(
    leg_pain_disability_weight,
    leg_pain,
    back_pain_disability_weight,
    back_pain,
    weakness_disability_weight,
    weakness,
    function_disability_weight,
    function_reserve,
):
    """Disability, 0 to 100, on the scale of the Oswestry index."""
    drive = (
        leg_pain_disability_weight * leg_pain / 100
        + back_pain_disability_weight * back_pain / 100
        + weakness_disability_weight * weakness / 100
        + function_disability_weight * (1 - function_reserve)
    )
    return 100 * (1 - exp(-drive))


@output("dimensionless", sources=("testretest_RMDQ_SEM", "assumption:roland-morris-rises-with-disability"), scale=24)
def roland_morris(roland_morris_steepness, disability):
    """Roland-Morris disability, 0 to 24."""
    return 24 * (1 - exp(-roland_morris_steepness * disability / 100)) / (1 - exp(-roland_morris_steepness))


@output("dimensionless", sources=("eq5d_map_intercept", "eq5d_map_odi", "eq5d_map_leg", "eq5d_map_back"))
def quality_of_life(
    quality_of_life_intercept,
    quality_of_life_disability_weight,
    disability,
    quality_of_life_leg_pain_weight,
    leg_pain,
    quality_of_life_back_pain_weight,
    back_pain,
):
    """Quality of life, EQ-5D index."""
    return (
        quality_of_life_intercept
        - quality_of_life_disability_weight * disability
        - quality_of_life_leg_pain_weight * leg_pain / 10
        - quality_of_life_back_pain_weight * back_pain / 10
    )


@mechanism(changes={"context_analgesia": +1}, sources=("placebo_half_time_np", "placebo_max_np"))
def context_response(context_response_rate, treatment_context, context_response_maximum, context_analgesia):
    """The context of care lowers reported pain, and nothing else."""
    return context_response_rate * (treatment_context * context_response_maximum - context_analgesia)


@mechanism(changes={"treatment_context": -1}, sources=("assumption:context-fades",))
def context_fading(context_fading_rate, treatment_context):
    """The context of a treatment fades."""
    return context_fading_rate * treatment_context
