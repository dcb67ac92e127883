import numpy as np
import pytest
from scipy.integrate import solve_ivp

from sciatrial.clinic import Protocol, treat
from sciatrial.engine import Events, simulate
from sciatrial.model import sciatica_model
from sciatrial.parameters import draw_parameters, read_prior
from sciatrial.population import CONTEXTS, cohort_named, sample_patients

MODEL = sciatica_model()
OUTPUTS = tuple(item.name for item in MODEL.formulas if item.is_output)
SCORES = {"leg_pain", "back_pain", "numbness", "tingling", "weakness", "disability"}  # of 100
SCALES = dict.fromkeys(SCORES, 100.0) | {"root_pressure": 10.0}  # the others: 1
DAYS = [30.0, 90.0, 365.0]
CELLS = {"intervention": "cell_therapy", "cell_type": "uc_msc", "donor": "allogeneic", "dose_million_cells": 20}
ARMS = {
    "acute_radicular": Protocol(intervention="epidural_steroid", route="epidural_transforaminal", drug_dose_mg=40),
    "chronic_radicular": Protocol(**CELLS, route="epidural_transforaminal", n_doses=2, weeks_between_doses=6),
    "chronic_discogenic": Protocol(**CELLS, route="intradiscal", carrier="hyaluronic_acid"),
    "stenosis": Protocol(intervention="surgery"),
}


def by_scipy(parameters, initial, events):
    """Return states at DAYS, from plain calls of the laws."""
    names = MODEL.state_names
    numbers = dict(zip(MODEL.parameter_names, parameters, strict=True))

    def rhs(_, y):
        return list(MODEL.rates(numbers | dict(zip(names, y, strict=True))).values())

    scale = np.array([state.scale for state in MODEL.states])
    stops = sorted({0.0, *DAYS, *(day for day, *_ in events)})
    y, found = np.array(initial), {}
    for start, stop in zip(stops, [*stops[1:], None], strict=True):
        if start in DAYS:
            found[start] = y.copy()
        for day, state, factor, amount in events:
            if day == start:
                y[state] = factor * y[state] + amount
        if stop is None or start >= DAYS[-1]:
            break
        y = solve_ivp(rhs, (start, stop), y, method="LSODA", rtol=1e-10, atol=1e-12 * scale).y[:, -1]
    return np.array([found[day] for day in DAYS])


@pytest.fixture(scope="module", params=ARMS, ids=str)
def case(request):
    draws = draw_parameters(read_prior(), n_draws=1, seed=4, inclusion_probability=1.0)
    cohort = cohort_named(request.param).model_copy(update={"eligible": {}})
    patients = sample_patients(MODEL, draws, cohort, n_patients=2, seed=9)
    context = {kind: patients.context_maximum[:, place] for place, kind in enumerate(CONTEXTS)}
    treatment = treat(
        ARMS[request.param], patients.draw, model=MODEL, cause=patients.cause, patients=patients.numbers, seed=9,
        context_maximum=context,
        last_day=DAYS[-1],
    )  # fmt: skip
    parameters = patients.parameters.copy()
    for name, value in treatment.parameters.items():
        parameters[:, MODEL.parameter_names.index(name)] = value
    events = Events.joined(patients.later_events(MODEL, DAYS[-1]), treatment.events)
    reference = []
    for row in range(2):
        mine = np.flatnonzero(events.patient == row)
        listed = [(events.day[i], events.state[i], events.factor[i], events.amount[i]) for i in mine]
        reference.append(by_scipy(parameters[row], patients.entry_states[row], listed))
    return parameters, patients.entry_states, events, np.array(reference)


@pytest.mark.parametrize(("tolerance", "allowed"), [(1e-3, 1e-3), (1e-8, 1e-6)])
def test_every_state_agrees_with_lsoda(case, tolerance, allowed):
    parameters, initial, events, reference = case
    run = simulate(
        MODEL, parameters, initial, times_days=DAYS, events=events, outputs=MODEL.state_names, tolerance=tolerance
    )
    scale = np.maximum(np.array([state.scale for state in MODEL.states]), np.abs(reference))
    assert (np.abs(run.values - reference) / scale).max() < allowed


@pytest.fixture(scope="module", params=["acute_radicular", "chronic_discogenic", "stenosis"])
def dosed(request):
    """Four patients of a cohort who get cells on one day and a steroid on another, and their formula outputs."""
    draws = draw_parameters(read_prior(), n_draws=2, seed=6, inclusion_probability=1.0)
    cohort = cohort_named(request.param).model_copy(update={"eligible": {}})
    patients = sample_patients(MODEL, draws, cohort, n_patients=4, seed=11)
    rows = np.arange(len(patients.parameters))
    events = Events.joined(
        Events.every(MODEL, rows, 10.0, "anchored_epidural_cells", amount=5.0),
        Events.every(MODEL, rows, 10.0, "anchored_disc_cells", amount=10.0),
        Events.every(MODEL, rows, 60.0, "steroid_depot", amount=40.0),
    )
    reference = []
    for row in rows:
        mine = np.flatnonzero(events.patient == row)
        listed = [(events.day[i], events.state[i], events.factor[i], events.amount[i]) for i in mine]
        numbers = dict(zip(MODEL.parameter_names, patients.parameters[row], strict=True))
        states = by_scipy(patients.parameters[row], patients.entry_states[row], listed)
        felt = [MODEL.evaluate(numbers | dict(zip(MODEL.state_names, seen, strict=True))) for seen in states]
        reference.append([[visit[name] for name in OUTPUTS] for visit in felt])
    return patients, events, np.array(reference)


@pytest.mark.parametrize(("tolerance", "allowed"), [(1e-3, 1e-3), (1e-8, 1e-6)])
def test_every_formula_output_agrees_with_lsoda(dosed, tolerance, allowed):
    patients, events, reference = dosed
    run = simulate(
        MODEL, patients.parameters, patients.entry_states, times_days=DAYS, events=events, outputs=OUTPUTS,
        tolerance=tolerance,
    )  # fmt: skip
    scale = np.array([SCALES.get(name, 1.0) for name in OUTPUTS])
    assert (np.abs(run.values - reference) / scale).max() < allowed
