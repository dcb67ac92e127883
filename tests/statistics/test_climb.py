import numpy as np
import pytest

from sciatrial.statistics.climb import climb
from sciatrial.statistics.covariance import Covariance, matrices, start
from sciatrial.statistics.likelihood import Likelihood, evaluate
from sciatrial.statistics.moments import crossed_moments
from tests.statistics.trials import COVARIANCE, crossed_design, trials


def moments_of(n_trials=3, n_patients=40, **more):
    change, arms, baseline = trials(n_trials=n_trials, n_patients=n_patients, **more)
    return crossed_moments(change, crossed_design(arms, baseline - 60)[0])


@pytest.mark.parametrize("structure", Covariance)
def test_every_start_leads_to_the_same_summit(structure):
    moments = moments_of()
    near = start(structure, np.broadcast_to(COVARIANCE, (3, 4, 4)))
    far = start(structure, np.broadcast_to(np.diag([1e3, 1e1, 1e4, 1e2]), (3, 4, 4)))
    ends = [climb(moments, structure, at, Likelihood.RESTRICTED) for at in (near, far)]
    assert ends[0].reasons == ends[1].reasons == [""] * 3
    np.testing.assert_allclose(ends[0].parameters, ends[1].parameters, rtol=1e-6)
    np.testing.assert_allclose(ends[0].evaluation.deviance, ends[1].evaluation.deviance, rtol=1e-12)


def test_the_evaluation_is_that_of_the_parameters():
    moments = moments_of()
    at = start(Covariance.UNSTRUCTURED, np.broadcast_to(COVARIANCE, (3, 4, 4)))
    end = climb(moments, Covariance.UNSTRUCTURED, at, Likelihood.FULL)
    again = evaluate(moments, Covariance.UNSTRUCTURED, end.parameters, Likelihood.FULL)
    np.testing.assert_allclose(end.evaluation.deviance, again.deviance, rtol=1e-13)
    np.testing.assert_allclose(end.evaluation.covariance, again.covariance, rtol=1e-10)


def test_visits_that_nearly_determine_one_another_are_fitted():
    rng = np.random.default_rng(5)
    tight = 100 * 0.999 ** np.abs(np.subtract.outer(np.arange(4), np.arange(4)))
    change = rng.multivariate_normal(np.zeros(4), tight, (20, 60))
    change[rng.random(change.shape) < 0.15] = np.nan
    moments = crossed_moments(change, np.ones((20, 60, 1)))
    end = climb(
        moments, Covariance.UNSTRUCTURED, start(Covariance.UNSTRUCTURED, np.tile(tight, (20, 1, 1))), Likelihood.FULL
    )
    assert end.reasons == [""] * 20
    found = matrices(Covariance.UNSTRUCTURED, end.parameters, 4)
    assert (np.linalg.eigvalsh(found) > 0).all()


def test_a_likelihood_without_a_summit_is_told():
    moments = moments_of(n_trials=1, n_patients=5, missing=0.0)
    end = climb(moments, Covariance.UNSTRUCTURED, COVARIANCE[np.tril_indices(4)][None], Likelihood.RESTRICTED)
    assert "grows towards a covariance that is not of full rank" in end.reasons[0]
