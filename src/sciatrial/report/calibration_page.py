"""A calibration → one self-contained HTML file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sciatrial.report import words
from sciatrial.report.calibration_figures import (
    panel_words,
    plot_cell_answers,
    plot_contraction,
    plot_effect_probabilities,
    plot_predicted,
    plot_without_trial,
    predicted_panels,
)
from sciatrial.report.calibration_tables import (
    KIND_WORDS,
    LEARNED,
    NO_LEG_PAIN_CLAIM,
    answers_table,
    at_year,
    checks_table,
    checks_words,
    claim_words,
    coverage_table,
    discrepancy_shares,
    discrepancy_table,
    effects_table,
    fact_table,
    findings,
    leg_pain_is_controlled,
    numbers_of,
    parameter_words,
    unused_table,
    without_trial_table,
)
from sciatrial.report.figures import words_of
from sciatrial.report.page import css, html_table, picture_address, rendered, write_page
from sciatrial.report.population_figures import plot_population
from sciatrial.report.population_tables import POPULATION_SAYS, population_lines, population_section
from sciatrial.report.tables import number
from sciatrial.report.validation_figures import (
    UNITS,
    plot_coverage,
    plot_crps,
    plot_left_out_contrasts,
    plot_left_out_numbers,
    plot_quantile_histogram,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sciatrial.calibration import Fit, Validation
    from sciatrial.population import PopulationComparison

_PIXELS_PER_INCH = 112
_Figures = dict[str, dict[str, Any]]


def write_calibration(
    fit: Fit,
    path: str | Path,
    validation: Validation | None = None,
    *,
    population: PopulationComparison | None = None,
    stamp: Mapping[str, Any] | None = None,
) -> Path:
    """Write what a calibration found as one HTML page that opens without a network.

    Parameters
    ----------
    fit
        What `calibrate` made; where it did not converge the page says so first.
    path
        The HTML file.
    validation
        Predictions of studies that were left out; None where there are none, and the page says that too.
    population
        Virtual patients beside published ones; None where nobody compared them, and the page says that too.
    stamp
        ``created, tables, is_quick`` for the head of the page; may be left out.

    Raises
    ------
    StudyError
        When it cannot be written; what was there before stays.
    """
    return write_page(rendered("calibration.html.j2", _context(fit, validation, population, stamp or {})), path)


def _context(
    fit: Fit, validation: Validation | None, population: PopulationComparison | None, stamp: Mapping[str, Any]
) -> dict[str, Any]:
    figures: _Figures = {}
    posterior = fit.posterior
    _draw(figures, "effects", plot_effect_probabilities(posterior), "Probability of each effect before and after.")
    _draw(
        figures, "contraction", plot_contraction(posterior),
        "Numbers that the data say most of: posterior beside prior, in prior standard deviations.",
    )  # fmt: skip
    made = posterior.made_with
    return {
        "css": css(), "table": html_table, "disclaimer": words.DISCLAIMER,
        "stamp": {"version": version("sciatrial"), "created": "", "tables": "", "is_quick": False,
                  "fingerprint": made.get("evidence", ""), **stamp},
        "converged": posterior.converged, "findings": [*findings(fit, validation), *_door(population)],
        "claim": _claim(fit), "without": _without(fit, validation),
        "input": _input(fit), "kinds": _kinds(fit), "unused": unused_table(fit.calibration.terms.unused),
        "n_unused": len(fit.calibration.terms.unused), **_reached(fit),
        "checks": checks_table(posterior), "checks_words": checks_words(posterior), "effects": effects_table(posterior),
        "cells": _cells(fit, figures), "answers": answers_table(fit), **_priors(fit), **_learned(fit),
        **_influence(fit), "studies": _studies(fit, figures), **_facts(fit), "shares": discrepancy_shares(fit),
        "discrepancy": discrepancy_table(posterior, _column_sds(fit)),
        "population": None if population is None else _population(population, figures),
        "validation": None if validation is None else _validation(validation, figures),
        "assumptions": list(made.get("assumptions", ())), "guesses": _guesses(fit),
        "settings_seed": made.get("seed"), "figures": figures,
    }  # fmt: skip


def _draw(figures: _Figures, name: str, ax: Axes, says: str) -> str:
    figure: Any = ax.figure
    figures[name] = {
        "address": picture_address(figure), "says": says, "width": round(figure.get_figwidth() * _PIXELS_PER_INCH),
    }  # fmt: skip
    return name


def _without(fit: Fit, validation: Validation | None) -> list[dict[str, Any]]:
    """Return what stands beside each claim: the answer without each controlled trial."""
    if validation is None:
        return []
    left = validation.without_trial
    made = []
    for question in map(str, left["question"].unique()):
        stop = claim_words(question, fit.calibration.terms)
        says = f"{question}, at {at_year(left, question):g} months against the carrier, points of 100 (below 0 is less "
        says += "pain): each controlled trial of cells left out." + (f" {stop[:1].upper()}{stop[1:]}." if stop else "")
        made.append({"table": without_trial_table(left, question), "says": says})
    return made


def _claim(fit: Fit) -> str:
    from sciatrial.calibration import ABOUT_CELLS

    stop = "" if leg_pain_is_controlled(fit.calibration.terms) else f" {NO_LEG_PAIN_CLAIM.capitalize()}."
    return ABOUT_CELLS + stop


def _input(fit: Fit) -> list[tuple[str, str]]:
    made, terms = fit.posterior.made_with, fit.calibration.terms
    rows, settings = terms.rows, fit.calibration.settings
    explained = 100 * float(np.median(fit.calibration.problem.emulator.explained))
    n_cells = sum(arm.is_cells for arm in terms.arms)
    shares: Any = rows[["study_id", "group"]].drop_duplicates()
    patients = rows.sort_values("n").drop_duplicates(["study_id", "arm_id"], keep="last")["n"].sum()
    return [
        ("Numbers of trials", f"{len(rows)} of {rows['study_id'].nunique()} studies, in {shares['group'].nunique()} "
         "groups that share no patients"),
        ("Arms", f"{len(terms.arms)}, of which {n_cells} with cells; some {patients:.0f} patients"),
        ("Facts", f"{len(fit.calibration.facts.rows)} of the natural course"),
        ("Standing alone", f"{made['numbers of cell arms without a control, which say nothing of cells']} numbers of "
         "cell arms without a control: what they show beyond idle cells has a change of its own, and says nothing of "
         "cells"),
        ("Runs of the simulator", f"{len(fit.calibration.runs.z)}; the emulator explains "
         f"{explained:.0f} % of the variance between them (median)"),
        ("Chains", f"{settings.chains.n_chains} of {settings.chains.n_draws} draws after {settings.chains.n_warmup}"),
        ("Effects that may be absent", f"each there with probability {settings.inclusion_probability:g} beforehand"),
        ("Seed", str(settings.seed)),
        ("Fingerprints", f"evidence {made['evidence']}, prior table {made['prior table']}"),
    ]  # fmt: skip


def _kinds(fit: Fit) -> pd.DataFrame:
    rows = fit.calibration.terms.rows
    counts = rows.groupby(["cause", "score", "kind"]).agg(numbers=("month", "size"), studies=("study_id", "nunique"))
    table = counts.reset_index().assign(kind=lambda frame: frame["kind"].map(KIND_WORDS))
    return table.assign(**{name: [words_of(word) for word in table[name]] for name in ("cause", "score", "kind")})


def _reached(fit: Fit) -> dict[str, Any]:
    hard: Any = fit.reached[fit.reached["verdict"] != "good"]
    hard = hard.sort_values("effective_size", kind="stable")
    few, refused = (list(fit.reached["verdict"]).count(word) for word in ("few", "refused"))
    told = (
        f"Of {len(fit.reached)} arms {few} {'is' if few == 1 else 'are'} made up of few virtual patients and {refused} "
        f"{'has' if refused == 1 else 'have'} a printed baseline that the model does not reach."
    )
    shown = ["study_id", "arm_id", "effective_size", "gap", "verdict"]
    return {"reached_words": f"{told} {_durations(fit.reached)}", "hard": hard[shown].round(1)}


def _durations(reached: pd.DataFrame) -> str:
    """Return in how many arms virtual patients have been ill as long as the study says, and in which not."""
    printed = reached["months_printed"].notna()
    bounded = ~printed & (reached["months_from"].notna() | reached["months_to"].notna())
    agrees = reached["months_agree"].astype(bool)
    told = (
        f"Where a mean duration of symptoms is printed ({printed.sum()} arms), {(agrees & printed).sum()} enrol it; "
        f"where only bounds are known ({bounded.sum()} arms), {(agrees & bounded).sum()} enrol a mean between them."
    )
    others: Any = reached[~agrees]
    off = [
        f"{row['study_id']}, {row['arm_id']} ({row['months']:.2g} months enrolled, {_said(row)})"
        for row in others.to_dict("records")
    ]
    return f"{told} Not: {'; '.join(off)}." if off else told


def _said(row: dict[Any, Any]) -> str:
    if np.isfinite(row["months_printed"]):
        return f"{row['months_printed']:g} printed"
    ends = [f"{word} {row[name]:g}" for word, name in (("from", "months_from"), ("to", "months_to"))
            if np.isfinite(row[name])]  # fmt: skip
    return " ".join(ends)


def _cells(fit: Fit, figures: _Figures) -> list[str]:
    names = []
    for place, question in enumerate(fit.cells["question"].unique()):
        for against in fit.cells["against"].unique():
            ax = plot_cell_answers(fit.cells, question=str(question), against=str(against))
            says = f"{question}: cells minus {against}, median and 90 % interval under each fit."
            names.append(_draw(figures, f"cells-{place}-{against}", ax, says))
    return names


def _priors(fit: Fit) -> dict[str, Any]:
    from sciatrial.calibration import table_of

    rows = pd.DataFrame(table_of(fit.calibration.space))
    counts = ", ".join(f"{n} {word}" for word, n in rows["basis"].value_counts().items())
    gated = sum(bool(word) for word in rows["inclusion"])
    told = (
        f"{len(rows)} numbers vary ({counts}); {gated} of them belong to one of "
        f"{len(fit.calibration.space.groups)} effects that may be absent."
    )
    return {"priors": rows, "prior_words": told, "prior_coverage": coverage_table(fit)}


def _learned(fit: Fit) -> dict[str, Any]:
    table = fit.posterior.parameters
    is_shift = table["key"].str.startswith("trial_").to_numpy()
    unknown = table.loc[~(table["contraction"] >= LEARNED).to_numpy() & ~is_shift, "key"].tolist()
    n = int((~is_shift).sum())
    verdicts = Counter(fit.sensitivity["verdict"])
    told = ", ".join(f"{word} {count}" for word, count in verdicts.most_common())
    edge = table.loc[table["is_at_edge"].astype(bool), "key"].tolist()
    edge_words = f" Far from the middle of their range: {', '.join(edge)}." if edge else ""
    return {
        "parameters": parameter_words(table), "unknown": unknown, "learned_from": LEARNED,
        "unknown_words": f"Of {n} numbers the data narrow {n - len(unknown)} by a tenth or more of their prior "
        f"variance; {len(unknown)} stay as the prior has them. What hangs on those is prior.{edge_words}",
        "pairs": fit.confounded.round(2), "sensitivity": fit.sensitivity.round(3),
        "sensitivity_words": f"Of {len(fit.sensitivity)} learned numbers: {told}.",
    }  # fmt: skip


def _influence(fit: Fit) -> dict[str, Any]:
    strong = fit.influence.loc[fit.influence["is_influential"].astype(bool), "study"].tolist()
    told = (
        f"{len(strong)} of {len(fit.influence)} studies and facts weigh so much that the posterior without them can "
        f"only be told by a new fit (Pareto k above 0.7): {', '.join(strong)}." if strong else
        f"None of {len(fit.influence)} studies and facts weighs so much that the posterior without it could not be "
        "told from this one (Pareto k above 0.7)."
    )  # fmt: skip
    held = ["yes" if flag else "" for flag in fit.influence["is_influential"].tolist()]
    return {"influence_words": told, "influence": fit.influence.assign(is_influential=held).round(2)}


def _studies(fit: Fit, figures: _Figures) -> list[dict[str, Any]]:
    parts: dict[str, list[str]] = {}
    for place, panel in enumerate(predicted_panels(numbers_of(fit))):
        title = panel_words(panel)
        n = len(set(panel["study_id"]))
        says = f"{title}. Printed beside predicted, {n} {'study' if n == 1 else 'studies'}."
        name = _draw(figures, f"predicted-{place}", plot_predicted(panel), says)
        parts.setdefault(words_of(panel["cause"].iloc[0]), []).append(name)
    return [{"title": f"{cause}, {len(names)} by score and unit", "pictures": names} for cause, names in parts.items()]


def _facts(fit: Fit) -> dict[str, Any]:
    table = fact_table(fit.predictive, fit.calibration.facts.rows)
    inside = sum(table["is_inside"].tolist())
    shown = table.assign(
        printed=[number(value) for value in table["printed"]],
        predicted=[f"{number(row['predicted'])} ({number(row['low'])} to {number(row['high'])})"
                   for row in table.to_dict("records")],
        inside=["yes" if flag else "no" for flag in table["is_inside"].tolist()],
    )  # fmt: skip
    return {
        "facts": shown[["fact", "cause", "unit", "printed", "predicted", "inside", "how it is read"]],
        "facts_words": f"{inside} of {len(table)} facts lie inside the middle 90 % of their prediction.",
    }


def _door(population: PopulationComparison | None) -> list[str]:
    """Return what stands of it among the first sentences."""
    return [] if population is None else population_lines(population)[:1]


def _population(population: PopulationComparison, figures: _Figures) -> dict[str, Any]:
    _draw(figures, "population", plot_population(population), POPULATION_SAYS)
    return population_section(population)


def _column_sds(fit: Fit) -> list[float]:
    problem = fit.calibration.problem
    return [problem.scales.of_column(kind) for kind in problem.columns.kinds]


def _guesses(fit: Fit) -> pd.DataFrame:
    counts = Counter(guess for arm in fit.calibration.terms.arms for guess in arm.guesses)
    return pd.DataFrame([{"guess": guess, "arms": n} for guess, n in counts.most_common()], columns=["guess", "arms"])


_SCORE_COLUMNS = {
    "model": "model", "stratum": "stratum", "what": "what", "n": "numbers", "n_studies": "studies",
    "coverage_50": "inside 50 %", "coverage_90": "inside 90 %", "crps": "error", "crps_of_luck": "luck alone",
    "slope": "slope", "bias": "bias",
    "untested": "untested",
}  # fmt: skip


def _validation(validation: Validation, figures: _Figures) -> dict[str, Any]:
    from sciatrial.calibration import MECHANISM

    predictions, pictures = validation.predictions, []
    for place, unit in enumerate(UNITS):
        says = f"Arms of studies left out, printed against predicted, {unit}."
        pictures.append(_draw(figures, f"left-out-{place}", plot_left_out_numbers(predictions, unit=unit), says))
        says = f"Differences between arms of studies left out, printed against predicted, {unit}."
        pictures.append(_draw(figures, f"contrasts-{place}", plot_left_out_contrasts(predictions, unit=unit), says))
    for what in dict.fromkeys(validation.scores["what"]):
        name = str(what).replace(" ", "-")
        says = f"How many printed numbers the 90 % intervals hold: {what}."
        pictures.append(_draw(figures, f"coverage-{name}", plot_coverage(validation.scores, what=what), says))
        says = f"Error of the mechanism minus that of each baseline: {what}."
        ax = plot_crps(validation.differences, model=MECHANISM, what=what)
        pictures.append(_draw(figures, f"crps-{name}", ax, says))
    says = "Where printed numbers lie among the quantiles of their predictions."
    pictures.append(_draw(figures, "quantiles", plot_quantile_histogram(predictions), says))
    left_out = [
        _draw(figures, f"without-{place}", plot_without_trial(validation.without_trial, question=str(question)),
              f"{question}: what is left without each controlled trial.")
        for place, question in enumerate(validation.without_trial["question"].unique())
    ]  # fmt: skip
    scores: Any = validation.scores[list(_SCORE_COLUMNS)]
    scores = scores.rename(columns=_SCORE_COLUMNS).round(2)
    cited = validation.cited_by_prior
    return {
        "pictures": pictures, "left_out": left_out, "scores": scores, "cited": cited,
        "fallbacks": validation.fallbacks,
        "cited_words": f"{cited['key'].nunique()} prior rows cite a study of the fit: their ranges were set by hand. "
        "Where that study is left out they are twice as wide; their middles stay, so it is not wholly unseen.",
    }  # fmt: skip
