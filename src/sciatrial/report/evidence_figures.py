"""What the tables hold: who was studied by which route, what was compared with what, when, and what went wrong."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sciatrial.evidence import ContrastSource
from sciatrial.report.figures import (
    CELL_COLOURS,
    CONTROL_COLOURS,
    FAINT,
    INK,
    new_figure,
    stretched_months,
    styled,
    words_of,
)
from sciatrial.report.tables import number
from sciatrial.synthesis import CELLS, EPIDURAL, PLACEBO_PROCEDURE, class_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# shape and colour tell the same, so that no colour has to be told from another
_DESIGNS = {
    "randomised": ("s", CELL_COLOURS[0], "best: randomised"),
    "controlled": ("D", CELL_COLOURS[3], "best: controlled, not randomised"),
    "uncontrolled": ("o", CONTROL_COLOURS[1], "best: no control"),
}
_FEWEST, _MOST_PATIENTS = 10.0, 150.0
_Z = 1.959964


@styled
def plot_evidence_map(map_frame: pd.DataFrame) -> Figure:
    """Draw who was treated with which cells by which route, one panel an outcome.

    Parameters
    ----------
    map_frame
        What `evidence_map` gave.

    Returns
    -------
    matplotlib.figure.Figure
        The area of a mark grows with the patients, its shape tells the best design, and patients and studies are
        printed. What no study of the root measured is hatched and says "no trial".
    """
    outcomes = list(dict.fromkeys(map_frame["outcome"]))
    cells, routes = (list(dict.fromkeys(map_frame[name])) for name in ("cell_type", "route"))
    figure = new_figure(8.2, 1.0 + len(outcomes) * (0.75 + 0.34 * len(cells)))
    panels = figure.subplots(max(len(outcomes), 1), 1, squeeze=False)[:, 0]
    for ax, outcome in zip(panels, outcomes, strict=False):
        ax.set_title(f"{words_of(outcome)}: patients who got cells (studies)")
        for row in map_frame.loc[map_frame["outcome"] == outcome].to_dict("records"):
            _map_cell(ax, routes.index(row["route"]), cells.index(row["cell_type"]), row)
        names = ["\n".join(textwrap.wrap(words_of(route), 15)) for route in routes]
        ax.set_xticks(range(len(routes)), names)
        ax.set_yticks(range(len(cells)), [words_of(cell) for cell in cells])
        ax.set_xlim(-0.5, len(routes) - 0.5)
        ax.set_ylim(len(cells) - 0.5, -0.5)
        ax.grid(visible=False)
        ax.tick_params(length=0)
    figure.legend(handles=_map_legend(), loc="outside lower center", ncols=3)
    return figure


def _map_cell(ax: Axes, x: int, y: int, row: dict[str, Any]) -> None:
    from matplotlib.patches import Rectangle

    studied = row["n_studies"] > 0
    at_the_root = row["route"] in EPIDURAL
    empty = not studied and at_the_root
    ax.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor="#F7EDED" if empty else "white", edgecolor="#C9A9A9"
                           if empty else FAINT, hatch="////" if empty else None, lw=0.5, zorder=1))  # fmt: skip
    if not studied:
        ax.text(x, y, "no trial" if empty else "–", ha="center", va="center", fontsize=7 if empty else 8, zorder=4,
                color="#7A1010" if empty else "#999999",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0} if empty else None)  # fmt: skip
        return
    marker, colour, _ = _DESIGNS[row["best"]]
    n = float(row["n_patients"])
    size = 40 + 260 * (np.clip(n, _FEWEST, _MOST_PATIENTS) - _FEWEST) / (_MOST_PATIENTS - _FEWEST)
    known = n > 0
    ax.scatter(x - 0.22, y, s=size, marker=marker, facecolor=colour if known else "white", edgecolor=colour, lw=1.2,
               zorder=3)  # fmt: skip
    told = f"{n:.0f}" if known else "n ?"
    ax.text(x + 0.02, y, f"{told} ({row['n_studies']})", ha="left", va="center", fontsize=8, zorder=4)


def _map_legend() -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    marks = [
        Line2D([], [], marker=marker, color=colour, ls="none", ms=7, label=label)
        for marker, colour, label in _DESIGNS.values()
    ]
    hollow = Line2D([], [], marker="o", mfc="white", color=INK, ls="none", ms=7, label="number of patients not told")
    nobody = Patch(facecolor="#F7EDED", edgecolor="#C9A9A9", hatch="////", label="at the root: no study measured it")
    return [*marks, hollow, nobody]


@dataclass(frozen=True)
class _Island:
    """Treatments that trials join, with their places in inches around the middle of the island."""

    names: tuple[str, ...]
    places: np.ndarray
    sides: np.ndarray
    n_studies: int


_GAP, _TEXT = 0.30, 2.15  # inches: between names of one side, and for the longest name
_WIDEST = 10.0


@styled
def plot_network(arms: pd.DataFrame) -> Figure:
    """Draw which treatments were compared with which; what no trial joins stands apart.

    Parameters
    ----------
    arms
        What `trial_arms` gave.

    Returns
    -------
    matplotlib.figure.Figure
        A node a treatment, its area the number of studies; a line a comparison, its width the number of trials (printed
        from two on), dashed where only a review's pool stands for it. Each island of treatments is boxed and numbered.
    """
    edges = _edges(arms)
    islands = _islands(arms, edges)
    boxes, width, height = _packed(islands)
    width = max(width, 6.4)
    figure = new_figure(width, height + 1.0)
    ax = figure.add_subplot()
    ax.set_axis_off()
    ax.set_aspect("equal")
    ax.set_xlim(0, width)
    ax.set_ylim(height, 0)
    if not islands:
        ax.text(0.5, 0.5, "No comparison in these tables", transform=ax.transAxes, ha="center", va="center")
    counts = arms.groupby("treatment")["study"].nunique()
    most = max((len(studies) for studies, _ in edges.values()), default=1)
    for place, (island, box) in enumerate(zip(islands, boxes, strict=True), start=1):
        _draw_island(ax, island, box, place, edges, counts, most)
    apart = f"{len(islands)} islands: nothing compares one with another" if len(islands) > 1 else "one island"
    words = (
        f"Who was compared with whom: {arms['treatment'].nunique()} treatments, {arms['study'].nunique()} studies, "
        f"{apart if islands else 'no island'}"
    )
    title = "\n".join(textwrap.wrap(words, int(11 * width)))
    figure.suptitle(title, fontsize=9.5, fontweight="bold", x=0.01, ha="left")
    figure.legend(handles=_network_legend(), loc="outside lower center", ncols=4 if width > 8 else 2)
    return figure


def _edges(arms: pd.DataFrame) -> dict[tuple[str, str], tuple[set[str], bool]]:
    """Return, for each pair, the studies that compare it and whether only reviews do."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for study, own in arms.groupby("study"):
        for _, visit in own.groupby("month"):
            names = sorted(set(visit["treatment"]))
            for place, one in enumerate(names):
                for other in names[place + 1 :]:
                    found.setdefault((one, other), {})[str(study)] = str(visit["source"].iloc[0])
    return {
        pair: (set(studies), set(studies.values()) == {ContrastSource.REVIEW.value}) for pair, studies in found.items()
    }


