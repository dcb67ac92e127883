"""Gradients against those of JAX, through the same steps of the same laws, written here a second time."""

from dataclasses import replace

import numpy as np
import pytest

from sciatrial.engine import Events, differentiable, follow, freeze, sensitivities, simulate
from sciatrial.engine import rosenbrock as method
from sciatrial.foundation import SolverError
from sciatrial.model import sciatica_model
from sciatrial.parameters import CELL_EFFECTS, read_prior, reference_draw
from sciatrial.population import cohort_named, sample_patients

jax = pytest.importorskip("jax")
jax.config.update("jax_enable_x64", True)
jnp = jax.numpy


class Number:
    """A number of JAX that the laws can be called with."""

    __array_ufunc__ = None

    def __init__(self, value):
        self.value = value

    def _with(self, other, operation):
        return Number(operation(self.value, other.value if isinstance(other, Number) else other))

    def __add__(self, other):
        return self._with(other, lambda a, b: a + b)

    __radd__ = __add__

    def __sub__(self, other):
        return self._with(other, lambda a, b: a - b)

    def __rsub__(self, other):
        return self._with(other, lambda a, b: b - a)

    def __mul__(self, other):
        return self._with(other, lambda a, b: a * b)

    __rmul__ = __mul__

    def __truediv__(self, other):
        return self._with(other, lambda a, b: a / b)

    def __rtruediv__(self, other):
        return self._with(other, lambda a, b: b / a)

    def __neg__(self):
        return Number(-self.value)

    def __pow__(self, n):
        return Number(self.value**n)

    def exp(self):
        return Number(jnp.exp(self.value))

    def log(self):
        return Number(jnp.log(self.value))

    def power(self, n):
        n = n.value if isinstance(n, Number) else n
        base = jnp.where(self.value > 0, self.value, 1.0)
        return Number(jnp.where(self.value > 0, base**n, 0.0))

    def positive_part(self):
        return Number(jnp.where(self.value > 0, self.value, 0.0))


def by_jax(model, mesh, row, columns):
    """Return the course of one patient (dims ``visit, output``) as a function of chosen numbers, by dense algebra."""
    names = (*model.parameter_names, *model.state_names)
    n_parameters = len(model.parameters)
    point = np.concatenate([mesh.batch.parameters[row], mesh.batch.initial[row]])
    steps = mesh.days[row][mesh.days[row] != 0]
    events = mesh.batch.events
    mine = [i for i in np.argsort(events.day, kind="stable") if events.patient[i] == row]
    factor = np.ones((len(steps) + 1, len(model.states)))
    amount = np.zeros_like(factor)
    ends = np.concatenate([[0.0], np.cumsum(np.abs(steps))])
    for i in mine:
        at = int(np.argmin(np.abs(ends - events.day[i])))
        assert abs(ends[at] - events.day[i]) < 1e-6
        factor[at, events.state[i]] *= events.factor[i]
        amount[at, events.state[i]] = amount[at, events.state[i]] * events.factor[i] + events.amount[i]
    seen = [int(np.argmin(np.abs(ends - day))) for day in mesh.batch.times[row]]

    def values(y, p):
        numbers = [p[i] for i in range(n_parameters)] + [y[i] for i in range(len(model.states))]
        return {name: Number(value) for name, value in zip(names, numbers, strict=True)}

    def rates(y, p):
        return jnp.stack(
            [jnp.asarray(getattr(rate, "value", rate)) + 0.0 for rate in model.rates(values(y, p)).values()]
        )

    def outputs(y, p):
        named = values(y, p)
        found = named | model.evaluate(named)
        return jnp.stack([found[name].value for name in mesh.outputs])

    a = ((), (method.A21,), (method.A31, method.A32), (method.A41, method.A42, method.A43))
    a5 = (method.A51, method.A52, method.A53, method.A54)
    a = (*a, a5, (*a5, 1.0), (*a5, 1.0, 1.0))
    c = ((), (method.C21,), (method.C31, method.C32), (method.C41, method.C42, method.C43))
    c = (*c, (method.C51, method.C52, method.C53, method.C54))
    c = (*c, (method.C61, method.C62, method.C63, method.C64, method.C65))

    def course(chosen):
        whole = jnp.asarray(point).at[np.array(columns)].set(chosen)
        p, y0 = whole[:n_parameters], whole[n_parameters:]

        def one(y, given):
            h, scale, more = given
            jacobian = jax.jacfwd(rates)(y, p)
            system = jax.scipy.linalg.lu_factor(jnp.eye(len(y)) / (h * method.GAMMA) - jacobian)
            u = []
            for stage in range(6):
                at = y + sum((x * v for x, v in zip(a[stage], u, strict=True)), jnp.zeros_like(y))
                right = rates(at, p) + sum((x / h * v for x, v in zip(c[stage], u, strict=True)), jnp.zeros_like(y))
                u.append(jax.scipy.linalg.lu_solve(system, right))
            new = y + sum(x * v for x, v in zip(a[6], u, strict=True))
            return scale * new + more, outputs(new, p)

        start = factor[0] * y0 + amount[0]
        _, seen_at = jax.lax.scan(one, start, (jnp.abs(steps), factor[1:], amount[1:]))
        every = jnp.concatenate([outputs(y0, p)[None], seen_at])
        return every[np.array(seen)]

    return course, point[list(columns)]


