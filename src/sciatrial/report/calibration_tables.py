"""A calibration → tables and sentences for reading: what was found, in the units in which it was printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sciatrial.foundation import Cause, Score
from sciatrial.parameters import CELL_EFFECTS
from sciatrial.report.figures import words_of
from sciatrial.report.tables import number

if TYPE_CHECKING:
    from sciatrial.calibration import Fit, Posterior, Terms, Validation

NO_LEG_PAIN_CLAIM = "no claim for leg pain: no controlled data"
LEARNED = 0.1  # contraction under which the data say next to nothing of a number
POINTS, PERCENT, OF_START = "points of 100", "percent of patients", "percent of the start"
SPREAD = "standard deviation, points of 100"
APART = "points of 100 between two arms"
UNIT_OF = {
    "change": POINTS, "final": POINTS, "median": POINTS, "percent_change": OF_START, "share": PERCENT, "sd": SPREAD,
    "difference": APART,
}  # fmt: skip
QUANTILES = ("p05", "p25", "p50", "p75", "p95")
KIND_WORDS = {
    "change": "change", "final": "score", "median": "median score", "percent_change": "change, % of the start",
    "share": "responders", "sd": "spread", "difference": "difference from another arm",
}  # fmt: skip
_MONTH = 12.0  # at which answers are told first
_CARRIER = "carrier"
_LARGEST_K = 0.7  # of weights, above which an answer rests on too few draws
_FIT_WORDS = {"reference": "Reference fit", "single arms let in": "Single arms let in", "prior": "Prior"}


def percent(share: float) -> str:
    """Return a probability in words: never 0 or 100 % of what was sampled."""
    if not np.isfinite(share):
        return "–"
    if share < 0.005:
        return "under 1 %"
    return "over 99 %" if share > 0.995 else f"{100 * share:.0f} %"


def fit_words(name: str) -> str:
    """Return which fit it is, as a reader would say it."""
    return _FIT_WORDS.get(name, name.replace("prior ", "Sceptical prior, ") if name.startswith("prior ") else name)


def key_words(key: str) -> str:
    """Return a key of the prior table as a reader writes it."""
    parts = [words_of(part) for part in key.split(".")]
    return ": ".join([parts[0], *(part[:1].lower() + part[1:] for part in parts[1:])])


def predicted_numbers(predictive: pd.DataFrame, se: Any) -> pd.DataFrame:
    """Return printed numbers beside predicted ones, both as printed.

    Parameters
    ----------
    predictive
        As ``Fit.predictive``; facts are left out.
    se
        Standard errors of the printed numbers of trials; dims ``term``.

    Returns
    -------
    pandas.DataFrame
        Columns as in `predictive`, with ``unit, what, low, high`` (95 % interval of what was printed); spreads are no
        logarithms.
    """
    terms: Any = predictive[predictive["kind"] != "fact"].reset_index(drop=True)
    half = 1.96 * np.asarray(se, dtype=float)[: len(terms)]
    table = terms.assign(
        unit=terms["kind"].map(UNIT_OF), what=terms["kind"].map(KIND_WORDS),
        low=terms["observed"] - half, high=terms["observed"] + half,
    )  # fmt: skip
    is_share = (table["kind"] == "share").to_numpy()
    for name in ("low", "high"):
        table[name] = np.where(is_share, table[name].clip(0, 100), table[name])
    is_spread = (table["kind"] == "sd").to_numpy()
    for name in ("observed", "low", "high", "mean", *QUANTILES):
        table[name] = np.where(is_spread, np.exp(np.where(is_spread, table[name], 0.0)), table[name])
    return table


def numbers_of(fit: Fit) -> pd.DataFrame:
    """Return `predicted_numbers` of a fit."""
    return predicted_numbers(fit.predictive, fit.calibration.terms.rows["se"])


def fact_table(predictive: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
    """Return facts as they are printed beside what is predicted of them.

    Parameters
    ----------
    predictive
        As ``Fit.predictive``.
    facts
        As ``FactTerms.rows``, in the same order.
    """
    mine: Any = predictive[predictive["kind"] == "fact"]
    rows = []
    for fact, told in zip(facts.to_dict("records"), mine.to_dict("records"), strict=True):
        low, middle, high = (_as_printed(told[name], fact["transform"]) for name in ("p05", "p50", "p95"))
        printed = float(fact["printed"])
        if fact["transform"] == "logit" and fact["scale"] == "half_by_then":
            printed = 50.0
        rows.append(
            {"fact": words_of(fact["fact"]), "cause": words_of(fact["cause"]),
             "unit": {"logit": "percent", "log": "ratio"}.get(fact["transform"], POINTS),
             "printed": printed, "predicted": middle, "low": low, "high": high,
             "is_inside": bool(low <= printed <= high), "how it is read": fact["why"]}
        )  # fmt: skip
    return pd.DataFrame(
        rows, columns=["fact", "cause", "unit", "printed", "predicted", "low", "high", "is_inside", "how it is read"]
    )


def _as_printed(value: float, transform: str) -> float:
    if transform == "logit":
        return float(100 / (1 + np.exp(-value)))
    return float(np.exp(value)) if transform == "log" else float(value)


def no_effect_before(effects: pd.DataFrame) -> float:
    """Return the prior probability that no mechanism of cells is there, from the table of effects."""
    before = effects.set_index("group")["prior"]
    return float(np.prod([1 - before[name] for name in CELL_EFFECTS]))


def effects_table(posterior: Posterior) -> pd.DataFrame:
    """Return each effect's probability before and after, those of cells first, in words."""
    frame = posterior.effects.assign(is_cells=[name in CELL_EFFECTS for name in posterior.effects["group"]])
    frame = frame.sort_values("is_cells", ascending=False, kind="stable")
    rows = [
        {"effect": words_of(row["group"]), "before": percent(row["prior"]), "after": percent(row["posterior"]),
         "Monte-Carlo error": f"{100 * row['error']:.1f} %", "Bayes factor": f"{row['bayes_factor']:.2g}"}
        for row in frame.to_dict("records")
    ]  # fmt: skip
    nothing = {
        "effect": "No effect of cells at all", "before": percent(no_effect_before(posterior.effects)),
        "after": percent(posterior.probability_of_no_cell_effect),
        "Monte-Carlo error": f"{100 * posterior.no_cell_effect[1]:.1f} %", "Bayes factor": "–",
    }  # fmt: skip
    return pd.DataFrame([nothing, *rows])


