"""The diagram of the model: its themes, what passes between them, and where treatments act."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sciatrial.exchange import REFERENCE_TREATMENTS, reference_case
from sciatrial.model import Formula, Mechanism, Model
from sciatrial.report.figures import new_figure, styled, words_of
from sciatrial.report.words import treatment_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# middles of the boxes: on a ring, so that no arrow passes behind a third box
_PLACES = {
    "disc": (0.0, 2.6), "cells": (1.6, 5.1), "inflammation": (5.8, 5.1), "pain": (8.9, 2.6), "nerve": (6.6, 0.1),
    "root": (3.3, 0.1), "drugs": (0.0, 0.1),
}  # fmt: skip
_HALF_WIDTH, _HALF_HEIGHT = 1.08, 0.6
_APART = 0.11  # of two arrows, one each way
_LETTERS_IN_A_LINE = 27


@dataclass(frozen=True)
class Arrow:
    """What the theme `user` needs of the theme `home`, and where the arrow begins and ends."""

    home: str
    user: str
    names: tuple[str, ...]
    start: tuple[float, float]
    end: tuple[float, float]


def theme_of(law: Formula | Mechanism) -> str:
    """Return the theme, a file of the model, in which a law is written."""
    function = law.value if isinstance(law, Formula) else law.rate
    return function.__module__.rpartition(".")[2]


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


def arrows_of(model: Model) -> tuple[Arrow, ...]:
    """Return what passes between themes, as straight arrows from the edge of one box to the edge of another."""
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
    arrows = []
    for (home, user), names in passed.items():
        (x0, y0), (x1, y1) = _PLACES[home], _PLACES[user]
        if (user, home) in passed:
            length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
            across, up = -(y1 - y0) / length * _APART, (x1 - x0) / length * _APART
            x0, x1, y0, y1 = x0 + across, x1 + across, y0 + up, y1 + up
        start = _edge(_PLACES[home], (x0, y0), (x1, y1))
        end = _edge(_PLACES[user], (x1, y1), (x0, y0))
        arrows.append(Arrow(home, user, tuple(names), start, end))
    return tuple(arrows)


def is_inside(theme: str, x: float, y: float) -> bool:
    """Whether a point lies in the box of a theme."""
    middle = _PLACES[theme]
    return abs(x - middle[0]) < _HALF_WIDTH and abs(y - middle[1]) < _HALF_HEIGHT


def _edge(
    middle: tuple[float, float], from_point: tuple[float, float], to_point: tuple[float, float]
) -> tuple[float, float]:
    """Return where the line between two points leaves the box around a middle that is near the first."""
    (x, y), (dx, dy) = from_point, (to_point[0] - from_point[0], to_point[1] - from_point[1])
    room = 0.03
    wide = middle[0] + (_HALF_WIDTH + room) * (1 if dx > 0 else -1)
    high = middle[1] + (_HALF_HEIGHT + room) * (1 if dy > 0 else -1)
    share = min((wide - x) / dx if dx else float("inf"), (high - y) / dy if dy else float("inf"))
    return x + share * dx, y + share * dy


@styled
def plot_modules_of_model(model: Model) -> Figure:
    """Draw the themes of the model, what passes between them, and where treatments act."""
    from matplotlib.patches import FancyBboxPatch

    figure = new_figure(10.0, 5.9)
    ax = figure.add_subplot()
    ax.set_axis_off()
    ax.set_xlim(-1.2, 10.1)
    ax.set_ylim(-0.65, 5.85)
    for arrow in arrows_of(model):
        ax.annotate(
            "", xy=arrow.end, xytext=arrow.start,
            arrowprops={"arrowstyle": "-|>", "lw": 0.7 + 0.25 * len(arrow.names), "color": "#7d8da1", "shrinkA": 0,
                        "shrinkB": 0},
        )  # fmt: skip
    acting = treatments_by_theme(model)
    for theme, (x, y) in _PLACES.items():
        box = FancyBboxPatch(
            (x - _HALF_WIDTH, y - _HALF_HEIGHT), 2 * _HALF_WIDTH, 2 * _HALF_HEIGHT,
            boxstyle="round,pad=0,rounding_size=0.12", fc="#eaf1f7", ec="#2a6f97", lw=1.2, zorder=3,
        )  # fmt: skip
        ax.add_patch(box)
        ax.text(x, y + 0.36, words_of(theme), ha="center", va="center", fontsize=11, fontweight="bold", zorder=4)
        ax.text(x, y - 0.16, _lines(acting.get(theme, [])), ha="center", va="center", fontsize=8, zorder=4)
    ax.set_title("Arrows: what one part needs of another. Below each name: the treatments that act there first.")
    return figure


def _lines(names: list[str]) -> str:
    """Return treatments in words, a few in a line."""
    words = list(dict.fromkeys(treatment_words(name, short=True) for name in names))
    lines, line = [], ""
    for word in words:
        longer = f"{line}, {word}" if line else word
        if line and len(longer) > _LETTERS_IN_A_LINE:
            lines.append(line + ",")
            line = word
        else:
            line = longer
    return "\n".join([*lines, line])
