import numpy as np
import pytest

from sciatrial.statistics.covariance import (
    Covariance,
    derivatives,
    matrices,
    n_parameters,
    second_derivatives,
    start,
)

PARAMETERS = {
    Covariance.UNSTRUCTURED: np.array([[4.0, 1.0, 5.0, 0.5, 1.5, 6.0]]),
    Covariance.COMPOUND_SYMMETRY: np.array([[4.0, 1.0]]),
    Covariance.FIRST_ORDER_AUTOREGRESSIVE: np.array([[4.0, 0.6]]),
}


def test_the_matrices_are_those_of_their_names():
    us, cs, ar = (matrices(structure, parameters, 3)[0].tolist() for structure, parameters in PARAMETERS.items())
    assert us == [[4.0, 1.0, 0.5], [1.0, 5.0, 1.5], [0.5, 1.5, 6.0]]
    assert cs == [[4.0, 1.0, 1.0], [1.0, 4.0, 1.0], [1.0, 1.0, 4.0]]
    np.testing.assert_allclose(ar, [[4.0, 2.4, 1.44], [2.4, 4.0, 2.4], [1.44, 2.4, 4.0]])


@pytest.mark.parametrize("structure", Covariance)
def test_the_derivatives_are_those_of_the_matrices(structure):
    at = PARAMETERS[structure]
    bend = second_derivatives(structure, at, 3)
    for index, unit in enumerate(1e-6 * np.eye(at.shape[1])):
        slope = (matrices(structure, at + unit, 3) - matrices(structure, at - unit, 3)) / 2e-6
        np.testing.assert_allclose(derivatives(structure, at, 3)[0, index], slope[0], atol=1e-8)
        change = (derivatives(structure, at + unit, 3) - derivatives(structure, at - unit, 3)) / 2e-6
        np.testing.assert_allclose(0.0 if bend is None else bend[0, :, index], change[0], atol=1e-7)


@pytest.mark.parametrize("structure", Covariance)
def test_one_visit_has_one_parameter_the_variance(structure):
    assert n_parameters(structure, 1) == 1
    assert matrices(structure, np.array([[7.0]]), 1).tolist() == [[[7.0]]]
    assert second_derivatives(structure, np.array([[7.0]]), 1) is None
    assert start(structure, np.array([[[7.0]]])).tolist() == [[7.0]]


@pytest.mark.parametrize("structure", Covariance)
def test_a_start_is_positive_definite_even_from_moments_that_are_not(structure):
    indefinite = np.array([[[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]]])
    found = matrices(structure, start(structure, indefinite), 3)
    assert np.linalg.eigvalsh(found).min() > 0
    assert start(structure, indefinite).shape == (1, n_parameters(structure, 3))
