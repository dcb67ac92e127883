"""What the studies say together, and how sure that is.

Takes arm estimates, gives pooled effects with intervals, networks, courses over time and the certainty of each.
Never knows any biology, never counts a patient twice, and never prints a result that did not converge as if it had.
"""

from sciatrial.synthesis.arm_tables import Likelihood
from sciatrial.synthesis.course_models import (
    Correlation,
    CorrelationKind,
    Heterogeneity,
    Reference,
    TimeCourseModel,
    TimeCoursePriors,
)
from sciatrial.synthesis.courses import Course, Shape
from sciatrial.synthesis.dose_response import DoseFunction, DosePriors, DoseResponseResult, fit_dose_response
from sciatrial.synthesis.fit import Fit
from sciatrial.synthesis.network import NetworkPriors, NetworkResult, fit_network
from sciatrial.synthesis.network_design import Consistency, Effects
from sciatrial.synthesis.node_splits import NodeSplits, split_courses, split_nodes, splittable
from sciatrial.synthesis.ranking import absolute, league, league_table, new_study, rank_treatments
from sciatrial.synthesis.sampling import Diagnostics, Sampler
from sciatrial.synthesis.time_course import TimeCourseResult, fit_time_course

__all__ = [
    "Consistency",
    "Correlation",
    "CorrelationKind",
    "Course",
    "Diagnostics",
    "DoseFunction",
    "DosePriors",
    "DoseResponseResult",
    "Effects",
    "Fit",
    "Heterogeneity",
    "Likelihood",
    "NetworkPriors",
    "NetworkResult",
    "NodeSplits",
    "Reference",
    "Sampler",
    "Shape",
    "TimeCourseModel",
    "TimeCoursePriors",
    "TimeCourseResult",
    "absolute",
    "fit_dose_response",
    "fit_network",
    "fit_time_course",
    "league",
    "league_table",
    "new_study",
    "rank_treatments",
    "split_courses",
    "split_nodes",
    "splittable",
]