def _islands(arms: pd.DataFrame, edges: Any) -> list[_Island]:
    """Return the sets of treatments that comparisons join, the largest first."""
    rest = sorted(set(arms["treatment"]))
    near: dict[str, set[str]] = {name: set() for name in rest}
    for one, other in edges:
        near[one].add(other)
        near[other].add(one)
    islands = []
    while rest:
        reached, front = {rest[0]}, [rest[0]]
        while front:
            new = near[front.pop()] - reached
            reached |= new
            front += sorted(new)
        rest = [name for name in rest if name not in reached]
        n_studies = arms.loc[arms["treatment"].isin(sorted(reached)), "study"].nunique()
        places, sides, names = _places(sorted(reached, key=lambda name: (class_of(name), name)))
        islands.append(_Island(names, places, sides, int(n_studies)))
    return sorted(islands, key=lambda island: (-len(island.names), island.names))


def _places(names: Sequence[str]) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Put names on a circle so that no two of one side share a line of text; return places, sides and the order."""
    right, left = list(names[: -(-len(names) // 2)]), list(names[-(-len(names) // 2) :])
    radius = max(0.42, _GAP * len(right) / 2)
    places, sides = [], []
    for side, own in ((1, right), (-1, left)):
        for place, _ in enumerate(own):
            height = radius * (1 - (2 * place + 1) / len(own))
            places.append((side * max(np.sqrt(radius**2 - height**2), 0.15), -height))
            sides.append(side)
    return np.array(places), np.array(sides), (*right, *left)


def _size(island: _Island) -> tuple[float, float]:
    half = np.abs(island.places).max(axis=0)
    return 2 * (half[0] + _TEXT), 2 * half[1] + 0.75


def _packed(islands: Sequence[_Island]) -> tuple[list[tuple[float, float, float, float]], float, float]:
    """Return a box an island (left, top, width, height), rows filled from the left, and the size of all."""
    boxes, left, top, tallest, widest = [], 0.0, 0.0, 0.0, 0.0
    for island in islands:
        width, height = _size(island)
        if left and left + width > _WIDEST:
            left, top, tallest = 0.0, top + tallest + 0.12, 0.0
        boxes.append((left, top, width, height))
        left, tallest = left + width + 0.12, max(tallest, height)
        widest = max(widest, left)
    return boxes, widest, max(top + tallest, 1.0)


def _draw_island(
    ax: Axes, island: _Island, box: tuple[float, float, float, float], place: int, edges: Any, counts: Any, most: int
) -> None:
    from matplotlib.patches import FancyBboxPatch

    left, top, width, height = box
    ax.add_patch(FancyBboxPatch((left + 0.05, top + 0.05), width - 0.1, height - 0.1, boxstyle="round,pad=0.0,"
                 "rounding_size=0.08", facecolor="#FAFAFA", edgecolor="#BBBBBB", lw=0.8, zorder=0))  # fmt: skip
    studies = "1 study" if island.n_studies == 1 else f"{island.n_studies} studies"
    ax.text(left + 0.12, top + 0.1, f"Island {place}: {len(island.names)} treatments, {studies}", va="top", fontsize=8,
            fontweight="bold", color="#444444")  # fmt: skip
    middle = np.array([left + width / 2, top + (height + 0.2) / 2])
    at = {name: middle + here for name, here in zip(island.names, island.places, strict=True)}
    for (one, other), (found, only_reviews) in edges.items():
        if one in at:
            _draw_edge(ax, at[one], at[other], len(found), most, only_reviews=only_reviews)
    for name, side in zip(island.names, island.sides, strict=True):
        x, y = at[name]
        cells = class_of(name) == CELLS
        ax.scatter(x, y, s=30 + 14 * counts[name], color=CELL_COLOURS[1] if cells else CELL_COLOURS[0],
                   marker="s" if cells else "o", edgecolor="white", lw=0.8, zorder=4)  # fmt: skip
        words = words_of(name)
        words = words if len(words) <= 30 else f"{words[:29]}…"
        ax.annotate(
            f"{words} ({counts[name]})", (x, y), xytext=(side * (7 + 0.35 * counts[name]), 0), fontsize=8, zorder=6,
            textcoords="offset points", ha="left" if side > 0 else "right", va="center",
        )  # fmt: skip


def _draw_edge(ax: Axes, one: np.ndarray, other: np.ndarray, n: int, most: int, *, only_reviews: bool) -> None:
    line = (0, (3, 2)) if only_reviews else "-"
    ax.plot(
        *np.stack([one, other]).T, color="#8A8A8A", lw=1.0 + min(1.0, 4 / max(most - 1, 1)) * (n - 1), ls=line, zorder=2
    )
    if n > 1:
        x, y = one + 0.5 * (other - one)
        ax.text(x, y, f"{n}", fontsize=7, ha="center", va="center", zorder=3,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6})  # fmt: skip


def _network_legend() -> list[Any]:
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], marker="o", color=CELL_COLOURS[0], ls="none", ms=7, label="treatment (studies)"),
        Line2D([], [], marker="s", color=CELL_COLOURS[1], ls="none", ms=7, label="cells (studies)"),
        Line2D([], [], color="#8A8A8A", lw=2, label="compared in a trial"),
        Line2D([], [], color="#8A8A8A", lw=1.2, ls=(0, (3, 2)), label="only in a review's pool"),
    ]


@styled
def plot_courses(draws_frame: pd.DataFrame, arms: pd.DataFrame, *, reference: str = PLACEBO_PROCEDURE) -> Figure:
    """Draw the effect of each treatment over time, with what trials found against the reference.

    Parameters
    ----------
    draws_frame
        ``treatment, month, median, low, high``: the effect against the reference in points of 100, with its 95 %
        interval.
    arms
        What `trial_arms` gave: trials that compare a treatment with the reference directly are the points.
    reference
        What effects are against.

    Returns
    -------
    matplotlib.figure.Figure
        A panel a treatment, all on the same axes; below 0 is benefit.
    """
    names = [name for name in dict.fromkeys(draws_frame["treatment"]) if name != reference]
    seen = _against(arms, reference, names)
    columns = min(4, max(len(names), 1))
    rows = max(1, -(-len(names) // columns))
    figure = new_figure(max(4.2, 2.15 * columns + 0.7), 1.95 * rows + 1.25)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    last = max([*draws_frame["month"], *seen["month"]], default=12.0) * 1.04
    for ax, name in zip(panels.flat, names, strict=False):
        _course(ax, draws_frame.loc[draws_frame["treatment"] == name], seen.loc[seen["treatment"] == name])
        ax.set_title("\n".join(textwrap.wrap(words_of(name), 27)), fontsize=8.5)
        stretched_months(ax, last)
    values = np.concatenate([frame[["low", "high"]].to_numpy(dtype=float).ravel() for frame in (draws_frame, seen)])
    values = np.clip(values[np.isfinite(values)], -100, 100)
    if len(values):
        room = 0.05 * float(np.ptp(values))
        panels.flat[0].set_ylim(min(0.0, values.min()) - room, max(0.0, values.max()) + room)
    panels.flat[0].yaxis.set_major_formatter(lambda value, _place: f"{value:g}".replace("-", "−"))
    for ax in panels.flat[len(names) :]:
        ax.set_visible(False)
    for place, ax in enumerate(panels.flat):
        is_lowest = place + columns >= len(names)
        ax.tick_params(labelbottom=is_lowest)
        ax.set_xlabel("Months since randomisation,\nearly ones stretched" if is_lowest else "", fontsize=8)
    for ax in panels[:, 0]:
        ax.set_ylabel("Difference, points of 100,\nbelow 0 is benefit", fontsize=8)
    figure.suptitle(f"Effect against {words_of(reference)[:1].lower()}{words_of(reference)[1:]} over time" if names else
                    "No treatment to draw", fontsize=9.5, fontweight="bold", x=0.01, ha="left")  # fmt: skip
    figure.legend(handles=_course_legend(), loc="outside lower center", ncols=4 if columns > 2 else 2)
    return figure


def _against(arms: pd.DataFrame, reference: str, names: Sequence[str]) -> pd.DataFrame:
    """Return each trial's difference from the reference at each visit, with its 95 % interval."""
    rows = []
    visits: Any = arms.groupby(["study", "month"])
    for _, visit in visits:
        controls = visit[visit["treatment"] == reference].to_dict("records")
        for arm in visit[visit["treatment"].isin(names)].to_dict("records") if controls else ():
            difference = arm["estimate"] - controls[0]["estimate"]
            half = _Z * float(np.hypot(arm["se"], controls[0]["se"]))
            rows.append({"treatment": arm["treatment"], "month": arm["month"], "estimate": difference,
                         "low": difference - half, "high": difference + half,
                         "is_weak": bool(arm["is_imputed"] or controls[0]["is_imputed"]),
                         "is_review": arm["source"] == ContrastSource.REVIEW.value})  # fmt: skip
    columns = ["treatment", "month", "estimate", "low", "high", "is_weak", "is_review"]
    return pd.DataFrame(rows, columns=columns)


