"""Error spending: how much of alpha or beta may be used up at a share of full information.

Sources: Lan and DeMets 1983 (O'Brien-Fleming and Pocock types), Kim and DeMets 1987 (powers), Hwang, Shih and DeCani
1990 (exponentials).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import e

import numpy as np
from scipy.special import ndtr, ndtri

from sciatrial.foundation import Problem


class SpendingKind(StrEnum):
    """Family of a spending function."""

    O_BRIEN_FLEMING_TYPE = "lan_demets_o_brien_fleming"
    POCOCK_TYPE = "lan_demets_pocock"
    KIM_DEMETS = "kim_demets"
    HWANG_SHIH_DECANI = "hwang_shih_decani"
    USER = "user"


_WITH_GAMMA = (SpendingKind.KIM_DEMETS, SpendingKind.HWANG_SHIH_DECANI)


@dataclass(frozen=True)
class Spending:
    """A spending function.

    Parameters
    ----------
    kind
        Its family.
    gamma
        Kim-DeMets: power of the share of information, above 0. Hwang-Shih-DeCani: any number; negative spends late.
        None in the other families.
    values
        User-defined only: cumulative error at each look, never falling, the last one the whole error.
    """

    kind: SpendingKind
    gamma: float | None = None
    values: tuple[float, ...] = ()


def spent(spending: Spending, total: float, times: np.ndarray) -> np.ndarray:
    """Return the cumulative error used up at shares of information.

    Parameters
    ----------
    spending
        The function. User-defined values are returned as they are, one for each look.
    total
        The whole error of one side, above 0 and below 1.
    times
        Shares of full information, above 0 and up to 1, shape (look,).

    Returns
    -------
    array
        Shape (look,), `total` at share 1.
    """
    times = np.minimum(np.asarray(times, dtype=float), 1.0)
    if spending.kind is SpendingKind.O_BRIEN_FLEMING_TYPE:
        return 2 * ndtr(ndtri(total / 2) / np.sqrt(times))
    if spending.kind is SpendingKind.POCOCK_TYPE:
        return total * np.log1p((e - 1) * times)
    if spending.kind is SpendingKind.USER:
        return np.array(spending.values, dtype=float)
    gamma = float(spending.gamma or 0.0)
    if spending.kind is SpendingKind.KIM_DEMETS:
        return total * times**gamma
    if gamma == 0:  # the limit of the exponential family
        return total * times
    return total * np.expm1(-gamma * times) / np.expm1(-gamma)


def spending_problems(spending: Spending, where: str, total: float, n_looks: int) -> list[Problem]:
    """Return what is wrong with a spending function: its gamma, or the number and order of its user-defined values."""
    if spending.kind is SpendingKind.USER:
        return _value_problems(spending.values, where, total, n_looks)
    problems = []
    if spending.values:
        problems.append(Problem(f"{where}.values", f"{spending.kind} takes no values", "values of kind user only"))
    if spending.kind not in _WITH_GAMMA:
        if spending.gamma is not None:
            problems.append(Problem(f"{where}.gamma", f"{spending.kind} takes no gamma", "no gamma"))
        return problems
    if spending.gamma is None or not np.isfinite(spending.gamma):
        problems.append(Problem(f"{where}.gamma", f"{spending.kind} has gamma {spending.gamma}", "a number"))
    elif spending.kind is SpendingKind.KIM_DEMETS and spending.gamma <= 0:
        problems.append(Problem(f"{where}.gamma", f"{spending.gamma:g}", "a number above 0 for kim_demets"))
    return problems


def _value_problems(values: tuple[float, ...], where: str, total: float, n_looks: int) -> list[Problem]:
    where = f"{where}.values"
    problems = []
    if len(values) != n_looks:
        problems.append(Problem(where, f"{len(values)} values for {n_looks} looks", "one cumulative value a look"))
    if not np.all(np.isfinite(values)) or any(value < 0 for value in values):
        problems.append(Problem(where, f"{values}", "finite numbers, 0 or more"))
    if any(later < earlier for earlier, later in pairwise(values)):
        problems.append(Problem(where, "the values fall from one look to the next", "cumulative error, never falling"))
    if values and max(values) > total * (1 + 1e-12):
        problems.append(Problem(where, f"{max(values):g} is spent of {total:g}", f"{total:g} at most"))
    if values and len(values) == n_looks and values[-1] < total * (1 - 1e-12):
        problems.append(
            Problem(where, f"only {values[-1]:g} is spent at the last look", f"{total:g}", "spend all of it at the end")
        )
    return problems
