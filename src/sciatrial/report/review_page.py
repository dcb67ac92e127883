"""A review of the trials → one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sciatrial.report import words
from sciatrial.report.evidence_figures import plot_courses, plot_evidence_map, plot_harms, plot_network
from sciatrial.report.figures import words_of
from sciatrial.report.forest_figure import plot_forest
from sciatrial.report.page import css, html_table, picture_address, rendered, write_page
from sciatrial.report.synthesis_figures import plot_funnel, plot_left_out, plot_regression
from sciatrial.report.tables import number
from sciatrial.synthesis import CELLS, LOG_ODDS, Certainty, Light, Pooled, Review, class_of, r_of_answer

if TYPE_CHECKING:
    from sciatrial.synthesis import NodeSplits, TimeCourseResult

_SAYS = {
    "map": "Cells by type and route: patients behind each outcome, and the best design. What nobody has studied is "
    "marked.",
    "network": "Treatments that trials compare for pain. Dashed: a review's pool, where no trial has a row.",
    "courses": "Effect of each treatment against the placebo procedure over time: median and 95 % interval; points are "
    "single trials.",
    "forest": "Squares by weight, hollow where a spread or n was filled in; the thin line is where the effect in a new "
    "trial may lie.",
}
_MONTHS = (1.0, 3.0, 6.0, 12.0, 24.0)
DRAWN_MONTHS = (0.0, 0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 10, 12, 15, 18, 21, 24, 30, 36)


def write_review(
    review: Review,
    path: str | Path,
    *,
    stamp: Mapping[str, Any],
    courses: TimeCourseResult | None = None,
    varied: pd.DataFrame | None = None,
    splits: NodeSplits | None = None,
) -> Path:
    """Write the page.

    Parameters
    ----------
    review
        What `review_evidence` made.
    path
        The HTML file.
    stamp
        ``version, created, tables, is_quick``.
    courses
        Effects over time; None where they were not fitted.
    varied
        What `vary_correlation` made; None where it was not varied.
    splits
        What `check_consistency` made; None where it was not, or could not be, checked.

    Raises
    ------
    StudyError
        When it cannot be written; what was there before stays.
    """
    return write_page(rendered("review.html.j2", _context(review, stamp, courses, varied, splits)), path)


def _context(
    review: Review,
    stamp: Mapping[str, Any],
    courses: TimeCourseResult | None,
    varied: pd.DataFrame | None,
    splits: NodeSplits | None,
) -> dict[str, Any]:
    figures: dict[str, dict[str, Any]] = {}
    answers = [_answer(answer, review, figures) for answer in review.answers]
    lights = review.lights.set_index("study_id")
    pooled = sorted({str(study) for answer in review.answers for study in answer.studies["study"]})
    of_pooled = lights.reindex(pooled).reset_index(names="study")
    _draw(figures, "map", plot_evidence_map(review.mapped), _SAYS["map"])
    _draw(figures, "network", plot_network(review.network), _SAYS["network"])
    if len(review.harms):
        _draw(figures, "harms", plot_harms(review.harms), "Adverse events in arms that received cells.")
    return {
        "css": css(),
        "table": html_table,
        "disclaimer": words.DISCLAIMER,
        "stamp": {**stamp, "fingerprint": review.fingerprint},
        "findings": findings(review),
        "short": _short(review.summary()),
        "answers": answers,
        "certainties": [
            _certainty(made, answer) for made, answer in zip(review.certainties, review.answers, strict=True)
        ],
        "rules": _rules(review),
        "speaks": _speaks(review),
        "islands": _islands(review.islands),
        "splits": _splits(splits),
        "no_split": _no_split(splits),
        **_courses(courses, review, figures),
        "varied": _correlations(courses, varied),
        "regressions": _regressions(review, figures),
        "harms": _harms(review.harms),
        "lights": of_pooled.map(lambda word: str(word).replace("_", " ")) if len(of_pooled) else of_pooled,
        "bias_words": _bias_words(review),
        "assumed": review.estimates.assumed,
        "unused": _unused(review.estimates.unused),
        "figures": figures,
    }


def _draw(figures: dict[str, dict[str, Any]], name: str, figure: Any, says: str) -> str:
    width = round(figure.get_figwidth() * 112)
    figures[name] = {"address": picture_address(figure), "says": says, "width": width}
    return name


def findings(review: Review) -> list[str]:
    """Return what a reader should take away, in sentences."""
    told = [sentence for sentence in [words.no_direct_evidence(review.mapped)] if sentence]
    for answer, certainty in zip(review.answers, review.certainties, strict=True):
        if answer.unanswered:
            continue
        told.append(
            f"{words_of(answer.outcome)} at {answer.month} months, cells against a placebo procedure: "
            f"{answer_words(answer)} Certainty {certainty.grade.replace('_', ' ')}."
        )
    fragile = [answer for answer in review.answers if _hangs_on_one(answer)]
    told += [
        f"{words_of(answer.outcome)} at {answer.month} months hangs on single trials: leaving one out moves the "
        f"probability of benefit from {answer.leave_one_out['probability_better'].min():.2f} to "
        f"{answer.leave_one_out['probability_better'].max():.2f}."
        for answer in fragile
    ]
    told += [sentence for answer in review.answers if (sentence := _with_shared_totals(answer))]
    speaks: Any = review.speaks[review.speaks["gives_cells"]]
    counts = speaks["speaks_of"].value_counts()
    told.append(
        f"Of {len(speaks)} studies that gave cells, {counts.get('leg_pain', 0)} measured leg pain "
        f"({_controlled(speaks)} of them with a control), {counts.get('back_pain_only', 0)} back pain only."
    )
    return told


def _with_shared_totals(answer: Pooled) -> str:
    """Say what trials would add whose arms print no number of patients, "" where none would."""
    rows = answer.sensitivity.set_index("variation") if len(answer.sensitivity) else answer.sensitivity
    if not len(rows) or rows.loc[_SHARED, "n_studies"] <= len(answer.studies):
        return ""
    row = rows.loc[_SHARED]
    middle, interval, _ = _numbers(answer, row.to_dict() | {"prediction_low": 0.0, "prediction_high": 0.0})
    return (
        f"{words_of(answer.outcome)} at {answer.month} months would rest on {row['n_studies']:.0f} trials, {middle} "
        f"({interval}), if arms that print no number of patients had equal shares of their study's total."
    )


_SHARED = "arms without n share the study's total"


def answer_words(answer: Pooled) -> str:
    """Return an answer as a sentence: effect, interval, trials, and what a new trial may see."""
    estimate, interval, new = _numbers(answer, answer.main)
    trials = "one trial" if len(answer.studies) == 1 else f"{len(answer.studies)} trials"
    return f"{estimate} ({interval}) in {trials}; a new trial may see {new}."


def _controlled(speaks: Any) -> int:
    return int(((speaks["speaks_of"] == "leg_pain") & speaks["design"].isin(["rct", "controlled_nonrandomised"])).sum())


def _hangs_on_one(answer: Pooled) -> bool:
    if len(answer.leave_one_out) < 2:
        return False
    chance = answer.leave_one_out["probability_better"].dropna()
    return len(chance) > 1 and bool(chance.max() - chance.min() > _FRAGILE)


_FRAGILE = 0.3


def _numbers(answer: Pooled, row: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return estimate, interval and interval of a new trial as they are printed; odds ratios for responders."""
    values = [row[name] for name in ("estimate", "low", "high", "prediction_low", "prediction_high")]
    if answer.scale == LOG_ODDS:
        estimate, low, high, new_low, new_high = (f"{np.exp(value):.2g}" for value in values)
        return f"odds ratio {estimate}", f"{low} to {high}", f"{new_low} to {new_high}"
    estimate, low, high, new_low, new_high = (number(value) for value in values)
    return f"{estimate} points of 100", f"{low} to {high}", f"{new_low} to {new_high}"