def checks_table(posterior: Posterior) -> pd.DataFrame:
    """Return the checks with yes and no in words."""
    held = ["yes" if flag else "NO" for flag in posterior.checks["holds"].astype(bool)]
    return posterior.checks.drop(columns="holds").assign(holds=held)


def checks_words(posterior: Posterior) -> str:
    """Return whether every check holds, as a sentence; what does not hold is named."""
    failed = posterior.checks.loc[~posterior.checks["holds"].astype(bool), "check"].tolist()
    if not failed:
        return f"Every check of the fit holds ({len(posterior.checks)})."
    return (
        f"NOT CONVERGED, or not good enough to be used: {', '.join(failed)} "
        f"{'does' if len(failed) == 1 else 'do'} not hold. The numbers below are not to be quoted."
    )


def posterior_lines(posterior: Posterior) -> list[str]:
    """Return checks and effects as lines of a terminal; a fit that failed says so first."""
    from sciatrial.calibration import ABOUT_CELLS

    lines = [checks_words(posterior)]
    lines += [
        f"  {row['check']}: {row['found']}, wanted {row['wanted']}: {row['holds']}"
        for row in checks_table(posterior).to_dict("records")
    ]
    lines.append(f"Probability of each effect before and after the data. {ABOUT_CELLS}")
    lines += [
        f"  {row['effect']}: {row['before']} to {row['after']}" for row in effects_table(posterior).to_dict("records")
    ]
    return lines


