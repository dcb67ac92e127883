"""The figure of a dose response: one trial's estimates by dose, the shapes fitted to them, and the target dose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sciatrial.report.figures import CELL_COLOURS, CONTROL_COLOURS, INK, new_figure, styled
from sciatrial.trial import TrialResult, fitted_effects

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_POINTS = 300


@styled
def plot_dose_response(result: TrialResult) -> Figure:
    """Draw the effect over the control by dose with 95 % intervals, the fitted shapes and the target dose."""
    figure = new_figure(7.2, 4.2)
    ax = figure.add_subplot()
    arms, target = result.dose_arms, result.dose_target.iloc[0]
    doses = arms["dose_million_cells"].to_numpy(dtype=float)
    largest = float(doses.max())
    effect, low, high = (arms[name].to_numpy(dtype=float) for name in ("effect", "effect_low", "effect_high"))
    if len(result.dose_shapes):
        grid = np.unique(np.concatenate([np.linspace(0, largest, _POINTS), np.geomspace(1e-3, 1, 100) * largest]))
        curves = fitted_effects(result.dose_shapes, grid, largest)
        for number, (shape, values) in enumerate(curves.items()):
            is_best = shape == target["shape"]
            ax.plot(
                grid, values, color=CELL_COLOURS[number % len(CELL_COLOURS)], lw=2.4 if is_best else 1.2,
                ls="-" if is_best else "--", label=shape.replace("_", " ") + (", least AIC" if is_best else ""),
            )  # fmt: skip
    ax.errorbar(doses, effect, yerr=[effect - low, high - effect], fmt="o", color=INK, ms=5, lw=1.2, capsize=3)
    relevant = float(target["relevant_effect"])
    ax.axhline(relevant, color=CONTROL_COLOURS[1], lw=1.2, ls=":", label=f"relevant effect, {relevant:g}")
    ax.axhline(0, color=INK, lw=0.6)
    if np.isfinite(target["target_dose"]):
        upper = min(float(target["target_high"]), largest)
        ax.axvspan(float(target["target_low"]), upper, color=CONTROL_COLOURS[1], alpha=0.15, lw=0)
        told = f"target dose, {target['target_dose']:.3g}"
        ax.axvline(float(target["target_dose"]), color=CONTROL_COLOURS[1], lw=1.4, label=told)
    ax.set_xlabel("Million cells")
    ax.set_ylabel(f"Benefit over {arms['arm'].iloc[0]}, points")
    figure.legend(loc="outside upper center", ncols=3)
    return figure
