"""Myelin and axons: harmed by pressure and mediators, mended with blood flow and factors."""

import pytest


def test_a_healthy_nerve_conducts_fully(output_of):
    assert output_of("nerve_conduction", disc_aggrecan=1.0) == 1.0


def test_high_pressure_blocks_conduction_at_once(output_of):
    assert output_of("nerve_conduction", fixed_narrowing=1.0, narrowing_pressure=300.0) < 0.1


def test_axons_are_moved_between_connected_and_severed_and_only_lost_from_severed(rate_of):
    state = {"connected_axons": 0.8, "severed_axons": 0.1, "herniated_volume": 1.2, "inflammatory_mediators": 0.5}
    lost = rate_of("connected_axons", **state) + rate_of("severed_axons", **state)
    assert lost == pytest.approx(-0.002 * 0.1, rel=1e-9)


def test_neurotrophic_factors_speed_remyelination(rate_of):
    slow = rate_of("demyelination", demyelination=0.5)
    assert rate_of("demyelination", demyelination=0.5, neurotrophic_factors=2.0) < slow < 0


def test_cells_that_make_no_factors_raise_none(rate_of):
    assert rate_of("neurotrophic_factors", anchored_epidural_cells=10.0, neurotrophic_per_cell=0.0) == 0
    assert rate_of("neurotrophic_factors", anchored_epidural_cells=10.0) > 0


def test_mediators_strip_myelin_without_any_pressure(rate_of):
    assert rate_of("demyelination", disc_aggrecan=1.0, inflammatory_mediators=1.0) > 0
    assert rate_of("demyelination", disc_aggrecan=1.0) == 0
