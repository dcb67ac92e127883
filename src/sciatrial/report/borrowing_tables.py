"""A borrowed control in words and tables: the prior, where it comes from, what one trial and many make of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from sciatrial.report.effects import effect_digits
from sciatrial.report.tables import mean_told, number, scenario_words, share_told
from sciatrial.trial import (
    BORROWED,
    CONFLICT_BELOW,
    Borrowing,
    ControlPrior,
    OperatingCharacteristics,
    TrialResult,
    borrowing_characteristics,
)

_SHOWN_DRIFTS = 8  # every so many of the grid


def borrowing_plan_words(study: Mapping[str, Any]) -> list[str]:
    """Return what a study takes for granted when it borrows, as sentences; none where it borrows nothing."""
    planned = study["trial"].get("borrowing")
    if planned is None:
        return []
    asked = Borrowing.model_validate(planned)
    told = [f"Borrowing: the vague part of the prior of {asked.arm} has weight {asked.robust_weight:g}."]
    if asked.prior:
        parts = ", ".join(f"{part.weight:g} × N({part.mean:g}, {part.sd:g}²)" for part in asked.prior)
        told.append(f"Borrowing: the study itself gives the prior {parts}.")
    else:
        told.append(
            f"Borrowing: true means of trials differ by a standard deviation that is half-normal with scale "
            f"{asked.between_trial_sd:g} points, and the control of this trial is one more of them, whatever its "
            "patients' baseline."
        )
    return told


def prior_told(prior: ControlPrior, digits: int = 1) -> list[str]:
    """Return what the prior is and is worth, as sentences, with as many decimals as effects have."""
    sizes, part = prior.sizes(), prior.informative
    told = [
        f"The informative part has mean {number(part.mean, digits)} and standard deviation {number(part.sd, digits)} "
        f"points, and is worth {sizes['informative']:.1f} patients (expected local information ratio; by its variance "
        f"{sizes['informative_by_moments']:.1f}). With the vague part, of weight {prior.robust_weight:g} and "
        f"standard deviation {prior.robust_sd:.3g} about the same mean, the prior is worth {sizes['robust']:.1f} (by "
        f"its variance {sizes['robust_by_moments']:.1f}). A patient counts with a standard deviation of "
        f"{prior.patient_sd:.3g} points."
    ]
    if prior.pooled:
        pooled = prior.pooled
        count = f"{pooled['n_studies']:.0f} stud{'y' if pooled['n_studies'] == 1 else 'ies'}"
        told.append(
            f"Of {count} the mean change is {number(pooled['median'])} ({number(pooled['low'])} to "
            f"{number(pooled['high'])}), in a new trial {number(pooled['new_low'])} to {number(pooled['new_high'])}; "
            f"standard deviation between trials {number(pooled['tau_median'])} ({number(pooled['tau_low'])} to "
            f"{number(pooled['tau_high'])}), of which the half-normal prior with scale {pooled['between_trial_sd']:g} "
            f"says most where studies are few. The normals of the table replace the exact predictive with a "
            f"Kullback-Leibler divergence of {prior.divergence:.1g} nats; mean and standard deviation are the same."
        )
    return [*told, prior.told]


def parts_wide(prior: ControlPrior, digits: int = 1) -> pd.DataFrame:
    """Return the components of the prior as they are printed."""
    return pd.DataFrame(
        [
            {"part": row["part"], "weight": f"{row['weight']:.3f}", "mean": number(row["mean"], digits + 1),
             "standard deviation": number(row["sd"], digits + 1)}
            for row in prior.table().to_dict("records")
        ]
    )  # fmt: skip


def arms_used_wide(prior: ControlPrior) -> pd.DataFrame:
    """Return the published arms of the prior as they are printed; empty where the study gives it itself."""
    rows = [
        {
            "study and arm": f"{row['study_id']}, {row['arm_id']}", "month": f"{row['month']:g}",
            "change": number(row["estimate"]), "standard error": number(row["se"]), "patients": _count(row["n"]),
            "how": f"{row['value_rule']}; {row['sd_rule']}", "differs": row["differs"] or "–",
            "also behind the model": row["fitted_to"] or "no", "source": row["citation"],
        }
        for row in _arms(prior, used=True)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def arms_left_wide(prior: ControlPrior) -> pd.DataFrame:
    """Return the published control arms that are not in the prior, and why."""
    return pd.DataFrame(
        [
            {"study and arm": f"{row['study_id']}, {row['arm_id']}", "why it is left out": row["why_not"]}
            for row in _arms(prior, used=False)
        ]
    )


def _arms(prior: ControlPrior, *, used: bool) -> list[dict[Any, Any]]:
    rows = prior.arms.to_dict("records") if len(prior.arms) else []
    return [row for row in rows if _is_used(row) is used]


def _is_used(row: Mapping[Any, Any]) -> bool:
    return not isinstance(row["why_not"], str) or not row["why_not"]


def _count(value: float) -> str:
    return number(value, 0) if np.isfinite(value) else "not told"


def varied_wide(prior: ControlPrior) -> pd.DataFrame:
    """Return the informative part under other assumptions as it is printed."""
    rows = prior.varied.to_dict("records") if len(prior.varied) else []
    return pd.DataFrame(
        [
            {"assumption": row["assumption"], "mean": number(row["mean"]), "standard deviation": number(row["sd"]),
             "worth patients": number(row["patients"])}
            for row in rows
        ]
    )  # fmt: skip


def borrowed_one_wide(result: TrialResult) -> pd.DataFrame:
    """Return one trial with and without borrowing as it is printed."""
    digits = effect_digits(result.endpoint)
    level = f"{100 * (1 - 2 * result.alpha_of_a_side):g} % interval"
    rows = []
    for row in result.borrowed.to_dict("records"):
        is_borrowed = row["analysis"] == BORROWED
        rows.append(
            {
                "comparison": row["comparison"], "analysis": row["analysis"],
                "difference": row["why_not"] or number(row["estimate"], digits),
                level: f"{number(row['ci_low'], digits)} to {number(row['ci_high'], digits)}",
                "probability of a benefit": number(row["probability_of_benefit"], 3),
                "benefit shown": "yes" if row["shown"] else "no",
                "control's drift": number(row["drift"], digits) if is_borrowed else "–",
                "as far out under the prior": number(row["surprise"], 3) if is_borrowed else "–",
                "informative part": f"{100 * row['informative_weight']:.0f} %" if is_borrowed else "–",
                "patients gained": number(row["gained_patients"]) if is_borrowed else "–",
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def borrowed_wide(operating: OperatingCharacteristics) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return how trials do with and without borrowing, and what the prior meets, by scenario, as they are printed."""
    found, digits = borrowing_characteristics(operating), effect_digits(operating.endpoint)
    trials, meets = [], []
    groups: Any = found.groupby(["scenario", "comparison", "analysis"], sort=False)
    for (scenario, comparison, analysis), mine in groups:
        of = mine.set_index("quantity")
        place = {"scenario": scenario_words(scenario), "comparison": comparison}
        trials.append(
            place
            | {
                "analysis": analysis, "shows a benefit": share_told(of.loc["success"]),
                "bias": mean_told(of.loc["bias"], digits),
                "root mean square error": mean_told(of.loc["root_mean_square_error"], digits),
                "coverage": share_told(of.loc["coverage"]),
                "mean SD": number(of.loc["mean_standard_error", "value"], digits),
                "no estimate": share_told(of.loc["not_analysed"]),
            }
        )  # fmt: skip
        if analysis == BORROWED:
            meets.append(
                place
                | {
                    "more often shown than without": share_told(of.loc["more_success"]),
                    "drift": mean_told(of.loc["drift"], digits),
                    "in conflict": share_told(of.loc["conflict"]),
                    "informative part": share_told(of.loc["informative_weight"]),
                    "patients gained": mean_told(of.loc["gained_patients"]),
                }
            )  # fmt: skip
    return pd.DataFrame(trials), pd.DataFrame(meets)


