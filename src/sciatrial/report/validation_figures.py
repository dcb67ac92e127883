"""Pictures of a validation: studies that a fit never saw beside what it predicted of them, and how good that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sciatrial.report.calibration_figures import roomy_axes
from sciatrial.report.calibration_tables import PERCENT, POINTS, UNIT_OF
from sciatrial.report.figures import CELL_COLOURS, CONTROL_COLOURS, INK, styled, words_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CAUSE_COLOURS = {"herniation": CELL_COLOURS[0], "discogenic": CELL_COLOURS[1]}
_OTHER_COLOUR = CONTROL_COLOURS[0]
_MODEL_LOOKS = (
    (CELL_COLOURS[0], "o"), (CELL_COLOURS[1], "s"), (CELL_COLOURS[3], "^"), (CONTROL_COLOURS[0], "D"),
    (CELL_COLOURS[2], "v"),
)  # fmt: skip
# the quantiles that a prediction holds, and the parts of all predictions that should lie between them
_EDGES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
_QUANTILES = ("p05", "p25", "p50", "p75", "p95")
UNITS = (POINTS, PERCENT)  # of which there are enough numbers for a picture
_ARMS = "arms"
_STRATUM_WORDS = {"share": "Responders", "sd": "Printed spreads", "change or final": "Means and changes"}


@styled
def plot_left_out_numbers(predictions: pd.DataFrame, ax: Axes | None = None, *, unit: str = POINTS) -> Axes:
    """Draw printed numbers of arms against what was predicted of them without their study.

    Parameters
    ----------
    predictions
        As ``Validation.predictions``.
    ax
        Where to draw; None makes a new figure.
    unit
        ``points of 100`` (means and changes), ``percent of patients`` or ``percent of the start``.
    """
    mine: Any = predictions[[UNIT_OF.get(kind) == unit for kind in predictions["kind"]]]
    ax = roomy_axes(ax, 5.6, 4.8)
    _scatter(ax, mine, mine["p05"], mine["p95"])
    ax.set_xlabel(f"Predicted, {unit}: mean and 90 % interval")
    ax.set_ylabel(f"Printed, {unit}")
    ax.set_title(f"Arms of studies left out: {len(mine)} numbers of {mine['study_id'].nunique()} studies")
    return ax


@styled
def plot_left_out_contrasts(predictions: pd.DataFrame, ax: Axes | None = None, *, unit: str = POINTS) -> Axes:
    """Draw printed differences between arms against what was predicted of them without their study.

    Parameters
    ----------
    predictions
        As ``Validation.predictions``.
    ax
        Where to draw; None makes a new figure.
    unit
        ``points of 100`` or ``percent of patients``.
    """
    from sciatrial.calibration import contrast_pairs

    rows: Any = predictions.reset_index(drop=True)
    pairs = contrast_pairs(rows.assign(se=np.nan))
    treated, control = pairs["treated"].to_numpy(dtype=int), pairs["control"].to_numpy(dtype=int)
    made = pairs.assign(
        cause=rows["cause"].to_numpy()[treated],
        mean=rows["mean"].to_numpy(dtype=float)[treated] - rows["mean"].to_numpy(dtype=float)[control],
    )
    mine: Any = made[[UNIT_OF.get(kind) == unit for kind in made["kind"]]]
    ax = roomy_axes(ax, 5.6, 4.8)
    _scatter(ax, mine)
    for side in (ax.axhline, ax.axvline):
        side(0, color=INK, lw=0.7, zorder=1)
    ax.set_xlabel(f"Predicted difference, {unit}: mean")
    ax.set_ylabel(f"Printed difference, {unit}")
    ax.set_title(f"Differences within studies left out: {len(mine)} in {mine['study_id'].nunique()} studies")
    return ax


def _scatter(ax: Axes, rows: Any, low: Any = None, high: Any = None) -> None:
    """Draw predicted against printed by cause, cells filled, with the line on which both are equal."""
    causes = rows["cause"].where(rows["cause"].isin(list(_CAUSE_COLOURS)), "other causes")
    is_cells = rows["is_cells"].to_numpy(dtype=bool)
    for word in dict.fromkeys([*_CAUSE_COLOURS, "other causes"]):
        here = (causes == word).to_numpy()
        colour = _CAUSE_COLOURS.get(word, _OTHER_COLOUR)
        if not here.any():
            continue
        if low is not None and high is not None:
            ax.hlines(rows["observed"][here], low[here], high[here], color=colour, lw=0.7, alpha=0.35, zorder=2)
        for flag, face, name in ((False, "white", ""), (True, colour, ", cells")):
            part = here & (is_cells == flag)
            if part.any():
                ax.plot(
                    rows["mean"][part], rows["observed"][part], "o", ms=4.5, mec=colour, mfc=face, mew=1.0, zorder=3,
                    label=words_of(word) + name,
                )  # fmt: skip
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(lambda value, _place: f"{value:g}".replace("-", "−"))
    if not len(rows):
        ax.text(0.5, 0.5, "no number of this kind", transform=ax.transAxes, ha="center", va="center")
        return
    both = rows[["mean", "observed"]].to_numpy(dtype=float)
    edge = (both.min(), both.max())
    ax.plot(edge, edge, color=INK, lw=0.9, ls=(0, (4, 3)), zorder=1, label="as predicted")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


@styled
def plot_coverage(scores: pd.DataFrame, ax: Axes | None = None, *, what: str = _ARMS) -> Axes:
    """Draw how many printed numbers the 90 % intervals hold, by stratum and model.

    Parameters
    ----------
    scores
        As ``Validation.scores``.
    ax
        Where to draw; None makes a new figure.
    what
        ``arms``, or a kind of contrasts.
    """
    mine = scores[(scores["what"] == what) & (scores["n"] > 0)]
    strata, models = list(dict.fromkeys(mine["stratum"])), list(dict.fromkeys(mine["model"]))
    ax = roomy_axes(ax, 7.4, 1.4 + (0.13 * len(models) + 0.12) * len(strata))
    ax.axvline(90, color=INK, lw=0.9, ls=(0, (4, 3)), zorder=1)
    for place, name in enumerate(models):
        colour, marker = _MODEL_LOOKS[place % len(_MODEL_LOOKS)]
        rows = mine[mine["model"] == name]
        at = _rows_of(rows, strata, place, len(models))
        ax.hlines(at, 100 * rows["coverage_90_low"], 100 * rows["coverage_90_high"], color=colour, lw=1.4)
        ax.plot(100 * rows["coverage_90"], at, marker, color=colour, ms=4.5, ls="none", label=words_of(name))
    _strata_axis(ax, mine, strata)
    ax.set_xlim(-2, 102)
    ax.set_xlabel("Inside the 90 % interval, percent of printed numbers\n(95 % interval over studies; dashed: 90)")
    ax.set_title(f"Coverage of studies left out: {what}")
    return ax


@styled
def plot_crps(differences: pd.DataFrame, ax: Axes | None = None, *, model: str, what: str = _ARMS) -> Axes:
    """Draw how much smaller or larger the error of a model is than that of each other, by stratum.

    Parameters
    ----------
    differences
        As ``Validation.differences``.
    ax
        Where to draw; None makes a new figure.
    model
        The model that is compared, on the left of every difference.
    what
        ``arms``, or a kind of contrasts.
    """
    mine = differences[(differences["model"] == model) & (differences["what"] == what) & (differences["n"] > 0)]
    strata, others = list(dict.fromkeys(mine["stratum"])), list(dict.fromkeys(mine["other"]))
    ax = roomy_axes(ax, 7.4, 1.5 + (0.13 * len(others) + 0.12) * max(len(strata), 1))
    ax.axvline(0, color=INK, lw=0.9, zorder=1)
    for place, name in enumerate(others):
        colour, marker = _MODEL_LOOKS[(place + 1) % len(_MODEL_LOOKS)]
        rows = mine[mine["other"] == name]
        at = _rows_of(rows, strata, place, len(others))
        ax.hlines(at, rows["low"], rows["high"], color=colour, lw=1.4)
        ax.plot(rows["difference"], at, marker, color=colour, ms=4.5, ls="none", label=f"against {name}")
    _strata_axis(ax, mine, strata)
    ax.xaxis.set_major_formatter(lambda value, _place: f"{value:g}".replace("-", "−"))
    ax.set_xlabel(
        "Difference of error (CRPS), in the unit of the number: points of 100 or percent\n"
        f"← {model} is better   |   the other is better →   (90 % interval over studies)"
    )
    ax.set_title(f"Error of the {model} minus that of others: {what}")
    return ax


def _rows_of(rows: Any, strata: list[Any], place: int, n: int) -> np.ndarray:
    """Return heights of a model's rows, those of one stratum side by side."""
    return np.array([strata.index(word) for word in rows["stratum"]]) + 0.75 * ((place + 0.5) / n - 0.5)


