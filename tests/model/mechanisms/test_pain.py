"""What is felt: pain, deficits, disability, quality of life, and the context of care."""

import pytest


def test_a_healthy_person_feels_nothing(output_of):
    healthy = {"disc_aggrecan": 1.0, "native_disc_cells": 1.0}
    for name in ("leg_pain", "back_pain", "numbness", "tingling", "weakness", "disability"):
        assert output_of(name, **healthy) == 0
    assert output_of("quality_of_life", **healthy) == pytest.approx(0.97711)


@pytest.mark.parametrize("name", ["leg_pain", "back_pain", "numbness", "tingling", "weakness", "disability"])
def test_scores_stay_between_0_and_100(output_of, name):
    worst = {
        "ectopic_firing": 1.0, "reversible_central_gain": 1.0, "consolidated_central_gain": 1.0, "demyelination": 1.0,
        "connected_axons": 0.0, "disc_inflammation": 1.0, "function_reserve": 0.0, "disc_innervation_factor": 1.0,
    }  # fmt: skip
    assert 50 < output_of(name, **worst) <= 100


def test_context_lowers_reported_pain_and_leaves_numbness(output_of):
    state = {"ectopic_firing": 0.6, "demyelination": 0.3}
    assert output_of("leg_pain", context_analgesia=0.2, **state) == pytest.approx(0.8 * output_of("leg_pain", **state))
    assert output_of("numbness", context_analgesia=0.2, **state) == output_of("numbness", **state)


def test_pressure_alone_fires_little_and_with_mediators_much(rate_of):
    alone = rate_of("ectopic_firing", herniated_volume=1.0)
    both = rate_of("ectopic_firing", herniated_volume=1.0, inflammatory_mediators=1.0)
    assert 0 < alone < 0.1 * both


def test_tablets_and_tnf_inhibitors_lower_the_drive_but_not_below_zero(output_of):
    base = output_of("mediators_at_nociceptor", inflammatory_mediators=1.0)
    both = output_of(
        "mediators_at_nociceptor", inflammatory_mediators=1.0, nsaid_exposure=1.0, tnf_inhibitor_exposure=1.0
    )
    assert 0 < both < base


def test_weakness_shows_only_beyond_the_reserve(output_of):
    assert output_of("weakness", connected_axons=0.80, disc_aggrecan=1.0) == 0
    assert output_of("weakness", connected_axons=0.50, disc_aggrecan=1.0) > 0


def test_central_gain_consolidates_more_in_the_susceptible(rate_of):
    many = rate_of("consolidated_central_gain", reversible_central_gain=0.5)
    few = rate_of("consolidated_central_gain", reversible_central_gain=0.5, consolidation_susceptibility_factor=6.0)
    assert few > 5 * many > 0


def test_physiotherapy_fades_central_gain_faster(rate_of):
    slow = rate_of("reversible_central_gain", reversible_central_gain=0.5)
    assert rate_of("reversible_central_gain", reversible_central_gain=0.5, physiotherapy_intensity=1.0) < slow


def test_function_follows_the_worse_of_the_two_pains(rate_of):
    assert rate_of("function_reserve", ectopic_firing=0.9) < rate_of("function_reserve", ectopic_firing=0.1)