def leg_pain_is_controlled(terms: Terms) -> bool:
    """Return whether any arm of cells with a concurrent control measured leg pain of a root."""
    rows: Any = terms.rows
    mine = rows[(rows["score"] == Score.LEG_PAIN) & (rows["cause"] == Cause.HERNIATION)]
    at = mine[mine["is_cells"].astype(bool) & mine["is_controlled"].astype(bool)]
    return bool(len(at))


def claim_words(question: str, terms: Terms) -> str:
    """Return what may not be claimed from the answer to a question, "" where nothing stands against it."""
    is_leg = "leg pain" in question
    return NO_LEG_PAIN_CLAIM if is_leg and not leg_pain_is_controlled(terms) else ""


def answers_table(fit: Fit) -> pd.DataFrame:
    """Return the answers about cells under each fit, one row a question, comparator and month."""
    rows = []
    for row in fit.cells.to_dict("records"):
        rows.append(
            {"question": row["question"], "against": f"their {row['against']}" if row["against"] == _CARRIER else
             f"a {row['against']}", "month": f"{row['month']:g}", "fit": fit_words(row["fit"]),
             "difference, points": number(row["median"]),
             "90 % interval": f"{number(row['low'])} to {number(row['high'])}",
             "benefit": percent(row["probability_of_benefit"]),
             "10 points or more": percent(row["probability_of_ten_points"]), "draws that failed": failed_words(row),
             "claim": claim_words(row["question"], fit.calibration.terms) or "only beside each trial left out"}
        )  # fmt: skip
    return pd.DataFrame(rows)


def answer_lines(fit: Fit) -> list[str]:
    """Return the answers about cells against their carrier as lines of a terminal, each under what it may not claim."""
    table, lines = answers_table(fit), ["Cells against their carrier, points of 100 (below 0 is less pain):"]
    for question in map(str, fit.cells["question"].unique()):
        month, stop = at_year(fit.cells, question), claim_words(question, fit.calibration.terms)
        lines.append(f"  {question}, month {month:g}" + (f": {stop}" if stop else ""))
        mine: Any = table[(table["question"] == question) & (table["month"] == f"{month:g}")]
        lines += [
            f"    {row['fit']}: {row['difference, points']} ({row['90 % interval']}), benefit {row['benefit']}, "
            f"10 points or more {row['10 points or more']}"
            for row in mine.to_dict("records")
            if row["against"] == f"their {_CARRIER}"
        ]
    return lines


def at_year(frame: pd.DataFrame, question: str) -> float:
    """Return the month at which a question is told first: 12, or else the last that was asked."""
    months = frame.loc[frame["question"] == question, "month"].to_numpy(dtype=float)
    return _MONTH if _MONTH in months else float(months.max())


def findings(fit: Fit, validation: Validation | None = None) -> list[str]:
    """Return what a reader should take away, in sentences; a fit that failed says so first."""
    from sciatrial.calibration import ABOUT_CELLS

    posterior, terms = fit.posterior, fit.calibration.terms
    told = [] if posterior.converged else [checks_words(posterior)]
    told.append(
        f"The probability that cells have no effect at all was {percent(no_effect_before(posterior.effects))} before "
        f"the data and is {percent(posterior.probability_of_no_cell_effect)} after."
    )
    told.append(ABOUT_CELLS)
    told += [_answer_words(fit, str(question), validation) for question in fit.cells["question"].unique()]
    if not leg_pain_is_controlled(terms):
        told.append(
            f"{NO_LEG_PAIN_CLAIM.capitalize()}. No trial of cells with a control measured leg pain from a root; what "
            "the model says of it comes from other patients, other pain and the prior."
        )
    if posterior.converged:
        told.append(checks_words(posterior))
    if validation is not None:
        told += _validation_words(validation)
    return told


