import numpy as np
import pytest

from sciatrial.foundation import TrialError
from sciatrial.parameters import CELL_EFFECTS, reference_draw
from sciatrial.population import sample_patients
from sciatrial.trial import PatientPool, make_pool
from sciatrial.trial.conduct import conduct, score_column
from sciatrial.trial.many_looks import monitor_drawn
from sciatrial.trial.resampling import draw_trials, refuse_pool
from tests.trial.conftest import small_design

SIZE = 400


class Stopping:
    def start(self, label, total):
        self.label = label

    def advance(self, n=1):
        return self.label != "patients in every arm"

    def finish(self):
        pass


@pytest.fixture(scope="module")
def design(rescue):
    return small_design(n_total=20, rescue=rescue, dropout_per_year=0.2)


@pytest.fixture(scope="module")
def draws(prior):
    return reference_draw(prior, included=CELL_EFFECTS)


@pytest.fixture(scope="module")
def pool(model, design, draws, cohort):
    return make_pool(model, design, draws, cohort, place=0, seed=5, n_patients=SIZE)


@pytest.fixture(scope="module")
def people(model, draws, cohort, pool):
    return sample_patients(model, draws, cohort, n_patients=SIZE, seed=pool.seed, least_eligible_share=0.01)


def test_a_pool_has_every_patient_in_every_arm(pool):
    assert pool.scores.shape == pool.rescued.shape == (2, SIZE, 4)
    assert len(pool) == SIZE
    np.testing.assert_array_equal(pool.scores[0, :, 0], pool.scores[1, :, 0])
    assert pool.variance_share == 20 / SIZE


def test_a_drawn_trial_is_what_simulating_it_anew_gives(model, design, pool, people):
    drawn = draw_trials(design, pool, 0, 3)
    for trial in range(3):
        mine = drawn.patients[trial]
        anew = conduct(model, design, [people.only(mine)], [pool.seed])[0]
        column = score_column(design.endpoint.outcome)
        np.testing.assert_allclose(pool.scores[anew.assigned, mine], anew.scores[:, :, column], rtol=1e-9)
        both = anew.is_observed
        np.testing.assert_array_equal((pool.rescued[anew.assigned, mine] & both), anew.rescued)


def test_the_truth_is_of_other_patients_and_close_to_the_pools_own_mean(pool):
    apart = pool.own - pool.truth
    together = np.hypot(pool.own_errors, pool.truth_errors)
    assert (together > 0).all()
    assert (apart != 0).all()
    assert (np.abs(apart) < 4 * together).all()


def test_its_trials_vary_around_the_pools_own_mean(design, pool):
    everything = design.model_copy(update={"dropout_per_year": 0.0})
    found = monitor_drawn(everything, pool, draw_trials(everything, pool, 0, SIZE // 20))
    estimates = found.final.estimate[:, 0]
    error = estimates.std(ddof=1) / np.sqrt(len(estimates))
    assert abs(estimates.mean() - pool.own[0]) < 4 * error


def test_a_pool_is_kept_and_read_again(pool, tmp_path):
    pool.save(tmp_path / "pool")
    again = PatientPool.load(tmp_path / "pool")
    assert again.fingerprint() == pool.fingerprint()


def test_a_pool_that_was_kept_still_knows_its_design(design, pool, tmp_path):
    pool.save(tmp_path / "pool")
    again = PatientPool.load(tmp_path / "pool")
    refuse_pool(design, again, 10)
    with pytest.raises(TrialError, match="rescue: none"):
        refuse_pool(design.model_copy(update={"rescue": None}), again, 10)


def test_how_a_trial_recruits_and_loses_patients_is_not_asked_of_a_pool(model, design, draws, cohort, pool):
    conducted = small_design(
        n_total=20, rescue=design.rescue, dropout_per_year=0.2, dropout_hazard={"ratio_per_10_points": 1.5},
        accrual={"per_month": 8, "arrivals": "poisson", "sites": {"number": 4, "most_per_site": 5}},
        randomisation={"strata": ["sex", "site"]}, missing_visits={"probability": 0.2}, visit_window_days=5,
    )  # fmt: skip
    # more patients than the sites would take, and those of the plain design
    found = make_pool(model, conducted, draws, cohort, place=0, seed=5, n_patients=SIZE)
    assert found.fingerprint() == pool.fingerprint()


def test_a_pool_smaller_than_a_trial_is_named(model, design, draws, cohort):
    with pytest.raises(TrialError, match="n_patients: 10 for trials of 20"):
        make_pool(model, design, draws, cohort, place=0, seed=5, n_patients=10)


def test_whoever_waits_may_stop_it(model, design, draws, cohort):
    with pytest.raises(KeyboardInterrupt):
        make_pool(model, design, draws, cohort, place=0, seed=5, n_patients=40, progress=Stopping())
