"""A place that cannot be written to is told before the work."""

from pathlib import Path

import pytest

from sciatrial.apps.places import refuse_unwritable_file, refuse_unwritable_folder, written
from sciatrial.foundation import StudyError

PROC = Path("/proc/nobody-writes-here")


def test_a_place_that_can_be_written_to_is_left_as_it_was(tmp_path):
    refuse_unwritable_folder(tmp_path / "new" / "deep")
    refuse_unwritable_file(tmp_path / "picture.svg")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_there_is_refused(tmp_path):
    with pytest.raises(StudyError, match="already exists"):
        refuse_unwritable_folder(tmp_path)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="this system has no /proc")
def test_a_place_that_only_seems_writable_is_refused():
    with pytest.raises(StudyError, match="cannot be written"):
        refuse_unwritable_folder(PROC)
    with pytest.raises(StudyError, match="cannot be written"):
        refuse_unwritable_file(PROC)


def test_a_place_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    for refuse in (refuse_unwritable_folder, refuse_unwritable_file):
        with pytest.raises(StudyError, match="cannot be written"):
            refuse(tmp_path / "file" / "x")


def test_a_picture_cannot_be_a_folder_or_lie_in_one_that_is_not_there(tmp_path):
    with pytest.raises(StudyError, match="is a folder"):
        refuse_unwritable_file(tmp_path)
    with pytest.raises(StudyError, match="a folder that exists"):
        refuse_unwritable_file(tmp_path / "none" / "x.svg")


def test_an_error_of_the_system_has_four_parts(tmp_path):
    with pytest.raises(StudyError) as caught, written(tmp_path):
        raise OSError(28, "No space left on device")
    (problem,) = caught.value.problems
    assert "No space left" in problem.found
    assert problem.expected
    assert problem.next_step
