"""How well studies are predicted by a posterior that never saw them.

A study that is left out takes with it every study that shares its patients and every fact from its publications,
whatever its printed spreads said about the precision of others, and what its publications said of ranges of the prior:
those that cite them are twice as wide (see `cited_priors`). What stays is its design: who was enrolled, what they
received, what they measured at entry, how many came to each visit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sciatrial.calibration.baselines import folds, no_difference, pooled_mean, time_course
from sciatrial.calibration.cells import as_the_simulator_says, cell_draws, idle_problem
from sciatrial.calibration.cited_priors import cited_priors, prior_sds
from sciatrial.calibration.contrasts import contrast_pairs, controlled_cell_trials
from sciatrial.calibration.extrapolation import BEYOND, beyond_seen
from sciatrial.calibration.fit import Calibration
from sciatrial.calibration.posterior import shipped
from sciatrial.calibration.predictive import Predicted, predict_numbers
from sciatrial.calibration.refits import refits_table, sample_refits
from sciatrial.calibration.sampler import Chains, Task
from sciatrial.calibration.scores import crps, paired_differences, score_table, usual_strata
from sciatrial.calibration.terms import TermKind, Terms, family, likelihood_terms
from sciatrial.evidence import Evidence
from sciatrial.foundation import Progress, Record, derived_seed, fingerprint, silent
from sciatrial.parameters import CELL_EFFECTS

MECHANISM, NO_CELLS = "mechanism", "mechanism, no cell effect"
POOLED, COURSE, NO_DIFFERENCE = "pooled mean", "time course", "no difference"
N_FOLDS = 10
N_CELL_DRAWS = 300
_DRAWS = 1000
_NEVER = 1e-9  # probability of an effect that is ruled out; 0 itself has no logarithm
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, repr=False)
class Validation(Record):
    """Predictions of studies that were left out, and how good they are.

    ``predictions`` has a row a published number: what it is, ``observed``, the fold, and for the mechanism ``mean,
    p05, p25, p50, p75, p95, from_discrepancy`` (part of the mean that no mechanism gives), ``crps``, and the CRPS of
    each baseline, and ``beyond`` (see `beyond_seen`). ``scores`` and ``differences`` as `score_table` and
    `paired_differences` give them.
    "No cell effect" is a refit as well, in which no mechanism of cells can be there. ``without_trial`` has the
    probability of each cell effect, and the answers to the questions about cells, with and without each controlled
    trial of cells. ``fallbacks`` says where baselines had to guess. ``cited_by_prior`` lists prior rows that name a
    row from a publication of a study (see `cited_priors`), and were wider where that study was left out.
    ``refits`` has a row a refit: ``left_out, n_draws, r_hat, effective_size, divergences``.
    """

    predictions: pd.DataFrame = field(compare=False)
    scores: pd.DataFrame = field(compare=False)
    differences: pd.DataFrame = field(compare=False)
    without_trial: pd.DataFrame = field(compare=False)
    fallbacks: pd.DataFrame = field(compare=False)
    cited_by_prior: pd.DataFrame = field(compare=False)
    refits: pd.DataFrame = field(compare=False)
    made_with: Mapping[str, Any] = field(default_factory=dict)

    def table(self) -> pd.DataFrame:
        """Return the scores."""
        return self.scores

    def score(self, model: str, stratum: str, what: str, column: str) -> float:
        """Return one number of the scores; NaN where there is none."""
        s = self.scores
        found = s.loc[(s["model"] == model) & (s["stratum"] == stratum) & (s["what"] == what), column]
        return float(found.iloc[0]) if len(found) else np.nan

    def __repr__(self) -> str:
        arms = {model: self.score(model, "all", "arms", "crps") for model in (MECHANISM, COURSE, POOLED)}
        told = ", ".join(f"{model} {value:.1f}" for model, value in arms.items())
        return (
            f"Validation: {len(self.predictions)} numbers of {self.predictions['study_id'].nunique()} studies\n"
            f"  CRPS of arms: {told}\n"
            f"  90 % intervals hold {self.score(MECHANISM, 'all', 'arms', 'coverage_90'):.0%}"
        )


def without_studies(evidence: Evidence, studies: Iterable[str]) -> Evidence:
    """Return the tables without what these studies found: no outcome after entry, no harm, no fact of theirs."""
    out = set(studies)
    outcomes: Any = evidence.outcomes
    kept = outcomes[~outcomes["study_id"].isin(out) | (outcomes["month"] == 0)]
    harms: Any = evidence.safety
    safety = harms[~harms["study_id"].isin(out)]
    return replace(evidence, outcomes=kept.reset_index(drop=True), safety=safety.reset_index(drop=True))


def fold_errors(calibration: Calibration, evidence: Evidence, studies: set[str]) -> NDArray[np.float64]:
    """Return sampling errors when studies are left out; dims ``number``.

    Those of other studies as they are without the spreads that the left-out ones print; those of the left-out ones from
    their numbers of patients and the usual spread of their score elsewhere.
    """
    problem = calibration.problem
    se = problem.se.copy()
    rows = calibration.terms.rows
    learned: Any = likelihood_terms(without_studies(evidence, studies)).rows
    key = ["study_id", "arm_id", "score", "rule", "kind", "month"]
    told = {tuple(r[k] for k in key): r["se"] for r in learned.to_dict("records")}
    spread = printed_spreads(learned[~learned["study_id"].isin(studies)])
    for place, row in enumerate(rows.to_dict("records")):
        if row["kind"] == TermKind.SHARE:
            continue
        if row["study_id"] not in studies:
            se[place] = told.get(tuple(row[k] for k in key), se[place])
        else:
            # a difference is of two changes, each of half of the patients
            of_two = row["kind"] == TermKind.DIFFERENCE
            kind = TermKind.CHANGE if of_two else row["kind"]
            se[place] = (2.0 if of_two else 1.0) * usual_sd(spread, kind, row["score"]) / np.sqrt(row["n"])
    return se


_USUAL_SD = 25.0
Spreads = Mapping[tuple[str, str], list[float]]


def printed_spreads(rows: pd.DataFrame) -> Spreads:
    """Return the spread between patients behind each standard error, by kind and family of score."""
    spread: dict[tuple[str, str], list[float]] = {}
    for row in rows.to_dict("records"):
        spread.setdefault((row["kind"], family(row["score"])), []).append(row["se"] * np.sqrt(row["n"]))
    return spread


def usual_sd(spreads: Spreads, kind: str, score: str) -> float:
    """Return the usual spread of a kind and score; of the kind with any score where nobody prints it."""
    told = (
        spreads.get((kind, family(score)))
        or [value for (other, _), values in spreads.items() if other == kind for value in values]
        or [_USUAL_SD]
    )
    return float(np.median(told))


def validate_externally(
    calibration: Calibration,
    evidence: Evidence,
    *,
    chains: Chains | None = None,
    workers: int = 1,
    n_folds: int = N_FOLDS,
    n_cell_draws: int = N_CELL_DRAWS,
    times_longer: int = 3,
    folder: Path | None = None,
    progress: Progress = silent,
) -> Validation:
    """Leave every study out once and predict it.

    Trials of cells with a control are left out one by one, all other studies in folds.

    Parameters
    ----------
    calibration
        With the emulator; it knows what trials enrolled and nothing of what they found.
    evidence
        The tables behind it.
    chains
        Of each refit; two short ones when left out.
    workers
        Processes; they change the time, not the numbers.
    n_folds
        Folds of the studies that are not left out alone, 2 or more.
    n_cell_draws
        Draws of each posterior at which the simulator is asked what cells do.
    times_longer
        How many times longer the chains are with which a refit that cannot be believed (R-hat above 1.05, an effective
        sample below 100) is sampled once again; 1 samples none again.
    folder
        Of the calibration's runs, where those at draws are kept too; None keeps nothing.
    progress
        Told of every chain; may ask to stop.

    Raises
    ------
    KeyboardInterrupt
        When `progress` asks to stop.
    """
    parallel: dict[str, Any] = {"workers": workers, "progress": progress}
    of_cells: dict[str, Any] = {"n_draws": n_cell_draws, "folder": folder, **parallel}
    chains = chains or Chains(n_chains=2, n_warmup=350, n_draws=350)
    problem, terms, space = calibration.problem, calibration.terms, calibration.space
    cited = cited_priors(space, evidence, terms.rows["study_id"].unique())
    seed, counts = calibration.settings.seed, calibration.mask
    fold = fold_of_terms(terms, n_folds, seed)
    out_of = [set(terms.rows.loc[fold == number, "study_id"]) for number in range(fold.max() + 1)]
    errors = [fold_errors(calibration, evidence, studies) for studies in out_of]
    inclusion = np.full(len(space.groups), calibration.settings.inclusion_probability)
    nobody = inclusion.copy()
    nobody[[space.groups.index(group) for group in CELL_EFFECTS]] = _NEVER

    def task(number: int, probability: NDArray[np.float64]) -> Task:
        mask = problem.without(out_of[number]) & counts
        return Task(
            problem.observed, mask, derived_seed(seed, f"fold {number}") % 2**31, probability, errors[number],
            prior_sds(space, cited, out_of[number]),
        )  # fmt: skip

    tasks = [task(number, beliefs) for beliefs in (inclusion, nobody) for number in range(len(out_of))]
    tasks.append(Task(problem.observed, counts, derived_seed(seed, "all studies") % 2**31, inclusion))
    samples = sample_refits(problem, tasks, chains, times_longer=times_longer, **parallel)
    alone = controlled_cell_trials(terms.rows)
    number_of = {trial: int(fold[(terms.rows["study_id"] == trial).to_numpy()][0]) for trial in alone}
    cells = {"": cell_draws(calibration, samples[-1], mask=counts, **of_cells)}
    for trial, number in number_of.items():
        cells[trial] = cell_draws(
            calibration, samples[number], mask=tasks[number].mask, se=errors[number],
            label=f"cells without {trial}", **of_cells,
        )  # fmt: skip
    of_fold = {number: cells[trial] for trial, number in number_of.items()}
    predicted: list[dict[int, Predicted]] = [{}, {}]
    for number in range(len(out_of)):
        place = np.flatnonzero(fold == number)
        how: dict[str, Any] = {
            "seed": derived_seed(seed, f"prediction {number}"), "se": errors[number], "most_draws": _DRAWS
        }  # fmt: skip
        predicted[1][number] = predict_numbers(problem, samples[len(out_of) + number], place, **how)
        if number in of_fold:
            # what cells do is said by the simulator, as in the posterior that ships
            said = as_the_simulator_says(samples[number], of_fold[number], _DRAWS, how["seed"])
            added = of_fold[number].terms, said[1]
            predicted[0][number] = predict_numbers(idle_problem(calibration), said[0], place, added=added, **how)
        else:
            predicted[0][number] = predict_numbers(problem, samples[number], place, **how)
    n_draws = min(len(part.drawn) for part in predicted[0].values())
    of_mechanism, of_nothing = (
        _gathered({k: p.drawn[:n_draws] for k, p in made.items()}, made, len(terms)) for made in predicted
    )
    baselines, pairs, fallbacks = _baselines(calibration, fold, errors, n_draws)
    models = {MECHANISM: of_mechanism, NO_CELLS: of_nothing, **baselines}
    beyond = beyond_seen(terms.rows, evidence.arms, fold)
    strata = {**usual_strata(terms.rows), BEYOND: beyond != ""}
    scores = score_table(models, terms.rows, strata, seed=seed, contrasts_by_model=pairs)
    differences = paired_differences(models, terms.rows, strata, seed=seed, contrasts_by_model=pairs)
    predictions = _predictions(terms, fold, models, predicted[0]).assign(beyond=beyond)
    without = [made.answers().assign(without=trial, pareto_k=made.pareto_k) for trial, made in cells.items()]
    return Validation(
        predictions, scores, differences, pd.concat(without, ignore_index=True), fallbacks,
        cited, refits_table(problem, samples, out_of),
        {
            "seed": seed, "n_folds": n_folds, "left_out_alone": alone, "evidence": evidence.fingerprint(),
            "prior table": fingerprint(space.prior.rows.astype(str)), "runs": calibration.runs_fingerprint,
        },
    )  # fmt: skip


def fold_of_terms(terms: Terms, n_folds: int, seed: int) -> NDArray[np.int64]:
    """Return the fold of each term: each controlled trial of cells alone, then the others in `n_folds`; from 0."""
    rows: Any = terms.rows
    alone = controlled_cell_trials(terms.rows)
    group_of = rows.drop_duplicates("study_id").set_index("study_id")["group"]
    groups = list(dict.fromkeys(group_of[study] for study in alone))
    fold = np.full(len(rows), -1, dtype=np.int64)
    for number, group in enumerate(groups):
        fold[(rows["group"] == group).to_numpy()] = number
    rest = fold < 0
    fold[rest] = len(groups) + folds(rows[rest], n_folds, seed)
    return fold


def _gathered(draws: Mapping[int, NDArray], predicted: Mapping[int, Predicted], n_terms: int) -> NDArray[np.float64]:
    n_draws = len(next(iter(draws.values())))
    together = np.full((n_draws, n_terms), np.nan)
    for number, part in predicted.items():
        together[:, part.place] = draws[number]
    return together


def _baselines(
    calibration: Calibration, fold: NDArray[np.int64], errors: Sequence[NDArray[np.float64]], n_draws: int
) -> tuple[dict[str, NDArray], dict[str, NDArray], pd.DataFrame]:
    """Return the baselines' draws of terms and of pairs, and where they had to guess.

    Standard errors are those of each fold's refit, so that nobody sees what left-out studies print of their spread.
    """
    printed, seed = calibration.terms, calibration.settings.seed
    terms = printed
    by_term = {name: np.full((n_draws, len(terms)), np.nan) for name in (POOLED, COURSE)}
    pairs = contrast_pairs(terms.rows)
    treated = pairs["treated"].to_numpy(dtype=int)
    by_pair = np.full((n_draws, len(pairs)), np.nan)
    guesses = []
    for number in range(fold.max() + 1):
        test = fold == number
        terms = replace(printed, rows=printed.rows.assign(se=_errors_of(printed, errors[number], test)))
        for name, function in ((POOLED, pooled_mean), (COURSE, time_course)):
            made = function(terms, ~test, test, n_draws=n_draws, seed=derived_seed(seed, f"{name} {number}"))
            by_term[name][:, test] = made.draws
            guesses += [{"baseline": name, "fold": number, "fallback": text} for text in made.fallbacks]
        none = no_difference(terms, ~test, test, n_draws=n_draws, seed=derived_seed(seed, f"none {number}"))
        by_pair[:, test[treated]] = none.draws
        guesses += [{"baseline": NO_DIFFERENCE, "fold": number, "fallback": text} for text in none.fallbacks]
    return by_term, {NO_DIFFERENCE: by_pair}, pd.DataFrame(guesses, columns=["baseline", "fold", "fallback"])


def _errors_of(terms: Terms, errors: NDArray[np.float64], test: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the standard errors of a fold in the units of the terms; shares that are predicted have a usual one."""
    rows = terms.rows
    is_share = (rows["kind"] == TermKind.SHARE).to_numpy()
    usual = 50 / np.sqrt(rows["n"].to_numpy(dtype=float))
    return np.where(is_share, np.where(test, usual, rows["se"]), errors[: len(rows)])


