"""The arrays of a network model: which parameter each arm of each study holds, and what its random effects share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from sciatrial.foundation import EvidenceError, Problem, unknown_word
from sciatrial.synthesis.arm_tables import Arms


class Effects(StrEnum):
    """Whether studies of one comparison share its effect or scatter about it."""

    COMMON = "common"
    RANDOM = "random"


class Consistency(StrEnum):
    """Whether effects of a loop of comparisons must agree."""

    CONSISTENT = "consistent"
    UNRELATED = "unrelated mean effects"  # one effect for each comparison that studies made (NICE TSD4)


@dataclass(frozen=True)
class Design:
    """What each row holds.

    Attributes
    ----------
    columns
        Names of the effects: treatments other than the reference, or comparisons "A vs B"; then covariates.
    matrix
        dims ``row, column``; relative to the first arm of the row's study.
    random
        dims ``row, deviate``; standard normal deviates of a study times this have variance 1 and correlation 1/2.
    mixing_mean, mixing_spread
        dims ``column, b``; effects are ``(mixing_mean + class sd * mixing_spread) b``.
    prior_kind
        For each element of b: "effect", "covariate", "class mean" or "deviate".
    classes
        Names of the classes.
    covariate_means
        What was subtracted from each covariate: its mean over the studies.
    """

    columns: tuple[str, ...]
    matrix: NDArray[np.float64]
    random: NDArray[np.float64]
    mixing_mean: NDArray[np.float64]
    mixing_spread: NDArray[np.float64]
    prior_kind: tuple[str, ...]
    classes: tuple[str, ...]
    covariate_means: Mapping[str, float]


def design_of(
    arms: Arms,
    *,
    consistency: Consistency = Consistency.CONSISTENT,
    classes: Mapping[str, str] | None = None,
    covariates: Sequence[str] = (),
    split: tuple[str, str] | None = None,
) -> Design:
    """Return the design of a network of arms (one row for each arm of each study).

    Parameters
    ----------
    arms
        From `arms_of`.
    consistency
        Unrelated mean effects: each comparison with the first arm of its study has its own effect.
    classes
        Class of each treatment that belongs to one; effects of a class are exchangeable.
    covariates
        Columns of the frame, one value a study; centred, one coefficient for every treatment against the reference.
    split
        Treatment and comparator whose direct comparison has an effect of its own; its column is the difference of
        direct and indirect effect.
    """
    _refuse(arms, consistency, classes or {}, covariates)
    if consistency is Consistency.UNRELATED:
        pairs = sorted({(int(b), int(t)) for b, t in zip(arms.base, arms.treatment, strict=True) if b != t})
        columns = [f"{arms.treatments[t]} vs {arms.treatments[b]}" for b, t in pairs]
        matrix = np.array(
            [[float((b, t) == pair) for pair in pairs] for b, t in zip(arms.base, arms.treatment, strict=True)]
        )
    else:
        columns = list(arms.treatments[1:])
        own = np.eye(len(arms.treatments))[:, 1:]
        matrix = own[arms.treatment] - own[arms.base]
    n_effects = len(columns)
    means = {}
    active = (arms.treatment > 0).astype(float) - (arms.base > 0)
    for name in covariates:
        of_study = arms.frame.groupby("study")[name].first()
        means[name] = float(of_study.mean())
        value = arms.frame[name].to_numpy(dtype=float) - means[name]
        matrix = np.column_stack([matrix, value * active])
        columns.append(name)
    if split:
        matrix = np.column_stack([matrix, split_column(arms, *split)])
        columns.append("direct - indirect")
    mean, spread, kinds, class_names = _mixing(arms, n_effects, len(columns), classes or {})
    return Design(
        tuple(columns), matrix, random_of(arms.study, arms.treatment), mean, spread, kinds, class_names, means
    )


def random_of(study: NDArray[np.int64], arm: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the random-effects matrix of arms: dims ``row, deviate``, one deviate for each arm but a study's first.

    Differences of two arms of a study with their first arm have correlation 1/2 (Higgins and Whitehead 1996), so each
    comparison of two arms has the same variance, whichever arm comes first. Rows of one arm share its deviates.
    """
    most = max(len(np.unique(arm[study == number])) for number in np.unique(study)) - 1
    lower = np.linalg.cholesky((np.eye(most) + 1) / 2)
    blocks = []
    for number in np.unique(study):
        rows = np.flatnonzero(study == number)
        found = np.unique(arm[rows])
        block = np.zeros((len(study), len(found) - 1))
        for place, one in enumerate(found[1:]):
            block[rows[arm[rows] == one]] = lower[place, : len(found) - 1]
        blocks.append(block)
    return np.concatenate(blocks, axis=1)


def split_column(arms: Arms, treatment: str, comparator: str) -> NDArray[np.float64]:
    """Return what each row holds of the difference between direct and indirect effect, less that of the first arm.

    In studies that hold both treatments half of it goes to each, with opposite signs, so that a study of three arms
    favours neither and the order of the two changes nothing (White 2015, doi:10.1177/1536867X1501500403).
    """
    first, second = arms.treatments.index(treatment), arms.treatments.index(comparator)
    members = {study: set(arms.treatment[arms.study == study]) for study in np.unique(arms.study)}
    both = np.array([{first, second} <= members[study] for study in arms.study])

    def share(arm: NDArray[np.int64]) -> NDArray[np.float64]:
        return ((arm == first).astype(float) - (arm == second)) / 2

    return both * (share(arms.treatment) - share(arms.base))


def _mixing(
    arms: Arms, n_effects: int, n_columns: int, classes: Mapping[str, str]
) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[str, ...], tuple[str, ...]]:
    names = tuple(sorted(set(classes.values())))
    mean = np.zeros((n_columns, n_columns + len(names)))
    spread = np.zeros_like(mean)
    kinds = ["effect"] * n_effects + ["covariate"] * (n_columns - n_effects) + ["class mean"] * len(names)
    for column in range(n_columns):
        name = classes.get(arms.treatments[column + 1]) if classes and column < n_effects else None
        if name is None:
            mean[column, column] = 1.0
            continue
        mean[column, n_columns + names.index(name)] = 1.0
        spread[column, column] = 1.0
        kinds[column] = "deviate"
    return mean, spread, tuple(kinds), names


def _refuse(arms: Arms, consistency: Consistency, classes: Mapping[str, str], covariates: Sequence[str]) -> None:
    problems = [
        unknown_word(f"class of {name}", name, arms.treatments, "treatment")
        for name in classes
        if name not in arms.treatments
    ]
    if arms.treatments[0] in classes:
        problems.append(Problem("classes", f"the reference {arms.treatments[0]!r} is in one", "treatments besides it"))
    if consistency is Consistency.UNRELATED and (classes or covariates):
        problems.append(
            Problem("unrelated mean effects", "come with classes or covariates", "neither", "use the consistent model")
        )
    for name in covariates:
        several = arms.frame.groupby("study")[name].nunique() > 1
        if several.any():
            studies = ", ".join(several.index[several])
            problems.append(Problem(name, f"has several values in {studies}", "one value for each study"))
    if problems:
        raise EvidenceError("network", problems)
