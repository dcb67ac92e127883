"""Where compiled code is kept, so that the next process starts at once."""

from __future__ import annotations

import hashlib
import os
import tempfile
import warnings
from pathlib import Path

import platformdirs

_DIGEST_BYTES = 32


class CompileCacheWarning(UserWarning):
    """Compiled code could not be kept on disk: results are the same, the next start is slower."""


def cache_folder() -> Path:
    """Return the folder that keeps compiled code; the environment variable XDG_CACHE_HOME moves it on Linux."""
    return Path(platformdirs.user_cache_dir("sciatrial", appauthor=False)) / "kernels"


def warn_of_no_cache(folder: Path, error: OSError) -> None:
    """Warn that the folder cannot be used, and say what to do."""
    warnings.warn(
        f"{folder}: compiled code cannot be kept here ({error.strerror or error}). Results are the same; every "
        "start compiles again, which takes some seconds. Make the folder writable, free some space, or set "
        "XDG_CACHE_HOME to a folder that is.",
        CompileCacheWarning,
        stacklevel=3,
    )


def read_kept(name: str) -> bytes | None:
    """Return what is kept under a name; None when there is nothing, or something damaged."""
    try:
        content = (cache_folder() / name).read_bytes()
    except OSError:
        return None
    digest, kept = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    # damaged machine code would end the process, so it is never loaded
    return kept if hashlib.sha256(kept).digest() == digest else None


def keep(name: str, content: bytes) -> None:
    """Keep content under a name for the next process.

    Warns
    -----
    CompileCacheWarning
        When the folder cannot be used.
    """
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # under another name first, since two processes may do it at once
        handle, temporary = tempfile.mkstemp(dir=folder, suffix=".partial")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(content).digest() + content)
            Path(temporary).replace(folder / name)
        finally:
            Path(temporary).unlink(missing_ok=True)
    except OSError as error:
        warn_of_no_cache(folder, error)
