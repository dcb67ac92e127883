"""What stands behind a pooled result: small studies, single trials, assumptions, dose and other moderators."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sciatrial.report.figures import CELL_COLOURS, FAINT, INK, new_figure, styled, words_of
from sciatrial.report.forest_figure import (
    EffectAxis,
    chance_words,
    directions,
    draw_interval,
    dress_axis,
    effect_axis,
    pooled_title,
)
from sciatrial.synthesis import (
    LOG_ODDS,
    POINTS,
    PRIOR,
    Moderator,
    Pooled,
    Regression,
    Test,
    funnel_contours,
    pool_effects,
    trim_and_fill,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FEWEST_TO_FILL, _FEWEST_TO_JUDGE = 3, 10
_CONTOURS = (0.1, 0.05, 0.01)
# from not significant to p under 0.01: white to grey, so that the points stay what is seen first
_SHADES = ("#FFFFFF", "#EDEDED", "#DCDCDC", "#C9C9C9")


@styled
def plot_funnel(pooled: Pooled) -> Figure:
    """Draw effects against their standard errors, with contours of significance and what trim and fill would add.

    Parameters
    ----------
    pooled
        What `synthesise` gave; without an answer the picture says so.

    Returns
    -------
    matplotlib.figure.Figure
        Filled points are trials, hollow ones mirror images of trim and fill (three trials or more); under ten trials
        a note says that asymmetry cannot be judged.
    """
    figure = new_figure(6.6, 4.9)
    ax = figure.add_subplot()
    _headline(figure, f"Funnel: {pooled_title(pooled)}", 80)
    ax.set_ylabel("Standard error" + (", log odds" if pooled.scale == LOG_ODDS else ", points of 100"))
    if pooled.unanswered:
        dress_axis(ax, effect_axis(pooled.scale, []), _what(pooled))
        ax.set_ylim(1, 0)
        ax.set_yticks([])
        _say(ax, f"No answer: {pooled.unanswered}.")
        return figure
    effects, errors = (pooled.studies[name].to_numpy(dtype=float) for name in ("estimate", "se"))
    added, note = _filled(effects, errors)
    top = 1.12 * errors.max()
    scale = effect_axis(pooled.scale, [*effects, *added[0], *(effects - 1.96 * errors), *(effects + 1.96 * errors)])
    _shade(ax, top)
    dress_axis(ax, scale, _what(pooled))
    ax.set_ylim(top, 0)
    ax.grid(visible=False)
    main = pooled.main
    ax.axvline(main["estimate"], color=CELL_COLOURS[1], lw=1.2, label=f"{words_of(main['model'])}: pooled")
    reach = 1.959964 * top
    ends = main["estimate"] + np.array([-reach, 0.0, reach])
    ax.plot(
        ends, [top, 0, top], color=CELL_COLOURS[1], lw=0.9, ls=(0, (4, 3)), label="95 % of trials,\nif none differed"
    )
    ax.plot(effects, errors, "o", ms=6, color=CELL_COLOURS[0], mec="white", mew=0.6, label="a trial", zorder=5)
    if len(added[0]):
        ax.plot(*added, "o", ms=6, mfc="white", mec=CELL_COLOURS[0], label="filled in by trim and fill", zorder=5)
    if len(effects) < _FEWEST_TO_JUDGE:
        trials = "1 trial" if len(effects) == 1 else f"{len(effects)} trials"
        note = f"{trials}, under {_FEWEST_TO_JUDGE}: asymmetry cannot be judged.\n{note}"
    left, right = directions(pooled)
    ax.set_xlabel(f"{ax.get_xlabel()}\n← {left}   |   {right} →\n{note}".rstrip())
    figure.legend(*ax.get_legend_handles_labels(), loc="outside right center", fontsize=8)
    return figure


def _headline(figure: Figure, words: str, width: int) -> None:
    figure.suptitle("\n".join(textwrap.wrap(words, width)), fontsize=9.5, fontweight="bold", x=0.01, ha="left")


def _what(pooled: Pooled) -> str:
    return "Responders" if pooled.scale == LOG_ODDS else words_of(pooled.outcome)


def _filled(effects: np.ndarray, errors: np.ndarray) -> tuple[tuple[np.ndarray, np.ndarray], str]:
    """Return the points that trim and fill adds, and what to say of them."""
    nothing = (np.array([]), np.array([]))
    if len(effects) < _FEWEST_TO_FILL:
        return nothing, f"Trim and fill needs {_FEWEST_TO_FILL} trials."
    made = trim_and_fill(pool_effects(effects, errors**2, test=Test.HARTUNG_KNAPP))
    if not made.n_missing:
        return nothing, "Trim and fill adds no trial."
    points = made.pooled.estimates[made.filled], np.sqrt(made.pooled.variances[made.filled])
    return points, f"Trim and fill adds {made.n_missing} on the {made.side.value}."


def _shade(ax: Axes, top: float) -> None:
    """Shade where a trial would be significant, the darker the smaller p."""
    errors = np.array([0.0, top])
    contours = funnel_contours(errors, p_values=_CONTOURS)
    ax.set_facecolor(_SHADES[-1])
    look = {"edgecolor": "#BBBBBB", "lw": 0.4}
    ax.fill_between([], [], [], facecolor=_SHADES[-1], label="p under 0.01", **look)
    labels = ("p over 0.1", "p 0.05 to 0.1", "p 0.01 to 0.05")
    for level in range(len(_CONTOURS) - 1, -1, -1):
        ax.fill_betweenx(
            errors, contours.low[level], contours.high[level], facecolor=_SHADES[level], zorder=0.5 - 0.1 * level,
            label=labels[level], **look,
        )  # fmt: skip


def _say(ax: Axes, words: str, height: float = 0.5) -> None:
    ax.text(
        0.5, height, "\n".join(textwrap.wrap(words, 46)), transform=ax.transAxes, ha="center", va="center",
        fontsize=8.5, zorder=9, bbox={"facecolor": "white", "edgecolor": FAINT, "boxstyle": "round,pad=0.5"},
    )  # fmt: skip


@styled
def plot_left_out(pooled: Pooled) -> Figure:
    """Draw what is left without each trial, and what other assumptions give: two panels of intervals.

    Parameters
    ----------
    pooled
        What `synthesise` gave. All rows are by the model with a prior on the spread, which any number of trials can
        have; its own answer is the dotted line.

    Returns
    -------
    matplotlib.figure.Figure
        Upper axes: a trial left out a row; lower: an assumption a row; beside each the number of trials and the
        probability of benefit.
    """
    parts = (
        ("Without one trial", pooled.leave_one_out, "without", "no trial to leave out"),
        ("With one assumption changed", pooled.sensitivity, "variation", "no assumption was varied"),
    )
    sizes = [max(len(frame), 1) for _, frame, _, _ in parts]
    figure = new_figure(8.4, 1.5 + 0.25 * sum(sizes))
    panels = figure.subplots(2, 1, sharex=True, height_ratios=[size + 1 for size in sizes])
    seen = [frame[["low", "high"]].to_numpy(dtype=float).ravel() for _, frame, _, _ in parts if len(frame)]
    scale = effect_axis(pooled.scale, np.concatenate(seen) if seen else [])
    for ax, (title, frame, column, nothing) in zip(panels, parts, strict=True):
        ax.set_title(title)
        dress_axis(ax, scale, _what(pooled))
        if not pooled.unanswered:
            told = pooled.effects.loc[pooled.effects["model"] == PRIOR, "estimate"]
            ax.axvline(float(told.iloc[0]), color=CELL_COLOURS[1], lw=1.0, ls=":", zorder=1)
        _intervals(ax, frame, column, scale, nothing)
    panels[0].set_xlabel("")
    left, right = directions(pooled)
    panels[1].set_xlabel(f"{panels[1].get_xlabel()} (dotted: as asked)\n← {left}   |   {right} →")
    _headline(figure, f"{pooled_title(pooled)}: {PRIOR}", 95)
    return figure


def _intervals(ax: Axes, frame: pd.DataFrame, column: str, scale: EffectAxis, nothing: str) -> None:
    """Draw a row an interval, its numbers beside it."""
    look: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "va": "center",
                            "fontsize": 8, "annotation_clip": False}  # fmt: skip
    names = []
    for place, row in enumerate(frame.to_dict("records")):
        estimate, low, high, chance = (
            np.nan if row[name] is None else float(row[name])
            for name in ("estimate", "low", "high", "probability_better")
        )
        n = int(row["n_studies"])
        names.append("\n".join(textwrap.wrap(str(row[column]), 60)))
        if not np.isfinite(estimate):
            ax.annotate("no trial: nothing to pool", (0, place), xytext=(4, 0), **{**look, "xycoords": "data"})
        else:
            draw_interval(ax, place, low, high, color=CELL_COLOURS[0], lw=1.8)
            ax.plot(estimate, place, "s", color=CELL_COLOURS[0], ms=5.5, zorder=5)
            ax.annotate(scale.interval(estimate, low, high), (1, place), xytext=(8, 0), **look)
        ax.annotate(f"{n}", (1, place), xytext=(158, 0), ha="right", **look)
        ax.annotate(chance_words(chance), (1, place), xytext=(208, 0), ha="right", **look)
    for words, at, side in (("Estimate (95 %)", 8, "left"), ("Trials", 158, "right"), ("P(benefit)", 208, "right")):
        ax.annotate(words, (1, 1), xytext=(at, 4), **{**look, "xycoords": "axes fraction", "va": "bottom"},
                    ha=side, fontweight="bold")  # fmt: skip
    if not len(frame):
        _say(ax, nothing)
    ax.set_yticks(range(len(frame)), names)
    ax.tick_params(axis="y", labelsize=8)
    ax.set_ylim(max(len(frame), 1) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)


_AXES = {
    Moderator.DOSE.value: ("dose_million_cells", "Dose, million expanded cells"),
    Moderator.MONTH.value: ("month", "Months since randomisation"),
}
_COLUMNS = {Moderator.CELL_TYPE.value: "cell_type", Moderator.DONOR.value: "donor", Moderator.ROUTE.value: "route",
            Moderator.RISK_OF_BIAS.value: "bias"}  # fmt: skip


@styled
def plot_regression(regression: Regression) -> Figure:
    """Draw a meta-regression: each arm's effect against dose or month, or by category.

    Parameters
    ----------
    regression
        What `regress_effects` gave; without an answer the arms that there are, and why nothing was fitted.

    Returns
    -------
    matplotlib.figure.Figure
        One axes with the fitted line and a band for dose and month; for categories a second one with the differences
        from the commonest category.
    """
    compared = f"{words_of(regression.treatment)} against {words_of(regression.comparator).lower()}"
    title = f"{compared}: {words_of(regression.outcome).lower()} by {regression.moderator.replace('_', ' ')}"
    with_differences = regression.moderator not in _AXES and not regression.unanswered
    figure = new_figure(9.6 if with_differences else 6.8, 4.4)
    panels = (
        figure.subplots(1, 2, squeeze=False, width_ratios=[3, 2])[0] if with_differences else [figure.add_subplot()]
    )
    draw_regression(panels[0], regression)
    _headline(figure, f"{title}. {regression.note[:1].upper()}{regression.note[1:]}".rstrip(". "), 90)
    if with_differences:
        _differences(panels[1], regression)
    return figure


def draw_regression(ax: Axes, regression: Regression) -> None:
    """Draw the arms and what was fitted to them into axes; see `plot_regression`."""
    if regression.moderator in _AXES:
        _line(ax, regression)
    else:
        _categories(ax, regression)
    ax.axhline(0, color=INK, lw=0.9, zorder=1)
    ax.yaxis.set_major_formatter(lambda value, _place: f"{value:g}".replace("-", "−"))
    ax.set_ylabel(f"{words_of(regression.outcome)}: difference from control,\npoints of 100, below 0 is benefit")
    arms = regression.arms
    estimates, reach = (arms[name].to_numpy(dtype=float) for name in ("estimate", "se"))
    seen = effect_axis(POINTS, np.concatenate([estimates - 1.96 * reach, estimates + 1.96 * reach]))
    ax.set_ylim(seen.low, seen.high + (0.15 * (seen.high - seen.low) if regression.unanswered else 0.0))
    if regression.unanswered:
        _say(ax, f"No answer: {regression.unanswered}.", 0.92 if len(arms) else 0.5)
    if len(regression.left_out):
        reasons = regression.left_out["reason"].value_counts()
        told = "; ".join(f"{n} {'arm' if n == 1 else 'arms'}, {reason}" for reason, n in reasons.items())
        ax.set_xlabel(ax.get_xlabel() + "\n" + "\n".join(textwrap.wrap(f"left out: {told}", 80)))


def _bubbles(ax: Axes, x: np.ndarray, arms: pd.DataFrame) -> None:
    """Draw each arm's effect with its interval; the area is the inverse of its variance."""
    y, se = arms["estimate"].to_numpy(dtype=float), arms["se"].to_numpy(dtype=float)
    weight = (1 / se**2) / (1 / se**2).max() if len(se) else se
    ax.vlines(x, y - 1.96 * se, y + 1.96 * se, color="#777777", lw=0.9, zorder=3)
    ax.scatter(x, y, s=20 + 160 * weight, color=CELL_COLOURS[0], alpha=0.7, edgecolor="white", lw=0.6, zorder=4,
               label="an arm, area: its precision")  # fmt: skip


