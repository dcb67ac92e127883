import numpy as np
import pytest
import xarray as xr

from sciatrial.synthesis import absolute, league, league_table, new_study, rank_treatments


@pytest.fixture
def effect():
    values = np.array([[0.0, -1.0, -2.0], [0.0, -1.0, -2.0], [0.0, -1.0, -0.5], [0.0, -1.0, -2.0]])
    return xr.DataArray(values, dims=("draw", "treatment"), coords={"treatment": ["usual", "a", "b"]})


def test_the_league_is_antisymmetric(effect):
    table = league(effect)
    assert (table.sel(treatment="a", comparator="b") == -table.sel(treatment="b", comparator="a")).all()
    assert league_table(effect).loc["a", "usual"] == "-1.00 (-1.00 to -1.00)"


def test_the_share_of_first_ranks_and_sucra_follow_from_the_draws(effect):
    ranks = rank_treatments(effect, lower_is_better=True).set_index("treatment")
    assert ranks.loc["b", "best"] == 0.75
    assert ranks.loc["b", "sucra"] == pytest.approx((3 - 1.25) / 2)
    assert ranks.loc["usual", "sucra"] == 0
    assert rank_treatments(effect, lower_is_better=False).loc[0, "treatment"] == "usual"


def test_a_new_study_scatters_by_the_heterogeneity(random_network):
    moved = new_study(random_network, seed=1)
    expected = random_network.posterior["effect"].var("draw") + (random_network.posterior["heterogeneity"] ** 2).mean()
    assert moved.var("draw")[1:].to_numpy() == pytest.approx(expected[1:].to_numpy(), rel=0.25)


def test_absolute_results_of_events_are_probabilities(event_network):
    shares = absolute(event_network, reference_mean=-0.5, reference_sd=0.1, seed=1).mean("draw")
    assert float(shares.sel(treatment="usual")) == pytest.approx(1 / (1 + np.exp(0.5)), abs=0.01)
    assert float(shares.sel(treatment="cells")) < float(shares.sel(treatment="usual"))