def _predictions(
    terms: Terms, fold: NDArray[np.int64], models: Mapping[str, NDArray], predicted: Mapping[int, Predicted]
) -> pd.DataFrame:
    rows = terms.rows
    keep = ["study_id", "arm_id", "cause", "score", "rule", "kind", "month", "intervention", "is_cells",
            "is_controlled",
            "n", "baseline", "observed"]  # fmt: skip
    table = rows[keep].assign(fold=fold)
    drawn = models[MECHANISM]
    table["mean"] = drawn.mean(axis=0)
    for quantile in QUANTILES:
        table[f"p{round(100 * quantile):02d}"] = np.quantile(drawn, quantile, axis=0)
    discrepancy = np.full(len(rows), np.nan)
    for part in predicted.values():
        discrepancy[part.place] = part.discrepancy.mean(axis=0)
    table["from_discrepancy"] = discrepancy
    observed = rows["observed"].to_numpy(dtype=float)
    for name, draws in models.items():
        table["crps" if name == MECHANISM else f"crps, {name}"] = crps(draws, observed)
    return table


@cache
def reference_validation() -> Validation:
    """Return the validation of the posterior that ships with the package.

    Raises
    ------
    CalibrationError
        When the package was installed without it.
    """
    return shipped(Validation, "validation", "validate")
