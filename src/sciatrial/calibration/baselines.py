"""What a model has to beat: predictions of studies left out that know no mechanism.

Each learns from training terms and returns what test terms would print, sampling error included. Of a test term only
its design, its number of patients, its standard error and its printed baseline are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sciatrial.calibration.contrasts import UNTREATED, contrast_pairs
from sciatrial.calibration.course_features import TREATMENT, counted_share
from sciatrial.calibration.course_regression import course_draws
from sciatrial.calibration.terms import TermKind, Terms
from sciatrial.foundation import CalibrationError, Problem, derived_seed

_VISITS_MONTHS = (0.75, 2.0, 4.5, 9.0)  # where one bin of visits ends and the next begins
_FEWEST_STUDIES, _FEWEST_AT_LAST = 5, 3  # of a class, below which a wider class is asked; and of the widest
# assumptions, where no training study has the kind: mean and SD of the number
_WHERE_UNSEEN = {
    TermKind.CHANGE: (-30.0, 25.0), TermKind.FINAL: (35.0, 25.0), TermKind.PERCENT_CHANGE: (-50.0, 40.0),
    TermKind.MEDIAN: (35.0, 25.0), TermKind.SHARE: (45.0, 25.0), TermKind.SD: (3.0, 0.5),
    TermKind.DIFFERENCE: (0.0, 15.0),
}  # fmt: skip


@dataclass(frozen=True)
class Prediction:
    """Predictive draws of published numbers (dims ``draw, term``, or ``draw, pair``), and where it had to guess."""

    draws: NDArray[np.float64]
    fallbacks: tuple[str, ...]


def folds(rows: pd.DataFrame, n_folds: int, seed: int) -> NDArray[np.int64]:
    """Return the fold of every term: studies that share patients stay together, causes and cells are spread out.

    Parameters
    ----------
    rows
        As in `Terms`.
    n_folds
        From 2.
    seed
        From 0.

    Returns
    -------
    numpy.ndarray
        dims ``term``, from 0.
    """
    groups: Any = rows.groupby("group").agg(cause=("cause", "first"), is_cells=("is_cells", "max"))
    if not 2 <= n_folds <= len(groups):
        expected = f"from 2 to the {len(groups)} groups of studies"
        raise CalibrationError("folds", [Problem("n_folds", str(n_folds), expected)])
    shuffled = groups.iloc[np.random.default_rng(derived_seed(seed, "folds")).permutation(len(groups))]
    dealt = shuffled.sort_values(["cause", "is_cells"], kind="stable").index
    fold = {group: place % n_folds for place, group in enumerate(dealt)}
    return np.array([fold[group] for group in rows["group"]], dtype=np.int64)


def pooled_mean(
    terms: Terms, train: NDArray[np.bool_], test: NDArray[np.bool_], *, n_draws: int, seed: int
) -> Prediction:
    """Predict every term by the mean of like terms: of one cause, score, kind, rule and range of months.

    A class with fewer than five studies gives way to a wider one. Studies count alike, and a new one differs from
    their mean by Student's t with the spread between them; arms and visits within it differ by the spread within.

    Parameters
    ----------
    terms
        All terms.
    train, test
        Which are learned from and which are predicted; dims ``term``.
    n_draws
        Predictive draws.
    seed
        From 0.

    Returns
    -------
    Prediction
        dims ``draw, test term``.
    """
    rows: Any = terms.rows.assign(
        visit=np.digitize(terms.rows["month"], _VISITS_MONTHS),
        kind=terms.rows["kind"].replace(str(TermKind.MEDIAN), str(TermKind.FINAL)),
    )
    generator = np.random.default_rng(derived_seed(seed, "pooled mean"))
    learned, asked = rows[train], rows[test].reset_index(drop=True)
    draws, fallbacks = np.empty((n_draws, len(asked))), []
    shared: dict[tuple[Any, ...], NDArray[np.float64]] = {}
    for place, row in enumerate(asked.to_dict("records")):
        words, chosen = _narrowest_class(learned, row)
        if len(words) < len(_CLASSES[0]):
            fallbacks.append(f"{row['study_id']}, {_told(row, _CLASSES[0])}: {_told(row, words) or 'an assumption'}")
        pooled = _pooled(chosen, TermKind(row["kind"]))
        key = (row["study_id"], words, *(row[word] for word in words))
        if key not in shared:
            shared[key] = pooled.mean + pooled.between * generator.standard_t(pooled.freedom, n_draws)
        mean = shared[key] + pooled.within * generator.standard_normal(n_draws)
        if row["kind"] == TermKind.SHARE:
            draws[:, place] = counted_share(mean[:, None] / 100, np.array([row["n"]]), generator)[:, 0]
        else:
            draws[:, place] = mean + row["se"] * generator.standard_normal(n_draws)
    return Prediction(draws, tuple(dict.fromkeys(fallbacks)))


_CLASSES = (
    ("kind", "cause", "score", "rule", "visit"), ("kind", "cause", "score", "rule"), ("kind", "cause", "score"),
    ("kind", "score"), ("kind", "cause"), ("kind",),
)  # fmt: skip


def _narrowest_class(learned: Any, row: dict[Any, Any]) -> tuple[tuple[str, ...], Any]:
    """Return the words of the narrowest class with enough studies, and its terms; no words where there is none."""
    for words in _CLASSES:
        chosen = learned[np.all([learned[word] == row[word] for word in words], axis=0)]
        if chosen["study_id"].nunique() >= (_FEWEST_STUDIES if len(words) > 1 else _FEWEST_AT_LAST):
            return words, chosen
    return (), learned[:0]


def _told(row: dict[Any, Any], words: tuple[str, ...]) -> str:
    return " ".join(f"{word} {row[word]}" for word in words if row[word] != "")


@dataclass(frozen=True)
class _Pooled:
    mean: float
    between: float  # scale of a new study's own mean about `mean`
    within: float  # SD of true values of one study about its own mean
    freedom: float


def _pooled(chosen: Any, kind: TermKind) -> _Pooled:
    """Return mean and spreads by moments, sampling error taken away."""
    if not len(chosen):
        mean, sd = _WHERE_UNSEEN[kind]
        return _Pooled(mean, sd, 0.0, 30.0)
    by_study = chosen.groupby("study_id")
    count, centre = by_study.size().to_numpy(), by_study["observed"].mean().to_numpy()
    errors = chosen["se"].to_numpy() ** 2
    more = len(chosen) - len(count)
    apart = chosen["observed"].to_numpy() - by_study["observed"].transform("mean").to_numpy()
    within = max(float(apart @ apart) / more - float(errors.mean()), 0.0) if more else 0.0
    of_centres = by_study["se"].agg(lambda se: float((se**2).mean())).to_numpy() / count + within / count
    total = float(centre.var(ddof=1))
    between = max(total - float(of_centres.mean()), 0.0)
    scale = np.sqrt(between + total / len(count))
    return _Pooled(float(centre.mean()), float(scale), float(np.sqrt(within)), len(count) - 1.0)


def time_course(
    terms: Terms, train: NDArray[np.bool_], test: NDArray[np.bool_], *, n_draws: int, seed: int
) -> Prediction:
    """Predict by a meta-regression of courses over time, with studies, scores and arms that differ.

    Changes grow with the baseline, by cause and score and by treatment; shares follow through the patients behind them
    (see `course_features`). Terms of kind sd, which have no course, and printed differences, which are few, come from
    `pooled_mean`.

    Parameters
    ----------
    terms, train, test, n_draws, seed
        As in `pooled_mean`.

    Returns
    -------
    Prediction
        dims ``draw, test term``. Its fallbacks name treatments, and scores of a cause, that no training study has.
    """
    apart = terms.rows["kind"].isin([TermKind.SD, TermKind.DIFFERENCE]).to_numpy()
    draws = np.empty((n_draws, int(test.sum())))
    fallbacks: list[str] = []
    if (test & apart).any():
        pooled = pooled_mean(terms, train, test & apart, n_draws=n_draws, seed=seed)
        draws[:, apart[test]] = pooled.draws
        fallbacks += pooled.fallbacks
    if (test & ~apart).any():
        drawn = course_draws(terms, train & ~apart, test & ~apart, n_draws=n_draws, seed=seed)
        draws[:, ~apart[test]] = drawn.published
        fallbacks += _unseen(terms.rows[train & ~apart], terms.rows[test & ~apart])
    return Prediction(draws, tuple(fallbacks))


def _unseen(learned: Any, asked: Any) -> Iterator[str]:
    """Give what the prior alone says, in words."""
    mean, sd = TREATMENT
    for treatment in sorted(set(asked["intervention"]) - set(learned["intervention"]) - set(UNTREATED)):
        yield f"{treatment}: no training study, so its effect has the prior N({mean:g}, {sd:g}²)"
    seen = set(zip(learned["cause"], learned["score"], strict=True))
    for cause, score in sorted(set(zip(asked["cause"], asked["score"], strict=True)) - seen):
        yield f"{cause}, {score}: no training study, so its course has the prior"


def no_difference(
    terms: Terms, train: NDArray[np.bool_], test: NDArray[np.bool_], *, n_draws: int, seed: int
) -> Prediction:
    """Predict every contrast as none, with the spread of training contrasts.

    Parameters
    ----------
    terms, train, test, n_draws, seed
        As in `pooled_mean`.

    Returns
    -------
    Prediction
        dims ``draw, pair``: pairs of `contrast_pairs` whose treated arm is a test term, in their order.
    """
    pairs: Any = contrast_pairs(terms.rows)
    generator = np.random.default_rng(derived_seed(seed, "no difference"))
    treated = pairs["treated"].to_numpy(dtype=int)
    is_share = (pairs["kind"] == TermKind.SHARE).to_numpy()
    learned, asked = train[treated], test[treated]
    errors = _difference_errors(terms.rows, pairs, train)
    draws, fallbacks = np.empty((n_draws, int(asked.sum()))), []
    for name, kind in (("shares", is_share), ("means", ~is_share)):
        known = learned & kind
        if pairs.loc[known, "study_id"].nunique() < _FEWEST_AT_LAST:
            known = learned
            fallbacks.append(f"contrasts of {name}: spread of all contrasts")
        studies: Any = pairs[known].assign(square=pairs["observed"] ** 2 - errors**2).groupby("study_id")["square"]
        spread = (
            np.sqrt(max(float(studies.mean().mean()), 0.0)) if studies.ngroups else _WHERE_UNSEEN[TermKind.CHANGE][1]
        )
        deviates = generator.standard_t(max(studies.ngroups - 1, 1), (n_draws, int((asked & kind).sum())))
        luck = generator.standard_normal(deviates.shape)
        draws[:, kind[asked]] = spread * deviates + errors[asked & kind] * luck
    return Prediction(draws, tuple(fallbacks))


def _difference_errors(rows: Any, pairs: Any, train: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return standard errors of contrasts; those of shares from patients and the usual share, not from what came."""
    shares = rows[train & (rows["kind"] == TermKind.SHARE)]
    usual = float(shares["observed"].mean()) / 100 if len(shares) else _WHERE_UNSEEN[TermKind.SHARE][0] / 100
    n = rows["n"].to_numpy(dtype=float)
    each = 100 * np.sqrt(usual * (1 - usual) * (1 / n[pairs["treated"]] + 1 / n[pairs["control"]]))
    return np.where(pairs["kind"] == TermKind.SHARE, each, pairs["se"].to_numpy(dtype=float))
