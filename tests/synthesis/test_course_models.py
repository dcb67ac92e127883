import pytest

from sciatrial.foundation import EvidenceError
from sciatrial.synthesis import Correlation, CorrelationKind, Course, Shape, TimeCourseModel


def test_the_assumed_correlation_is_printed():
    model = TimeCourseModel(Shape(Course.LINEAR), Correlation(CorrelationKind.AUTOREGRESSIVE, 0.4))
    assert "autoregressive, rho assumed 0.4" in model.told()


def test_there_is_no_correlation_by_silence():
    with pytest.raises(TypeError):
        TimeCourseModel(Shape(Course.LINEAR))


def test_a_correlation_of_1_is_refused():
    with pytest.raises(EvidenceError, match="below 1"):
        Correlation(CorrelationKind.COMPOUND_SYMMETRY, 1.0)
