"""Analysis of two means look by look: overall or combined test, repeated and final intervals, what is left to expect.

Source: Wassmer and Brannath 2016.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf, isfinite, sqrt

import numpy as np
from scipy.special import ndtr, stdtrit

from sciatrial.foundation import Problem
from sciatrial.statistics.combination import inverse_normal
from sciatrial.statistics.design import GroupSequentialDesign, Sides, refuse
from sciatrial.statistics.estimates import FinalEstimate, final_estimate, repeated_p_value
from sciatrial.statistics.inference import normal_of_t
from sciatrial.statistics.interim import conditional_power, conditional_rejection_probability, stage_mean
from sciatrial.statistics.roots import root_between
from sciatrial.statistics.sizes import Direction


class Combination(StrEnum):
    """What the bounds apply to: the test of all patients so far, or the inverse-normal sum of the stages' tests."""

    CUMULATIVE = "cumulative"
    INVERSE_NORMAL = "inverse_normal"


@dataclass(frozen=True)
class MeanStage:
    """Patients, mean and standard deviation of both arms in one stage, its own patients only."""

    n: tuple[int, int]
    mean: tuple[float, float]
    sd: tuple[float, float]


@dataclass(frozen=True)
class Planned:
    """The rest of a trial: patients of both arms in each later stage, the assumed effect and standard deviation."""

    n_stages: tuple[float, ...]
    effect: float
    sd: float
    allocation: float = 1.0


class Action(StrEnum):
    """What the rules say at a look."""

    CONTINUE = "continue"
    REJECT_AND_STOP = "reject and stop"
    ACCEPT_AND_STOP = "accept and stop"
    REJECT = "reject"
    ACCEPT = "accept"


@dataclass(frozen=True)
class MeanTestResult:
    """A t test of two arms, first minus second.

    Parameters
    ----------
    effect, standard_error, sd
        Difference of means, its standard error, pooled standard deviation.
    df
        Degrees of freedom.
    """

    effect: float
    standard_error: float
    sd: float
    df: int

    def statistic(self, null: float = 0.0) -> float:
        """Return the t statistic of a null difference."""
        return (self.effect - null) / self.standard_error

    def z(self, null: float = 0.0) -> float:
        """Return the normal statistic of the same one-sided p value, positive for a difference above the null."""
        return float(normal_of_t(self.statistic(null), self.df))


@dataclass(frozen=True)
class MeanAnalysis:
    """Analysis at each look so far; an array has shape (look,).

    Parameters
    ----------
    overall, stagewise
        Tests of all patients so far, and of each stage's own.
    z
        What is compared with the bounds, positive in the tested direction.
    actions
        What the rules say.
    conditional_rejection
        Type I error that is left, given z; interim looks only.
    conditional_power
        Probability that a later look rejects, with the planned effect; nan without a plan or at the last look.
    repeated_low, repeated_high
        Repeated confidence interval of the difference.
    repeated_p
        Repeated p value, one-sided; 0.5 stands for 0.5 or more.
    final_look
        Look at which the trial ended, or None while it goes on.
    final
        Estimate in the stagewise order at that look, of the difference.
    """

    overall: tuple[MeanTestResult, ...]
    stagewise: tuple[MeanTestResult, ...]
    z: np.ndarray
    actions: tuple[Action, ...]
    conditional_rejection: np.ndarray
    conditional_power: float
    repeated_low: np.ndarray
    repeated_high: np.ndarray
    repeated_p: np.ndarray
    final_look: int | None
    final: FinalEstimate | None


@dataclass(frozen=True)
class _Tests:
    """The tests of a trial so far, and how they are read."""

    design: GroupSequentialDesign
    overall: tuple[MeanTestResult, ...]
    own: tuple[MeanTestResult, ...]
    sizes: np.ndarray  # (stage, arm)
    combination: Combination
    null: float
    sign: float


def analyse_means(
    design: GroupSequentialDesign,
    stages: Sequence[MeanStage],
    *,
    combination: Combination = Combination.CUMULATIVE,
    null: float = 0.0,
    direction: Direction = Direction.HIGHER,
    planned: Planned | None = None,
    level: float | None = None,
) -> MeanAnalysis:
    """Analyse two means after one or more stages.

    Parameters
    ----------
    design
        The design, with bounds at the information rates that were reached.
    stages
        One record for each stage so far, at most as many as looks.
    combination
        Overall test, or inverse-normal combination of the stages.
    null
        Difference under the null.
    direction
        Which side of the null is shown.
    planned
        The rest of the trial, for its conditional power.
    level
        Of the final interval; left out, 1 − 2 × alpha (one-sided) or 1 − alpha (two-sided).

    Raises
    ------
    TrialError
        Names every stage that cannot be analysed.
    """
    refuse("analysis of means", _problems(design, stages))
    tests = _Tests(
        design=design,
        overall=tuple(_test(stages[: look + 1]) for look in range(len(stages))),
        own=tuple(_test([stage]) for stage in stages),
        sizes=np.array([stage.n for stage in stages], dtype=float),
        combination=combination,
        null=null,
        sign=direction.sign,
    )
    z = _statistics(tests)
    actions = tuple(_action(design, look, value) for look, value in enumerate(z))
    intervals = np.array([_repeated(tests, look) for look in range(len(z))])
    final_look = next((look for look, action in enumerate(actions, 1) if action is not Action.CONTINUE), None)
    share = 1 - 2 * design.rules.alpha_of_a_side if level is None else level
    n_interim = min(len(z), design.n_looks - 1)
    return MeanAnalysis(
        overall=tests.overall,
        stagewise=tests.own,
        z=z,
        actions=actions,
        conditional_rejection=np.array(
            [conditional_rejection_probability(design, look + 1, z[look]) for look in range(n_interim)]
        ),
        conditional_power=_power_to_come(tests, z, planned),
        repeated_low=intervals[:, 0],
        repeated_high=intervals[:, 1],
        repeated_p=np.array([repeated_p_value(design, look, value) for look, value in enumerate(z, 1)]),
        final_look=final_look,
        final=None if final_look is None else _final(tests, final_look, float(z[final_look - 1]), share),
    )


