"""The dossier of the model: every equation, number, unit, range and source, as pages that open offline.

Everything is generated from the laws, the prior table and the evidence tables; nothing is written twice.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup

from sciatrial.clinic import CHAPTERS as CLINIC_CHAPTERS
from sciatrial.clinic import WORDS as CLINIC_WORDS
from sciatrial.clinic import hazards
from sciatrial.evidence import Evidence
from sciatrial.exchange import rate_of_change, source_links
from sciatrial.foundation import Problem, StudyError
from sciatrial.model import Expression, Formula, Model, law_as_written
from sciatrial.parameters import Prior, reference_draw, words_of_numbers
from sciatrial.population import CHAPTERS as POPULATION_CHAPTERS
from sciatrial.population import WORDS as POPULATION_WORDS
from sciatrial.report import clinicians
from sciatrial.report.diagram import plot_modules_of_model, theme_of
from sciatrial.report.figures import as_svg, words_of
from sciatrial.report.notation import latex, mathml_lines
from sciatrial.report.words import DISCLAIMER

# name of the page by which a dossier folder is known
FIRST_PAGE = "index.html"
_MARK = "written-by-sciatrial.txt"
_BASES = {
    "measured": "read from a source row",
    "tuned": "set by hand within its range, on behaviours that its sources name: calibrated, not measured",
    "assumed": "assumed; no source gives it",
    "scale": "a choice of scale, or switched by the protocol",
}
# what a number is worth that was not read from its sources
_STANDING = {"tuned": "calibrated by hand", "assumed": "none", "scale": "by choice"}
_GRADES = ("high", "medium", "low", "not graded")
_CHAPTERS = (*POPULATION_CHAPTERS, *CLINIC_CHAPTERS)
_NOT_FOR = (
    "It is not a medical device and answers no question about one person.",
    "It does not show that stem cells work: every effect of cells in it may be absent, and is assumed in size.",
    "It was tuned on published averages; it has not predicted a trial that it had not seen.",
)


@dataclass(frozen=True)
class Law:
    """One equation as it is shown."""

    name: str
    kind: str
    theme: str
    meaning: str
    unit: str
    left: str
    expression: Expression
    sources: tuple[str, ...]
    needs: tuple[str, ...]


def laws_of(model: Model) -> tuple[Law, ...]:
    """Return every formula and mechanism, in the order of the model."""
    units = {state.name: state.unit for state in model.states}
    found = [_formula(item, theme_of(item)) for item in model.formulas]
    for item in model.mechanisms:
        unit = units[item.changes[0][0]]
        per_day = "1/day" if unit == "dimensionless" else f"{unit}/day"
        meaning = " ".join((item.rate.__doc__ or "").split())
        law = law_as_written(item)
        found.append(Law(item.name, "rate", theme_of(item), meaning, per_day, item.name, law, item.sources, item.needs))
    return tuple(found)


def laws_of_treatment() -> tuple[Law, ...]:
    """Return the equations of treatments, patients and chance, in their chapters' order."""
    return tuple(_formula(law, chapter.title) for chapter in _CHAPTERS for law in chapter.laws)


def _formula(item: Formula, theme: str) -> Law:
    law = law_as_written(item)
    return Law(item.name, "formula", theme, item.meaning, item.unit, item.name, law, item.sources, item.needs)


def balances_of(model: Model) -> tuple[tuple[str, Expression], ...]:
    """Return each state and its rate of change as the sum of its mechanisms."""
    return tuple((state.name, rate_of_change(model.mechanisms, state.name)) for state in model.states)


