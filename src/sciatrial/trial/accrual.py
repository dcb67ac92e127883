"""When patients come: at a constant rate a month after a ramp-up, as expected or by chance, at one site or many."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from sciatrial.foundation import uniforms

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ArrivalKind(StrEnum):
    """How patients arrive.

    ``expected``: each when the expected number of patients says so, in every trial alike. ``poisson``: by chance, in
    every trial otherwise.
    """

    EXPECTED = "expected"
    POISSON = "poisson"


class Sites(BaseModel):
    """The sites of a trial, each with a rate of its own.

    Parameters
    ----------
    number
        2 to 500.
    months_between_openings
        The first site opens at month 0, each further one this much later; 0 to 24.
    rate_shape
        Shape of the gamma distribution from which each trial draws the sites' rates, 0.05 to 1000: the coefficient of
        variation between sites is 1/√shape. Left out, all sites have the same rate.
    most_per_site
        Patients at which a site closes, or none.

    Source
    ------
    Anisimov and Fedorov (2007), Statistics in Medicine 26, 4958-4975: Poisson arrivals with gamma rates.
    """

    model_config = _STRICT

    number: Annotated[int, Field(ge=2, le=500)]
    months_between_openings: Annotated[float, Field(ge=0, le=24)] = 0.0
    rate_shape: Annotated[float, Field(ge=0.05, le=1000)] | None = None
    most_per_site: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class Accrual(BaseModel):
    """How fast patients are randomised.

    Parameters
    ----------
    per_month
        Patients a month of all sites together once recruitment is at its full rate, above 0 and up to 100 000.
    ramp_up_months
        Months, 0 to 120, in which the rate rises in a straight line from nothing to the full one: of each site after it
        has opened.
    arrivals
        ``expected``, or ``poisson``: patients then arrive by chance, so that trials differ in their length.
    sites
        Sites, which need ``poisson``; left out, there is one.
    """

    model_config = _STRICT

    per_month: Annotated[float, Field(gt=0, le=100_000)]
    ramp_up_months: Annotated[float, Field(ge=0, le=120)] = 0.0
    arrivals: ArrivalKind = ArrivalKind.EXPECTED
    sites: Sites | None = None

    @property
    def n_sites(self) -> int:
        """Number of sites."""
        return 1 if self.sites is None else self.sites.number

    def problems(self, n_patients: int) -> list[str]:
        """Return what does not fit together, as ``key: found; expected; next``."""
        if self.sites is None:
            return []
        found = []
        if self.arrivals is ArrivalKind.EXPECTED:
            told = 'expected, which has no sites; poisson; write arrivals = "poisson", or delete sites'
            found.append(f"accrual.arrivals: {told}")
        most = self.sites.most_per_site
        if most is not None and most * self.sites.number < n_patients:
            told = f"{most} at {self.sites.number} sites is fewer than {n_patients} patients"
            found.append(f"accrual.sites.most_per_site: {told}; room for all; raise it, or add sites")
        return found


@dataclass(frozen=True)
class Arrivals:
    """When and where the patients of one trial were randomised, in that order.

    Attributes
    ----------
    months
        After the first site opened; dims ``patient``. NaN without accrual.
    sites
        From 0; dims ``patient``.
    """

    months: NDArray[np.float64]
    sites: NDArray[np.int64]

    def first(self, n: int) -> Arrivals:
        """Return the first `n` arrivals."""
        return Arrivals(self.months[:n], self.sites[:n])

    def only(self, kept: NDArray[np.int64]) -> Arrivals:
        """Return some arrivals, by their place."""
        return Arrivals(self.months[kept], self.sites[kept])


def arrivals_of(accrual: Accrual | None, n_patients: int, seed: int) -> Arrivals:
    """Return the arrivals of one trial; `seed` is that of its luck. A patient's does not depend on who follows."""
    nowhere = np.zeros(n_patients, dtype=np.int64)
    if accrual is None:
        return Arrivals(np.full(n_patients, np.nan), nowhere)
    if accrual.arrivals is ArrivalKind.EXPECTED:
        return Arrivals(arrival_months(accrual, n_patients), nowhere)
    opened, rates = _site_rates(accrual, seed)
    n_sites = accrual.n_sites
    most = n_patients if accrual.sites is None or accrual.sites.most_per_site is None else accrual.sites.most_per_site
    # a site far above the others' rate may need more; then twice as many are drawn, the first ones the same
    each = min(n_patients, most, -(-4 * n_patients // n_sites) + 20)
    while True:
        luck = uniforms(seed, "arrival", np.arange(each * n_sites)).reshape(each, n_sites)
        months = opened + _months_of(accrual, np.cumsum(-np.log(luck), axis=0) / rates)
        order = np.argsort(months, axis=None, kind="stable")[:n_patients]
        last = months.flat[order[-1]]
        if each >= min(n_patients, most) or (months[-1] > last).all():
            return Arrivals(months.ravel()[order], order % n_sites)
        each = min(n_patients, most, 2 * each)


def _site_rates(accrual: Accrual, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the month at which each site opens and its patients a month at its full rate; dims ``site``."""
    from scipy.special import gammaincinv

    n_sites = accrual.n_sites
    mean = accrual.per_month / n_sites
    if accrual.sites is None:
        return np.zeros(1), np.array([mean])
    opened: NDArray[np.float64] = accrual.sites.months_between_openings * np.arange(n_sites, dtype=np.float64)
    shape = accrual.sites.rate_shape
    if shape is None:
        return opened, np.full(n_sites, mean)
    factor = gammaincinv(shape, uniforms(seed, "rate of a site", np.arange(n_sites))) / shape
    # a site whose rate is 0 in floating point brings nobody
    return opened, mean * np.maximum(factor, 1e-12)


def _months_of(accrual: Accrual, full: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return when a site has been open long enough to bring what it brings in so many months at its full rate."""
    ramp = accrual.ramp_up_months
    return np.where(full <= ramp / 2, np.sqrt(2 * ramp * full), ramp / 2 + full)


def arrival_months(accrual: Accrual, n_patients: int) -> NDArray[np.float64]:
    """Return the month in which each patient is expected to be randomised; dims ``patient``.

    Patient `i`, from 0, comes when the expected number of patients so far is `i`: no luck of its own. With sites, all
    have the mean rate, and none closes.
    """
    before = np.arange(n_patients, dtype=float)
    ramp, rate = accrual.ramp_up_months, accrual.per_month
    if accrual.sites is None or accrual.sites.months_between_openings == 0:
        rising = np.sqrt(2 * ramp * before / rate)
        return np.where(before <= rate * ramp / 2, rising, ramp / 2 + before / rate)
    opened = accrual.sites.months_between_openings * np.arange(accrual.n_sites)
    low, high = np.zeros(n_patients), np.full(n_patients, opened[-1] + ramp + n_patients / rate)
    # the expected number rises with time: halving finds the month to a millionth of a day
    for _ in range(60):
        middle = (low + high) / 2
        is_early = expected_patients(accrual, middle) < before
        low, high = np.where(is_early, middle, low), np.where(is_early, high, middle)
    return high


def expected_patients(accrual: Accrual, months: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how many patients are expected by each month after the first site opened, dims of `months`."""
    ramp = accrual.ramp_up_months
    each = accrual.per_month / accrual.n_sites
    apart = 0.0 if accrual.sites is None else accrual.sites.months_between_openings
    total = np.zeros(np.shape(months))
    for site in range(accrual.n_sites):
        open_for = np.maximum(months - apart * site, 0.0)
        rising = open_for**2 / (2 * ramp) if ramp > 0 else open_for
        total += each * np.where(open_for < ramp, rising, open_for - ramp / 2)
    return total
