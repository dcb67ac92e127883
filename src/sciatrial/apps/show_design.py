"""What `sciatrial show design STUDY` tells of a study's design, by formulae alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sciatrial.apps.show_borrowing import borrowing_design_words
from sciatrial.apps.show_doses import dose_design_words
from sciatrial.apps.shown import Shown

if TYPE_CHECKING:
    import pandas as pd

TOPIC = "design"


def show_design(study: Path, *, with_r: bool = False) -> Shown:
    """Return bounds, information, calendar, nominal alpha and stopping probabilities of a study's design.

    Parameters
    ----------
    study
        A study file.
    with_r
        Add the R code with which rpact gives the same.

    Raises
    ------
    StudyError
        With every problem of the file.
    """
    from sciatrial.study import read_study
    from sciatrial.trial import (
        EndpointMeasure,
        arm_plan,
        arms_in_words,
        course_in_words,
        plan_in_words,
        planned_looks,
        planned_sizes,
        population_plan,
        populations_in_words,
        r_of_arms,
        r_of_design,
        r_of_populations,
        r_of_reestimation,
        reestimation_in_words,
    )

    read = read_study(study)
    frame = planned_looks(read.design)
    if read.design.enrichment is not None:
        code = r_of_populations(read.design) if with_r else ""
        note = f"{populations_in_words(read.design, population_plan(read.design))}\n{_BOUNDS_OF_POPULATIONS}"
        return Shown(f"Design of {read.name}, by formulae and simulated statistics", frame, note, _narrow(frame), code)
    if read.design.multi_arm is not None:
        code = r_of_arms(read.design) if with_r else ""
        note = f"{arms_in_words(read.design, arm_plan(read.design))}\n{_BOUNDS_OF_INTERSECTIONS}"
        return Shown(f"Design of {read.name}, by formulae and simulated statistics", frame, note, _narrow(frame), code)
    sizes = planned_sizes(read.design)
    unit = "more responders" if read.design.endpoint.measure is EndpointMeasure.RESPONSE else "SD"
    lines = [plan_in_words(read.design), _size_words(sizes, unit)]
    note = "\n".join(
        [*lines, *dose_design_words(read.design), *course_in_words(read.design), *borrowing_design_words(read)]
    )
    code = r_of_design(read.design) if with_r else ""
    if read.design.reestimation is not None:
        note = f"{note}\n{reestimation_in_words(read.design)}"
        code = r_of_reestimation(read.design) if with_r else ""
    return Shown(f"Design of {read.name}, by formulae", frame, note, _narrow(frame), code)


_BOUNDS_OF_INTERSECTIONS = (
    "Each bound is that of every intersection of arms; stopping probabilities are those of one comparison by itself."
)


_BOUNDS_OF_POPULATIONS = (
    "Each bound is that of the full population, of the subgroup and of both; stopping probabilities are those of one "
    "by itself, and endpoints those of the full population while it is recruited."
)


def _narrow(frame: pd.DataFrame) -> pd.DataFrame:
    import numpy as np

    kept = frame.assign(
        information=[f"{100 * value:.0f} %" for value in frame["information"]],
        endpoints=[
            f"{arm:.0f} + {control:.0f}"
            for arm, control in zip(frame["endpoints_arm"], frame["endpoints_control"], strict=True)
        ],
    )
    columns = [
        "comparison", "look", "information", "endpoints", "month", "recruited", "efficacy_z", "futility_z",
        "nominal_alpha", "alpha_spent",
    ]  # fmt: skip
    empty = [name for name in ("month", "futility_z") if not np.isfinite(frame[name].to_numpy(dtype=float)).any()]
    return kept.reindex(columns=columns).drop(columns=empty)


def _size_words(sizes: pd.DataFrame, unit: str) -> str:
    """Return power and size of each comparison at some differences."""
    lines = []
    for comparison in dict.fromkeys(sizes["comparison"]):
        told = [
            f"{row['effect']:g} {unit}: power {row['power']:.0%}, {row['patients_needed']:.0f} patients needed"
            for row in sizes.to_dict("records")
            if row["comparison"] == comparison
        ]
        lines.append(f"{comparison}: {'; '.join(told)}")
    return "\n".join(lines)