def drifts_wide(drifts: pd.DataFrame, digits: int = 1) -> pd.DataFrame:
    """Return some drifts of the grid as they are printed, one row a comparison and drift."""
    rows = []
    for _, mine in _by_comparison(drifts):
        rows += [
            {
                "comparison": row["comparison"], "true control less prior mean": number(row["drift"], digits),
                "type I error": f"{100 * row['type_one_error']:.2f} %", "power": f"{100 * row['power']:.1f} %",
                "type I error without": f"{100 * row['type_one_error_without']:.2f} %",
                "power without": f"{100 * row['power_without']:.1f} %",
            }
            for row in mine.iloc[::_SHOWN_DRIFTS].to_dict("records")
        ]  # fmt: skip
    return pd.DataFrame(rows)


def drift_told(drifts: pd.DataFrame, digits: int = 1) -> list[str]:
    """Return the largest type I error on the grid of each comparison, as sentences."""
    told = []
    for comparison, mine in _by_comparison(drifts):
        top = mine.loc[mine["type_one_error"].idxmax()]
        told.append(
            f"{comparison}: the largest type I error on the grid is {100 * top['type_one_error']:.2f} %, where the "
            f"true control lies {number(top['drift'], digits)} points from the prior's mean; without borrowing it is "
            f"{100 * top['type_one_error_without']:.2f} % everywhere. Power is for {number(top['effect'], digits)} "
            f"points of true benefit. By quadrature, good to {max(top['quadrature_error'], 1e-12):.0e}."
        )
    return told


def _by_comparison(drifts: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    groups: Any = drifts.groupby("comparison", sort=False)
    return [(str(name), mine) for name, mine in groups]


def borrowing_lines(operating: OperatingCharacteristics) -> list[str]:
    """Return how often a benefit is shown with and without borrowing, a line a scenario; none without borrowing."""
    if operating.borrowed.empty:
        return []
    wide, meets = borrowed_wide(operating)
    lines = []
    for place in meets.to_dict("records"):
        mine: Any = wide[(wide["scenario"] == place["scenario"]) & (wide["comparison"] == place["comparison"])]
        told = "; ".join(f"{row['analysis']} {row['shows a benefit']}" for row in mine.to_dict("records"))
        lines.append(f"borrowing, {place['comparison']}, {place['scenario']}: {told}; drift {place['drift']}")
    return lines


def borrowing_section(
    result: TrialResult, operating: OperatingCharacteristics, prior: ControlPrior | None, drifts: pd.DataFrame
) -> dict[str, Any] | None:
    """Return what the report says of a borrowed control, None where nothing is borrowed.

    Parameters
    ----------
    drifts
        Rows of `drift_table` with the ``comparison``; empty where no trial could be analysed.
    """
    if prior is None or operating.borrowed.empty:
        return None
    trials, meets = borrowed_wide(operating)
    has_drifts, digits = not drifts.empty, effect_digits(result.endpoint)
    return {
        "told": prior_told(prior, digits), "parts": parts_wide(prior, digits), "used": arms_used_wide(prior),
        "left": arms_left_wide(prior), "varied": varied_wide(prior), "one_trial": borrowed_one_wide(result),
        "trials": trials, "meets": meets, "drifts": drifts_wide(drifts, digits) if has_drifts else pd.DataFrame(),
        "drift_told": drift_told(drifts, digits) if has_drifts else [], "twice": ", ".join(prior.twice),
        "conflict": 100 * CONFLICT_BELOW,
    }  # fmt: skip
