"""Published formulas that turn what a study printed into a mean and a standard deviation.

Every function takes and gives plain numbers in the unit of its input. None guesses: what it assumes stands in its
first lines, and the caller writes the rule beside the row.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from scipy.special import ndtri


def mean_from_quartiles(first: float, median: float, third: float, n: float) -> float:
    """Estimate a mean from the median and the quartiles of n patients, for a near-normal score.

    Source
    ------
    Luo, Wan, Liu and Tong 2018, Statistical Methods in Medical Research 27, equation 11: the weight of the mid-quartile
    is 0.7 + 0.39 / n.
    """
    weight = 0.7 + 0.39 / n
    return weight * (first + third) / 2 + (1 - weight) * median


def sd_from_quartiles(first: float, third: float, n: float) -> float:
    """Estimate an SD from the quartiles of n patients, for a near-normal score.

    Source
    ------
    Wan, Wang, Liu and Tong 2014, BMC Medical Research Methodology 14:135, equation 16.
    """
    return (third - first) / (2 * float(ndtri((0.75 * n - 0.125) / (n + 0.25))))


def sd_from_range(lowest: float, highest: float, n: float) -> float:
    """Estimate an SD from the lowest and highest score of n patients, for a near-normal score.

    Source
    ------
    Wan, Wang, Liu and Tong 2014, BMC Medical Research Methodology 14:135, equation 9.
    """
    return (highest - lowest) / (2 * float(ndtri((n - 0.375) / (n + 0.25))))


def quartiles_are_skewed(first: float, median: float, third: float, n: float) -> bool:
    """Say whether median and quartiles speak against a symmetric score at 5 %.

    Source
    ------
    Shi and colleagues 2023, Statistics in Medicine 42, their test for quartiles: reject where
    |q1 + q3 - 2 m| / (q3 - q1) is above 2.65 / sqrt(n) - 6 / n².
    """
    if third <= first:
        return True
    return abs(first + third - 2 * median) / (third - first) > 2.65 / sqrt(n) - 6 / n**2


def sd_of_change(sd_before: float, sd_after: float, correlation: float) -> float:
    """Return the SD of a change from the SDs before and after and their correlation within patients.

    Source
    ------
    Cochrane Handbook for Systematic Reviews of Interventions, section 6.5.2.8.
    """
    return sqrt(max(sd_before**2 + sd_after**2 - 2 * correlation * sd_before * sd_after, 0.0))


def join_groups(n: np.ndarray, means: np.ndarray, sds: np.ndarray) -> tuple[float, float, float]:
    """Join the arms of one study into one: patients, mean and SD of all of them together.

    Parameters
    ----------
    n, means, sds
        One number an arm, dims ``arm``.

    Source
    ------
    Cochrane Handbook for Systematic Reviews of Interventions, table 6.5.a, for any number of groups.
    """
    n, means, sds = (np.asarray(values, dtype=float) for values in (n, means, sds))
    total = n.sum()
    mean = float(n @ means / total)
    squares = ((n - 1) * sds**2).sum() + (n * (means - mean) ** 2).sum()
    return float(total), mean, sqrt(squares / (total - 1))


def difference_from_shares(
    share: float, n: float, share_of_control: float, n_of_control: float, sd: float
) -> tuple[float, float]:
    """Turn two responder shares into a difference of mean changes and its standard error.

    Assumes that changes are normal with one SD in both arms and that a responder is who falls below one threshold. A
    half patient is added to each cell, so that shares of 0 and 1 stay finite.

    Parameters
    ----------
    share, share_of_control
        Responders, 0 to 1.
    n, n_of_control
        Patients.
    sd
        Between patients, of the change, in the unit of the answer.

    Returns
    -------
    tuple
        Mean change of the arm less that of control (negative when more patients respond), and its standard error
        given the SD.

    Source
    ------
    Suissa 1991, Journal of Clinical Epidemiology 44: the binary method read the other way round; delta method.
    """
    quantiles, variance = [], 0.0
    for portion, patients in ((share, n), (share_of_control, n_of_control)):
        p = (portion * patients + 0.5) / (patients + 1)
        z = float(ndtri(p))
        density = np.exp(-z * z / 2) / sqrt(2 * np.pi)
        quantiles.append(z)
        variance += p * (1 - p) / (patients + 1) / density**2
    return -sd * (quantiles[0] - quantiles[1]), sd * sqrt(variance)