def _answer_words(fit: Fit, question: str, validation: Validation | None) -> str:
    month = at_year(fit.cells, question)
    row = _answer(fit.cells[fit.cells["fit"] == "reference"], question, month)
    told = (
        f"{question}, at {month:g} months, against their carrier: {number(row['median'])} points of 100 (90 % "
        f"interval {number(row['low'])} to {number(row['high'])}; below 0 is less pain), 10 points or more with a "
        f"probability of {percent(row['probability_of_ten_points'])}."
    )
    stop = claim_words(question, fit.calibration.terms)
    if stop:
        return f"{told} This is {stop}."
    if validation is None or not len(validation.without_trial):
        return f"{told} What is left of it without each trial was not computed here; without that it is no claim."
    left: Any = validation.without_trial
    chosen = left[(left["question"] == question) & (left["month"] == month) & (left["against"] == _CARRIER)]
    alone = chosen[chosen["without"] != ""]
    if not len(alone):
        return f"{told} No controlled trial stands behind it."
    return (
        f"{told} Without one trial at a time it is {number(alone['median'].min())} to {number(alone['median'].max())}; "
        f"the table of each trial left out stands beside it."
    )


def _answer(frame: Any, question: str, month: float) -> Mapping[str, Any]:
    mine = frame[(frame["question"] == question) & (frame["month"] == month) & (frame["against"] == _CARRIER)]
    return mine.iloc[0].to_dict()


def _validation_words(validation: Validation) -> list[str]:
    from sciatrial.calibration import MECHANISM

    row = _score_row(validation, MECHANISM)
    if row is None:
        return []
    others = [
        f"{words_of(str(one['model'])).lower()} {one['crps']:.1f}"
        for one in validation.scores.to_dict("records")
        if one["stratum"] == "all" and one["what"] == "arms" and one["model"] != MECHANISM
    ]
    return [
        f"Of studies that the fit never saw, the 90 % intervals hold {percent(row['coverage_90'])} of the printed "
        f"numbers ({percent(row['coverage_90_low'])} to {percent(row['coverage_90_high'])}; {row['n']} numbers of "
        f"{row['n_studies']} studies).",
        f"Their error (CRPS, smaller is better) is {row['crps']:.1f} by the mechanism; {', '.join(others)}.",
    ]


def _score_row(validation: Validation, model: str) -> Mapping[str, Any] | None:
    s: Any = validation.scores
    found = s[(s["model"] == model) & (s["stratum"] == "all") & (s["what"] == "arms")]
    return found.iloc[0].to_dict() if len(found) else None


def parameter_words(parameters: pd.DataFrame) -> pd.DataFrame:
    """Return prior and posterior of every number, the best known first."""
    rows = [
        {"number": row["key"],
         "prior": f"{row['prior_50']:.3g} ({row['prior_05']:.3g} to {row['prior_95']:.3g})",
         "posterior": f"{row['posterior_50']:.3g} ({row['posterior_05']:.3g} to {row['posterior_95']:.3g})",
         "contraction": f"{row['contraction']:.2f}", "moved, prior SD": number(row["shift"], 2),
         "at the edge": "yes" if row["is_at_edge"] else "", "basis": row["basis"]}
        for row in parameters.sort_values("contraction", ascending=False, kind="stable").to_dict("records")
    ]  # fmt: skip
    return pd.DataFrame(
        rows, columns=["number", "prior", "posterior", "contraction", "moved, prior SD", "at the edge", "basis"]
    )


def coverage_table(fit: Fit) -> pd.DataFrame:
    """Return how many printed numbers lie inside the intervals of prior and posterior, by kind."""
    rows = []
    for kind in ("all", *dict.fromkeys(fit.predictive["kind"])):
        row: dict[str, Any] = {"kind": "All" if kind == "all" else KIND_WORDS.get(kind, str(kind)).capitalize()}
        for name, frame in (("prior", fit.prior_predictive), ("posterior", fit.predictive)):
            mine = frame if kind == "all" else frame[frame["kind"] == kind]
            row["numbers"] = len(mine)
            for level, low, high in ((50, "p25", "p75"), (90, "p05", "p95")):
                inside = (mine[low] <= mine["observed"]) & (mine["observed"] <= mine[high])
                row[f"{name}, inside {level} %"] = percent(float(np.mean(inside)))
        rows.append(row)
    return pd.DataFrame(rows)


