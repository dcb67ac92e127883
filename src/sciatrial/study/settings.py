"""What a study file may say, table by table."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sciatrial.trial import Scenario, Unblinding

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

SCHEMA = 1
_POOL_TRIALS = 10_000
PRIOR, REFERENCE = "prior", "reference"


class EvidenceSettings(BaseModel):
    """``[evidence]``: which tables, and which published study stands beside the simulation.

    Parameters
    ----------
    tables
        ``shipped``, or a folder with the same seven tables.
    compare_with
        A study of the tables, or left out.
    same_arm
        Our arm → the published study's arm. Left out: arms of the same name.
    """

    model_config = _STRICT

    tables: Annotated[str, Field(min_length=1)] = "shipped"
    compare_with: str | None = None
    same_arm: dict[str, str] = Field(default_factory=dict)


class CalibrationSettings(BaseModel):
    """``[calibration]``: where the model's numbers come from.

    Parameters
    ----------
    parameters
        ``prior``: draws of the prior table; nothing is calibrated. ``reference``: draws of the posterior that ships
        with the package. Or a folder with a saved posterior.
    inclusion_probability
        0 to 1: prior probability that each effect that may be absent is there. With ``prior`` only: the draws of a
        posterior say which effects are there.
    """

    model_config = _STRICT

    parameters: Annotated[str, Field(min_length=1)] = PRIOR
    inclusion_probability: Annotated[float, Field(ge=0, le=1)] = 0.5

    @property
    def drawn(self) -> Scenario:
        """The scenario whose trials have draws of their own: of the prior or of a posterior."""
        return Scenario.PRIOR if self.parameters == PRIOR else Scenario.POSTERIOR

    @model_validator(mode="after")
    def _posterior_says_which_effects_are_there(self) -> CalibrationSettings:
        if self.drawn is Scenario.POSTERIOR and "inclusion_probability" in self.model_fields_set:
            found = "has no meaning beside a posterior, whose draws say which effects are there"
            raise ValueError(f'inclusion_probability: {found}; no such line, or parameters = "{PRIOR}"')
        return self


class SimulationSettings(BaseModel):
    """``[simulation]``: how much is simulated.

    Parameters
    ----------
    n_trials
        Simulated trials in each scenario, 2 to 100 000.
    scenarios
        What runs beside the draws of the prior or posterior, which always run: ``reference``, ``no_cell_effect``,
        ``optimistic``, ``only_less_inflammation``, ``only_neurotrophic_support``, ``only_repair``, ``unblinded_null``;
        see `Scenario`.
    unblinding
        How blinding breaks in the scenario ``unblinded_null``.
    pool
        Whether trials at the reference values are also drawn from a pool of patients, each simulated once in every arm:
        many more trials, in seconds; kept in the run's folder.
    pool_trials
        Trials drawn from the pool, 100 to 1 000 000.
    """

    model_config = _STRICT

    n_trials: Annotated[int, Field(ge=2, le=100_000)] = 100
    scenarios: tuple[Scenario, ...] = (Scenario.REFERENCE, Scenario.NO_CELL_EFFECT)
    unblinding: Unblinding | None = None
    pool: bool = False
    pool_trials: Annotated[int, Field(ge=100, le=1_000_000)] = _POOL_TRIALS

    @model_validator(mode="after")
    def _scenarios_stand_beside_the_draws(self) -> SimulationSettings:
        found = []
        for place, scenario in enumerate(self.scenarios):
            if scenario.is_drawn:
                told = f"{scenario} always runs; a scenario that stands beside it; leave it out"
                found.append(f"scenarios.{place}: {told}")
            if scenario in self.scenarios[:place]:
                found.append(f"scenarios.{place}: {scenario} is listed twice; once; leave one out")
        if self.unblinding is not None and Scenario.UNBLINDED_NULL not in self.scenarios:
            told = "has no meaning without the scenario unblinded_null; both or none; add the scenario, or delete it"
            found.append(f"unblinding: {told}")
        if not self.pool and "pool_trials" in self.model_fields_set and self.pool_trials != _POOL_TRIALS:
            found.append("pool_trials: has no meaning without a pool; no such line; delete it, or write pool = true")
        if found:
            raise ValueError("\n".join(found))
        return self


class StudySettings(BaseModel):
    """The whole study file; ``population``, ``trial`` and ``arms`` are checked by their own rooms.

    Parameters
    ----------
    schema
        Version of this format.
    name
        Letters, digits, hyphens and underscores; names the run folder.
    question
        One sentence: what the trial is to find out.
    seed
        0 to 2**63 − 1. The same seed gives the same numbers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=())

    schema_version: Annotated[int, Field(alias="schema", ge=SCHEMA, le=SCHEMA)]
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,59}$")]
    question: Annotated[str, Field(min_length=1, max_length=1000)]
    seed: Annotated[int, Field(ge=0, lt=2**63)]
    evidence: EvidenceSettings = EvidenceSettings()
    calibration: CalibrationSettings = CalibrationSettings()
    simulation: SimulationSettings = SimulationSettings()
    population: dict[str, Any]
    trial: dict[str, Any]
    arms: dict[str, Any]
