"""Records → one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sciatrial.parameters import CELL_EFFECTS
from sciatrial.report import figures, tables, words
from sciatrial.report.borrowing_tables import borrowing_section
from sciatrial.report.course_tables import course_section, factor_section
from sciatrial.report.dose_tables import dose_section
from sciatrial.report.effects import effect_digits, effect_told, ratio_cells
from sciatrial.report.enrichment_report import has_subgroup, recruitment_wide, selections_wide
from sciatrial.report.family_tables import arms_wide, drops_arms, family_cells, family_wide, is_family
from sciatrial.report.flow_words import flow_of, flow_wide
from sciatrial.report.look_figures import has_interim_looks
from sciatrial.report.look_tables import looks_wide, one_trial_looks, size_wide
from sciatrial.report.new_size_report import has_new_size, new_sizes_wide, zones_wide
from sciatrial.report.page import css, html_table, rendered, write_page
from sciatrial.report.plan_tables import (
    beside_type_one_error,
    blinding_words,
    cost_wide,
    decisions_wide,
    harm_followed_wide,
    harm_stopping_wide,
    of_broken_blinding,
    parts_wide,
    plan_assumptions,
    safety_wide,
    scenario_meanings,
)
from sciatrial.report.pool_tables import pool_wide, pool_words
from sciatrial.report.population_tables import population_section
from sciatrial.report.report_inputs import ReportInputs
from sciatrial.report.report_pictures import report_pictures
from sciatrial.report.review_page import answer_words
from sciatrial.trial import (
    OperatingCharacteristics,
    TrialResult,
)

if TYPE_CHECKING:
    from sciatrial.calibration import Posterior

_OPERATING_HEADS = {
    "rejection": "either direction", "truth": "true effect (95 % of draws)", "standard_error": "mean SE",
    "root_mean_square_error": "root mean square error",
    "not_enrolled": "could not enrol", "not_estimable": "no estimate",
}  # fmt: skip


def write_report(inputs: ReportInputs, path: str | Path) -> Path:
    """Write the report: one HTML file that opens without a network.

    Returns
    -------
    pathlib.Path
        The file. Written under another name and renamed when whole.

    Raises
    ------
    StudyError
        When it cannot be written; what was there before stays.
    """
    return write_page(render(inputs), path)


def render(inputs: ReportInputs) -> str:
    """Return the report as HTML text."""
    return rendered("report.html.j2", _context(inputs))


def _context(inputs: ReportInputs) -> dict[str, Any]:
    comparison = tables.compare_with_published(inputs.operating, inputs.published, inputs.same_arm)
    return {
        "disclaimer": words.DISCLAIMER,
        "drawn": str(inputs.operating.drawn),
        "calibration": tables.sentence(words.calibration_words(inputs.operating.drawn)),
        "posterior": None if inputs.posterior is None else _posterior(inputs.posterior),
        "population": None if inputs.population is None else population_section(inputs.population, inputs.cause),
        "css": css(),
        "study": inputs.study,
        "study_text": inputs.study_text,
        "stamp": inputs.stamp,
        "findings": _findings(inputs, comparison),
        "facts": words.design_facts(dict(inputs.study)),
        "arms": pd.DataFrame(words.arm_rows(dict(inputs.study))),
        "result": inputs.result,
        "conduct": inputs.result.conduct,
        "flow_words": flow_of(inputs.result, inputs.study).in_words(),
        "flow": flow_wide(inputs.result, inputs.study),
        "has_dropout_hazard": bool(inputs.study["trial"].get("dropout_hazard")),
        "baseline": tables.baseline_wide(inputs.result.baseline),
        "contrasts": _contrasts(inputs.result, together=is_family(inputs.operating)),
        "operating": _operating(
            beside_type_one_error(inputs.operating.summary), effect_digits(inputs.operating.endpoint)
        ),
        "strata": tables.strata_wide(inputs.operating.summary, digits=effect_digits(inputs.operating.endpoint)),
        "effect": tables.sentence(effect_told(inputs.operating.endpoint)),
        "plan": _plan(inputs),
        "pooled": None if inputs.pooled is None else pool_wide(inputs.pooled, inputs.operating),
        "pool_words": "" if inputs.pooled is None else pool_words(inputs.pooled),
        "short": words.short_table(inputs.operating),
        "analysis": words.analysis_words(dict(inputs.study["trial"])),
        "looks": _looks(inputs),
        "family": _family(inputs.operating),
        "doses": dose_section(inputs.study, inputs.result, inputs.operating),
        "borrowing": borrowing_section(inputs.result, inputs.operating, inputs.control_prior, inputs.drifts),
        "new_size": _new_size(inputs.operating),
        "enrichment": _enrichment(inputs.operating),
        "course": course_section(inputs.result, inputs.operating),
        "factors": factor_section(inputs.result, inputs.operating),
        "imputed": None if inputs.imputed is None or inputs.imputed.empty else tables.imputed_wide(inputs.imputed),
        "comparison": _comparison(comparison.loc[np.isfinite(comparison["published"])]),
        "not_reported": _comparison(comparison.loc[~np.isfinite(comparison["published"])]).drop(
            columns=["n", "SD", "inside it", "published in"]
        ),
        "published_study": inputs.published_study,
        "risk_of_bias": pd.DataFrame(inputs.published_study.get("risk_of_bias", [])),
        "not_moving": _still(inputs.operating),
        "basis_counts": inputs.prior["basis"].value_counts().to_dict(),
        "prior": _prior(inputs.prior),
        "sources": inputs.sources,
        "behaviours": inputs.behaviours,
        "unusable_rows": inputs.unusable_rows,
        "harms": tables.harms_wide(inputs.harms),
        "unused_counts": inputs.unused_counts,
        "counts": _counts(inputs.operating),
        "together": [
            {
                "title": tables.sentence(answer.question.in_words()),
                "unanswered": answer.unanswered,
                "figure": f"together-{place}",
                "told": "" if answer.unanswered else answer_words(answer),
                "certainty": certainty.grade.replace("_", " "),
            }
            for place, (answer, certainty) in enumerate(inputs.together)
        ],
        "figures": report_pictures(inputs, comparison),
        "table": html_table,
    }


def _operating(summary: pd.DataFrame, digits: int) -> pd.DataFrame:
    return tables.operating_wide(summary, digits=digits).rename(columns=_OPERATING_HEADS)


def _plan(inputs: ReportInputs) -> dict[str, Any]:
    """Return what the plan is worth: decisions, cost, scenarios beside the usual ones, assurance, sizes for harms."""
    operating, study = inputs.operating, dict(inputs.study)
    unblinded = of_broken_blinding(operating.summary)
    currency = study["trial"].get("costs", {}).get("currency", "")
    return {
        "meanings": scenario_meanings(operating),
        "unblinded": None if unblinded.empty else _operating(unblinded, effect_digits(operating.endpoint)),
        "blinding": "" if unblinded.empty else blinding_words(study),
        "decisions": decisions_wide(beside_type_one_error(operating.summary)),
        "cost": cost_wide(operating.summary, currency),
        "parts": parts_wide(operating),
        "assumptions": plan_assumptions(study, inputs.optimistic),
        "safety": safety_wide(inputs.safety_sizes),
        "stopping": harm_stopping_wide(inputs.harm_stopping),
        "boundary": inputs.harm_boundary,
        "followed": harm_followed_wide(operating.summary),
    }


def _family(operating: OperatingCharacteristics) -> dict[str, pd.DataFrame] | None:
    """Return the tables of comparisons that are tested together, None where each is alone."""
    return {"wide": family_wide(operating), "arms": arms_wide(operating)} if is_family(operating) else None


def _ends_by_bounds(operating: OperatingCharacteristics) -> bool:
    return not (drops_arms(operating) or has_new_size(operating))


def _enrichment(operating: OperatingCharacteristics) -> dict[str, pd.DataFrame] | None:
    """Return what looks select and whom the trial needs, None for trials without a subgroup."""
    if not has_subgroup(operating):
        return None
    return {"selections": selections_wide(operating), "recruitment": recruitment_wide(operating)}


def _new_size(operating: OperatingCharacteristics) -> dict[str, pd.DataFrame] | None:
    """Return the tables of a size that is estimated anew, None where it stays."""
    return {"sizes": new_sizes_wide(operating), "zones": zones_wide(operating)} if has_new_size(operating) else None


def _looks(inputs: ReportInputs) -> dict[str, pd.DataFrame] | None:
    """Return the tables of the looks, None for a design with one."""
    if not has_interim_looks(inputs.operating):
        return None
    return {
        "by_look": looks_wide(inputs.operating),
        "sizes": size_wide(inputs.operating) if _ends_by_bounds(inputs.operating) else pd.DataFrame(),
        "one_trial": one_trial_looks(inputs.result),
    }


def _findings(inputs: ReportInputs, comparison: pd.DataFrame) -> list[str]:
    told = words.findings(inputs.operating, comparison)
    if inputs.posterior is None:
        return told
    if not inputs.posterior.converged:
        told.insert(0, f"The fit behind these numbers does not hold ({_failed(inputs.posterior)}); do not use them.")
    claim = "" if inputs.mapped is None else words.no_direct_evidence(inputs.mapped)
    return [*told, claim] if claim else told


def _failed(posterior: Posterior) -> str:
    """Return the checks of the fit that do not hold."""
    rows = posterior.checks.to_dict(orient="records")
    return ", ".join(str(row["check"]) for row in rows if not row["holds"])


def _posterior(posterior: Posterior) -> dict[str, Any]:
    """Return what a reader is told of the posterior that trials were drawn from."""
    from sciatrial.calibration import ABOUT_CELLS

    made = {str(name).replace("_", " "): value for name, value in posterior.made_with.items()}
    chance = {row["group"]: (row["prior"], row["posterior"]) for row in posterior.effects.to_dict(orient="records")}
    rows = [(figures.words_of(group), *before_and_after) for group, before_and_after in chance.items()]
    # the prior holds each effect present or absent whatever the others are
    none = float(np.prod([1 - chance[group][0] for group in CELL_EFFECTS]))
    rows.append(("No cell effect at all", none, posterior.probability_of_no_cell_effect))
    return {
        "fingerprint": posterior.fingerprint()[:12],
        "about_cells": ABOUT_CELLS,
        "n_draws": len(posterior),
        "failed": _failed(posterior),
        "assumptions": list(made.pop("assumptions", ())),
        "made_with": {name: _told(value) for name, value in made.items()},
        "effects": pd.DataFrame(
            [(name, f"{100 * before:.0f} %", f"{100 * after:.0f} %") for name, before, after in rows],
            columns=["effect", "prior", "posterior"],
        ),
    }


def _told(value: Any) -> str:
    """Return a plain value in words, whatever it holds."""
    if isinstance(value, Mapping):
        return ", ".join(f"{str(name).replace('_', ' ')} {_told(inner)}" for name, inner in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_told(inner) for inner in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _contrasts(result: TrialResult, *, together: bool) -> pd.DataFrame:
    rows, digits = [], effect_digits(result.endpoint)
    for row in result.contrasts.to_dict(orient="records"):
        made = not row["why_not"]
        p = "< 0.001" if made and row["p_value"] < 0.001 else f"{row['p_value']:.3f}"
        rows.append(
            {
                "comparison": row["comparison"], "patients": f"{row['n_arm']} and {row['n_control']}",
                "estimate": tables.number(row["estimate"], digits) if made else row["why_not"],
                "95 % interval": tables.span(row["ci_low"], row["ci_high"], digits),
                **ratio_cells(result.endpoint, row["estimate"], row["ci_low"], row["ci_high"]),
                "standard error": tables.number(row["standard_error"], digits),
                "p": p if made else "–",
                **(family_cells(row, result) if together else _adjusted(row, result)),
            }
        )  # fmt: skip
    return pd.DataFrame(rows).rename(
        columns={"95 % interval": f"{100 * (1 - 2 * result.alpha_of_a_side):g} % interval"}
    )


def _adjusted(row: Mapping[str, Any], result: TrialResult) -> dict[str, str]:
    """Return what allows for the looks, nothing for a design with one."""
    if set(result.looks["look"]) <= {1}:
        return {}
    digits = effect_digits(result.endpoint)
    return {
        "decided at look": str(row["look"]),
        "median-unbiased": tables.number(row["adjusted_estimate"], digits),
        "its interval": tables.span(row["adjusted_low"], row["adjusted_high"], digits),
        "repeated interval": tables.span(row["repeated_low"], row["repeated_high"], digits),
        "with all followed": tables.number(row["final_estimate"], digits),
    }


def _comparison(comparison: pd.DataFrame) -> pd.DataFrame:
    """Return the comparison as it is printed."""
    rows = []
    for row in comparison.to_dict(orient="records"):
        reported = np.isfinite(row["published"])
        inside = row["is_inside_90"]
        rows.append(
            {
                "arm": row["arm"], "outcome": tables.outcome_words(row["outcome"]),
                "month": f"{row['month']:g}", "statistic": row["statistic"], "unit": row["unit"],
                "published": tables.number(row["published"]) if reported else tables.NOT_REPORTED,
                "n": f"{row['published_n']:.0f}" if np.isfinite(row["published_n"]) else tables.NOT_REPORTED,
                "SD": _published_sd(row),
                "simulated median": tables.number(row["simulated_median"]),
                "middle 90 %": tables.span(row["low_90"], row["high_90"]),
                "inside it": {True: "yes", False: "no"}.get(inside, row["told"] if reported else "–"),
                "published in": row["figure_from"] or "–",
            }
        )  # fmt: skip
    columns = (
        "arm", "outcome", "month", "statistic", "unit", "published", "n", "SD", "simulated median", "middle 90 %",
        "inside it", "published in",
    )  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _published_sd(row: dict[str, Any]) -> str:
    if np.isfinite(row["published_sd"]):
        return tables.number(row["published_sd"])
    return "–" if row["unit"] == "percent of patients" else tables.NOT_REPORTED  # a share has none


def _still(operating: OperatingCharacteristics) -> list[str]:
    moving = set(figures.quantities_that_move(operating))
    return [figures.words_of(name) for names in figures.THEMES.values() for name in names if name not in moving]


def _prior(prior: pd.DataFrame) -> pd.DataFrame:
    def span(low: float, high: float) -> str:
        return "–" if np.isnan(low) or np.isnan(high) else f"{low:.3g} to {high:.3g}"

    return pd.DataFrame(
        {
            "number": prior["key"],
            "meaning": prior["meaning"],
            "unit": prior["unit"].where(prior["unit"] != "", "–"),
            "reference": [f"{value:.4g}" for value in prior["reference"]],
            "prior range": [span(a, b) for a, b in zip(prior["low"], prior["high"], strict=True)],
            "drawn in this run, middle 90 %": [
                span(a, b) for a, b in zip(prior["draws_low"], prior["draws_high"], strict=True)
            ],
            "basis": prior["basis"],
            "may be absent": prior["inclusion"].where(prior["inclusion"] != "", "–"),
            "sources": prior["sources"].str.replace(";", ", "),
        }
    )


def _counts(operating: OperatingCharacteristics) -> dict[str, Any]:
    counts: Any = operating.counts
    total = {name: int(counts[name].sum()) if len(counts) else 0 for name in ("screened", "eligible", "unsolved")}
    trials: Any = operating.trials.drop_duplicates(["scenario", "trial"])
    could_not = trials["why_not"].str.startswith("could not enrol")
    met = dict.fromkeys(trials["scenario"])
    by_scenario = {str(s): int((could_not & (trials["scenario"] == s)).sum()) for s in met}
    reasons: Any = operating.trials["why_not"]
    others = (reasons != "") & ~reasons.str.startswith("could not enrol")
    return {**total, "trials": len(trials), "not_enrolled": by_scenario, "not_estimable": int(others.sum())}
