"""Pictures of a calibration: data beside predictions, what was learned, which effects are there, what cells do."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sciatrial.report.calibration_tables import (
    LEARNED,
    SPREAD,
    at_year,
    fit_words,
    key_words,
    no_effect_before,
    percent,
)
from sciatrial.report.figures import (
    CELL_COLOURS,
    CONTROL_COLOURS,
    FAINT,
    INK,
    PUBLISHED,
    new_figure,
    styled,
    words_of,
)
from sciatrial.report.tables import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from sciatrial.calibration import Posterior

_MOST_ROWS = 46  # of a panel: more are parted between studies
_MOST_NUMBERS = 40
_ROW_INCHES = 0.17
_FIT_LOOKS = (("#0072B2", "o"), ("#D55E00", "s"), ("#009E73", "^"), ("#5A5A5A", "D"))


def predicted_panels(numbers: pd.DataFrame) -> list[pd.DataFrame]:
    """Part printed and predicted numbers into panels: one cause, score and unit each, of few enough rows to read.

    Parameters
    ----------
    numbers
        As `calibration_tables.predicted_numbers` gives them.
    """
    panels: list[pd.DataFrame] = []
    for _, part in numbers.groupby(["cause", "score", "unit"], sort=False):
        ordered = part.sort_values(["study_id", "arm_id", "month", "kind"], kind="stable")
        page: list[pd.DataFrame] = []
        for _, study in ordered.groupby("study_id", sort=False):
            if page and sum(map(len, page)) + len(study) > _MOST_ROWS:
                panels.append(pd.concat(page))
                page = []
            page.append(study)
        panels.append(pd.concat(page))
    return panels


def panel_words(panel: pd.DataFrame) -> str:
    """Return what a panel of `predicted_panels` shows."""
    first = panel.iloc[0]
    what = "printed spreads" if first["unit"] == SPREAD else first["unit"]
    return f"{words_of(first['cause'])}: {words_of(first['score']).lower()}, {what}"


@styled
def plot_predicted(panel: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw printed numbers beside their predictions, one row a number, grouped by study.

    Parameters
    ----------
    panel
        One of `predicted_panels`.
    ax
        Where to draw; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Diamonds are printed, with their 95 % interval; bars hold the middle 50 and 90 % of what a new trial of that
        design would print. Hollow diamonds did not count: arms of cells without a control.
    """
    rows = panel.to_dict("records")
    ax = roomy_axes(ax, 7.6, 1.35 + _ROW_INCHES * len(rows))
    names, studies = [], [row["study_id"] for row in rows]
    for place, row in enumerate(rows):
        colour = CELL_COLOURS[0] if row["is_cells"] else CONTROL_COLOURS[0]
        _bars(ax, place, row, colour)
        ax.plot([row["low"], row["high"]], [place, place], color=PUBLISHED, lw=0.9, zorder=4)
        face = "white" if row["is_alone"] else PUBLISHED
        ax.plot(row["observed"], place, "D", color=PUBLISHED, mfc=face, ms=4, mew=0.9, zorder=5)
        is_first = place == 0 or studies[place - 1] != row["study_id"]
        if is_first and place:
            ax.axhline(place - 0.5, color=FAINT, lw=0.8, zorder=0)
        arm = f"{row['arm_id'].replace('_', ' ')}, month {row['month']:g}: {row['what']}"
        names.append(f"{row['study_id']} · {arm}" if is_first else arm)
    _rows_axis(ax, names, fontsize=7)
    if (panel[["low", "p05"]].to_numpy() < 0).any():
        ax.axvline(0, color=INK, lw=0.8, zorder=1)
    ax.set_xlabel(panel["unit"].iloc[0].capitalize())
    ax.set_title(panel_words(panel))
    _legend_below(
        ax,
        [
            ("printed, 95 % interval", {"color": PUBLISHED, "marker": "D", "ms": 4, "lw": 0.9}),
            ("predicted, middle 50 and 90 %: cells", {"color": CELL_COLOURS[0], "alpha": 0.6, "lw": 5}),
            ("no cells", {"color": CONTROL_COLOURS[0], "alpha": 0.6, "lw": 5}),
            ("did not count", {"color": PUBLISHED, "marker": "D", "ms": 4, "mfc": "white", "ls": "none"}),
        ],
    )
    return ax


def roomy_axes(ax: Axes | None, width: float, height: float) -> Axes:
    """Return axes, of a new figure where none are given; small letters need a wider rim than they are measured with."""
    if ax is not None:
        return ax
    figure = new_figure(width, height)
    figure.set_layout_engine("constrained", w_pad=0.25, h_pad=0.06)
    return figure.add_subplot()


