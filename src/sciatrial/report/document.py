"""Records → one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sciatrial.parameters import CELL_EFFECTS
from sciatrial.report import figures, tables, words
from sciatrial.report.assurance_figures import plot_assurance
from sciatrial.report.course_figures import has_closed_arms, plot_allocation, plot_open_arms
from sciatrial.report.course_tables import course_section, factor_section
from sciatrial.report.dose_figures import plot_dose_response
from sciatrial.report.dose_tables import dose_section
from sciatrial.report.effects import effect_digits, effect_told, measure_of, measure_words, ratio_cells
from sciatrial.report.enrichment_report import has_subgroup, plot_selections, recruitment_wide, selections_wide
from sciatrial.report.evidence_figures import plot_evidence_map
from sciatrial.report.family_figure import plot_arms
from sciatrial.report.family_tables import arms_wide, drops_arms, family_cells, family_wide, is_family
from sciatrial.report.flow_figure import plot_flow
from sciatrial.report.flow_words import flow_of, flow_wide
from sciatrial.report.forest_figure import plot_forest
from sciatrial.report.look_figures import drawn_scenario, has_interim_looks, plot_looks
from sciatrial.report.look_tables import looks_wide, one_trial_looks, size_wide
from sciatrial.report.new_size_report import has_new_size, new_sizes_wide, plot_new_sizes, zones_wide
from sciatrial.report.page import css, html_table, picture_address, rendered, write_page
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
from sciatrial.report.population_figures import plot_population
from sciatrial.report.population_tables import POPULATION_SAYS, population_section, rows_of
from sciatrial.report.review_page import answer_words
from sciatrial.synthesis import Certainty, Pooled
from sciatrial.trial import (
    OperatingCharacteristics,
    ResampledCharacteristics,
    SummaryMeasure,
    TrialResult,
    assurance_curve,
)

if TYPE_CHECKING:
    from sciatrial.calibration import Posterior
    from sciatrial.population import PopulationComparison

_OPERATING_HEADS = {
    "rejection": "either direction", "truth": "true effect (95 % of draws)", "standard_error": "mean SE",
    "root_mean_square_error": "root mean square error",
    "not_enrolled": "could not enrol", "not_estimable": "no estimate",
}  # fmt: skip


@dataclass(frozen=True)
class ReportInputs:
    """Everything that a report shows.

    Parameters
    ----------
    study, study_text
        The resolved study file as nested values, and as TOML.
    stamp
        ``name, fingerprint, seed, created, versions, fingerprints, is_quick``.
    prior
        Rows of the prior with ``unit, meaning, draws_low, draws_median, draws_high``.
    result, operating
        One simulated trial, and many.
    published, published_study, same_arm
        Rows of `published_arms`, the study's row, our arm → its arm; empty where there is nothing to compare with.
    behaviours
        ``behaviour, expected, prototype, got, holds``.
    sources
        ``slug, citation, url, kind``.
    unusable_rows
        Reason → number of rows of the evidence tables that cannot be used.
    harms
        Rows of `expected_harms`.
    unused_counts
        Reason → number of rows of the safety table that feed no harm.
    together, lights, mapped
        What the trials in the tables say together at the endpoint's visit, their risk of bias, and the evidence map.
    posterior
        What the draws are of, None for the prior.
    population, cause
        Virtual patients of that posterior beside published ones, None where nobody compared them; cause of the cohort.
    optimistic
        Number of a cell effect → its value in the optimistic scenario.
    safety_sizes, harm_stopping, harm_boundary
        Rows of `safety_sizes` and `harm_stopping_table`, and the boundary in words; empty where nothing is planned for
        harms.
    imputed
        Rows of `imputed_effects`; None or empty where the study asks for no imputation.
    new_sizes
        Rows of `planned_new_sizes`; empty where the size stays.
    pooled
        Trials drawn from a pool; None where the study asks for none.
    """

    study: Mapping[str, Any]
    study_text: str
    stamp: Mapping[str, Any]
    prior: pd.DataFrame
    result: TrialResult
    operating: OperatingCharacteristics
    published: pd.DataFrame
    published_study: Mapping[str, Any]
    same_arm: Mapping[str, str]
    behaviours: pd.DataFrame
    sources: pd.DataFrame
    unusable_rows: Mapping[str, int]
    harms: pd.DataFrame
    unused_counts: Mapping[str, int]
    together: Sequence[tuple[Pooled, Certainty]] = ()
    lights: pd.DataFrame | None = None
    mapped: pd.DataFrame | None = None
    posterior: Posterior | None = None
    population: PopulationComparison | None = None
    cause: str = ""
    optimistic: Mapping[str, float] = field(default_factory=dict)
    safety_sizes: pd.DataFrame = field(default_factory=pd.DataFrame)
    harm_stopping: pd.DataFrame = field(default_factory=pd.DataFrame)
    harm_boundary: str = ""
    imputed: pd.DataFrame | None = None
    new_sizes: pd.DataFrame = field(default_factory=pd.DataFrame)
    pooled: ResampledCharacteristics | None = None


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
        "calibration": _sentence(words.calibration_words(inputs.operating.drawn)),
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
        "flow": flow_wide(inputs.result),
        "has_dropout_hazard": bool(inputs.study["trial"].get("dropout_hazard")),
        "baseline": tables.baseline_wide(inputs.result.baseline),
        "contrasts": _contrasts(inputs.result, together=is_family(inputs.operating)),
        "operating": _operating(
            beside_type_one_error(inputs.operating.summary), effect_digits(inputs.operating.endpoint)
        ),
        "strata": tables.strata_wide(inputs.operating.summary, digits=effect_digits(inputs.operating.endpoint)),
        "effect": _sentence(effect_told(inputs.operating.endpoint)),
        "plan": _plan(inputs),
        "pooled": None if inputs.pooled is None else pool_wide(inputs.pooled, inputs.operating),
        "pool_words": "" if inputs.pooled is None else pool_words(inputs.pooled),
        "short": words.short_table(inputs.operating),
        "analysis": words.analysis_words(dict(inputs.study["trial"])),
        "looks": _looks(inputs),
        "family": _family(inputs.operating),
        "doses": dose_section(inputs.study, inputs.result, inputs.operating),
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
                "title": _sentence(answer.question.in_words()),
                "unanswered": answer.unanswered,
                "figure": f"together-{place}",
                "told": "" if answer.unanswered else answer_words(answer),
                "certainty": certainty.grade.replace("_", " "),
            }
            for place, (answer, certainty) in enumerate(inputs.together)
        ],
        "figures": _figures(inputs, comparison),
        "table": html_table,
    }


def _important(inputs: ReportInputs) -> dict[str, Any]:
    """Return the unit of a benefit and, where it is of scores, the benefit that matters to a patient."""
    endpoint = inputs.operating.endpoint
    if measure_of(endpoint) is SummaryMeasure.DIFFERENCE_IN_MEANS:
        return {"important": inputs.study["trial"].get("minimal_important_change")}
    return {"unit": measure_words(endpoint)}


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
                "95 % interval": _span(row["ci_low"], row["ci_high"], digits),
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
        "its interval": _span(row["adjusted_low"], row["adjusted_high"], digits),
        "repeated interval": _span(row["repeated_low"], row["repeated_high"], digits),
        "with all followed": tables.number(row["final_estimate"], digits),
    }


def _span(low: float, high: float, digits: int = 1) -> str:
    return f"{tables.number(low, digits)} to {tables.number(high, digits)}" if np.isfinite(low) else "–"


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
                "middle 90 %": _span(row["low_90"], row["high_90"]),
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


def _figures(inputs: ReportInputs, comparison: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return name → image address, its width in pixels, and what it shows, also for those who cannot see it."""
    endpoint = str(inputs.operating.endpoint["outcome"])
    arms = list(inputs.study["arms"])
    cells = [arm for arm, arm_words in inputs.study["arms"].items() if arm_words["intervention"] == "cell_therapy"]
    colours = figures.arm_colours(arms, cells)
    score = figures.words_of(endpoint)
    made = {
        "courses": (
            figures.plot_courses(inputs.operating, inputs.result, score=endpoint, colours=colours),
            f"{score} by arm. Line: median over simulated trials of the arm's mean; bands: middle 50 and 90 %. Open "
            "circles: one of these trials, mean and 95 % interval of those still observed.",
        ),
        "scores": (
            figures.plot_all_scores(inputs.operating, colours=colours, skip=endpoint),
            "All other scores by arm: median over simulated trials of the arm's mean; bars hold the middle 50 %.",
        ),
        "contrasts": (
            figures.plot_contrasts(
                inputs.result, important=inputs.study["trial"].get("minimal_important_change")
            ).figure,
            f"Comparisons of one simulated trial ({inputs.result.name}), with "
            f"{100 * (1 - 2 * inputs.result.alpha_of_a_side):g} % intervals.",
        ),
        "operating": (
            figures.plot_operating(inputs.operating).figure,
            "Share of simulated trials that succeed, with 95 % Monte-Carlo intervals.",
        ),
        "truth": (
            figures.plot_truth(inputs.operating),
            "Each point is one simulated trial: its estimate against the true value of its estimand under the same "
            "draw. The line is where both are equal.",
        ),
        "assurance": (
            plot_assurance(
                [assurance_curve(inputs.operating, comparison) for comparison in _compared(inputs.operating)],
                **_important(inputs),
            ),
            "Above: share of trials that show a benefit over the true benefit that they meet (logistic curve, 95 % "
            "band; points: groups of trials). Dotted: assurance, the curve's mean over the true benefits below.",
        ),
        "flow": (
            plot_flow(flow_of(inputs.result, inputs.study)),
            f"Participant flow of one simulated trial ({inputs.result.name}), as CONSORT 2025 has it. Nobody declines "
            "to take part, and nobody stops the treatment once it is given: neither is simulated.",
        ),
        "inside": (
            figures.plot_inside(inputs.operating, colours=colours),
            "What happens inside, by arm: median over simulated trials of the arm's mean; bands hold the middle 50 %. "
            "No trial could see it.",
        ),
    }  # fmt: skip
    if has_interim_looks(inputs.operating):
        made["looks"] = (
            plot_looks(inputs.operating),
            "The statistic at each look of simulated trials "
            f"({tables.scenario_words(drawn_scenario(inputs.operating))}) until they stop, and the bounds.",
        )
    if has_new_size(inputs.operating):
        said = "Patients of simulated trials whose size is estimated anew, by the result at the look, and how often."
        made["new-size"] = (plot_new_sizes(inputs.operating, inputs.new_sizes), said)
    if has_subgroup(inputs.operating):
        said = "What looks of simulated trials find in full population and subgroup, and which of the two goes on."
        made["selections"] = (plot_selections(inputs.operating), said)
    if drops_arms(inputs.operating):
        each = "population" if has_subgroup(inputs.operating) else "arm"
        said = f"What becomes of each {each} in simulated trials, by scenario."
        made["arms"] = (plot_arms(inputs.operating), said)
    if len(inputs.result.dose_target):
        made["doses"] = (
            plot_dose_response(inputs.result),
            f"Benefit by dose in one simulated trial ({inputs.result.name}): adjusted means and 95 % intervals of the "
            "differences; the shapes that are shown, each over its own value at dose 0, which need not be the "
            "control's estimate; the target dose with its interval.",
        )
    made |= _course_figure(inputs, colours)
    if np.isfinite(comparison["published"]).any() and np.isfinite(comparison["simulated_median"]).any():
        made["published"] = (
            figures.plot_published(comparison, colours=colours),
            "Published arm results beside simulated trials. The interval is of an arm's summary over simulated trials.",
        )
    for place, (answer, _) in enumerate(inputs.together):
        if not answer.unanswered:
            said = f"{_sentence(answer.question.in_words())}: published trials, and what they say together."
            made[f"together-{place}"] = (plot_forest(answer, inputs.lights), said)
    if inputs.mapped is not None:
        said = "Published studies of cells by type and route. What nobody has studied is marked."
        made["map"] = (plot_evidence_map(inputs.mapped), said)
    if inputs.population is not None and len(rows_of(inputs.population, inputs.cause)):
        made["population"] = (plot_population(inputs.population, cause=inputs.cause).figure, POPULATION_SAYS)
    return {
        # as wide as its text was set for, so that letters are the same size in every figure
        name: {"address": picture_address(figure), "says": says, "width": round(figure.get_figwidth() * 112)}
        for name, (figure, says) in made.items()
    }


def _course_figure(inputs: ReportInputs, colours: Mapping[str, str]) -> dict[str, Any]:
    """Return the picture of the course that assigned patients, none for designs whose course does not."""
    if inputs.operating.allocation.empty:
        return {}
    which = tables.scenario_words(drawn_scenario(inputs.operating))
    if has_closed_arms(inputs.operating):
        told = "from the mean month of the first patient who could get the arm to that of the last"
        figure = plot_open_arms(inputs.operating, colours=colours)
        return {"course": (figure, f"Arms open over time ({which}): {told}; lines: middle 90 % of trials.")}
    told = "Each arm's probability of assignment over the course of simulated trials"
    figure = plot_allocation(inputs.operating, colours=colours)
    return {"course": (figure, f"{told} ({which}): mean over trials, bands hold the middle 50 and 90 %.")}


def _compared(operating: OperatingCharacteristics) -> list[str]:
    return list(dict.fromkeys(map(str, operating.trials["comparison"])))


def _sentence(words_of_it: str) -> str:
    return words_of_it[:1].upper() + words_of_it[1:]
