"""The simulator itself is asked what cells do, and what it says weighs the draws."""

from dataclasses import replace

import numpy as np
import pytest
from tests.calibration.small import prior_of_small, small_calibration

from sciatrial.calibration.cells import CellDraws, _plan, as_the_simulator_says, cell_draws
from sciatrial.calibration.ensemble import BLOCK
from sciatrial.calibration.questions import CARRIER
from sciatrial.foundation import CalibrationError, SilentProgress
from sciatrial.parameters import CELL_EFFECTS

N = 40


class StopsAtOnce(SilentProgress):
    """Asks to stop after the first block."""

    def advance(self, n=1):
        return False


@pytest.fixture(scope="module")
def prior():
    return prior_of_small(N)


@pytest.fixture(scope="module")
def unweighted(prior):
    return cell_draws(small_calibration(), prior, n_draws=N, workers=2)


@pytest.fixture(scope="module")
def weighted(prior):
    return cell_draws(small_calibration(), prior, n_draws=N, mask=small_calibration().mask, workers=2)


def test_a_posterior_that_has_seen_nothing_is_not_weighed(unweighted):
    assert (unweighted.weights == 1 / N).all()
    assert np.isnan(unweighted.pareto_k)


def test_where_no_mechanism_is_there_cells_are_their_carrier(unweighted):
    none = np.flatnonzero(~unweighted.present.any(axis=1))
    mine = unweighted.drawn[unweighted.drawn["against"] == CARRIER]
    assert len(none)
    assert mine[mine["draw"].isin(none)]["difference"].abs().max() < 0.5
    assert mine[~mine["draw"].isin(none)]["difference"].abs().max() > 1


def test_weights_are_a_distribution_and_the_same_cells_are_simulated(weighted, unweighted):
    assert weighted.weights.sum() == pytest.approx(1)
    assert weighted.weights.std() > 0
    assert 1 <= weighted.effective_size <= N
    assert weighted.drawn.equals(unweighted.drawn)


def test_only_arms_of_cells_that_something_stands_beside_have_a_say():
    calibration = small_calibration()
    plan, terms = _plan(calibration, single_arms=False)
    rows = calibration.terms.rows.iloc[terms]
    assert rows["is_cells"].all()
    assert set(rows["study_id"]) == {"amirdelfan2021", "levi2025", "noriega2017"}
    everywhere = _plan(calibration, single_arms=True)[1]
    assert set(calibration.terms.rows.iloc[everywhere]["study_id"]) - set(rows["study_id"]) == {"orozco2011"}
    # what the questions ask stands behind them, in the same patients
    assert plan.terms.rows["study_id"].iloc[: len(terms)].tolist() == rows["study_id"].tolist()


def test_an_emulator_that_says_what_the_simulator_says_leaves_the_weights_even(prior, monkeypatch):
    """Both likelihoods are computed by the same words, and differ by what cells do alone."""
    from sciatrial.calibration import cells

    calibration = small_calibration()
    same = replace(calibration, base=calibration.problem.emulator)
    monkeypatch.setattr(cells, "fitted_scale", lambda is_share, values: np.zeros_like(values))
    monkeypatch.setattr(type(same.base), "with_luck", lambda self, luck, place: self)
    made = cell_draws(same, prior, n_draws=N, mask=calibration.mask, workers=2)
    assert made.weights == pytest.approx(np.full(N, 1 / N))


def failing(monkeypatch, which):
    """Let the simulator fail at some draws."""
    from sciatrial.calibration import cells

    real = cells.run_ensemble

    def run(*args, **words):
        runs = real(*args, **words)
        runs.values[which] = np.nan
        return runs

    monkeypatch.setattr(cells, "run_ensemble", run)


@pytest.mark.parametrize("is_weighed", [True, False])
def test_draws_at_which_the_simulator_fails_are_counted_and_no_answer_has_them(prior, monkeypatch, is_weighed):
    failing(monkeypatch, [0, 5, 7])
    made = cell_draws(
        small_calibration(), prior, n_draws=N, mask=small_calibration().mask if is_weighed else None, workers=2
    )
    assert made.n_failed == 3
    assert (made.weights[[0, 5, 7]] == 0).all()
    assert made.weights.sum() == pytest.approx(1)
    assert not np.isin(made.resampled(500, 1), [0, 5, 7]).any()
    assert (made.answers()["n_failed"] == 3).all()
    assert np.isfinite(made.answers()["median"]).all()


def test_a_simulator_that_fails_at_every_draw_is_an_error(prior, monkeypatch):
    failing(monkeypatch, slice(None))
    with pytest.raises(CalibrationError, match="failed in the simulator, all 40"):
        cell_draws(small_calibration(), prior, n_draws=N)


def test_an_interrupted_look_at_draws_goes_on_where_it_was(prior, weighted, tmp_path):
    how = {"n_draws": N, "mask": small_calibration().mask, "folder": tmp_path}
    with pytest.raises(KeyboardInterrupt):
        cell_draws(small_calibration(), prior, **how, progress=StopsAtOnce())
    (folder,) = tmp_path.iterdir()
    kept = {file.name: file.stat().st_mtime_ns for file in folder.iterdir()}
    assert len(kept) == 1
    made = cell_draws(small_calibration(), prior, **how)
    assert made.drawn.equals(weighted.drawn)
    assert {name: (folder / name).stat().st_mtime_ns for name in kept} == kept
    assert len(list(folder.iterdir())) == N / BLOCK
    # other arms, or other draws, are kept elsewhere
    cell_draws(small_calibration(), prior, **{**how, "n_draws": 5})
    assert len(list(tmp_path.iterdir())) == 2


def test_draws_come_as_often_as_their_weight_says(weighted):
    places = weighted.resampled(1000, 3)
    share = np.bincount(places, minlength=N) / 1000
    assert share == pytest.approx(weighted.weights, abs=0.0011)


def test_a_sample_by_the_simulator_carries_what_cells_change_in_each_draw(prior, weighted):
    sample, changed = as_the_simulator_says(prior, weighted, 200, 3)
    columns = [small_calibration().space.groups.index(group) for group in CELL_EFFECTS]
    none = ~sample.flat("present")[:, columns].any(axis=1)
    assert sample.flat("z").shape[0] == len(changed) == 200
    assert (changed[none] == 0).all()
    assert np.abs(changed[~none]).max() > 1


def test_answers_tell_the_chance_of_no_effect_with_its_error():
    flags = np.zeros((100, len(CELL_EFFECTS)), dtype=bool)
    flags[:80, 0] = True
    nothing = np.zeros((100, 0))
    made = CellDraws(
        np.arange(100), np.full(100, 0.01), small_answers(100), flags, 0.3, np.zeros(0, dtype=int), nothing, 3
    )
    table = made.answers()
    assert (table["n_failed"] == 3).all()
    assert (table["n_draws"] == 100).all()
    assert table["no_cell_effect"].iloc[0] == pytest.approx(0.2)
    assert table["no_cell_effect_error"].iloc[0] == pytest.approx(0.04)
    assert table[f"{CELL_EFFECTS[0]} present"].iloc[0] == pytest.approx(0.8)


def small_answers(n):
    import pandas as pd

    told = {"question": "one", "month": 12.0, "against": CARRIER, "draw": np.arange(n), "difference": np.zeros(n)}
    return pd.DataFrame(told)
