from dataclasses import replace

import numpy as np
import pytest

from sciatrial.foundation import CohortError, StudyError, TrialError
from sciatrial.parameters import reference_draw
from sciatrial.study import Wanted, read_study, study_size
from sciatrial.study.chain import read_inputs
from sciatrial.study.pooling import pool_characteristics, pool_key, pools_of, reference_pool
from sciatrial.trial import PatientPool, Scenario, design_of_size, size_in_words
from tests.study.conftest import SMALL

POOL = ("simulation.pool=true", "simulation.pool_trials=200")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    place = tmp_path_factory.mktemp("pooling") / "small.toml"
    place.write_text(SMALL, encoding="utf-8")
    return place


def inputs_of(path, *changes):
    return read_inputs(read_study(path, changes=changes))


def pool_in(folder, inputs, size, n_patients, *, with_truth=False):
    draws = reference_draw(inputs.prior, included=(), n_draws=1)
    found = list(pools_of(inputs, design_of_size(inputs.study.design, size), draws, Scenario.REFERENCE,
                          n_patients=n_patients, with_truth=with_truth, folder=folder))  # fmt: skip
    assert not isinstance(found[0], CohortError)
    return found[0]


def test_a_pool_in_a_folder_is_taken_again_by_other_designs_of_its_size_alone(path, tmp_path, monkeypatch):
    inputs = inputs_of(path)
    made = pool_in(tmp_path, inputs, 8, 40)
    assert len(list(tmp_path.iterdir())) == 1
    monkeypatch.setattr("sciatrial.study.pooling.make_pool", None)  # nobody is simulated
    again = pool_in(tmp_path, inputs_of(path, "trial.dropout_per_year=0.3"), 8, 40)
    assert again.fingerprint() == made.fingerprint()
    for size, n_patients, with_truth in ((6, 40, False), (8, 30, False), (8, 60, False), (8, 40, True)):
        with pytest.raises(TypeError):
            pool_in(tmp_path, inputs, size, n_patients, with_truth=with_truth)


def test_a_folder_full_of_other_pools_changes_no_answer(path, tmp_path):
    """Pools of a larger trial, and of more patients, once gave another answer, or one that could not be."""
    study, inputs = read_study(path), inputs_of(path)
    wanted = Wanted(0.02, trials_of_each=50, smallest=4, largest=8)
    without = study_size(study, wanted)
    pool_in(tmp_path, inputs, 12, 700)
    pool_in(tmp_path, inputs, 8, 700)
    for _ in range(2):  # made, and taken from the folder
        assert study_size(study, wanted, pools=tmp_path).fingerprint() == without.fingerprint()


@pytest.mark.parametrize("change", ["seed=99", "population.symptom_months=[3, 9]", "arms.cells.dose_million_cells=3"])
def test_other_patients_have_another_key(path, change):
    ours, other = inputs_of(path), inputs_of(path, change)
    same = inputs_of(path, "trial.dropout_per_year=0.3")

    def key(item):
        return pool_key(item, item.study.design, Scenario.REFERENCE, 0, n_patients=40, with_truth=False)

    assert key(ours) != key(other)
    assert key(same) == key(ours)


def test_a_study_that_asks_for_a_pool_has_its_characteristics(path):
    inputs = inputs_of(path, *POOL)
    pool = reference_pool(inputs)
    found = pool_characteristics(inputs, pool)
    assert found.trials["trial"].nunique() == 200
    assert np.isfinite(pool.truth).all()
    assert {"success", "bias", "coverage"} <= set(found.summary["quantity"])


def test_a_pool_that_cannot_serve_is_refused_before_anything_runs(path):
    with pytest.raises(TrialError, match="trials from a pool"):
        inputs_of(path, *POOL, "trial.visit_window_days=3")
    with pytest.raises(StudyError, match="pool_trials: has no meaning without a pool"):
        read_study(path, changes=["simulation.pool_trials=200"])


def test_a_search_goes_on_until_its_precision_is_reached(path, tmp_path):
    study = read_study(path)
    wanted = Wanted(0.02, trials_of_each=50, smallest=4, largest=8)
    rough = study_size(study, wanted)
    asked = rough.error / 2
    found = study_size(study, Wanted(0.02, trials_of_each=50, smallest=4, largest=8, precision=asked),
                       pools=tmp_path)  # fmt: skip
    assert found.error <= asked
    assert int(found.curve["n_trials"].iloc[0]) > 50
    assert PatientPool.load(sorted(tmp_path.iterdir())[0]).window == 8


def test_a_precision_that_is_missed_is_told_in_the_answer(path, monkeypatch):
    study = read_study(path)
    wanted = Wanted(0.02, trials_of_each=50, smallest=4, largest=8)
    assert "precision" not in size_in_words(study_size(study, wanted))
    monkeypatch.setattr("sciatrial.study.sizing._ROUNDS", 0)
    missed = study_size(study, replace(wanted, precision=1e-4))
    assert not missed.is_precise
    assert missed.precision == 1e-4
    assert "The precision that was asked for is not reached" in size_in_words(missed)
    assert "above 0.01%; try more trials" in repr(missed)


def test_a_precision_that_nothing_reaches_is_named(path):
    with pytest.raises(StudyError, match=r"above 0 and below 0\.5"):
        study_size(read_study(path), Wanted(0.02, precision=0.7, smallest=4, largest=8))
    with pytest.raises(StudyError, match="precision"):
        study_size(read_study(path), Wanted(0.02, trials_of_each=50, precision=1e-6, smallest=4, largest=8))
