"""Figures of a trial's looks: the statistic of simulated trials on its way, and the bounds at which they stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sciatrial.report.figures import CELL_COLOURS, CONTROL_COLOURS, INK, new_figure, styled
from sciatrial.trial import Decision, OperatingCharacteristics

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_PATHS = 150
_COLOURS = {
    Decision.EFFICACY: (CELL_COLOURS[0], "benefit shown"),
    Decision.OTHER_DIRECTION: (CELL_COLOURS[1], "harm shown"),
    Decision.FUTILITY: (CONTROL_COLOURS[1], "stopped for futility"),
    Decision.DROPPED: (CELL_COLOURS[2], "dropped"),
    Decision.ENDED: (CONTROL_COLOURS[0], "nothing shown"),
    Decision.CONTINUE: (INK, "stopped for harm before the next look"),
}


def has_interim_looks(operating: OperatingCharacteristics) -> bool:
    """Return whether any simulated trial was looked at before its end."""
    return len(operating.stopping) > 0 and bool((operating.stopping["look"].to_numpy() > 1).any())


def drawn_scenario(operating: OperatingCharacteristics) -> str:
    """Return the scenario whose trials are drawn: with draws of their own, or the first in which trials could enrol."""
    met = list(dict.fromkeys(operating.looks["scenario"]))
    return str(operating.drawn) if operating.drawn in met else str(met[0])


@styled
def plot_looks(operating: OperatingCharacteristics) -> Figure:
    """Draw the statistic at each look of the trials of `drawn_scenario`, one panel a comparison.

    At most 150 trials are drawn; the bounds are means over all of them, each trial's own lie close by.
    """
    scenario = drawn_scenario(operating)
    mine = operating.looks.loc[operating.looks["scenario"] == scenario]
    comparisons = list(dict.fromkeys(mine["comparison"]))
    columns = min(len(comparisons), 2)
    rows = -(-len(comparisons) // columns)
    figure = new_figure(7.2, 0.6 + 2.9 * rows)
    axes = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    for ax, comparison in zip(axes, comparisons, strict=False):
        _draw_paths(ax, mine.loc[mine["comparison"] == comparison])
        _draw_bounds(ax, operating, scenario, comparison)
        ax.set_title(comparison)
        ax.set_xlabel("Information, % of what is planned")
    for ax in axes[len(comparisons) :]:
        ax.set_visible(False)
    axes[0].set_ylabel("z, positive in favour of the first arm")
    _legend(figure, mine)
    return figure


def _draw_paths(ax: Axes, looks: pd.DataFrame) -> None:
    groups: Any = looks.groupby("trial", sort=True)
    for place, (_, path) in enumerate(groups):
        if place == _MOST_PATHS:
            break
        colour, _ = _COLOURS[Decision(path["decision"].iloc[-1])]
        x, z = (np.append(0.0, path[name].to_numpy(dtype=float)) for name in ("information", "z"))
        x = 100 * x
        ax.plot(x, z, color=colour, lw=0.7, alpha=0.45)
        ax.plot(x[-1:], z[-1:], "o", color=colour, ms=2.6, alpha=0.8, mew=0)


def _draw_bounds(ax: Axes, operating: OperatingCharacteristics, scenario: str, comparison: str) -> None:
    told = operating.stopping
    mine = told.loc[(told["scenario"] == scenario) & (told["comparison"] == comparison)]
    at = mine.pivot_table(index="look", columns="quantity", values="value", dropna=False)
    x = 100 * at["information"].to_numpy(dtype=float)
    efficacy, futility = at["efficacy_z"].to_numpy(dtype=float), at["futility_z"].to_numpy(dtype=float)
    ax.plot(x, efficacy, "_-", color=INK, lw=1.2, ms=11, mew=2)
    if np.isfinite(futility).any():
        ax.plot(x, futility, "_--", color=INK, lw=1.2, ms=11, mew=2)
    elif operating.alpha > operating.alpha_of_a_side:  # a two-sided design
        ax.plot(x, -efficacy, "_-", color=INK, lw=1.2, ms=11, mew=2)
    ax.axhline(0, color=INK, lw=0.6)


def _legend(figure: Figure, looks: pd.DataFrame) -> None:
    from matplotlib.lines import Line2D

    met = {Decision(word) for word in looks.groupby("trial")["decision"].last()}
    handles = [
        Line2D([], [], color=colour, marker="o", ms=4, lw=1, label=label)
        for decision, (colour, label) in _COLOURS.items()
        if decision in met
    ]
    handles.append(Line2D([], [], color=INK, marker="_", ms=9, lw=1.2, label="bound for efficacy"))
    if np.isfinite(looks["futility_z"].to_numpy(dtype=float)).any():
        handles.append(Line2D([], [], color=INK, marker="_", ms=9, lw=1.2, ls="--", label="bound for futility"))
    figure.legend(handles=handles, loc="outside upper center", ncols=3)
