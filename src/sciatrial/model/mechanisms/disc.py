"""The herniation, the fixed narrowing, and the disc they come from."""

from sciatrial.model.language import formula, mechanism, output, positive_part


@mechanism(
    changes={"herniated_volume": -1}, sources=("resorption_window_main", "herniation_regression_incidence_pooled")
)
def macrophage_resorption(
    resorption_rate,
    fragment_exposure_factor,
    inflammatory_macrophages,
    resolving_macrophages,
    macrophages_for_half_resorption,
    herniated_volume,
):
    """Macrophages of both kinds clear the herniation, the more so the more it is exposed to the canal."""
    macrophages = inflammatory_macrophages + resolving_macrophages
    share = macrophages / (macrophages_for_half_resorption + macrophages)
    return resorption_rate * fragment_exposure_factor * share * herniated_volume


@mechanism(changes={"herniated_volume": -1}, sources=("resorption_incidence_bulge",))
def herniation_dehydration(dehydration_rate, herniated_volume):
    """The herniation shrinks by drying."""
    return dehydration_rate * herniated_volume


@mechanism(changes={"herniation_irritancy": -1}, sources=("acute_lbp_sciatica_pain_reduction_1mo",))
def irritancy_loss(irritancy_loss_rate, irritancy_clearance_rate, resolving_macrophages, herniation_irritancy):
    """Nucleus material loses its irritancy, faster where resolving macrophages are."""
    return (irritancy_loss_rate + irritancy_clearance_rate * resolving_macrophages) * herniation_irritancy


@mechanism(changes={"pending_extrusion": -1}, sources=("recurrent_sciatica_repeat_surgery",))
def expulsion(expulsion_rate, pending_extrusion):
    """Nucleus that breaks loose comes out within a day."""
    return expulsion_rate * pending_extrusion


@mechanism(
    changes={"herniated_volume": +1}, sources=("leg_pain_recurrence_1y", "post_discectomy_same_level_reherniation")
)
def reherniation(expulsion_rate, pending_extrusion, extrudable_nucleus):
    """What comes out adds to the herniation, the less the more of the nucleus has been removed."""
    return expulsion_rate * pending_extrusion * extrudable_nucleus


@mechanism(changes={"herniation_irritancy": +1}, sources=("np_to_drg_sensitisation_onset",))
def irritancy_renewal(expulsion_rate, pending_extrusion, extrudable_nucleus, herniation_irritancy):
    """Fresh nucleus makes the herniation irritant again."""
    return expulsion_rate * pending_extrusion * extrudable_nucleus * (1 - herniation_irritancy)


@mechanism(changes={"exacerbation": -1}, sources=("acute_lbp_recurrence_12mo",))
def exacerbation_easing(exacerbation_easing_rate, exacerbation):
    """A flare eases within weeks."""
    return exacerbation_easing_rate * exacerbation


@mechanism(changes={"fixed_narrowing": +1}, sources=("stenosis_worse_4yr", "listhesis_slip_progression_5yr"))
def narrowing_growth(narrowing_growth_rate, fixed_narrowing):
    """Fixed narrowing grows where much of it is there: a decompressed canal stays open for years."""
    return narrowing_growth_rate * fixed_narrowing * fixed_narrowing * (1 - fixed_narrowing)


@mechanism(changes={"fixed_narrowing": +1}, sources=("assumption:pain-drives-spasm",))
def muscle_spasm(muscle_spasm_rate, ectopic_firing, fixed_narrowing):
    """Pain drives spasm of the piriformis."""
    return muscle_spasm_rate * ectopic_firing * (1 - fixed_narrowing)


@mechanism(changes={"fixed_narrowing": -1}, sources=("piriformis_botox_painfree_median",))
def narrowing_easing(
    narrowing_easing_rate,
    stretching_easing_rate,
    physiotherapy_intensity,
    botulinum_easing_rate,
    botulinum_effect,
    fixed_narrowing,
):
    """Narrowing eases by itself, and muscle entrapment by stretching and by botulinum toxin."""
    rate = (
        narrowing_easing_rate
        + stretching_easing_rate * physiotherapy_intensity
        + botulinum_easing_rate * botulinum_effect
    )
    return rate * fixed_narrowing


@formula("dimensionless")
def lost_aggrecan(disc_aggrecan):
    """Aggrecan below healthy."""
    return positive_part(1 - disc_aggrecan)


