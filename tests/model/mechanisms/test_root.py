"""Pressure, blood flow and oedema of the root at their ends."""


def test_no_herniation_and_no_narrowing_press_only_by_lost_disc_height(output_of):
    assert output_of("root_pressure", disc_aggrecan=1.0) == 0.0
    assert 0 < output_of("root_pressure", disc_aggrecan=0.5) < 3


def test_a_larger_herniation_presses_more_than_in_proportion(output_of):
    one, two = (output_of("root_pressure", disc_aggrecan=1.0, herniated_volume=v) for v in (0.5, 1.0))
    assert two > 2 * one


def test_a_typical_extrusion_presses_with_its_contact_pressure(output_of):
    assert output_of("root_pressure", disc_aggrecan=1.0, herniated_volume=1.0) == 48.0


def test_blood_flow_is_half_at_its_half_pressure(output_of):
    flow = output_of("root_blood_flow", disc_aggrecan=1.0, fixed_narrowing=1.0, narrowing_pressure=35.0)
    assert abs(flow - 0.5) < 1e-12


def test_full_steroid_effect_stops_less_oedema_than_it_would_need(rate_of):
    without = rate_of("root_oedema", herniated_volume=1.0)
    treated = rate_of("root_oedema", herniated_volume=1.0, steroid_depot=1e9)
    assert 0 < treated < 0.3 * without


def test_oedema_clears_when_nothing_presses(rate_of):
    assert rate_of("root_oedema", root_oedema=0.4, disc_aggrecan=1.0) < 0
