"""How long work shows itself in a terminal: a bar with the time left, on standard error."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

_SECONDS_BETWEEN_LINES = 10.0


class Bar:
    """Progress as a bar on a terminal; elsewhere, such as in a log file, a line every ten seconds."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._label, self._total, self._done = "", 0, 0
        self._started = self._told = 0.0

    def start(self, label: str, total: int) -> None:
        """Begin `total` units of work."""
        self._label, self._total, self._done = label, total, 0
        self._started = self._told = time.monotonic()
        if self.console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
                TextColumn("left"), TimeRemainingColumn(), console=self.console, transient=True,
            )  # fmt: skip
            self._task = self._bar.add_task(label, total=total)
            self._bar.start()

    def advance(self, n: int = 1) -> bool:
        """Show `n` more units; never asks to stop, Ctrl-C does."""
        self._done += n
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task, n)
        elif time.monotonic() - self._told > _SECONDS_BETWEEN_LINES and self._done:
            self._told = time.monotonic()
            left = (self._told - self._started) / self._done * (self._total - self._done)
            self.console.print(f"{self._label}: {self._done} of {self._total}, about {left:.0f} s left")
        return True

    def finish(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
        self._bar = self._task = None

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()
