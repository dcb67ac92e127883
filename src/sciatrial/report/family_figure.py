"""Figure of what looks make of several arms: shown, dropped, futile, or nothing shown at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sciatrial.report.figures import CELL_COLOURS, CONTROL_COLOURS, new_figure, styled
from sciatrial.report.tables import scenario_words
from sciatrial.trial import Decision, OperatingCharacteristics

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_SCENARIOS = 6
_WORDS = {
    Decision.EFFICACY: (CELL_COLOURS[0], "shown"),
    Decision.ENDED: (CONTROL_COLOURS[1], "kept to the end, not shown"),
    Decision.DROPPED: (CELL_COLOURS[1], "dropped: others were selected"),
    Decision.FUTILITY: (CONTROL_COLOURS[0], "stopped for futility"),
}


@styled
def plot_arms(operating: OperatingCharacteristics) -> Figure:
    """Draw what becomes of each arm as shares of the trials that enrolled, one panel a scenario, the first six."""
    trials = operating.trials.loc[~operating.trials["why_not"].str.startswith("could not enrol")]
    scenarios = list(dict.fromkeys(trials["scenario"]))[:_MOST_SCENARIOS]
    comparisons = list(dict.fromkeys(trials["comparison"]))
    figure = new_figure(7.2, 0.9 + len(scenarios) * (0.5 + 0.3 * len(comparisons)))
    axes = figure.subplots(max(len(scenarios), 1), 1, sharex=True, squeeze=False)[:, 0]
    places = np.arange(len(comparisons))[::-1]
    for ax, scenario in zip(axes, scenarios, strict=False):
        mine = trials.loc[trials["scenario"] == scenario]
        left = np.zeros(len(comparisons))
        for decision, (colour, label) in _WORDS.items():
            of = [mine.loc[mine["comparison"] == name, "decision"] for name in comparisons]
            share = np.array([100 * float((rows == decision).mean()) if len(rows) else 0.0 for rows in of])
            ax.barh(places, share, left=left, color=colour, label=label, height=0.7)
            left += share
        ax.set_yticks(places, comparisons)
        ax.set_title(scenario_words(str(scenario)))
        ax.set_xlim(0, 100)
    axes[-1].set_xlabel("Simulated trials, %")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2)
    return figure
