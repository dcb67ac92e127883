import numpy as np
import pytest

from sciatrial.engine import Events, follow, freeze, sensitivities, simulate
from sciatrial.foundation import SolverError

TIMES = np.array([0.0, 1.0, 4.0, 9.0])
NAMES = ("growth_rate", "steepness", "threshold", "loss_rate", "x", "y")


@pytest.fixture(scope="module")
def crowd(mixed):
    rng = np.random.default_rng(5)
    n = 40
    parameters = np.exp(rng.normal(0, 0.4, (n, 6)))
    parameters[:, 2] += 1
    parameters[:, 4] *= 0.05
    events = Events.every(mixed, np.arange(n), rng.uniform(0.5, 8, n), "y", factor=0.7, amount=0.3)
    return parameters, rng.uniform(0.3, 0.6, (n, 2)), events


def frozen(mixed, crowd, tolerance=1e-4):
    parameters, initial, events = crowd
    return freeze(mixed, parameters, initial, times_days=TIMES, events=events, outputs=["x", "y"], tolerance=tolerance)


def test_at_the_reference_the_results_are_those_of_the_solver_bit_for_bit(mixed, crowd):
    parameters, initial, events = crowd
    free = simulate(mixed, parameters, initial, times_days=TIMES, events=events, outputs=["x", "y"], tolerance=1e-4)
    followed = follow(frozen(mixed, crowd), parameters, initial)
    assert np.array_equal(followed.values, free.values)
    assert (followed.largest_error <= 1).all()


def test_steps_that_failed_on_the_way_are_not_part_of_the_mesh(stiff):
    k = [[0.04, 1e4, 3e7]]
    given = {"times_days": [0.4, 40.0, 4000.0], "outputs": ["a", "b"], "tolerance": 1e-6}
    free = simulate(stiff, k, [[1.0, 0.0, 0.0]], **given)
    mesh = freeze(stiff, k, [[1.0, 0.0, 0.0]], **given)
    assert (mesh.days != 0).sum() <= free.steps[0]
    assert np.array_equal(follow(mesh, k, [[1.0, 0.0, 0.0]]).values, free.values)


def test_far_from_the_reference_the_error_tells(mixed, crowd):
    parameters, initial, _ = crowd
    far = parameters.copy()
    far[:, 0] *= 50
    assert follow(frozen(mixed, crowd), far, initial).largest_error.max() > 10


def test_derivatives_are_those_of_the_frozen_function(mixed, crowd):
    parameters, initial, _ = crowd
    mesh = frozen(mixed, crowd)
    found = sensitivities(mesh, parameters, initial, with_respect_to=NAMES)
    rng = np.random.default_rng(1)
    direction = rng.normal(size=len(NAMES))
    columns = [(*mixed.parameter_names, *mixed.state_names).index(name) for name in NAMES]

    def along(size):
        point = np.concatenate([parameters, initial], axis=1)
        point[:, columns] += size * direction
        return follow(mesh, point[:, :6], point[:, 6:]).values

    # differences of the fourth order, with a step of their own
    size = 1e-3
    slope = (8 * (along(size) - along(-size)) - (along(2 * size) - along(-2 * size))) / (12 * size)
    assert found.derivatives @ direction == pytest.approx(slope, rel=1e-6, abs=1e-7)


def test_derivatives_of_a_tight_mesh_are_those_of_the_equations(decay):
    k = np.array([[0.3], [0.8]])
    mesh = freeze(decay, k, [[1.0]], times_days=TIMES, tolerance=1e-9)
    found = sensitivities(mesh, k, [[1.0]], with_respect_to=["elimination_rate", "drug"])
    level = 2 * np.exp(-k * TIMES)
    assert found.derivatives[:, :, 0, 0] == pytest.approx(-TIMES * level, rel=1e-6, abs=1e-9)
    assert found.derivatives[:, :, 0, 1] == pytest.approx(level, rel=1e-6, abs=1e-9)


def test_wrong_names_and_unsolved_patients_are_told(mixed, crowd, explosive):
    parameters, initial, _ = crowd
    with pytest.raises(SolverError, match="did you mean 'growth_rate'"):
        sensitivities(frozen(mixed, crowd), parameters, initial, with_respect_to=["grwth_rate"])
    with pytest.raises(SolverError, match="patient 0"):
        freeze(explosive, [[1.0]], [[1.0]], times_days=[5.0])


def test_a_patient_whose_equations_break_down_has_no_values(explosive):
    mesh = freeze(explosive, [[0.1], [0.1]], [[1.0]], times_days=[5.0], outputs=["z"])
    followed = follow(mesh, [[0.1], [900.0]], [[1.0], [1e200]])
    assert np.isfinite(followed.values[0]).all()
    assert np.isnan(followed.values[1]).all()


@pytest.mark.parametrize("n", [2, 4000])
def test_other_patients_than_those_of_the_mesh_are_refused(decay, n):
    mesh = freeze(decay, [[0.5]], [[1.0]], times_days=[0.0, 1.0])
    for do in (follow, lambda *given: sensitivities(*given, with_respect_to=["drug"])):
        with pytest.raises(SolverError, match=f"are {n}"):
            do(mesh, np.full((n, 1), 0.5), np.ones((n, 1)))


def test_what_the_caller_does_to_events_later_changes_nothing(decay):
    events = Events.every(decay, [0], 0.5, "drug", amount=1.0)
    mesh = freeze(decay, [[0.5]], [[1.0]], times_days=[0.0, 1.0], events=events)
    before = follow(mesh, [[0.5]], [[1.0]]).values
    events.amount[:] = 99.0
    assert np.array_equal(follow(mesh, [[0.5]], [[1.0]]).values, before)


def test_derivatives_by_what_is_0_have_five_digits(decay):
    events = Events.every(decay, [0], 0.5, "drug", amount=1.0)
    mesh = freeze(decay, [[0.0]], [[0.0]], times_days=[0.5, 2.5], events=events, tolerance=1e-10)
    found = sensitivities(mesh, [[0.0]], [[0.0]], with_respect_to=["elimination_rate", "drug"]).derivatives[0, :, 0]
    # seen = 2 × (start × exp(−k t) + exp(−k (t − 0.5))) after the dose
    np.testing.assert_allclose(found, [[0.0, 2.0], [-4.0, 2.0]], atol=2e-5)
