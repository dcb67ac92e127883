"""What R read in exported trials (foreign, haven) and what its lm and gls found: committed, for trials as they are now.

`make_datasets.R` says how the two CSV files were made; these tests need no R.
"""

import csv
from pathlib import Path

import numpy as np
import pytest
from tests.exchange.conftest import exported

HERE = Path(__file__).parent
STUDIES = ("epidural_cells_phase2b", "mpc_intradiscal")


def rows(name):
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def trials():
    return {name: exported(name) for name in STUDIES}


@pytest.mark.parametrize("by", ["foreign", "haven"])
@pytest.mark.parametrize("study", STUDIES)
def test_r_reads_every_variable_of_every_dataset(by, study, trials):
    read = [row for row in rows("datasets_read.csv") if row["by"] == by and row["study"] == study]
    datasets = trials[study][2]
    for dataset in datasets.values():
        mine = [row for row in read if row["dataset"] == dataset.file_name]
        assert [row["variable"] for row in mine] == [variable.name for variable in dataset.variables]
        for row, variable in zip(mine, dataset.variables, strict=True):
            values = dataset.frame[variable.name]
            assert int(row["rows"]) == len(values)
            if variable.kind == "text":
                assert int(row["missing"]) == 0
                assert float(row["mark"]) == sum(len(text) for text in values), (dataset.name, variable.name)
            else:
                assert int(row["missing"]) == values.isna().sum()
                assert float(row["mark"]) == pytest.approx(np.nansum(values), rel=1e-12, abs=1e-9), variable.name


@pytest.mark.parametrize(
    "row", rows("datasets_found.csv"), ids=lambda row: f"{row['study']}-{row['comparison']}-{row['look']}"
)
def test_r_finds_the_trials_own_number(row, trials):
    _, full, _ = trials[row["study"]]
    mine = full.contrasts.set_index("comparison").loc[row["comparison"]]
    prefix = "final_" if row["look"] == "all" else ""
    is_mixed = row["study"] == STUDIES[0]
    # gls stops a little before its maximum
    assert mine[f"{prefix}estimate"] == pytest.approx(float(row["estimate"]), abs=1e-4 if is_mixed else 1e-9)
    if not is_mixed:
        assert mine["standard_error"] == pytest.approx(float(row["standard_error"]), rel=1e-9)
    else:  # ours is Kenward and Roger's, which is larger
        assert 0 <= mine[f"{prefix}standard_error"] / float(row["standard_error"]) - 1 < 0.01