@pytest.fixture(scope="module")
def patients():
    model = sciatica_model()
    found = sample_patients(
        model,
        reference_draw(read_prior(), included=CELL_EFFECTS),
        cohort_named("chronic_radicular"),
        n_patients=6,
        seed=4,
    )
    events = Events.joined(
        Events.every(model, np.arange(6), 3.0, "anchored_epidural_cells", amount=8.0),
        Events.every(model, np.arange(6), 40.0, "steroid_depot", factor=0.5, amount=30.0),
    )
    mesh = freeze(
        model, found.parameters, found.entry_states, times_days=[0.0, 14.0, 90.0, 180.0], events=events,
        outputs=["leg_pain", "disability"], tolerance=1e-4,
    )  # fmt: skip
    return model, mesh


NAMES = (
    "firing_decay_rate",
    "consolidation_rate",
    "mediators_for_half_firing",
    "anchored_epidural_cell_loss_rate",
    "herniated_volume",
)


def chosen_names(model):
    known = (*model.parameter_names, *model.state_names)
    return tuple(name for name in NAMES if name in known)


def largest_difference(model, mesh, row, names):
    """Return how far derivatives are from those of JAX: change of an output by a relative change of each number."""
    known = (*model.parameter_names, *model.state_names)
    ours = sensitivities(mesh, mesh.batch.parameters, mesh.batch.initial, with_respect_to=names)
    course, at = by_jax(model, mesh, row, [known.index(name) for name in names])
    theirs, values = jax.jit(jax.jacfwd(lambda chosen: 2 * (course(chosen),), has_aux=True))(at)
    assert ours.values[row] == pytest.approx(np.asarray(values), rel=1e-9, abs=1e-9)
    return float(np.abs((ours.derivatives[row] - theirs) * at).max() / np.abs(theirs * at).max())


def test_gradients_are_those_of_jax(mixed):
    # benchmarks/bench_gradients.py does this for the real model, which JAX takes a minute to compile
    rng = np.random.default_rng(2)
    parameters = np.exp(rng.normal(0, 0.2, (3, 6))) * [1, 1, 2, 1, 0.05, 0.3]
    events = Events.joined(
        Events.every(mixed, np.arange(3), 2.5, "y", factor=0.5, amount=0.2),
        Events.every(mixed, np.arange(3), 2.5, "x", amount=0.1),
    )
    mesh = freeze(
        mixed, parameters, rng.uniform(0.3, 0.6, (3, 2)), times_days=[0.0, 1.0, 4.0], events=events, outputs=["x", "y"]
    )
    for row in range(3):
        assert largest_difference(mixed, mesh, row, (*mixed.parameter_names, "x", "y")) < 1e-7


