"""The participant flow of CONSORT 2025 as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING

from sciatrial.report.figures import INK, new_figure, styled
from sciatrial.report.flow_words import STAGES, Flow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# in inches: of a line of text, of the space in a box, between boxes, beside the picture
_LINE, _PADDING, _GAP, _MARGIN = 0.16, 0.17, 0.3, 0.15
_PAGE, _STAGE, _BETWEEN, _WIDEST = 9.6, 0.3, 0.2, 3.4
_LETTERS_PER_INCH = 15.5
_MOST_BESIDE = 4
_LOWEST = 0.76  # as high as the name of a stage is long
_FILL, _EDGE, _ARROW = "#eaf1f7", "#2a6f97", "#7d8da1"

_Lines = list[str]


@dataclass(frozen=True)
class _Pen:
    """Axes whose unit is an inch, the origin below on the left."""

    ax: Axes

    def box(self, lines: Sequence[str], x: float, top: float, width: float, height: float) -> None:
        """Draw a box around lines; `x` is its middle; the first line is its heading."""
        from matplotlib.patches import FancyBboxPatch

        shape = FancyBboxPatch(
            (x - width / 2, top - height), width, height, boxstyle="round,pad=0,rounding_size=0.06", fc=_FILL, ec=_EDGE,
            lw=1.1,
        )  # fmt: skip
        self.ax.add_patch(shape)
        for place, line in enumerate(lines):
            weight = "normal" if line.startswith(" ") else "bold"
            self.ax.text(
                x - width / 2 + _PADDING / 2, top - _PADDING / 2 - (place + 0.5) * _LINE, line.strip(), va="center",
                fontsize=8.5, fontweight=weight, color=INK,
            )  # fmt: skip

    def stage(self, name: str, top: float, height: float) -> None:
        """Name a stage at the left edge."""
        from matplotlib.patches import Rectangle

        self.ax.add_patch(Rectangle((_MARGIN, top - height), _STAGE, height, fc=_EDGE, ec="none"))
        self.ax.text(
            _MARGIN + _STAGE / 2, top - height / 2, name, rotation=90, ha="center", va="center", color="white",
            fontsize=8.5, fontweight="bold",
        )  # fmt: skip

    def line(self, *points: tuple[float, float]) -> None:
        """Draw a line through points."""
        xs, ys = zip(*points, strict=True)
        self.ax.plot(xs, ys, color=_ARROW, lw=1.2, solid_capstyle="round")

    def arrow(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Draw an arrow."""
        style = {"arrowstyle": "-|>", "lw": 1.2, "color": _ARROW, "shrinkA": 0, "shrinkB": 0}
        self.ax.annotate("", xy=end, xytext=start, arrowprops=style)


@styled
def plot_flow(flow: Flow) -> Figure:
    """Draw a flow: enrolment above, below it a column for each arm; more than four arms stand in two rows."""
    arms = list(flow.arms)
    columns = len(arms) if len(arms) <= _MOST_BESIDE else -(-len(arms) // 2)
    rows = [arms[first : first + columns] for first in range(0, len(arms), columns)]
    left, right = _MARGIN + _STAGE + _GAP, _PAGE - _MARGIN
    width = min((right - left - (columns - 1) * _BETWEEN) / columns, _WIDEST)
    texts = {arm: [_fitted(stage, width) for stage in stages] for arm, stages in flow.arms.items()}
    heights = [[max(_height(texts[arm][stage]) for arm in row) for stage in range(len(STAGES))] for row in rows]
    head = (right - left) * 0.45
    top = [_fitted(part, head) for part in (flow.screened, flow.excluded, flow.randomised)]
    total = sum(_high(part) for part in top) + 2 * _GAP + 2 * _MARGIN
    total += sum(sum(own) + len(STAGES) * _GAP for own in heights) + (len(rows) - 1) * _GAP / 2
    figure = new_figure(_PAGE, total)
    figure.set_layout_engine("none")
    ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    ax.set_axis_off()
    ax.set_xlim(0, _PAGE)
    ax.set_ylim(0, total)
    pen, middle = _Pen(ax), (left + right) / 2
    y = _draw_enrolment(pen, top, middle, head, total - _MARGIN)
    pen.line((middle, y), (middle, y - _GAP / 2))
    rail, buses = left - _GAP / 2, []
    for row, own in zip(rows, heights, strict=True):
        bus = y - _GAP / 2
        xs = [middle + (column - (len(row) - 1) / 2) * (width + _BETWEEN) for column in range(len(row))]
        begin = min(xs[0], middle) if len(rows) == 1 else rail
        pen.line((begin, bus), (xs[-1], bus))
        y -= _GAP
        for stage, (name, height) in enumerate(zip(STAGES, own, strict=True)):
            pen.stage(name, y, height)
            for arm, x in zip(row, xs, strict=True):
                pen.arrow((x, y + (_GAP / 2 if stage == 0 else _GAP)), (x, y))
                pen.box(texts[arm][stage], x, y, width, height)
            y -= height + (_GAP if stage + 1 < len(STAGES) else _GAP / 2)
        buses.append(bus)
    if len(buses) > 1:
        pen.line((rail, buses[0]), (rail, buses[-1]))
    return figure


def _draw_enrolment(pen: _Pen, top: list[_Lines], middle: float, width: float, y: float) -> float:
    """Draw enrolment from its upper edge down; return where its last box ends."""
    screened, excluded, randomised = top
    upper, beside = y, middle + _GAP
    pen.box(screened, middle, y, width, _high(screened))
    y -= _high(screened)
    low = y - 2 * _GAP - _high(excluded) + _GAP
    level = (y + low) / 2
    pen.arrow((middle, y), (middle, low))
    pen.arrow((middle, level), (beside, level))
    narrow = min(width, _PAGE - _MARGIN - beside)
    pen.box(excluded, beside + narrow / 2, level + _high(excluded) / 2, narrow, _high(excluded))
    pen.box(randomised, middle, low, width, _high(randomised))
    low -= _high(randomised)
    pen.stage("Enrolment", upper, upper - low)
    return low


def _fitted(lines: Sequence[str], width: float) -> _Lines:
    """Return lines that fit into a box; all but the heading begin with a space."""
    letters = int((width - _PADDING) * _LETTERS_PER_INCH)
    heading, *rest = lines
    found = wrap(heading, int(letters * 0.9))
    for line in rest:
        found += [f" {part}" for part in wrap(line, letters)]
    return found


def _high(lines: Sequence[str]) -> float:
    """Return how high a box around lines is."""
    return len(lines) * _LINE + _PADDING


def _height(lines: Sequence[str]) -> float:
    """Return how high it is beside the name of a stage."""
    return max(_high(lines), _LOWEST)
