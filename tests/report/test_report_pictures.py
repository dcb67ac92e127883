"""The pictures of the report: which there are, and that each says what it shows."""

import base64

import pytest

from sciatrial.report import compare_with_published
from sciatrial.report.report_pictures import report_pictures


@pytest.fixture(scope="module")
def pictures(inputs):
    return report_pictures(inputs, compare_with_published(inputs.operating, inputs.published, inputs.same_arm))


def test_every_picture_is_whole_and_says_what_it_shows(pictures):
    start = "data:image/svg+xml;base64,"
    assert {"courses", "contrasts", "operating", "truth", "assurance", "flow", "inside"} <= set(pictures)
    for name, picture in pictures.items():
        assert picture["address"].startswith(start)
        assert b"</svg>" in base64.b64decode(picture["address"].removeprefix(start)), name
        assert len(picture["says"]) > 20
        assert picture["width"] > 300


def test_what_a_design_does_not_have_is_not_drawn(inputs, pictures):
    assert ("looks" in pictures) is bool(inputs.operating.looks["look"].max() > 1)
    assert not {"arms", "new-size", "doses", "course"} & set(pictures)
