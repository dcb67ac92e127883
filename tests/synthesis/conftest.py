"""The shipped tables, trials planted into them, and fits that several tests read, each made once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from sciatrial.evidence import Evidence, read_evidence
from sciatrial.synthesis import NetworkPriors, Sampler, fit_dose_response, fit_network

from .simulated import doses, event_arms, normal_arms

_ARM = {"role": "experimental", "dose_basis": "", "is_pooled": "no"}
_CELLS = {"intervention": "cell_therapy", "cell_type": "uc_msc", "donor": "allogeneic", "culture_expanded": "yes",
          "dose_million_cells": 20.0, "dose_basis": "expanded_cells", "route": "epidural_transforaminal"}  # fmt: skip
_SALINE = {"intervention": "saline", "route": "epidural_transforaminal"}


@pytest.fixture(scope="session")
def evidence() -> Evidence:
    """Return the shipped tables."""
    return read_evidence()


def _appended(frame: pd.DataFrame, rows: list[dict[str, Any]]) -> pd.DataFrame:
    empty = {column: float("nan") if frame[column].dtype.kind == "f" else "" for column in frame.columns}
    added = pd.DataFrame([empty | row for row in rows], columns=list(frame.columns))
    return pd.concat([frame, added.astype(frame.dtypes.to_dict())], ignore_index=True)


def plant_trial(
    evidence: Evidence,
    study_id: str,
    *,
    cells: float | None = -40.0,
    saline: float | None = -20.0,
    sd: float | None = 24.0,
    n: float | None = 100,
    month: float = 12.0,
    outcome: str = "leg_pain",
    responders: tuple[float, float] | None = None,
    arm: dict[str, Any] | None = None,
    **study: Any,
) -> Evidence:
    """Return the tables with one more trial of epidural cells against saline, in sciatica."""
    about = {"study_id": study_id, "citation": "planted", "year": 2025.0, "design": "rct", "blinding": "double",
             "condition": "lumbar_radicular_pain", "n_total": 2 * (n or 100), "followup_months": month,
             "source_kind": "full_text", "figure_from": "paper"} | study  # fmt: skip
    arms = [
        _ARM | _CELLS | {"study_id": study_id, "arm_id": "cells", "n_assigned": n} | (arm or {}),
        _ARM | _SALINE | {"study_id": study_id, "arm_id": "saline", "role": "control", "n_assigned": n},
    ]
    row = {"study_id": study_id, "outcome": outcome, "instrument": "vas_100" if outcome != "disability" else "odi_100",
           "scale_min": 0.0, "scale_max": 100.0, "month": month, "n": n, "statistic": "mean_change", "where": "Table 2",
           "spread_kind": "none" if sd is None else "sd", "spread_low": sd, "figure_from": "paper"}  # fmt: skip
    values = {"cells": cells, "saline": saline}
    outcomes = [row | {"arm_id": name, "value": value} for name, value in values.items() if value is not None]
    if responders:
        share = {"outcome": "responder", "instrument": "responder_50pct_pain", "statistic": "percent",
                 "spread_kind": "none", "spread_low": float("nan")}  # fmt: skip
        outcomes += [
            row | share | {"arm_id": name, "value": value} for name, value in zip(values, responders, strict=True)
        ]
    return dataclasses.replace(
        evidence,
        studies=_appended(evidence.studies, [about]),
        arms=_appended(evidence.arms, arms),
        outcomes=_appended(evidence.outcomes, outcomes),
    )


@pytest.fixture(scope="session")
def plant() -> Callable[..., Evidence]:
    """Return the function that plants a trial."""
    return plant_trial


@pytest.fixture(scope="session")
def planted(evidence: Evidence) -> Evidence:
    """Return the tables with four trials of epidural cells, whose true difference is -20."""
    for number, (cells, saline) in enumerate([(-42.0, -20.0), (-37.0, -19.0), (-45.0, -26.0), (-41.0, -20.0)], start=1):
        evidence = plant_trial(evidence, f"planted{number}", cells=cells, saline=saline)
    return evidence


QUICK = Sampler(seed=5, n_warmup=300, n_draws=400, again=0)


@pytest.fixture(scope="session")
def random_network():
    return fit_network(normal_arms(), reference="usual", sampler=QUICK, priors=NetworkPriors(heterogeneity_scale=5))


@pytest.fixture(scope="session")
def event_network():
    from sciatrial.synthesis import Effects

    return fit_network(event_arms(), reference="usual", sampler=QUICK, effects=Effects.COMMON)


@pytest.fixture(scope="session")
def dose_network():
    from sciatrial.synthesis import Effects

    return fit_dose_response(doses(), reference="placebo", sampler=QUICK, effects=Effects.COMMON)
