"""Numbers → sentences: what a reader takes home, from the numbers alone and never in favour of the treatment."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sciatrial.foundation import Score
from sciatrial.trial import OperatingCharacteristics, Scenario, TrialResult

DISCLAIMER = (
    "For research and trial planning. Stem-cell therapy is not a standard treatment for sciatica. "
    "Decisions belong with a qualified clinician who knows the patient."
)

# normal quantiles for a two-sided 5 % test with 80 % power, summed
_Z_80 = 1.959963984540054 + 0.8416212335729143


def findings(operating: OperatingCharacteristics, result: TrialResult, comparison: pd.DataFrame) -> list[str]:
    """Return the report's first paragraph, a sentence an item."""
    sentences = []
    for name in dict.fromkeys(operating.trials["comparison"]):
        sentences += _of_comparison(operating, str(name))
    sentences += _published(comparison)
    sentences.append(
        "None of these numbers has been calibrated to trials. They say what the stated assumptions imply, not what "
        "cells do."
    )
    return sentences


def _of_comparison(operating: OperatingCharacteristics, name: str) -> list[str]:
    of = {scenario: _quantities(operating.summary, scenario, name) for scenario in Scenario}
    prior = of[Scenario.PRIOR]
    if not prior or not prior["success"]["n_trials"]:
        return [f"{name}: no simulated trial could enrol its patients under the prior."]
    unit = "" if operating.endpoint["outcome"] == Score.QUALITY_OF_LIFE else " points"
    success, truth = prior["success"], prior["mean_truth"]["value"]
    low, high = prior["truth_low"]["value"], prior["truth_high"]["value"]
    told = [
        f"{name}: {_percent(success)} of {success['n_trials']:.0f} trials with prior draws succeed (assurance). The true "
        f"effect averages {truth:.1f}{unit}; 95 % of draws lie between {low:.1f} and {high:.1f}."
    ]
    reference = of[Scenario.REFERENCE]
    if reference and reference["success"]["n_trials"]:
        told[0] += (
            f" With every cell effect at its reference value ({reference['mean_truth']['value']:.1f}{unit}) "
            f"{_percent(reference['success'])} succeed (power)" + _size_needed(operating, reference, name) + "."
        )
    nothing = of[Scenario.NO_CELL_EFFECT]
    if nothing and nothing["success"]["n_trials"]:
        told[0] += f" With no cell effect at all {_percent(nothing['success'])} do."
    return told


def _quantities(summary: pd.DataFrame, scenario: str, comparison: str) -> dict[str, dict]:
    rows = summary.loc[(summary["scenario"] == scenario) & (summary["comparison"] == comparison)]
    return {row["quantity"]: row for row in rows.to_dict(orient="records")}


def _percent(row: dict) -> str:
    return f"{100 * row['value']:.0f} % (± {100 * row['monte_carlo_se']:.1f})"


def _size_needed(operating: OperatingCharacteristics, reference: dict, name: str) -> str:
    """Return the trial size that would give 80 % power at the reference effect, scaled from this design's own error."""
    truth, error = reference["mean_truth"]["value"], reference["mean_standard_error"]["value"]
    if not np.isfinite(truth) or abs(truth) < 0.05 * error:
        return ""
    factor = (_Z_80 * error / truth) ** 2
    if factor <= 1:
        return ""
    return f"; for 80 % power the trial would have to be about {factor:.1f} times as large"


def _published(comparison: pd.DataFrame) -> list[str]:
    known = comparison.loc[[flag is not None and flag == flag for flag in comparison["is_inside_90"]]]
    if not len(comparison):
        return ["No published study stands beside this one."]
    if not len(known):
        return ["The tables hold no figure of the published study that could be compared with the simulation."]
    inside = int(sum(bool(flag) for flag in known["is_inside_90"]))
    return [
        f"Of {len(known)} published arm results that could be compared, {inside} lie inside the middle 90 % of the "
        f"simulated trials and {len(known) - inside} outside. Nothing was adjusted to bring them together."
    ]


def design_facts(study: dict) -> list[tuple[str, str]]:
    """Return the design as pairs of term and description."""
    trial, population = study["trial"], study["population"]
    endpoint = trial["endpoint"]
    arms = study["arms"]
    ratio = trial.get("allocation") or {arm: 1 for arm in arms}
    total = trial.get("n_total") or trial["n_per_arm"] * len(arms)
    eligible = "; ".join(
        f"{score.replace('_', ' ')} {low:g} to {high:g}" for score, (low, high) in population["eligible"].items()
    )
    months = population["symptom_months"]
    rescue = trial.get("rescue")
    rescue_words = (
        f"{rescue['intervention']} for {rescue['course_weeks']:g} weeks, once, when measured "
        f"{rescue['score'].replace('_', ' ')} exceeds {rescue['above']:g} from month {rescue['from_month']:g} on"
        if rescue
        else "none"
    )
    return [
        ("Population", f"{population['cohort'].replace('_', ' ')}; symptoms for {months[0]:g} to {months[1]:g} months"),
        ("Eligible, as measured at entry", eligible or "everybody"),
        ("Randomised", f"{total} patients, {' : '.join(f'{arm} {share}' for arm, share in ratio.items())}; permuted blocks"),
        ("Visits", "months " + ", ".join(f"{month:g}" for month in trial["visits_months"])),
        (
            "Endpoint",
            f"{endpoint['outcome'].replace('_', ' ')} at month {endpoint['month']:g}, change from baseline",
        ),
        ("Estimand", "treatment policy: the difference in mean change whatever rescue was taken"),
        (
            "Analysis",
            f"ANCOVA: change on arm and baseline, those with an endpoint value; two-sided alpha {trial['alpha']:g} for "
            "each comparison, not adjusted for their number",
        ),
        ("Rescue", rescue_words),
        ("Dropout", f"{100 * trial['dropout_per_year']:g} % a year, whatever the course"),
        (
            "Simulated",
            f"{study['simulation']['n_trials']} trials in each of three scenarios; each trial has its own draw, and all "
            "its patients share it",
        ),
    ]  # fmt: skip


def arm_rows(study: dict) -> list[dict[str, str]]:
    """Return what each arm receives, in words."""
    rows = []
    for arm, words in study["arms"].items():
        what = words["intervention"].replace("_", " ")
        if words["intervention"] == "cell_therapy":
            what = f"{words['donor']} {words['cell_type'].replace('_', '-')}, {words['dose_million_cells']:g} million"
        elif "drug_dose_mg" in words:
            what += f", {words['drug_dose_mg']:g} mg"
        carrier = words.get("carrier", "–").replace("_", " ")
        times = "once" if words["n_doses"] == 1 else f"{words['n_doses']} times, {words['weeks_between_doses']:g} weeks apart"
        rows.append(
            {
                "arm": arm, "receives": what, "in": carrier if carrier != "–" else "–",
                "route": words.get("route", "–").replace("_", " "), "given": times,
            }
        )  # fmt: skip
    return rows
