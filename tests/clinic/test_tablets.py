"""Doses in mg become exposures through what is known of each drug."""

import itertools

import numpy as np
import pytest

from sciatrial.clinic import TABLETS, average_concentration, exposure
from sciatrial.parameters import draw_parameters, read_prior, reference_draw

PRIOR = read_prior()
DRAW = reference_draw(PRIOR).one(0)
DRUGS = [drug for drugs in TABLETS.values() for drug in drugs]


@pytest.mark.parametrize("drug", DRUGS)
def test_the_reference_dose_is_exposure_1(drug):
    assert exposure(drug, DRAW.value("reference_daily_dose", (drug,)), DRAW) == pytest.approx(1.0)
    assert exposure(drug, 0.0, DRAW) == 0.0


@pytest.mark.parametrize("drug", DRUGS)
def test_more_mg_bring_more_but_ever_less_more(drug):
    reference = DRAW.value("reference_daily_dose", (drug,))
    levels = [exposure(drug, share * reference, DRAW) for share in (0, 1, 2, 3, 4)]
    gains = np.diff(levels)
    assert all(a > b > 0 for a, b in itertools.pairwise(gains))


@pytest.mark.parametrize("drug", DRUGS)
def test_exposure_stays_below_the_ceiling_of_its_state_over_the_prior(drug):
    draws = draw_parameters(PRIOR, n_draws=40, seed=2)
    assert max(exposure(drug, 5000.0, draws.one(i)) for i in range(40)) <= 2.5


def test_gabapentins_bioavailability_falls_from_60_to_27_percent():
    per_mg = [average_concentration("gabapentin", dose, DRAW) / dose for dose in (900.0, 4800.0)]
    assert per_mg[1] / per_mg[0] == pytest.approx(27 / 60, rel=0.01)


def test_300_mg_of_pregabalin_a_day_is_some_2_and_a_half_mg_per_litre():
    # 300 mg x 0.9 / (ln 2 / 6 h x 39.2 L x 24 h)
    assert average_concentration("pregabalin", 300.0, DRAW) == pytest.approx(
        270 / (np.log(2) / 6 * 39.2 * 24), rel=0.01
    )
