"""Over the whole prior, every cause and every treatment: states stay in their bounds, and no donor cell is lost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sciatrial.engine import Events, simulate
from sciatrial.exchange import CAUSES, REFERENCE_TREATMENTS
from sciatrial.model import sciatica_model
from sciatrial.parameters import draw_parameters, read_prior
from sciatrial.population import cohort_named, sample_patients, treated_patients

MODEL, PRIOR = sciatica_model(), read_prior()
DAYS = np.array([0.0, 0.5, 3.0, 14.0, 45.0, 120.0, 365.0, 800.0, 1826.0])
CELLS = [
    "loose_disc_cells", "anchored_disc_cells", "converted_disc_cells", "loose_epidural_cells",
    "anchored_epidural_cells", "circulating_cells", "lost_cells",
]  # fmt: skip
N = 6


def five_years(cause, treatment, draw, seed):
    """Return the courses of a few people under one draw, million cells given to each by each day, and their bounds."""
    drawn = draw_parameters(PRIOR, n_draws=1, seed=seed, first=draw, inclusion_probability=0.7)
    cohort = cohort_named(CAUSES[cause]).model_copy(update={"eligible": {}})
    patients = sample_patients(MODEL, drawn, cohort, n_patients=N, seed=seed)
    parameters, events = patients.parameters.copy(), [patients.later_events(MODEL, DAYS[-1])]
    protocol = REFERENCE_TREATMENTS[treatment]
    given_cells = np.zeros((N, len(DAYS)))
    if protocol is not None:
        parameters, given = treated_patients(MODEL, patients, protocol, seed=seed, last_day=DAYS[-1])
        events.append(given)
        places = [MODEL.state_names.index(name) for name in CELLS]
        for patient, day, state, amount in zip(given.patient, given.day, given.state, given.amount, strict=True):
            if state in places:
                given_cells[patient] += amount * (day < DAYS)  # a visit on the day of a dose sees the patient before it
    run = simulate(
        MODEL, parameters, patients.entry_states, times_days=DAYS, events=Events.joined(*events),
        outputs=[item.name for item in MODEL.outputs], tolerance=1e-7,
    )  # fmt: skip
    protocol_cells = 0.0 if protocol is None else stem_cells(protocol, drawn.one(0))
    assert set(np.round(given_cells[:, -1], 9)) <= {0.0, round(protocol_cells, 9)}
    return run, given_cells, bounds(parameters, patients.entry_states, Events.joined(*events), given_cells[:, -1])


def stem_cells(protocol, drawn):
    """Return the stem cells, in millions, that an arm gives a patient in all."""
    if not protocol.is_cell_therapy:
        return 0.0
    kind = (str(protocol.cell_type),)
    share = min(1.0, drawn.value("living_msc_fraction", kind) + drawn.value("other_cell_worth", kind))
    return protocol.n_doses * protocol.dose_million_cells * share


def bounds(parameters, entry_states, events, dose):
    """Return state → the most that each patient can have (dims ``patient``), by the equations' own algebra."""
    p = dict(zip(MODEL.parameter_names, parameters.T, strict=True))
    start = dict(zip(MODEL.state_names, entry_states.T, strict=True))

    def with_jumps(state):
        mine = events.state == MODEL.state_names.index(state)
        return start[state] + np.bincount(events.patient[mine], np.maximum(events.amount[mine], 0), minlength=N)

    most = {name: with_jumps(name) for name in ("pending_extrusion", "steroid_depot", "botulinum_effect")}
    most["disc_injectate"] = with_jumps("disc_injectate")
    most["herniated_volume"] = with_jumps("herniated_volume") + most["pending_extrusion"]
    most["treatment_context"] = np.ones(N)
    most |= dict.fromkeys(CELLS, dose)
    most["native_disc_cells"] = np.maximum(start["native_disc_cells"], p["nutrition_capacity"])
    switching = p["macrophage_switch_rate"] + p["resolution_switch_rate"]
    most["resolving_macrophages"] = np.maximum(
        start["resolving_macrophages"], switching / p["resolving_macrophage_loss_rate"]
    )
    most["inflammatory_mediators"] = np.maximum(
        start["inflammatory_mediators"],
        p["macrophage_mediator_production"]
        + p["irritancy_mediator_production"] * most["herniated_volume"]
        + p["pressure_mediator_production"],
    )
    secreted = p["anti_inflammatory_per_cell"] * p["anti_inflammatory_cell_factor"] * dose
    most["anti_inflammatory_pool"] = np.maximum(
        start["anti_inflammatory_pool"],
        p["macrophage_anti_inflammatory_production"] * most["resolving_macrophages"] + secreted,
    )
    most["neurotrophic_factors"] = np.maximum(
        start["neurotrophic_factors"],
        p["neurotrophic_per_cell"] * p["neurotrophic_cell_factor"] * dose + p["axon_neurotrophic_production"],
    )
    helped = 1 + p["native_synthesis_gain"] * p["anti_inflammatory_cell_factor"]
    most["disc_aggrecan"] = np.maximum(
        start["disc_aggrecan"],
        most["native_disc_cells"] * helped + p["converted_cell_matrix_factor"] * dose / p["healthy_disc_cells"],
    )
    return most


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    st.sampled_from(sorted(CAUSES)), st.sampled_from(sorted(REFERENCE_TREATMENTS)), st.integers(0, 10_000),
    st.integers(0, 1_000_000),
)  # fmt: skip
def test_five_years_stay_in_bounds_and_keep_every_cell(cause, treatment, draw, seed):
    run, given_cells, most = five_years(cause, treatment, draw, seed)
    assert (run.status == 0).all()
    for state in MODEL.states:
        values = run[state.name]
        assert np.isfinite(values).all(), state.name
        assert values.min() >= -1e-6 * state.scale, state.name
        top = np.full(N, state.ceiling) if state.ceiling is not None else most[state.name]
        assert (values.max(axis=1) <= top + 1e-6 * state.scale + 1e-5 * top).all(), state.name
    assert (run["connected_axons"] + run["severed_axons"] <= 1 + 1e-6).all()
    assert (np.diff(1 - run["connected_axons"] - run["severed_axons"], axis=1) >= -1e-6).all()
    for score in ("leg_pain", "back_pain", "numbness", "tingling", "weakness", "disability"):
        assert run[score].min() >= -1e-4
        assert run[score].max() <= 100 + 1e-4
    assert run["roland_morris"].max() <= 24 + 1e-4
    total = sum(run[name] for name in CELLS)
    np.testing.assert_allclose(total, given_cells, atol=1e-4 + 1e-5 * given_cells.max())


@pytest.mark.parametrize(
    "treatment", [name for name, arm in REFERENCE_TREATMENTS.items() if arm and arm.is_cell_therapy]
)
def test_cells_are_given_at_all(treatment):
    assert five_years("herniation", treatment, 0, 1)[1][:, -1].max() > 0