@formula("million_cells")
def live_disc_donor_cells(loose_disc_cells, anchored_disc_cells, converted_disc_cells):
    """Living donor cells in the disc."""
    return loose_disc_cells + anchored_disc_cells + converted_disc_cells


@formula("dimensionless", sources=("critical_nutrition_cep_np",))
def disc_crowding(
    native_disc_cells, donor_cell_demand_factor, live_disc_donor_cells, healthy_disc_cells, nutrition_capacity
):
    """Demand of all cells of the disc over what nutrition carries."""
    return (
        native_disc_cells + donor_cell_demand_factor * live_disc_donor_cells / healthy_disc_cells
    ) / nutrition_capacity


@formula("million_cells")
def secreting_disc_cells(
    loose_disc_cells, anchored_disc_cells, converted_cell_secretion_fraction, converted_disc_cells
):
    """Donor cells in the disc, counted by what they secrete."""
    return loose_disc_cells + anchored_disc_cells + converted_cell_secretion_fraction * converted_disc_cells


@output("dimensionless", sources=("mpc_dose_low", "mpc_dose_high", "dose_20_vs_40_million_no_difference"))
def disc_cell_effect(anti_inflammatory_cell_factor, secreting_disc_cells, disc_cells_for_half_effect):
    """Effect of donor cells inside the disc; 1 is the largest of a reference cell."""
    return anti_inflammatory_cell_factor * secreting_disc_cells / (secreting_disc_cells + disc_cells_for_half_effect)


@mechanism(changes={"disc_aggrecan": +1}, sources=("aggrecan_half_life_np_normal",))
def aggrecan_synthesis(
    aggrecan_turnover_rate,
    native_disc_cells,
    native_synthesis_gain,
    disc_cell_effect,
    converted_cell_matrix_factor,
    converted_disc_cells,
    healthy_disc_cells,
    synthesis_inhibition_gain,
    disc_inflammation,
):
    """Native cells, helped by donor cells, and converted cells make aggrecan; inflammation inhibits it."""
    native = native_disc_cells * (1 + native_synthesis_gain * disc_cell_effect)
    converted = converted_cell_matrix_factor * converted_disc_cells / healthy_disc_cells
    return aggrecan_turnover_rate * (native + converted) / (1 + synthesis_inhibition_gain * disc_inflammation)


@mechanism(changes={"disc_aggrecan": -1}, sources=("aggrecan_half_life_degenerate",))
def aggrecan_loss(aggrecan_turnover_rate, aggrecan_degradation_gain, disc_inflammation, disc_aggrecan):
    """Aggrecan is lost, faster under inflammation."""
    return aggrecan_turnover_rate * (1 + aggrecan_degradation_gain * disc_inflammation) * disc_aggrecan


@mechanism(changes={"native_disc_cells": +1}, sources=("endplate_exchange_area_critical",))
def native_cell_renewal(disc_cell_renewal_rate, native_disc_cells, disc_crowding):
    """Native cells grow to what nutrition carries, and die when it carries less."""
    return disc_cell_renewal_rate * native_disc_cells * (1 - disc_crowding)


@mechanism(changes={"disc_inflammation": +1}, sources=("assumption:degeneration-drives-disc-inflammation",))
def disc_inflammation_drive(disc_inflammation_rate, lost_aggrecan, disc_inflammation):
    """Lost aggrecan drives inflammation of the disc."""
    return disc_inflammation_rate * lost_aggrecan * (1 - disc_inflammation)


@mechanism(changes={"disc_inflammation": -1}, sources=("assumption:donor-cells-and-injectate-speed-disc-resolution",))
def disc_inflammation_decay(
    disc_inflammation_decay_rate, disc_resolution_gain, disc_cell_effect, disc_injectate, disc_inflammation
):
    """Disc inflammation decays, faster with donor cells or with an injected fluid that has an effect of its own."""
    return (
        disc_inflammation_decay_rate
        * (1 + disc_resolution_gain * disc_cell_effect + disc_injectate)
        * disc_inflammation
    )


@mechanism(changes={"disc_injectate": -1}, sources=("assumption:injectate-fades",))
def injectate_fading(injectate_loss_rate, disc_injectate):
    """What an injected fluid does in the disc fades."""
    return injectate_loss_rate * disc_injectate
