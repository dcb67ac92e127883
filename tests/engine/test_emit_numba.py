import math

import numpy as np
import pytest

from sciatrial.engine.emit_numba import emit
from sciatrial.engine.trace import trace


def kernels(model):
    """Run the generated text as plain Python."""
    made = emit(trace(model))
    space = {"math": math, "kernel": lambda signature: lambda function: function}
    exec(made.source, space)
    return made, space


def test_kernels_compute_the_rates_of_the_laws(mixed):
    made, k = kernels(mixed)
    y, p = np.array([0.4, 0.3]), np.array([1.2, 0.5, 2.5, 3.0, 0.1, 0.7])
    c, f = np.zeros(made.n_constants), np.zeros(2)
    k["fill_constants"](p, c)
    k["rates"](y, c, f)
    values = dict(zip((*mixed.state_names, *mixed.parameter_names), [*y, *p], strict=True))
    assert f == pytest.approx(list(mixed.rates(values).values()), rel=1e-13)


def test_factorising_and_solving_inverts_the_matrix_of_a_step(mixed):
    made, k = kernels(mixed)
    y, p = np.array([0.4, 0.3]), np.array([1.2, 0.5, 2.5, 3.0, 0.1, 0.7])
    c, f, j, a = np.zeros(made.n_constants), np.zeros(2), np.zeros(made.n_entries), np.zeros(made.n_entries)
    k["fill_constants"](p, c)
    k["rates_and_jacobian"](y, c, f, j)
    matrix = np.zeros((2, 2))
    for column in range(2):
        step = np.zeros(2)
        step[column] = 1e-6
        ahead, behind = np.zeros(2), np.zeros(2)
        k["rates"](y + step, c, ahead)
        k["rates"](y - step, c, behind)
        matrix[:, column] = -(ahead - behind) / 2e-6
    d = 40.0
    right = np.array([1.0, -2.0])
    x = right.copy()
    k["factorise"](j, d, a)
    k["solve"](a, x)
    assert (matrix + d * np.eye(2)) @ x == pytest.approx(right, rel=1e-7)


def test_what_depends_on_parameters_only_is_computed_once_a_patient(mixed):
    made, _ = kernels(mixed)
    rates = made.source.split("def rates(")[1].split("def ")[0]
    assert made.n_constants > 0
    assert "p[" not in rates


def test_outputs_are_those_of_the_formulas(decay):
    made, k = kernels(decay)
    o = np.zeros(made.n_outputs)
    k["outputs"](np.array([1.5]), np.zeros(made.n_constants), o)
    assert o.tolist() == [3.0]
