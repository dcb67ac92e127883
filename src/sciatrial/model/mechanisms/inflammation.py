"""Inflammation around the nerve root: macrophages, mediators, and what resolves them."""

from sciatrial.model.language import formula, hill, mechanism


@formula("dimensionless", sources=("graded_compression_pathology",))
def compression_stimulus(root_pressure, pressure_for_half_macrophage_stimulus):
    """Inflammatory stimulus of compression, from 0 to 1."""
    return hill(root_pressure, half=pressure_for_half_macrophage_stimulus, steepness=3)


@formula("dimensionless")
def anti_inflammatory_effect(anti_inflammatory_pool, anti_inflammatory_for_half_effect):
    """Effect of the anti-inflammatory pool, from 0 to 1."""
    return anti_inflammatory_pool / (anti_inflammatory_pool + anti_inflammatory_for_half_effect)


@formula("dimensionless", sources=("msc_pge2_induction_by_immune_cells",))
def secretion_licensing(unlicensed_secretion_fraction, inflammatory_mediators, mediators_for_half_licensing):
    """Licensing of donor cells' secretion by inflammation, from the unlicensed share to 1."""
    licensed = inflammatory_mediators / (inflammatory_mediators + mediators_for_half_licensing)
    return unlicensed_secretion_fraction + (1 - unlicensed_secretion_fraction) * licensed


@formula("million_cells", sources=("ngf_penetration_distance",))
def cells_felt_at_root(
    loose_epidural_cells,
    anchored_epidural_cells,
    disc_to_root_fraction,
    secreting_disc_cells,
    circulation_to_root_fraction,
    circulating_cells,
):
    """Donor cells whose output reaches the root."""
    return (
        loose_epidural_cells
        + anchored_epidural_cells
        + disc_to_root_fraction * secreting_disc_cells
        + circulation_to_root_fraction * circulating_cells
    )


@formula("1/day", sources=("msc_pge2_induction_by_immune_cells",))
def macrophage_switching(macrophage_switch_rate, resolution_switch_rate, anti_inflammatory_effect):
    """Rate at which inflammatory macrophages become resolving ones."""
    return macrophage_switch_rate + resolution_switch_rate * anti_inflammatory_effect


@mechanism(changes={"inflammatory_macrophages": +1}, sources=("graded_compression_pathology", "odi_change_per_il6"))
def macrophage_recruitment(
    macrophage_recruitment_rate,
    irritancy_recruitment_weight,
    herniation_irritancy,
    herniated_volume,
    pressure_recruitment_weight,
    compression_stimulus,
    entrapment_recruitment_weight,
    fixed_narrowing,
    mediator_recruitment_weight,
    inflammatory_mediators,
    mediators_for_half_firing,
    injury_recruitment_weight,
    demyelination,
    severed_axons,
    exacerbation_recruitment_weight,
    exacerbation,
    steroid_effect,
    inflammatory_macrophages,
):
    """Irritant material, compression, entrapment, mediators, injured fibres and flares recruit macrophages.

    Steroid prevents it.
    """
    stimulus = (
        irritancy_recruitment_weight * herniation_irritancy * herniated_volume
        + pressure_recruitment_weight * compression_stimulus
        + entrapment_recruitment_weight * fixed_narrowing
        + mediator_recruitment_weight * hill(inflammatory_mediators, half=mediators_for_half_firing, steepness=2)
        + injury_recruitment_weight * (demyelination + severed_axons)
        + exacerbation_recruitment_weight * exacerbation
    )
    return macrophage_recruitment_rate * stimulus * (1 - steroid_effect) * (1 - inflammatory_macrophages)


@mechanism(
    changes={"inflammatory_macrophages": -1, "resolving_macrophages": +1}, sources=("assumption:one-step-switch",)
)
def macrophage_resolution(macrophage_switching, inflammatory_macrophages):
    """Inflammatory macrophages become resolving ones."""
    return macrophage_switching * inflammatory_macrophages


@mechanism(changes={"inflammatory_macrophages": -1}, sources=("assumption:first-order-macrophage-loss",))
def inflammatory_macrophage_loss(inflammatory_macrophage_loss_rate, inflammatory_macrophages):
    """Inflammatory macrophages leave."""
    return inflammatory_macrophage_loss_rate * inflammatory_macrophages


@mechanism(changes={"resolving_macrophages": -1}, sources=("assumption:first-order-macrophage-loss",))
def resolving_macrophage_loss(resolving_macrophage_loss_rate, resolving_macrophages):
    """Resolving macrophages leave."""
    return resolving_macrophage_loss_rate * resolving_macrophages


@mechanism(
    changes={"inflammatory_mediators": +1}, sources=("np_to_drg_sensitisation_onset", "tnf_half_life_whole_blood")
)
def mediator_turnover(
    mediator_turnover_rate,
    macrophage_mediator_production,
    inflammatory_macrophages,
    irritancy_mediator_production,
    herniation_irritancy,
    herniated_volume,
    pressure_mediator_production,
    compression_stimulus,
    steroid_effect,
    mediator_suppression_maximum,
    anti_inflammatory_effect,
    inflammatory_mediators,
):
    """Mediators follow their production within hours; steroid and the anti-inflammatory pool suppress it."""
    production = (
        macrophage_mediator_production * inflammatory_macrophages
        + irritancy_mediator_production * herniation_irritancy * herniated_volume
        + pressure_mediator_production * compression_stimulus
    )
    kept = (1 - steroid_effect) * (1 - mediator_suppression_maximum * anti_inflammatory_effect)
    return mediator_turnover_rate * (production * kept - inflammatory_mediators)


@mechanism(changes={"anti_inflammatory_pool": +1}, sources=("il10_half_life_human", "msc_potency_marker"))
def anti_inflammatory_turnover(
    anti_inflammatory_turnover_rate,
    macrophage_anti_inflammatory_production,
    resolving_macrophages,
    anti_inflammatory_per_cell,
    anti_inflammatory_cell_factor,
    secretion_licensing,
    cells_felt_at_root,
    anti_inflammatory_pool,
):
    """Resolving macrophages and licensed donor cells feed the anti-inflammatory pool."""
    cells = anti_inflammatory_per_cell * anti_inflammatory_cell_factor * secretion_licensing * cells_felt_at_root
    return anti_inflammatory_turnover_rate * (
        macrophage_anti_inflammatory_production * resolving_macrophages + cells - anti_inflammatory_pool
    )
