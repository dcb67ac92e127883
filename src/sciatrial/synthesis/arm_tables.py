"""Arms of trials as a network: checked, numbered, and told where it falls apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sciatrial.foundation import EvidenceError, Problem, unknown_word


class Likelihood(StrEnum):
    """How the result of an arm is distributed."""

    NORMAL = "normal"  # an estimate with a known standard error
    BINOMIAL = "binomial"  # events among patients, on the logit scale


@dataclass(frozen=True)
class Arms:
    """Arms of a connected network, sorted by study and treatment (the reference first), then by time.

    Attributes
    ----------
    frame
        The rows as used (a frame), with the columns that were given.
    likelihood
        Of every row.
    studies, treatments
        Names in the order of their numbers; treatment 0 is the reference.
    study, treatment, base
        For each row: its study, its treatment, and the treatment of its study's first arm. dims ``row``
    """

    frame: Any
    likelihood: Likelihood
    studies: tuple[str, ...]
    treatments: tuple[str, ...]
    study: NDArray[np.int64]
    treatment: NDArray[np.int64]
    base: NDArray[np.int64]


def arms_of(
    frame: pd.DataFrame,
    *,
    reference: str,
    numbers: Sequence[str] = (),
    within: Sequence[str] = (),
    subject: str = "network",
    connected: bool = True,
) -> Arms:
    """Check a table of arms and number it.

    Parameters
    ----------
    frame
        Columns `study`, `treatment`, and either `estimate` and `se` (above 0) or `events` and `n` (patients); besides
        them those of `numbers` and `within`.
    reference
        The treatment that effects are told against.
    numbers
        Further columns that must hold finite numbers.
    within
        Columns that tell rows of one study and treatment apart, such as `months`.
    subject
        What errors are about.
    connected
        Whether a network of several islands is an error.

    Raises
    ------
    EvidenceError
        With every problem: missing columns, values that are none, a row twice, a study of one treatment, an unknown
        reference, and islands, each with its studies.
    """
    likelihood = Likelihood.BINOMIAL if "events" in frame.columns else Likelihood.NORMAL
    values = ("events", "n") if likelihood is Likelihood.BINOMIAL else ("estimate", "se")
    needed = ("study", "treatment", *values, *numbers, *within)
    absent = [name for name in dict.fromkeys(needed) if name not in frame.columns]
    if absent or frame.empty:
        found = f"lacks {', '.join(absent)}" if absent else "has no row"
        expected = "columns study, treatment and (estimate, se) or (events, n)" + "".join(f", {n}" for n in numbers)
        raise EvidenceError(subject, [Problem("columns", found, expected)])
    used: Any = frame.copy()
    used["study"], used["treatment"] = used["study"].astype(str), used["treatment"].astype(str)
    problems = _row_problems(used, likelihood, values, (*numbers, *within), within)
    names = sorted(used["treatment"].unique())
    if reference not in names:
        problems.append(unknown_word("reference", reference, names, "treatment"))
    counts = used.groupby("study")["treatment"].nunique()
    problems += [
        Problem(f"study {study}", "has one treatment", "two or more: one arm alone holds no comparison", "leave it out")
        for study in counts.index[counts < 2]
    ]
    if problems:
        raise EvidenceError(subject, problems)
    treatments = (reference, *(name for name in names if name != reference))
    used["_treatment"] = used["treatment"].map({name: number for number, name in enumerate(treatments)})
    used = used.sort_values(["study", "_treatment", *within], kind="stable").reset_index(drop=True)
    studies = tuple(used["study"].unique())
    treatment = used.pop("_treatment").to_numpy(dtype=np.int64)
    study = used["study"].map({name: number for number, name in enumerate(studies)}).to_numpy(dtype=np.int64)
    base = pd.Series(treatment).groupby(study).transform("min").to_numpy(dtype=np.int64)
    if connected:
        found = islands(used["study"], used["treatment"])
        if len(found) > 1:
            raise EvidenceError(subject, [_island_problem(found)])
    return Arms(used, likelihood, studies, treatments, study, treatment, base)


def islands(studies: Iterable[str], nodes: Iterable[str]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return the parts of a network that no study joins: nodes and studies of each, the largest first."""
    part: dict[str, set[str]] = {}
    by_study: dict[str, set[str]] = {}
    for study, node in zip(studies, nodes, strict=True):
        by_study.setdefault(study, set()).add(node)
    for members in by_study.values():
        joined = set(members).union(*(part[node] for node in members if node in part))
        part.update(dict.fromkeys(joined, joined))
    distinct = {id(nodes): nodes for nodes in part.values()}.values()
    found = [
        (tuple(sorted(nodes)), tuple(sorted(study for study, members in by_study.items() if members <= nodes)))
        for nodes in distinct
    ]
    return sorted(found, key=lambda island: (-len(island[0]), island))


def starting_logits(
    events: NDArray[np.float64], n: NDArray[np.float64], study: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the log odds of each study's events, all arms together, with half an event added; dims ``study``."""
    share = (np.bincount(study, events) + 0.5) / (np.bincount(study, n) + 1)
    return np.log(share / (1 - share))


def _row_problems(
    used: Any,
    likelihood: Likelihood,
    values: Sequence[str],
    numbers: Sequence[str],
    within: Sequence[str],
) -> list[Problem]:
    problems = []
    for name in dict.fromkeys((*values, *numbers)):
        used[name] = pd.to_numeric(used[name], errors="coerce")
        bad = ~np.isfinite(used[name].to_numpy(dtype=float))
        if bad.any():
            problems.append(Problem(name, f"no finite number in {_rows(used, bad)}", "a number in every row"))
    key = ["study", "treatment", *within]
    twice = used.duplicated(key, keep="first").to_numpy()
    if twice.any():
        what = f"a row of {_rows(used, twice)} is there twice"
        problems.append(Problem(", ".join(key), what, "one row each", "pool arms of one treatment first"))
    if likelihood is Likelihood.NORMAL:
        bad = (used["se"] <= 0).to_numpy()
        if bad.any():
            problems.append(Problem("se", f"is not above 0 in {_rows(used, bad)}", "standard errors above 0"))
        return problems
    bad = ((used["events"] < 0) | (used["events"] > used["n"]) | (used["n"] <= 0)).to_numpy()
    if bad.any():
        problems.append(
            Problem("events", f"are not among the patients in {_rows(used, bad)}", "0 <= events <= n, n > 0")
        )
    return problems


def _rows(frame: pd.DataFrame, bad: NDArray[np.bool_]) -> str:
    named = [f"{row.study} {row.treatment}" for row in frame.loc[bad, ["study", "treatment"]].itertuples()]
    return ", ".join(named[:5]) + (f" and {len(named) - 5} more" if len(named) > 5 else "")


def _island_problem(found: list[tuple[tuple[str, ...], tuple[str, ...]]]) -> Problem:
    told = "; ".join(
        f"island {number}: {', '.join(nodes)} (studies {', '.join(studies)})"
        for number, (nodes, studies) in enumerate(found, start=1)
    )
    return Problem(
        "treatments",
        f"no study joins the {len(found)} islands. {told}",
        "one network, where studies lead from every treatment to every other",
        "analyse one island, add a study that joins them, or give treatments that are the same one name",
    )
