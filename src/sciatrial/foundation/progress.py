"""How long work reports itself: three calls, silent by default, and the caller may say stop."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """What a long function calls while it works; the command line shows a bar, a test counts."""

    def start(self, label: str, total: int) -> None:
        """Begin `total` units of work called `label`."""
        ...

    def advance(self, n: int = 1) -> bool:
        """Say that `n` more units are done; False means that the caller wants to stop."""
        ...

    def finish(self) -> None:
        """End the work that was started last."""
        ...


class SilentProgress:
    """Progress that shows nothing and never stops the work."""

    def start(self, label: str, total: int) -> None:
        """Begin, silently."""

    def advance(self, n: int = 1) -> bool:
        """Go on, silently."""
        return True

    def finish(self) -> None:
        """End, silently."""


silent = SilentProgress()
