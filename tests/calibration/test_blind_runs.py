from dataclasses import replace

import numpy as np
import pytest
from tests.calibration.planted import real_terms
from tests.calibration.unseen import SIZES, folder_of, prior_as_posterior, unseen_evidence

from sciatrial.calibration.arms_simulated import USUAL_PAIN
from sciatrial.calibration.blind_runs import TRIALS_A_RUN, Simulated, draw_trials, simulate_numbers
from sciatrial.calibration.blind_terms import blind_terms
from sciatrial.evidence import read_blinded
from sciatrial.foundation import CalibrationError, Cause
from sciatrial.parameters import CELL_EFFECTS, read_prior


@pytest.fixture(scope="module")
def terms(tmp_path_factory):
    folder = folder_of(unseen_evidence(), tmp_path_factory.mktemp("unseen") / "tables")
    return blind_terms(read_blinded(folder), real_terms()).terms


def simulated(terms, posterior, **words):
    from sciatrial.foundation import silent

    usual = dict.fromkeys(Cause, USUAL_PAIN)
    how = {"n_draws": 3, "seed": 5, "usual": usual, "sizes": SIZES, "workers": 1, "progress": silent}
    return simulate_numbers(terms, posterior, read_prior(), **{**how, **words})


@pytest.fixture(scope="module")
def runs(terms):
    return simulated(terms, prior_as_posterior())


def fixed(terms, *, draws=400, level=-20.0):
    """Return runs in which the mechanism always says the same."""
    is_level = terms.rows["kind"].isin(["final", "median"]).to_numpy()
    values = np.full((draws, len(terms)), level) * np.where(is_level, -2.0, 1.0)
    arms = np.ones((draws, len(terms.arms)))
    return Simulated(np.zeros(draws, dtype=int), values, values, 100 * arms, 0 * arms)


def test_every_number_of_every_draw_is_simulated(runs, terms):
    assert runs.values.shape == (3, len(terms))
    assert np.isfinite(runs.values).all()


def test_the_numbers_are_the_same_whatever_the_number_of_processes(runs, terms):
    other = simulated(terms, prior_as_posterior(), workers=2)
    assert np.array_equal(other.values, runs.values)
    assert np.array_equal(other.without_cells, runs.without_cells)


def test_without_an_effect_of_cells_nothing_but_arms_with_cells_moves(runs, terms):
    cells = terms.rows["is_cells"].to_numpy(dtype=bool)
    posterior = prior_as_posterior()
    places = [posterior.groups.index(group) for group in CELL_EFFECTS]
    has_effect = posterior.included[runs.draw][:, places].any(axis=1)
    moved = runs.values != runs.without_cells
    assert not moved[:, ~cells].any()
    assert not moved[~has_effect].any()
    assert moved[has_effect][:, cells].any()


def test_a_posterior_of_another_prior_table_is_refused(terms):
    other = replace(prior_as_posterior(), values=prior_as_posterior().values * 1.1)
    with pytest.raises(CalibrationError, match="another prior table"):
        simulated(terms, other)


def test_a_posterior_with_another_discrepancy_is_refused(terms):
    other = replace(prior_as_posterior(), columns=("pain",))
    with pytest.raises(CalibrationError, match="another discrepancy"):
        draw_trials(terms, fixed(terms), other, seed=1)


def test_sampling_error_is_that_of_the_patients(terms):
    exact = replace(prior_as_posterior(), spreads=np.zeros((5, 7)))
    rows = terms.rows.assign(baseline=60.0)  # what is not printed at entry would add its own doubt
    drawn = draw_trials(replace(terms, rows=rows), fixed(terms), exact, seed=1).mechanism
    assert len(drawn) == 400 * TRIALS_A_RUN
    assert drawn.std(axis=0) == pytest.approx(rows["se"].to_numpy(), rel=0.1)


def test_discrepancy_moves_predictions_and_is_told(terms):
    posterior = prior_as_posterior()
    # far from the ends of the scale, where nothing is cut off
    posterior = replace(posterior, spreads=np.full_like(posterior.spreads, 0.5))
    worse = replace(posterior, discrepancy=np.full_like(posterior.discrepancy, 2.0))
    without = draw_trials(terms, fixed(terms), posterior, seed=1)
    with_it = draw_trials(terms, fixed(terms), worse, seed=1)
    assert np.all(without.from_discrepancy == 0)
    assert np.all(with_it.from_discrepancy != 0)
    assert with_it.mechanism.mean(axis=0) - without.mechanism.mean(axis=0) == pytest.approx(with_it.from_discrepancy)


def test_the_luck_of_a_study_does_not_depend_on_who_else_is_predicted(terms):
    studies = terms.rows["study_id"].to_numpy()
    mine = studies == studies[-1]
    alone = replace(terms, rows=terms.rows[mine].reset_index(drop=True))
    of_both = draw_trials(terms, fixed(terms), prior_as_posterior(), seed=1).mechanism[:, mine]
    assert draw_trials(alone, fixed(alone), prior_as_posterior(), seed=1).mechanism == pytest.approx(of_both)


def test_responders_are_counted_among_the_patients(terms):
    rows = terms.rows.head(1).assign(kind="share", rule="responder_50pct_pain", n=10.0)
    one = replace(terms, rows=rows)
    drawn = draw_trials(one, fixed(one, level=40.0), prior_as_posterior(), seed=1).mechanism
    assert np.all(drawn == np.round(drawn / 10) * 10)
    assert 20 < drawn.mean() < 60
