"""The sciatica model: its laws, listed by hand in the order of the story."""

from functools import cache

from sciatrial.model.assemble import Model, assemble
from sciatrial.model.mechanisms import cells, disc, drugs, inflammation, nerve, pain, root
from sciatrial.model.vocabulary import PARAMETERS, STATES

FORMULAS = (
    disc.lost_aggrecan,
    root.disc_height,
    root.root_pressure,
    root.harmful_pressure,
    root.root_blood_flow,
    root.steroid_at_root,
    root.steroid_effect,
    disc.live_disc_donor_cells,
    disc.disc_crowding,
    disc.secreting_disc_cells,
    disc.disc_cell_effect,
    inflammation.compression_stimulus,
    inflammation.anti_inflammatory_effect,
    inflammation.secretion_licensing,
    inflammation.cells_felt_at_root,
    inflammation.macrophage_switching,
    nerve.neurotrophic_effect,
    nerve.repair_speed,
    nerve.nerve_conduction,
    pain.mediators_at_nociceptor,
    pain.central_analgesia,
    pain.mechanical_pain,
    pain.leg_pain,
    pain.back_pain,
    pain.numbness,
    pain.tingling,
    pain.weakness,
    pain.disability,
    pain.roland_morris,
    pain.quality_of_life,
    cells.disc_death_factor,
    cells.epidural_rejection,
    cells.disc_rejection,
    cells.visible_donor_cells,
)

MECHANISMS = (
    # the disc herniates, narrows, degenerates
    disc.macrophage_resorption,
    disc.herniation_dehydration,
    disc.irritancy_loss,
    disc.expulsion,
    disc.reherniation,
    disc.irritancy_renewal,
    disc.exacerbation_easing,
    disc.narrowing_growth,
    disc.muscle_spasm,
    disc.narrowing_easing,
    disc.aggrecan_synthesis,
    disc.aggrecan_loss,
    disc.native_cell_renewal,
    disc.disc_inflammation_drive,
    disc.disc_inflammation_decay,
    disc.injectate_fading,
    # the root swells and is inflamed
    root.oedema_formation,
    root.oedema_clearance,
    root.accommodation,
    inflammation.macrophage_recruitment,
    inflammation.macrophage_resolution,
    inflammation.inflammatory_macrophage_loss,
    inflammation.resolving_macrophage_loss,
    inflammation.mediator_turnover,
    inflammation.anti_inflammatory_turnover,
    # the nerve is harmed and mends
    nerve.neurotrophic_turnover,
    nerve.demyelinating,
    nerve.remyelinating,
    nerve.axon_cutting,
    nerve.axon_regrowth,
    nerve.regrowth_loss,
    # it hurts
    pain.firing_rise,
    pain.firing_decay,
    pain.central_gain_rise,
    pain.central_gain_decay,
    pain.consolidation,
    pain.consolidation_decay,
    pain.function_recovery,
    pain.context_response,
    pain.context_fading,
    # donor cells come and go
    cells.disc_leak,
    cells.loose_disc_cell_loss,
    cells.anchored_disc_cell_loss,
    cells.cell_conversion,
    cells.converted_cell_loss,
    cells.loose_epidural_cell_loss,
    cells.anchored_epidural_cell_loss,
    cells.circulating_cell_clearance,
    cells.immune_priming,
    cells.immune_memory_loss,
    # drugs wear off
    drugs.steroid_loss,
    drugs.botulinum_loss,
)


@cache
def sciatica_model() -> Model:
    """Return the whole model of sciatica and its treatments.

    One lumbar level (or the piriformis outlet), one nerve root, one patient; ordinary differential equations in days.

    Raises
    ------
    ModelError
        When a law needs a name that is not in the vocabulary; never for the model as shipped.

    Source
    ------
    Each law names its own; see ``sciatrial show mechanisms``.
    """
    # tests/model/test_sciatica.py checks the units, so that not every start has to
    return assemble("sciatica", STATES, PARAMETERS, FORMULAS, MECHANISMS, check_units=False)
