"""A published arm becomes words that the clinic can simulate, or says why not."""

import pytest

from sciatrial.calibration.arms import published_arm, score_of
from sciatrial.foundation import Carrier, Cause, CellType, Donor, Drug, Intervention, Route, Score

BASE = {
    "study_id": "x", "arm_id": "a", "condition": "disc_herniation", "design": "rct", "blinding": "double",
    "intervention": "usual_care", "cell_type": None, "donor": None, "route": None, "dose_million_cells": None,
    "dose_basis": None, "carrier": None, "drug_dose": None, "n_doses": None, "symptom_duration_months": None,
}  # fmt: skip


def arm(**words):
    return published_arm(BASE | words)


def test_usual_care_needs_no_guess():
    made = arm()
    assert made.protocol.intervention is Intervention.USUAL_CARE
    assert made.guesses == ()
    assert made.why_not == ""


def test_cells_are_read_with_their_dose_carrier_and_donor():
    made = arm(
        condition="discogenic_low_back_pain", intervention="cell_therapy", cell_type="mpc", donor="allogeneic",
        route="intradiscal", dose_million_cells=6.0, dose_basis="expanded_cells", carrier="hyaluronic acid",
    )  # fmt: skip
    p = made.protocol
    assert (p.cell_type, p.donor, p.dose_million_cells) == (CellType.MPC, Donor.ALLOGENEIC, 6.0)
    assert (p.carrier, p.route) == (Carrier.HYALURONIC_ACID, Route.INTRADISCAL)
    assert made.is_cells
    assert made.guesses == ()


def test_what_a_paper_leaves_open_is_guessed_and_said():
    made = arm(condition="discogenic_low_back_pain", intervention="cell_therapy", cell_type="bmac", route="intradiscal")
    assert made.protocol.donor is Donor.AUTOLOGOUS
    assert {guess.split(":")[0] for guess in made.guesses} == {"donor", "dose", "carrier"}


def test_a_dose_counted_otherwise_is_not_taken_for_nucleated_cells():
    made = arm(
        condition="discogenic_low_back_pain", intervention="cell_therapy", cell_type="bmac", route="intradiscal",
        dose_million_cells=0.02, dose_basis="cfu_f",
    )  # fmt: skip
    assert made.protocol.dose_million_cells == 240
    assert any(guess.startswith("dose") for guess in made.guesses)


@pytest.mark.parametrize(
    ("text", "drug", "dose"),
    [
        ("methylprednisolone 80 mg", Drug.METHYLPREDNISOLONE, 80.0),
        ("triamcinolone acetonide 40 mg in 29 mL 0.9% saline", Drug.TRIAMCINOLONE, 40.0),
        ("local anaesthetic + non-particulate betamethasone", Drug.BETAMETHASONE, None),
    ],
)
def test_the_steroid_is_read_from_the_dose_text(text, drug, dose):
    made = arm(intervention="epidural_steroid", route="epidural_caudal", drug_dose=text)
    assert (made.protocol.drug, made.protocol.drug_dose_mg) == (drug, dose)


@pytest.mark.parametrize(
    "words",
    [
        {"intervention": "other", "route": "intradiscal"},
        {"intervention": "surgery", "route": "operative", "condition": "degenerative_disc_disease"},
        {"intervention": "cell_therapy", "cell_type": "chondrocytes", "route": "intradiscal"},
        {"condition": "post_discectomy"},
    ],
)
def test_an_arm_without_a_mechanism_says_why(words):
    made = arm(**words)
    assert made.protocol is None
    assert made.why_not


def test_pain_that_is_not_named_is_the_pain_that_brings_patients():
    assert score_of("pain_unspecified", "vas_10", Cause.HERNIATION) is Score.LEG_PAIN
    assert score_of("pain_unspecified", "vas_10", Cause.DISCOGENIC) is Score.BACK_PAIN


def test_disability_keeps_its_instrument():
    assert score_of("disability", "rmdq_24", Cause.HERNIATION) is Score.ROLAND_MORRIS
    assert score_of("disability", "odi_100", Cause.HERNIATION) is Score.DISABILITY
    assert score_of("work", "percent", Cause.HERNIATION) is None
