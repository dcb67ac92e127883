"""Where a verb writes: a place that cannot be written to is told in our words, before the work where there is much."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sciatrial.foundation import Problem, StudyError


@contextmanager
def written(path: Path, what: str = "file") -> Iterator[None]:
    """Tell an error of the system while `path` is written as a `StudyError`."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        problem = Problem(
            what,
            f"cannot be written ({reason})",
            "a folder that exists and that you may write to",
            "name another place",
        )
        raise StudyError(str(path), problem) from error


def refuse_unwritable_folder(path: Path) -> None:
    """Refuse a new folder that is already there or cannot be made; folders above it may be missing."""
    if path.exists():
        raise StudyError(str(path), Problem("folder", "already exists", "a new folder", "choose another name"))
    above = next((folder for folder in path.absolute().parents if folder.exists()), path)
    with written(path, "folder"), tempfile.TemporaryDirectory(dir=above):
        pass  # some places, such as /proc, allow it in word only


def refuse_unwritable_file(path: Path) -> None:
    """Refuse a file that cannot be written because of its folder, or because it is a folder."""
    if path.is_dir():
        raise StudyError(str(path), Problem("file", "is a folder", "the name of a file", "add a name"))
    with written(path), tempfile.TemporaryFile(dir=path.absolute().parent):
        pass