def _course(ax: Axes, course: pd.DataFrame, points: pd.DataFrame) -> None:
    course = course.sort_values("month")
    ax.axhline(0, color=INK, lw=0.9, zorder=1)
    ax.fill_between(course["month"], course["low"], course["high"], color=CELL_COLOURS[0], alpha=0.18, lw=0)
    ax.plot(course["month"], course["median"], color=CELL_COLOURS[0], zorder=3)
    for row in points.to_dict("records"):
        ax.vlines(row["month"], row["low"], row["high"], color=CELL_COLOURS[1], lw=1.0, zorder=4)
        ax.plot(row["month"], row["estimate"], "^" if row["is_review"] else "o", ms=4.5, mec=CELL_COLOURS[1], mew=1.1,
                mfc="white" if row["is_weak"] else CELL_COLOURS[1], zorder=5)  # fmt: skip
    if points.empty:
        ax.text(0.97, 0.04, "no trial against it directly", transform=ax.transAxes, ha="right", fontsize=7,
                color="#555555")  # fmt: skip


def _course_legend() -> list[Any]:
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], color=CELL_COLOURS[0], label="median, 95 % interval"),
        Line2D([], [], marker="o", color=CELL_COLOURS[1], ms=4.5, label="a trial, 95 % interval"),
        Line2D([], [], marker="o", color=CELL_COLOURS[1], mfc="white", ms=4.5, label="n or spread filled in"),
        Line2D([], [], marker="^", color=CELL_COLOURS[1], ms=4.5, label="a review's pool"),
    ]


