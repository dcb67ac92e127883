"""Studies that pretend to be new: shipped ones under other names, and a posterior that nothing was fitted to."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd

from sciatrial.calibration import Posterior
from sciatrial.calibration.arms_simulated import Sizes
from sciatrial.calibration.discrepancy import discrepancy_columns
from sciatrial.calibration.space import draws_at, prior_points, space_of
from sciatrial.calibration.terms import likelihood_terms
from sciatrial.evidence import read_evidence, write_tables
from sciatrial.parameters import read_prior

NEW = "unseen_"
STUDIES = ("mathieson2017", "noriega2017", "centeno2017")
LEARNED = ("gadjradj2022", "carette1997", "ghahreman2010", "korea_ldh2021", "amirdelfan2021", "levi2025")
SIZES = Sizes(herniation=80, discogenic=80, other=60, facts=50)
RESULT_TABLES = ("safety", "facts", "parameters", "risk_of_bias")


@cache
def learned_evidence():
    """Return the shipped tables with the arms and outcomes of six studies."""
    evidence = read_evidence()
    arms, outcomes = (
        frame[frame["study_id"].isin(LEARNED)].reset_index(drop=True) for frame in (evidence.arms, evidence.outcomes)
    )
    return replace(evidence, arms=arms, outcomes=outcomes)


def unseen_evidence(*, entry=7.0, renamed=True):
    """Return three studies; one of them has leg pain of `entry` of 10 at entry in both arms."""
    evidence = read_evidence()
    frames = {}
    for name in ("studies", "arms", "outcomes", *RESULT_TABLES):
        frame = getattr(evidence, name)
        frames[name] = frame[frame["study_id"].isin(STUDIES)] if "study_id" in frame else frame.head(3)
    outcomes = frames["outcomes"]
    first = outcomes[(outcomes["outcome"] == "leg_pain") & (outcomes["month"] < 3)]
    first = first.assign(month=0.0, value=entry, where="Table 1")
    frames["outcomes"] = pd.concat([first, outcomes])
    if renamed:
        frames["studies"] = frames["studies"].assign(registration="", pmid="", doi="", overlap_group="")
        for name in ("studies", "arms", "outcomes", "safety", "risk_of_bias"):
            frames[name] = frames[name].assign(study_id=NEW + frames[name]["study_id"])
    return replace(evidence, **{name: frame.reset_index(drop=True) for name, frame in frames.items()})


def wild(evidence):
    """Return the same designs with other results, and with results in every text that nobody should read."""
    outcomes = evidence.outcomes.copy()
    later = outcomes["month"] != 0
    is_change = outcomes["statistic"].isin(["mean_change", "percent_change"])
    outcomes.loc[later, "value"] = np.select(
        [outcomes["statistic"] == "percent_change", is_change], [-99.0, -9.0], 1.5
    )[later]
    outcomes.loc[later & (outcomes["statistic"] == "mean"), "spread_kind"] = "sd"
    outcomes.loc[later & (outcomes["statistic"] == "mean"), "spread_low"] = 0.4
    outcomes.loc[later, ["spread_high"]] = np.nan
    outcomes.loc[later, "where"] = "pain fell by 99 percent"
    facts = evidence.facts.assign(value=0.001, low=np.nan, high=np.nan, notes="all recovered")
    parameters = evidence.parameters.assign(value=1e6, low=np.nan, high=np.nan, notes="cells cure")
    return replace(
        evidence, outcomes=outcomes, facts=facts, parameters=parameters, safety=evidence.safety.iloc[:0],
        studies=evidence.studies.assign(notes="cells won by 99 points"), arms=evidence.arms.assign(notes="all cured"),
    )  # fmt: skip


def folder_of(evidence, folder):
    """Write tables into a new folder and return it."""
    return write_tables(evidence, folder)


@cache
def prior_as_posterior(n=5):
    """Return a posterior of draws of the prior, without discrepancy."""
    space = space_of(read_prior())
    z, present, _ = prior_points(space, first=0, count=n, seed=3)
    drawn = draws_at(space, z, present)
    columns = discrepancy_columns(likelihood_terms(learned_evidence())).names
    checks = pd.DataFrame({"check": ["chains agree"], "holds": [True]})
    return Posterior(
        keys=drawn.keys, scales=drawn.scales, values=drawn.values, sds=drawn.sds, groups=drawn.groups,
        included=drawn.included, coordinate_keys=space.keys, coordinates=z, columns=columns,
        discrepancy=np.zeros((n, len(columns))), spreads=np.full((n, 7), 3.0), shift_sds=np.ones((n, 4)),
        freedom=np.inf, parameters=pd.DataFrame(), effects=pd.DataFrame(), no_cell_effect=(0.06, 0.01),
        checks=checks, made_with={"seed": 3},
    )  # fmt: skip
