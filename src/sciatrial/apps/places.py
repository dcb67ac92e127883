"""Where a verb writes: a place that cannot be written to is told in our words, before the work where there is much."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sciatrial.foundation import Problem, StudyError, write_whole

# beside the files of a folder that a verb writes: which ones, and what was in them
_LIST = ".sciatrial.json"


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
        write_whole(text, path)
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
def whole_folder(path: Path, *, verb: str, force: bool = False) -> Iterator[Path]:
    """Yield an empty folder that becomes `path` when everything in it is written; until then `path` is as it was.

    A list of its files is put beside them. By it alone a later call knows what it may replace.

    Parameters
    ----------
    path
        New, or with `force` a folder that holds nothing but what the same verb wrote, as it wrote it.
    verb
        What writes it.

    Raises
    ------
    StudyError
        When `path` cannot be written to, or holds something else. An error of the system that is about another place
        passes as it is.
    """
    if path.exists() and not force:
        hint = "choose another name, or add --force; nothing changed"
        raise StudyError(str(path), Problem("folder", "already exists", "a new folder", hint))
    if path.exists():
        _refuse_what_it_did_not_write(path, verb)
    else:
        refuse_unwritable_folder(path)
    with written(path, "folder"):
        path.absolute().parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=path.absolute().parent, prefix=f".{path.name}.", suffix=".partial"))
        made.chmod(0o755)
    try:
        try:
            yield made
        except OSError as error:
            if not _is_about(error, made):
                raise
            with written(path, "folder"):
                raise
        with written(path, "folder"):
            _list_files(made, verb)
            _put(made, path)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _is_about(error: OSError, made: Path) -> bool:
    """Whether an error of the system is about a folder; one without a place comes of a write, as of a full disk."""
    return error.filename is None or Path(os.fsdecode(error.filename)).is_relative_to(made)


def _put(made: Path, path: Path) -> None:
    """Give a whole folder its name, and remove the one that had it."""
    if not path.exists():
        made.rename(path)
        return
    old = Path(tempfile.mkdtemp(dir=path.absolute().parent, prefix=f".{path.name}.", suffix=".old"))
    path.rename(old / path.name)
    made.rename(path)
    shutil.rmtree(old)


def _list_files(folder: Path, verb: str) -> None:
    files = {item.name: _content(item) for item in sorted(folder.iterdir())}
    (folder / _LIST).write_text(json.dumps({"verb": verb, "files": files}, indent=1) + "\n", encoding="utf-8")


def _content(file: Path) -> str:
    return hashlib.blake2b(file.read_bytes(), digest_size=16).hexdigest()


def _listed(folder: Path, verb: str) -> dict[str, str]:
    """Return the files that a verb listed as its own in a folder, with their content; none without a list."""
    try:
        found = json.loads((folder / _LIST).read_text(encoding="utf-8"))
        return {str(name): str(content) for name, content in found["files"].items()} if found["verb"] == verb else {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _refuse_what_it_did_not_write(path: Path, verb: str) -> None:
    """Refuse to replace a file, or a folder with something in it that the verb did not write or that changed since."""
    if not path.is_dir():
        raise StudyError(str(path), Problem("folder", "is a file", "a folder", "choose another name"))
    own = _listed(path, verb)
    with written(path, "folder"):
        others = [
            item.name
            for item in sorted(path.iterdir())
            if not (item.name == _LIST and own) and not (item.is_file() and own.get(item.name) == _content(item))
        ]
    if others:
        found = f"holds {', '.join(others[:3])}{' and more' if len(others) > 3 else ''}"
        found += f", which `{verb}` did not write, or which changed since"
        hint = "choose another name, or move them away; nothing changed"
        raise StudyError(str(path), Problem("folder", found, "a folder as the same verb wrote it", hint))
