import numpy as np
import pytest

from sciatrial.synthesis import Correlation, CorrelationKind, Course, Shape, TimeCourseModel, TimeCoursePriors
from sciatrial.synthesis.arm_tables import arms_of
from sciatrial.synthesis.course_design import arrays_of, whitening

from .simulated import visits


@pytest.mark.parametrize("kind", CorrelationKind)
def test_the_closed_form_whitens_the_covariance_of_an_arm(kind):
    rho = 0.6
    network = arms_of(visits(se=2.0), reference="usual", within=("months",))
    model = TimeCourseModel(Shape(Course.LINEAR), Correlation(kind, rho))
    data, present, _ = arrays_of(network, model, TimeCoursePriors(), None)
    root, log = whitening(data, rho, kind, np)
    steps = np.abs(np.subtract.outer(np.arange(4), np.arange(4)))
    power = steps if kind is CorrelationKind.AUTOREGRESSIVE else (steps > 0).astype(float)
    arm = 4.0 * rho**power  # the first study has two arms of four visits
    whole = np.kron(np.eye(2), arm)
    assert root[0, :8, :8] @ whole @ root[0, :8, :8].T == pytest.approx(np.eye(8), abs=1e-12)
    logs = [np.linalg.slogdet(root[i][np.ix_(p, p)])[1] for i, p in enumerate(present)]
    assert log == pytest.approx(sum(logs) + present.sum() * np.log(2.0))
