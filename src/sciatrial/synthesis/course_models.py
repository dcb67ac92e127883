"""What is assumed of courses over time: reference, heterogeneity, correlation, classes and priors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sciatrial.foundation import EvidenceError, Problem
from sciatrial.synthesis.courses import Shape
from sciatrial.synthesis.sampling import told_priors


class Reference(StrEnum):
    """What is said about the course of a study's own reference."""

    FREE = "free"  # a value of its own for every visit of every study
    COURSE = "course"  # the same function as effects, with coefficients of its own for every study


class CourseHeterogeneity(StrEnum):
    """How effects of one treatment scatter between studies."""

    NONE = "none"
    CONSTANT = "constant over time"  # an arm's effect is shifted by the same amount at every visit after month 0
    COEFFICIENTS = "coefficients"  # each coefficient of the course scatters by itself


class CorrelationKind(StrEnum):
    """How errors of two visits of one arm are correlated."""

    COMPOUND_SYMMETRY = "compound symmetry"  # by rho, whichever visits
    AUTOREGRESSIVE = "autoregressive"  # by rho to the power of visits between them


@dataclass(frozen=True)
class Correlation:
    """Correlation of errors within an arm: a kind, and its rho from 0 to below 1, or None where it is estimated."""

    kind: CorrelationKind
    rho: float | None

    def __post_init__(self) -> None:
        if self.rho is not None and not 0 <= self.rho < 1:
            raise EvidenceError("correlation", [Problem("rho", f"{self.rho:g}", "from 0 to below 1, or None")])

    def told(self) -> str:
        """Return the correlation in words."""
        how = "estimated, uniform from 0 to 1" if self.rho is None else f"assumed {self.rho:g}"
        return f"correlation within arms: {self.kind}, rho {how}"


@dataclass(frozen=True)
class TimeCoursePriors:
    """What is believed before the data, in units of the estimate.

    Parameters
    ----------
    effect_sd
        Of normal priors about 0 of coefficients and of class means; above 0.
    reference_sd
        Of normal priors of each study's reference: its values about their mean, its coefficients about 0; above 0.
    heterogeneity_scale
        Of half-normal priors of standard deviations between studies; above 0.
    class_sd_scale
        Of half-normal priors of standard deviations within classes, one for each coefficient; above 0.
    """

    effect_sd: float = 100.0
    reference_sd: float = 1000.0
    heterogeneity_scale: float = 10.0
    class_sd_scale: float = 10.0

    def told(self) -> str:
        """Return the priors in one line."""
        return told_priors(self)


@dataclass(frozen=True)
class TimeCourseModel:
    """What is assumed.

    Parameters
    ----------
    shape
        Of effects over time.
    correlation
        Of errors within an arm; there is no default, because 0 is an assumption too.
    reference
        Of each study.
    heterogeneity
        Between studies.
    change_from_baseline
        Whether estimates are changes, so that a reference course begins at 0; used with `Reference.COURSE`.
    classes
        Class of each treatment that belongs to one: coefficients are exchangeable about those of the class.
    """

    shape: Shape
    correlation: Correlation
    reference: Reference = Reference.FREE
    heterogeneity: CourseHeterogeneity = CourseHeterogeneity.CONSTANT
    change_from_baseline: bool = False
    classes: Mapping[str, str] | None = None

    def told(self) -> str:
        """Return the model in words."""
        return (
            f"Course {self.shape.told()}; reference {self.reference}; heterogeneity {self.heterogeneity}; "
            f"{self.correlation.told()}"
        )
