"""What becomes of donor cells: anchored or loose, converted, leaking, dying, rejected; none is created."""

from sciatrial.model.language import formula, mechanism, positive_part


@formula(
    "dimensionless", sources=("critical_nutrition_cep_np", "disc_ph_severe_degeneration", "msc_disc_ph_inhibitory")
)
def disc_death_factor(overcrowding_death_gain, disc_crowding, acidity_death_gain, lost_aggrecan):
    """Death of donor cells in this disc, healthy disc = 1: overcrowding and acidity."""
    squared = disc_crowding * disc_crowding
    stress = squared * squared
    return 1 + overcrowding_death_gain * positive_part(stress - 1) / (1 + stress) + acidity_death_gain * lost_aggrecan


@formula("1/day", sources=("dsa_incidence_allogeneic_mean",))
def epidural_rejection(immune_kill_rate, donor_immunity):
    """Killing of cells around the root by immunity against the donor."""
    return immune_kill_rate * donor_immunity


@formula("1/day", sources=("dsa_incidence_allogeneic_mean",))
def disc_rejection(epidural_rejection, disc_visibility_fraction):
    """Killing of cells in the disc, a partly hidden site."""
    return epidural_rejection * disc_visibility_fraction


@mechanism(
    changes={"loose_disc_cells": -1, "loose_epidural_cells": 0.5, "lost_cells": 0.5},
    sources=("sheep_bmc_hydrogel_no_effect",),
)
def disc_leak(disc_cell_leak_rate, loose_disc_cells):
    """Loose cells leak from the disc; half of them arrive near the root."""
    return disc_cell_leak_rate * loose_disc_cells


@mechanism(changes={"loose_disc_cells": -1, "lost_cells": +1}, sources=("assumption:loose-cells-gone-within-days",))
def loose_disc_cell_loss(loose_disc_cell_loss_rate, disc_rejection, loose_disc_cells):
    """Loose cells in the disc die."""
    return (loose_disc_cell_loss_rate + disc_rejection) * loose_disc_cells


@mechanism(
    changes={"anchored_disc_cells": -1, "lost_cells": +1},
    sources=("local_msc_retained_1month", "local_msc_retained_6months"),
)
def anchored_disc_cell_loss(anchored_disc_cell_loss_rate, disc_death_factor, disc_rejection, anchored_disc_cells):
    """Anchored cells in the disc die, faster where it is crowded or acid."""
    return (anchored_disc_cell_loss_rate * disc_death_factor + disc_rejection) * anchored_disc_cells


@mechanism(
    changes={"anchored_disc_cells": -1, "converted_disc_cells": +1}, sources=("disc_synovial_msc_persistence_rabbit",)
)
def cell_conversion(cell_conversion_rate, conversion_cell_factor, anchored_disc_cells):
    """Anchored cells become matrix-making cells."""
    return cell_conversion_rate * conversion_cell_factor * anchored_disc_cells


@mechanism(changes={"converted_disc_cells": -1, "lost_cells": +1}, sources=("disc_synovial_msc_persistence_rabbit",))
def converted_cell_loss(converted_cell_loss_rate, disc_death_factor, disc_rejection, converted_disc_cells):
    """Converted cells die, like all cells of the disc."""
    return (converted_cell_loss_rate * disc_death_factor + disc_rejection) * converted_disc_cells


@mechanism(changes={"loose_epidural_cells": -1, "lost_cells": +1}, sources=("assumption:loose-cells-gone-within-days",))
def loose_epidural_cell_loss(loose_epidural_cell_loss_rate, epidural_rejection, loose_epidural_cells):
    """Loose cells around the root die."""
    return (loose_epidural_cell_loss_rate + epidural_rejection) * loose_epidural_cells


@mechanism(
    changes={"anchored_epidural_cells": -1, "lost_cells": +1},
    sources=("local_msc_retained_1month", "im_autologous_msc_crush_detectable"),
)
def anchored_epidural_cell_loss(anchored_epidural_cell_loss_rate, epidural_rejection, anchored_epidural_cells):
    """Anchored cells around the root die."""
    return (anchored_epidural_cell_loss_rate + epidural_rejection) * anchored_epidural_cells


@mechanism(changes={"circulating_cells": -1, "lost_cells": +1}, sources=("iv_msc_model_structure",))
def circulating_cell_clearance(circulating_cell_clearance_rate, circulating_cells):
    """The lung and the blood clear circulating cells."""
    return circulating_cell_clearance_rate * circulating_cells


@formula("million_cells")
def visible_donor_cells(
    donor_mismatch_factor,
    epidural_visibility_fraction,
    loose_epidural_cells,
    anchored_epidural_cells,
    disc_visibility_fraction,
    live_disc_donor_cells,
    circulating_visibility_fraction,
    circulating_cells,
):
    """Foreign cells that immunity can see."""
    return donor_mismatch_factor * (
        epidural_visibility_fraction * (loose_epidural_cells + anchored_epidural_cells)
        + disc_visibility_fraction * live_disc_donor_cells
        + circulating_visibility_fraction * circulating_cells
    )


@mechanism(changes={"donor_immunity": +1}, sources=("dsa_incidence_allogeneic_mean",))
def immune_priming(
    immune_priming_rate, donor_antibody_factor, visible_donor_cells, cells_for_half_priming, donor_immunity
):
    """Visible foreign cells prime immunity in patients who make antibodies."""
    seen = visible_donor_cells / (visible_donor_cells + cells_for_half_priming)
    return immune_priming_rate * donor_antibody_factor * seen * (1 - donor_immunity)


@mechanism(changes={"donor_immunity": -1}, sources=("assumption:immune-memory-fades",))
def immune_memory_loss(immune_memory_loss_rate, donor_immunity):
    """Immune memory fades."""
    return immune_memory_loss_rate * donor_immunity
