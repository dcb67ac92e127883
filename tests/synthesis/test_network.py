import numpy as np
import pytest

from sciatrial.synthesis import Effects, NetworkPriors, Sampler, fit_network

from .conftest import QUICK
from .simulated import TRUE, by_quadrature, least_squares, normal_arms


def exact(frame, **more):
    return fit_network(frame, reference="usual", sampler=Sampler(seed=3), effects=Effects.COMMON, **more)


def effects(result):
    frame = result.frame()
    return frame[(frame["parameter"] == "effect") & (frame["name"] != "usual")].set_index("name")


@pytest.fixture(scope="module")
def common_network():
    return exact(normal_arms())


def test_common_effects_are_those_of_weighted_least_squares(common_network):
    names, mean, se = least_squares(normal_arms())
    ours = effects(common_network).loc[names]
    assert np.abs(ours["mean"] - mean).max() < 4 * se.max() / np.sqrt(4000)
    assert ours["sd"].to_numpy() == pytest.approx(se, rel=0.05)


def test_random_effects_are_those_of_quadrature_with_multi_arm_correlation(random_network):
    names, mean, tau = by_quadrature(normal_arms(), scale=5)
    ours = effects(random_network).loc[names]
    error = 4 * ours["sd"] / np.sqrt(random_network.diagnostics.least_bulk_ess)
    assert (np.abs(ours["mean"] - mean) < error).all()
    spread = random_network.posterior["heterogeneity"]
    assert float(spread.mean()) == pytest.approx(tau, abs=4 * float(spread.std()) / np.sqrt(400))


def test_planted_effects_are_found(random_network):
    ours = effects(random_network)
    for name, row in ours.iterrows():
        assert abs(row["mean"] - TRUE[name]) < 3 * row["sd"]


def test_effects_of_events_are_found(event_network):
    assert event_network.converged
    for name, row in effects(event_network).iterrows():
        assert abs(row["mean"] - TRUE[name] / 10) < 3 * row["sd"]


def test_shifting_all_arms_of_a_study_changes_nothing(common_network):
    frame = normal_arms()
    shift = 500.0 * (frame["study"] == "study 02")
    shifted = exact(frame.assign(estimate=frame["estimate"] + shift))
    ours, theirs = (r.posterior["effect"].to_numpy() for r in (common_network, shifted))
    assert theirs == pytest.approx(ours, abs=1e-8)


def test_the_same_seed_gives_the_same_numbers(common_network):
    assert (exact(normal_arms()).posterior["effect"] == common_network.posterior["effect"]).all()


def test_a_covariate_takes_its_part():
    frame = normal_arms(spread=0.0)
    number = frame["study"].str[-2:].astype(int)
    frame = frame.assign(age=50.0 + number, estimate=frame["estimate"] + 0.5 * number * (frame["treatment"] != "usual"))
    row = exact(frame, covariates=("age",)).frame().set_index("parameter").loc["coefficient"]
    assert abs(row["mean"] - 0.5) < 3 * row["sd"]
    assert row["sd"] < 0.2


def test_a_class_pulls_an_uncertain_treatment_towards_its_mean():
    frame = normal_arms(spread=0.0)
    frame.loc[frame["treatment"] == "block", "se"] = 8.0
    classes = dict.fromkeys(("drug", "cells", "block"), "active")
    arguments = {"reference": "usual", "sampler": QUICK, "effects": Effects.COMMON}
    shrunk = fit_network(frame, classes=classes, priors=NetworkPriors(class_sd_scale=2), **arguments)
    alone, together = (effects(result).loc["block"] for result in (exact(frame), shrunk))
    assert together["sd"] < alone["sd"]
    middle = float(shrunk.posterior["class_mean"].mean())
    assert abs(together["mean"] - middle) < abs(alone["mean"] - middle)


def test_too_few_draws_are_told_before_anything_else():
    few = fit_network(normal_arms(), reference="usual", sampler=Sampler(seed=1, n_warmup=20, n_draws=20, again=0))
    assert not few.converged
    assert repr(few).startswith("NOT CONVERGED: ")
    assert "Next: more n_draws" in repr(few)
