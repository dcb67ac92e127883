"""Which programs made a run: versions, and a fingerprint of our own code and tables."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_LIBRARIES = ("sciatrial", "numpy", "scipy", "numba", "llvmlite", "pandas")
_CODE = (".py", ".csv", ".toml", ".j2", ".css")


@cache
def versions() -> dict[str, str]:
    """Return name → version of everything whose change could change a number."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed as a package"
    return {**found, "sciatrial code": code_fingerprint()}


@cache
def code_fingerprint() -> str:
    """Return a hash of the package's source files and tables, so that an edited copy is told from a release."""
    package = Path(__file__).parent.parent
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(package.rglob("*")):
        if path.suffix in _CODE and "__pycache__" not in path.parts:
            digest.update(path.relative_to(package).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def differences(kept: Mapping[str, str], now: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return (name, kept version, version now) wherever they differ."""
    names = [*kept, *(name for name in now if name not in kept)]
    return [
        (name, kept.get(name, "not recorded"), now.get(name, "not there"))
        for name in names
        if kept.get(name) != now.get(name)
    ]
