"""What is in the syringe: counted, alive, potent, and whether it could be made at all."""

from dataclasses import replace

import numpy as np
import pytest

from sciatrial.clinic import Protocol, product
from sciatrial.parameters import read_prior, reference_draw

PRIOR = read_prior()
DRAW = reference_draw(PRIOR, included=PRIOR.groups).one(0)
MANY = np.arange(20_000)


def cells(**changes):
    words = {
        "intervention": "cell_therapy", "cell_type": "bm_msc", "donor": "autologous", "dose_million_cells": 10,
        "route": "intradiscal",
    }  # fmt: skip
    return Protocol(**words | changes)


def made(protocol, numbers=DRAW, patients=MANY, seed=1):
    return product(protocol, numbers, patients=patients, seed=seed)


def test_counted_cells_are_living_or_dead():
    got = made(cells(donor="allogeneic"))
    assert got.living + got.dead == pytest.approx(np.full(len(MANY), 10.0))
    assert got.living[0] == pytest.approx(10 * DRAW.value("viable_fraction"))


def test_a_study_may_state_its_viability():
    assert made(cells(donor="allogeneic", viability_percent=50)).living[0] == pytest.approx(5.0)


def test_a_marrow_concentrate_holds_few_stem_cells_and_what_the_others_are_worth():
    both = made(cells(cell_type="bmac", dose_million_cells=100), reference_draw(PRIOR).one(0))
    more = made(cells(cell_type="bmac", dose_million_cells=100))
    assert both.living.max() == pytest.approx(100 * 2.24e-5)
    assert more.living.max() == pytest.approx(100 * (2.24e-5 + DRAW.value("other_cell_worth", ("bmac",))))


def test_disc_cells_make_matrix_and_are_no_stem_cells():
    got = made(cells(cell_type="disc_cells"))
    assert got.living.max() == 0
    assert got.converted.max() == pytest.approx(10 * 0.85)


def test_own_cells_fail_to_grow_as_often_as_the_draw_says_and_donor_cells_never():
    failed = 1 - made(cells()).is_given.mean()
    assert failed == pytest.approx(DRAW.value("harvest_failure_fraction", ("cultured",)), abs=0.005)
    assert made(cells(donor="allogeneic")).is_given.all()
    mine = made(cells())
    assert (mine.living[~mine.is_given] == 0).all()


def test_potency_differs_by_patient_for_own_cells_and_by_batch_for_donor_cells():
    own, foreign = made(cells()), made(cells(donor="allogeneic"))
    spread = np.hypot(DRAW.value("potency_batch_sd"), DRAW.value("potency_donor_sd"))
    within = DRAW.value("potency_donor_sd")
    assert within * 0.9 < np.log(own.potency).std() < spread * 1.6
    assert 1 < len(np.unique(foreign.potency)) <= 4


def test_without_spread_every_batch_is_the_same():
    still = replace(DRAW, values={**DRAW.values, "potency_batch_sd": 0.0, "potency_donor_sd": 0.0})
    assert set(made(cells(), still).potency) == {1.0}


@pytest.mark.parametrize("donor", ["autologous", "allogeneic"])
def test_patient_17_gets_the_same_product_whoever_else_is_treated(donor):
    alone, among = made(cells(donor=donor), patients=np.array([17])), made(cells(donor=donor))
    for name in ("living", "dead", "potency", "is_given", "delay_days"):
        assert getattr(alone, name)[0] == getattr(among, name)[17]


def test_two_doses_of_the_same_cells_share_batch_and_donor():
    low, high = made(cells(dose_million_cells=2)), made(cells(dose_million_cells=40))
    np.testing.assert_array_equal(low.potency, high.potency)


def test_own_cells_that_grow_again_come_late_as_often_as_the_draw_says():
    mine = made(cells())
    late = mine.delay_days > 0
    assert set(mine.delay_days[late]) == {7 * DRAW.value("harvest_delay_weeks")}
    assert late.mean() == pytest.approx(DRAW.value("harvest_delay_fraction", ("cultured",)), abs=0.01)
    assert not late[~mine.is_given].any()
    for others in (cells(donor="allogeneic"), cells(cell_type="bmac", dose_million_cells=100)):
        assert made(others).delay_days.max() == 0


def test_batches_of_donor_cells_differ_by_their_donor_alone_where_making_them_does_not():
    steady = replace(DRAW, values={**DRAW.values, "potency_batch_sd": 0.0})
    assert len(np.unique(made(cells(donor="allogeneic"), steady).potency)) == 4
    own = made(cells(), steady)
    assert len(np.unique(own.potency)) == len(MANY)
