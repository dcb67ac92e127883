"""Donor cells: none is created, all are accounted for, and foreign ones are rejected by those who make antibodies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sciatrial.model import sciatica_model
from tests.model.mechanisms.conftest import typical

CELLS = (
    "loose_disc_cells", "anchored_disc_cells", "converted_disc_cells", "loose_epidural_cells",
    "anchored_epidural_cells", "circulating_cells",
)  # fmt: skip


@given(st.lists(st.floats(0, 50), min_size=6, max_size=6), st.floats(0, 1))
def test_living_and_lost_cells_add_up(amounts, immunity):
    state = dict(zip(CELLS, amounts, strict=True)) | {"donor_immunity": immunity}
    rates = sciatica_model().rates(typical(**state))
    assert sum(rates[name] for name in (*CELLS, "lost_cells")) == pytest.approx(0, abs=1e-9)


def test_half_of_what_leaks_from_the_disc_arrives_near_the_root(rate_of):
    arriving = rate_of("loose_epidural_cells", loose_disc_cells=10.0)
    assert arriving == pytest.approx(0.5 * 0.04 * 10.0)


def test_cells_die_faster_in_an_acid_and_crowded_disc(rate_of):
    kind = rate_of("anchored_disc_cells", anchored_disc_cells=2.0, disc_aggrecan=1.0, native_disc_cells=0.2)
    acid = rate_of("anchored_disc_cells", anchored_disc_cells=2.0, disc_aggrecan=0.3, native_disc_cells=0.2)
    crowded = rate_of("anchored_disc_cells", anchored_disc_cells=2.0, disc_aggrecan=0.3, nutrition_capacity=0.35)
    assert crowded < acid < kind < 0


def test_own_cells_prime_no_immunity(rate_of):
    state = {"anchored_epidural_cells": 10.0, "donor_antibody_factor": 1.0}
    assert rate_of("donor_immunity", **state) == 0
    assert rate_of("donor_immunity", donor_mismatch_factor=1.0, **state) > 0


def test_foreign_cells_prime_nobody_who_makes_no_antibodies(rate_of):
    assert rate_of("donor_immunity", anchored_epidural_cells=10.0, donor_mismatch_factor=1.0) == 0


def test_immunity_kills_fewer_cells_in_the_disc_than_around_the_root(output_of):
    assert 0 < output_of("disc_rejection", donor_immunity=0.5) < output_of("epidural_rejection", donor_immunity=0.5)
