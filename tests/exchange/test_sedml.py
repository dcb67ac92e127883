"""The experiment is read without complaint, and names what the model has."""

import pytest

from sciatrial.exchange import to_sedml

libsedml = pytest.importorskip("libsedml")


def read(case):
    return libsedml.readSedMLFromString(to_sedml(case, "model.xml"))


def test_the_library_of_the_field_has_nothing_to_say_against_it(case):
    document = read(case)
    assert document.getErrorLog().getNumFailsWithSeverity(libsedml.LIBSEDML_SEV_ERROR) == 0
    assert (document.getLevel(), document.getVersion()) == (1, 4)


def test_every_output_is_reported_and_the_scores_are_drawn(case):
    document = read(case)
    report, plot = document.getOutput(0), document.getOutput(1)
    assert report.getNumDataSets() == len(case.model.outputs) + 1
    assert {plot.getCurve(i).getYDataReference() for i in range(plot.getNumCurves())} >= {
        "data_leg_pain",
        "data_weakness",
    }


def test_the_course_ends_on_the_last_day(case):
    assert read(case).getSimulation(0).getOutputEndTime() == case.last_day
