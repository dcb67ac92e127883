"""A size that is estimated anew, as it is told, printed and drawn: the rule, sizes and success by zone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sciatrial.report.figures import CELL_COLOURS, CONTROL_COLOURS, INK, new_figure, styled
from sciatrial.report.look_figures import drawn_scenario
from sciatrial.report.plan_tables import share_words
from sciatrial.report.tables import number, scenario_words
from sciatrial.trial import OperatingCharacteristics

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLOURS = {
    "promising": CELL_COLOURS[0], "larger": CELL_COLOURS[0], "favourable": CELL_COLOURS[3], "smaller": CELL_COLOURS[3],
    "unfavourable": CONTROL_COLOURS[0], "as planned": CONTROL_COLOURS[0],
}  # fmt: skip


def has_new_size(operating: OperatingCharacteristics) -> bool:
    """Return whether these trials estimate their size anew."""
    return "zone" in operating.trials


def new_size_facts(trial: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return how the size is estimated anew as pairs of term and description; empty where it stays."""
    rule = trial.get("reestimation")
    if not rule:
        return []
    most = f"{rule['most']} patients at most"
    least = f", {rule['least']} at least" if "least" in rule else ""
    if rule["kind"] == "blinded":
        told = (
            f"at {rule['at_endpoints']} observed endpoints, arms unknown: as many as find {rule['effect']:g} points "
            f"with power {100 * rule.get('power', 0.8):g} % at the spread of all patients together given baseline; "
            f"{most}{least}"
        )
        return [("Size estimated anew", told)]
    target = 100 * rule.get("target", 0.8)
    where = f"brought to a conditional power of {target:g} % if the observed effect is the true one"
    if rule["kind"] == "promising_zone":
        where = f"where the conditional power lies from {100 * rule['lowest']:g} % to below {target:g} %, {where}"
    test = "the stages' statistics with the planned weights, whatever the size became (Cui, Hung and Wang)"
    if rule.get("test") == "ordinary":
        test = "the ordinary statistic of all patients, as the size grows only from a conditional power of 50 % on"
        test += " (Chen, DeMets and Lan)"
    return [("Size estimated anew", f"at the look: {where}; {most}{least}"), ("Final test", test)]


def new_sizes_wide(operating: OperatingCharacteristics) -> pd.DataFrame:
    """Return the distribution of the size, one row a scenario; empty where it stays."""
    rows = []
    for scenario, of in _by_scenario(operating):
        told = [number(of.loc[f"size_{share}", "value"], 0) for share in (10, 50, 90)]
        rows.append(
            {
                "scenario": scenario, "expected patients": _mean(of.loc["expected_patients"]),
                "10, 50, 90 % of trials up to": ", ".join(told), "grew": share_words(of.loc["size_grew"]),
                "success": share_words(of.loc["success"]), "expected months": _mean(of.loc["expected_months"]),
                "bias": _mean(of.loc["bias"]), "bias, adjusted": _mean(of.loc["adjusted_bias"]),
                "coverage": share_words(of.loc["coverage"]),
                "coverage, adjusted": share_words(of.loc["adjusted_coverage"]),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def zones_wide(operating: OperatingCharacteristics) -> pd.DataFrame:
    """Return success by zone, one row a scenario and zone; empty where the size stays."""
    rows = []
    for scenario, of in _by_scenario(operating):
        for name in [str(item) for item in of.index if str(item).startswith("zone ")]:
            zone = name.removeprefix("zone ")
            rows.append(
                {
                    "scenario": scenario, "zone": zone or "–", "trials": share_words(of.loc[name]),
                    "success there": share_words(of.loc[f"success in {zone}"]),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def _by_scenario(operating: OperatingCharacteristics) -> list[tuple[str, pd.DataFrame]]:
    groups: Any = operating.summary.groupby(["scenario", "comparison"], sort=False)
    found = [(scenario_words(str(scenario)), group.set_index("quantity")) for (scenario, _), group in groups]
    return [(scenario, of) for scenario, of in found if "size_50" in of.index]


def _mean(row: Any) -> str:
    error = "" if np.isnan(row["monte_carlo_se"]) else f" ± {row['monte_carlo_se']:.1f}"
    return "–" if np.isnan(row["value"]) else number(row["value"]) + error


def new_size_lines(operating: OperatingCharacteristics) -> list[str]:
    """Return size and success of trials whose size is estimated anew by scenario, a line each."""
    return [
        f"Size, {row['scenario']}: {row['expected patients']} patients; 10, 50, 90 % of trials have up to "
        f"{row['10, 50, 90 % of trials up to']}; grew in {row['grew']}"
        for row in new_sizes_wide(operating).to_dict("records")
    ]


@styled
def plot_new_sizes(operating: OperatingCharacteristics, planned: pd.DataFrame) -> Figure:
    """Draw the new size over the conditional power at the look, and how often each size is met.

    Trials are those of `drawn_scenario`. Line: what the plan says (`planned_new_sizes`). A blinded size has no
    conditional power: there only the sizes are drawn.
    """
    scenario = drawn_scenario(operating)
    mine = operating.trials.loc[operating.trials["scenario"] == scenario]
    has_power = bool(np.isfinite(mine["conditional_power"].to_numpy(dtype=float)).any())
    figure = new_figure(7.2, 3.4)
    axes = figure.subplots(1, 2 if has_power else 1, squeeze=False)[0]
    if has_power:
        for zone, group in mine.groupby("zone", sort=True):
            power = 100 * group["conditional_power"].to_numpy(dtype=float)
            axes[0].plot(
                power, group["n_randomised"], "o", ms=3.5, alpha=0.6, mew=0, label=str(zone),
                color=_COLOURS.get(str(zone), CONTROL_COLOURS[2]),
            )  # fmt: skip
        if "conditional_power" in planned:
            axes[0].plot(100 * planned["conditional_power"], planned["patients"], color=INK, lw=1, label="plan")
        axes[0].set_xlabel("Conditional power with the planned size, %")
        axes[0].set_ylabel("Patients randomised")
        axes[0].legend()
    sizes = mine["n_randomised"].to_numpy(dtype=float)
    axes[-1].hist(sizes[sizes > 0], bins=20, color=CELL_COLOURS[0])
    axes[-1].axvline(float(np.nanmax(mine["planned_patients"].to_numpy(dtype=float))), color=INK, lw=1)
    axes[-1].set_xlabel("Patients randomised; line: as planned")
    axes[-1].set_ylabel("Simulated trials")
    return figure
