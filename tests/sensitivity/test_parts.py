"""Parts come back, and nothing of anybody else's is touched."""

import numpy as np
import pytest

from sciatrial.foundation import StudyError
from sciatrial.sensitivity import forget_parts, refuse_other_folder
from sciatrial.sensitivity.parts import keep_part, kept_part


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "deep" / "out.parts"


def test_the_first_part_makes_the_folder_and_comes_back(folder):
    keep_part(folder / "one.npy", np.arange(3.0))
    np.testing.assert_array_equal(kept_part(folder / "one.npy"), np.arange(3.0))
    assert kept_part(folder / "two.npy") is None
    refuse_other_folder(folder)


def test_parts_of_an_interrupted_analysis_stay_and_those_of_a_finished_one_go(folder):
    keep_part(folder / "one.npy", np.arange(3.0))
    forget_parts(folder, is_done=False)
    assert (folder / "one.npy").exists()
    forget_parts(folder, is_done=True)
    assert not folder.exists()
    forget_parts(folder, is_done=True)


def test_a_folder_without_a_part_goes(folder):
    folder.mkdir(parents=True)
    refuse_other_folder(folder)
    forget_parts(folder, is_done=False)
    assert not folder.exists()


def test_what_somebody_else_left_is_refused_and_stays(folder):
    folder.mkdir(parents=True)
    (folder / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(StudyError, match="was not made by this command"):
        refuse_other_folder(folder)
    forget_parts(folder, is_done=True)
    assert (folder / "thesis.txt").exists()


def test_a_part_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StudyError, match="cannot be written"):
        keep_part(tmp_path / "file" / "one.npy", np.arange(3.0))