def _line(ax: Axes, regression: Regression) -> None:
    column, label = _AXES[regression.moderator]
    is_dose = regression.moderator == Moderator.DOSE
    values = regression.arms[column].to_numpy(dtype=float)
    if is_dose:
        ax.set_xscale("log")
    low, high = (values.min(), values.max()) if len(values) else (1.0, 100.0)
    room = 1.3 if is_dose else 0.06 * max(high - low, 1.0)
    ax.set_xlim((low / room, high * room) if is_dose else (max(0.0, low - room), high + room))
    if is_dose:
        left, right = ax.get_xlim()
        ticks = [step * 10.0**power for power in range(-2, 5) for step in (1, 2, 5)]
        ticks = [tick for tick in ticks if left <= tick <= right]
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.minorticks_off()
    ax.set_xlabel(label + (" (logarithmic axis)" if is_dose else ""))
    _bubbles(ax, values, regression.arms)
    if not regression.unanswered:
        grid = np.geomspace(low, high, 60) if is_dose else np.linspace(low, high, 60)
        step = np.log10(grid / 10) if is_dose else (grid - 12) / 12
        terms = regression.coefficients
        middle, spread = terms["estimate"].to_numpy(), regression.covariance
        line = middle[0] + middle[1] * step
        wide = _t95(regression) * np.sqrt(spread[0, 0] + 2 * step * spread[0, 1] + step**2 * spread[1, 1])
        ax.fill_between(grid, line - wide, line + wide, color=CELL_COLOURS[1], alpha=0.15, lw=0, zorder=2,
                        label="95 % interval")  # fmt: skip
        ax.plot(grid, line, color=CELL_COLOURS[1], zorder=3, label="fitted")
        unit = "tenfold dose" if is_dose else "year"
        row = terms.iloc[1]
        ax.set_xlabel(f"{ax.get_xlabel()}\nper {unit} {row['estimate']:.1f} ({row['low']:.1f} to {row['high']:.1f}) "
                      f"points, τ {regression.tau:.1f}".replace("-", "−"))  # fmt: skip
    if len(values):
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), fontsize=7.5, ncols=3, columnspacing=1.2, handlelength=1.4)


