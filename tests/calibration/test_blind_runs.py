from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr, t
from tests.calibration.planted import real_terms
from tests.calibration.unseen import SIZES, folder_of, prior_as_posterior, unseen_evidence

from sciatrial.calibration.arms_simulated import USUAL_PAIN
from sciatrial.calibration.blind_runs import (
    TRIALS_A_RUN,
    Simulated,
    _shifted,
    _unlikeness,
    draw_trials,
    simulate_numbers,
)
from sciatrial.calibration.blind_terms import blind_terms
from sciatrial.calibration.space import TRIAL_SHIFTS, space_of
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


def fixed(terms, *, draws=400, level=-20.0, wider=1.0):
    """Return runs in which the mechanism always says the same, and trials are so much more unlike one another."""
    is_level = terms.rows["kind"].isin(["final", "median"]).to_numpy()
    values = np.full((draws, len(terms)), level) * np.where(is_level, -2.0, 1.0)
    arms = np.ones((draws, len(terms.arms)))
    return Simulated(np.zeros(draws, dtype=int), values, values, np.full_like(values, wider), 100 * arms, 0 * arms)


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


def test_a_study_that_is_unlike_all_others_is_so_in_all_its_numbers_sampling_error_included(terms):
    exact = replace(prior_as_posterior(), spreads=np.zeros((5, 7)))
    rows = terms.rows.assign(baseline=60.0)
    known = replace(terms, rows=rows)
    usual = draw_trials(known, fixed(terms), exact, seed=1).mechanism
    unlike = draw_trials(known, fixed(terms, wider=2.0), exact, seed=1).mechanism
    mine = (rows["kind"] != "share").to_numpy()
    assert unlike[:, mine].std(axis=0) == pytest.approx(2 * usual[:, mine].std(axis=0), rel=0.02)


def test_a_new_trial_has_shifts_and_luck_of_one_t_for_each_group_and_draw():
    space, n = space_of(read_prior()), 20_000
    draws, sds = np.arange(n), np.tile([2.0, 1.0, 0.5, 1.5], (n, 1))
    wider = _unlikeness(3, "a group", draws, 5.0)
    z, duration = _shifted(space, np.zeros((n, len(space.keys))), wider[:, None] * sds, 3, "a group", draws)
    context = z[:, space.keys.index("trial_context_shift")]
    own = np.isin(space.keys, TRIAL_SHIFTS)
    assert (z[:, ~own] == 0).all()
    assert (z[:, own] != 0).all()
    for drawn, sd in ((context, 2.0), (duration, 1.5)):
        assert np.quantile(drawn, [0.05, 0.25, 0.995]) / sd == pytest.approx(t.ppf([0.05, 0.25, 0.995], 5), rel=0.1)
    # together: the squares of shifts that share a chi-square go together
    assert spearmanr(np.abs(context), np.abs(duration)).statistic > 0.1
    assert np.array_equal(_unlikeness(3, "a group", draws[:5], 5.0), wider[:5])
    assert not np.array_equal(_unlikeness(3, "another", draws[:5], 5.0), wider[:5])
    assert (_unlikeness(3, "a group", draws, np.inf) == 1).all()


def test_numbers_of_a_group_share_what_makes_it_unlike_others_and_groups_do_not(terms):
    made = simulated(terms, replace(prior_as_posterior(), freedom=5.0))
    of_group = [made.wider[:, (terms.rows["group"] == name).to_numpy()] for name in set(terms.rows["group"])]
    assert len(of_group) > 1
    assert all((part == part[:, :1]).all() for part in of_group)
    assert (of_group[0][:, 0] != of_group[1][:, 0]).all()


def test_a_study_is_simulated_alike_whoever_else_is_predicted(runs, terms):
    studies = terms.rows["study_id"].to_numpy(dtype=str)
    mine = studies == studies[-1]
    alone = simulated(terms.only(mine), prior_as_posterior())
    assert np.array_equal(alone.values, runs.values[:, mine])


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
    unlike = draw_trials(one, fixed(one, level=40.0, wider=1.5), prior_as_posterior(), seed=1).mechanism
    assert np.all(unlike == np.round(unlike / 10) * 10)
    assert unlike.std() > 1.2 * drawn.std()
