"""Myelin, axons, the factors that repair them, and what they conduct."""

from sciatrial.model.language import formula, hill, mechanism, output


@formula("dimensionless")
def neurotrophic_effect(neurotrophic_factors, neurotrophic_for_half_repair):
    """Effect of neurotrophic factors on repair, from 0 to 1."""
    return neurotrophic_factors / (neurotrophic_factors + neurotrophic_for_half_repair)


@formula("dimensionless")
def repair_speed(neurotrophic_repair_gain, neurotrophic_effect):
    """Speed of nerve repair, without neurotrophic factors = 1."""
    return 1 + neurotrophic_repair_gain * neurotrophic_effect


@output("dimensionless", sources=("conduction_impairment_threshold_acute",))
def nerve_conduction(connected_axons, demyelination, harmful_pressure, pressure_for_half_block):
    """Conduction of the large fibres, share of healthy."""
    return (
        connected_axons * (1 - demyelination) * (1 - hill(harmful_pressure, half=pressure_for_half_block, steepness=4))
    )


@mechanism(changes={"neurotrophic_factors": +1}, sources=("ngf_half_life_iv", "uc_neurotrophic_advantage"))
def neurotrophic_turnover(
    neurotrophic_turnover_rate,
    neurotrophic_per_cell,
    neurotrophic_cell_factor,
    secretion_licensing,
    cells_felt_at_root,
    axon_neurotrophic_production,
    severed_axons,
    neurotrophic_factors,
):
    """Licensed donor cells and cut axons make neurotrophic factors."""
    cells = neurotrophic_per_cell * neurotrophic_cell_factor * secretion_licensing * cells_felt_at_root
    return neurotrophic_turnover_rate * (cells + axon_neurotrophic_production * severed_axons - neurotrophic_factors)


@mechanism(changes={"demyelination": +1}, sources=("graded_compression_pathology",))
def demyelinating(
    demyelination_rate,
    harmful_pressure,
    pressure_for_half_demyelination,
    demyelination_mediator_gain,
    inflammatory_mediators,
    demyelination,
):
    """Pressure and mediators strip myelin."""
    drive = hill(
        harmful_pressure, half=pressure_for_half_demyelination, steepness=3
    ) + demyelination_mediator_gain * hill(inflammatory_mediators, half=1)
    return demyelination_rate * drive * (1 - demyelination)


@mechanism(changes={"demyelination": -1}, sources=("neurapraxia_recovery_time",))
def remyelinating(remyelination_rate, ischaemic_remyelination_fraction, root_blood_flow, repair_speed, demyelination):
    """Myelin returns, the better the blood flow and the more neurotrophic factors there are."""
    perfusion = ischaemic_remyelination_fraction + (1 - ischaemic_remyelination_fraction) * root_blood_flow
    return remyelination_rate * perfusion * repair_speed * demyelination


@mechanism(changes={"connected_axons": -1, "severed_axons": +1}, sources=("root_axon_loss_onset",))
def axon_cutting(
    axon_loss_rate,
    harmful_pressure,
    pressure_for_half_axon_loss,
    bare_axon_loss_fraction,
    inflammatory_mediators,
    connected_axons,
):
    """High pressure cuts axons, the more so where mediators are."""
    susceptibility = bare_axon_loss_fraction + hill(inflammatory_mediators, half=1)
    pressure = hill(harmful_pressure, half=pressure_for_half_axon_loss, steepness=4)
    return axon_loss_rate * pressure * susceptibility * connected_axons


@mechanism(changes={"connected_axons": +1, "severed_axons": -1}, sources=("axon_regrowth_rate_typical",))
def axon_regrowth(axon_regrowth_rate, repair_speed, root_blood_flow, severed_axons):
    """Cut axons reconnect where blood flows."""
    return axon_regrowth_rate * repair_speed * root_blood_flow * severed_axons


@mechanism(changes={"severed_axons": -1}, sources=("motor_complete_recovery_after_discectomy",))
def regrowth_loss(regrowth_loss_rate, severed_axons):
    """Cut axons lose the ability to regrow."""
    return regrowth_loss_rate * severed_axons
