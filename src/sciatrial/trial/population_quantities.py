"""Operating characteristics of enrichment: what looks select, whether it is right, who is screened and turned away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sciatrial.foundation import Problem, TrialError
from sciatrial.trial.decisions import TrueEffect, true_effects
from sciatrial.trial.population_looks import SELECTIONS, WENT_FOR
from sciatrial.trial.subgroup import IN_SUBGROUP, TRULY_IN_SUBGROUP

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from sciatrial.population import Patients
    from sciatrial.trial.design import Design
    from sciatrial.trial.enrichment import Enrichment
    from sciatrial.trial.truth import Truth

Quantity = tuple[str, float, float, int]  # name, value, Monte-Carlo standard error, number behind it
# hypotheses, and the truth of those outside the subgroup after them
N_TRUTHS = 3
_FEWEST_SEEN = 50
RIGHT = "right_selection"


def told_apart(patients: Patients) -> dict[str, float]:
    """Count eligible patients by what is told of them at entry and what is true.

    Returns
    -------
    dict
        ``eligible_seen``, ``told_in`` the subgroup, ``truly_in`` it, ``rightly_in``: both.
    """
    told, true = (patients.covariates[name].to_numpy(dtype=bool) for name in (IN_SUBGROUP, TRULY_IN_SUBGROUP))
    return {
        "eligible_seen": float(len(told)), "told_in": float(told.sum()), "truly_in": float(true.sum()),
        "rightly_in": float((told & true).sum()),
    }  # fmt: skip


def refuse_one_sided_subgroup(rule: Enrichment, counts: Sequence[Mapping[str, float]]) -> None:
    """Refuse a subgroup to which nobody, or everybody, of all these trials' eligible patients belongs.

    Raises
    ------
    TrialError
        With how many there are, where they are 50 or more.
    """
    seen, told = (int(sum(item[name] for item in counts)) for name in ("eligible_seen", "told_in"))
    if seen < _FEWEST_SEEN or 0 < told < seen:
        return
    who = "nobody" if told == 0 else "everybody"
    problem = Problem(
        "trial.enrichment.subgroup", f"{who} of {seen} eligible patients belongs to it ({rule.subgroup.in_words()})",
        "a subgroup to which some belong and others do not", "move its cut, or choose another measure",
    )  # fmt: skip
    raise TrialError("enrichment", problem)


def right_selection(design: Design, truth: Truth) -> str:
    """Return for which population the truth speaks, "" where none was found.

    ``full`` where those outside the subgroup benefit too, else ``subgroup`` or ``neither``.

    A benefit is one above the minimal important change where the design has one, and above twice its Monte-Carlo error
    elsewhere.
    """
    if not np.isfinite(truth.values[:N_TRUTHS]).all():
        return ""
    benefits = design.benefit_sign * truth.values > 2 * truth.errors
    kinds = true_effects(design, truth)
    if TrueEffect.UNKNOWN not in kinds:
        benefits = np.array([kind is TrueEffect.MATTERS for kind in kinds])
    _, inside, outside = benefits[:N_TRUTHS]
    whole, part, nobody = WENT_FOR
    return whole if outside else part if inside else nobody


def population_quantities(group: pd.DataFrame) -> list[Quantity]:
    """Return what looks select and whom the trial needs; nothing of designs without a subgroup.

    ``selected …``: share of trials whose last interim look went on with ``both``, ``full`` or ``subgroup`` alone, or
    ``stopped``; ``no look`` where none took place. ``selected_right``: over trials that a look decided and whose truth
    is known, those that went on with, or stopped with a finding for, the full population where patients outside the
    subgroup benefit too, the subgroup alone where only it benefits, and neither where none does. ``ran_out``: eligible
    patients ended before the size was reached. ``prevalence, true_prevalence``: of the subgroup as told and
    as it is, over eligible patients; ``sensitivity, predictive_value``: share of those truly in it who are told, and
    of those told who are. ``expected_screened, expected_turned_away``: candidates, and eligible patients outside the
    subgroup after the look. ``mean_truth_outside``: effect outside the subgroup.
    """
    from sciatrial.trial.summaries import mean_of, share_of

    if "selection" not in group or not len(group):
        return []

    def column(name: str) -> NDArray[np.float64]:
        return group[name].to_numpy(dtype=float)

    def finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return values[np.isfinite(values)]

    selection = group["selection"].to_numpy(dtype=object)
    told, true, both, seen = (column(name) for name in ("told_in", "truly_in", "rightly_in", "eligible_seen"))
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = {
            "prevalence": told / seen, "true_prevalence": true / seen, "sensitivity": both / true,
            "predictive_value": both / told,
        }  # fmt: skip
    return [
        *((f"selected {word}", *share_of(selection == word)) for word in SELECTIONS),
        ("selected_right", *share_of(_is_right(group))),
        ("ran_out", *share_of(column("ran_out") == 1)),
        *((name, *mean_of(finite(values))) for name, values in shares.items()),
        ("expected_screened", *mean_of(finite(column("n_screened")))),
        ("expected_turned_away", *mean_of(finite(column("n_turned_away")))),
        ("mean_truth_outside", *mean_of(finite(column("truth_outside")))),
    ]


def _is_right(group: pd.DataFrame) -> NDArray[np.bool_]:
    """Return whether looks went for what the truth calls for, of trials that a look decided."""
    if RIGHT not in group:
        return np.zeros(0, dtype=bool)
    wanted, found = (group[name].to_numpy(dtype=object).astype(str) for name in (RIGHT, "went_for"))
    known = np.isin(wanted, WENT_FOR) & np.isin(found, WENT_FOR)
    return np.asarray((wanted == found)[known])
