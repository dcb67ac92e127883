"""The dossier of the model: every equation, number, unit, range and source, as pages that open offline.

Everything is generated from the laws, the prior table and the evidence tables; nothing is written twice.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import pandas as pd
from markupsafe import Markup

from sciatrial.calibration import Prior
from sciatrial.evidence import Evidence
from sciatrial.exchange import REFERENCE_TREATMENTS, rate_of_change, reference_case, source_links
from sciatrial.foundation import Problem, StudyError
from sciatrial.model import Expression, Formula, Mechanism, Model, law_as_written
from sciatrial.report.figures import as_svg, new_figure, styled, words_of
from sciatrial.report.notation import latex, mathml

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# name of the page by which a dossier folder is known
FIRST_PAGE = "index.html"
_MARK = "written-by-sciatrial.txt"
_BASES = {
    "measured": "read from a source row",
    "tuned": "set by hand within its range, on behaviours that its sources name: calibrated, not measured",
    "assumed": "assumed; no source gives it",
    "scale": "a choice of scale, or switched by the protocol",
}
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


def theme_of(law: Formula | Mechanism) -> str:
    """Return the theme, a file of the model, in which a law is written."""
    function = law.value if isinstance(law, Formula) else law.rate
    return function.__module__.rpartition(".")[2]


def laws_of(model: Model) -> tuple[Law, ...]:
    """Return every formula and mechanism, in the order of the model."""
    units = {state.name: state.unit for state in model.states}
    found = [
        Law(f.name, "formula", theme_of(f), f.meaning, f.unit, f.name, law_as_written(f), f.sources, f.needs)
        for f in model.formulas
    ]
    for item in model.mechanisms:
        unit = units[item.changes[0][0]]
        per_day = "1/day" if unit == "dimensionless" else f"{unit}/day"
        meaning = " ".join((item.rate.__doc__ or "").split())
        found.append(
            Law(
                item.name,
                "rate",
                theme_of(item),
                meaning,
                per_day,
                item.name,
                law_as_written(item),
                item.sources,
                item.needs,
            )
        )
    return tuple(found)


def balances_of(model: Model) -> tuple[tuple[str, Expression], ...]:
    """Return each state and its rate of change as the sum of its mechanisms."""
    return tuple((state.name, rate_of_change(model.mechanisms, state.name)) for state in model.states)


def parameter_table(model: Model, prior: Prior, evidence: Evidence) -> pd.DataFrame:
    """Return every row of the prior with what is known of it.

    Returns
    -------
    pandas.DataFrame
        Columns ``parameter, for, value, low, high, unit, scale, spread_between_patients, may_be_absent, basis,
        confidence, meaning, used_by, sources, links, note``. Confidence is the best of the sources' rows in the
        parameters table, ``fact`` where a facts row gives it, and missing where nothing does.
    """
    words = {item.name: item for item in model.parameters}
    confidence = dict(zip(evidence.parameters["name"], evidence.parameters["confidence"].astype(str), strict=True))
    facts = set(evidence.facts["name"])
    links = source_links(evidence)
    rank = ("high", "medium", "low")
    rows = []
    for row in prior.entries:
        sources = [source for source in row.sources.split(";") if source]
        graded = [confidence[source] for source in sources if source in confidence]
        best = min(graded, key=rank.index) if graded else ("fact" if facts & set(sources) else "")
        known = words.get(row.name)
        rows.append(
            {
                "parameter": row.name, "for": row.qualifier, "value": row.reference, "low": row.low, "high": row.high,
                "unit": known.unit if known else "", "scale": row.scale, "spread_between_patients": row.patient_sd,
                "may_be_absent": row.inclusion, "basis": row.basis, "confidence": best,
                "meaning": known.meaning if known else "", "used_by": row.used_by, "sources": "; ".join(sources),
                "links": "; ".join(links[s] for s in sources if s in links), "note": row.note,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def treatments_by_theme(model: Model) -> dict[str, list[str]]:
    """Return theme → the reference treatments that act there, by the states that they change."""
    homes: dict[str, str] = {}
    for item in model.mechanisms:
        for state, _ in item.changes:
            homes.setdefault(state, theme_of(item))
    for item in (*model.formulas, *model.mechanisms):
        for name in item.needs:  # exposures change no state by themselves: they live where they are first used
            if name in model.state_names:
                homes.setdefault(name, theme_of(item))
    natural = {(c.day, c.state) for c in reference_case("stenosis", "none").changes}
    found: dict[str, list[str]] = {}
    for name, protocol in REFERENCE_TREATMENTS.items():
        if protocol is None:
            continue
        changed = {c.state for c in reference_case("stenosis", name).changes if (c.day, c.state) not in natural}
        for theme in {homes[state] for state in changed - {"treatment_context", "lost_cells"}}:
            found.setdefault(theme, []).append(name)
    return found


_ACRONYMS = {"nsaid": "NSAID", "prp": "PRP", "placebo_oral": "oral placebo"}
# where the themes stand, from the disc at the left to what is felt at the right
_PLACES = {
    "cells": (0.5, 3.0), "disc": (0.5, 1.5), "root": (3.2, 0.9), "inflammation": (3.2, 2.6), "nerve": (5.9, 0.9),
    "pain": (5.9, 2.6), "drugs": (3.2, 4.1),
}  # fmt: skip
_WIDTH, _HEIGHT = 1.8, 0.95


@styled
def plot_modules_of_model(model: Model) -> Figure:
    """Draw the themes of the model, what passes between them, and where treatments act."""
    from matplotlib.patches import FancyBboxPatch

    owner: dict[str, str] = {}
    for item in model.mechanisms:
        for state, _ in item.changes:
            owner.setdefault(state, theme_of(item))
    owner |= {item.name: theme_of(item) for item in model.formulas}
    passed: dict[tuple[str, str], list[str]] = {}
    for item in (*model.formulas, *model.mechanisms):
        for name in item.needs:
            home, user = owner.get(name), theme_of(item)
            if home is not None and home != user and name not in passed.get((home, user), []):
                passed.setdefault((home, user), []).append(name)
    figure = new_figure(10.0, 5.6)
    ax = figure.add_subplot()
    ax.set_axis_off()
    ax.set_xlim(-0.6, 7.2)
    ax.set_ylim(0.1, 4.9)
    for (home, user), names in passed.items():
        (x0, y0), (x1, y1) = _PLACES[home], _PLACES[user]
        ax.annotate(
            "", xy=_edge(x1, y1, x0, y0), xytext=_edge(x0, y0, x1, y1),
            arrowprops={"arrowstyle": "-|>", "lw": 0.7 + 0.25 * len(names), "color": "#7d8da1",
                        "connectionstyle": "arc3,rad=0.14", "shrinkA": 1, "shrinkB": 1},
        )  # fmt: skip
    acting = treatments_by_theme(model)
    for theme, (x, y) in _PLACES.items():
        box = FancyBboxPatch(
            (x - _WIDTH / 2, y - _HEIGHT / 2), _WIDTH, _HEIGHT, boxstyle="round,pad=0.02,rounding_size=0.1",
            fc="#eaf1f7", ec="#2a6f97", lw=1.2, zorder=3,
        )  # fmt: skip
        ax.add_patch(box)
        n_laws = sum(theme_of(item) == theme for item in (*model.formulas, *model.mechanisms))
        ax.text(x, y + 0.24, words_of(theme), ha="center", va="center", fontsize=11, fontweight="bold", zorder=4)
        short = _short(acting.get(theme, []))
        ax.text(x, y - 0.13, f"{n_laws} laws\n{short}", ha="center", va="center", fontsize=8, zorder=4)
    ax.set_title("Themes of the model; arrows: what one needs of another; below each name: treatments that act there")
    return figure


def _edge(x: float, y: float, to_x: float, to_y: float) -> tuple[float, float]:
    """Return where the line from a box's middle leaves the box."""
    dx, dy = to_x - x, to_y - y
    scale = min(
        (_WIDTH / 2 + 0.04) / abs(dx) if dx else float("inf"), (_HEIGHT / 2 + 0.04) / abs(dy) if dy else float("inf")
    )
    return x + dx * scale, y + dy * scale


