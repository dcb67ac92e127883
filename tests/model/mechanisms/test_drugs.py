"""Injected drugs wear off with their own half-lives."""

import math

import pytest


def test_steroid_depot_halves_in_its_published_half_life(rate_of):
    half_life_days = 523 / 24
    assert rate_of("steroid_depot", steroid_depot=80.0) == pytest.approx(-80.0 * math.log(2) / half_life_days, rel=1e-3)


def test_botulinum_toxin_halves_in_sixty_days(rate_of):
    assert rate_of("botulinum_effect", botulinum_effect=1.0) == pytest.approx(-math.log(2) / 60, rel=1e-3)
