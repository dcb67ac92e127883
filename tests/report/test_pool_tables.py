import numpy as np
import pytest

from sciatrial.parameters import CELL_EFFECTS, reference_draw
from sciatrial.report.pool_tables import pool_wide, pool_words
from sciatrial.trial import make_pool, operating_characteristics, resampled_characteristics, simulate_trials
from tests.trial.conftest import cohort, model, prior, small_design  # noqa: F401


@pytest.fixture(scope="module")
def both(model, prior, cohort):  # noqa: F811
    design = small_design(n_total=16)
    pool = make_pool(model, design, reference_draw(prior, included=CELL_EFFECTS), cohort, place=0, seed=1)
    batch = simulate_trials(model, design, prior, cohort, scenario="reference", first=0, count=4, seed=2)
    return resampled_characteristics(design, [pool], trials_of_each=60), operating_characteristics([batch])


def test_trials_of_the_pool_stand_beside_those_one_by_one(both):
    table = pool_wide(*both)
    assert table["trials"].tolist() == ["from the pool", "one by one"]
    assert table["number"].tolist() == ["60", "4"]
    assert table["success"].str.contains("±").all()


def test_the_truth_of_a_pool_has_the_error_of_its_own_patients(both):
    pooled, _ = both
    error = pooled.summary.set_index("quantity").loc["truth_error", "value"]
    assert pool_wide(*both)["true effect"].iloc[0].endswith(f"± {error:.2f}")
    assert np.isfinite(error)
    assert error > 0


def test_a_pool_tells_its_patients_and_what_it_leaves_out(both):
    assert pool_words(both[0]).startswith("800 patients at the reference values")
    assert "2.0 % of the variance" in pool_words(both[0])
