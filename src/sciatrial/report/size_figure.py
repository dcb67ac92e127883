"""The figure of a search for a trial's size: success by number of patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sciatrial.report.figures import CELL_COLOURS, CONTROL_COLOURS, INK, new_figure, styled
from sciatrial.trial import SizeSearch

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NORMAL_95 = 1.959963984540054


@styled
def plot_sizes(search: SizeSearch) -> Figure:
    """Draw power or assurance by size with its 95 % Monte-Carlo interval, the target, and the size that reaches it."""
    figure = new_figure(7.2, 4.0)
    ax = figure.add_subplot()
    curve = search.curve
    sizes, share = curve["n_total"].to_numpy(float), 100 * curve["success"].to_numpy(float)
    reach = 100 * _NORMAL_95 * curve["monte_carlo_se"].to_numpy(float)
    ax.fill_between(sizes, share - reach, share + reach, color=CELL_COLOURS[0], alpha=0.18, lw=0, label="95 % interval")
    ax.plot(sizes, share, "o-", color=CELL_COLOURS[0], ms=4, label=f"{search.quantity} of {search.comparison}")
    ax.axhline(100 * search.target, color=INK, lw=1.0, ls="--", label=f"wanted, {search.target:.0%}")
    if search.ceiling is not None:
        told = f"draws in which the arm is better, {search.ceiling:.0%}"
        ax.axhline(100 * search.ceiling, color=CONTROL_COLOURS[0], lw=1.0, ls=":", label=told)
    if search.n_total is not None:
        ends = (search.low or sizes[0], search.high or sizes[-1])
        ax.axvspan(*ends, color=CONTROL_COLOURS[1], alpha=0.18, lw=0)
        ax.axvline(search.n_total, color=CONTROL_COLOURS[1], lw=1.4, label=f"{search.n_total} patients")
    ax.set_ylim(0, 100)
    ax.set_xlim(sizes[0], sizes[-1])
    ax.set_xlabel("Patients randomised at most")
    ax.set_ylabel(f"{search.quantity.capitalize()}, %")
    figure.legend(loc="outside upper center", ncols=2)
    return figure
