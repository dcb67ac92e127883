"""What each trial speaks of: leg pain, back pain only, or neither; and the comparisons nobody has made."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from sciatrial.evidence import RESPONDER_RULES, Evidence, Measure
from sciatrial.foundation import CellType, Condition, Intervention, Outcome, Route, StudyDesign

# conditions in which a root is irritated, so that leg pain is what a patient comes with
RADICULAR = (
    Condition.LUMBAR_RADICULAR_PAIN, Condition.DISC_HERNIATION, Condition.SPINAL_STENOSIS, Condition.SPONDYLOLISTHESIS,
    Condition.PIRIFORMIS_SYNDROME, Condition.POST_DISCECTOMY,
)  # fmt: skip
EPIDURAL = (
    Route.EPIDURAL_TRANSFORAMINAL, Route.EPIDURAL_INTERLAMINAR, Route.EPIDURAL_CAUDAL, Route.PERINEURAL,
)  # fmt: skip
_CONTROLLED = (StudyDesign.RCT, StudyDesign.CONTROLLED_NONRANDOMISED)
# what a clinician asks of cells; the routes that nobody has tried stay as rows
MAP_OUTCOMES = (Outcome.LEG_PAIN, Outcome.BACK_PAIN, Outcome.DISABILITY)


class SpeaksOf(StrEnum):
    """What a study measured of pain."""

    LEG_PAIN = "leg_pain"
    BACK_PAIN_ONLY = "back_pain_only"
    PAIN_OF_NO_SITE = "pain_of_no_site"
    NEITHER = "neither"


def speaks_of(evidence: Evidence) -> pd.DataFrame:
    """Say of each study which pain it measured, and in whom.

    Parameters
    ----------
    evidence
        Checked tables.

    Returns
    -------
    pandas.DataFrame
        One row a study: ``study_id, speaks_of, is_radicular`` (the condition irritates a root), ``gives_cells, routes,
        design, condition, n_total``.
    """
    arms = evidence.arms[evidence.arms["is_pooled"] == "no"]
    rows = []
    for study in evidence.studies.to_dict("records"):
        rows_of_study: Any = evidence.outcomes[evidence.outcomes["study_id"] == study["study_id"]]
        measured = _measured(rows_of_study, is_radicular=study["condition"] in RADICULAR)
        own: Any = arms[arms["study_id"] == study["study_id"]]
        cells = own[own["intervention"] == Intervention.CELL_THERAPY]
        rows.append(
            {"study_id": study["study_id"], "speaks_of": _pain(measured).value,
             "is_radicular": study["condition"] in RADICULAR, "gives_cells": len(cells) > 0,
             "routes": ", ".join(sorted({route for route in (cells if len(cells) else own)["route"] if route})),
             "design": study["design"], "condition": study["condition"], "n_total": study["n_total"]}
        )  # fmt: skip
    return pd.DataFrame(rows)


def _measured(outcomes: Any, *, is_radicular: bool) -> set[str]:
    """Return the outcomes of a study; a responder by pain is one of back pain where no root is irritated."""
    measured = set(outcomes["outcome"])
    rules = [RESPONDER_RULES[word] for word in outcomes["instrument"] if word in RESPONDER_RULES]
    if any(criterion.measure is Measure.PAIN for rule in rules for criterion in rule.criteria):
        measured.add(Outcome.PAIN_UNSPECIFIED.value if is_radicular else Outcome.BACK_PAIN.value)
    if any(criterion.measure is Measure.DISABILITY for rule in rules for criterion in rule.criteria):
        measured.add(Outcome.DISABILITY.value)
    return measured


def _pain(measured: set[str]) -> SpeaksOf:
    if Outcome.LEG_PAIN in measured:
        return SpeaksOf.LEG_PAIN
    if Outcome.BACK_PAIN in measured:
        return SpeaksOf.BACK_PAIN_ONLY
    return SpeaksOf.PAIN_OF_NO_SITE if Outcome.PAIN_UNSPECIFIED in measured else SpeaksOf.NEITHER


def evidence_map(evidence: Evidence) -> pd.DataFrame:
    """Count the patients behind each cell type, route and outcome; what nobody has studied is a row with none.

    Parameters
    ----------
    evidence
        Checked tables.

    Returns
    -------
    pandas.DataFrame
        ``cell_type, route, outcome, n_studies, n_patients`` (who got the cells; studies that share patients count
        once), ``n_controlled, n_randomised, n_patients_randomised, best`` ("randomised", "controlled", "uncontrolled",
        "none"), ``studies``. Every cell type is shown by the disc and by the epidural or perineural routes, tried or
        not.
    """
    arms: Any = evidence.arms[
        (evidence.arms["intervention"] == Intervention.CELL_THERAPY) & (evidence.arms["is_pooled"] == "no")
    ]
    studies = evidence.studies.set_index("study_id")
    radicular = dict(zip(evidence.studies["study_id"], evidence.studies["condition"].isin(RADICULAR), strict=True))
    measured = {
        str(study): _measured(rows, is_radicular=radicular[str(study)])
        for study, rows in evidence.outcomes.groupby("study_id")
    }
    first = [Route.INTRADISCAL, *EPIDURAL]
    routes = [*first, *sorted({Route(route) for route in arms["route"] if route} - set(first))]
    rows = []
    for cell_type in CellType:
        for route in routes:
            here = arms[(arms["cell_type"] == cell_type) & (arms["route"] == route)]
            for outcome in MAP_OUTCOMES:
                found = here[
                    np.array([outcome in measured.get(study, set()) for study in here["study_id"]], dtype=bool)
                ]
                rows.append(
                    {
                        "cell_type": cell_type.value,
                        "route": route.value,
                        "outcome": outcome.value,
                        **_counts(found, studies),
                    }
                )
    return pd.DataFrame(rows)


def _counts(arms: Any, studies: Any) -> dict[str, Any]:
    """Count studies and patients, those that share patients once."""
    seen: dict[str, dict[str, Any]] = {}
    for study, own in arms.groupby("study_id"):
        about = studies.loc[study]
        assigned = own["n_assigned"].sum(min_count=1)
        n = (
            assigned
            if assigned == assigned
            else (about["n_total"] if about["design"] not in _CONTROLLED else float("nan"))
        )
        group = about["overlap_group"] or study
        size = (_number(n), _number(about["n_total"]))
        if group not in seen or size > seen[group]["size"]:
            seen[group] = {"study": study, "n": n, "design": about["design"], "size": size}
    chosen = list(seen.values())
    randomised = [one for one in chosen if one["design"] == StudyDesign.RCT]
    controlled = [one for one in chosen if one["design"] in _CONTROLLED]
    best = "randomised" if randomised else "controlled" if controlled else "uncontrolled" if chosen else "none"
    return {
        "n_studies": len(chosen), "n_patients": sum(_number(one["n"]) for one in chosen),
        "n_controlled": len(controlled), "n_randomised": len(randomised),
        "n_patients_randomised": sum(_number(one["n"]) for one in randomised), "best": best,
        "studies": ", ".join(sorted(str(one["study"]) for one in chosen)),
    }  # fmt: skip


def _number(n: float) -> float:
    return 0.0 if np.isnan(n) else float(n)
