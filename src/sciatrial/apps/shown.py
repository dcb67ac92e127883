"""A table as the command line shows it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Shown:
    """A table with a headline and, below it, what a reader should know.

    `narrow` is what fits a terminal; `code` is printed wherever the output goes.
    """

    title: str
    frame: pd.DataFrame
    note: str = ""
    narrow: pd.DataFrame | None = None
    code: str = ""

    def print(self, limit: int) -> None:
        """Print a table on a terminal, tab-separated text elsewhere; `limit` rows at most on a terminal, 0 for all."""
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table

        console = Console(highlight=False)
        if not console.is_terminal:
            self.frame.to_csv(sys.stdout, sep="\t", index=False, float_format="%.6g")
            if self.code:
                sys.stdout.write(f"\n{self.code}\n")
            if self.note:
                print(self.note, file=sys.stderr)
            return
        whole = self.frame if self.narrow is None else self.narrow
        rows = whole if limit == 0 else whole.head(limit)
        table = Table(title=self.title, title_justify="left", title_style="bold", header_style="bold", box=SIMPLE_HEAD)
        for column in rows.columns:
            number = rows[column].dtype.kind in "fi"
            table.add_column(column.replace("_", " "), justify="right" if number else "left", overflow="fold")
        for row in rows.itertuples(index=False):
            table.add_row(*(_cell(value) for value in row))
        console.print(table)
        if len(rows) < len(self.frame):
            console.print(f"{len(rows)} of {len(self.frame)} rows; --limit 0 for all, --json for machines.")
        if self.narrow is not None:
            console.print("All columns: --json, or send the output to a file.")
        if self.note:
            console.print(self.note, markup=False)
        if self.code:
            console.print(f"\n{self.code}", markup=False, soft_wrap=True)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.4g}"
    return "" if value is None else str(value).replace("[", r"\[")
