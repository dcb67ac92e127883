from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sciatrial.calibration import Posterior
from sciatrial.parameters import draw_parameters, read_prior
from sciatrial.study import read_study, run_study
from tests.report.compared import compared_with

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


def posterior_of(*, seed=3, holds=True):
    """Return a posterior of 30 draws that nothing was fitted to: they are draws of the prior."""
    drawn = draw_parameters(read_prior(), n_draws=30, seed=seed)
    effects = {"group": drawn.groups, "prior": 0.5, "posterior": drawn.included.mean(axis=0)}
    table = {"key": ["trial_context_shift"], "prior_sd": [1.0], "sd": [0.8], "contraction": [0.36]}
    return Posterior(
        keys=drawn.keys, scales=drawn.scales, values=drawn.values, sds=drawn.sds, groups=drawn.groups,
        included=drawn.included, coordinate_keys=("trial_context_shift",), coordinates=drawn.values[:, :1],
        columns=("pain",), discrepancy=drawn.values[:, :1], spreads=drawn.values[:, :1], shift_sds=drawn.values[:, :3],
        freedom=np.inf, parameters=pd.DataFrame(table), effects=pd.DataFrame(effects), no_cell_effect=(0.06, 0.02),
        checks=pd.DataFrame({"check": ["chains agree", "no divergence"], "holds": [True, holds]}),
        made_with={"seed": seed, "trials": ("noriega2017",), "assumptions": ("cells of one kind act alike",)},
    )  # fmt: skip


def with_posterior(text, folder):
    """Return a study file that takes its numbers from a saved posterior."""
    return text.replace("[simulation]", f'[calibration]\nparameters = "{folder}"\n\n[simulation]')


@pytest.fixture
def small_file(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(SMALL, encoding="utf-8")
    return path


@pytest.fixture
def small(small_file):
    return read_study(small_file)


@pytest.fixture
def calibrated_file(tmp_path):
    """The small study with a saved posterior beside it."""
    posterior_of().save(tmp_path / "fitted")
    path = tmp_path / "calibrated.toml"
    path.write_text(with_posterior(SMALL, "fitted"), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def from_posterior(tmp_path_factory):
    """The small study with a posterior, run once for all tests that only look."""
    folder = tmp_path_factory.mktemp("calibrated")
    posterior_of().save(folder / "fitted")
    compared_with(posterior_of()).save(folder / "population")
    path = folder / "small.toml"
    path.write_text(with_posterior(SMALL, "fitted"), encoding="utf-8")
    return run_study(read_study(path, quick=True), out=folder / "runs")


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """One small study, run once for all tests that only look."""
    folder = tmp_path_factory.mktemp("runs")
    path = folder / "small.toml"
    path.write_text(SMALL, encoding="utf-8")
    return run_study(read_study(path), out=folder / "runs")
