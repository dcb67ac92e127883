"""Figures of trials whose course assigns patients: shares over time, and arms that are open over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sciatrial.report.figures import INK, new_figure, styled
from sciatrial.report.look_figures import drawn_scenario
from sciatrial.trial import OperatingCharacteristics, allocation_characteristics

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def has_closed_arms(operating: OperatingCharacteristics) -> bool:
    """Return whether some arm could not be had at some time: the trials of a platform."""
    return bool(operating.allocation["share"].isna().any())


@styled
def plot_allocation(operating: OperatingCharacteristics, *, colours: Mapping[str, str]) -> Figure:
    """Draw each arm's share of the patients over the course of the trials of `drawn_scenario`, an arm a panel.

    Line: mean over trials; bands: the middle 50 and 90 %.
    """
    mine = _drawn(operating)
    arms = list(dict.fromkeys(mine["arm"]))
    figure = new_figure(2.1 * min(len(arms), 4) + 0.6, 0.5 + 2.5 * -(-len(arms) // 4))
    axes = figure.subplots(-(-len(arms) // 4), min(len(arms), 4), sharex=True, sharey=True, squeeze=False).ravel()
    by_period: Any = mine.groupby(["trial", "period"])["patients"].sum()
    sizes = by_period.groupby("period").mean()
    first = np.concatenate([[0.0], np.cumsum(sizes.to_numpy(dtype=float))])
    for ax, arm in zip(axes, arms, strict=False):
        shares = mine.loc[mine["arm"] == arm].groupby("period")["share"]
        _draw_steps(ax, first, shares, colours[arm])
        ax.set_title(arm)
    for ax in axes[len(arms) :]:
        ax.set_visible(False)
    figure.supxlabel("Patients randomised", fontsize=9)
    axes[0].set_ylabel("Share of assignments, %")
    axes[0].set_ylim(0, None)
    return figure


def _draw_steps(ax: Any, first: np.ndarray, shares: Any, colour: str) -> None:
    def steps(values: pd.Series) -> np.ndarray:
        found = 100 * values.to_numpy(dtype=float)
        return np.append(found, found[-1])

    edges = first[: shares.ngroups + 1]
    for low, high, alpha in ((0.05, 0.95, 0.16), (0.25, 0.75, 0.3)):
        bounds = steps(shares.quantile(low)), steps(shares.quantile(high))
        ax.fill_between(edges, *bounds, step="post", color=colour, alpha=alpha, lw=0)
    ax.step(edges, steps(shares.mean()), where="post", color=colour)


@styled
def plot_open_arms(operating: OperatingCharacteristics, *, colours: Mapping[str, str]) -> Figure:
    """Draw when each arm can be had in the trials of `drawn_scenario`: from mean opening to mean closing.

    Thin lines hold the middle 90 % of openings and closings.
    """
    mine, scenario = _drawn(operating), drawn_scenario(operating)
    arms = list(dict.fromkeys(mine["arm"]))
    summary = allocation_characteristics(operating)
    summary = summary.loc[summary["scenario"] == scenario].set_index(["arm", "quantity"])["value"]
    figure = new_figure(7.2, 0.9 + 0.42 * len(arms))
    ax = figure.add_subplot()
    for row, arm in enumerate(arms):
        opens, closes = (float(summary[arm, name]) for name in ("opens", "closes"))
        if np.isnan(opens):
            continue
        ax.barh(row, closes - opens, left=opens, height=0.5, color=colours[arm], alpha=0.75)
        of = mine.loc[(mine["arm"] == arm) & np.isfinite(mine["share"].to_numpy(dtype=float))].groupby("trial")
        for months in (of["month"].min(), of["last_month"].max()):
            ax.plot(months.quantile([0.05, 0.95]), [row, row], color=INK, lw=1.2, solid_capstyle="butt")
        told = f"{summary[arm, 'patients']:.0f} patients"
        ax.annotate(told, (opens, row), xytext=(5, 0), textcoords="offset points", va="center", fontsize=8, color="w")
    ax.set_yticks(range(len(arms)), arms)
    ax.invert_yaxis()
    ax.set_xlim(0, None)
    ax.set_xlabel("Months since the first site opened")
    ax.grid(axis="y", visible=False)
    return figure


def _drawn(operating: OperatingCharacteristics) -> pd.DataFrame:
    allocation = operating.allocation
    return allocation.loc[allocation["scenario"] == drawn_scenario(operating)]
