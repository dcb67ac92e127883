"""Figures of an assurance: power over the true effect, above how probable each true effect is."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sciatrial.report.figures import CELL_COLOURS, CONTROL_COLOURS, FAINT, INK, new_figure, styled, wilson
from sciatrial.trial import AssuranceCurve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_GROUPS = 8
_FEWEST_IN_A_GROUP = 8
_LETTERS = 38
_MOST_BARS = 40


@styled
def plot_assurance(curves: Sequence[AssuranceCurve], *, important: float | None = None, unit: str = "points") -> Figure:
    """Draw, for each comparison, power over the true benefit with its band, above the trials' true benefits.

    Points are shares of the trials in groups of like benefit, with Wilson's 95 % intervals: they assume no curve.
    `important` marks the benefit that matters to a patient; `unit` is that of the benefit.
    """
    columns = len(curves)
    figure = new_figure(max(4.6, 3.0 * columns + 0.8), 4.4)
    panels = figure.subplots(
        2, columns, sharex="col", sharey="row", squeeze=False, gridspec_kw={"height_ratios": (2.4, 1.0)}
    )
    for upper, lower, curve in zip(panels[0], panels[1], curves, strict=True):
        _draw_power(upper, curve)
        _draw_benefits(lower, curve)
        for ax in (upper, lower):
            ax.axvline(0, color=FAINT, lw=0.9, zorder=0)
            if important is not None:
                ax.axvline(important, color=INK, lw=0.9, ls=(0, (4, 3)))
        upper.set_title(
            f"{curve.comparison}\nassurance {100 * curve.assurance:.0f} ± {100 * curve.monte_carlo_se:.1f} %"
        )
        lower.set_xlabel(f"True benefit, {unit}")
    panels[0, 0].set_ylim(-3, 103)
    panels[0, 0].set_ylabel("Trials that show\na benefit, %")
    panels[1, 0].set_ylabel("Trials")
    return figure


def _draw_power(ax: Axes, curve: AssuranceCurve) -> None:
    if curve.why_not:
        told = "\n".join(textwrap.wrap(f"no curve: {curve.why_not}", _LETTERS))
        # a text inside the axes needs no room around them
        ax.text(0.03, 0.94, told, transform=ax.transAxes, fontsize=7.5, va="top").set_in_layout(False)
    else:
        ax.fill_between(curve.grid, 100 * curve.low, 100 * curve.high, color=CELL_COLOURS[0], alpha=0.18, lw=0)
        ax.plot(curve.grid, 100 * curve.power, color=CELL_COLOURS[0])
    ax.axhline(100 * curve.assurance, color=CELL_COLOURS[1], lw=1.0, ls=":")
    order = np.argsort(curve.benefits, kind="stable")
    n_groups = min(_MOST_GROUPS, len(order) // _FEWEST_IN_A_GROUP)
    if not n_groups:
        return
    groups = np.array_split(order, n_groups)
    middles = np.array([curve.benefits[group].mean() for group in groups])
    shares = np.array([curve.shown[group].mean() for group in groups])
    low, high = wilson(shares, np.array([len(group) for group in groups], dtype=float))
    ax.vlines(middles, 100 * low, 100 * high, color=INK, lw=0.9)
    ax.plot(middles, 100 * shares, "o", color=INK, ms=4, mfc="white", mew=1.0)


def _draw_benefits(ax: Axes, curve: AssuranceCurve) -> None:
    """Draw the distribution of the true benefit, the trials that showed one in colour."""
    if not len(curve.benefits):
        return
    bars = min(_MOST_BARS, max(8, len(curve.benefits) // 5))
    edges = np.histogram_bin_edges(curve.benefits, bins=bars)
    parts = [curve.benefits[~curve.shown], curve.benefits[curve.shown]]
    ax.hist(
        parts, bins=edges.tolist(), stacked=True, color=[CONTROL_COLOURS[0], CELL_COLOURS[0]], alpha=0.75,
        label=["nothing shown", "benefit shown"],
    )  # fmt: skip
    # one mark a trial: a single one far out is no bar that can be seen
    base = np.zeros(len(curve.benefits))
    for flags, colour in ((~curve.shown, CONTROL_COLOURS[0]), (curve.shown, CELL_COLOURS[0])):
        if flags.any():  # a line of no point that is not clipped leaves the layout no room
            ax.plot(curve.benefits[flags], base[flags], "|", color=colour, ms=9, mew=1.0, clip_on=False)
    ax.legend(loc="upper right", fontsize=7)