def _short(names: list[str]) -> str:
    plain = list(
        dict.fromkeys("cells" if name.startswith(("cells", "marrow")) else name.replace("_", " ") for name in names)
    )
    lines, line = [], ""
    for word in plain:
        if line and len(line) + len(word) > 26:
            lines.append(line)
            line = word
        else:
            line = f"{line}, {word}" if line else word
    return "\n".join([*lines, line][:3])


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
        ``index.html`` (equations and tables), ``summary.html`` (one page for clinicians), ``dossier.md`` (the same with
        LaTeX), ``parameters.csv``, ``diagram.svg``.

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
    laws, links = laws_of(model), source_links(evidence)
    table = parameter_table(model, prior, evidence)
    diagram = as_svg(plot_modules_of_model(model))
    held: Any = behaviours
    return {
        "model": model,
        "laws": laws,
        "themes": list(dict.fromkeys(law.theme for law in laws)),
        "balances": balances_of(model),
        "parameters": table,
        "by_parameter": dict(list(table.groupby("parameter", sort=False))),
        "model_parameters": set(model.parameter_names),
        "units": _units(model),
        "bases": _BASES,
        "basis_counts": table["basis"].value_counts().to_dict(),
        "confidence_counts": table["confidence"].replace("", "no row").value_counts().to_dict(),
        "behaviours": behaviours,
        "n_hold": int(held["holds"].sum()),
        "failing": held[~held["holds"].astype(bool)].to_dict("records"),
        "assumptions": _assumptions(table, laws),
        "links": links,
        "diagram": diagram,
        "diagram_mark": Markup(diagram[diagram.index("<svg") :]),
        "css": Markup(_template("report.css")),
        "not_for": _NOT_FOR,
        "mathml": lambda expression: Markup(mathml(expression)),
        "words": words_of,
        "source": lambda word: _source(word, links),
        "number": _number,
        "treatments": [
            _ACRONYMS.get(name, name.replace("_", " ")) for name in REFERENCE_TREATMENTS if name not in ("none", "sham")
        ],
    }


