"""Over the whole prior, every cause and every treatment: states stay in their bounds, and no donor cell is lost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sciatrial.calibration import draw_parameters, read_prior
from sciatrial.engine import Events, simulate
from sciatrial.exchange import CAUSES, REFERENCE_TREATMENTS
from sciatrial.model import sciatica_model
from sciatrial.population import cohort_named, sample_patients, treated_patients

MODEL, PRIOR = sciatica_model(), read_prior()
DAYS = np.array([0.0, 0.5, 3.0, 14.0, 45.0, 120.0, 365.0, 800.0, 1826.0])
CELLS = [
    "loose_disc_cells", "anchored_disc_cells", "converted_disc_cells", "loose_epidural_cells",
    "anchored_epidural_cells", "circulating_cells", "lost_cells",
]  # fmt: skip
N = 6


def five_years(cause, treatment, draw, seed):
    """Return the courses of a few people under one draw, and million cells given to each by each day."""
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
    return run, given_cells


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    st.sampled_from(sorted(CAUSES)), st.sampled_from(sorted(REFERENCE_TREATMENTS)), st.integers(0, 10_000),
    st.integers(0, 1_000_000),
)  # fmt: skip
def test_five_years_stay_in_bounds_and_keep_every_cell(cause, treatment, draw, seed):
    run, given_cells = five_years(cause, treatment, draw, seed)
    assert (run.status == 0).all()
    for state in MODEL.states:
        values = run[state.name]
        assert np.isfinite(values).all(), state.name
        assert values.min() >= -1e-6 * state.scale, state.name
        if state.ceiling is not None:
            assert values.max() <= state.ceiling + 1e-6, state.name
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
