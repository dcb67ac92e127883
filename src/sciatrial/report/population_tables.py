"""Virtual patients beside published ones → sentences and tables for reading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sciatrial.foundation import Score
from sciatrial.report.figures import words_of
from sciatrial.report.tables import number

if TYPE_CHECKING:
    from sciatrial.population import PopulationComparison

_WORDS = {
    "age_years": "age", "is_female": "women", "symptom_months": "months of symptoms", "roland_morris": "Roland-Morris"
}  # fmt: skip
_ON_DESIGN = "given to the cohort"
_FINE = (str(Score.QUALITY_OF_LIFE),)
POPULATION_SAYS = (
    "Virtual patients at the door minus published ones, in the distance that a match allows: the band is met. Grey "
    "circles: the prior; blue circles: the posterior, as they come; filled: with weights, middle 90 % over draws; "
    "squares were told to the weights, dots were held back."
)
_ALL_REACHED = 1  # patients that weights cost where there are none


def _score_words(name: str) -> str:
    return _WORDS.get(name, str(name).replace("_", " "))


def what_words(row: Any) -> str:
    """Return what a published number says, in words: ``Leg pain, mean``."""
    of = _capital(_score_words(row["of"]))
    if row["statistic"] == "correlation":
        return f"{of} with {_score_words(row['beside'])}, correlation"
    if row["statistic"] != "share":
        return f"{of}, {'SD' if row['statistic'] == 'sd' else row['statistic']}"
    return f"{of}{_limit(row)}, %"


def _limit(row: Any) -> str:
    for name, words in (("at_least", " of {:g} or more"), ("below", " below {:g}")):
        if np.isfinite(row[name]):
            return words.format(row[name])
    return ""


def value_words(row: Any, value: float) -> str:
    """Return a number in the precision of its statistic."""
    fine = row["statistic"] == "correlation" or row["of"] in _FINE
    return number(value, 2 if fine else 1)


def rows_of(comparison: PopulationComparison, cause: str | None = None) -> pd.DataFrame:
    """Return the numbers of the posterior with those of the prior beside them; of one cause, or of all.

    Returns
    -------
    pandas.DataFrame
        As ``PopulationComparison.of``, and ``prior_equal, prior_weighted, prior_verdict_equal, prior_verdict``.
    """
    from sciatrial.population import PRIOR

    mine, before = comparison.of(), comparison.of(PRIOR)
    names = ("equal", "weighted", "verdict_equal", "verdict")
    mine = mine.assign(**{f"prior_{name}": before[name].to_numpy() for name in names})
    return mine if cause is None else _of_cause(mine, cause)


def _of_cause(frame: pd.DataFrame, cause: str) -> pd.DataFrame:
    # a mixed cohort has several, with a space between
    keep = [not set(cause.split()).isdisjoint(str(causes).split(" ")) for causes in frame["causes"]]
    return frame.loc[keep].reset_index(drop=True)


def _either(causes: str | None) -> str:
    return " or ".join(words_of(word).lower() for word in (causes or "any cause").split(" "))


def population_table(comparison: PopulationComparison, cause: str | None = None) -> pd.DataFrame:
    """Return every compared number for reading: published, virtual, distance, verdict, source."""
    meaning = dict(zip(comparison.cohorts["cohort"], comparison.cohorts["meaning"], strict=True))
    rows = []
    for row in rows_of(comparison, cause).to_dict("records"):
        rows.append(
            {
                "of whom": meaning[row["cohort"]], "what": what_words(row),
                "published": value_words(row, row["published"]), "may differ by": f"{row['distance']:g}",
                "prior": value_words(row, row["prior_equal"]), "posterior": _spanned(row, "equal"),
                "as they come": _ON_DESIGN if row["is_set_by_cohort"] else row["verdict_equal"],
                "weighted": _spanned(row, "weighted"),
                "with weights": _ON_DESIGN if row["is_set_by_cohort"] else row["verdict"],
                "weights know it": "" if row["use"] == "check" else "yes",
                "distance from": _reason(row["reason"]), "published in": _source(row), "note": row["why"],
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def group_tables(comparison: PopulationComparison, cause: str | None = None) -> list[tuple[str, pd.DataFrame]]:
    """Return the same by group of published patients: whom and where published in words, and the numbers."""
    table = population_table(comparison, cause)
    made = []
    for whom, part in table.groupby("of whom", sort=False) if len(table) else ():
        sources = "; ".join(dict.fromkeys(part["published in"]))
        told = part["weights know it"].to_numpy() == "yes"
        free = part["with weights"].to_numpy() != _ON_DESIGN
        verdict = np.where(told & free, part["with weights"] + ", told to the weights", part["with weights"])
        rows = part.assign(**{"with weights": verdict}).drop(columns=["of whom", "published in", "weights know it"])
        made.append((f"{_capital(str(whom))}. Published in: {sources}.", rows.reset_index(drop=True)))
    return made


def _spanned(row: Any, word: str) -> str:
    low, high = row[f"{word}_low"], row[f"{word}_high"]
    if not np.isfinite(row[word]):
        return "–"
    return f"{value_words(row, row[word])} ({value_words(row, low)} to {value_words(row, high)})"


def _reason(text: str) -> str:
    is_assumed = text.startswith("assumption:")
    told = text.removeprefix("assumption:").replace("-", " ").replace("_", " ")
    return f"assumed: {told}" if is_assumed else told


def _source(row: Any) -> str:
    n = f", n {row['n']:.0f}" if np.isfinite(float(row["n"])) else ""
    where = f", {row['where']}" if isinstance(row["where"], str) and row["where"] else ""
    return f"{row['citation']}{where}{n}"


def diversity_table(comparison: PopulationComparison, cause: str | None = None) -> pd.DataFrame:
    """Return how many patients the weights leave, and how different patients are, before and after the data."""
    from sciatrial.population import POSTERIOR, PRIOR

    frame = comparison.cohorts if cause is None else _of_cause(comparison.cohorts, cause)
    by = {drawn: frame.loc[(frame["drawn"] == drawn).to_numpy(dtype=bool)] for drawn in (PRIOR, POSTERIOR)}
    rows = []
    for before, after in zip(by[PRIOR].to_dict("records"), by[POSTERIOR].to_dict("records"), strict=True):
        rows.append(
            {
                "of whom": after["meaning"],
                "draws without": f"{after['not_enrolled'] + after['not_reached']} of {after['draws']}",
                f"worth of {comparison.n_patients}": f"{number(after['effective_patients'], 0)} "
                f"({number(after['effective_patients_low'], 0)} to {number(after['effective_patients_high'], 0)})",
                "kinds, prior": number(before["distinct_patients_equal"]),
                "kinds, posterior": number(after["distinct_patients_equal"]),
                "kinds, weighted": number(after["distinct_patients_weighted"]),
                "traits, prior": number(before["trait_spread_equal"], 2),
                "traits, posterior": number(after["trait_spread_equal"], 2),
                "traits, weighted": number(after["trait_spread_weighted"], 2),
                "narrowest trait": _narrowest(after),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _narrowest(row: Any) -> str:
    if not row["narrowest_trait_left"] < 1:  # nothing is weighted, or no draw could be
        return "–"
    return f"{words_of(row['narrowest_trait'])}: {100 * row['narrowest_trait_left']:.0f} % left"


def left_out_table(comparison: PopulationComparison) -> pd.DataFrame:
    """Return the facts that cannot be compared, each with its reason."""
    rows = []
    for row in comparison.left_out.sort_values("reason", kind="stable").to_dict("records"):
        printed = f"{row['value']:g} {row['unit']}" if np.isfinite(row["value"]) else f"no single number, {row['unit']}"
        rows.append({"fact": words_of(row["fact"]), "published": printed, "not comparable": row["reason"]})
    return pd.DataFrame(rows, columns=["fact", "published", "not comparable"])


def shipped_table(comparison: PopulationComparison) -> pd.DataFrame:
    """Return which shipped cohorts published numbers speak of."""
    frame = comparison.shipped.rename(columns={"of_this_cause_alone": "of this cause alone"})
    return frame.assign(cause=[words_of(cause) for cause in frame["cause"]]).drop(columns="groups")


def population_lines(comparison: PopulationComparison, cause: str | None = None) -> list[str]:
    """Return what a reader takes home, counted: what is met, what is missed, what it costs, what nobody can say."""
    from sciatrial.population import MET, NOT_MET

    rows = rows_of(comparison, cause)
    if not len(rows):
        return [f"No published number on patients at the door speaks of {_either(cause)}: nothing to compare with."]
    free = rows.loc[~rows["is_set_by_cohort"].to_numpy(dtype=bool)]
    held = free.loc[(free["use"] == "check").to_numpy()]
    n = {name: int((free[name] == MET).sum()) for name in ("verdict_equal", "verdict", "prior_verdict_equal",
                                                           "prior_verdict")}  # fmt: skip
    n_held, n_before = (int((held[name] == MET).sum()) for name in ("verdict", "prior_verdict"))
    given = len(rows) - len(free)
    whose = "" if cause is None else f" that speak of {_either(cause)}, alone or beside others"
    told = [
        f"Of {len(free)} published numbers on patients at the door{whose}, virtual patients of the posterior meet "
        f"{n['verdict_equal']} within the stated distance as they come; those of the prior meet "
        f"{n['prior_verdict_equal']}. {given} more, of age and sex, are given to the cohorts and prove nothing.",
        f"With weights they meet {n['verdict']} (prior {n['prior_verdict']}). {len(free) - len(held)} of these the "
        f"weights were told; of the {len(held)} that were held back they meet {n_held} (prior {n_before}).",
    ]
    missed = free.loc[(free["verdict"] == NOT_MET).to_numpy()].to_dict("records")
    if missed:
        told.append(f"Beyond the distance even with weights: {'; '.join(_missed(row) for row in missed)}.")
    told += _cost_words(comparison, cause)
    if cause is None:
        reasons = comparison.left_out["reason"].value_counts()
        counted = "; ".join(f"{reason}: {count}" for reason, count in reasons.items())
        told.append(
            f"{len(comparison.left_out)} facts on patients at the door are not comparable. {_capital(counted)}."
        )
    return told


def population_section(comparison: PopulationComparison, cause: str | None = None) -> dict[str, Any]:
    """Return what a page shows of a comparison; facts that are not comparable only where all causes are told."""
    whole = cause is None
    return {
        "words": population_lines(comparison, cause), "groups": group_tables(comparison, cause),
        "diversity": diversity_table(comparison, cause),
        "left_out": left_out_table(comparison) if whole else None,
        "shipped": shipped_table(comparison) if whole else None,
        "n_patients": comparison.n_patients, "n_draws": comparison.n_draws,
    }  # fmt: skip


def _missed(row: Any) -> str:
    found = value_words(row, row["weighted"]) if np.isfinite(row["weighted"]) else "no weights"
    return f"{what_words(row)} of {words_of(row['cohort']).lower()} ({found}, published {_printed(row)})"


def _printed(row: Any) -> str:
    return f"{value_words(row, row['published'])} ± {row['distance']:g}"


def _cost_words(comparison: PopulationComparison, cause: str | None) -> list[str]:
    from sciatrial.population import POSTERIOR, PRIOR

    frame = comparison.cohorts if cause is None else _of_cause(comparison.cohorts, cause)
    after, before = (frame.loc[(frame["drawn"] == drawn).to_numpy(dtype=bool)] for drawn in (POSTERIOR, PRIOR))
    weighted = after.loc[(after["effective_share"] < _ALL_REACHED).to_numpy()]
    told = []
    if len(weighted):
        left = weighted["effective_patients"]
        without = int((weighted["not_reached"] + weighted["not_enrolled"]).sum())
        of = int(weighted["draws"].sum())
        told.append(
            f"Weights leave the worth of {left.min():.0f} to {left.max():.0f} of {comparison.n_patients} patients, by "
            f"group (median over draws); in {without} of {of} draws and groups no weights reach the published numbers, "
            "or too few patients qualify."
        )
    kinds = [frame["distinct_patients_equal"].median() for frame in (before, after)]
    spread = [frame["trait_spread_equal"].median() for frame in (before, after)]
    told.append(
        f"Diversity: patients as they come are as varied as {kinds[1]:.1f} kinds that nobody could take for one "
        f"another (prior {kinds[0]:.1f}; median over groups), and keep {100 * spread[1]:.0f} % of the spread of those "
        f"who could be screened (prior {100 * spread[0]:.0f} %)."
    )
    return told


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
