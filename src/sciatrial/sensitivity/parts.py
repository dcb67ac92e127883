"""Finished parts of an analysis, kept in a folder so that an interrupted one goes on from there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sciatrial.foundation import Problem, StudyError

_PARTS = "*.npy"
_NOTE = "parts-of-an-interrupted-analysis.txt"
_NOTE_TEXT = "Finished parts. The same command goes on from here and removes them.\n"


def refuse_other_folder(folder: Path) -> None:
    """Refuse a folder with something in it that no analysis left there; one that does not exist yet is fine."""
    if folder.is_dir() and ((folder / _NOTE).is_file() or not any(folder.iterdir())):
        return
    if folder.exists():
        problem = Problem("folder", "was not made by this command", "no folder of this name", "choose another --out")
        raise StudyError(str(folder), problem)


def kept_part(place: Path) -> NDArray[np.float64] | None:
    """Return a finished part; None when there is none that can be read."""
    try:
        return np.load(place)
    except (OSError, ValueError, EOFError):
        return None


def keep_part(place: Path, part: NDArray[np.float64]) -> None:
    """Write a part, and its folder when it is the first.

    It gets another name first, so that an interruption leaves no half of one.

    Raises
    ------
    StudyError
        When it cannot be written.
    """
    partial = place.with_suffix(".partial")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        (place.parent / _NOTE).write_text(_NOTE_TEXT, encoding="utf-8")
        with partial.open("wb") as file:
            np.save(file, part)
        partial.replace(place)
    except OSError as error:
        problem = Problem("part", f"cannot be written ({error.strerror})", "a folder with room that you may write to")
        raise StudyError(str(place.parent), problem) from error


def forget_parts(folder: Path, *, is_done: bool) -> None:
    """Remove what `keep_part` left, and nothing else: all of it when it is done, else a folder without a part."""
    if not folder.is_dir() or (not is_done and any(folder.glob(_PARTS))):
        return
    for path in (*folder.glob(_PARTS), *folder.glob("*.partial"), folder / _NOTE):
        path.unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()
