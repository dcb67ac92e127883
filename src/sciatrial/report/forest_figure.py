"""The forest of a pooled result: every trial, every model, and how far each trial can be trusted."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sciatrial.evidence import ContrastSource, Kind
from sciatrial.report.figures import CELL_COLOURS, FAINT, INK, new_figure, styled, words_of
from sciatrial.report.tables import number
from sciatrial.synthesis import DOMAINS, LOG_ODDS, PRIOR, RANDOM, Light, Pooled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# a sign in each light, so that no colour has to be told from another
LIGHTS = {
    Light.LOW: ("+", "#009E73", "white"), Light.SOME_CONCERNS: ("!", "#E69F00", "black"),
    Light.HIGH: ("–", "#B5460F", "white"), Light.UNCLEAR: ("~", "#F0E442", "black"),
    Light.NOT_ASSESSED: ("?", "#CFCFCF", "black"),
}  # fmt: skip
_ROW, _LINE = 0.27, 0.17  # inches
_LEFT, _MIDDLE, _EFFECT, _LIGHT = 3.95, 3.3, 2.15, 0.25
_SMALL = 7.5
_REFERENCE_MARKS = {ContrastSource.TRIAL.value: "†", ContrastSource.REVIEW.value: "‡"}
_LARGEST = {"points": 100.0, "odds": float(np.log(100.0))}
_SMALLEST_RATIO, _LARGEST_RATIO = 0.01, 999
_ODDS_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)


@dataclass(frozen=True)
class EffectAxis:
    """How effects are placed and written: in points, or as odds ratios on a logarithmic axis."""

    is_odds: bool
    low: float
    high: float

    def text(self, value: float) -> str:
        """Write an effect."""
        if value is None or not np.isfinite(value):
            return "–"
        if not self.is_odds:
            return number(value)
        ratio = float(np.exp(np.clip(value, -20, 20)))
        if not _SMALLEST_RATIO <= ratio <= _LARGEST_RATIO:
            return f"<{_SMALLEST_RATIO:g}" if ratio < 1 else f">{_LARGEST_RATIO:g}"
        return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.1f}"

    def interval(self, estimate: float, low: float, high: float) -> str:
        """Write an effect with its interval."""
        return f"{self.text(estimate)} ({self.text(low)} to {self.text(high)})"


def effect_axis(scale: str, values: Any) -> EffectAxis:
    """Return the axis that shows effects, 0 and no more than a scale can hold.

    Parameters
    ----------
    scale
        `POINTS` or `LOG_ODDS`.
    values
        What should be seen; not finite ones are left out.
    """
    is_odds = scale == LOG_ODDS
    largest = _LARGEST["odds" if is_odds else "points"]
    seen = np.asarray(values, dtype=float).ravel()
    seen = np.clip(seen[np.isfinite(seen)], -largest, largest)
    least = np.log(2.0) if is_odds else 10.0
    low, high = min([-least, *seen]), max([least, *seen])
    room = 0.05 * (high - low)
    return EffectAxis(is_odds, float(low - room), float(high + room))


def dress_axis(ax: Axes, scale: EffectAxis, what: str) -> None:
    """Set limits, ticks, the line of no effect and the label."""
    ax.set_xlim(scale.low, scale.high)
    ax.axvline(0, color=INK, lw=0.9, zorder=1)
    if scale.is_odds:
        ticks = [tick for tick in _ODDS_TICKS if scale.low <= np.log(tick) <= scale.high]
        if len(ticks) > 7:
            ticks = [tick for tick in ticks if tick in (0.01, 0.1, 1, 10, 100)]
        ax.set_xticks([float(np.log(tick)) for tick in ticks], [f"{tick:g}" for tick in ticks])
        ax.set_xlabel(f"{what}: odds ratio, logarithmic axis")
    else:
        ax.xaxis.set_major_formatter(lambda value, _place: f"{value:g}".replace("-", "−"))
        ax.set_xlabel(f"{what}: difference, points of 100")


def draw_interval(ax: Axes, place: float, low: float, high: float, **look: Any) -> None:
    """Draw a horizontal interval; an arrow stands where it leaves the picture."""
    left, right = ax.get_xlim()
    if not (np.isfinite(low) and np.isfinite(high)):
        return
    ends = np.clip([low, high], left, right)
    ax.plot(ends, [place, place], solid_capstyle="butt", **look)
    for value, edge, marker in ((low, left, "<"), (high, right, ">")):
        if (value < left) if marker == "<" else (value > right):
            ax.plot(edge, place, marker, color=look.get("color", INK), ms=4.5, clip_on=False, zorder=6)


def directions(pooled: Pooled) -> tuple[str, str]:
    """Return what the left and the right of the line of no effect favour."""
    treatment, comparator = (_plain(name) for name in (pooled.treatment, pooled.comparator))
    sides = (f"favours {treatment}", f"favours {comparator}")
    return sides if pooled.scale != LOG_ODDS else (sides[1], sides[0])


def _plain(name: str) -> str:
    words = words_of(name)
    return words if words[:2].isupper() else words[:1].lower() + words[1:]


def chance_words(chance: float) -> str:
    """Return a probability in per cent; never 0 or 100, a dash where there is none."""
    if not np.isfinite(chance):
        return "–"
    percent = 100 * chance
    return ">99 %" if percent > _MOST_SURE else "<1 %" if percent < 100 - _MOST_SURE else f"{percent:.0f} %"


_MOST_SURE = 99.0


def pooled_title(pooled: Pooled) -> str:
    """Return the question as a title."""
    return f"{words_of(pooled.question.in_words())}"


@styled
def plot_forest(pooled: Pooled, lights: pd.DataFrame | None = None, *, important: float | None = None) -> Figure:
    """Draw a forest: every trial, the quoted model as a diamond, the other models below.

    Parameters
    ----------
    pooled
        What `synthesise` gave; without an answer the picture says so.
    lights
        What `traffic_lights` gave; None leaves the lights out. What no published tool judged low is never green.
    important
        The smallest difference that matters to a patient, above 0, in points of 100 (log odds for responders): a
        dashed line.

    Returns
    -------
    matplotlib.figure.Figure
        The first axes hold the effects; trials are marked whose numbers were filled in or printed as a difference.
    """
    columns = _LIGHT * (len(DOMAINS) + 1) + 0.15 if lights is not None and not pooled.unanswered else 0.0
    rows = _rows(pooled)
    below = _told_below(pooled, rows)
    body = _ROW * (max(len(rows), 3) + 0.6)
    top, bottom = 0.85, 0.72 + _LINE * (len(below) + 2 * (columns > 0)) + 0.1
    width, height = 0.1 + _LEFT + _MIDDLE + _EFFECT + columns + 0.1, top + body + bottom
    figure = new_figure(width, height)
    figure.set_layout_engine("none")

    def panel(left: float, wide: float) -> Axes:
        return figure.add_axes((left / width, bottom / height, wide / width, body / height))

    ax = panel(0.1 + _LEFT, _MIDDLE)
    names, numbers = panel(0.1, _LEFT), panel(0.1 + _LEFT + _MIDDLE, _EFFECT + columns)
    for side, wide in ((names, _LEFT), (numbers, _EFFECT + columns)):
        side.set_axis_off()
        side.set_xlim(0, wide)
    scale = _draw(ax, pooled, rows, important)
    _point_from_zero(ax, pooled, scale)
    ax.set_yticks([])
    for side in (names, numbers):
        side.set_ylim(ax.get_ylim())
    _headers(names, numbers, pooled, columns > 0)
    for row in rows:
        _write_row(names, numbers, row, scale)
    if columns and lights is not None:
        _draw_lights(numbers, rows, lights)
    _title_and_foot(figure, pooled, below, 2 * (columns > 0))
    return figure


def draw_forest(ax: Axes, pooled: Pooled, *, important: float | None = None) -> None:
    """Draw the intervals of a forest into axes, with the trials' and models' names as ticks.

    Parameters
    ----------
    ax
        Where to draw.
    pooled, important
        As in `plot_forest`.
    """
    rows = _rows(pooled)
    _draw(ax, pooled, rows, important)
    ax.set_yticks([row["place"] for row in rows], [row["name"] for row in rows])
    left, right = directions(pooled)
    ax.set_xlabel(f"{ax.get_xlabel()}\n← {left}   |   {right} →")


def _draw(ax: Axes, pooled: Pooled, rows: list[dict[str, Any]], important: float | None) -> EffectAxis:
    """Draw every row; return how effects are written on this axis."""
    main = [] if pooled.unanswered else [pooled.main[n] for n in ("low", "high", "prediction_low", "prediction_high")]
    seen = [pooled.studies["low"], pooled.studies["high"], main, [] if important is None else [-important, important]]
    scale = effect_axis(pooled.scale, np.concatenate([np.asarray(values, dtype=float) for values in seen]))
    dress_axis(ax, scale, _measured(pooled))
    if important is not None:
        at = important if pooled.scale == LOG_ODDS else -important
        ax.axvline(at, color=INK, lw=0.9, ls=(0, (4, 3)), zorder=1)
        along = (at - scale.low) / (scale.high - scale.low)
        side = "left" if along < _EDGE else "right" if along > 1 - _EDGE else "center"
        ax.annotate("matters to a patient", (at, 1), xycoords=("data", "axes fraction"), xytext=(0, 3),
                    textcoords="offset points", fontsize=6.5, ha=side, va="bottom")  # fmt: skip
    heaviest = max([float(row["weight"]) for row in rows if row["is_trial"]], default=1.0)
    for row in rows:
        _draw_row(ax, row, heaviest)
    if pooled.unanswered:
        words = "\n".join(textwrap.wrap(f"No answer: {pooled.unanswered}.", 42))
        ax.text(0.5, 0.55, words, transform=ax.transAxes, ha="center", va="center", fontsize=8.5,
                bbox={"facecolor": "white", "edgecolor": FAINT, "boxstyle": "round,pad=0.5"})  # fmt: skip
    ax.set_ylim(max(len(rows), 3) + 0.1, -0.5)
    ax.grid(axis="y", visible=False)
    return scale


def _point_from_zero(ax: Axes, pooled: Pooled, scale: EffectAxis) -> None:
    """Write on both sides of the line of no effect whom it favours."""
    left, right = directions(pooled)
    zero = (0 - scale.low) / (scale.high - scale.low)
    for words, at, side in ((f"← {left}", zero - 0.015, "right"), (f"{right} →", zero + 0.015, "left")):
        ax.annotate(words, (at, 0), xycoords="axes fraction", xytext=(0, -39), textcoords="offset points", ha=side,
                    va="top", fontsize=_SMALL, annotation_clip=False)  # fmt: skip


_EDGE = 0.2  # of the width, where words would leave the picture


def _measured(pooled: Pooled) -> str:
    return "Responders" if pooled.scale == LOG_ODDS else words_of(pooled.outcome)


def _rows(pooled: Pooled) -> list[dict[str, Any]]:
    """Return the trials, the quoted model, a new trial and the other models, each with its place from the top."""
    rows = [
        {**one, "is_trial": True, "is_main": False, "kind_of_row": "trial",
         "name": f"{_short(one['study'])}{_REFERENCE_MARKS.get(one['source'], '')}"}
        for one in pooled.studies.to_dict("records")
    ]  # fmt: skip
    if not pooled.unanswered:
        main = pooled.main
        others = [row for row in pooled.effects.to_dict("records") if row["model"] != main["model"]]
        rows.append({**main, "kind_of_row": "main", "name": f"{words_of(main['model'])} (quoted)"})
        rows.append({"kind_of_row": "new", "name": "A new trial", "estimate": np.nan, "low": main["prediction_low"],
                     "high": main["prediction_high"]})  # fmt: skip
        rows += [{**row, "kind_of_row": "other", "name": words_of(row["model"])} for row in others]
    n_trials = len(pooled.studies)
    return [
        {"is_trial": False, **row, "place": place + (0.35 if place >= n_trials else 0.0)}
        for place, row in enumerate(rows)
    ]


def _draw_row(ax: Axes, row: dict[str, Any], heaviest: float) -> None:
    place, colour = row["place"], CELL_COLOURS[0]
    if row["is_trial"]:
        draw_interval(ax, place, row["low"], row["high"], color=INK, lw=1.2)
        side = max(3.5, 11.0 * np.sqrt(row["weight"] / heaviest))
        face = "white" if row["is_imputed"] else colour
        ax.plot(row["estimate"], place, "s", ms=side, mfc=face, mec=colour, mew=1.3, zorder=5)
    elif row["kind_of_row"] == "new":
        draw_interval(ax, place, row["low"], row["high"], color=CELL_COLOURS[1], lw=1.0, marker="|", ms=6)
    else:
        quoted = row["kind_of_row"] == "main"
        _diamond(ax, row, 0.32 if quoted else 0.2, CELL_COLOURS[1] if quoted else "white")


def _diamond(ax: Axes, row: dict[str, Any], half: float, face: str) -> None:
    """Draw a diamond over an interval; where it leaves the picture, an arrow."""
    if not np.isfinite([row["low"], row["high"]]).all():
        return
    corners = [(row["low"], 0.0), (row["estimate"], -half), (row["high"], 0.0), (row["estimate"], half)]
    ax.fill([x for x, _ in corners], [row["place"] + y for _, y in corners], facecolor=face,
            edgecolor=CELL_COLOURS[1], lw=1.0, zorder=4)  # fmt: skip
    left, right = ax.get_xlim()
    for beyond, edge, marker in ((row["low"] < left, left, "<"), (row["high"] > right, right, ">")):
        if beyond:
            ax.plot(edge, row["place"], marker, color=CELL_COLOURS[1], ms=4.5, clip_on=False, zorder=6)
    ax.set_xlim(left, right)


_TREATMENT, _COMPARATOR = 2.35, 3.35  # inches: the right edges of the columns of the arms are half an inch further


def _headers(names: Axes, numbers: Axes, pooled: Pooled, with_lights: bool) -> None:
    unit = "% (n)" if pooled.scale == LOG_ODDS else "points (n)"
    top = {"transform": names.get_xaxis_transform(), "va": "bottom", "fontsize": _SMALL, "fontweight": "bold"}
    names.text(0, 1.0, "Trial, month", **top)
    for at, treatment in ((_TREATMENT, pooled.treatment), (_COMPARATOR, pooled.comparator)):
        words = "\n".join(textwrap.wrap(words_of(treatment), 15)[:3])
        names.text(at, 1.0, f"{words}\n{unit}", ha="center", linespacing=1.1, **top)
    top["transform"] = numbers.get_xaxis_transform()
    what = "Odds ratio" if pooled.scale == LOG_ODDS else "Difference"
    numbers.text(0.12, 1.0, f"{what}\n(95 % interval)", **top)
    numbers.text(_EFFECT - 0.05, 1.0, "Weight,\n%", ha="right", **top)
    if with_lights:
        for place, word in enumerate([*(f"D{i + 1}" for i in range(len(DOMAINS))), "All"]):
            numbers.text(_EFFECT + 0.25 + place * _LIGHT, 1.0, word, ha="center", **top)


def _write_row(names: Axes, numbers: Axes, row: dict[str, Any], scale: EffectAxis) -> None:
    quoted = row["kind_of_row"] == "main"
    look: dict[str, Any] = {"va": "center", "fontsize": _SMALL, "fontweight": "bold" if quoted else "normal"}
    place = row["place"]
    if row["is_trial"]:
        names.text(0, place, f"{row['name']}, {row['month']:g}", **look)
        if row["source"] in _REFERENCE_MARKS:
            names.text((_TREATMENT + _COMPARATOR) / 2, place, "a difference, no arms", ha="center", style="italic",
                       color="#555555", va="center", fontsize=_SMALL)  # fmt: skip
        else:
            for at, side in ((_TREATMENT, "treatment"), (_COMPARATOR, "comparator")):
                names.text(at, place, _arm(row[f"value_{side}"], row[f"n_{side}"]), ha="center", **look)
        numbers.text(_EFFECT - 0.05, place, f"{row['weight']:.0f}", ha="right", **look)
    else:
        told = row["name"]
        chance = row.get("probability_better", np.nan)
        if np.isfinite(chance):
            told += f": benefit {chance_words(chance)} probable"
        names.text(0, place, told, **look)
    if row["kind_of_row"] == "new":
        known = np.isfinite([row["low"], row["high"]]).all()
        told = f"{scale.text(row['low'])} to {scale.text(row['high'])}" if known else "not estimable"
        numbers.text(0.12, place, told, **look)
    else:
        numbers.text(0.12, place, scale.interval(row["estimate"], row["low"], row["high"]), **look)


def _short(name: str, most: int = 26) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _arm(value: float, n: float) -> str:
    people = f"{n:.0f}" if np.isfinite(n) else "?"
    return f"{number(value)} ({people})"


def _draw_lights(numbers: Axes, rows: list[dict[str, Any]], lights: pd.DataFrame) -> None:
    known = {str(one["study_id"]): one for one in lights.to_dict("records")}
    for row in rows:
        if row["is_trial"]:
            judged = known.get(row["study"], {})
            for place, domain in enumerate([*(domain.value for domain in DOMAINS), "overall"]):
                at = _EFFECT + 0.25 + place * _LIGHT
                _light(numbers, at, row["place"], judged.get(domain, Light.NOT_ASSESSED), judged.get("source", "none"))


def _light(ax: Axes, at: float, place: float, word: str, source: str) -> None:
    shown = Light.NOT_ASSESSED if word == Light.LOW and source != _TOOL else Light(word)
    sign, colour, ink = LIGHTS[shown]
    ringed = source != _TOOL and shown is not Light.NOT_ASSESSED
    ax.plot(at, place, "o", ms=11.5, mfc=colour, mec=INK if ringed else colour, mew=1.1, clip_on=False)
    ax.text(at, place, sign, ha="center", va="center_baseline", fontsize=8, fontweight="bold", color=ink)


_TOOL = "published tool"


def _told_below(pooled: Pooled, rows: list[dict[str, Any]]) -> list[str]:
    lines: list[str] = []
    if not pooled.unanswered:
        lines += _spread_words(pooled)
    trials = [row for row in rows if row["is_trial"]]
    marks = []
    if any(row["is_imputed"] for row in trials):
        marks.append("hollow square: n or spread was filled in")
    if any(row["source"] == ContrastSource.TRIAL for row in trials):
        marks.append("† the trial printed only the difference")
    if any(row["source"] == ContrastSource.REVIEW for row in trials):
        marks.append("‡ a pooled difference of a review")
    if any(np.isnan([row["n_treatment"], row["n_comparator"]]).any() for row in trials):
        marks.append("(?) n is not told")
    kinds = {_KINDS[row["kind"]] for row in trials if row["kind"] in _KINDS}
    if kinds:
        marks.append(f"arms: {' or '.join(sorted(kinds))}, points of 100")
    if trials:
        marks.append("area of a square: weight (random effects)")
    if marks:
        lines += textwrap.wrap(". ".join(f"{mark[:1].upper()}{mark[1:]}" for mark in marks) + ".", _FOOT_WIDTH)
    if pooled.notes:
        lines += textwrap.wrap(f"Random effects: {'; '.join(pooled.notes)}.", _FOOT_WIDTH)
    return lines


_FOOT_WIDTH = 140
_KINDS = {Kind.CHANGE.value: "change since the start", Kind.FINAL.value: "score at the visit"}


def _spread_words(pooled: Pooled) -> list[str]:
    unit = "log odds" if pooled.scale == LOG_ODDS else "points"
    effects = {str(row["model"]): row for row in pooled.effects.to_dict("records")}
    random, main = effects[RANDOM], pooled.main
    lines = []
    if len(pooled.studies) > 1:
        told = f"τ {number(random['tau'], 2)} {unit}"
        if np.isfinite([random["tau_low"], random["tau_high"]]).all():
            told += f" ({number(random['tau_low'], 2)} to {number(random['tau_high'], 2)})"
        lines.append(f"Spread between trials, random effects: {told}, I² {random['i2']:.0f} %, Q {random['q']:.2f}, "
                     f"p {random['q_p']:.2g}.")  # fmt: skip
    else:
        lines.append("One trial: the spread between trials cannot be estimated.")
    if main["model"] != random["model"]:
        believed = effects[PRIOR]
        told = f"{words_of(PRIOR)}: τ {number(believed['tau'], 2)} {unit}"
        told += f" ({number(believed['tau_low'], 2)} to {number(believed['tau_high'], 2)}); {believed['note']}."
        lines += textwrap.wrap(told, _FOOT_WIDTH)
    return lines


def _title_and_foot(figure: Figure, pooled: Pooled, below: list[str], lines_of_lights: int) -> None:
    width, height = figure.get_size_inches()
    look = {"fontsize": _SMALL, "color": "#333333"}
    figure.text(0.1 / width, 1 - 0.08 / height, pooled_title(pooled), va="top", fontsize=9.5, fontweight="bold")
    for place, line in enumerate(reversed(below), start=lines_of_lights):
        figure.text(0.1 / width, (0.08 + place * _LINE) / height, line, va="bottom", **look)
    if not lines_of_lights:
        return
    foot = figure.add_axes((0.1 / width, 0.05 / height, 1 - 0.2 / width, 2 * _LINE / height))
    foot.set_axis_off()
    foot.set_xlim(0, width - 0.2)
    foot.set_ylim(-0.5, 1.5)
    named = ", ".join(f"D{i + 1} {domain.value.replace('_', ' ')}" for i, domain in enumerate(DOMAINS))
    foot.text(0, 1, f"Risk of bias: {named}, All: overall", va="center", **look)
    for place, word in enumerate(LIGHTS):
        _light(foot, 0.08 + 1.2 * place, 0, word, _TOOL)
        foot.text(0.2 + 1.2 * place, 0, word.value.replace("_", " "), va="center", **look)
    foot.text(0.1 + 1.2 * len(LIGHTS), 0, "ringed: by an author's note, no published tool", va="center", **look)
