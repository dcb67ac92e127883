"""A case is one patient in numbers."""

import numpy as np
import pytest

from sciatrial.clinic import Protocol
from sciatrial.engine import Events
from sciatrial.exchange import REFERENCE_TREATMENTS, reference_case
from sciatrial.exchange.case import case_of
from sciatrial.foundation import Intervention, ModelError
from sciatrial.model import sciatica_model

MODEL = sciatica_model()


def test_every_simulatable_intervention_has_a_reference_treatment():
    given = {protocol.intervention for protocol in REFERENCE_TREATMENTS.values() if protocol is not None}
    assert given == set(Intervention) - {Intervention.OTHER, Intervention.USUAL_CARE}


@pytest.mark.parametrize("name", [n for n, arm in REFERENCE_TREATMENTS.items() if arm and arm.is_cell_therapy])
def test_a_treatment_with_cells_gives_living_cells(name):
    changes = reference_case("discogenic", name).changes
    living = [c.amount for c in changes if c.state.endswith("_cells") and c.state != "lost_cells"]
    assert sum(living) > 0


def test_changes_of_one_day_are_composed_in_order():
    events = Events.joined(
        Events.every(MODEL, [0], 5.0, "exacerbation", factor=0.5, amount=0.5),
        Events.every(MODEL, [0], 5.0, "exacerbation", factor=0.8, amount=0.2),
    )
    case = case_of("x", "x", MODEL, np.ones(len(MODEL.parameters)), np.ones(len(MODEL.states)), events, 10.0)
    (change,) = case.changes
    assert (change.factor, change.amount) == (pytest.approx(0.4), pytest.approx(0.6))


def test_what_comes_after_the_last_day_is_left_out():
    assert all(change.day <= 100 for change in reference_case("stenosis", "cells_epidural", last_day=100.0).changes)


def test_an_arm_of_ones_own_may_be_given():
    case = reference_case("herniation", Protocol(intervention="nsaid", daily_dose_mg=500))
    assert any(change.state == "nsaid_exposure" and change.amount > 0 for change in case.changes)


@pytest.mark.parametrize(
    ("cause", "treatment", "hint"), [("hernation", "none", "herniation"), ("stenosis", "nsiad", "nsaid")]
)
def test_an_unknown_word_is_told_with_the_nearest(cause, treatment, hint):
    with pytest.raises(ModelError, match=hint):
        reference_case(cause, treatment)
