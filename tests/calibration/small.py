"""A real calibration, made small: eleven studies, few runs, short chains. It shows the path, not the numbers.

Refits of it with as many draws and warm-up steps as `SETTINGS` share its compiled program.
"""

from dataclasses import replace
from functools import cache, partial

import numpy as np
from tests.shared import made_once

from sciatrial.calibration.arms_simulated import Sizes
from sciatrial.calibration.fit import Settings
from sciatrial.calibration.run import fitted, prepare_calibration, prior_sample
from sciatrial.calibration.sampler import Chains, Sample
from sciatrial.evidence import read_evidence
from sciatrial.parameters import read_prior

STUDIES = (
    "amirdelfan2021", "noriega2017", "levi2025", "orozco2011", "gadjradj2022", "carette1997", "mathieson2017",
    "ghahreman2010", "korea_ldh2021", "oba2017", "hahne2016",
)  # fmt: skip
SETTINGS = Settings(
    seed=5, n_runs=120, n_second=0, n_cells=0, luck_points=3, luck_repeats=2, sizes=Sizes().times(0.12), n_quadratic=3,
    chains=Chains(n_chains=2, n_warmup=60, n_draws=60), n_draws=40,
)  # fmt: skip


@cache
def small_evidence():
    """Return the shipped tables with the arms and outcomes of eleven studies, one of which prints differences alone."""
    evidence = read_evidence()
    arms, outcomes = (
        frame[frame["study_id"].isin(STUDIES)].reset_index(drop=True) for frame in (evidence.arms, evidence.outcomes)
    )
    return replace(evidence, arms=arms, outcomes=outcomes)


@cache
def small_calibration():
    """Return everything up to the likelihood."""
    made = partial(prepare_calibration, small_evidence(), read_prior(), settings=SETTINGS, workers=2)
    return made_once("calibration", made)


def prior_of_small(n=60):
    """Return draws of the prior in the form of a posterior."""
    problem = small_calibration().problem
    shape = (1, n)
    like = Sample(
        np.zeros((*shape, len(problem.space.keys))), np.zeros((*shape, len(problem.space.groups)), dtype=bool),
        np.zeros((*shape, len(problem.columns.names))), np.ones((*shape, 7)), np.ones((*shape, 4)),
        np.zeros((*shape, len(problem.studies))), np.zeros(shape, dtype=bool), np.zeros(shape), 0.0,
    )  # fmt: skip
    return prior_sample(small_calibration(), like)


@cache
def small_fit():
    """Return the whole fit, which does not converge."""
    return made_once("fit", lambda: fitted(small_calibration(), small_evidence(), workers=2))
