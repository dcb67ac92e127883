"""Posteriors without some studies, and whether each can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from sciatrial.calibration.diagnose import convergence
from sciatrial.calibration.problem import Likelihood
from sciatrial.calibration.sampler import Chains, Sample, Task, sample_posteriors
from sciatrial.foundation import Progress, silent

LARGEST_R_HAT = 1.05
LEAST_EFFECTIVE_SIZE = 100.0
_WARMUP_TIMES = 2


def sample_refits(
    problem: Likelihood,
    tasks: Sequence[Task],
    chains: Chains,
    *,
    times_longer: int,
    workers: int = 1,
    progress: Progress = silent,
) -> list[Sample]:
    """Sample the posterior of each task, and once again with longer chains where it cannot be believed.

    Parameters
    ----------
    problem, tasks, chains, workers, progress
        As in `sample_posteriors`.
    times_longer
        Draws of the longer chains over those of `chains`; 1 samples none again.

    Returns
    -------
    list
        One `Sample` a task.
    """
    samples = sample_posteriors(problem, tasks, chains, workers=workers, progress=progress, label="refits")
    doubtful = [place for place, sample in enumerate(samples) if not _is_believable(problem, sample)]
    if times_longer > 1 and doubtful:
        longer = replace(chains, n_warmup=_WARMUP_TIMES * chains.n_warmup, n_draws=times_longer * chains.n_draws)
        again = sample_posteriors(
            problem, [tasks[place] for place in doubtful], longer, workers=workers, progress=progress,
            label="refits again, with longer chains",
        )  # fmt: skip
        for place, sample in zip(doubtful, again, strict=True):
            samples[place] = sample
    return samples


def _is_believable(problem: Likelihood, sample: Sample) -> bool:
    told = convergence(problem, sample)
    return told.worst_r_hat <= LARGEST_R_HAT and min(told.least_bulk_ess, told.least_tail_ess) >= LEAST_EFFECTIVE_SIZE


def refits_table(problem: Likelihood, samples: Sequence[Sample], out_of: Sequence[set[str]]) -> pd.DataFrame:
    """Return whether each refit can be believed: of each fold, again without cell effects, and of all studies.

    Returns
    -------
    pandas.DataFrame
        One row a refit: ``left_out, n_draws, r_hat, effective_size`` (the least of any number), ``divergences``.
    """
    words = [", ".join(sorted(studies)) for studies in out_of]
    left_out = [*words, *(f"{word}; no cell effect" for word in words), "nothing"]
    rows = []
    for sample, word in zip(samples, left_out, strict=True):
        told = convergence(problem, sample)
        rows.append(
            {
                "left_out": word, "n_draws": sample.divergent.size, "r_hat": told.worst_r_hat,
                "effective_size": min(told.least_bulk_ess, told.least_tail_ess), "divergences": told.divergences,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)
