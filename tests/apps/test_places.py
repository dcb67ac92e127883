"""A place that cannot be written to is told before the work."""

from pathlib import Path

import pytest

from sciatrial.apps.places import refuse_unwritable_file, refuse_unwritable_folder, whole_folder, write_new, written
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


def test_a_folder_is_there_when_it_is_whole_and_not_before(tmp_path):
    path = tmp_path / "new" / "whole"
    with whole_folder(path, verb="export x") as made:
        (made / "a.txt").write_text("a", encoding="utf-8")
        assert not path.exists()
    assert {item.name for item in path.iterdir()} == {"a.txt", ".sciatrial.json"}
    assert [item.name for item in path.parent.iterdir()] == ["whole"]


def test_a_folder_that_fails_leaves_what_was_there(tmp_path):
    path = tmp_path / "whole"
    with whole_folder(path, verb="export x") as made:
        (made / "a.txt").write_text("old", encoding="utf-8")

    def fail():
        with whole_folder(path, force=True, verb="export x") as made:
            (made / "a.txt").write_text("new", encoding="utf-8")
            raise ValueError("half")

    with pytest.raises(ValueError, match="half"):
        fail()
    assert (path / "a.txt").read_text(encoding="utf-8") == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["whole"]


def test_force_replaces_a_folder_and_what_is_no_longer_written_is_gone(tmp_path):
    path = tmp_path / "whole"
    for name in ("a.txt", "b.txt"):
        with whole_folder(path, force=True, verb="export x") as made:
            (made / name).write_text(name, encoding="utf-8")
    assert {item.name for item in path.iterdir()} == {"b.txt", ".sciatrial.json"}


def _replace(path, verb="export x"):
    with whole_folder(path, force=True, verb=verb) as made:
        (made / "a.txt").write_text("new", encoding="utf-8")


def test_a_users_own_file_is_never_replaced_whatever_its_name(tmp_path):
    path = tmp_path / "whole"
    path.mkdir()
    (path / "a.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(StudyError, match=r"holds a\.txt, which `export x` did not write"):
        _replace(path)
    (path / "a.txt").unlink()
    _replace(path)  # an empty folder is nobody's
    (path / "b.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(StudyError, match=r"holds b\.txt"):
        _replace(path)
    assert (path / "b.txt").read_text(encoding="utf-8") == "mine"


def test_a_file_that_changed_since_and_the_folder_of_another_verb_are_not_replaced(tmp_path):
    path = tmp_path / "whole"
    _replace(path)
    with pytest.raises(StudyError, match="`export y` did not write"):
        _replace(path, verb="export y")
    (path / "a.txt").write_text("my notes", encoding="utf-8")
    with pytest.raises(StudyError, match=r"holds a\.txt.*changed since"):
        _replace(path)
    assert (path / "a.txt").read_text(encoding="utf-8") == "my notes"


def test_an_error_about_another_place_is_not_told_as_one_of_the_folder(tmp_path):
    with pytest.raises(FileNotFoundError), whole_folder(tmp_path / "whole", verb="export x"):
        (tmp_path / "no such evidence.csv").read_text(encoding="utf-8")

    def write_below_nothing():
        with whole_folder(tmp_path / "whole", verb="export x") as made:
            (made / "none" / "a.txt").write_text("a", encoding="utf-8")

    with pytest.raises(StudyError, match="folder: cannot be written"):
        write_below_nothing()

    def fill_the_disk():
        with whole_folder(tmp_path / "whole", verb="export x"):
            raise OSError(28, "No space left on device")

    with pytest.raises(StudyError, match="No space left"):
        fill_the_disk()
    assert list(tmp_path.iterdir()) == []


def test_force_replaces_neither_a_file_nor_a_folder_with_other_things(tmp_path):
    file = tmp_path / "file"
    file.write_text("mine", encoding="utf-8")
    with pytest.raises(StudyError, match="is a file"), whole_folder(file, force=True, verb="export x"):
        pass
    (tmp_path / "folder" / "inner").mkdir(parents=True)
    with pytest.raises(StudyError, match="holds inner"), whole_folder(tmp_path / "folder", force=True, verb="export x"):
        pass
    assert (tmp_path / "folder" / "inner").is_dir()


def test_a_text_replaces_another_by_force_alone(tmp_path, capsys):
    path = tmp_path / "text"
    write_new(path, "one\ntwo\n", force=False)
    assert "2 lines" in capsys.readouterr().err
    with pytest.raises(StudyError, match="already exists"):
        write_new(path, "three\n", force=False)
    write_new(path, "three\n", force=True)
    assert path.read_text(encoding="utf-8") == "three\n"
    assert [item.name for item in tmp_path.iterdir()] == ["text"]
