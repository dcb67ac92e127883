"""Stopping for harm: how many patients with an event are too many at each look, and how often that stops a trial.

Two rules. ``beta_binomial``: stop when the posterior probability that the share of patients with the event exceeds the
acceptable one is larger than a threshold. ``pocock``: stop when so many events have, at the acceptable share, a
probability below a level that is the same at every look and the largest that keeps the chance of a needless stop at or
below alpha. Everything is exact, by recursion over the counts of trials that go on.

Source
------
Thall and Simon (1994), Biometrics 50, 337-349 (posterior probability); Ivanova, Qaqish and Schell (2005), Biometrics
61, 540-545 (Pocock's shape with binomial counts).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincc
from scipy.stats import binom

from sciatrial.foundation import Problem
from sciatrial.statistics.design import refuse, share_problem

Floats = NDArray[np.float64]
_MOST_PATIENTS = 5000


@dataclass(frozen=True)
class HarmBoundary:
    """The fewest patients with an event that stop a trial, at each look.

    Attributes
    ----------
    patients
        Patients observed at each look; increasing.
    fewest_events
        As many or more stop; one above `patients` where no count does.
    acceptable
        The share of patients with the event that is still accepted.
    """

    patients: tuple[int, ...]
    fewest_events: tuple[int, ...]
    acceptable: float


@dataclass(frozen=True, eq=False)
class HarmStopping:
    """What a boundary does at each of some true shares; dims ``share``.

    Attributes
    ----------
    shares
        True shares of patients with the event.
    stops
        Probability to stop for harm at a look, the last one included.
    expected_patients, expected_events
        Until the stop, or the last look.
    stops_by_look
        Probability to stop at each look; dims ``share, look``.
    """

    shares: Floats
    stops: Floats
    expected_patients: Floats
    expected_events: Floats
    stops_by_look: Floats


def beta_binomial_boundary(
    patients: Sequence[int], acceptable: float, *, threshold: float, prior: tuple[float, float]
) -> HarmBoundary:
    """Return the boundary of a posterior probability.

    Parameters
    ----------
    patients
        Patients observed at each look, 1 to 5000, increasing.
    acceptable
        Share of patients with the event, above 0 and below 1.
    threshold
        The trial stops when the posterior probability of a larger share exceeds it; above 0 and below 1.
    prior
        Both parameters of the beta prior, above 0.

    Raises
    ------
    TrialError
        When a number cannot be used.
    """
    problems = _problems(patients, acceptable)
    problems += share_problem("threshold", threshold)
    if min(prior) <= 0:
        problems.append(Problem("prior", f"is {prior}", "two numbers above 0"))
    refuse("boundary for harm", problems)

    def fewest(n: int) -> int:
        events = np.arange(n + 1)
        beyond = betaincc(prior[0] + events, prior[1] + n - events, acceptable)
        # a prior that is beyond it without any event stops nobody without any
        return max(1, int(np.argmax(np.append(beyond > threshold, True))))

    return HarmBoundary(tuple(patients), tuple(fewest(n) for n in patients), acceptable)


def pocock_harm_boundary(patients: Sequence[int], acceptable: float, *, alpha: float) -> HarmBoundary:
    """Return the boundary whose exact binomial level is the same at every look.

    Parameters
    ----------
    patients, acceptable
        As in `beta_binomial_boundary`.
    alpha
        Largest probability to stop when the true share is the acceptable one; above 0 and below 1.

    Raises
    ------
    TrialError
        When a number cannot be used.
    """
    refuse("boundary for harm", [*_problems(patients, acceptable), *share_problem("alpha", alpha)])
    tails = [binom.sf(np.arange(n + 1) - 1, n, acceptable) for n in patients]

    def at_level(level: float) -> HarmBoundary:
        fewest = tuple(int(np.argmax(np.append(tail <= level, True))) for tail in tails)
        return HarmBoundary(tuple(patients), fewest, acceptable)

    # the chance to stop changes only where the level passes one of the attainable probabilities
    levels = np.unique(np.concatenate(tails))
    levels = levels[levels < 1]  # at which no event at all would stop the trial
    low, high = -1, len(levels) - 1
    while low < high:
        middle = (low + high + 1) // 2
        is_kept = harm_stopping(at_level(float(levels[middle])), [acceptable]).stops[0] <= alpha
        low, high = (middle, high) if is_kept else (low, middle - 1)
    return at_level(float(levels[low]) if low >= 0 else 0.0)


def harm_stopping(boundary: HarmBoundary, shares: Sequence[float]) -> HarmStopping:
    """Return how often a boundary stops a trial, and after how many patients and events.

    Parameters
    ----------
    boundary
        From `beta_binomial_boundary` or `pocock_harm_boundary`.
    shares
        True shares of patients with the event, 0 to 1.

    Raises
    ------
    TrialError
        When a share is none.
    """
    wrong = [share for share in shares if not 0 <= share <= 1]
    refuse("stopping for harm", [Problem("shares", f"holds {share:g}", "0 to 1") for share in wrong])
    by_share = [_stopping_at(boundary, share) for share in shares]
    by_look = np.array([stops for stops, _ in by_share]).reshape(len(shares), len(boundary.patients))
    stops = by_look.sum(axis=1)
    last = boundary.patients[-1]
    saved = last - np.array(boundary.patients, dtype=float)
    n = last - by_look @ saved
    # each patient seen has the event with the same chance, whenever the trial stops (Wald's identity)
    return HarmStopping(np.array(shares, dtype=float), stops, n, n * np.array(shares, dtype=float), by_look)


def _stopping_at(boundary: HarmBoundary, share: float) -> tuple[Floats, Floats]:
    """Return the probability to stop at each look, and of each count of those who go on after the last."""
    going_on = np.ones(1)
    stops = np.zeros(len(boundary.patients))
    for look, (before, n) in enumerate(pairwise((0, *boundary.patients))):
        counts = np.convolve(going_on, binom.pmf(np.arange(n - before + 1), n - before, share))
        fewest = boundary.fewest_events[look]
        stops[look] = counts[fewest:].sum()
        going_on = counts[:fewest]
    return stops, going_on


def _problems(patients: Sequence[int], acceptable: float) -> list[Problem]:
    problems = share_problem("acceptable", acceptable)
    inside = len(patients) > 0 and patients[0] >= 1 and patients[-1] <= _MOST_PATIENTS
    if not inside or any(later <= earlier for earlier, later in pairwise(patients)):
        expected = f"one look or more, increasing, from 1 to {_MOST_PATIENTS}"
        problems.append(Problem("patients", f"are {', '.join(map(str, patients)) or 'none'}", expected))
    return problems
