"""The plot of the engine beside its peers: speed as bars on a logarithmic axis, accuracy in words beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

_NAMES = {
    "sciatrial_f64": "sciatrial, double", "sciatrial_f32": "sciatrial, single",
    "sciatrial_scalar": "sciatrial, scalar reference", "ceiling": "same method in C, double",
    "ceiling_f32": "same method in C, single", "numbalsoda_generated": "numbalsoda, our equations as code",
    "pydiffsol": "pydiffsol", "libroadrunner": "libRoadRunner", "amici": "AMICI", "desolve": "R deSolve",
    "scipy": "scipy", "diffrax": "diffrax",
}  # fmt: skip
_OURS, _CEILING, _PEER, _INK = "#1b6ca8", "#9aa5b1", "#d9822b", "#333333"


def plot(rows: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """Write ``engine.svg`` and ``engine.png``."""
    ran = [row for row in rows if row["patients_per_second_per_core"]]
    ran.sort(key=lambda row: row["patients_per_second_per_core"])
    if not ran:
        return
    mpl.rcParams["svg.hashsalt"] = "engine"
    figure, axes = plt.subplots(figsize=(10, 0.4 * len(ran) + 1.6), layout="constrained")
    speeds = [row["patients_per_second_per_core"] for row in ran]
    colours = [_colour(row["engine"]) for row in ran]
    # points, not bars: on a logarithmic axis the length of a bar means nothing
    axes.hlines(range(len(ran)), min(speeds) / 3, speeds, color=colours, linewidth=1, alpha=0.5)
    axes.scatter(speeds, range(len(ran)), color=colours, s=60, zorder=3)
    axes.set_yticks(range(len(ran)), [_NAMES.get(row["engine"], row["engine"]) for row in ran])
    axes.set_xscale("log")
    axes.set_xlim(min(speeds) / 3, max(speeds) * 90)
    axes.set_xticks([10.0**power for power in range(1, 7) if min(speeds) / 3 < 10.0**power <= 2 * max(speeds)])
    axes.minorticks_off()
    for place, (row, speed) in enumerate(zip(ran, speeds, strict=True)):
        words = f"{_rounded(speed)} /s   error {row['max_relative_error']:.1e}   {row['solver']}, {row['tolerance']:g}"
        axes.text(speed * 1.25, place, words, va="center", fontsize=8.5, color=_INK)
    axes.set_xlabel("patients a second on one core (logarithmic)")
    axes.set_title(
        "Two years of a patient, doses and visits included: each program at its loosest tolerance\n"
        "whose largest error, over every output and visit, is below 1e-3",
        loc="left", fontsize=10,
    )  # fmt: skip
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.savefig(folder / "engine.svg", metadata={"Date": None})
    figure.savefig(folder / "engine.png", dpi=130)
    plt.close(figure)


def _colour(engine: str) -> str:
    if engine.startswith("sciatrial"):
        return _OURS
    return _CEILING if engine.startswith("ceiling") else _PEER


def _rounded(speed: float) -> str:
    """Return a number with two or three digits that mean something."""
    digits = 0 if speed < 1000 else -2 if speed < 100_000 else -3
    return f"{speed:.1f}" if speed < 10 else f"{round(speed, digits):,.0f}"
