"""Combination of the p values of stages: inverse normal and Fisher's product.

Sources: Lehmacher and Wassmer 1999 (inverse normal); Bauer and Köhne 1994 (Fisher's product, two stages).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import exp, log

import numpy as np
from scipy.special import ndtri

from sciatrial.foundation import Problem
from sciatrial.statistics.design import order_problems, refuse, share_problem
from sciatrial.statistics.roots import root_between


class FisherMethod(StrEnum):
    """How a two-stage design with Fisher's product shares out alpha.

    `EQUAL_ALPHA`: the first stage and the product have the same level. `FULL_ALPHA`: the product has the whole alpha.
    """

    EQUAL_ALPHA = "equal_alpha"
    FULL_ALPHA = "full_alpha"


@dataclass(frozen=True)
class FisherDesign:
    """Two stages with one p value each: stop at once with a small or a large first one, else look at the product.

    Parameters
    ----------
    alpha
        One-sided type I error.
    stop_below
        First p value up to which the trial stops for efficacy.
    stop_above
        First p value from which it stops for futility, which is binding; 1 for none.
    product
        p1 × p2 up to which the second stage rejects.
    """

    alpha: float
    stop_below: float
    stop_above: float
    product: float

    @property
    def stage_levels(self) -> tuple[float, float]:
        """Level of the first stage, and of the product by itself."""
        return self.stop_below, self.product * (1 - log(self.product))

    @property
    def alpha_spent(self) -> tuple[float, float]:
        """Cumulative type I error of both stages."""
        second = self.product * (log(self.stop_above) - log(self.stop_below))
        return self.stop_below, self.stop_below + second


def fisher_design(
    *, alpha: float = 0.025, futility_p: float = 1.0, method: FisherMethod = FisherMethod.EQUAL_ALPHA
) -> FisherDesign:
    """Return the two-stage design with Fisher's product.

    Parameters
    ----------
    alpha
        One-sided type I error, above 0 and below 1.
    futility_p
        First p value from which the trial stops for futility: above alpha, up to 1.
    method
        How alpha is shared out.

    Raises
    ------
    TrialError
        Names every number that cannot be used.
    """
    problems = share_problem("alpha", alpha)
    if not alpha < futility_p <= 1:
        problems.append(Problem("futility_p", f"{futility_p:g}", f"above alpha ({alpha:g}), up to 1"))
    refuse("Fisher design", problems)

    def with_product(product: float) -> float:
        """Miss of the whole error when both levels belong to one product."""
        first = product * (1 - log(product))
        return first + product * (log(futility_p) - log(first)) - alpha

    if method is FisherMethod.EQUAL_ALPHA:
        product = root_between(with_product, 1e-300, _product_of_level(alpha), error=1e-16)
        return FisherDesign(alpha, product * (1 - log(product)), futility_p, product)
    product = _product_of_level(alpha)
    if futility_p == 1:  # all of alpha is in the product: the trial stops early when no second p value can change it
        return FisherDesign(alpha, product, futility_p, product)
    first = root_between(lambda p: p + product * (log(futility_p) - log(p)) - alpha, product, alpha, error=1e-16)
    return FisherDesign(alpha, float(first), futility_p, product)


def inverse_normal(stage_z: Sequence[float], information_rates: Sequence[float]) -> np.ndarray:
    """Combine the statistics of stages with weights fixed by the planned information.

    Parameters
    ----------
    stage_z
        Statistic of each stage's own patients, shape (look,).
    information_rates
        Planned cumulative share of information at each look, above 0 and increasing, shape (look,) or longer.

    Returns
    -------
    array
        Combined statistic at each look, shape (look,).

    Raises
    ------
    TrialError
        When rates are fewer than stages or do not increase.
    """
    rates = _rates(stage_z, information_rates, "inverse normal combination")
    scores = np.sqrt(np.diff(rates, prepend=0.0)) * np.array(stage_z, dtype=float)
    return scores.cumsum() / np.sqrt(rates)


def fisher_products(stage_p: Sequence[float], information_rates: Sequence[float]) -> np.ndarray:
    """Return the weighted product of stage p values at each look, shape (look,).

    The exponent of a stage is the root of its planned information over that of the first stage. Arguments and errors as
    in `inverse_normal`, with p values above 0 and up to 1.
    """
    refuse(
        "Fisher combination",
        [Problem("stage_p", f"{p:g}", "above 0, up to 1") for p in stage_p if not 0 < p <= 1],
    )
    rates = _rates(stage_p, information_rates, "Fisher combination")
    weights = np.sqrt(np.diff(rates, prepend=0.0) / rates[0])
    return np.exp((weights * np.log(np.array(stage_p, dtype=float))).cumsum())


def stage_z_of(stage_p: Sequence[float]) -> np.ndarray:
    """Return the normal statistics of one-sided p values, shape (look,)."""
    return -ndtri(np.array(stage_p, dtype=float))


def _rates(stages: Sequence[float], information_rates: Sequence[float], subject: str) -> np.ndarray:
    problems = order_problems("information_rates", information_rates)
    if len(stages) > len(information_rates) or not len(stages):
        problems.append(
            Problem("information_rates", f"{len(information_rates)} for {len(stages)} stages", "one a stage")
        )
    refuse(subject, problems)
    return np.array(information_rates[: len(stages)], dtype=float)


def _product_of_level(level: float) -> float:
    """Find the c for which p1 × p2 ≤ c has a level: −2 log(p1 × p2) is chi-square with 4 degrees of freedom."""
    low = root_between(lambda log_c: exp(log_c) * (1 - log_c) - level, log(level) - 60, -1e-12, error=1e-14)
    return exp(float(low))