def _short(summary: Any) -> pd.DataFrame:
    rows = []
    for row in summary.to_dict("records"):
        known = row["n_trials"] > 0
        odds = row["scale"] == LOG_ODDS

        def told(*names: str, known: bool = known, odds: bool = odds, row: Mapping[str, Any] = row) -> str:
            if not known:
                return "–"
            return " to ".join(f"{np.exp(row[name]):.2g}" if odds else number(row[name]) for name in names)

        rows.append(
            {"outcome": words_of(row["outcome"]), "month": row["month"], "trials": row["n_trials"],
             "effect": ("odds ratio " if odds and known else "") + told("estimate"),
             "95 % interval": told("low", "high"),
             "a new trial": told("prediction_low", "prediction_high"),
             "probability of benefit": f"{row['probability_better']:.2f}" if known else "–",
             "certainty": row["certainty"].replace("_", " ")}
        )  # fmt: skip
    return pd.DataFrame(rows)


def _answer(answer: Pooled, review: Review, figures: dict[str, dict[str, Any]]) -> dict[str, Any]:
    name = f"{answer.outcome}-{answer.month}"
    title = answer.question.in_words()
    made: dict[str, Any] = {
        "title": title[:1].upper() + title[1:], "unanswered": answer.unanswered, "forest": "", "funnel": "",
        "hangs_on": "", "scale": answer.scale, "effects": answer.effects, "sensitivity": _varied(answer), "code": "",
    }  # fmt: skip
    if answer.unanswered:
        return made
    says = f"{made['title']}. {_SAYS['forest']}"
    made["forest"] = _draw(figures, f"forest-{name}", plot_forest(answer, review.lights), says)
    made["hangs_on"] = _draw(
        figures, f"left-{name}", plot_left_out(answer), f"{made['title']}: assumptions varied, trials left out."
    )
    if len(answer.studies) >= _FEWEST_FOR_FUNNEL:
        says = f"{made['title']}: effect against standard error."
        made["funnel"] = _draw(figures, f"funnel-{name}", plot_funnel(answer), says)
    shown = answer.effects.drop(columns=["q", "q_p", "note", "n_studies", "tau_low", "tau_high"])
    made["effects"] = shown.round(3)
    made["code"] = r_of_answer(answer)
    return made