@styled
def plot_harms(frame: pd.DataFrame) -> Figure:
    """Draw how often each adverse event happened, in per cent of patients.

    Parameters
    ----------
    frame
        What `pool_harms` gave.

    Returns
    -------
    matplotlib.figure.Figure
        A row an event: the percent of a typical arm with its 95 % interval; without any event an arrow from the 95 %
        upper bound towards 0, never a point. Events, patients, arms and odds ratios are printed.
    """
    figure = new_figure(9.4, 1.25 + 0.3 * max(len(frame), 2))
    ax = figure.add_subplot()
    ax.set_xlabel("Patients with the event, %")
    if frame.empty:
        ax.set_xticks([])
        ax.set_yticks([])
        ax.text(0.5, 0.5, "No count of an adverse event can be used", transform=ax.transAxes, ha="center", va="center")
        return figure
    look: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "va": "center",
                            "fontsize": 8, "annotation_clip": False}  # fmt: skip
    for place, row in enumerate(frame.to_dict("records")):
        told = _draw_harm(ax, place, row)
        texts = (told, f"{row['n_with_event']:.0f}/{row['n_at_risk']:.0f}", f"{row['n_arms']:.0f}", _odds(row))
        for (at, side, _), words in zip(_HARM_COLUMNS, texts, strict=True):
            ax.annotate(words, (1, place), xytext=(at, 0), ha=side, **look)
    for at, side, words in _HARM_COLUMNS:
        ax.annotate(words, (1, 1), xytext=(at, 4), ha=side, fontweight="bold",
                    **{**look, "xycoords": "axes fraction", "va": "bottom"})  # fmt: skip
    ax.set_yticks(range(len(frame)), ["\n".join(textwrap.wrap(words_of(event), 26)) for event in frame["event"]])
    ax.set_ylim(len(frame) - 0.4, -0.6)
    ax.set_xlim(0, min(100.0, 1.05 * float(np.max(frame["high"].to_numpy(dtype=float)))))
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("Patients with the event, %: a typical arm, 95 % interval\n"
                  "(arrow: no event, the 95 % upper bound of all patients together)")  # fmt: skip
    return figure