def _units(model: Model) -> dict[str, str]:
    return {item.name: item.unit for item in (*model.states, *model.parameters, *model.formulas)}


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
    lines = [
        "# The model, equation by equation", "",
        f"{len(model.states)} states, {len(model.parameters)} parameters, {len(model.mechanisms)} mechanisms and "
        f"{len(model.formulas)} formulas. Time is in days. Generated; do not edit.", "",
    ]  # fmt: skip
    for theme in context["themes"]:
        lines += [f"## {words_of(theme)}", ""]
        for law in context["laws"]:
            if law.theme == theme:
                lines += [
                    f"### {words_of(law.name)}", "", law.meaning + ("" if law.meaning.endswith(".") else "."), "",
                    f"$$\\text{{{law.left.replace('_', ' ')}}} = {latex(law.expression)}$$", "",
                    f"Unit: {law.unit}. Sources: {', '.join(law.sources) or 'follows from its terms'}.", "",
                ]  # fmt: skip
    lines += ["## Rates of change", ""]
    for state, rate in context["balances"]:
        lines += [rf"$$\frac{{d\,\text{{{state.replace('_', ' ')}}}}}{{dt}} = {latex(rate)}$$", ""]
    lines += ["## Parameters", "", "| parameter | for | value | range | unit | basis | confidence | sources |"]
    lines += ["|---|---|---|---|---|---|---|---|"]
    for row in context["parameters"].to_dict("records"):
        span = "" if row["low"] is None or row["low"] != row["low"] else f"{row['low']:g} to {row['high']:g}"
        lines.append(
            f"| {row['parameter']} | {row['for']} | {row['value']:g} | {span} | {row['unit']} | {row['basis']} | "
            f"{row['confidence']} | {row['sources']} |"
        )
    return "\n".join([*lines, ""])
