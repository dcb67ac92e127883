"""The run folder: written under a temporary name, renamed when whole, never changed afterwards."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sciatrial.foundation import Problem, StudyError, write_whole

_ROOM_NEEDED_MB = 50


def final_folder(out: str | Path, name: str, fingerprint: str) -> Path:
    """Return where a finished run lies."""
    return Path(out) / f"{name}-{fingerprint}"


def partial_folder(final: Path) -> Path:
    """Return where an unfinished run grows."""
    return final.parent / f".{final.name}.partial"


def open_partial(final: Path) -> Path:
    """Make the temporary folder, or find it as an interrupted run left it.

    Raises
    ------
    StudyError
        When nothing can be written there, or when there is too little room.
    """
    partial = partial_folder(final)
    try:
        partial.mkdir(parents=True, exist_ok=True)
        probe = partial / ".probe"
        probe.write_bytes(b"can be written")
        probe.unlink()
        free_mb = shutil.disk_usage(partial).free / 1e6
    except OSError as error:
        raise cannot_write(final.parent, error) from error
    if free_mb < _ROOM_NEEDED_MB:
        raise StudyError(
            str(final.parent),
            Problem(
                "output folder", f"has {free_mb:.0f} MB free", f"{_ROOM_NEEDED_MB} MB", "free some space, or use --out"
            ),
        )
    return partial


def cannot_write(place: Path, error: OSError) -> StudyError:
    """Return the error of a folder that cannot be written to."""
    found = "is full" if error.errno == errno.ENOSPC else f"cannot be written to ({error.strerror or error})"
    next_step = "free some space; the same command then goes on" if error.errno == errno.ENOSPC else "use --out FOLDER"
    return StudyError(
        str(place), Problem("output folder", found, "a folder with room that you may write to", next_step)
    )


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Tell a failure to write as a problem of the folder."""
    try:
        yield
    except OSError as error:
        raise cannot_write(place, error) from error


@contextmanager
def alone(partial: Path) -> Iterator[None]:
    """Keep a second process from writing the same run.

    Raises
    ------
    StudyError
        When another process that still runs holds it.
    """
    lock = partial / ".lock"
    holder = _holder(lock)
    if holder is not None:
        raise StudyError(
            str(partial),
            Problem(
                "run folder", f"is being written by process {holder}", "one run at a time", "wait, or stop that run"
            ),
        )
    lock.write_text(str(os.getpid()), encoding="utf-8")
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _holder(lock: Path) -> int | None:
    """Return the process that holds a lock, None when it is gone."""
    try:
        process = int(lock.read_text(encoding="utf-8"))
        os.kill(process, 0)
    except (OSError, ValueError):
        return None
    return process if process != os.getpid() else None


def finish(partial: Path, final: Path) -> None:
    """Give a whole run its name.

    Raises
    ------
    StudyError
        When a folder of that name has appeared meanwhile.
    """
    if final.exists():
        raise StudyError(str(final), Problem("run folder", "already exists", "a new folder", "remove it, or use --out"))
    partial.rename(final)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write plain values as JSON, whole or not at all."""
    write_whole(json.dumps(content, indent=1, ensure_ascii=False) + "\n", path)


def read_run(folder: str | Path) -> dict[str, Any]:
    """Return what ``run.json`` of a finished run says.

    Raises
    ------
    StudyError
        When the folder is no run.
    """
    folder = Path(folder)
    try:
        return json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        hint = "give a folder that `sciatrial run` made; `sciatrial show runs` lists them"
        raise StudyError(
            str(folder), Problem("run.json", f"cannot be read ({error})", "a finished run", hint)
        ) from error
