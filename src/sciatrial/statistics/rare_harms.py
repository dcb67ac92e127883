"""Events that are rare: exact limits of their rate, and how many patients or years show one, or exclude a rate.

The exact (Clopper-Pearson) upper limit of a share after k events in n patients is at most p if and only if k events or
fewer have a probability of at most 1 − confidence at p. So n patients exclude p with k events when, at p, more than k
would be seen with that confidence: one number answers both questions. The rule of three is its value for k = 0, nearly.

Source
------
Clopper and Pearson (1934), Biometrika 26, 404-413; Garwood (1936), Biometrika 28, 437-442 (events over time).
"""

from __future__ import annotations

import numpy as np
from scipy.special import betainc, betaincinv, gammaincinv

from sciatrial.foundation import Problem
from sciatrial.statistics.design import refuse, share_problem

_MOST_PATIENTS = 10**9


def upper_limit_of_share(n_events: int, n: int, *, confidence: float = 0.95) -> float:
    """Return the one-sided exact (Clopper-Pearson) upper limit of the share of patients with an event.

    Parameters
    ----------
    n_events, n
        Patients with the event (0 to `n`), and patients (1 or more).
    confidence
        Above 0 and below 1; 0.975 gives the upper end of a two-sided 95 % interval.

    Raises
    ------
    TrialError
        When the counts do not fit together, or the confidence is no share.
    """
    problems = share_problem("confidence", confidence)
    if not 0 <= n_events <= n or n < 1:
        problems.append(Problem("n_events", f"is {n_events} of {n}", "0 to n, and n 1 or more"))
    refuse("exact limit", problems)
    return 1.0 if n_events == n else float(betaincinv(n_events + 1, n - n_events, confidence))


def upper_limit_of_rate(n_events: int, patient_years: float, *, confidence: float = 0.95) -> float:
    """Return the one-sided exact upper limit of a rate per patient-year, events by a Poisson law.

    Parameters
    ----------
    n_events
        0 or more.
    patient_years
        Above 0.
    confidence
        Above 0 and below 1.

    Raises
    ------
    TrialError
        When a number cannot be used.
    """
    problems = share_problem("confidence", confidence)
    if n_events < 0 or not patient_years > 0:
        problems.append(Problem("n_events", f"is {n_events} in {patient_years} patient-years", "0 or more, and years"))
    refuse("exact limit", problems)
    return float(gammaincinv(n_events + 1, confidence)) / patient_years


def patients_to_see(share: float, *, least_events: int = 1, confidence: float = 0.95) -> int:
    """Return how many patients show an event of a given share, or exclude it.

    Parameters
    ----------
    share
        Of patients with the event, above 0 and below 1.
    least_events
        1 or more: the events that are seen with at least the `confidence`; so many patients with one event fewer have
        an exact upper limit of at most `share`.
    confidence
        Above 0 and below 1.

    Raises
    ------
    TrialError
        When a number cannot be used, or a thousand million patients are too few.
    """
    problems = [*share_problem("share", share), *share_problem("confidence", confidence)]
    if least_events < 1:
        problems.append(Problem("least_events", f"is {least_events}", "1 or more"))
    refuse("patients to see an event", problems)

    def is_enough(n: int) -> bool:
        # chance of at least so many events among n patients
        return float(betainc(least_events, n - least_events + 1, share)) >= confidence

    low, high = least_events - 1, least_events
    while not is_enough(high):
        low, high = high, 2 * high
        if high > _MOST_PATIENTS:
            refuse("patients to see an event", [Problem("share", f"is {share:g}", "a share that a trial can see")])
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high


def patient_years_to_see(rate: float, *, least_events: int = 1, confidence: float = 0.95) -> float:
    """Return how many patient-years show an event of a given rate, or exclude it, as `patients_to_see` does.

    Parameters
    ----------
    rate
        Events per patient-year, above 0.
    least_events, confidence
        As in `patients_to_see`.

    Raises
    ------
    TrialError
        When a number cannot be used.
    """
    problems = share_problem("confidence", confidence)
    if not rate > 0 or not np.isfinite(rate):
        problems.append(Problem("rate", f"is {rate:g}", "above 0"))
    if least_events < 1:
        problems.append(Problem("least_events", f"is {least_events}", "1 or more"))
    refuse("patient-years to see an event", problems)
    return float(gammaincinv(least_events, confidence)) / rate


def chance_to_exclude(n: int, share: float, true_share: float, *, confidence: float = 0.95) -> float:
    """Return the chance that `n` patients exclude a share when the true one is smaller.

    Parameters
    ----------
    n
        Patients, 1 or more.
    share
        What is to be excluded: the exact upper limit is at most that. Above 0 and below 1.
    true_share
        0 to below 1.
    confidence
        Above 0 and below 1.

    Raises
    ------
    TrialError
        When a number cannot be used.
    """
    from scipy.stats import binom

    problems = [*share_problem("share", share), *share_problem("confidence", confidence)]
    if n < 1 or not 0 <= true_share < 1:
        problems.append(Problem("true_share", f"is {true_share:g}, of {n} patients", "0 to below 1, of 1 or more"))
    refuse("chance to exclude", problems)
    counts = np.arange(n + 1)
    # the limit rises with the count: count those at which it is at most the share
    allowed = int((binom.cdf(counts, n, share) <= 1 - confidence).sum())
    return 0.0 if allowed == 0 else float(binom.cdf(allowed - 1, n, true_share))