def _bars(ax: Axes, place: float, row: Any, colour: str) -> None:
    """Draw the middle 90 and 50 % and the median of a prediction."""
    look: dict[str, Any] = {"color": colour, "lw": 5, "solid_capstyle": "butt", "zorder": 2}
    ax.plot([row["p05"], row["p95"]], [place, place], alpha=0.28, **look)
    ax.plot([row["p25"], row["p75"]], [place, place], alpha=0.6, **look)
    ax.plot(row["p50"], place, "|", color="white", ms=6, mew=1.4, zorder=3)


def _rows_axis(ax: Axes, names: Sequence[str], fontsize: float = 8) -> None:
    ax.set_yticks(range(len(names)), names)
    ax.tick_params(axis="y", labelsize=fontsize, length=0)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)
    ax.xaxis.set_major_formatter(lambda value, _place: f"{value:g}".replace("-", "−"))


def _legend_below(ax: Axes, looks: Sequence[tuple[str, dict[str, Any]]], n_columns: int = 4) -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], **{"solid_capstyle": "butt", **look}, label=label) for label, look in looks]
    figure: Any = ax.figure
    if not figure.legends:
        figure.legend(
            handles=handles, loc="outside lower center", ncols=n_columns, fontsize=7.5, columnspacing=1.2,
            handlelength=1.6,
        )  # fmt: skip


@styled
def plot_contraction(posterior: Posterior, ax: Axes | None = None, *, most: int = _MOST_NUMBERS) -> Axes:
    """Draw what was learned: the numbers whose posterior is narrowest beside their prior, in prior standard deviations.

    Parameters
    ----------
    posterior
        With its coordinates and the table of parameters.
    ax
        Where to draw; None makes a new figure.
    most
        How many numbers, the most learned first.

    Returns
    -------
    matplotlib.axes.Axes
        One row a number: the prior's middle 90 % in grey, the posterior's in colour, contraction in brackets.
    """
    table = posterior.parameters.dropna(subset=["contraction"])
    table = table.sort_values("contraction", ascending=False, kind="stable").head(most)
    ax = roomy_axes(ax, 8.0, 1.4 + _ROW_INCHES * len(table))
    ax.axvspan(-1.645, 1.645, color=FAINT, alpha=0.45, lw=0, zorder=0)
    ax.axvline(0, color="#999999", lw=0.8, zorder=1)
    names = []
    for place, row in enumerate(table.to_dict("records")):
        low, middle, high = np.quantile(_coordinate(posterior, row["key"], row["inclusion"]), (0.05, 0.5, 0.95))
        is_learned = row["contraction"] >= LEARNED
        colour = CELL_COLOURS[0] if is_learned else CONTROL_COLOURS[0]
        ax.plot([low, high], [place, place], color=colour, lw=2.2, solid_capstyle="butt", zorder=3)
        ax.plot(middle, place, "o", color=colour, ms=4.5, zorder=4)
        names.append(f"{key_words(row['key'])}{' *' if row['inclusion'] else ''}  ({row['contraction']:.2f})")
    _rows_axis(ax, names, fontsize=7.5)
    ax.set_xlim(-2.6, 2.6)
    ax.set_xlabel(
        "Prior standard deviations from the middle of the prior\n(grey: its middle 90 %; * where the effect is present)"
    )
    ax.set_title(f"The {len(table)} numbers that the data say most of (contraction)")
    return ax


def _coordinate(posterior: Posterior, key: str, group: str) -> np.ndarray:
    """Return draws of a coordinate, of those with its effect present where it has one."""
    values = posterior.coordinates[:, list(posterior.coordinate_keys).index(key)]
    if not group:
        return values
    mine = values[posterior.included[:, list(posterior.groups).index(group)]]
    return mine if len(mine) else np.array([np.nan])


@styled
def plot_effect_probabilities(posterior: Posterior, ax: Axes | None = None) -> Axes:
    """Draw the probability of each effect that may be absent, before and after the data.

    Parameters
    ----------
    posterior
        With its table of effects.
    ax
        Where to draw; None makes a new figure.
    """
    from sciatrial.parameters import CELL_EFFECTS

    table = posterior.effects
    table = table.assign(order=[0 if name in CELL_EFFECTS else 1 for name in table["group"]])
    rows = table.sort_values("order", kind="stable").to_dict("records")
    nothing = {
        "group": "no effect of cells at all", "prior": no_effect_before(posterior.effects), "order": 0, "error": 0.0,
        "posterior": posterior.probability_of_no_cell_effect,
    }  # fmt: skip
    rows = [nothing, *rows]
    ax = roomy_axes(ax, 6.8, 1.3 + 0.24 * len(rows))
    for place, row in enumerate(rows):
        before, after = 100 * row["prior"], 100 * row["posterior"]
        colour = CELL_COLOURS[0] if row["order"] == 0 else CONTROL_COLOURS[0]
        error = 196 * row["error"]
        ax.plot([before, after], [place, place], color=colour, lw=1.2, alpha=0.6, zorder=2)
        ax.plot(
            [max(after - error, 0), min(after + error, 100)], [place, place], color=colour, lw=4, alpha=0.25, zorder=1
        )
        ax.plot(before, place, "o", color=colour, mfc="white", ms=6, zorder=3)
        ax.plot(after, place, "o", color=colour, ms=6, zorder=4)
        ax.annotate(
            percent(row["posterior"]), (1, place), xycoords=("axes fraction", "data"), xytext=(6, 0),
            textcoords="offset points", va="center", fontsize=8, annotation_clip=False,
        )  # fmt: skip
    _rows_axis(ax, [words_of(row["group"]) for row in rows])
    ax.set_xlim(-2, 102)
    ax.set_xlabel("Probability, percent\n(hollow: before, filled: after, pale: 95 % Monte-Carlo error; blue: cells)")
    ax.set_title("Effects that may be absent, before and after the data")
    return ax


