"""Everything that the report of a study shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from sciatrial.synthesis import Certainty, Pooled
from sciatrial.trial import ControlPrior, OperatingCharacteristics, ResampledCharacteristics, TrialResult

if TYPE_CHECKING:
    from sciatrial.calibration import Posterior
    from sciatrial.population import PopulationComparison


@dataclass(frozen=True)
class ReportInputs:
    """Everything that a report shows.

    Parameters
    ----------
    study, study_text
        The resolved study file as nested values, and as TOML.
    stamp
        ``name, fingerprint, seed, created, versions, fingerprints, is_quick``.
    prior
        Rows of the prior with ``unit, meaning, draws_low, draws_median, draws_high``.
    result, operating
        One simulated trial, and many.
    published, published_study, same_arm
        Rows of `published_arms`, the study's row, our arm → its arm; empty where there is nothing to compare with.
    behaviours
        ``behaviour, expected, prototype, got, holds``.
    sources
        ``slug, citation, url, kind``.
    unusable_rows
        Reason → number of rows of the evidence tables that cannot be used.
    harms
        Rows of `expected_harms`.
    unused_counts
        Reason → number of rows of the safety table that feed no harm.
    together, lights, mapped
        What the trials in the tables say together at the endpoint's visit, their risk of bias, and the evidence map.
    posterior
        What the draws are of, None for the prior.
    population, cause
        Virtual patients of that posterior beside published ones, None where nobody compared them; cause of the cohort.
    optimistic
        Number of a cell effect → its value in the optimistic scenario.
    safety_sizes, harm_stopping, harm_boundary
        Rows of `safety_sizes` and `harm_stopping_table`, and the boundary in words; empty where nothing is planned for
        harms.
    imputed
        Rows of `imputed_effects`; None or empty where the study asks for no imputation.
    new_sizes
        Rows of `planned_new_sizes`; empty where the size stays.
    pooled
        Trials drawn from a pool; None where the study asks for none.
    control_prior, drifts
        What is borrowed, and rows of `drift_table` with their comparison; None and empty where nothing is.
    """

    study: Mapping[str, Any]
    study_text: str
    stamp: Mapping[str, Any]
    prior: pd.DataFrame
    result: TrialResult
    operating: OperatingCharacteristics
    published: pd.DataFrame
    published_study: Mapping[str, Any]
    same_arm: Mapping[str, str]
    behaviours: pd.DataFrame
    sources: pd.DataFrame
    unusable_rows: Mapping[str, int]
    harms: pd.DataFrame
    unused_counts: Mapping[str, int]
    together: Sequence[tuple[Pooled, Certainty]] = ()
    lights: pd.DataFrame | None = None
    mapped: pd.DataFrame | None = None
    posterior: Posterior | None = None
    population: PopulationComparison | None = None
    cause: str = ""
    optimistic: Mapping[str, float] = field(default_factory=dict)
    safety_sizes: pd.DataFrame = field(default_factory=pd.DataFrame)
    harm_stopping: pd.DataFrame = field(default_factory=pd.DataFrame)
    harm_boundary: str = ""
    imputed: pd.DataFrame | None = None
    new_sizes: pd.DataFrame = field(default_factory=pd.DataFrame)
    pooled: ResampledCharacteristics | None = None
    control_prior: ControlPrior | None = None
    drifts: pd.DataFrame = field(default_factory=pd.DataFrame)
