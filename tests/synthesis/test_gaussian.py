import numpy as np
import pytest

from sciatrial.synthesis.gaussian import Parts, draw, log_likelihood
from sciatrial.synthesis.sampling import libraries


@pytest.fixture(scope="module")
def parts():
    rng = np.random.default_rng(1)
    return Parts(
        y=rng.standard_normal((2, 3)),
        design=rng.standard_normal((2, 3, 2)),
        expand=np.broadcast_to(np.eye(2), (2, 2, 2)),
        mixing=np.eye(2),
        baseline=np.ones((2, 3, 1)),
        random=rng.standard_normal((2, 3, 2)),
        whiten=np.broadcast_to(np.eye(3) / 0.5, (2, 3, 3)),
        log_whiten=0.0,
        prior_sd=np.array([2.0, 3.0]),
        baseline_sd=10.0,
    )


def whole(parts):
    """The covariance of all rows, written out."""
    x = (parts.design @ parts.expand @ parts.mixing).reshape(6, 2)
    own = [100.0 * b @ b.T + r @ r.T + 0.25 * np.eye(3) for b, r in zip(parts.baseline, parts.random, strict=True)]
    study = np.zeros((6, 6))
    study[:3, :3], study[3:, 3:] = own
    return x, study, x @ np.diag(parts.prior_sd**2) @ x.T + study


def test_what_is_integrated_out_leaves_the_density_of_the_rows(parts):
    def density(these):
        covariance = whole(these)[2]
        y = these.y.ravel()
        return -0.5 * y @ np.linalg.solve(covariance, y) - 0.5 * np.linalg.slogdet(covariance)[1]

    other = parts._replace(random=2 * parts.random, y=parts.y + 1)
    libraries()
    ours = float(log_likelihood(parts)) - float(log_likelihood(other))
    assert ours == pytest.approx(density(parts) - density(other), rel=1e-10)


def test_draws_have_the_exact_conditional_mean_and_spread(parts):
    jax, _ = libraries()
    keys = jax.random.split(jax.random.PRNGKey(1), 40_000)
    drawn = jax.vmap(lambda key: draw(jax.tree.map(jax.numpy.asarray, parts), key))(keys)
    x, _, covariance = whole(parts)
    prior = np.diag(parts.prior_sd**2)
    gain = prior @ x.T @ np.linalg.inv(covariance)
    b = np.asarray(drawn["b"])
    assert b.mean(0) == pytest.approx(gain @ parts.y.ravel(), abs=0.05)
    assert np.cov(b.T) == pytest.approx(prior - gain @ x @ prior, rel=0.05, abs=0.03)
    means = covariance - 0.25 * np.eye(6)
    fitted = np.asarray(drawn["fitted"]).reshape(-1, 6)
    assert fitted.mean(0) == pytest.approx(means @ np.linalg.solve(covariance, parts.y.ravel()), abs=0.02)
    spread = means - means @ np.linalg.solve(covariance, means)
    assert np.cov(fitted.T) == pytest.approx(spread, abs=0.02)
