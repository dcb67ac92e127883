"""The whole model is well posed over the whole prior."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sciatrial.model import assemble, sciatica_model
from sciatrial.parameters import draw_parameters, read_prior

MODEL = sciatica_model()
N_DRAWS = 50
CAUSES = ("herniation", "stenosis", "spondylolisthesis", "piriformis", "discogenic")


def drawn_parameters():
    draws = draw_parameters(read_prior(), n_draws=N_DRAWS, seed=3)
    rows = []
    for index in range(N_DRAWS):
        one = draws.one(index)
        rows.append([one.value(name, (CAUSES[index % 5], "extrusion")) for name in MODEL.parameter_names])
    return dict(zip(MODEL.parameter_names, np.array(rows).T, strict=True)) | {
        "donor_antibody_factor": np.ones(N_DRAWS),
        "donor_mismatch_factor": np.ones(N_DRAWS),
    }


PARAMETERS = drawn_parameters()


def test_every_law_has_the_dimension_and_the_scale_that_it_claims():
    # assemble() tells every wrong unit at once; a start leaves this out to save its second
    again = assemble("sciatica", MODEL.states, MODEL.parameters, MODEL.formulas, MODEL.mechanisms, check_units=True)
    assert again == MODEL


def state_from(numbers):
    """Scale unit numbers to states within their bounds; cells and depots up to 100."""
    state = {}
    for item, number in zip(MODEL.states, numbers, strict=True):
        top = item.ceiling if item.ceiling is not None else (100.0 if item.unit != "dimensionless" else 3.0)
        state[item.name] = np.full(N_DRAWS, number * top)
    share = state["connected_axons"] + state["severed_axons"]
    state["severed_axons"] = np.where(share > 1, 1 - state["connected_axons"], state["severed_axons"])
    return state


unit_states = st.lists(st.floats(0, 1), min_size=len(MODEL.states), max_size=len(MODEL.states))


@settings(max_examples=60, deadline=None)
@given(unit_states, st.integers(0, len(MODEL.states) - 1))
def test_no_state_falls_below_zero(numbers, place):
    name = MODEL.states[place].name
    state = state_from(numbers) | {name: np.zeros(N_DRAWS)}
    assert (np.asarray(MODEL.rates({**PARAMETERS, **state})[name]) >= -1e-12).all(), name


@settings(max_examples=60, deadline=None)
@given(unit_states, st.sampled_from([state for state in MODEL.states if state.ceiling is not None]))
def test_no_state_rises_above_its_ceiling(numbers, item):
    state = state_from(numbers) | {item.name: np.full(N_DRAWS, item.ceiling)}
    if item.name == "connected_axons":
        state["severed_axons"] = np.zeros(N_DRAWS)
    if item.name == "severed_axons":
        state["connected_axons"] = np.zeros(N_DRAWS)
    if item.name == "context_analgesia":
        state["treatment_context"] = np.minimum(state["treatment_context"], 1.0)
    assert (np.asarray(MODEL.rates({**PARAMETERS, **state})[item.name]) <= 1e-12).all(), item.name


def test_a_healthy_person_is_an_exact_fixed_point():
    healthy = {name: np.zeros(N_DRAWS) for name in MODEL.state_names}
    for name in ("connected_axons", "disc_aggrecan", "native_disc_cells", "function_reserve", "segment_mobility"):
        healthy[name] = np.ones(N_DRAWS)
    numbers = PARAMETERS | {"nutrition_capacity": 1.0, "narrowing_growth_rate": 0.0}
    rates = MODEL.rates({**numbers, **healthy})
    assert all(np.all(np.asarray(rate) == 0) for rate in rates.values())


def test_every_rate_is_finite_over_the_prior():
    state = state_from([0.5] * len(MODEL.states))
    for name, rate in MODEL.rates({**PARAMETERS, **state}).items():
        assert np.isfinite(rate).all(), name


@pytest.mark.parametrize("name", ["leg_pain", "back_pain", "numbness", "tingling", "weakness", "disability"])
@settings(max_examples=30, deadline=None)
@given(numbers=unit_states)
def test_scores_stay_on_their_scale(name, numbers):
    values = np.asarray(MODEL.evaluate({**PARAMETERS, **state_from(numbers)})[name])
    assert (values >= 0).all()
    assert (values <= 100 + 1e-9).all()
