"""The arrays of courses over time, padded by study, and the correlation of visits in closed form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sciatrial.foundation import EvidenceError, Problem
from sciatrial.synthesis.arm_tables import Arms
from sciatrial.synthesis.course_models import (
    CorrelationKind,
    Reference,
    TimeCourseModel,
    TimeCoursePriors,
)
from sciatrial.synthesis.network import by_study, padding
from sciatrial.synthesis.network_design import random_of


def arrays_of(
    network: Arms, model: TimeCourseModel, priors: TimeCoursePriors, extra: NDArray[np.float64] | None
) -> tuple[dict[str, Any], NDArray[np.bool_], NDArray[np.float64]]:
    """Return the arrays of a model, padded by study, which of their rows exist, and what was subtracted from each."""
    frame = network.frame
    present = padding(network.study)
    estimate, se, months = (frame[name].to_numpy(dtype=float) for name in ("estimate", "se", "months"))
    by_visit = [network.study, months] if model.reference is Reference.FREE else [network.study]
    middle = pd.Series(estimate).groupby(by_visit).transform("mean").to_numpy()
    if model.change_from_baseline and model.reference is Reference.COURSE:
        middle = np.zeros_like(estimate)
    own = np.eye(len(network.treatments))[:, 1:]
    contrast = own[network.treatment] - own[network.base]
    if extra is not None:
        contrast = np.column_stack([contrast, extra])
    visits = pd.Series(months).groupby(network.study).rank("dense").to_numpy(dtype=int) - 1
    visit = np.eye(visits.max() + 1)[visits]
    random = by_study(random_of(network.study, network.treatment), present)
    most = max(int((block != 0).any(0).sum()) for block in random)
    compact = np.zeros((*present.shape, most))
    for number, block in enumerate(random):
        used = np.flatnonzero((block != 0).any(0))
        compact[number, :, : len(used)] = block[:, used]
    arm, expand = _local_effects(network, contrast, len(model.shape.coefficients), present)
    same, before, visits_of_arm = _within(network, months)
    mean, spread, prior_sd = _mixing(network, model, priors, contrast.shape[1])
    data = {
        "y": by_study((estimate - middle)[:, None], present)[:, :, 0],
        "months": by_study(months[:, None], present)[:, :, 0],
        "present": present.astype(float),
        "arm": arm,
        "expand": expand,
        "visit": by_study(visit, present),
        "random": compact,
        "same": _blocks(same, network.study, present),
        "before": _blocks(before, network.study, present),
        "visits": np.where(present, by_study(visits_of_arm[:, None], present)[:, :, 0], 1.0),
        "inverse_se": by_study(1 / se[:, None], present)[:, :, 0],
        "first_of_arm": by_study((before.sum(1) == 0).astype(float)[:, None], present)[:, :, 0],
        "mean": mean,
        "spread": spread,
        "prior_sd": prior_sd,
    }
    return data, present, middle


def _local_effects(
    network: Arms, contrast: NDArray[np.float64], n_course: int, present: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return which of its study's arms a row is (the first left out), and each such arm's effects in the network's.

    dims ``study, row, arm`` and ``study, arm x coefficient, effect x coefficient``.
    """
    n_studies = len(network.studies)
    most = max(len(np.unique(network.treatment[network.study == number])) for number in range(n_studies)) - 1
    member = np.zeros((len(contrast), most))
    expand = np.zeros((n_studies, most, contrast.shape[1]))
    for number in range(n_studies):
        rows = np.flatnonzero(network.study == number)
        for arm, treatment in enumerate(np.unique(network.treatment[rows])[1:]):
            own = rows[network.treatment[rows] == treatment]
            member[own, arm] = 1.0
            expand[number, arm] = contrast[own[0]]
    each = np.eye(n_course)
    wide = np.einsum("sat,cd->sactd", expand, each).reshape(n_studies, most * n_course, -1)
    return by_study(member, present), wide


def _within(
    network: Arms, months: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return which rows are of one arm, which row is the visit before (dims ``row, row``), and visits of each arm."""
    same = (network.study[:, None] == network.study) & (network.treatment[:, None] == network.treatment)
    visit = pd.Series(months).groupby([network.study, network.treatment]).rank().to_numpy()
    before = same & (visit[:, None] - visit == 1)
    return same.astype(float), before.astype(float), same.sum(1).astype(float)


def whitening(values: Mapping[str, Any], rho: Any, kind: CorrelationKind, jnp: Any) -> tuple[Any, Any]:
    """Return W with ``W D W' = 1`` in closed form, and what rho changes of the logarithm of its determinant."""
    one = values["present"][:, :, None] * jnp.eye(values["present"].shape[1])
    if kind is CorrelationKind.COMPOUND_SYMMETRY:
        # D = (1 - rho) 1 + rho J has the root of its inverse in the same two matrices
        visits = values["visits"]
        whole = (1 - rho) / (1 + (visits - 1) * rho)
        share = (1 - jnp.sqrt(whole)) / visits
        root = (one - share[:, :, None] * values["same"]) / jnp.sqrt(1 - rho)
        log = -0.5 * jnp.log1p(-rho) + 0.5 * jnp.log(whole) / visits
    else:
        # each visit less rho times the visit before it
        later = 1 - values["first_of_arm"]
        size = jnp.where(later > 0, 1 / jnp.sqrt(1 - rho**2), 1.0)
        root = size[:, :, None] * (one - rho * values["before"])
        log = jnp.log(size)
    return root * values["inverse_se"][:, None, :], (log * values["present"]).sum()


def _blocks(matrix: NDArray[np.float64], study: NDArray[np.int64], present: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the blocks of a matrix that belong to one study each (dims ``study, row, row``)."""
    padded = np.zeros((*present.shape, present.shape[1]))
    for number in range(len(present)):
        rows = np.flatnonzero(study == number)
        padded[number, : len(rows), : len(rows)] = matrix[np.ix_(rows, rows)]
    return padded


def _mixing(
    network: Arms, model: TimeCourseModel, priors: TimeCoursePriors, n_contrasts: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return how coefficients come from independent deviates: mean part, part times the class sd, prior sds."""
    classes = dict(model.classes or {})
    problems = [
        Problem(f"class of {name}", "the treatment is the reference, or in no row", "other treatments of the table")
        for name in classes
        if name not in network.treatments[1:]
    ]
    if problems:
        raise EvidenceError("time course", problems)
    names = sorted(set(classes.values()))
    n_course = len(model.shape.coefficients)
    mean = np.zeros((n_contrasts, n_contrasts + len(names)))
    spread = np.zeros_like(mean)
    sd = np.full((n_contrasts + len(names),), priors.effect_sd, dtype=np.float64)
    for column in range(n_contrasts):
        label = classes.get(network.treatments[column + 1]) if column + 1 < len(network.treatments) else None
        if label is None:
            mean[column, column] = 1.0
        else:
            mean[column, n_contrasts + names.index(label)], spread[column, column], sd[column] = 1.0, 1.0, 1.0
    each = np.eye(n_course)
    wide: tuple[Any, Any, Any] = np.kron(mean, each), np.kron(spread, each), np.repeat(sd, n_course)
    return wide
