"""Studies that nobody has seen → predictions from their designs alone, fixed on disk before any result is read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sciatrial.calibration.arms_simulated import Sizes, usual_pain
from sciatrial.calibration.baselines import no_difference, pooled_mean, time_course
from sciatrial.calibration.blind_runs import Drawn, Simulated, draw_trials, simulate_numbers
from sciatrial.calibration.blind_terms import NUMBER, ROW, BlindTerms, blind_terms, joined_terms
from sciatrial.calibration.fit import FEWEST_PATIENTS, LARGEST_GAP
from sciatrial.calibration.posterior import Posterior
from sciatrial.calibration.terms import Terms, likelihood_terms
from sciatrial.calibration.validation import COURSE, NO_DIFFERENCE, POOLED, QUANTILES, without_studies
from sciatrial.evidence import Evidence, read_blinded
from sciatrial.foundation import Progress, Record, derived_seed, silent
from sciatrial.parameters import Prior, read_prior

N_DRAWS, N_QUICK_DRAWS = 150, 40
# a calibration averages over the luck of its runs; here a run stands for itself
SIZES = Sizes().times(3)
SEED = 20261127
_BASELINE_DRAWS = 600
_NOBODY = "virtual patients could not be enrolled under most draws"


@dataclass(frozen=True, repr=False)
class BlindPredictions(Record):
    """What studies are predicted to print, made without their results.

    `numbers` has a row a number: which (``row`` counts the outcomes table from 0), of whom, ``n`` with ``n_from``,
    ``baseline``, ``mean, p05, p25, p50, p75, p95, from_discrepancy`` (part of the mean that no mechanism gives),
    ``effective_size`` and ``is_few`` (virtual patients are fewer than 50). `not_predicted` has every other number after
    month 0 with the reason. `arms` has ``study_id, arm_id, cause, effective_size, gap, verdict, guesses``. Draws have
    dims ``draw, number``: of the mechanism, the same without any effect of cells, and of two baselines; `no_difference`
    has dims ``draw, pair`` (see `contrast_pairs`). `fallbacks` says where baselines had to guess.
    """

    numbers: pd.DataFrame = field(compare=False)
    not_predicted: pd.DataFrame = field(compare=False)
    arms: pd.DataFrame = field(compare=False)
    mechanism: NDArray[np.float64]
    without_cells: NDArray[np.float64]
    pooled_mean: NDArray[np.float64]
    time_course: NDArray[np.float64]
    no_difference: NDArray[np.float64]
    fallbacks: pd.DataFrame = field(compare=False)
    made_with: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.numbers)

    def table(self) -> pd.DataFrame:
        """Return the predictions."""
        return self.numbers

    def __repr__(self) -> str:
        return (
            f"BlindPredictions: {len(self.numbers)} numbers of {self.numbers['study_id'].nunique()} studies\n"
            f"  numbers that cannot be predicted: {len(self.not_predicted)}\n"
            f"  arms with few virtual patients: {(self.arms['verdict'] == 'few').sum()}"
        )


def blind_predictions(
    folder: str | Path,
    posterior: Posterior,
    shipped: Evidence,
    *,
    n_draws: int = N_DRAWS,
    seed: int = SEED,
    prior: Prior | None = None,
    sizes: Sizes | None = None,
    allow_known: bool = False,
    workers: int = 1,
    progress: Progress = silent,
) -> BlindPredictions:
    """Predict what the studies of a folder print, from their designs and what they measured at entry.

    Save what comes back before anybody scores it: `score_blind` reads predictions from disk alone.

    Parameters
    ----------
    folder
        Seven tables, as `read_evidence` takes them; results are taken away while they are read (see `read_blinded`).
    posterior
        What is believed.
    shipped
        The tables that the posterior and the baselines learn from. Studies of the folder that are among them are
        refused.
    n_draws
        Draws of the posterior that are simulated.
    seed
        From 0; never taken from the clock.
    prior
        The prior table of the posterior; None takes the shipped one.
    sizes
        Virtual patients of each cause; None takes three times as many as a run of a calibration has.
    allow_known
        Predict known studies too. That is no validation, and `made_with` names them.
    workers
        Processes; they change the time, not the numbers.
    progress
        Told of runs; may ask to stop.

    Raises
    ------
    EvidenceError
        When the tables cannot be read.
    CalibrationError
        When the posterior was made by another version.
    KeyboardInterrupt
        When `progress` asks to stop.
    """
    evidence = read_blinded(folder)
    known = dict(_known(evidence, shipped))
    # what is predicted although it is known must not be learned from as well
    doubles = [other for other, _ in known.values()] if allow_known else []
    learned = likelihood_terms(without_studies(shipped, doubles))
    learned = learned.only(~learned.of_studies(doubles))  # differences that papers print stand in no outcome row
    refused = {} if allow_known else {study: f"not blind: {why}" for study, (_, why) in known.items()}
    laid_out = blind_terms(evidence, learned, refused)
    simulated = simulate_numbers(
        laid_out.terms, posterior, prior or read_prior(), n_draws=n_draws, seed=seed, usual=usual_pain(learned),
        sizes=sizes or SIZES, workers=workers, progress=progress,
    )  # fmt: skip
    arms = _arms(laid_out.terms, simulated)
    laid_out, simulated = _predictable(laid_out, simulated, arms)
    terms = laid_out.terms
    drawn = draw_trials(terms, simulated, posterior, seed=seed)
    baselines, fallbacks = _baselines(learned, terms, seed)
    made_with = {
        "designs": evidence.fingerprint(), "posterior": posterior.fingerprint(), "shipped": shipped.fingerprint(),
        "seed": seed, "n_draws": len(simulated.draw), "known": sorted(known) if allow_known else [],
    }  # fmt: skip
    return BlindPredictions(
        _numbers(terms, drawn, arms), laid_out.not_predicted, arms, drawn.mechanism, drawn.without_cells,
        baselines[POOLED], baselines[COURSE], baselines[NO_DIFFERENCE], fallbacks, made_with,
    )  # fmt: skip


def _known(evidence: Evidence, shipped: Evidence) -> Iterator[tuple[str, tuple[str, str]]]:
    """Give each study that is among the shipped ones, which it is there, and by what it is told."""
    holder: dict[tuple[str, str], str] = {}
    for study in shipped.studies.to_dict("records"):
        for mark in _marks(study):
            holder.setdefault(mark, study["study_id"])
    for study in evidence.studies.to_dict("records"):
        found = [(column, holder[column, word]) for column, word in _marks(study) if (column, word) in holder]
        if found:
            column, other = found[0]
            yield study["study_id"], (other, f"same {column.replace('_', ' ')} as {other} of the shipped tables")


def _marks(study: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for column in ("study_id", "doi", "pmid", "overlap_group"):
        if study[column]:
            yield column, study[column].lower()
    for number in re.findall(r"[A-Z]*[0-9-]{6,}", study["registration"].upper()):
        yield "registration", number


def _arms(terms: Terms, simulated: Simulated) -> pd.DataFrame:
    """Return how well each arm can be made up of virtual patients."""
    size, gap = np.median(simulated.effective_size, axis=0), np.median(simulated.gap, axis=0)
    verdict = np.select([~(gap <= LARGEST_GAP), size < FEWEST_PATIENTS], ["refused", "few"], "good")
    told = [
        (arm.study_id, arm.arm_id, str(arm.cause), of_arm, apart, word, "; ".join(arm.guesses))
        for arm, of_arm, apart, word in zip(terms.arms, size.tolist(), gap.tolist(), verdict.tolist(), strict=True)
    ]
    columns = ["study_id", "arm_id", "cause", "effective_size", "gap", "verdict", "guesses"]
    return pd.DataFrame(told, columns=columns)


def _predictable(laid_out: BlindTerms, simulated: Simulated, arms: pd.DataFrame) -> tuple[BlindTerms, Simulated]:
    """Leave out numbers that no prediction can be given for, with the reason, and draws whose runs failed."""
    terms, rows = laid_out.terms, laid_out.terms.rows
    is_made = np.isfinite(simulated.values) & np.isfinite(simulated.without_cells)
    is_enough = is_made.mean(axis=0) >= 0.5 if len(is_made) else np.zeros(len(rows), dtype=bool)
    is_reached = (arms["verdict"] != "refused").to_numpy(dtype=bool)[rows["arm"].to_numpy(dtype=int)]
    kept = is_enough & is_reached
    reasons = [
        f"the population cannot reach its baseline: {arms['gap'].iloc[arm]:.0f} points off" if enough else _NOBODY
        for arm, enough in zip(rows["arm"], is_enough, strict=True)
    ]
    left = rows.assign(reason=reasons).loc[~kept, [*ROW, "reason"]]
    not_predicted = (
        pd.concat([laid_out.not_predicted, left], ignore_index=True) if len(left) else laid_out.not_predicted
    )
    smaller = replace(terms, rows=rows[kept].reset_index(drop=True))
    is_whole = np.all(is_made[:, kept], axis=1)
    return BlindTerms(smaller, not_predicted), simulated.only(np.asarray(is_whole), np.asarray(kept))


def _baselines(learned: Terms, terms: Terms, seed: int) -> tuple[dict[str, NDArray[np.float64]], pd.DataFrame]:
    """Return draws of what a model has to beat, learned from other studies, and where it had to guess."""
    both = joined_terms(learned, terms)
    test = np.arange(len(both)) >= len(learned)
    draws, guesses = {}, []
    for name, function in ((POOLED, pooled_mean), (COURSE, time_course), (NO_DIFFERENCE, no_difference)):
        if not len(terms):
            draws[name] = np.empty((_BASELINE_DRAWS, 0))
            continue
        made = function(both, ~test, test, n_draws=_BASELINE_DRAWS, seed=derived_seed(seed, name))
        draws[name] = made.draws
        guesses += [{"baseline": name, "fold": 0, "fallback": text} for text in made.fallbacks]
    return draws, pd.DataFrame(guesses, columns=["baseline", "fold", "fallback"])


def _numbers(terms: Terms, drawn: Drawn, arms: pd.DataFrame) -> pd.DataFrame:
    told: dict[str, Any] = {name: terms.rows[name].to_numpy() for name in NUMBER if name != "observed"}
    told["mean"] = drawn.mechanism.mean(axis=0)
    for quantile in QUANTILES:
        told[f"p{round(100 * quantile):02d}"] = np.quantile(drawn.mechanism, quantile, axis=0)
    told["from_discrepancy"] = drawn.from_discrepancy
    of_arm = told["arm"].astype(int)
    told["effective_size"] = arms["effective_size"].to_numpy(dtype=float)[of_arm]
    told["is_few"] = np.asarray(arms["verdict"] == "few")[of_arm]
    return pd.DataFrame(told)
