import numpy as np
import pytest

from sciatrial.engine import Status, simulate
from sciatrial.foundation import SolverError


@pytest.fixture(scope="module")
def run(decay, rates):
    return simulate(decay, rates, [[1.0]], times_days=[0.0, 1.0, 2.0], outputs=["seen", "drug"])


def test_an_output_is_had_by_name(run):
    assert run["seen"] == pytest.approx(2 * run["drug"])


def test_an_output_that_was_not_simulated_is_told(run):
    with pytest.raises(SolverError, match="'drug'"):
        _ = run["drugs"]


def test_the_table_has_one_row_a_patient_and_visit(run):
    table = run.table()
    assert len(table) == 7 * 3
    assert table.columns.tolist() == ["patient", "visit", "day", "seen", "drug"]
    assert table.loc[(table["patient"] == 2) & (table["visit"] == 1), "seen"].item() == run["seen"][2, 1]


def test_xarray_has_named_dimensions(run):
    dataset = run.to_xarray()
    assert dataset["drug"].dims == ("patient", "visit")
    assert dataset["day"].sel(patient=0, visit=2) == 2.0


def test_every_status_says_what_happened():
    assert all(status.sentence for status in Status)


def test_nothing_failed_is_an_empty_list(run):
    assert run.failures() == []
    assert "unsolved  0" in repr(run)


def test_a_failure_names_patient_and_day(explosive):
    run = simulate(explosive, [[0.0], [1.0]], [[1.0]], times_days=[0.5, 3.0], max_failed_fraction=1.0)
    (sentence,) = run.failures()
    assert sentence.startswith("patient 1, day 1")
    assert np.isfinite(run.values[0]).all()
