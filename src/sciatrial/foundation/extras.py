"""How to install what is missing: the package is on no index, so it is installed from its own folder."""

from __future__ import annotations


def how_to_install(extra: str = "") -> str:
    """Return the command that installs the package with an extra; without one, with the libraries it always needs."""
    target = f"'.[{extra}]'" if extra else "."
    return f"in the project's folder: .venv/bin/python -m pip install -e {target}"
