"""A subgroup that is tested with the full population, as it is printed and drawn: what looks select, whom it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sciatrial.report.effects import effect_digits
from sciatrial.report.figures import CELL_COLOURS, CONTROL_COLOURS, INK, new_figure, styled
from sciatrial.report.look_figures import drawn_scenario
from sciatrial.report.plan_tables import share_words
from sciatrial.report.tables import number, scenario_words
from sciatrial.trial import OperatingCharacteristics

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SELECTED = {
    "both": "both go on", "full": "full population alone", "subgroup": "subgroup alone", "stopped": "stopped at a look",
    "no look": "no look took place",
}  # fmt: skip
_DRAWN = (CELL_COLOURS[1], CELL_COLOURS[0], CELL_COLOURS[3], CONTROL_COLOURS[0], CONTROL_COLOURS[1])
_COLOURS = dict(zip(_SELECTED, _DRAWN, strict=True))


def has_subgroup(operating: OperatingCharacteristics) -> bool:
    """Return whether these trials test a subgroup with the full population."""
    return "selection" in operating.trials


def selections_wide(operating: OperatingCharacteristics) -> pd.DataFrame:
    """Return what looks select and whether it is right, one row a scenario; empty without a subgroup."""
    rows = []
    for scenario, of in _by_scenario(operating):
        chosen = {head: share_words(of.loc[f"selected {word}"]) for word, head in _SELECTED.items()}
        rows.append(
            {
                "scenario": scenario, "trials": str(int(of.loc["selected both", "n_trials"])), **chosen,
                "right": share_words(of.loc["selected_right"]), "ran out of patients": share_words(of.loc["ran_out"]),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def recruitment_wide(operating: OperatingCharacteristics) -> pd.DataFrame:
    """Return whom the trial needs and how well the subgroup is told, one row a scenario; empty without a subgroup."""
    rows, digits = [], effect_digits(operating.endpoint)
    for scenario, of in _by_scenario(operating):
        rows.append(
            {
                "scenario": scenario, "patients": _mean(of.loc["expected_patients"]),
                "screened": _mean(of.loc["expected_screened"]),
                "turned away after the look": _mean(of.loc["expected_turned_away"]),
                "months": _mean(of.loc["expected_months"]),
                "told to be in it": _percent(of.loc["prevalence"]), "truly in it": _percent(of.loc["true_prevalence"]),
                "told, of those truly in it": _percent(of.loc["sensitivity"]),
                "truly in it, of those told": _percent(of.loc["predictive_value"]),
                "true effect outside it": _mean(of.loc["mean_truth_outside"], digits),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _by_scenario(operating: OperatingCharacteristics) -> list[tuple[str, pd.DataFrame]]:
    """Return the quantities of the full population's hypothesis, which hold those of the whole trial."""
    found = []
    if not has_subgroup(operating):
        return found
    for scenario in dict.fromkeys(operating.summary["scenario"]):
        mine = operating.summary.loc[operating.summary["scenario"] == scenario]
        of = mine.loc[mine["comparison"] == mine["comparison"].iloc[0]].set_index("quantity")
        if "selected both" in of.index:
            found.append((scenario_words(str(scenario)), of))
    return found


def _mean(row: Any, digits: int = 1) -> str:
    if np.isnan(row["value"]):
        return "–"
    error = "" if np.isnan(row["monte_carlo_se"]) else f" ± {row['monte_carlo_se']:.{digits}f}"
    return number(row["value"], digits) + error


def _percent(row: Any) -> str:
    return "–" if np.isnan(row["value"]) else f"{100 * row['value']:.0f} %"


def enrichment_lines(operating: OperatingCharacteristics) -> list[str]:
    """Return what looks select and whom the trial needs by scenario, a line each."""
    told = zip(
        selections_wide(operating).to_dict("records"), recruitment_wide(operating).to_dict("records"), strict=True
    )
    return [
        f"Selected, {row['scenario']}: "
        + "; ".join(f"{head} {row[head]}" for head in _SELECTED.values() if not str(row[head]).startswith("0 "))
        + f"; right {row['right']}. {more['screened']} screened, {more['turned away after the look']} turned away "
        f"after the look; {more['told to be in it']} told to be in the subgroup, "
        f"{more['truly in it, of those told']} of them truly"
        for row, more in told
    ]


@styled
def plot_selections(operating: OperatingCharacteristics) -> Figure:
    """Draw the estimates of both populations at the first interim look by what it selected, and how often.

    Left: trials of `drawn_scenario`, both estimates as measured, the diagonal where they are equal; nothing without an
    interim look. Right: shares of the trials that enrolled, one bar a scenario.
    """
    trials = operating.trials.loc[operating.trials["selection"].astype(str) != ""]
    names = list(dict.fromkeys(trials["comparison"]))
    drawn, looks = drawn_scenario(operating), operating.looks
    first = looks.loc[(looks["look"] == 1) & (looks["scenario"] == drawn)]
    wide = first.pivot_table(index="trial", columns="comparison", values="estimate", aggfunc="first")
    has_look = set(trials["selection"]) != {"no look"} and set(names) <= set(wide)
    scenarios = list(dict.fromkeys(trials["scenario"]))
    figure = new_figure(7.2, 1.4 + max(2.0 * has_look, 0.3 * len(scenarios)))
    axes = figure.subplots(1, 2 if has_look else 1, squeeze=False)[0]
    whole = trials.loc[trials["comparison"] == names[0]]
    if has_look:
        mine = whole.loc[whole["scenario"] == drawn].set_index("trial")["selection"]
        for word in _SELECTED:
            some = wide.loc[[trial for trial in wide.index if mine.get(trial) == word]]
            if len(some):
                axes[0].plot(some[names[0]], some[names[1]], "o", ms=3.5, alpha=0.7, mew=0, color=_COLOURS[word])
        ends = np.nanquantile(wide[names].to_numpy(dtype=float), [0.0, 1.0])
        axes[0].plot(ends, ends, color=INK, lw=0.8)
        axes[0].set_xlabel("Estimate at the first look, full population")
        axes[0].set_ylabel("Subgroup")
    left = np.zeros(len(scenarios))
    places = np.arange(len(scenarios))[::-1]
    for word, head in _SELECTED.items():
        of = [whole.loc[whole["scenario"] == item, "selection"] for item in scenarios]
        share = np.array([100 * float((rows == word).mean()) for rows in of])
        if share.any():
            axes[-1].barh(places, share, left=left, color=_COLOURS[word], label=head, height=0.7)
        left += share
    axes[-1].set_yticks(places, [scenario_words(str(item)) for item in scenarios])
    axes[-1].set_xlim(0, 100)
    axes[-1].set_xlabel("Simulated trials, %")
    handles, labels = axes[-1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3)
    return figure
