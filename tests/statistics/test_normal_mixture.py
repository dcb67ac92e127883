import numpy as np
import pytest
from scipy import stats

from sciatrial.foundation import TrialError
from sciatrial.statistics.normal_mixture import NormalMixture, mixture_quantile, updated_mixture

HEAVY = NormalMixture((0.7, 0.1, 0.2), (5.0, -20.0, 5.0), (2.0, 5.0, 25.0))


def test_the_density_integrates_to_one_and_gives_the_moments():
    points, steps = HEAVY.nodes()
    mass = steps * HEAVY.density(points)
    assert mass.sum() == pytest.approx(1, abs=1e-12)
    assert mass @ points == pytest.approx(HEAVY.mean)
    assert mass @ (points - HEAVY.mean) ** 2 == pytest.approx(HEAVY.sd**2)


def test_quantiles_are_where_that_much_lies_below():
    for share in (0.001, 0.025, 0.5, 0.9):
        assert HEAVY.below(HEAVY.quantile(share)) == pytest.approx(share, abs=1e-12)
    many = mixture_quantile(0.3, *(np.tile(part, (4, 1)) for part in HEAVY.parts))
    assert many == pytest.approx(np.full(4, HEAVY.quantile(0.3)))


def test_the_score_is_the_slope_of_the_log_density():
    at = np.array([-30.0, -1.0, 4.0, 60.0])
    slope = (HEAVY.log_density(at + 1e-5) - HEAVY.log_density(at - 1e-5)) / 2e-5
    assert HEAVY.score(at) == pytest.approx(slope, rel=1e-6)


def test_the_posterior_is_prior_times_likelihood():
    posterior = HEAVY.given(-3.0, 4.0)
    points, steps = HEAVY.nodes()
    raw = steps * HEAVY.density(points) * stats.norm.pdf(-3, points, 4)
    at = np.array([-8.0, 0.0, 4.0])
    below = np.array([raw[points < value].sum() for value in at]) / raw.sum()
    assert posterior.mean == pytest.approx(raw @ points / raw.sum(), rel=1e-6)
    assert posterior.below(at) == pytest.approx(below, abs=0.02)  # the sum cuts a panel in two
    weights, means, sds = updated_mixture(HEAVY, np.array([-3.0, 50.0]), 4.0)
    assert weights.shape == (2, 3)
    assert weights[0] == pytest.approx(posterior.weights)
    assert means[0] == pytest.approx(posterior.means)
    assert sds[0] == pytest.approx(posterior.sds)


def test_an_estimate_that_no_component_expects_still_leaves_a_posterior():
    posterior = HEAVY.given(2000.0, 0.5)
    assert sum(posterior.weights) == pytest.approx(1)
    assert posterior.mean == pytest.approx(2000, abs=2)


def test_a_vague_part_takes_its_weight_from_the_others():
    robust = NormalMixture((1.0,), (3.0,), (2.0,)).with_vague_part(0.25, 3.0, 20.0)
    assert robust.weights == (0.75, 0.25)
    assert HEAVY.with_vague_part(0.0, 0.0, 1.0) is HEAVY
    assert HEAVY.with_vague_part(1.0, 0.0, 9.0) == NormalMixture((1.0,), (0.0,), (9.0,))


def test_a_surprise_is_one_in_the_middle_and_small_far_out():
    prior = NormalMixture((1.0,), (0.0,), (3.0,))
    assert prior.surprise(0.0, 4.0) == pytest.approx(1)
    assert prior.surprise(-9.8, 4.0) == pytest.approx(0.05, abs=1e-3)
    assert prior.surprise(9.8, 4.0) == pytest.approx(prior.surprise(-9.8, 4.0))


def test_negative_values_mirror_the_mixture():
    assert HEAVY.negated().below(-HEAVY.quantile(0.2)) == pytest.approx(0.8)


def test_a_mixture_of_many_components_is_integrated_as_well():
    sds = np.geomspace(1, 30, 300)
    many = NormalMixture((1 / 300,) * 300, tuple(np.linspace(-1, 1, 300).tolist()), tuple(sds.tolist()))
    points, steps = many.nodes()
    assert steps @ many.density(points) == pytest.approx(1, abs=1e-9)
    assert len(points) < 5000


def test_everything_wrong_with_a_mixture_is_told():
    with pytest.raises(TrialError, match=r"sum to 0\.9") as error:
        NormalMixture((0.5, 0.4), (0.0, 1.0), (1.0, 0.0))
    assert len(error.value.problems) == 2
    with pytest.raises(TrialError, match="as many of each"):
        NormalMixture((1.0,), (0.0, 1.0), (1.0,))
    with pytest.raises(TrialError, match="not finite"):
        NormalMixture((1.0,), (np.nan,), (1.0,))
