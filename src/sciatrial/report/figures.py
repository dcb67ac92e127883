"""Records → figures. Nothing is shown or saved here; no style is changed outside of a figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sciatrial.foundation import Problem, Score, StudyError, scale_of
from sciatrial.report.effects import effect_digits, effect_label, is_higher_better
from sciatrial.report.tables import number, outcome_words
from sciatrial.synthesis import Pooled, Regression
from sciatrial.trial import OperatingCharacteristics, Scenario, TrialResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which people with any colour vision can tell apart; cells first, then controls
CELL_COLOURS = ("#0072B2", "#D55E00", "#CC79A7", "#009E73")
CONTROL_COLOURS = ("#5A5A5A", "#E69F00", "#56B4E9", "#8C6D31")
INK, FAINT, PUBLISHED = "#222222", "#D9D9D9", "#B00020"
_LINES = ("-", "--", "-.", ":")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")

_STYLE: Any = {
    "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans"], "font.size": 9.0, "axes.titlesize": 9.5,
    "axes.titleweight": "bold", "axes.titlelocation": "left", "axes.labelsize": 9.0, "axes.spines.top": False,
    "axes.spines.right": False, "axes.edgecolor": "#777777", "axes.grid": True, "grid.color": "#EBEBEB",
    "grid.linewidth": 0.7, "axes.axisbelow": True, "xtick.color": INK, "ytick.color": INK, "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5, "legend.frameon": False, "legend.fontsize": 8.5, "lines.linewidth": 1.8,
    "svg.fonttype": "path", "svg.hashsalt": "sciatrial", "figure.dpi": 100,
}  # fmt: skip


def styled(draw: Callable[..., Any]) -> Callable[..., Any]:
    """Draw in the house style and leave matplotlib's settings as they were."""

    @wraps(draw)
    def inside(*arguments: Any, **words: Any) -> Any:
        from matplotlib import rc_context

        with rc_context(_STYLE):
            return draw(*arguments, **words)

    return inside


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure in inches, outside of pyplot's memory."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def arm_colours(arms: Sequence[str], cell_arms: Sequence[str] = ()) -> dict[str, str]:
    """Return one colour for each arm, the same in every figure of a report."""
    cells = [arm for arm in arms if arm in cell_arms]
    controls = [arm for arm in arms if arm not in cell_arms]
    return {arm: CELL_COLOURS[i % len(CELL_COLOURS)] for i, arm in enumerate(cells)} | {
        arm: CONTROL_COLOURS[i % len(CONTROL_COLOURS)] for i, arm in enumerate(controls)
    }


# short words that are not written in small letters
_SHORT = {
    "nsaid": "NSAID", "tnf": "TNF", "prp": "PRP", "msc": "MSC", "bmac": "BMAC", "svf": "SVF", "ml": "mL", "bm": "BM",
    "ad": "AD", "uc": "UC", "ucb": "UCB", "mpc": "MPC",
}  # fmt: skip


def words_of(name: str) -> str:
    """Return a name of the code as a reader writes it."""
    text = str(name).replace("roland_morris", "roland-Morris").replace("_", " ")
    text = " ".join(_SHORT.get(word, word) for word in text.split(" "))
    return text[:1].upper() + text[1:]


def _axis_label(score: str) -> str:
    words = scale_of(score)[2]
    return words if score == Score.QUALITY_OF_LIFE else f"{words}, higher is worse"


def _axes(ax: Axes | None, width: float = 7.2, height: float = 4.0) -> Axes:
    return new_figure(width, height).add_subplot() if ax is None else ax


def _month_axis(ax: Axes, months: Sequence[float]) -> None:
    ax.set_xlabel("Months since randomisation")
    longest = max(months)
    step = next(step for step in (1, 2, 3, 6, 12, 24, 48) if longest / step <= 7)
    ax.set_xticks(np.arange(0, longest + 1e-9, step))


def _drawn_courses(operating: OperatingCharacteristics) -> pd.DataFrame:
    courses = operating.courses
    return courses.loc[courses["scenario"] == operating.drawn] if len(courses) else courses


def _bands(frame: Any, column: str) -> Any:
    """Return a frame of quantiles over simulated trials, one row a month, one column a quantile."""
    return frame.groupby("month")[column].quantile([0.05, 0.25, 0.5, 0.75, 0.95]).unstack()


