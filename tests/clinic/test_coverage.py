"""Every published arm is simulatable or counted with the reason why not."""

import pytest

from sciatrial.clinic import simulatable_arms, why_not_simulatable
from sciatrial.evidence import read_evidence


def test_every_published_arm_is_counted_once():
    arms = read_evidence().arms
    counts = simulatable_arms(arms)
    assert counts["n_arms"].sum() == len(arms)
    assert (counts["why_not"].eq("") == counts["is_simulatable"]).all()


def test_reasons_are_told():
    assert "not one treatment" in why_not_simulatable("other")
    assert "cartilage" in why_not_simulatable("cell_therapy", "chondrocytes", "intradiscal")
    assert "route" in why_not_simulatable("cell_therapy", "bm_msc", "oral")
    assert why_not_simulatable("cell_therapy", "mpc", "intradiscal") == ""


@pytest.mark.parametrize("word", ["opioid", "antidepressant", "oral_steroid", "prp", "local_anaesthetic"])
def test_every_word_but_other_has_a_mechanism(word):
    assert why_not_simulatable(word) == ""