def _test(stages: Sequence[MeanStage]) -> MeanTestResult:
    """T test of the patients of all given stages together, from their summaries."""
    n, mean, sd = (np.array([getattr(stage, name) for stage in stages]) for name in ("n", "mean", "sd"))  # (stage, arm)
    totals = n.sum(axis=0)
    means = (n * mean).sum(axis=0) / totals
    squares = ((n - 1) * sd**2 + n * (mean - means) ** 2).sum()
    df = int(totals.sum()) - 2
    pooled = sqrt(squares / df)
    return MeanTestResult(float(means[0] - means[1]), pooled * sqrt((1 / totals).sum()), pooled, df)


def _statistics(tests: _Tests) -> np.ndarray:
    if tests.combination is Combination.CUMULATIVE:
        return tests.sign * np.array([test.z(tests.null) for test in tests.overall])
    return tests.sign * _combined_z(tests, len(tests.own), tests.null)


def _combined_z(tests: _Tests, n_stages: int, null: float) -> np.ndarray:
    return inverse_normal([test.z(null) for test in tests.own[:n_stages]], tests.design.information_rates)


def _action(design: GroupSequentialDesign, look: int, z: float) -> Action:
    last = look == design.n_looks - 1
    two_sided = design.rules.sides is Sides.TWO
    if (abs(z) if two_sided else z) >= design.efficacy_z[look]:
        return Action.REJECT if last else Action.REJECT_AND_STOP
    if last:
        return Action.ACCEPT
    return Action.ACCEPT_AND_STOP if not two_sided and z <= design.futility_z[look] else Action.CONTINUE


def _repeated(tests: _Tests, look: int) -> tuple[float, float]:
    """Differences that the bound of a look does not reject, tested from either side."""
    bound = tests.design.efficacy_z[look]
    if not isfinite(bound):
        return -inf, inf
    test = tests.overall[look]
    if tests.combination is Combination.CUMULATIVE:
        reach = -float(stdtrit(test.df, ndtr(-bound))) * test.standard_error
        return test.effect - reach, test.effect + reach

    def z_of(null: float) -> float:
        return float(_combined_z(tests, look + 1, null)[-1])

    widest = 20 * max(stage.standard_error for stage in tests.own[: look + 1]) * max(bound, 1.0)
    ends = test.effect - widest, test.effect + widest
    return root_between(lambda null: z_of(null) - bound, *ends), root_between(lambda null: z_of(null) + bound, *ends)


def _power_to_come(tests: _Tests, z: np.ndarray, planned: Planned | None) -> float:
    if planned is None or len(z) >= tests.design.n_looks:
        return float("nan")
    effect = tests.sign * (planned.effect - tests.null)
    means = [stage_mean(effect, planned.sd, n, planned.allocation) for n in planned.n_stages]
    return conditional_power(tests.design, len(z), float(z[-1]), stage_means=means)


def _final(tests: _Tests, look: int, z: float, level: float) -> FinalEstimate:
    """Estimate in the stagewise order, in the unit and the direction of the difference."""
    test = tests.overall[look - 1]
    if tests.combination is Combination.CUMULATIVE:
        found = final_estimate(tests.design, look, z, standard_error=test.standard_error, level=level)
    else:
        rates = np.array(tests.design.information_rates[:look])
        per_stage = 1 / (test.sd * np.sqrt((1 / tests.sizes[:look]).sum(axis=1)))  # mean of a stage's z for 1 unit
        scores = (np.sqrt(np.diff(rates, prepend=0.0)) * per_stage).cumsum()
        found = final_estimate(tests.design, look, z, mean_scores=scores, level=level)
    low, high = sorted(tests.null + tests.sign * end for end in (found.low, found.high))
    return FinalEstimate(found.p_value, tests.null + tests.sign * found.median_unbiased, low, high)


def _problems(design: GroupSequentialDesign, stages: Sequence[MeanStage]) -> list[Problem]:
    problems = []
    if not 1 <= len(stages) <= design.n_looks:
        problems.append(Problem("stages", f"{len(stages)} stages", f"1 to {design.n_looks}"))
    for number, stage in enumerate(stages, start=1):
        if min(stage.n) < 2:
            problems.append(Problem(f"stage {number}, n", f"{stage.n}", "2 patients or more in each arm"))
        if not all(isfinite(value) and value > 0 for value in stage.sd):
            problems.append(Problem(f"stage {number}, sd", f"{stage.sd}", "numbers above 0"))
        if not all(isfinite(value) for value in stage.mean):
            problems.append(Problem(f"stage {number}, mean", f"{stage.mean}", "finite numbers"))
    return problems