_HARM_COLUMNS = ((8, "left", "% (95 %)"), (158, "right", "Events/n"), (198, "right", "Arms"),
                 (208, "left", "Odds ratio (95 %)"))  # fmt: skip


def _draw_harm(ax: Axes, place: int, row: dict[str, Any]) -> str:
    """Draw one event; return it in words."""
    if np.isfinite(row["percent"]):
        ax.plot([row["low"], row["high"]], [place, place], color=CELL_COLOURS[0], lw=1.8, solid_capstyle="butt")
        ax.plot(row["percent"], place, "s", color=CELL_COLOURS[0], ms=5.5, zorder=4)
        return f"{number(row['percent'])} ({number(row['low'])} to {number(row['high'])})"
    arrow = {"arrowstyle": "->", "color": CELL_COLOURS[1], "lw": 1.4, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (0, place), xytext=(row["high"], place), zorder=3, arrowprops=arrow)
    ax.plot(row["high"], place, "|", color=CELL_COLOURS[1], ms=9, mew=1.6, zorder=4)
    return f"none; under {number(row['high'])}"


def _odds(row: dict[str, Any]) -> str:
    if not np.isfinite(row["odds_ratio"]):
        return "–"
    trials = "1 trial" if row["n_trials"] == 1 else f"{row['n_trials']:.0f} trials"
    return f"{row['odds_ratio']:.2f} ({row['odds_ratio_low']:.2f} to {row['odds_ratio_high']:.2f}), {trials}"
