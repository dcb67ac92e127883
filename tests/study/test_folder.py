import errno
import os
import subprocess
import sys

import pytest

from sciatrial.foundation import StudyError
from sciatrial.study import folder as room
from sciatrial.study.folder import alone, final_folder, finish, open_partial, read_run, write_json, writing


def test_a_run_grows_under_another_name_than_it_ends_under(tmp_path):
    final = final_folder(tmp_path, "study", "abc")
    partial = open_partial(final)
    assert partial.exists()
    assert not final.exists()
    finish(partial, final)
    assert final.exists()
    assert not partial.exists()


def test_a_folder_that_is_there_is_not_touched(tmp_path):
    final = final_folder(tmp_path, "study", "abc")
    final.mkdir()
    (final / "kept").write_text("mine", encoding="utf-8")
    with pytest.raises(StudyError, match="already exists"):
        finish(open_partial(final), final)
    assert (final / "kept").read_text(encoding="utf-8") == "mine"


def test_an_output_folder_below_a_file_cannot_be_written_to(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StudyError, match="cannot be written to"):
        open_partial(final_folder(tmp_path / "file", "study", "abc"))


def test_too_little_room_is_told_before_the_work_begins(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "_ROOM_NEEDED_MB", 1e15)
    with pytest.raises(StudyError, match="MB free"):
        open_partial(final_folder(tmp_path, "study", "abc"))


def test_a_folder_that_fills_up_in_mid_run_is_told(tmp_path):
    with pytest.raises(StudyError, match="is full"), writing(tmp_path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_two_processes_cannot_write_the_same_run(tmp_path):
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        (tmp_path / ".lock").write_text(str(other.pid), encoding="utf-8")
        with pytest.raises(StudyError, match=str(other.pid)), alone(tmp_path):
            pass
    finally:
        other.kill()
        other.wait()


def test_a_lock_that_a_dead_process_left_is_taken_over(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (tmp_path / ".lock").write_text(str(gone.pid), encoding="utf-8")
    with alone(tmp_path):
        assert (tmp_path / ".lock").read_text(encoding="utf-8") == str(os.getpid())
    assert not (tmp_path / ".lock").exists()


def test_json_is_written_whole(tmp_path):
    write_json(tmp_path / "run.json", {"seed": 3})
    assert read_run(tmp_path) == {"seed": 3}
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.parametrize("content", [None, "{"])
def test_a_folder_without_a_run_is_told(tmp_path, content):
    if content is not None:
        (tmp_path / "run.json").write_text(content, encoding="utf-8")
    with pytest.raises(StudyError, match="a finished run"):
        read_run(tmp_path)
