"""The difference of two means of a trial when a prior is borrowed for the control: posterior, and how it errs by drift.

Both estimates are normal with a known covariance; nothing is believed of the other arm. Benefits are positive: whoever
measures pain changes the signs first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from sciatrial.foundation import Problem, TrialError
from sciatrial.statistics.normal_mixture import Floats, NormalMixture, mixture_quantile, updated_mixture

# beyond this many standard errors of the control lies less than 1e-15
_TAIL = 8.0
_NODES = 200


@dataclass(frozen=True)
class ArmErrors:
    """What is known of the errors of two arms' means.

    Parameters
    ----------
    control, arm
        Variances, above 0.
    covariance
        Between them; 0 where nothing is adjusted for. Smaller than the root of their product.
    """

    control: float
    arm: float
    covariance: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no covariance."""
        if not (self.control > 0 and self.arm > 0 and self.covariance**2 < self.control * self.arm):
            found = f"variances {self.control:g} and {self.arm:g}, covariance {self.covariance:g}"
            raise TrialError("borrowing", Problem("errors", found, "a covariance of two means", "check the means"))

    @property
    def slope(self) -> float:
        """By how much the arm's mean is off for each point that the control's is."""
        return self.covariance / self.control

    @property
    def left(self) -> float:
        """Variance of the arm's mean once the control's error is known."""
        return self.arm - self.covariance * self.slope

    @property
    def of_difference(self) -> float:
        """Variance of arm less control."""
        return self.control + self.arm - 2 * self.covariance


def borrowed_difference(
    prior: NormalMixture, control: float, arm: float, errors: ArmErrors
) -> tuple[NormalMixture, NormalMixture]:
    """Return the posteriors of arm less control, and of the control.

    Parameters
    ----------
    prior
        Of the control's mean.
    control, arm
        Estimates of the two means.
    errors
        Of the estimates.
    """
    posterior = prior.given(control, errors.control**0.5)
    slope = errors.slope
    weights, means, sds = posterior.parts
    of_difference = arm - slope * control + (slope - 1) * means
    spreads = np.sqrt(errors.left + (slope - 1) ** 2 * sds**2)
    return NormalMixture(tuple(weights.tolist()), tuple(of_difference.tolist()), tuple(spreads.tolist())), posterior


def success_by_drift(
    prior: NormalMixture,
    errors: ArmErrors,
    drifts: ArrayLike,
    *,
    effect: float = 0.0,
    error: float = 0.025,
    nodes: int = _NODES,
) -> Floats:
    """Return how often a benefit is shown, by how far the true control mean lies from the prior's; dims ``drift``.

    A benefit is shown where its posterior probability is above ``1 - error``. For each estimate of the control there is
    one estimate of the arm from which on that holds, so that the probability is one integral over the control's.

    Parameters
    ----------
    prior
        Of the control's mean.
    errors
        Of the trial's two means.
    drifts
        True control mean less the prior's mean; dims ``drift``.
    effect
        True difference; 0 gives the type I error.
    error
        Between 0 and 1.
    nodes
        Of the quadrature; twice as many tell its precision.
    """
    drift = np.atleast_1d(np.asarray(drifts, float))[:, None]
    points, weights = np.polynomial.legendre.leggauss(nodes)
    away = _TAIL * points
    density = _TAIL * weights * np.exp(-(away**2) / 2) / np.sqrt(2 * np.pi)
    true = prior.mean + drift
    control = true + errors.control**0.5 * away
    share, means, sds = updated_mixture(prior, control, errors.control**0.5)
    slope = errors.slope
    # the difference is positive with the wanted probability where the arm is the quantile of what is taken off it
    taken_off = slope * control[..., None] - (slope - 1) * means
    spread = np.sqrt(errors.left + (slope - 1) ** 2 * sds**2)
    critical = mixture_quantile(1 - error, share, taken_off, spread)
    expected = true + effect + slope * (control - true)
    return ndtr((expected - critical) / errors.left**0.5) @ density


def success_without_prior(errors: ArmErrors, *, effect: float = 0.0, error: float = 0.025) -> float:
    """Return how often the same trial shows a benefit when nothing is borrowed."""
    return float(ndtr(effect / errors.of_difference**0.5 + ndtri(error)))
