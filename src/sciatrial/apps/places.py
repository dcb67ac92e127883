"""Where a verb writes: a place that cannot be written to is told in our words, before the work where there is much."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator
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


def refuse_existing(path: Path, *, force: bool) -> None:
    """Refuse a file that is there already, unless it may be replaced."""
    if path.exists() and not force:
        hint = "choose another, or add --force; nothing changed"
        raise StudyError(str(path), Problem("file", "already exists", "a new name", hint))


def write_new(path: Path, text: str, *, force: bool) -> None:
    """Write a text file and tell its name and number of lines; what was there stays until the new text is whole."""
    refuse_existing(path, force=force)
    refuse_unwritable_file(path)
    with written(path):
        handle, temporary = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.", suffix=".partial")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        finally:
            Path(temporary).unlink(missing_ok=True)
    print(path)
    print(f"{len(text.splitlines())} lines", file=sys.stderr)


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


@contextmanager
def whole_folder(path: Path, *, force: bool = False, replaces: Collection[str]) -> Iterator[Path]:
    """Yield an empty folder that becomes `path` when everything in it is written; until then `path` is as it was.

    Parameters
    ----------
    path
        New, or with `force` a folder that holds nothing but files that the same verb writes.
    replaces
        Patterns of the names that the verb writes.
    """
    if path.exists() and not force:
        hint = "choose another name, or add --force; nothing changed"
        raise StudyError(str(path), Problem("folder", "already exists", "a new folder", hint))
    if path.exists():
        _refuse_other_files(path, replaces)
    else:
        refuse_unwritable_folder(path)
    with written(path, "folder"):
        path.absolute().parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=path.absolute().parent, prefix=f".{path.name}.", suffix=".partial"))
        try:
            made.chmod(0o755)
            yield made
            if path.exists():
                old = Path(tempfile.mkdtemp(dir=path.absolute().parent, prefix=f".{path.name}.", suffix=".old"))
                path.rename(old / path.name)
                made.rename(path)
                shutil.rmtree(old)
            else:
                made.rename(path)
        finally:
            shutil.rmtree(made, ignore_errors=True)


def _refuse_other_files(path: Path, replaces: Collection[str]) -> None:
    """Refuse to replace a file, or a folder that holds what the verb would not write."""
    if not path.is_dir():
        raise StudyError(str(path), Problem("folder", "is a file", "a folder", "choose another name"))
    others = sorted(item.name for item in path.iterdir() if item.is_dir() or not any(map(item.match, replaces)))
    if others:
        found = f"holds {', '.join(others[:3])}{' and more' if len(others) > 3 else ''}, which this verb does not write"
        hint = "choose another name, or move them away; nothing changed"
        raise StudyError(str(path), Problem("folder", found, "a folder that the same verb wrote", hint))