def discrepancy_shares(fit: Fit) -> pd.DataFrame:
    """Return how much of the predictions no mechanism gives, by cause and score; means and changes in points."""
    table: Any = fit.predictive
    mine = table[table["kind"].isin([kind for kind, unit in UNIT_OF.items() if unit == POINTS])]
    rows = []
    for key, part in mine.groupby(["cause", "score"], sort=True):
        size = part["from_discrepancy"].abs()
        changes = part[part["kind"] == "change"]
        share = (changes["from_discrepancy"].abs() / changes["mean"].abs().clip(lower=1.0)).median()
        rows.append(
            {"cause": words_of(key[0]), "score": words_of(key[1]), "numbers": len(part),
             "half of them at most, points": f"{size.median():.1f}", "largest, points": f"{size.max():.1f}",
             "of a predicted change, median": f"{100 * share:.0f} %" if np.isfinite(share) else "–"}
        )  # fmt: skip
    return pd.DataFrame(rows)


def discrepancy_table(posterior: Posterior, prior_sd: Any) -> pd.DataFrame:
    """Return the coefficients of the discrepancy, the largest first.

    Parameters
    ----------
    posterior
        With its draws of the coefficients.
    prior_sd
        Standard deviation of each coefficient's prior, whose mean is 0; dims ``column``.
    """
    low, middle, high = np.quantile(posterior.discrepancy, (0.05, 0.5, 0.95), axis=0)
    frame = pd.DataFrame(
        {"column": posterior.columns, "sd": np.asarray(prior_sd), "low": low, "middle": middle, "high": high}
    )
    frame = frame.sort_values("middle", key=lambda values: -values.abs(), kind="stable")
    return pd.DataFrame(
        [
            {"course of": words_of(row["column"]), "points": number(row["middle"]),
             "90 % interval": f"{number(row['low'])} to {number(row['high'])}", "prior SD": f"{row['sd']:g}"}
            for row in frame.to_dict("records")
        ]
    )  # fmt: skip


def unused_table(unused: pd.DataFrame) -> pd.DataFrame:
    """Return how many rows of the tables gave no number, by reason."""
    if not len(unused):
        return pd.DataFrame(columns=["reason", "rows", "studies"])
    counts = unused.groupby("reason").agg(rows=("arm_id", "size"), studies=("study_id", "nunique")).reset_index()
    counts = counts.sort_values(["rows", "reason"], ascending=[False, True], kind="stable").reset_index(drop=True)
    return counts.assign(reason=[str(word).replace("_", " ") for word in counts["reason"]])


def without_trial_table(without: pd.DataFrame, question: str) -> pd.DataFrame:
    """Return what is left of an answer about cells without each controlled trial, at the month told first."""
    mine: Any = without[(without["question"] == question) & (without["against"] == _CARRIER)]
    rows = []
    for row in mine[mine["month"] == at_year(without, question)].to_dict("records"):
        rows.append(
            {"without": row["without"] or "none: all studies", "difference, points": number(row["median"]),
             "90 % interval": f"{number(row['low'])} to {number(row['high'])}",
             "benefit": percent(row["probability_of_benefit"]), "no effect of cells": percent(row["no_cell_effect"]),
             **{words_of(name.removesuffix(" present")): percent(row[name])
                for name in row if str(name).endswith(" present")}, "Pareto k": pareto_words(row.get("pareto_k")),
             "draws that failed": failed_words(row)}
        )  # fmt: skip
    return pd.DataFrame(rows)


def failed_words(row: Mapping[str, Any]) -> str:
    """Return at how many draws the simulator gave no number, of how many; a dash where nobody counted."""
    n_failed, n_draws = row.get("n_failed", np.nan), row.get("n_draws", np.nan)
    return "–" if np.isnan(n_failed) or np.isnan(n_draws) else f"{n_failed:g} of {n_draws:g}"


def pareto_words(k: float | None) -> str:
    """Return the Pareto k of the weights behind an answer; above 0.7 the answer rests on too few draws."""
    if k is None or np.isnan(k):
        return "–"
    return f"{k:.2f}" + (", TOO FEW DRAWS" if k > _LARGEST_K else "")
