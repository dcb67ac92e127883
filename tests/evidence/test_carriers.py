"""Carriers: clear texts have a word, others none."""

import pytest

from sciatrial.evidence import carrier_word
from sciatrial.foundation import Carrier


@pytest.mark.parametrize(
    ("text", "carrier"),
    [
        ("saline", Carrier.SALINE),
        ("saline, 0.7 mL", Carrier.SALINE),
        ("freeze medium mixed 1:1 with hyaluronic acid", Carrier.HYALURONIC_ACID),
        ("sodium hyaluronate vehicle", Carrier.HYALURONIC_ACID),
        ("1% Hyaluronic Acid", Carrier.HYALURONIC_ACID),
        ("fibrin", Carrier.FIBRIN),
    ],
)
def test_a_clear_text_has_a_word(text, carrier):
    assert carrier_word(text) is carrier


@pytest.mark.parametrize(
    "text",
    ["", "bone marrow concentrate", "10-20% platelet lysate in PBS, 1-3 mL", "20% serum in F12 medium",
     "gelatin sponge", "saline or hyaluronic acid", "collagen sponge in saline"],
)  # fmt: skip
def test_an_unclear_text_has_none(text):
    assert carrier_word(text) is None
