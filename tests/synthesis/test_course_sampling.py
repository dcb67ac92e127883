import numpy as np
import pytest

from sciatrial.synthesis import (
    Correlation,
    CorrelationKind,
    Course,
    CourseHeterogeneity,
    Sampler,
    Shape,
    TimeCourseModel,
    TimeCoursePriors,
)
from sciatrial.synthesis.arm_tables import arms_of
from sciatrial.synthesis.course_sampling import sample_courses

from .simulated import visits


def test_free_references_give_the_least_squares_of_contrasts():
    """One visit a study after month 0 and a slope: a weighted mean of differences over months."""
    frame = visits()
    frame = frame[frame["months"].isin([3.0, 2.0]) & frame["treatment"].isin(["usual", "drug"])]
    frame = frame[frame.groupby("study")["treatment"].transform("nunique") == 2]
    model = TimeCourseModel(
        Shape(Course.LINEAR),
        Correlation(CorrelationKind.COMPOUND_SYMMETRY, 0.5),
        heterogeneity=CourseHeterogeneity.NONE,
    )
    network = arms_of(frame, reference="usual", within=("months",))
    draws = sample_courses(network, model, TimeCoursePriors(), Sampler(seed=1, n_draws=4000))
    wide = frame.pivot_table(index=["study", "months"], columns="treatment", values="estimate").reset_index()
    gap, months = wide["drug"] - wide["usual"], wide["months"]
    expected, sd = (gap * months).sum() / (months**2).sum(), np.sqrt(2 / (months**2).sum())
    slope = draws.values["coefficient"]
    assert slope.mean() == pytest.approx(expected, abs=4 * sd / np.sqrt(slope.size))
    assert slope.std() == pytest.approx(sd, rel=0.03)