def _strata_axis(ax: Axes, rows: Any, strata: list[Any]) -> None:
    names = []
    for word in strata:
        first = rows[rows["stratum"] == word].iloc[0]
        untested = ", untested" if first["untested"] else ""
        studies = "1 study" if first["n_studies"] == 1 else f"{first['n_studies']} studies"
        names.append(f"{_STRATUM_WORDS.get(word, words_of(word))}\n{first['n']} in {studies}{untested}")
    ax.set_yticks(range(len(strata)), names)
    ax.tick_params(axis="y", labelsize=7.5, length=0)
    ax.set_ylim(len(strata) - 0.5, -0.5)
    for place in range(1, len(strata)):
        ax.axhline(place - 0.5, color="#EBEBEB", lw=0.7, zorder=0)
    ax.grid(axis="y", visible=False)
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


@styled
def plot_quantile_histogram(predictions: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw where printed numbers lie among the quantiles of their predictions: flat where predictions are honest.

    Parameters
    ----------
    predictions
        As ``Validation.predictions``; each study counts the same, printed spreads do not count.
    ax
        Where to draw; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Between neighbouring quantiles the share of printed numbers over the share that should lie there. High ends:
        too sure; a high middle: too cautious; a slope: biased.
    """
    told: Any = predictions.dropna(subset=["observed", *_QUANTILES])
    told = told[told["kind"] != "sd"]
    above = (told["observed"].to_numpy(dtype=float)[:, None] > told[list(_QUANTILES)].to_numpy(dtype=float)).sum(axis=1)
    # more responders are better, and higher scores worse
    above = np.where(told["kind"] == "share", len(_QUANTILES) - above, above)
    weight = 1 / told.groupby("study_id")["study_id"].transform("size").to_numpy(dtype=float)
    share = np.bincount(above, weight, minlength=len(_EDGES) - 1) / weight.sum()
    width = np.diff(_EDGES)
    ax = roomy_axes(ax, 5.8, 3.4)
    ax.bar(
        100 * np.array(_EDGES[:-1]), share / width, 100 * width, align="edge", color=CELL_COLOURS[0], alpha=0.55,
        edgecolor="white",
    )  # fmt: skip
    ax.axhline(1, color=INK, lw=0.9, ls=(0, (4, 3)))
    ax.set_xticks(100 * np.array(_EDGES))
    ax.set_xlim(0, 100)
    ax.set_xlabel("Place of the printed number in its prediction, percentile\n(low: better than predicted)")
    ax.set_ylabel("Share of printed numbers\nover the share expected")
    ax.set_title(f"{len(told)} numbers of {told['study_id'].nunique()} studies left out, each study alike")
    ax.tick_params(axis="x", labelsize=7.5)
    return ax
