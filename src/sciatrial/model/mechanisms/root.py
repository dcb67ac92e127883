"""Pressure on the nerve root, its blood flow, and its oedema."""

from sciatrial.model.language import formula, hill, mechanism, output


@output("dimensionless", sources=("disc_height_loss_mild", "disc_height_loss_moderate"))
def disc_height(aggrecan_height_fraction, lost_aggrecan):
    """Disc height, share of healthy."""
    return 1 - aggrecan_height_fraction * lost_aggrecan


@output("mmHg", sources=("root_contact_pressure_herniation", "foraminal_pressure_neutral_spondylolisthesis"), scale=10)
def root_pressure(
    canal_narrowness_factor,
    herniation_pressure,
    herniated_volume,
    canal_reserve_volume,
    narrowing_pressure,
    fixed_narrowing,
    extension_pressure_gain,
    provoking_posture_fraction,
    segment_mobility,
    height_loss_pressure,
    disc_height,
    oedema_pressure,
    root_oedema,
):
    """Pressure on the nerve root."""
    herniation = (
        herniation_pressure
        * herniated_volume
        * herniated_volume
        * (1 + canal_reserve_volume)
        / (herniated_volume + canal_reserve_volume)
    )
    extension = extension_pressure_gain * provoking_posture_fraction * segment_mobility
    narrowing = narrowing_pressure * fixed_narrowing * (1 + extension)
    height = height_loss_pressure * (1 - disc_height)
    return canal_narrowness_factor * (herniation + narrowing + height) + oedema_pressure * root_oedema


@formula("mmHg", sources=("chronic_10mmHg_ncv_recovery",))
def harmful_pressure(root_pressure, accommodation_maximum, root_accommodation):
    """Pressure that harms the nerve's fibres: less than there is, once the root has accommodated."""
    return root_pressure * (1 - accommodation_maximum * root_accommodation)


@mechanism(changes={"root_accommodation": +1}, sources=("chronic_10mmHg_ncv_recovery",))
def accommodation(accommodation_rate, root_pressure, pressure_for_half_accommodation, root_accommodation):
    """The root accommodates to a lasting pressure within weeks, and forgets it when the pressure ends."""
    return accommodation_rate * (hill(root_pressure, half=pressure_for_half_accommodation) - root_accommodation)


@output("dimensionless", sources=("occlusion_pressure_venule", "occlusion_pressure_capillary"))
def root_blood_flow(root_pressure, pressure_for_half_blood_flow, blood_flow_steepness):
    """Blood flow of the root, share of normal."""
    return 1 - hill(root_pressure, half=pressure_for_half_blood_flow, steepness=blood_flow_steepness)


@formula("mg", sources=("epidural_steroid_vs_saline_1mo", "oral_or_im_corticosteroid_vs_placebo_pain_short"))
def steroid_at_root(steroid_depot, oral_steroid_depot_gain, oral_steroid_exposure):
    """Steroid that acts at the root, as epidural triamcinolone."""
    return steroid_depot + oral_steroid_depot_gain * oral_steroid_exposure


@formula("dimensionless", sources=("epidural_steroid_vs_saline_1mo",))
def steroid_effect(steroid_effect_maximum, steroid_at_root, steroid_for_half_effect):
    """Effect of steroid, from 0 to its maximum."""
    return steroid_effect_maximum * steroid_at_root / (steroid_at_root + steroid_for_half_effect)


@mechanism(changes={"root_oedema": +1}, sources=("oedema_time_slow_50mmHg",))
def oedema_formation(
    oedema_formation_rate,
    root_pressure,
    pressure_for_half_oedema,
    oedema_mediator_gain,
    inflammatory_mediators,
    steroid_effect,
    root_oedema,
):
    """Pressure and mediators make the root swell; steroid prevents it."""
    drive = hill(root_pressure, half=pressure_for_half_oedema, steepness=3) + oedema_mediator_gain * hill(
        inflammatory_mediators, half=1
    )
    return oedema_formation_rate * drive * (1 - steroid_effect) * (1 - root_oedema)


@mechanism(changes={"root_oedema": -1}, sources=("assumption:oedema-clearance",))
def oedema_clearance(oedema_clearance_rate, root_oedema):
    """Oedema is cleared in proportion to itself."""
    return oedema_clearance_rate * root_oedema