def _categories(ax: Axes, regression: Regression) -> None:
    arms = regression.arms
    column = _COLUMNS[regression.moderator]
    fitted = _fitted(regression)
    words = list(fitted) or sorted(set(arms[column]))
    x = np.zeros(len(arms))
    for place, word in enumerate(words):
        mine = np.flatnonzero((arms[column] == word).to_numpy())
        x[mine] = place + (np.arange(len(mine)) - (len(mine) - 1) / 2) * min(0.12, 0.6 / max(len(mine), 1))
    if len(arms):
        _bubbles(ax, x, arms)
    for place, (low, middle, high) in enumerate(fitted.values()):
        if np.isfinite(low):
            ax.vlines(place + 0.38, low, high, color=CELL_COLOURS[1], lw=2.2, zorder=3)
        label = None if place else "fitted mean, 95 % interval"
        ax.plot(place + 0.38, middle, "D", color=CELL_COLOURS[1], ms=6, mec="white", zorder=5, label=label)
    ax.set_xticks(range(len(words)), ["\n".join(textwrap.wrap(words_of(word), 14)) for word in words])
    ax.set_xlim(-0.6, max(len(words), 1) - 0.3)
    ax.grid(axis="x", visible=False)
    ax.set_xlabel(words_of(regression.moderator))
    if len(arms):
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), fontsize=7.5, ncols=3, columnspacing=1.2, handlelength=1.4)