_FEWEST_FOR_FUNNEL = 3


def _varied(answer: Pooled) -> pd.DataFrame:
    left = answer.leave_one_out
    if len(left):
        left = left.assign(variation=["without " + str(name) for name in left["without"]]).drop(columns="without")
    both = pd.concat([frame for frame in (answer.sensitivity, left) if len(frame)], ignore_index=True)
    return both.round(3)


def _certainty(made: Certainty, answer: Pooled) -> dict[str, Any]:
    title = made.question
    shown: Any = made.domains
    if len(shown):
        shown = shown.assign(domain=[word.replace("_", " ") for word in shown["domain"]])
        shown = shown[["domain", "judgement", "steps_down", "numbers", "reason"]]
        shown = shown if (shown["reason"] != "").any() else shown.drop(columns="reason")
    return {
        "question": title[:1].upper() + title[1:], "grade": made.grade, "starts": made.starts, "domains": shown,
        "missing": made.missing,
        "important": f"{made.important_difference:.3g} {answer.scale} ({made.important_difference_source})",
    }  # fmt: skip


def _rules(review: Review) -> pd.DataFrame:
    """Return the rule of each domain, once."""
    judged = [made.domains for made in review.certainties if len(made.domains)]
    rules = judged[0][["domain", "rule"]] if judged else pd.DataFrame(columns=["domain", "rule"])
    return rules.assign(domain=[word.replace("_", " ") for word in rules["domain"]])


def _speaks(review: Review) -> str:
    counts = review.speaks["speaks_of"].value_counts()
    told = ", ".join(f"{str(word).replace('_', ' ')} {n}" for word, n in counts.items())
    return f"All {len(review.speaks)} studies of the tables by the pain that they measured: {told}."


def _islands(islands: Sequence[Sequence[str]]) -> str:
    if len(islands) == 1:
        return "All treatments are connected through trials or, dashed, through a review's pooled difference."
    told = "; ".join(", ".join(words_of(name) for name in island) for island in islands)
    return (
        f"The network is not connected: {len(islands)} islands ({told}). Treatments of different islands cannot be "
        "compared; a trial between two of them would join them."
    )


def _courses(result: TimeCourseResult | None, review: Review, figures: dict[str, dict[str, Any]]) -> dict[str, Any]:
    nothing = {"course_words": "", "course_table": pd.DataFrame(), "course_text": "", "no_course": ""}
    if result is None:
        return nothing | {
            "no_course": "Not fitted here: sciatrial synthesise --courses does, where the sampler is installed."
        }
    drawn = observed_only(result, result.frame(DRAWN_MONTHS))
    _draw(figures, "courses", plot_courses(drawn, review.visits), _SAYS["courses"])
    shown = observed_only(result, result.frame(_MONTHS))
    shown = shown[shown["treatment"] != result.reference]
    new = result.new_trial(_MONTHS, seed=1)
    limits = new.quantile([0.025, 0.975], "draw")
    rows = [
        {"treatment": words_of(row["treatment"]), "month": f"{row['month']:g}", "effect": number(row["median"]),
         "95 % interval": f"{number(row['low'])} to {number(row['high'])}",
         "a new trial": " to ".join(number(float(value)) for value in
                                    limits.sel(treatment=row["treatment"], month=row["month"]).to_numpy())}
        for row in shown.to_dict("records")
    ]  # fmt: skip
    if not result.converged:
        spoken = f"Not to be used. {result.diagnostics.headline()} From the command line: run it without --quick."
    else:
        spoken = (
            "One model of all visits: every trial has its own placebo response at every visit, so only differences "
            "within trials inform effects; cell products share a class; visits of one arm are correlated as assumed."
        )
    return nothing | {"course_words": spoken, "course_table": pd.DataFrame(rows), "course_text": result.table(_MONTHS)}


