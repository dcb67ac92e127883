"""Picture of virtual patients beside published ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sciatrial.report.calibration_figures import _legend_below, roomy_axes
from sciatrial.report.figures import CELL_COLOURS, FAINT, INK, styled
from sciatrial.report.population_tables import rows_of, value_words, what_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sciatrial.population import PopulationComparison

_ROW_INCHES = 0.19
_FARTHEST = 5.0  # stated distances; what lies beyond stands at the rim with its number
_MET, _MISSED, _BEFORE = CELL_COLOURS[0], CELL_COLOURS[1], "#9A9A9A"
_BAND = "#E4F1EA"


@styled
def plot_population(comparison: PopulationComparison, ax: Axes | None = None, *, cause: str | None = None) -> Axes:
    """Draw how far virtual patients are from published ones, one row a number, in the distance that a match allows.

    Parameters
    ----------
    comparison
        From `posterior_population` or `reference_population`.
    ax
        Where to draw; None makes a new figure.
    cause
        ``herniation``, ``discogenic``, ``stenosis``, ``spondylolisthesis`` or ``piriformis``: the groups that hold
        it; None draws all.

    Returns
    -------
    matplotlib.axes.Axes
        Zero is what was published, the band what counts as met. Circles: as patients come, grey of the prior; filled:
        with weights, with the middle 90 % over draws; squares are numbers that the weights were told. What was given to
        a cohort is not drawn.
    """
    rows = rows_of(comparison, cause)
    rows = rows.loc[~rows["is_set_by_cohort"].to_numpy(dtype=bool)]
    meaning = dict(zip(comparison.cohorts["cohort"], comparison.cohorts["meaning"], strict=True))
    ax = roomy_axes(ax, 7.6, 1.4 + _ROW_INCHES * (len(rows) + rows["cohort"].nunique()))
    ax.axvspan(-1, 1, color=_BAND, lw=0, zorder=0)
    ax.axvline(0, color=INK, lw=0.8, zorder=1)
    names: list[str] = []
    for group, part in rows.groupby("cohort", sort=False):
        if names:
            ax.axhline(len(names) - 0.5, color=FAINT, lw=0.8, zorder=0)
        head = str(meaning[group])
        # across the whole width: what stands left of the axes is empty in this row
        ax.annotate(
            head[:1].upper() + head[1:], (0.01, len(names)), xycoords=("figure fraction", "data"), fontsize=7.5,
            fontweight="bold", va="center", annotation_clip=False, in_layout=False,
        )  # fmt: skip
        names.append("")
        for row in part.to_dict("records"):
            _row(ax, len(names), row)
            names.append(f"{what_words(row)}: {value_words(row, row['published'])} ± {row['distance']:g}")
    if not len(rows):
        ax.text(0.5, 0.5, "no published number of this kind", transform=ax.transAxes, ha="center", va="center")
    ax.set_yticks(range(len(names)), names)
    ax.tick_params(axis="y", labelsize=7.5, length=0)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_xlim(-_FARTHEST - 0.6, _FARTHEST + 0.6)
    ax.grid(axis="y", visible=False)
    ax.xaxis.set_major_formatter(lambda value, _place: f"{value:g}".replace("-", "−"))
    ax.set_xlabel("Virtual minus published, in the distance that a match allows")
    ax.set_title("Patients at the door: published beside virtual")
    _legend_below(
        ax,
        [
            ("prior, as they come", {"color": _BEFORE, "marker": "o", "mfc": "white", "ms": 4.5, "ls": "none"}),
            ("posterior, as they come", {"color": _MET, "marker": "o", "mfc": "white", "ms": 6, "ls": "none"}),
            ("weighted, 90 % of draws", {"color": _MET, "marker": "o", "ms": 4.5, "lw": 1}),
            ("the weights were told", {"color": _MET, "marker": "s", "ms": 4, "ls": "none"}),
            ("missed with weights", {"color": _MISSED, "marker": "o", "ms": 4.5, "lw": 1}),
            ("met", {"color": _BAND, "lw": 8}),
        ],
        n_columns=3,
    )
    return ax


def _row(ax: Axes, place: int, row: Any) -> None:
    from sciatrial.population import MET

    def away(value: float) -> float:
        return float((value - row["published"]) / row["distance"])

    colour = _MET if row["verdict"] == MET else _MISSED
    low, high = (np.clip(away(row[name]), -_FARTHEST, _FARTHEST) for name in ("weighted_low", "weighted_high"))
    ax.plot([low, high], [place, place], color=colour, lw=1.0, zorder=2)
    _mark(ax, place, away(row["prior_equal"]), "", marker="o", ms=4.5, mfc="white", color=_BEFORE, zorder=3)
    _mark(ax, place, away(row["equal"]), "", marker="o", ms=6, mfc="white", color=_MET, zorder=4)
    look: dict[str, Any] = {"marker": "s", "ms": 4} if row["use"] == "weights" else {"marker": "o", "ms": 4.5}
    _mark(ax, place, away(row["weighted"]), value_words(row, row["weighted"]), color=colour, zorder=5, **look)


def _mark(ax: Axes, place: int, x: float, said: str, **look: Any) -> None:
    """Draw a mark, at the rim as an arrow with its number where it lies beyond."""
    if not np.isfinite(x):
        return
    if abs(x) <= _FARTHEST:
        ax.plot(x, place, ls="none", **look)
        return
    side = np.sign(x)
    ax.plot(side * (_FARTHEST + 0.25), place, ls="none", **{**look, "marker": ">" if side > 0 else "<"})
    if said:
        ax.text(side * (_FARTHEST - 0.05), place, said, fontsize=7, va="center", ha="right" if side > 0 else "left")