def parameter_table(model: Model, prior: Prior, evidence: Evidence) -> pd.DataFrame:
    """Return every row of the prior with what is known of it.

    Returns
    -------
    pandas.DataFrame
        Columns ``parameter, for, value, low, high, unit, scale, spread_between_patients, may_be_absent, basis,
        confidence, source_confidence, meaning, used_by, sources, links, note``. ``source_confidence`` is that of the
        least sure of the rows that are named: ``high``, ``medium``, ``low``, ``not graded`` for a row of the facts
        table, empty where no row is named. ``confidence`` is that of the number itself: the rows' where it was read
        from them, ``calibrated by hand`` where it was tuned, ``none`` where it is assumed, ``by choice`` for a scale.
    """
    words = words_of_numbers(model)
    graded = dict.fromkeys(evidence.facts["name"], "not graded")
    graded |= dict(zip(evidence.parameters["name"], evidence.parameters["confidence"].astype(str), strict=True))
    links = source_links(evidence)
    rows = []
    for row in prior.entries:
        sources = [source for source in row.sources.split(";") if source]
        grades = [graded[source] for source in sources if source in graded]
        least = max(grades, key=_GRADES.index) if grades else ""
        known = words[row.name]
        rows.append(
            {
                "parameter": row.name, "for": row.qualifier, "value": row.reference, "low": row.low, "high": row.high,
                "unit": known.unit, "scale": row.scale, "spread_between_patients": row.patient_sd,
                "may_be_absent": row.inclusion, "basis": row.basis, "confidence": _STANDING.get(row.basis, least),
                "source_confidence": least, "meaning": known.meaning, "used_by": row.used_by,
                "sources": "; ".join(sources), "links": "; ".join(links[s] for s in sources if s in links),
                "note": row.note,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def write_dossier(
    folder: str | Path, *, model: Model, prior: Prior, evidence: Evidence, behaviours: pd.DataFrame
) -> list[Path]:
    """Write the dossier: pages, tables and a diagram.

    Parameters
    ----------
    folder
        A new or empty folder, or one that holds a dossier, which is replaced.
    model, prior, evidence, behaviours
        What is told.

    Returns
    -------
    list of pathlib.Path
        ``index.html`` (equations and tables), ``summary.html`` (one page for clinicians), ``dossier.md`` (the equations
        and numbers with LaTeX), ``parameters.csv``, ``diagram.svg``.

    Raises
    ------
    StudyError
        When the folder holds something else, or cannot be written to.
    """
    folder = Path(folder)
    if folder.exists() and not _is_ours(folder):
        problem = Problem("folder", "holds something else", "a new or empty folder", "choose another name")
        raise StudyError(str(folder), problem)
    context = _context(model, prior, evidence, behaviours)
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_template), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    contents = {
        FIRST_PAGE: environment.get_template("dossier.html.j2").render(**context),
        "summary.html": environment.get_template("summary.html.j2").render(**context),
        "dossier.md": _markdown(context),
        "parameters.csv": context["parameters"].to_csv(index=False),
        "diagram.svg": context["diagram"],
        _MARK: "A dossier of sciatrial. Where this file is, writing a dossier again replaces the pages.\n",
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in contents.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        problem = Problem("folder", f"cannot be written ({error.strerror})", "a folder that you may write to")
        raise StudyError(str(folder), problem) from error
    return [folder / name for name in contents if name != _MARK]


def _is_ours(folder: Path) -> bool:
    """Whether a folder is empty, or a dossier that may be written again."""
    return folder.is_dir() and ((folder / _MARK).is_file() or not any(folder.iterdir()))


def _template(name: str) -> str:
    return files("sciatrial.report").joinpath("templates", name).read_text(encoding="utf-8")


def _context(model: Model, prior: Prior, evidence: Evidence, behaviours: pd.DataFrame) -> dict[str, Any]:
    laws, treatment, links = laws_of(model), laws_of_treatment(), source_links(evidence)
    table = parameter_table(model, prior, evidence)
    diagram = as_svg(plot_modules_of_model(model))
    held: Any = behaviours
    harms, uncounted = clinicians.harm_lines(hazards(evidence, reference_draw(prior).one(0)), evidence.studies, links)
    ways, kinds = clinicians.cell_treatments()
    return {
        "model": model,
        "disclaimer": DISCLAIMER,
        "laws": laws,
        "themes": list(dict.fromkeys(law.theme for law in laws)),
        "chapters": _CHAPTERS,
        "treatment_laws": treatment,
        "words_of_arm": (*POPULATION_WORDS, *CLINIC_WORDS),
        "balances": balances_of(model),
        "parameters": table,
        "by_parameter": dict(list(table.groupby("parameter", sort=False))),
        "numbers": set(table["parameter"]),
        "bases": _BASES,
        "basis_counts": table["basis"].value_counts().to_dict(),
        "confidence_counts": table["confidence"].value_counts().to_dict(),
        "behaviours": behaviours,
        "n_hold": int(held["holds"].sum()),
        "failing": held[~held["holds"].astype(bool)].to_dict("records"),
        "assumptions": _assumptions(table, (*laws, *treatment)),
        "links": links,
        "diagram": diagram,
        "diagram_mark": Markup(diagram[diagram.index("<svg") :]),
        "css": Markup(_template("report.css")),
        "not_for": _NOT_FOR,
        "lines": lambda expression: [Markup(line) for line in mathml_lines(expression)],
        "words": words_of,
        "source": lambda word: _source(word, links),
        "number": _number,
        "usual": clinicians.usual_treatments(),
        "ways": ways,
        "kinds": kinds,
        "cells": clinicians.cell_evidence(evidence),
        "trials": clinicians.trial_findings(evidence, links),
        "harms": harms,
        "uncounted": uncounted,
    }


def _assumptions(table: pd.DataFrame, laws: tuple[Law, ...]) -> list[tuple[str, list[str]]]:
    """Return each assumption and what rests on it."""
    found: dict[str, list[str]] = {}
    for row in table.to_dict("records"):
        for source in str(row["sources"]).split("; "):
            if source.startswith("assumption:"):
                found.setdefault(source.removeprefix("assumption:"), []).append(str(row["parameter"]))
    for law in laws:
        for source in law.sources:
            if source.startswith("assumption:"):
                found.setdefault(source.removeprefix("assumption:"), []).append(law.name)
    return [(words_of(name.replace("-", " ")), list(dict.fromkeys(users))) for name, users in sorted(found.items())]


def _source(word: str, links: Mapping[str, str]) -> Markup:
    if word.startswith("assumption:"):
        return Markup(f"<em>assumption: {html.escape(word.removeprefix('assumption:').replace('-', ' '))}</em>")
    if word in links:
        return Markup(f'<a href="{html.escape(links[word], quote=True)}">{html.escape(word)}</a>')
    return Markup(html.escape(word))


def _number(value: Any) -> str:
    return "" if value is None or value != value else f"{value:.4g}"


def _markdown(context: Mapping[str, Any]) -> str:
    """Return the equations and the parameter table as Markdown with LaTeX."""
    model: Model = context["model"]
    links: Mapping[str, str] = context["links"]
    lines = [
        "# The model, equation by equation", "", f"> {DISCLAIMER}", "",
        "As pages for a browser, with the diagram, states, assumptions and behaviours: [index.html](index.html). "
        "One page for clinicians: [summary.html](summary.html).", "",
        f"{len(model.states)} states, {len(model.parameters)} parameters, {len(model.mechanisms)} mechanisms and "
        f"{len(model.formulas)} formulas. Time is in days. Generated; do not edit.", "",
    ]  # fmt: skip
    for theme in context["themes"]:
        lines += [f"## {words_of(theme)}", ""]
        for law in context["laws"]:
            if law.theme == theme:
                lines += _law_in_markdown(law, links)
    lines += ["## Rates of change", ""]
    for state, rate in context["balances"]:
        lines += [rf"$$\frac{{d\,\text{{{state.replace('_', ' ')}}}}}{{dt}} = {latex(rate)}$$", ""]
    lines += ["## Treatments and chance", ""]
    for chapter in context["chapters"]:
        lines += [f"### {chapter.title}", "", chapter.says, ""]
        for law in context["treatment_laws"]:
            if law.theme == chapter.title:
                lines += _law_in_markdown(law, links, "####")
    lines += ["### Words of the arm and of chance", "", "| word | unit | meaning |", "|---|---|---|"]
    lines += [f"| {item.name.replace('_', ' ')} | {item.unit} | {item.meaning} |" for item in context["words_of_arm"]]
    lines += ["", "## Parameters", ""]
    lines += [
        "| parameter | for | value | range | unit | basis | confidence | source's confidence | meaning | sources |"
    ]
    lines += ["|---|---|---|---|---|---|---|---|---|---|"]
    for row in context["parameters"].to_dict("records"):
        span = "" if row["low"] is None or row["low"] != row["low"] else f"{row['low']:g} to {row['high']:g}"
        sources = ", ".join(_source_in_markdown(word, links) for word in row["sources"].split("; "))
        lines.append(
            f"| {row['parameter']} | {row['for']} | {row['value']:g} | {span} | {row['unit']} | {row['basis']} | "
            f"{row['confidence']} | {row['source_confidence']} | {row['meaning']} | {sources} |"
        )
    return "\n".join([*lines, ""])


def _law_in_markdown(law: Law, links: Mapping[str, str], heading: str = "###") -> list[str]:
    sources = ", ".join(_source_in_markdown(word, links) for word in law.sources)
    return [
        f"{heading} {words_of(law.name)}", "", law.meaning + ("" if law.meaning.endswith(".") else "."), "",
        f"$$\\text{{{law.left.replace('_', ' ')}}} = {latex(law.expression)}$$", "",
        f"Unit: {law.unit}. Sources: {sources or 'follows from its terms'}.", "",
    ]  # fmt: skip


def _source_in_markdown(word: str, links: Mapping[str, str]) -> str:
    if word.startswith("assumption:"):
        return f"*assumption: {word.removeprefix('assumption:').replace('-', ' ')}*"
    return f"[{word}]({links[word].replace('(', '%28').replace(')', '%29')})" if word in links else word
