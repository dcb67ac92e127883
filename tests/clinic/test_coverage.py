"""Every published arm is simulatable or counted with the reason why not."""

from sciatrial.clinic import simulatable_arms, why_not_simulatable
from sciatrial.evidence import read_evidence


def test_every_published_arm_is_counted_once():
    arms = read_evidence().arms
    counts = simulatable_arms(arms)
    assert counts["n_arms"].sum() == len(arms)
    assert (counts["why_not"].eq("") == counts["is_simulatable"]).all()


def test_reasons_are_told():
    assert why_not_simulatable("opioid")
    assert "stem cells" in why_not_simulatable("cell_therapy", "svf", "intradiscal")
    assert "route" in why_not_simulatable("cell_therapy", "bm_msc", "oral")
    assert why_not_simulatable("cell_therapy", "mpc", "intradiscal") == ""
