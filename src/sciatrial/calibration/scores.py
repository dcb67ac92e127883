"""How good predictions of published numbers are: width, truth and honesty, by study and by kind of question.

Every study weighs the same, however many numbers it prints, and every interval is a bootstrap over studies. Predictions
are draws with dims ``draw, term``; a term with a NaN could not be predicted: it is counted and left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sciatrial.calibration.contrasts import contrast_pairs
from sciatrial.calibration.terms import TermKind
from sciatrial.foundation import CalibrationError, Cause, Problem, derived_seed

FEWEST_STUDIES = 5  # of a stratum, below which it counts as untested

Strata = Mapping[str, NDArray[np.bool_]]
DrawsByModel = Mapping[str, NDArray[np.float64]]


class What(StrEnum):
    """What is predicted: numbers of arms, or differences between arms of one study."""

    ARMS = "arms"
    CONTRASTS = "contrasts"
    VERSUS_CONTROL = "contrasts with a control"
    CELLS = "contrasts of cells"


def crps(draws: NDArray[np.float64], observed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the continuous ranked probability score; 0 is perfect, and the unit is that of the numbers.

    The fair estimator: its mean does not depend on the number of draws (Ferro 2014, doi:10.1002/qj.2270).

    Parameters
    ----------
    draws
        Predictive draws, two or more; dims ``draw, term``.
    observed
        What came true; dims ``term``.

    Returns
    -------
    numpy.ndarray
        dims ``term``; NaN where a draw is NaN.
    """
    ordered = np.sort(draws, axis=0)
    n_draws = len(ordered)
    ranks = 2 * np.arange(1, n_draws + 1) - n_draws - 1
    spread = ranks @ ordered / (n_draws * (n_draws - 1))
    return np.abs(ordered - observed).mean(axis=0) - spread


def interval_score(draws: NDArray[np.float64], observed: NDArray[np.float64], level: float) -> NDArray[np.float64]:
    """Return width of the central interval plus what is charged for missing it; dims ``term``.

    Parameters
    ----------
    draws, observed
        dims ``draw, term`` and ``term``.
    level
        Of the interval, between 0 and 1.
    """
    low, high = _central(draws, level)
    missed = np.maximum(low - observed, 0.0) + np.maximum(observed - high, 0.0)
    return high - low + 2 / (1 - level) * missed


def coverage(draws: NDArray[np.float64], observed: NDArray[np.float64], level: float) -> NDArray[np.bool_]:
    """Return whether the central interval holds what came true; dims ``term``, False where a draw is NaN.

    Parameters
    ----------
    draws, observed
        dims ``draw, term`` and ``term``.
    level
        Of the interval, between 0 and 1.
    """
    low, high = _central(draws, level)
    return (low <= observed) & (observed <= high)


