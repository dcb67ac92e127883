"""How well a model fits, and how many parameters it really used: residual deviance, leverage, DIC (NICE TSD2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True)
class Fit:
    """Residual deviance and what it costs.

    Attributes
    ----------
    residual_deviance
        Posterior mean; near the number of points where the model fits.
    effective_parameters
        pD: the sum of the leverages.
    dic
        Residual deviance plus pD; a difference below 3 to 5 is none.
    half_variance
        pV: half the posterior variance of the deviance, which programs on top of JAGS print as pD; it equals pD where
        everything is normal, and is larger where it is not.
    n_points
        Rows.
    points
        `study`, further columns that name the point, `deviance` (posterior mean) and `leverage`.
    """

    residual_deviance: float
    effective_parameters: float
    dic: float
    half_variance: float
    n_points: int
    points: pd.DataFrame

    def told(self) -> str:
        """Return the fit in one line."""
        return (
            f"Fit: residual deviance {self.residual_deviance:.1f} on {self.n_points} points, "
            f"pD {self.effective_parameters:.1f}, DIC {self.dic:.1f}"
        )


def fit_of(points: pd.DataFrame, deviances: NDArray[np.float64], at_mean: NDArray[np.float64], n_points: int) -> Fit:
    """Return the fit from deviances (dims ``draw, point``) and those at the mean of the fitted values (``point``)."""
    mean_deviance = deviances.mean(0)
    leverage = mean_deviance - at_mean
    total, used = float(mean_deviance.sum()), float(leverage.sum())
    shown = points.reset_index(drop=True).assign(deviance=mean_deviance, leverage=leverage)
    return Fit(total, used, total + used, float(deviances.sum(1).var() / 2), n_points, shown)


def normal_fit(
    points: pd.DataFrame, estimate: NDArray[np.float64], se: NDArray[np.float64], fitted: NDArray[np.float64]
) -> Fit:
    """Return the fit of estimates with standard errors; `fitted` has dims ``draw, row``."""

    def deviance(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return ((estimate - values) / se) ** 2

    return fit_of(points, deviance(fitted), deviance(fitted.mean(0)), len(points))


def binomial_fit(
    points: pd.DataFrame, events: NDArray[np.float64], n: NDArray[np.float64], fitted: NDArray[np.float64]
) -> Fit:
    """Return the fit of events among patients; `fitted` are probabilities, dims ``draw, row``."""
    from scipy.special import xlogy

    def deviance(share: NDArray[np.float64]) -> NDArray[np.float64]:
        others = n - events
        observed = xlogy(events, events / n) + xlogy(others, others / n)
        return 2 * (observed - xlogy(events, share) - xlogy(others, 1 - share))

    return fit_of(points, deviance(fitted), deviance(fitted.mean(0)), len(points))