def test_the_frozen_function_is_smooth_where_the_free_one_jumps(patients):
    model, mesh = patients
    n, batch = 401, mesh.batch
    rows = np.repeat(np.arange(len(batch.initial)), n)
    many = batch.parameters[rows]
    many[:, model.parameter_names.index("firing_decay_rate")] *= np.tile(np.linspace(0.8, 1.25, n), len(batch.initial))
    events = Events.joined(
        *(replace(batch.events.of(rows[i : i + 1]), patient=np.full(2, i)) for i in range(len(rows)))
    )
    given = {"times_days": batch.times[0], "events": events, "outputs": ["leg_pain"], "tolerance": mesh.tolerance}
    free = simulate(model, many, batch.initial[rows], **given).values[:, -1, 0].reshape(-1, n)
    # everybody follows the steps of the middle of their row
    middle = freeze(model, batch.parameters[rows], batch.initial[rows], **given)
    frozen = follow(middle, many, batch.initial[rows]).values[:, -1, 0].reshape(-1, n)
    third = [np.abs(np.diff(course, 3, axis=1)).max() for course in (free, frozen)]
    assert third[0] > 1e-6
    assert third[1] < 1e-3 * third[0]


def test_jax_differentiates_a_loss_through_the_engine(patients):
    model, mesh = patients
    names = chosen_names(model)
    run = differentiable(mesh, with_respect_to=names)
    columns = [(*model.parameter_names, *model.state_names).index(name) for name in names]
    at = np.concatenate([mesh.batch.parameters, mesh.batch.initial], axis=1)[:, columns]

    def loss(chosen):
        return jnp.mean((run(chosen)[:, 1:, 0] - 30.0) ** 2)

    value, gradient = jax.jit(jax.value_and_grad(loss))(at)
    done = sensitivities(mesh, mesh.batch.parameters, mesh.batch.initial, with_respect_to=names)
    away = done.values[:, 1:, 0] - 30.0
    assert float(value) == pytest.approx((away**2).mean(), rel=1e-12)
    expected = 2 * (away[..., None] * done.derivatives[:, 1:, 0]).sum(axis=1) / away.size
    assert np.asarray(gradient) == pytest.approx(expected, rel=1e-9)


def test_a_batch_of_values_is_mapped(patients):
    model, mesh = patients
    run = differentiable(mesh, with_respect_to=["firing_decay_rate"])
    column = model.parameter_names.index("firing_decay_rate")
    at = mesh.batch.parameters[:, [column]]
    many = jax.vmap(run)(jnp.stack([at, 1.1 * at]))
    assert np.array_equal(np.asarray(many[1]), np.asarray(run(1.1 * at)))


def test_a_sampler_that_runs_astray_is_told_by_numbers_that_are_none(patients):
    model, mesh = patients
    names = ["firing_decay_rate", "consolidation_rate"]
    columns = [model.parameter_names.index(name) for name in names]
    at = mesh.batch.parameters[:, columns].copy()
    good = np.asarray(differentiable(mesh, with_respect_to=names)(at))
    at[1, 0], at[2, 1], at[3, 0] = np.nan, np.inf, 100 * at[3, 0]
    run = differentiable(mesh, with_respect_to=names, largest_error=10.0)
    values = np.asarray(run(at))
    gradient = np.asarray(jax.grad(lambda chosen: run(chosen)[0, -1, 0])(at))
    assert np.isnan(values[1:4]).all()
    assert np.array_equal(values[[0, 4, 5]], good[[0, 4, 5]])
    assert gradient[0, 0] != 0


@pytest.mark.parametrize("shape", [(2,), (5, 2), (6, 3), (1, 2)])
def test_an_array_of_another_shape_is_refused_and_so_is_a_name_given_twice(patients, shape):
    _, mesh = patients
    run = differentiable(mesh, with_respect_to=["firing_decay_rate", "consolidation_rate"])
    with pytest.raises(SolverError, match="has shape"):
        run(jnp.ones(shape))
    with pytest.raises(SolverError, match="is named twice"):
        differentiable(mesh, with_respect_to=["firing_decay_rate"] * 2)


def test_what_is_missing_or_wrong_is_told(patients, monkeypatch):
    _, mesh = patients
    with pytest.raises(SolverError, match="did you mean 'firing_decay_rate'"):
        differentiable(mesh, with_respect_to=["firing_decay_rat"])
    jax.config.update("jax_enable_x64", False)
    try:
        with pytest.raises(SolverError, match="jax_enable_x64"):
            differentiable(mesh, with_respect_to=["firing_decay_rate"])
    finally:
        jax.config.update("jax_enable_x64", True)
    monkeypatch.setitem(__import__("sys").modules, "jax", None)
    with pytest.raises(SolverError, match=r"pip install -e '\.\[jax\]'"):
        differentiable(mesh, with_respect_to=["firing_decay_rate"])
