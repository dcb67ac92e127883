import numpy as np
import pytest

from sciatrial.statistics.moments import crossed_moments, free_moments
from tests.statistics.trials import crossed_design, trials


@pytest.fixture(scope="module")
def both():
    change, arms, baseline = trials(n_trials=3, n_patients=30)
    change[0, :4] = np.nan
    covariates, design = crossed_design(arms, baseline)
    return crossed_moments(change, covariates), free_moments(change, design), change, design


def weights(moments, which=2):
    masks = moments.seen
    random = np.random.default_rng(3).standard_normal((*masks.shape, which, masks.shape[-1]))
    return random * masks[..., None, None] * masks[:, :, None, None]


def test_every_patient_is_counted_in_one_pattern(both):
    crossed, _, change, _ = both
    assert crossed.count.sum(axis=1).tolist() == [30.0] * 3
    attended = (crossed.count[..., None] * crossed.seen).sum(axis=1)
    np.testing.assert_array_equal(attended, np.isfinite(change).sum(axis=1))


def test_crossed_moments_answer_as_those_of_the_whole_design(both):
    crossed, free, _, _ = both
    w, masks = weights(crossed), crossed.seen[..., None] * crossed.seen[:, :, None]
    rng = np.random.default_rng(4)
    covariance, coefficients = rng.standard_normal((3, 12, 12)), rng.standard_normal((3, 12))
    covariance = covariance + covariance.swapaxes(1, 2)
    np.testing.assert_allclose(crossed.information(w), free.information(w), rtol=1e-9)
    np.testing.assert_allclose(crossed.side(w), free.side(w), rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(crossed.spread(covariance) * masks, free.spread(covariance), rtol=1e-8, atol=1e-6)
    np.testing.assert_allclose(
        crossed.residual(coefficients) * masks, free.residual(coefficients), rtol=1e-8, atol=1e-6
    )


def test_they_are_the_sums_over_patients(both):
    crossed, _, change, design = both
    coefficients = np.random.default_rng(5).standard_normal((3, 12))
    residual = np.where(np.isfinite(change), change - np.einsum("tpvc,tc->tpv", design, coefficients), 0.0)
    masks = crossed.seen[..., None] * crossed.seen[:, :, None]
    found = (crossed.residual(coefficients) * masks).sum(axis=1)
    np.testing.assert_allclose(found, np.einsum("tpv,tpw->tvw", residual, residual), rtol=1e-9)


def test_chosen_trials_keep_their_moments(both):
    for moments in both[:2]:
        some = moments.chosen(np.array([2]))
        w = weights(moments)
        np.testing.assert_array_equal(some.count[0], moments.count[2])
        np.testing.assert_allclose(some.information(w[2:])[0], moments.information(w)[2], rtol=1e-12)
