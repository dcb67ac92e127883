import numpy as np
import pytest

from sciatrial.foundation import CohortError, StudyError, TrialError
from sciatrial.parameters import reference_draw
from sciatrial.study import Wanted, read_study, study_size
from sciatrial.study.chain import read_inputs
from sciatrial.study.pooling import pool_characteristics, pool_key, pools_of, reference_pool
from sciatrial.trial import PatientPool, Scenario, design_of_size
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


def test_a_pool_in_a_folder_is_taken_again_by_smaller_designs(path, tmp_path, monkeypatch):
    inputs = inputs_of(path)
    made = pool_in(tmp_path, inputs, 8, 40)
    assert len(list(tmp_path.iterdir())) == 1
    monkeypatch.setattr("sciatrial.study.pooling.make_pool", None)  # nobody is simulated
    again = pool_in(tmp_path, inputs_of(path, "trial.dropout_per_year=0.3"), 6, 30)
    np.testing.assert_array_equal(again.scores, made.scores)
    with pytest.raises(TypeError):
        pool_in(tmp_path, inputs, 8, 60)
    with pytest.raises(TypeError):
        pool_in(tmp_path, inputs, 8, 40, with_truth=True)


@pytest.mark.parametrize("change", ["seed=99", "population.symptom_months=[3, 9]", "arms.cells.dose_million_cells=3"])
def test_other_patients_have_another_key(path, change):
    ours, other = inputs_of(path), inputs_of(path, change)
    keys = {pool_key(item, item.study.design, Scenario.REFERENCE, 0) for item in (ours, other)}
    assert len(keys) == 2
    same = inputs_of(path, "trial.n_total=8")
    assert pool_key(same, same.study.design, Scenario.REFERENCE, 0) in keys


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


def test_a_precision_that_nothing_reaches_is_named(path):
    with pytest.raises(StudyError, match=r"above 0 and below 0\.5"):
        study_size(read_study(path), Wanted(0.02, precision=0.7, smallest=4, largest=8))
    with pytest.raises(StudyError, match="precision"):
        study_size(read_study(path), Wanted(0.02, trials_of_each=50, precision=1e-6, smallest=4, largest=8))
