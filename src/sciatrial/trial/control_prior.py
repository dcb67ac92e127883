"""The prior of a control's mean as a trial is given it: where it comes from, and what it is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sciatrial.foundation import Problem, Record, TrialError
from sciatrial.statistics import NormalMixture, information_size, moment_size
from sciatrial.trial.results import no_rows

if TYPE_CHECKING:
    import pandas as pd

    from sciatrial.trial.borrowing import Borrowing
    from sciatrial.trial.design import Design


@dataclass(frozen=True, repr=False)
class ControlPrior(Record):
    """A prior of the control's mean change at the endpoint, in the unit of the endpoint, as measured.

    ``weights, means, sds``: the informative part, a mixture of normals; ``robust_weight, robust_sd``: the vague part
    about its mean; ``patient_sd``: between patients. ``divergence``: what few normals lose against the exact predictive
    (nats). ``pooled``: the meta-analysis behind it. ``arms``: every published control arm with the reason why it is
    not in the prior (``why_not``) and what the model's fit used of it (``fitted_to``). ``varied``: the informative part
    under other assumptions. ``twice``: studies whose evidence simulated trials count twice, ``told`` what is to be
    said of that. Empty where the study gives the prior itself.
    """

    arm: str
    weights: tuple[float, ...]
    means: tuple[float, ...]
    sds: tuple[float, ...]
    robust_weight: float
    robust_sd: float
    patient_sd: float
    divergence: float = 0.0
    pooled: Mapping[str, float] = field(default_factory=dict)
    arms: pd.DataFrame = field(default_factory=no_rows)
    varied: pd.DataFrame = field(default_factory=no_rows)
    twice: tuple[str, ...] = ()
    told: str = ""

    @property
    def informative(self) -> NormalMixture:
        """The part that is borrowed."""
        return NormalMixture(self.weights, self.means, self.sds)

    @property
    def mixture(self) -> NormalMixture:
        """Both parts; the vague one is the last, where there is one."""
        informative = self.informative
        return informative.with_vague_part(self.robust_weight, informative.mean, self.robust_sd)

    def informative_weight(self, posterior: NormalMixture) -> float:
        """Return the weight of the informative part in a posterior of `mixture`."""
        if self.robust_weight in (0.0, 1.0):
            return 1 - self.robust_weight
        return 1 - posterior.weights[-1]

    def sizes(self) -> dict[str, float]:
        """Return the patients that the prior is worth: of the informative part and of both, by two measures.

        ``informative`` and ``robust`` by the expected local information ratio; ``informative_by_moments`` and
        ``robust_by_moments`` by the variance.
        """
        parts = {"informative": self.informative, "robust": self.mixture}
        return {name: information_size(part, self.patient_sd) for name, part in parts.items()} | {
            f"{name}_by_moments": moment_size(part, self.patient_sd) for name, part in parts.items()
        }

    def table(self) -> pd.DataFrame:
        """Return the components."""
        import pandas as pd

        mixture = self.mixture
        kinds = ["informative"] * len(mixture.weights)
        if self.robust_weight > 0:
            kinds[-1] = "vague"
        return pd.DataFrame({"part": kinds, "weight": mixture.weights, "mean": mixture.means, "sd": mixture.sds})

    def __repr__(self) -> str:
        mixture = self.mixture
        return (
            f"ControlPrior: {self.arm}, mean {mixture.mean:.1f}, sd {mixture.sd:.1f}\n"
            f"  worth {information_size(mixture, self.patient_sd):.1f} patients"
        )


def given_prior(borrowing: Borrowing) -> ControlPrior:
    """Return the prior that a study gives itself."""
    patient_sd = borrowing.patient_sd or np.nan
    total = sum(part.weight for part in borrowing.prior)
    return ControlPrior(
        arm=borrowing.arm,
        weights=tuple(part.weight / total for part in borrowing.prior),
        means=tuple(part.mean for part in borrowing.prior),
        sds=tuple(part.sd for part in borrowing.prior),
        robust_weight=borrowing.robust_weight,
        robust_sd=borrowing.robust_sd or patient_sd,
        patient_sd=patient_sd,
        told="The study gives the prior itself; whether its source is also behind the model's numbers is not known.",
    )


def published_prior(
    borrowing: Borrowing,
    parts: tuple[Sequence[float], Sequence[float], Sequence[float]],
    patient_sd: float,
    **beside: Any,
) -> ControlPrior:
    """Return the prior that published arms make.

    Parameters
    ----------
    borrowing
        The design's.
    parts
        Weights, means and standard deviations of the informative normals.
    patient_sd
        Of the published arms; the design's own comes first.
    beside
        What else a `ControlPrior` holds: divergence, pooled, arms, varied, twice, told.
    """
    between = borrowing.patient_sd or patient_sd
    weights, means, sds = (tuple(float(value) for value in values) for values in parts)
    return ControlPrior(
        arm=borrowing.arm, weights=weights, means=means, sds=sds, robust_weight=borrowing.robust_weight,
        robust_sd=borrowing.robust_sd or between, patient_sd=between, **beside,
    )  # fmt: skip


def prior_of(design: Design, prior: ControlPrior | None) -> ControlPrior | None:
    """Return the prior by which a design's trials are analysed, None where it borrows nothing.

    Parameters
    ----------
    design
        The design.
    prior
        Of published arms; a prior that the design gives itself needs none.

    Raises
    ------
    TrialError
        When the design takes published arms, and nobody gives their prior.
    """
    asked = design.borrowing
    if asked is None:
        return None
    if asked.prior:
        return given_prior(asked)
    if prior is None:
        expected = "the prior that published control arms make"
        next_step = "give control_prior = …, or run it as a study"
        raise TrialError("borrowing", Problem("control_prior", "is missing", expected, next_step))
    return prior
