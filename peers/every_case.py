"""Run another program on every exported case and keep how far it lies from our engine.

Finished cases are kept with a fingerprint of the file that was run; a case whose file is unchanged is not run again, so
an interrupted comparison goes on where it stopped.
"""

from __future__ import annotations

import csv
import hashlib
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from sciatrial.exchange import (
    CAUSES,
    REFERENCE_TREATMENTS,
    Case,
    Change,
    largest_difference,
    our_course,
    reference_case,
    to_sbml,
)

# no day of the list is a day of a dose, which falls on whole days
DAYS = np.array([0.5, 3.3, 10.6, 20.7, 45.1, 90.3, 180.2, 300.4, 364.5])
ALLOWED = 1e-6
RESULTS = Path(__file__).parents[1] / "tests" / "truth" / "peers"
COLUMNS = ["program", "version", "cause", "treatment", "file", "changes", "largest_difference", "output"]


def file_mark(case: Case) -> str:
    """Return a short hash of what decides the exported file: laws, numbers, doses and random events.

    Numbers count to nine digits, and the states at entry, which are computed from the rest, not at all: on another
    machine the last digits may differ.
    """
    rounded = replace(
        case,
        parameters={name: float(f"{value:.9g}") for name, value in case.parameters.items()},
        initial=dict.fromkeys(case.initial, 0.0),
        changes=tuple(
            Change(*(float(f"{x:.9g}") if isinstance(x, float) else x for x in (c.day, c.state, c.factor, c.amount)))
            for c in case.changes
        ),
    )
    return hashlib.blake2b(to_sbml(rounded).encode(), digest_size=6).hexdigest()


def every_pair() -> list[tuple[str, str]]:
    """Return causes and treatments, each new cause and treatment as early as possible."""
    causes, treatments = [str(cause) for cause in CAUSES], list(REFERENCE_TREATMENTS)
    return [
        (causes[(shift + place) % len(causes)], treatment)
        for shift in range(len(causes))
        for place, treatment in enumerate(treatments)
    ]


def compare(name: str, version: str, course: Callable[[Case, np.ndarray], dict[str, np.ndarray]]) -> None:
    """Write tests/truth/peers/NAME.csv; exit 1 when a case lies farther than allowed, or could not be run."""
    path = RESULTS / f"{name}.csv"
    done = {(row["cause"], row["treatment"]): row for row in _kept(path)}
    for cause, treatment in every_pair():
        case = reference_case(cause, treatment)
        mark = file_mark(case)
        if done.get((cause, treatment), {}).get("file") != mark:
            try:
                worst, where = largest_difference(case, our_course(case, DAYS), course(case, DAYS))
            except Exception as error:  # noqa: BLE001 a peer may fail in any way; that is counted, not hidden
                worst, where = float("inf"), f"{type(error).__name__}: {error}"[:120]
            values = [name, version, cause, treatment, mark, len(case.changes), f"{worst:.3e}", where]
            done[cause, treatment] = dict(zip(COLUMNS, map(str, values), strict=True))
            _write(path, done)
        row = done[cause, treatment]
        print(f"{name}  {cause:<18} {treatment:<20} {row['largest_difference']}  {row['output']}", flush=True)
    far = [row for row in done.values() if not float(row["largest_difference"]) <= ALLOWED]
    print(f"{len(done) - len(far)} of {len(done)} cases within {ALLOWED:g}; written to {path}")
    sys.exit(1 if far else 0)


def _kept(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _write(path: Path, done: dict[tuple[str, str], dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(done[key] for key in sorted(done))