def _t95(regression: Regression) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(regression.df, 0.975)) if regression.df else 1.96


def _fitted(regression: Regression) -> dict[str, tuple[float, float, float]]:
    """Return each category's mean with its interval."""
    if regression.unanswered:
        return {}
    rows = regression.coefficients.to_dict("records")
    names = [row["term"].split(" against ") for row in rows[1:]]
    base, spread = rows[0], regression.covariance
    found = {names[0][1]: (base["low"], base["estimate"], base["high"])}
    for place, (name, row) in enumerate(zip(names, rows[1:], strict=True), start=1):
        middle = base["estimate"] + row["estimate"]
        half = _t95(regression) * np.sqrt(spread[0, 0] + spread[place, place] + 2 * spread[0, place])
        found[name[0]] = (middle - half, middle, middle + half)
    return found


def _differences(ax: Axes, regression: Regression) -> None:
    rows = regression.coefficients.iloc[1:]
    seen = effect_axis(POINTS, rows[["low", "high"]].to_numpy(dtype=float))
    dress_axis(ax, seen, "Between categories")
    names = []
    for place, row in enumerate(rows.to_dict("records")):
        draw_interval(ax, place, row["low"], row["high"], color=CELL_COLOURS[1], lw=1.8)
        ax.plot(row["estimate"], place, "D", color=CELL_COLOURS[1], ms=6, zorder=5)
        one, other = row["term"].split(" against ")
        names.append("\n".join(textwrap.wrap(f"{words_of(one)} against {words_of(other)}", 18)))
    ax.set_yticks(range(len(rows)), names)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(ax.get_xlabel().replace(": ", ":\n"))
    ax.set_title("Differences with 95 % intervals")
