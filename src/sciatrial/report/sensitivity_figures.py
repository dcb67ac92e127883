"""Pictures of a sensitivity analysis, and of where relief comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sciatrial.report.figures import new_figure, styled, words_of
from sciatrial.report.words import calibration_words
from sciatrial.sensitivity import Sensitivity
from sciatrial.trial import Attribution

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST = 15
_PRIOR = "\nover the prior, not calibrated"
_PARTS = {
    "less_inflammation": "#2a6f97", "neurotrophic_support": "#61a5c2", "repair": "#5a8f5a",
    "burden_of_cells": "#b5651d", "treatment": "#2a6f97", "needle_and_fluid": "#c9a227", "context": "#9c8fb0",
}  # fmt: skip


@styled
def plot_influence(found: Sensitivity, *, quantity: str, outcome: str) -> Figure:
    """Draw the size of elementary effects, the most influential numbers against the months."""
    frame: Any = found.effects
    mine = frame[(frame["quantity"] == quantity) & (frame["outcome"] == outcome)]
    table = mine.pivot_table(index="input", columns="month", values="mu_star")
    table = table.loc[table.max(axis=1).sort_values(ascending=False).index[:_MOST]]
    figure = new_figure(7.2, 0.9 + 0.3 * len(table))
    ax = figure.add_subplot()
    image = ax.imshow(table.to_numpy(), aspect="auto", cmap="Blues", vmin=0)
    ax.set_xticks(range(table.shape[1]), [f"{month:g}" for month in table.columns])
    ax.set_yticks(range(len(table)), [words_of(name.replace(".", ": ")) for name in table.index])
    for (row, column), value in np.ndenumerate(table.to_numpy()):
        dark = value > 0.6 * table.to_numpy().max()
        ax.text(column, row, f"{value:.1f}", ha="center", va="center", fontsize=7, color="white" if dark else "black")
    ax.grid(visible=False)
    ax.set_xlabel("Months")
    ax.set_title(f"{words_of(outcome)}:\n{found.in_words(quantity)}{_PRIOR}")
    figure.colorbar(image, ax=ax, label="Points by which a number moves it over its range")
    return figure


@styled
def plot_interactions(found: Sensitivity, *, quantity: str, outcome: str, month: float) -> Figure:
    """Draw mean size against spread of elementary effects: far above the line, a number acts through others."""
    frame: Any = found.effects
    mine = frame[(frame["quantity"] == quantity) & (frame["outcome"] == outcome) & (frame["month"] == month)]
    figure = new_figure(7.6, 4.6)
    ax = figure.add_subplot()
    ax.scatter(mine["mu_star"], mine["sigma"], s=14, color="#2a6f97", alpha=0.7)
    top = max(float(mine["mu_star"].max()), float(mine["sigma"].max()), 1e-9)
    ax.plot([0, top], [0, top], color="#999999", lw=0.8)
    named = mine.nlargest(7, "mu_star").to_dict("records")
    for place, row in enumerate(named, start=1):
        ax.annotate(f"{place}", (row["mu_star"], row["sigma"]), fontsize=7.5, xytext=(3, 3), textcoords="offset points")
    told = "\n".join(
        f"{place}  {words_of(row['input'].replace('.', ': '))}" for place, row in enumerate(named, start=1)
    )
    ax.text(1.03, 0.98, told, transform=ax.transAxes, va="top", fontsize=8)
    ax.set_xlabel("Mean size of an elementary effect, points")
    ax.set_ylabel("Spread of elementary effects, points")
    ax.set_title(f"{words_of(outcome)} at month {month:g}:\n{found.in_words(quantity)}{_PRIOR}")
    return figure


@styled
def plot_shares(found: Sensitivity, *, quantity: str, outcome: str, month: float) -> Figure:
    """Draw first-order and total variance shares with 95 % intervals."""
    frame: Any = found.shares
    mine = frame[(frame["quantity"] == quantity) & (frame["outcome"] == outcome) & (frame["month"] == month)]
    mine = mine.sort_values("total")
    figure = new_figure(7.2, 1.1 + 0.32 * max(len(mine), 1))
    ax = figure.add_subplot()
    place = np.arange(len(mine))
    for shift, column, label, colour in ((0.17, "total", "Total", "#2a6f97"), (-0.17, "first", "Alone", "#c9a227")):
        ax.barh(place + shift, mine[column], height=0.32, color=colour, label=label)
        ax.errorbar(mine[column], place + shift, xerr=mine[f"{column}_ci"], fmt="none", ecolor="#333333", lw=0.8)
    ax.set_yticks(place, [words_of(name.replace(".", ": ")) for name in mine["input"]])
    ax.axvline(0, color="#333333", lw=0.8)
    ax.set_xlabel("Share of the variance")
    ax.set_title(f"{words_of(outcome)} at month {month:g}:\n{found.in_words(quantity)}{_PRIOR}")
    ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))  # beside the bars, never over an interval
    return figure


@styled
def plot_modules(found: Sensitivity, *, quantity: str, outcome: str) -> Figure:
    """Draw how much each module of the model moves the outcome, over the months."""
    frame: Any = found.modules
    mine = frame[(frame["quantity"] == quantity) & (frame["outcome"] == outcome)]
    table = mine.pivot_table(index="month", columns="module", values="mu_star")
    table = table[table.max().sort_values(ascending=False).index]
    figure = new_figure(7.2, 3.6)
    ax = figure.add_subplot()
    for name in table.columns:
        ax.plot(table.index, table[name], marker="o", ms=3.5, label=words_of(name))
    ax.set_ylim(bottom=0)
    ax.set_xlabel("Months")
    ax.set_ylabel("Mean size of an elementary effect, points")
    ax.set_title(f"{words_of(outcome)}, all numbers of a module moved together:\n{found.in_words(quantity)}{_PRIOR}")
    ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


@styled
def plot_attribution(found: Attribution) -> Figure:
    """Draw each part's share of the whole effect over the months: the median over draws and the middle 90 %."""
    table: Any = found.table()
    n_draws = len(set(found.shares["draw"]))
    months = sorted(set(table["month"]))
    parts = list(dict.fromkeys(table["part"]))
    figure = new_figure(7.2, 3.8)
    ax = figure.add_subplot()
    width = 0.8 / len(parts)
    for place, part in enumerate(parts):
        mine = table[table["part"] == part].set_index("month").loc[months]
        at = np.arange(len(months)) + (place - (len(parts) - 1) / 2) * width
        error = np.stack([mine["median"] - mine["low"], mine["high"] - mine["median"]])
        ax.bar(at, mine["median"], width=width * 0.9, color=_PARTS[part], label=words_of(part))
        if n_draws > 1:
            ax.errorbar(at, mine["median"], yerr=error, fmt="none", ecolor="#333333", lw=0.8)
    ax.axhline(0, color="#333333", lw=0.8)
    ax.set_xticks(range(len(months)), [f"{month:g}" for month in months])
    ax.set_xlabel("Months since randomisation")
    ax.set_ylabel("Points of the score; below 0 is relief")
    told = f"median and middle 90 % of {n_draws} draws" if n_draws > 1 else "one set of numbers, no interval"
    told += f"; {calibration_words(found.scenario)}"
    ax.set_title(f"{words_of(found.outcome)}: where the effect of {found.arm} comes from\n{told}")
    ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure
