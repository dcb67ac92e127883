"""One HTML file that opens without a network: its writing, its tables, its pictures."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd
from markupsafe import Markup

from sciatrial.foundation import Problem, StudyError, write_whole
from sciatrial.report import figures


def write_page(text: str, path: str | Path) -> Path:
    """Write a page, whole or not at all.

    Raises
    ------
    StudyError
        When it cannot be written.
    """
    path = Path(path)
    try:
        write_whole(text, path)
    except OSError as error:
        found = f"cannot be written ({error.strerror or error})"
        problem = Problem(
            "report", found, "a folder with room that you may write to", "free some space or change rights"
        )
        raise StudyError(str(path), problem) from error
    return path


def rendered(template: str, context: Mapping[str, Any]) -> str:
    """Return a template filled in; a name that is missing is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_template), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template(template).render(**context)


def css() -> Markup:
    """Return the style of every page."""
    return Markup(_template("report.css"))


def _template(name: str) -> str:
    return files("sciatrial.report").joinpath("templates", name).read_text(encoding="utf-8")


def html_table(frame: pd.DataFrame, caption: str, numbers: tuple[str, ...] = ()) -> Markup:
    """Return a frame as an HTML table; the columns in `numbers` are set to the right."""
    right = [column in numbers or frame[column].dtype.kind in "fi" for column in frame.columns]
    heads = "".join(
        f'<th scope="col"{" class=n" if flag else ""}>{html.escape(str(column)).replace("_", " ")}</th>'
        for column, flag in zip(frame.columns, right, strict=True)
    )
    body = []
    for row in frame.itertuples(index=False):
        cells = [html.escape(_text(value)) for value in row]
        first = f'<th scope="row">{cells[0]}</th>'
        rest = "".join(
            f"<td{' class=n' if flag else ''}>{text}</td>" for text, flag in zip(cells[1:], right[1:], strict=True)
        )
        body.append(f"<tr>{first}{rest}</tr>")
    return Markup(
        f'<div class="scroll"><table><caption>{html.escape(caption)}</caption><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "–"
    if isinstance(value, (float, np.floating)):
        return f"{value:.4g}"
    return str(value)


def picture_address(figure: Any) -> str:
    """Return a figure as an address that holds the whole picture."""
    return "data:image/svg+xml;base64," + base64.b64encode(figures.as_svg(figure).encode()).decode()
