"""Whether the patients of a posterior look like published ones: the check that ships, and that of any posterior."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sciatrial.calibration.posterior import Posterior, shipped
from sciatrial.evidence import Evidence
from sciatrial.foundation import Progress, silent
from sciatrial.model import sciatica_model
from sciatrial.parameters import draw_parameters, read_prior
from sciatrial.population import PopulationComparison, compare_populations

POPULATION = "population"  # folder beside that of the posterior
N_PATIENTS, N_DRAWS, SEED = 600, 60, 20261127
_LIKELY = 0.5  # that an optional effect is there, where a posterior does not say what its prior held


def posterior_population(
    posterior: Posterior,
    evidence: Evidence,
    *,
    n_patients: int = N_PATIENTS,
    n_draws: int = N_DRAWS,
    seed: int = SEED,
    progress: Progress = silent,
) -> PopulationComparison:
    """Compare virtual patients of a posterior, and of the prior that studies draw from, with published ones.

    Parameters
    ----------
    posterior
        Draws of the parameters.
    evidence
        Tables with the facts.
    n_patients
        Of each group of published patients and draw, 50 or more.
    n_draws
        Of each, 1 or more, evenly spread.
    seed
        Of the patients' luck and of the prior's draws; any whole number from 0.

    Returns
    -------
    PopulationComparison
        ``made_with`` holds the fingerprints of posterior and tables.

    Raises
    ------
    CohortError
        For too few patients or draws, or a faulty table of targets.
    """
    likely = float(posterior.made_with.get("inclusion_probability", _LIKELY))
    prior = draw_parameters(read_prior(), n_draws=n_draws, seed=seed, inclusion_probability=likely)
    made_with = {"posterior": posterior.fingerprint(), "evidence": evidence.fingerprint()}
    return compare_populations(
        sciatica_model(), prior, posterior.draws, evidence, n_patients=n_patients, n_draws=n_draws, seed=seed,
        made_with=made_with, progress=progress,
    )  # fmt: skip


def kept_population(folder: str | Path, posterior: Posterior) -> PopulationComparison | None:
    """Return the comparison that stands beside a saved posterior.

    Parameters
    ----------
    folder
        Where the posterior is saved.
    posterior
        What was read there.

    Returns
    -------
    PopulationComparison
        None where there is none, or one of another posterior.

    Raises
    ------
    StudyError
        When it is damaged.
    """
    beside = Path(folder).resolve().parent / POPULATION
    if not beside.is_dir():
        return None
    kept = PopulationComparison.load(beside)
    return kept if kept.is_of(posterior.fingerprint()) else None


@cache
def reference_population() -> PopulationComparison:
    """Return the comparison of the posterior that ships with the package.

    Raises
    ------
    CalibrationError
        When the package was installed without it.
    """
    return shipped(PopulationComparison, POPULATION, "calibrate")
