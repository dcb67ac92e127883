import pytest

from sciatrial.foundation import EvidenceError
from sciatrial.synthesis import Sampler, fit_dose_response

from .simulated import doses


def test_planted_curves_are_found(dose_network):
    for agent, top, half in (("alpha", 2.0, 1.0), ("beta", 1.5, 2.0)):
        own = dose_network.posterior.sel(agent=agent)
        assert own["maximum"].quantile(0.005) < top < own["maximum"].quantile(0.995)
        assert own["half_dose"].quantile(0.005) < half < own["half_dose"].quantile(0.995)


def test_an_agent_of_one_dose_is_warned_of(dose_network):
    assert [warning.split(":")[0] for warning in dose_network.warnings] == ["gamma"]
    assert "WARNING: gamma" in dose_network.table()


def test_the_effect_at_a_dose_that_was_given_is_known_even_so(dose_network):
    effect = dose_network.effect("gamma", [1.0])
    assert float(abs(effect.mean() - 0.5)) < 3 * float(effect.std())
    assert float(effect.std()) < 0.2


def test_the_effect_of_dose_0_is_0(dose_network):
    assert float(abs(dose_network.effect("alpha", [0.0])).max()) == 0


def test_an_island_of_agents_is_told():
    frame = doses()
    frame.loc[frame["study"].isin(["study 01"]), "agent"] = "delta"
    frame.loc[frame["study"].isin(["study 01"]), "dose"] += 1
    with pytest.raises(EvidenceError, match="no study joins"):
        fit_dose_response(frame, reference="placebo", sampler=Sampler(seed=1))
