from pathlib import Path

import pytest

from sciatrial.study import read_study, run_study

STUDIES = Path(__file__).parents[2] / "studies"

SMALL = """
schema   = 1
name     = "small"
question = "Do cells relieve leg pain?"
seed     = 11

[simulation]
n_trials = 12

[population]
cohort = "chronic_radicular"

[trial]
n_total          = 12
visits_months    = [1, 3]
endpoint         = { outcome = "leg_pain", month = 3 }
dropout_per_year = 0.2
rescue           = { score = "leg_pain", above = 60 }

[arms.cells]
intervention       = "cell_therapy"
cell_type          = "bm_msc"
donor              = "allogeneic"
dose_million_cells = 20
route              = "epidural_transforaminal"

[arms.sham]
intervention = "sham"
route        = "epidural_transforaminal"
"""


@pytest.fixture
def small_file(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(SMALL, encoding="utf-8")
    return path


@pytest.fixture
def small(small_file):
    return read_study(small_file)


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """One small study, run once for all tests that only look."""
    folder = tmp_path_factory.mktemp("runs")
    path = folder / "small.toml"
    path.write_text(SMALL, encoding="utf-8")
    return run_study(read_study(path), out=folder / "runs")