@styled
def plot_courses(
    operating: OperatingCharacteristics, result: TrialResult, *, score: str, colours: Mapping[str, str]
) -> Figure:
    """Draw one score over time, an arm a panel: many trials as bands, one trial as points with 95 % intervals."""
    arms = list(dict.fromkeys(result.arms["arm"]))
    courses = _drawn_courses(operating)
    columns = min(4, len(arms))
    rows = -(-len(arms) // columns)
    figure = new_figure(2.1 * columns + 0.6, 2.6 * rows + 0.5)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for ax, arm in zip(panels.flat, arms, strict=False):
        colour = colours[arm]
        mine = courses.loc[(courses["arm"] == arm) & (courses["score"] == score)] if len(courses) else courses
        if len(mine):
            bands = _bands(mine, "mean")
            ax.fill_between(bands.index, bands[0.05], bands[0.95], color=colour, alpha=0.14, lw=0)
            ax.fill_between(bands.index, bands[0.25], bands[0.75], color=colour, alpha=0.28, lw=0)
            ax.plot(bands.index, bands[0.5], color=colour)
        one = result.arms.loc[(result.arms["arm"] == arm) & (result.arms["score"] == score)]
        half = 1.96 * one["sd"] / np.sqrt(one["n"].clip(lower=1))
        ax.errorbar(
            one["month"], one["mean"], yerr=half, fmt="o", ms=3.6, color=INK, mfc="white", mew=1.1, elinewidth=0.9
        )
        ax.set_title(arm, color=colour)
        _month_axis(ax, sorted(set(result.arms["month"])))
    for ax in panels.flat[len(arms) :]:
        ax.set_visible(False)
    if score != Score.QUALITY_OF_LIFE:
        panels.flat[0].set_ylim(0, scale_of(score)[1])
    for ax in panels[:, 0]:
        ax.set_ylabel(f"{words_of(score)}\n{_axis_label(score)}")
    for ax in panels.flat:
        if ax.get_subplotspec().rowspan.stop < rows:
            ax.set_xlabel("")
    return figure


@styled
def plot_all_scores(operating: OperatingCharacteristics, *, colours: Mapping[str, str], skip: str = "") -> Figure:
    """Draw every other score over time: the median over trials of each arm's mean, with the middle half."""
    courses = _drawn_courses(operating)
    scores = [str(score) for score in Score if score != skip]
    figure = new_figure(10.0, 4.9)
    panels = figure.subplots(2, 4, sharex=True)
    in_percent = [score for score in scores if scale_of(score)[1] == 100]
    top = 20.0
    for ax, score in zip(panels.flat, scores, strict=False):
        bands = _dodged(ax, courses.loc[courses["score"] == score] if len(courses) else courses, "mean", colours)
        ax.set_title(words_of(score) + ("" if score in in_percent else f", {scale_of(score)[2]}"))
        if score in in_percent:
            top = max(top, bands)
        if len(courses):
            _month_axis(ax, sorted(set(courses["month"])))
    for ax, score in zip(panels.flat, scores, strict=False):
        if score in in_percent:
            ax.set_ylim(0, min(100.0, 10 * np.ceil(top / 10 + 0.2)))
    for ax in panels.flat[len(scores) :]:
        ax.set_visible(False)
    for ax in panels[0]:
        ax.set_xlabel("")
    for ax in panels[:, 0]:
        ax.set_ylabel("Mean, 0 to 100")
    _shared_legend(figure, panels.flat[0])
    return figure


def _dodged(ax: Axes, frame: pd.DataFrame, column: str, colours: Mapping[str, str]) -> float:
    """Draw each arm's median over trials with the middle half as a bar, arms side by side; return the highest value."""
    if not len(frame):
        return 0.0
    step = float(frame["month"].to_numpy(dtype=float).max()) / 110
    highest = 0.0
    for place, (arm, colour) in enumerate(colours.items()):
        mine = frame.loc[frame["arm"] == arm]
        if not len(mine):
            continue
        bands = _bands(mine, column)
        at = bands.index.to_numpy(dtype=float) + (place - (len(colours) - 1) / 2) * step
        ax.vlines(at, bands[0.25], bands[0.75], color=colour, lw=1.0, alpha=0.75)
        ax.plot(at, bands[0.5], color=colour, lw=1.2, marker=_MARKERS[place % len(_MARKERS)], ms=3.2, mew=0, label=arm)
        highest = max(highest, float(np.nanmax(bands[0.75])))
    return highest


def _shared_legend(figure: Figure, ax: Axes) -> None:
    """Put the legend above all panels, in as many columns as the figure is wide enough for."""
    handles, labels = ax.get_legend_handles_labels()
    for columns in range(min(6, len(handles)), 0, -1):
        legend = figure.legend(handles, labels, loc="outside upper center", ncols=columns)
        if columns == 1 or legend.get_window_extent().width <= figure.bbox.width:
            return
        legend.remove()


@styled
def plot_contrasts(result: TrialResult, ax: Axes | None = None, *, important: float | None = None) -> Axes:
    """Draw each comparison's estimate with its interval; `important` marks the change that matters to a patient."""
    rows, digits = result.contrasts, effect_digits(result.endpoint)
    ax = _axes(ax, height=1.2 + 0.42 * len(rows))
    ax.axvline(0, color=INK, lw=0.9)
    if important is not None and not is_higher_better(result.endpoint):
        ax.axvline(-important, color=INK, lw=0.9, ls=(0, (4, 3)))
        ax.annotate(
            "matters to a patient", (-important, 1), xycoords=("data", "axes fraction"), xytext=(-4, 3),
            textcoords="offset points", fontsize=7.5, ha="right", va="bottom",
        )  # fmt: skip
    for place, row in enumerate(rows.to_dict(orient="records")):
        if row["why_not"]:
            ax.text(0, place, f"  {row['why_not']}", va="center", fontsize=8)
            continue
        ax.plot([row["ci_low"], row["ci_high"]], [place, place], color=CELL_COLOURS[0], lw=2.2, solid_capstyle="butt")
        ax.plot(row["estimate"], place, "s", color=CELL_COLOURS[0], ms=7)
        told = (
            f"{number(row['estimate'], digits)} ({number(row['ci_low'], digits)} to {number(row['ci_high'], digits)})"
        )
        ax.annotate(
            told, (1.0, place), xycoords=("axes fraction", "data"), xytext=(6, 0), textcoords="offset points",
            va="center", fontsize=8.5, annotation_clip=False,
        )  # fmt: skip
    ax.set_yticks(range(len(rows)), rows["comparison"])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel(effect_label(result.endpoint))
    return ax


@styled
def plot_operating(operating: OperatingCharacteristics, ax: Axes | None = None) -> Axes:
    """Draw how often a trial succeeds in each scenario, with 95 % Monte-Carlo intervals."""
    success = operating.summary.loc[operating.summary["quantity"] == "success"]
    comparisons = list(dict.fromkeys(success["comparison"]))
    looks = {
        Scenario.NO_CELL_EFFECT: (CONTROL_COLOURS[0], "o", "no cell effect"),
        operating.drawn: (CELL_COLOURS[0], "s", f"{operating.drawn} draws (assurance)"),
        Scenario.REFERENCE: (CELL_COLOURS[1], "^", "reference values, all cell effects (power)"),
        Scenario.OPTIMISTIC: (CELL_COLOURS[2], "v", "optimistic"),
        Scenario.ONLY_LESS_INFLAMMATION: (CELL_COLOURS[3], "D", "only less inflammation"),
        Scenario.ONLY_NEUROTROPHIC_SUPPORT: (CONTROL_COLOURS[1], "P", "only neurotrophic support"),
        Scenario.ONLY_REPAIR: (CONTROL_COLOURS[2], "X", "only repair"),
    }
    # broken blinding is no type I error and is drawn nowhere beside it
    met = [scenario for scenario in looks if scenario in set(success["scenario"])]
    reach = 0.22 if len(met) <= 3 else 0.36
    shifts = np.linspace(reach, -reach, len(met)) if len(met) > 1 else np.zeros(1)
    ax = _axes(ax, height=1.3 + 0.62 * len(comparisons) * max(1.0, len(met) / 3.5))
    ax.axvline(100 * operating.alpha_of_a_side, color=INK, lw=0.9, ls=(0, (4, 3)))
    for shift, scenario in zip(shifts, met, strict=True):
        colour, marker, label = looks[scenario]
        rows = success.loc[(success["scenario"] == scenario) & (success["n_trials"] > 0)]
        places = np.array([comparisons.index(word) for word in rows["comparison"]], dtype=float) + shift
        shares, n = rows["value"].to_numpy(dtype=float), rows["n_trials"].to_numpy(dtype=float)
        low, high = wilson(shares, n)
        ax.hlines(places, 100 * low, 100 * high, color=colour, lw=1.6)
        ax.plot(100 * shares, places, marker, color=colour, ms=6, label=label, ls="none")
    ax.set_yticks(range(len(comparisons)), comparisons)
    ax.set_ylim(len(comparisons) - 0.5, -0.6)
    ax.grid(axis="y", visible=False)
    ax.set_xlim(-1, max(30.0, ax.get_xlim()[1]))
    ax.set_xlabel(
        f"Simulated trials that succeed, % (dashed: {100 * operating.alpha_of_a_side:g} %, the one-sided error)"
    )
    ax.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=3, columnspacing=1.2, handletextpad=0.3)
    return ax