def _central(draws: NDArray[np.float64], level: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def usual_strata(rows: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """Return the strata that predictions are scored in; dims ``term`` each.

    A contrast belongs to the strata of its treated arm. Terms of kind sd are scored in ``sd`` alone, differences that a
    paper prints without numbers of its arms in ``printed difference`` alone.
    """
    kind, cause = rows["kind"], rows["cause"]
    masks: dict[str, Any] = {
        "all": kind.notna(),
        "herniation": cause == Cause.HERNIATION,
        "discogenic": cause == Cause.DISCOGENIC,
        "other causes": ~cause.isin([Cause.HERNIATION, Cause.DISCOGENIC]),
        "arms with cells": rows["is_cells"].astype(bool),
        "controlled studies": rows["is_controlled"].astype(bool),
        "change or final": kind.isin([TermKind.CHANGE, TermKind.FINAL]),
        "share": kind == TermKind.SHARE,
        "sd": kind == TermKind.SD,
        "printed difference": kind == TermKind.DIFFERENCE,
    }
    return {name: mask.to_numpy(dtype=bool) for name, mask in masks.items()}


@dataclass(frozen=True)
class _Units:
    """Numbers that are predicted alike: their studies, what came true, draws by model, and subsets to score."""

    study: NDArray[Any]
    observed: NDArray[np.float64]
    se: NDArray[np.float64]
    draws: dict[str, NDArray[np.float64]]
    subsets: tuple[tuple[str, What, NDArray[np.bool_]], ...]


def score_table(
    draws_by_model: DrawsByModel,
    rows: pd.DataFrame,
    strata: Strata | None = None,
    *,
    seed: int,
    contrasts_by_model: DrawsByModel | None = None,
    n_resamples: int = 2000,
) -> pd.DataFrame:
    """Score predictions by model, stratum and what is predicted.

    Parameters
    ----------
    draws_by_model
        Draws of the terms by name of the model; dims ``draw, term``. Contrasts are differences of these, draw by draw.
    rows
        As in `Terms`.
    strata
        Subsets of the terms by name, dims ``term``; None takes `usual_strata`. Terms of kind sd are left out of every
        stratum that holds anything else.
    seed
        Of the bootstrap.
    contrasts_by_model
        Draws of models that predict nothing but contrasts; dims ``draw, pair`` in the order of `contrast_pairs`.
    n_resamples
        Bootstrap samples of studies.

    Returns
    -------
    pandas.DataFrame
        One row a model, stratum and what: ``n, n_studies, n_missing``; ``coverage_50, coverage_90, slope`` (observed
        regressed on predicted means: 1 is calibrated), each with ``_low`` and ``_high`` of its 95 % interval;
        ``crps``, ``crps_of_luck`` (what somebody would score who knew the truth behind each number, and not the luck
        of the patients who came: no model can be expected to do better), ``interval_score_90``, ``bias`` (predicted
        minus observed), ``median_sd`` of predictions, and ``untested`` where there are fewer than `FEWEST_STUDIES`
        studies. Studies weigh the same in all but ``median_sd``.
    """
    made = []
    for units in _all_units(draws_by_model, contrasts_by_model or {}, rows, strata):
        scored = {model: _scored(draws, units) for model, draws in units.draws.items()}
        for stratum, what, chosen in units.subsets:
            generator_seed = derived_seed(seed, f"{what} of {stratum}")
            for model, of_model in scored.items():
                words = {"model": model, "stratum": stratum, "what": str(what)}
                made.append(words | _summary(of_model[chosen], n_resamples, generator_seed))
    order = {model: place for place, model in enumerate([*draws_by_model, *(contrasts_by_model or {})])}
    return pd.DataFrame(made).sort_values("model", key=lambda names: names.map(order), kind="stable", ignore_index=True)


def paired_differences(
    draws_by_model: DrawsByModel,
    rows: pd.DataFrame,
    strata: Strata | None = None,
    *,
    seed: int,
    contrasts_by_model: DrawsByModel | None = None,
    n_resamples: int = 2000,
) -> pd.DataFrame:
    """Compare models two by two on the numbers that every model predicted.

    Parameters
    ----------
    draws_by_model, rows, strata, seed, contrasts_by_model, n_resamples
        As in `score_table`.

    Returns
    -------
    pandas.DataFrame
        One row a pair of models, stratum and what: ``n, n_studies, n_missing`` (left out because some model did not
        predict them), ``difference`` of CRPS (`model` minus `other`: below 0 where `model` is better), ``low`` and
        ``high`` of its 90 % interval over studies, and ``untested``.
    """
    made = []
    for units in _all_units(draws_by_model, contrasts_by_model or {}, rows, strata):
        scored = {model: _scored(draws, units) for model, draws in units.draws.items()}
        missing = np.any([of_model["is_missing"] for of_model in scored.values()], axis=0)
        for stratum, what, chosen in units.subsets:
            kept = chosen & ~missing
            codes, studies = pd.factorize(units.study[kept])
            for model, other in combinations(scored, 2):
                apart = (scored[model]["crps"] - scored[other]["crps"])[kept].to_numpy()
                by_study = _by_study(apart[:, None], codes, len(studies))
                resampled = _resampled(by_study, n_resamples, derived_seed(seed, f"{what} of {stratum}"))
                low, high = _interval(resampled[:, 0], 0.90)
                made.append(
                    {
                        "model": model, "other": other, "stratum": stratum, "what": str(what), "n": int(kept.sum()),
                        "n_studies": len(studies), "n_missing": int((chosen & missing).sum()),
                        "difference": float(by_study.mean()) if len(studies) else np.nan, "low": low, "high": high,
                        "untested": len(studies) < FEWEST_STUDIES,
                    }
                )  # fmt: skip
    return pd.DataFrame(made)


def _all_units(
    draws_by_model: DrawsByModel, contrasts_by_model: DrawsByModel, rows: pd.DataFrame, strata: Strata | None
) -> Iterator[_Units]:
    """Give the terms, then the pairs, each with the subsets that hold any."""
    pairs = contrast_pairs(rows)
    _check_shapes(draws_by_model, len(rows), "term")
    _check_shapes(contrasts_by_model, len(pairs), "pair")
    chosen = {name: np.asarray(mask, dtype=bool) for name, mask in (strata or usual_strata(rows)).items()}
    apart = rows["kind"].isin([TermKind.SD, TermKind.DIFFERENCE]).to_numpy()
    arms = {name: mask if apart[mask].all() else mask & ~apart for name, mask in chosen.items()}
    if draws_by_model:
        yield _Units(
            rows["study_id"].to_numpy(), rows["observed"].to_numpy(dtype=float), rows["se"].to_numpy(dtype=float),
            dict(draws_by_model),
            tuple((name, What.ARMS, mask) for name, mask in arms.items() if mask.any()),
        )  # fmt: skip
    treated, control = pairs["treated"].to_numpy(dtype=int), pairs["control"].to_numpy(dtype=int)
    kinds = {
        What.CONTRASTS: np.ones(len(pairs), dtype=bool),
        What.VERSUS_CONTROL: pairs["versus_control"].to_numpy(dtype=bool),
        What.CELLS: pairs["is_cells"].to_numpy(dtype=bool),
    }
    subsets = [(name, what, mask[treated] & kind) for name, mask in chosen.items() for what, kind in kinds.items()]
    differences = {model: draws[:, treated] - draws[:, control] for model, draws in draws_by_model.items()}
    yield _Units(
        pairs["study_id"].to_numpy(), pairs["observed"].to_numpy(dtype=float), pairs["se"].to_numpy(dtype=float),
        {**differences, **contrasts_by_model},
        tuple(subset for subset in subsets if subset[2].any()),
    )  # fmt: skip


def _check_shapes(draws_by_model: DrawsByModel, expected: int, dim: str) -> None:
    problems = [
        Problem(f"draws of {model}", f"have shape {draws.shape}", f"2 draws or more of {expected} {dim}s")
        for model, draws in draws_by_model.items()
        if draws.ndim != 2 or draws.shape[1] != expected or len(draws) < 2
    ]  # fmt: skip
    if problems:
        raise CalibrationError("scores", problems)


def _scored(draws: NDArray[np.float64], units: _Units) -> Any:
    """Return what is scored of each term or pair by itself."""
    observed = units.observed
    return pd.DataFrame(
        {
            "study": units.study, "observed": observed, "is_missing": np.isnan(draws).any(axis=0),
            "predicted": draws.mean(axis=0), "sd": draws.std(axis=0, ddof=1),
            "coverage_50": coverage(draws, observed, 0.50).astype(float),
            "coverage_90": coverage(draws, observed, 0.90).astype(float),
            "crps": crps(draws, observed), "interval_score_90": interval_score(draws, observed, 0.90),
            "crps_of_luck": units.se / np.sqrt(np.pi),  # the mean score of N(truth, se²) where N(truth, se²) comes true
        }
    )  # fmt: skip


def _summary(scored: Any, n_resamples: int, seed: int) -> dict[str, Any]:
    """Return the scores of some terms of one model."""
    told = scored[~scored["is_missing"]]
    codes, studies = pd.factorize(told["study"])
    averaged = ["coverage_50", "coverage_90", "crps", "interval_score_90", "crps_of_luck"]
    x, y = told["predicted"].to_numpy(), told["observed"].to_numpy()
    columns = np.column_stack([x, y, x * x, x * y, told[averaged].to_numpy()])
    by_study = _by_study(columns, codes, len(studies))
    resampled = _resampled(by_study, n_resamples, seed)
    mean = by_study.mean(axis=0) if len(studies) else np.full(columns.shape[1], np.nan)
    made: dict[str, Any] = {
        "n": len(told), "n_studies": len(studies), "n_missing": int(scored["is_missing"].sum()),
        **dict(zip(averaged, mean[4:], strict=True)), "slope": float(_slope(mean[None])[0]), "bias": mean[0] - mean[1],
        "median_sd": told["sd"].median(), "untested": len(studies) < FEWEST_STUDIES,
    }  # fmt: skip
    intervals = {"coverage_50": resampled[:, 4], "coverage_90": resampled[:, 5], "slope": _slope(resampled)}
    for name, values in intervals.items():
        made[f"{name}_low"], made[f"{name}_high"] = _interval(values, 0.95)
    return {name: made[name] for name in _SCORE_COLUMNS}


_SCORE_COLUMNS = (
    "n", "n_studies", "n_missing", "coverage_50", "coverage_50_low", "coverage_50_high", "coverage_90",
    "coverage_90_low", "coverage_90_high", "crps", "crps_of_luck", "interval_score_90", "slope",
    "slope_low", "slope_high", "bias", "median_sd", "untested",
)  # fmt: skip


def _by_study(columns: NDArray[np.float64], codes: NDArray[Any], n_studies: int) -> NDArray[np.float64]:
    """Return the mean of each column in each study; dims ``study, column``."""
    count = np.bincount(codes, minlength=n_studies)
    sums = [np.bincount(codes, column, minlength=n_studies) for column in columns.T]
    return np.stack(sums, axis=1) / count[:, None]


def _resampled(by_study: NDArray[np.float64], n_resamples: int, seed: int) -> NDArray[np.float64]:
    """Return means over studies drawn with replacement; dims ``resample, column``, NaN where there is one study."""
    n_studies = len(by_study)
    if n_studies < 2:
        return np.full((n_resamples, by_study.shape[1]), np.nan)
    generator = np.random.default_rng(seed)
    times = generator.multinomial(n_studies, np.full(n_studies, 1 / n_studies), size=n_resamples)
    return times @ by_study / n_studies


def _slope(means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the regression of observed on predicted from means of x, y, x² and xy in the first columns."""
    x, y, xx, xy = means[:, :4].T
    spread = xx - x * x
    spread = np.where(spread > 1e-9 * np.maximum(xx, 1e-9), spread, np.nan)  # all predictions are the same
    return (xy - x * y) / spread


def _interval(values: NDArray[np.float64], level: float) -> tuple[float, float]:
    told = values[np.isfinite(values)]
    if not len(told):
        return np.nan, np.nan
    low, high = np.quantile(told, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
