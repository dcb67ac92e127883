"""Virtual patients → files of external virtual subject responses, as FACTS Core imports them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sciatrial.trial import Design, EveryArm

# FACTS reads nothing else
FACTS_ENDING = ".dat"


def facts_arms(design: Design) -> tuple[str, ...]:
    """Return the arms in the order of FACTS's arm index, from 1: the control of the deciding comparison comes first.

    Where no comparison decides by itself, as with several arms against one control, it is that of the first one.
    """
    control = (design.looks.deciding or design.compared()[0]).control
    return (control, *(arm for arm in design.arms if arm != control))


def to_facts(responses: EveryArm, design: Design) -> str:
    """Return the responses of virtual patients as FACTS's file of externally simulated subjects.

    Every patient in every arm is a subject of its own with a number of its own, so that FACTS can draw its subjects of
    an arm from those of that arm. Who leaves, and when, FACTS simulates itself.

    Parameters
    ----------
    responses, design
        As from `endpoint_in_every_arm`; visits count from 1, and 0 is the baseline, where there is one.

    Returns
    -------
    str
        Lines ``subject, arm, visit, response``: a score as measured, with its baseline, or 1 and 0 for response.

    Source
    ------
    FACTS 7.1 user guide, FACTS Core, virtual subject response, "Required Format of Externally Simulated Detail", for
    continuous and for dichotomous endpoints.
    """
    lines = ["#subj id, Arm ID, Visit ID, Response"]
    subject = 0
    for index, arm in enumerate(facts_arms(design), start=1):
        for values in responses.values[responses.arms.index(arm)]:
            if not np.isfinite(values).all():
                continue
            subject += 1
            lines += [
                f"{subject}, {index}, {_visit(responses, place)}, {value:.6g}" for place, value in enumerate(values)
            ]
    return "\n".join(lines) + "\n"


def _visit(responses: EveryArm, place: int) -> int:
    return place if responses.months[0] == 0 else place + 1


def facts_page(
    design: Design, *, study: str, scenario: str, n_patients: int, n_files: int, left_out: Sequence[int],
    n_unsolved: int = 0,
) -> str:  # fmt: skip
    """Return what stands beside the files: how FACTS is to be set up for them.

    Parameters
    ----------
    study, scenario
        Name of the study, and which truth the worlds are.
    n_patients, n_files
        Patients in every arm of each file; files.
    left_out
        Trials whose world could not fill a trial.
    n_unsolved
        Patients who could not be solved in an arm, in all files.
    """
    endpoint, last = design.endpoint, 1 + design.visits_months.index(design.endpoint.month)
    visits = ", ".join(f"{month:g}" for month in design.visits_months[:last])
    is_change = endpoint.rule is None
    ratio = ", ".join(f"{arm} {share}" for arm, share in design.ratio.items())
    lines = [
        f"# {study}: virtual patients for FACTS",
        "",
        f"{n_files} files, scenario `{scenario}`, each the world of one simulated trial with {n_patients} virtual "
        "patients in every arm. **No patient in these files is a person.**",
        "",
        "In FACTS Core (" + ("continuous" if is_change else "dichotomous") + " endpoint): Virtual Subject Response, "
        "External Files, add a profile, *Browse for directory*, choose this folder. FACTS then takes one file after "
        "the other, so that its summary averages over worlds. Set up on the Study tab:",
        "",
        f"- arms by index: {', '.join(f'{place} = {arm}' for place, arm in enumerate(facts_arms(design), start=1))} "
        f"(allocation in the study file: {ratio})",
        f"- {last} visits, at months {visits}; the last is the endpoint",
        "- include baseline data (visit 0); the response is the score itself"
        if is_change
        else "- responses 1 and 0; no baseline",
        f"- {'lower' if is_change and endpoint.lower_is_better else 'higher'} is better; "
        f"{str(endpoint.outcome).replace('_', ' ') if is_change else endpoint.rule}",
        f"- dropout, accrual and looks are FACTS's own: the study file plans {design.dropout_per_year:g} a year lost. "
        "Nobody is lost in these files, and no visit is missed.",
        "",
        f"Scores after rescue are as the estimand has them ({str(design.estimand.rescue).replace('_', ' ')}). A "
        f"patient who could not be solved in an arm is left out of it: {n_unsolved} in all files.",
    ]
    if design.time_trend is not None:
        trend = design.time_trend.in_words(str(design.endpoint.outcome).replace("_", " "))
        lines += [
            "",
            f"Time trend of the study file: {trend}. Each patient has it for one of the planned months of "
            "randomisation, all equally likely; FACTS draws patients in any order, so that its trials have the trend's "
            "mean and spread, and no order.",
        ]
    if design.enrichment is not None:
        name = design.enrichment.subgroup.name
        told = "so that FACTS simulates the full population alone, without the subgroup and what looks select"
        lines += ["", f"Nothing in these files says who is in the subgroup of the study file, {name}, {told}."]
    if left_out:
        lines.append(f"Worlds that could not fill a trial, left out: {', '.join(map(str, left_out))}.")
    lines += [
        "",
        "Written to FACTS's published format (user guide 7.1). FACTS is a commercial program and was not run.",
        "",
    ]
    return "\n".join(lines)
