import numpy as np
import pytest

from sciatrial.statistics.covariance import Covariance, matrices
from sciatrial.statistics.likelihood import Likelihood, evaluate
from sciatrial.statistics.moments import crossed_moments, free_moments
from tests.statistics.trials import crossed_design, trials

PARAMETERS = {
    Covariance.UNSTRUCTURED: np.array([[90.0, 50.0, 110.0, 30.0, 60.0, 95.0, 20.0, 30.0, 55.0, 120.0]]),
    Covariance.COMPOUND_SYMMETRY: np.array([[100.0, 40.0]]),
    Covariance.FIRST_ORDER_AUTOREGRESSIVE: np.array([[100.0, 0.6]]),
}
EVERY = [(structure, likelihood) for structure in Covariance for likelihood in Likelihood]


@pytest.fixture(scope="module")
def trial():
    change, arms, baseline = trials(n_trials=1, n_patients=24)
    covariates, design = crossed_design(arms, baseline - 60)
    return change, covariates, design


def written_out(change, design, sigma, likelihood):
    """The deviance from the matrices of all patients."""
    seen = np.isfinite(change).ravel()
    y, x = change.ravel()[seen], design.reshape(-1, 12)[seen]
    v = np.kron(np.eye(change.shape[1]), sigma)[np.ix_(seen, seen)]
    information = x.T @ np.linalg.solve(v, x)
    residual = y - x @ np.linalg.solve(information, x.T @ np.linalg.solve(v, y))
    deviance = np.linalg.slogdet(v)[1] + residual @ np.linalg.solve(v, residual)
    if likelihood is Likelihood.FULL:
        return deviance + len(y) * np.log(2 * np.pi)
    return deviance + np.linalg.slogdet(information)[1] + (len(y) - 12) * np.log(2 * np.pi)


@pytest.mark.parametrize(("structure", "likelihood"), EVERY)
def test_the_deviance_is_that_of_the_normal_density(trial, structure, likelihood):
    change, covariates, design = trial
    sigma = matrices(structure, PARAMETERS[structure], 4)[0]
    expected = written_out(change, design, sigma, likelihood)
    for moments in (crossed_moments(change, covariates), free_moments(change, design)):
        found = evaluate(moments, structure, PARAMETERS[structure], likelihood)
        assert found.deviance[0] == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize(("structure", "likelihood"), EVERY)
def test_score_and_observed_information_are_its_derivatives(trial, structure, likelihood):
    moments, at = crossed_moments(*trial[:2]), PARAMETERS[structure]
    found = evaluate(moments, structure, at, likelihood)
    for index, size in enumerate(1e-5 * at[0]):
        step = size * np.eye(at.shape[1])[index]
        up, down = (evaluate(moments, structure, at + sign * step, likelihood) for sign in (1, -1))
        slope = (up.deviance - down.deviance) / (2 * size)
        np.testing.assert_allclose(found.score[:, index], slope, rtol=1e-5, atol=1e-7)
        bend = (up.score - down.score) / (2 * size)
        np.testing.assert_allclose(2 * found.observed[:, index], bend, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("structure", Covariance)
def test_slopes_are_minus_the_derivatives_of_the_coefficients_information(trial, structure):
    moments, at = crossed_moments(*trial[:2]), PARAMETERS[structure]
    found = evaluate(moments, structure, at, Likelihood.RESTRICTED)
    for index, size in enumerate(1e-5 * at[0]):
        step = size * np.eye(at.shape[1])[index]
        up, down = (
            np.linalg.inv(evaluate(moments, structure, at + sign * step, Likelihood.RESTRICTED).covariance[0])
            for sign in (1, -1)
        )
        expected = (down - up) / (2 * size)
        np.testing.assert_allclose(found.slopes[0, index], expected, rtol=1e-4, atol=1e-6 * np.abs(expected).max())


def test_expected_information_is_the_mean_of_the_observed():
    """Over trials that were drawn at the parameters."""
    from tests.statistics.trials import COVARIANCE

    change, arms, baseline = trials(n_trials=400, n_patients=20, missing=0.1, seed=3)
    rows, columns = np.tril_indices(4)
    at = np.broadcast_to(COVARIANCE[rows, columns], (400, 10))
    found = evaluate(
        crossed_moments(change, crossed_design(arms, baseline)[0]),
        Covariance.UNSTRUCTURED,
        at,
        Likelihood.RESTRICTED,
    )
    difference = np.diagonal(found.observed - found.expected, axis1=1, axis2=2)
    error = difference.std(axis=0) / np.sqrt(400)
    assert (np.abs(difference.mean(axis=0)) < 4 * error).all()
