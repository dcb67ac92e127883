"""The herniation shrinks, narrowing grows, the disc degenerates; donor cells and fluids speed resolution."""


def test_macrophages_shrink_a_herniation_faster_than_drying_does(rate_of):
    drying = rate_of("herniated_volume", herniated_volume=1.0)
    cleared = rate_of("herniated_volume", herniated_volume=1.0, inflammatory_macrophages=0.5)
    assert cleared < drying < 0


def test_a_fragment_that_is_more_exposed_shrinks_faster(rate_of):
    rates = [
        rate_of("herniated_volume", herniated_volume=1.0, inflammatory_macrophages=0.5, fragment_exposure_factor=x)
        for x in (0.02, 0.07, 0.30, 1.10)
    ]
    assert rates == sorted(rates, reverse=True)


def test_irritancy_is_lost_faster_where_resolving_macrophages_are(rate_of):
    assert rate_of("herniation_irritancy", herniation_irritancy=1.0, resolving_macrophages=0.5) < rate_of(
        "herniation_irritancy", herniation_irritancy=1.0
    )


def test_firing_grows_entrapment_only_where_there_is_a_spasm_loop(rate_of):
    assert rate_of("fixed_narrowing", ectopic_firing=1.0) == 0
    assert rate_of("fixed_narrowing", ectopic_firing=1.0, muscle_spasm_rate=0.03) > 0


def test_a_full_disc_is_not_driven_into_inflammation(rate_of):
    assert rate_of("disc_inflammation", disc_aggrecan=1.0) == 0
    assert rate_of("disc_inflammation", disc_aggrecan=1.3) == 0


def test_donor_cells_speed_the_decay_of_disc_inflammation(rate_of):
    without = rate_of("disc_inflammation", disc_inflammation=0.5)
    assert rate_of("disc_inflammation", disc_inflammation=0.5, anchored_disc_cells=6.0) < without


def test_a_fluid_that_is_gone_does_nothing(rate_of):
    without = rate_of("disc_inflammation", disc_inflammation=0.5)
    assert rate_of("disc_inflammation", disc_inflammation=0.5, disc_injectate=0.0) == without
    assert rate_of("disc_inflammation", disc_inflammation=0.5, disc_injectate=0.5) < without


def test_cells_without_an_effect_leave_the_disc_as_it_is(rate_of):
    absent = {"disc_resolution_gain": 0.0, "native_synthesis_gain": 0.0, "converted_cell_matrix_factor": 0.0}
    for state in ("disc_inflammation", "disc_aggrecan"):
        without = rate_of(state, disc_inflammation=0.5, **absent)
        assert (
            rate_of(state, disc_inflammation=0.5, anchored_disc_cells=6.0, converted_disc_cells=1.0, **absent)
            == without
        )


def test_the_disc_effect_of_cells_saturates(output_of):
    effects = [output_of("disc_cell_effect", anchored_disc_cells=dose) for dose in (0.3, 1.0, 3.0, 10.0, 30.0)]
    assert effects == sorted(effects)
    assert effects[-1] < 1
    assert effects[4] - effects[3] < effects[1] - effects[0]


def test_donor_cells_compete_with_native_cells_for_nutrition(rate_of):
    assert rate_of("native_disc_cells", anchored_disc_cells=10.0) < rate_of("native_disc_cells")