def wilson(share: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return Wilson's 95 % interval of a share of n.

    Source: Wilson, Journal of the American Statistical Association 1927, vol. 22.
    """
    z = 1.959963984540054
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)


@styled
def plot_truth(operating: OperatingCharacteristics) -> Figure:
    """Draw, for each comparison, each drawn trial's estimate against its true effect."""
    trials = operating.trials
    mine = trials.loc[(trials["scenario"] == operating.drawn) & np.isfinite(trials["estimate"])]
    comparisons = list(dict.fromkeys(trials["comparison"]))
    columns = min(4, len(comparisons))
    rows = -(-len(comparisons) // columns)
    figure = new_figure(2.1 * columns + 0.6, 2.5 * rows + 0.4)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    values = mine[["truth", "ci_low", "ci_high", "estimate"]].to_numpy(dtype=float)
    low, high = (np.nanquantile(values, [0.002, 0.998])) if len(values) else (-1.0, 1.0)
    for ax, comparison in zip(panels.flat, comparisons, strict=False):
        here = mine.loc[mine["comparison"] == comparison]
        covered = ((here["ci_low"] <= here["truth"]) & (here["truth"] <= here["ci_high"])).to_numpy(dtype=bool)
        ax.plot([low, high], [low, high], color=INK, lw=0.9)
        ax.axhline(0, color=FAINT, lw=0.9)
        ax.axvline(0, color=FAINT, lw=0.9)
        for flags, colour, label in (
            (covered, CELL_COLOURS[0], "truth inside"),
            (~covered, CELL_COLOURS[1], "truth outside"),
        ):
            ax.plot(
                here["truth"].to_numpy()[flags], here["estimate"].to_numpy()[flags], "o", ms=3.2, color=colour,
                alpha=0.7, mew=0, label=f"{label} the 95 % interval",
            )  # fmt: skip
        ax.set_title(comparison, fontsize=8.5)
        ax.set_xlabel("True effect")
    for ax in panels.flat[len(comparisons) :]:
        ax.set_visible(False)
    for ax in panels[:, 0]:
        ax.set_ylabel("Estimate of the trial")
    _shared_legend(figure, panels.flat[0])
    return figure


THEMES: Mapping[str, tuple[str, ...]] = {
    "Root and disc": ("root_pressure", "herniated_volume", "fixed_narrowing", "disc_aggrecan", "disc_inflammation"),
    "Inflammation": (
        "inflammatory_macrophages", "resolving_macrophages", "inflammatory_mediators", "anti_inflammatory_pool",
    ),
    "Nerve and pain": (
        "nerve_conduction", "demyelination", "connected_axons", "ectopic_firing", "reversible_central_gain",
        "consolidated_central_gain", "context_analgesia",
    ),
    "Donor cells alive": (
        "anchored_disc_cells", "loose_disc_cells", "converted_disc_cells", "anchored_epidural_cells",
        "loose_epidural_cells", "circulating_cells",
    ),
}  # fmt: skip


def quantities_that_move(operating: OperatingCharacteristics) -> list[str]:
    """Return the inner quantities worth a panel: those that reach a hundredth and are not one number everywhere."""
    inside: Any = operating.inside
    if not len(inside):
        return []
    mine = inside.loc[inside["scenario"] == operating.drawn]
    middle = mine.groupby(["quantity", "arm", "month"])["mean"].median()
    spread = middle.groupby("quantity").agg(lambda values: float(values.max() - values.min()))
    highest = middle.groupby("quantity").max()
    moving = {str(name) for name in highest.index if highest[name] > 0.01 and spread[name] > 0.002}
    return [name for names in THEMES.values() for name in names if name in moving]


def stretched_months(ax: Axes, last: float) -> None:
    """Set a square-root scale, on which the days after a dose can be seen."""
    ax.set_xscale("function", functions=(lambda x: np.sqrt(np.clip(x, 0, None)), np.square))
    ticks = [month for month in (0, 1, 3, 6, 12, 24, 36, 48, 60, 120, 240) if month <= last]
    ax.set_xticks(ticks, [str(tick) for tick in ticks])
    ax.set_xlim(0, last)
    ax.minorticks_off()


@styled
def plot_inside(operating: OperatingCharacteristics, *, colours: Mapping[str, str]) -> Figure:
    """Draw what happens inside, a quantity a panel: each arm's median over drawn trials and the middle half."""
    names = quantities_that_move(operating)
    columns = 4
    rows = max(1, -(-len(names) // columns))
    figure = new_figure(8.6, 2.1 * rows + 0.4)
    panels = figure.subplots(rows, columns, squeeze=False)
    inside = operating.inside
    mine = inside.loc[inside["scenario"] == operating.drawn] if len(inside) else inside
    for ax, name in zip(panels.flat, names, strict=False):
        here = mine.loc[mine["quantity"] == name]
        for place, (arm, colour) in enumerate(colours.items()):
            own = here.loc[here["arm"] == arm]
            if not len(own):
                continue
            bands = _bands(own, "mean")
            ax.fill_between(bands.index, bands[0.25], bands[0.75], color=colour, alpha=0.09, lw=0)
            ax.plot(bands.index, bands[0.5], color=colour, lw=1.5, ls=_LINES[place % len(_LINES)], label=arm)
        unit = str(here["unit"].iloc[0]).replace("dimensionless", "").replace("million_cells", "million")
        ax.set_title(words_of(name) + (f", {unit}" if unit else ""), fontsize=7)
        ax.tick_params(labelsize=7.5)
        ax.set_ylim(bottom=min(0.0, ax.get_ylim()[0]))
        stretched_months(ax, float(here["month"].to_numpy(dtype=float).max()))
    for ax in panels.flat[len(names) :]:
        ax.set_visible(False)
    for ax in panels.flat[max(0, len(names) - columns) : len(names)]:
        ax.set_xlabel("Months, early ones stretched", fontsize=7.5)
    if names:
        _shared_legend(figure, panels.flat[0])
    return figure


@styled
def plot_published(comparison: pd.DataFrame, *, colours: Mapping[str, str]) -> Figure:
    """Draw published arm results beside the middle 50 and 90 % of simulated trials, a statistic a panel."""
    rows = comparison.loc[np.isfinite(comparison["published"]) & np.isfinite(comparison["simulated_median"])]
    keys = list(dict.fromkeys(zip(rows["outcome"], rows["statistic"], rows["unit"], rows["month"], strict=True)))
    keys.sort(key=lambda key: (str(key[2]), str(key[1]), float(key[3])))
    columns = min(3, max(1, len(keys)))
    n_rows = max(1, -(-len(keys) // columns))
    figure = new_figure(8.4, 1.75 * n_rows + 0.5)
    panels = figure.subplots(n_rows, columns, squeeze=False)
    for ax, (outcome, statistic, unit, month) in zip(panels.flat, keys, strict=False):
        same = (rows["outcome"] == outcome) & (rows["statistic"] == statistic) & (rows["month"] == month)
        here = rows.loc[same]
        for place, row in enumerate(here.to_dict(orient="records")):
            colour = colours.get(row["arm"], INK)
            ax.plot(
                [row["low_90"], row["high_90"]], [place, place], color=colour, alpha=0.35, lw=5, solid_capstyle="butt"
            )
            ax.plot(
                [row["low_50"], row["high_50"]], [place, place], color=colour, alpha=0.75, lw=5, solid_capstyle="butt"
            )
            ax.plot(row["simulated_median"], place, "|", color="white", ms=7, mew=1.6)
            ax.plot(row["published"], place, "D", color=PUBLISHED, ms=6, mec="white", mew=0.8, zorder=5)
        ax.set_yticks(range(len(here)), here["arm"])
        ax.set_ylim(len(here) - 0.4, -0.6)
        ax.grid(axis="y", visible=False)
        ax.set_title(_published_title(outcome, statistic, month), fontsize=8)
        ax.set_xlabel(unit, fontsize=8)
    for ax in panels.flat[len(keys) :]:
        ax.set_visible(False)
    _published_legend(figure)
    return figure


def _published_title(outcome: str, statistic: str, month: float) -> str:
    import textwrap

    words = outcome_words(outcome) if "share" in statistic else f"{outcome_words(outcome)}: {statistic}"
    return "\n".join(textwrap.wrap(f"{words}, month {month:g}", 34))


def _published_legend(figure: Figure) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=INK, alpha=0.35, lw=5, label="middle 90 % of simulated trials"),
        Line2D([], [], color=INK, alpha=0.75, lw=5, label="middle 50 %"),
        Line2D([], [], color=PUBLISHED, marker="D", ls="none", ms=6, label="published"),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=3)


def plot(record: Any, ax: Axes | None = None) -> Axes:
    """Draw the figure that fits a record.

    Parameters
    ----------
    record
        A `TrialResult` (its comparisons), `OperatingCharacteristics` (how often a trial succeeds), a `Pooled` (its
        forest) or a `Regression` (its arms and what was fitted).
    ax
        Where to draw; None makes a new figure (``.figure`` of what is returned).

    Raises
    ------
    StudyError
        For a record that no figure fits.
    """
    if isinstance(record, TrialResult):
        return plot_contrasts(record, ax)
    if isinstance(record, OperatingCharacteristics):
        return plot_operating(record, ax)
    if isinstance(record, Pooled):
        return _plot_pooled(record, ax)
    if isinstance(record, Regression):
        return _plot_regression(record, ax)
    raise StudyError(
        "plot",
        Problem(
            "record", f"is a {type(record).__name__}",
            "TrialResult, OperatingCharacteristics, Pooled or Regression", "see report/figures",
        ),
    )  # fmt: skip


# these files draw with what stands above
@styled
def _plot_pooled(record: Pooled, ax: Axes | None) -> Axes:
    from sciatrial.report.forest_figure import draw_forest, plot_forest

    if ax is None:
        return plot_forest(record).axes[0]
    draw_forest(ax, record)
    return ax


@styled
def _plot_regression(record: Regression, ax: Axes | None) -> Axes:
    from sciatrial.report.synthesis_figures import draw_regression, plot_regression

    if ax is None:
        return plot_regression(record).axes[0]
    draw_regression(ax, record)
    return ax


def as_svg(figure: Figure) -> str:
    """Return a figure as SVG text; the same figure gives the same text."""
    return _as_picture(figure, "svg").decode("utf-8")


# no date and no maker's mark: the same figure gives the same bytes
_PICTURE_FORMATS: dict[str, dict[str, None]] = {
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
_DOTS_PER_INCH = 200  # of a PNG; the others have none


def _as_picture(figure: Figure, ending: str) -> bytes:
    import io

    from matplotlib import rc_context

    buffer = io.BytesIO()
    with rc_context(_STYLE):
        # lay out once: savefig would draw everything twice to do it
        engine = figure.get_layout_engine()
        if engine is not None:
            engine.execute(figure)
            figure.set_layout_engine("none")
        dots: Any = _DOTS_PER_INCH if ending == "png" else "figure"
        figure.savefig(buffer, format=ending, dpi=dots, metadata=_PICTURE_FORMATS[ending])
    return buffer.getvalue()


def picture_format(path: Path) -> str:
    """Return the format that a picture's name asks for: ``svg``, ``png`` or ``pdf``; another ending is refused."""
    ending = path.suffix.lower().removeprefix(".")
    if ending not in _PICTURE_FORMATS:
        known = ", ".join(f".{word}" for word in _PICTURE_FORMATS)
        raise StudyError(
            str(path), Problem("file", f"ends with '{path.suffix}'", f"one of {known}", "change the ending")
        )
    return ending


def save_picture(figure: Figure, path: Path) -> Path:
    """Write a figure in the format of its name (.svg, .png, .pdf) and return its path.

    Raises
    ------
    StudyError
        For another ending, or a folder that cannot be written to.
    """
    ending = picture_format(path)
    try:
        path.write_bytes(_as_picture(figure, ending))
    except OSError as error:
        problem = Problem("file", f"cannot be written ({error.strerror})", "a folder that you may write to")
        raise StudyError(str(path), problem) from error
    return path
