"""Macrophages, mediators and what resolves them."""

import pytest


def test_irritant_material_recruits_more_than_pressure_alone(rate_of):
    pressure = rate_of("inflammatory_macrophages", herniated_volume=1.0)
    irritant = rate_of("inflammatory_macrophages", herniated_volume=1.0, herniation_irritancy=1.0)
    assert irritant > 10 * pressure > 0


def test_what_leaves_the_inflammatory_macrophages_by_switching_arrives_at_the_resolving_ones(rate_of):
    switched = rate_of("resolving_macrophages", inflammatory_macrophages=0.5)
    gone = -rate_of("inflammatory_macrophages", inflammatory_macrophages=0.5, disc_aggrecan=1.0)
    lost = 0.07 * 0.5
    assert switched == pytest.approx(gone - lost, rel=1e-12)


def test_more_mediators_never_mean_less_licensing(output_of):
    levels = [output_of("secretion_licensing", inflammatory_mediators=t) for t in (0.0, 0.1, 0.5, 2.0, 50.0)]
    assert levels == sorted(levels)
    assert levels[0] == pytest.approx(0.1)
    assert levels[-1] < 1


def test_cells_near_the_root_count_more_than_cells_in_the_disc_and_those_more_than_circulating_ones(output_of):
    near = output_of("cells_felt_at_root", anchored_epidural_cells=10.0)
    disc = output_of("cells_felt_at_root", anchored_disc_cells=10.0)
    blood = output_of("cells_felt_at_root", circulating_cells=10.0)
    assert near == 10.0
    assert near > disc > blood > 0


def test_steroid_and_the_anti_inflammatory_pool_lower_mediators(rate_of):
    base = rate_of("inflammatory_mediators", inflammatory_macrophages=0.5)
    assert rate_of("inflammatory_mediators", inflammatory_macrophages=0.5, steroid_depot=80.0) < base
    assert rate_of("inflammatory_mediators", inflammatory_macrophages=0.5, anti_inflammatory_pool=1.0) < base


def test_cells_without_output_feed_no_pool(rate_of):
    with_cells = rate_of("anti_inflammatory_pool", anchored_epidural_cells=10.0, anti_inflammatory_per_cell=0.0)
    assert with_cells == rate_of("anti_inflammatory_pool")