@styled
def plot_cell_answers(cells: pd.DataFrame, ax: Axes | None = None, *, question: str, against: str = "carrier") -> Axes:
    """Draw the difference that cells make at each month, under each fit.

    Parameters
    ----------
    cells
        As ``Fit.cells``.
    ax
        Where to draw; None makes a new figure.
    question, against
        One of the questions, and ``carrier`` or ``sham``.
    """
    mine = cells[(cells["question"] == question) & (cells["against"] == against)]
    fits, months = list(dict.fromkeys(mine["fit"])), sorted(set(mine["month"]))
    ax = roomy_axes(ax, 6.8, 3.4)
    for place, name in enumerate(fits):
        colour, marker = _FIT_LOOKS[place % len(_FIT_LOOKS)]
        rows: Any = mine[mine["fit"] == name]
        rows = rows.set_index("month").loc[months]
        at = np.arange(len(months)) + 0.16 * (place - (len(fits) - 1) / 2)
        ax.vlines(at, rows["low"], rows["high"], color=colour, lw=1.8, zorder=2)
        ax.plot(at, rows["median"], marker, color=colour, ms=5.5, ls="none", label=fit_words(name))
    ax.axhline(0, color=INK, lw=0.9, zorder=1)
    ax.set_xticks(range(len(months)), [f"{month:g}" for month in months])
    ax.set_xlim(-0.5, len(months) - 0.5)
    ax.set_xlabel("Months since treatment")
    ax.yaxis.set_major_formatter(lambda value, _place: f"{value:g}".replace("-", "−"))
    whose = "their " if against == "carrier" else ""
    ax.set_ylabel(f"Cells minus {whose}{against},\npoints of 100, below 0 is less pain\n(median and 90 % interval)")
    ax.set_title("\n".join(textwrap.wrap(question, 70)))
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


@styled
def plot_without_trial(without: pd.DataFrame, ax: Axes | None = None, *, question: str) -> Axes:
    """Draw what is left of an answer without each controlled trial of cells.

    Parameters
    ----------
    without
        As ``Validation.without_trial``.
    ax
        Where to draw; None makes a new figure.
    question
        One of the questions; told at 12 months, or at the last month that was asked.

    Returns
    -------
    matplotlib.axes.Axes
        A row a trial; the dotted line is the answer with every study. Beside each the probability that cells have no
        effect at all.
    """
    month = at_year(without, question)
    is_asked = (without["question"] == question) & (without["month"] == month) & (without["against"] == "carrier")
    mine: Any = without[is_asked]
    rows = mine.sort_values("without", kind="stable").to_dict("records")
    ax = roomy_axes(ax, 7.6, 1.6 + 0.27 * len(rows))
    look: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "va": "center",
                            "fontsize": 8, "annotation_clip": False}  # fmt: skip
    for place, row in enumerate(rows):
        colour = CELL_COLOURS[1] if not row["without"] else CELL_COLOURS[0]
        ax.plot([row["low"], row["high"]], [place, place], color=colour, lw=2.2, solid_capstyle="butt")
        ax.plot(row["median"], place, "s", color=colour, ms=5.5, zorder=4)
        if not row["without"]:
            ax.axvline(row["median"], color=colour, lw=1.0, ls=":", zorder=1)
        told = f"{number(row['median'])} ({number(row['low'])} to {number(row['high'])})"
        ax.annotate(told, (1, place), xytext=(8, 0), **look)
        ax.annotate(percent(row["no_cell_effect"]), (1, place), xytext=(175, 0), ha="right", **look)
    for words, at, side in (("Median (90 %)", 8, "left"), ("no effect", 175, "right")):
        ax.annotate(words, (1, 1), xytext=(at, 4), ha=side, fontweight="bold",
                    **{**look, "xycoords": "axes fraction", "va": "bottom"})  # fmt: skip
    ax.axvline(0, color=INK, lw=0.9, zorder=1)
    _rows_axis(ax, [f"without {row['without']}" if row["without"] else "All studies" for row in rows])
    ax.set_xlabel("Cells minus their carrier, points of 100; below 0 is less pain")
    ax.set_title("\n".join(textwrap.wrap(f"{question}, at {month:g} months", 38)))
    return ax