def _splits(splits: NodeSplits | None) -> pd.DataFrame:
    """Return direct and indirect effects side by side."""
    if splits is None:
        return pd.DataFrame()

    def told(row: Mapping[str, Any], name: str) -> str:
        return f"{number(row[name])} ({number(row[f'{name}_low'])} to {number(row[f'{name}_high'])})"

    return pd.DataFrame(
        [
            {"comparison": f"{words_of(row['treatment'])} against {words_of(row['comparator']).lower()}",
             "direct": told(row, "direct"), "indirect": told(row, "indirect"), "difference": told(row, "difference"),
             "p": f"{row['p_value']:.2f}" if row["converged"] else "not converged"}
            for row in splits.splits.to_dict("records")
        ]
    )  # fmt: skip


def _no_split(splits: NodeSplits | None) -> str:
    """Say it where no comparison with cells could be checked."""
    if splits is None:
        return ""
    names = {class_of(name) for column in ("treatment", "comparator") for name in splits.splits[column]}
    return "" if CELLS in names else " No comparison with cells has any indirect evidence: it cannot be checked."


def _correlations(result: TimeCourseResult | None, varied: pd.DataFrame | None) -> pd.DataFrame:
    """Return the effects at a year under each correlation of visits, side by side."""
    if result is None or varied is None:
        return pd.DataFrame()
    assumed = result.frame((12.0,)).assign(correlation=result.model.correlation.rho)
    both: Any = pd.concat([assumed, varied], ignore_index=True)
    both = observed_only(result, both[both["month"] == 12.0])
    both = both[both["treatment"] != result.reference]
    told = [
        f"{number(row['median'])} ({number(row['low'])} to {number(row['high'])})" for row in both.to_dict("records")
    ]
    wide = both.assign(told=told).pivot_table(index="treatment", columns="correlation", values="told", aggfunc="first")
    wide.columns = [f"correlation {value:g}" for value in wide.columns]
    return wide.reset_index().assign(treatment=[words_of(str(name)) for name in wide.index])


def observed_only(result: TimeCourseResult, frame: Any) -> Any:
    """Leave out months after the last at which a treatment was observed: there the course is extrapolated."""
    last: Any = result.observed_months.set_index("treatment")["last"]
    pairs = zip(frame["treatment"], frame["month"], strict=True)
    return frame[[month <= last.get(name, np.inf) + _HALF_A_MONTH for name, month in pairs]]


_HALF_A_MONTH = 0.5


def _regressions(review: Review, figures: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    made = []
    for item in review.regressions:
        title = f"{words_of(item.outcome)} by {item.moderator.replace('_', ' ')}"
        figure = ""
        if not item.unanswered:
            says = f"{title}: each arm against its control."
            figure = _draw(figures, f"by-{item.moderator}", plot_regression(item), says)
        left = "; ".join(f"{row['study']} {row['arm']} ({row['reason']})" for row in item.left_out.to_dict("records"))
        note = f"{item.note}, spread between arms {item.tau:.3g} points" + (f". Left out: {left}" if left else "")
        made.append({"title": title, "unanswered": item.unanswered, "figure": figure, "note": note,
                     "coefficients": item.coefficients.round(3)})  # fmt: skip
    return made


def _harms(frame: Any) -> pd.DataFrame:
    rows = []
    for row in frame.to_dict("records"):
        none = np.isnan(row["percent"])
        odds = f"{row['odds_ratio']:.2g} ({row['odds_ratio_low']:.2g} to {row['odds_ratio_high']:.2g})"
        rows.append(
            {"event": words_of(row["event"]), "patients with it": f"{row['n_with_event']} of {row['n_at_risk']}",
             "arms": row["n_arms"], "percent": "not estimable" if none else f"{row['percent']:.2g}",
             "95 % interval": f"at most {row['high']:.2g}" if none else f"{row['low']:.2g} to {row['high']:.2g}",
             "a new arm": "–" if none else f"{row['new_low']:.2g} to {row['new_high']:.2g}",
             "odds ratio": "–" if np.isnan(row["odds_ratio"]) else odds, "trials": row["n_trials"]}
        )  # fmt: skip
    return pd.DataFrame(rows)


def _bias_words(review: Review) -> str:
    overall = review.lights["overall"].value_counts()
    n = len(review.lights)
    return (
        f"Of {n} studies, {overall.get(Light.NOT_ASSESSED, 0)} were not assessed with a tool in every domain and are "
        f"not called low; {overall.get(Light.HIGH, 0)} are at high risk in at least one domain, "
        f"{overall.get(Light.LOW, 0)} low in all."
    )


def _unused(unused: Any) -> pd.DataFrame:
    counts = unused.groupby("reason").agg(rows=("row", "size"), studies=("study_id", "nunique")).reset_index()
    counts = counts.sort_values(["rows", "reason"], ascending=[False, True]).reset_index(drop=True)
    return counts.assign(reason=[word.replace("_", " ") for word in counts["reason"]])
