"""Arm words that contradict each other are refused with every reason at once."""

import pytest
from pydantic import ValidationError

from sciatrial.clinic import NOT_SIMULATABLE, Protocol, control_of, sham_of
from sciatrial.foundation import Intervention, Route

CELLS = {
    "intervention": "cell_therapy", "cell_type": "uc_msc", "donor": "allogeneic", "dose_million_cells": 20,
    "route": "epidural_transforaminal",
}  # fmt: skip


def test_a_cell_arm_knows_its_words():
    protocol = Protocol(**CELLS)
    assert protocol.is_cell_therapy
    assert protocol.where is Route.EPIDURAL_TRANSFORAMINAL
    assert protocol.context == "injection"


@pytest.mark.parametrize("dose", [0, -5, float("nan"), float("inf"), 1e9])
def test_an_impossible_dose_is_refused(dose):
    with pytest.raises(ValidationError, match="dose_million_cells"):
        Protocol(**CELLS | {"dose_million_cells": dose})


def test_everything_that_a_cell_arm_lacks_is_told_at_once():
    with pytest.raises(ValidationError) as caught:
        Protocol(intervention="cell_therapy")
    message = str(caught.value)
    for word in ("cell_type", "donor", "dose_million_cells", "route"):
        assert word in message


def test_cell_words_on_saline_are_refused():
    with pytest.raises(ValidationError, match="dose_million_cells is for cell_therapy only"):
        Protocol(intervention="saline", route="intradiscal", dose_million_cells=6)


@pytest.mark.parametrize("word", sorted(NOT_SIMULATABLE))
def test_a_treatment_without_a_mechanism_is_refused_with_the_reason(word):
    with pytest.raises(ValidationError, match="cannot be simulated"):
        Protocol(intervention=word, route="oral")


def test_every_intervention_word_is_simulatable_or_declared_not_to_be():
    from sciatrial.clinic.protocol import ROUTES

    assert set(ROUTES) | set(NOT_SIMULATABLE) == set(Intervention)
    assert not set(ROUTES) & set(NOT_SIMULATABLE)


def test_cells_by_mouth_are_refused():
    with pytest.raises(ValidationError, match="cannot go by the route"):
        Protocol(**CELLS | {"route": "oral"})


def test_marrow_concentrate_is_the_patients_own_and_counted_in_nucleated_cells():
    with pytest.raises(ValidationError, match="autologous"):
        Protocol(**CELLS | {"cell_type": "bmac"})
    with pytest.raises(ValidationError, match="nucleated"):
        Protocol(**CELLS | {"cell_type": "bmac", "donor": "autologous", "dose_basis": "expanded_cells"})


def test_an_intervention_with_one_route_needs_none():
    assert Protocol(intervention="nsaid").where is Route.ORAL
    assert Protocol(intervention="usual_care").context is None


def test_the_sham_of_an_arm_has_its_route_and_visits_and_no_cells():
    sham = sham_of(Protocol(**CELLS, n_doses=2))
    assert (sham.intervention, sham.where, sham.n_doses) == (Intervention.SHAM, Route.EPIDURAL_TRANSFORAMINAL, 2)
    assert sham.cell_type is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, Intervention.SALINE),
        ({"carrier": "hyaluronic_acid"}, Intervention.HYALURONIC_ACID),
        ({"carrier": "hyaluronic_acid", "route": "intradiscal"}, Intervention.HYALURONIC_ACID),
        ({"carrier": "fibrin"}, Intervention.SHAM),
        ({"route": "intravenous"}, Intervention.SHAM),
        ({"route": "intrathecal"}, Intervention.SHAM),
    ],
)
def test_cells_are_compared_with_their_carrier_alone_where_that_is_known(changes, expected):
    protocol = Protocol(**CELLS | changes | {"n_doses": 2, "volume_ml": 3, "co_treatments": ("nsaid",)})
    control = control_of(protocol)
    assert control.intervention is expected
    assert (control.where, control.n_doses, control.co_treatments) == (protocol.where, 2, protocol.co_treatments)
    if expected is not Intervention.SHAM:
        assert control.volume_ml == 3


def test_an_arm_without_cells_is_compared_with_its_sham():
    saline = Protocol(intervention="saline", route="intradiscal")
    assert control_of(saline) == sham_of(saline)


def test_every_route_of_cells_has_a_control():
    from sciatrial.clinic.protocol import ROUTES

    assert all(control_of(Protocol(**CELLS | {"route": route})) for route in ROUTES[Intervention.CELL_THERAPY])
