from dataclasses import replace

import numpy as np
from tests.calibration.small import SETTINGS, small_calibration

from sciatrial.calibration.refits import LEAST_EFFECTIVE_SIZE, refits_table, sample_refits
from sciatrial.calibration.sampler import Task


def test_a_refit_that_cannot_be_believed_is_sampled_again_for_longer():
    calibration = small_calibration()
    problem = calibration.problem
    inclusion = np.full(len(problem.space.groups), 0.5)
    task = Task(problem.observed, calibration.mask, 7, inclusion)
    chains = replace(SETTINGS.chains, n_chains=1, n_warmup=20, n_draws=15)
    longer = sample_refits(problem, [task], chains, times_longer=2, workers=1)
    # fifteen draws are never worth a hundred
    assert LEAST_EFFECTIVE_SIZE > 15
    assert refits_table(problem, longer, [])["n_draws"].tolist() == [30]
