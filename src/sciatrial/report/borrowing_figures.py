"""Figures of a borrowed control: the prior beside what it is made of, and how errors go with its drift."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sciatrial.report.figures import CELL_COLOURS, CONTROL_COLOURS, INK, PUBLISHED, new_figure, styled
from sciatrial.trial import BORROWED, ControlPrior, TrialResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_POINTS = 400
_REACH = 3.0


@styled
def plot_control_prior(prior: ControlPrior, result: TrialResult) -> Figure:
    """Draw the density of the prior and of its informative part, with published arms and one trial's control below."""
    rows = [
        (f"{row['study_id']}, {row['arm_id']}", row["estimate"], row["se"], PUBLISHED)
        for row in (prior.arms.to_dict("records") if len(prior.arms) else [])
        if not isinstance(row["why_not"], str) or not row["why_not"]
    ]
    seen: Any = result.borrowed
    seen = seen[(seen["analysis"] == BORROWED) & np.isfinite(seen["control_mean"])]
    if len(seen):
        first = seen.iloc[0]
        rows.append(("this trial's control", first["control_mean"], first["control_error"], INK))
    figure = new_figure(7.2, 3.2 + 0.3 * len(rows))
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, max(0.35 * len(rows), 0.4)])
    ends = [prior.informative.mean + side * _REACH * prior.informative.sd for side in (-1, 1)]
    ends += [value + side * 2 * error for _, value, error, _ in rows for side in (-1, 1)]
    grid = np.linspace(min(ends), max(ends), _POINTS)
    above.plot(grid, prior.mixture.density(grid), color=CELL_COLOURS[0], lw=2.2, label="prior")
    if prior.robust_weight < 1:
        informative = (1 - prior.robust_weight) * prior.informative.density(grid)
        above.plot(grid, informative, color=CELL_COLOURS[1], lw=1.3, ls="--", label="of which informative")
    above.set_ylabel("Density")
    above.set_ylim(bottom=0)
    for place, (_, value, error, colour) in enumerate(rows):
        below.errorbar(value, -place, xerr=1.96 * error, fmt="s", color=colour, ms=5, lw=1.4, capsize=3)
    below.set_yticks([-place for place in range(len(rows))], [name for name, *_ in rows])
    below.set_ylim(-len(rows) + 0.4, 0.6)
    below.grid(visible=False, axis="y")
    below.set_xlabel("Change from baseline of the control, points (95 % intervals)")
    figure.legend(loc="outside upper center", ncols=2)
    return figure


@styled
def plot_drift(drifts: pd.DataFrame) -> Figure:
    """Draw type I error and power by drift, with and without borrowing; one line a comparison.

    Parameters
    ----------
    drifts
        Rows of `drift_table` with the ``comparison``.
    """
    figure = new_figure(7.2, 3.6)
    axes = figure.subplots(1, 2)
    groups: Any = drifts.groupby("comparison", sort=False)
    for place, (comparison, mine) in enumerate(groups):
        colour = CELL_COLOURS[place % len(CELL_COLOURS)]
        for ax, name in zip(axes, ("type_one_error", "power"), strict=True):
            label = f"{comparison}, with borrowing" if ax is axes[0] else None
            ax.plot(mine["drift"], 100 * mine[name], color=colour, label=label)
            label = "without" if ax is axes[0] and place == 0 else None
            grey = CONTROL_COLOURS[0] if place == 0 else colour
            ax.plot(mine["drift"], 100 * mine[f"{name}_without"], color=grey, ls="--", lw=1.2, label=label)
    for ax, title in zip(axes, ("Type I error, %", "Power, %"), strict=True):
        ax.set_title(title)
        ax.axvline(0, color=INK, lw=0.6)
        ax.set_xlabel("True control mean less prior mean, points")
    axes[0].set_ylim(bottom=0)
    axes[1].set_ylim(0, 100)
    figure.legend(loc="outside upper center", ncols=2)
    return figure
