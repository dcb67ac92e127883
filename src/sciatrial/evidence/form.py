"""A study as one form (TOML), or as CSV files with the columns of the schema → a checked `Addition`.

Everything that is wrong is told at once: the form itself, its cells and rows, and where it clashes with the evidence
that is there. What only looks odd is a warning (`suspicions.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pandas as pd

from sciatrial.evidence.form_toml import FormRows, read_toml_form
from sciatrial.evidence.keys import TextRow, key_problems, place
from sciatrial.evidence.printed import plain_cells, printed_rows
from sciatrial.evidence.published import Evidence
from sciatrial.evidence.read import checked_frame, read_evidence, text_rows
from sciatrial.evidence.rows import TABLES
from sciatrial.evidence.suspicions import suspicions
from sciatrial.foundation import EvidenceError, Problem, nearest, unknown_word

_STUDY_ID = r"[a-z][a-z0-9_]{0,59}"


@dataclass(frozen=True, repr=False, eq=False)
class Addition:
    """What a form adds to the tables: its rows as printed and checked, and what looks odd about them.

    `rows` holds the text of each row by table, `frames` the same rows as checked frames with the columns of the
    schema. `is_confirmed` is False for a form that still says ``confirmed = false``: it can be checked, not added.
    """

    source: str
    rows: Mapping[str, tuple[TextRow, ...]]
    frames: Mapping[str, pd.DataFrame]
    is_confirmed: bool
    warnings: tuple[Problem, ...]

    def __repr__(self) -> str:
        counts = ", ".join(f"{table} {len(rows)}" for table, rows in self.rows.items() if rows)
        return f"Addition from {self.source}: rows of {counts}"


def read_form(path: str | Path | Sequence[str | Path], evidence: Evidence | None = None) -> Addition:
    """Read one study, check it alone and against the evidence that is there.

    Parameters
    ----------
    path
        A TOML form (see `starter_form`), a folder with one or more of the tables as CSV files, or a list of such
        files, named as the tables are: studies.csv, arms.csv, outcomes.csv, ...
    evidence
        The tables that the study is meant for; None: those shipped with the package.

    Returns
    -------
    Addition
        Checked rows, with every suspicion as a warning.

    Raises
    ------
    EvidenceError
        With every fault at once, each with its place in the file, what was found, what is expected and what to do.
    """
    evidence = read_evidence() if evidence is None else evidence
    if isinstance(path, (str, Path)):
        subject, read = str(path), _read_one(Path(path))
    else:
        subject, read = ", ".join(map(str, path)), _read_files([Path(file) for file in path])
    problems = list(read.problems)
    frames: dict[str, pd.DataFrame] = {}
    for table, rows in read.rows.items():
        frames[table], faults = checked_frame(table, TABLES[table], rows)
        problems.extend(faults)
    problems.extend(clashes(evidence, read.rows))
    problems = [problem for problem in problems if problem.where not in read.inherited]
    if read.adds_to and read.adds_to not in set(evidence.studies["study_id"]):
        close = nearest(read.adds_to, evidence.studies["study_id"])
        hint = f"did you mean {close!r}?" if close else "a new study has its own [study]"
        found = f"{read.adds_to!r} is not a study of the tables"
        problems.insert(0, Problem(f"{Path(subject).name}, adds_to", found, "a study_id of studies.csv", hint))
    if not problems and not any(read.rows.values()):
        problems.append(Problem("rows", "there are none", "one study", "`sciatrial evidence new NAME` writes a form"))
    if problems:
        raise EvidenceError(subject, problems)
    warnings = (*read.warnings, *suspicions(evidence, frames, read.rows))
    rows = {table: tuple(found) for table, found in read.rows.items()}
    return Addition(subject, rows, frames, read.is_confirmed, warnings)


def clashes(evidence: Evidence, rows: Mapping[str, Sequence[TextRow]]) -> list[Problem]:
    """Return which added rows repeat a row, here or in the evidence, and which point at an unknown study or arm."""
    studies = list(evidence.studies["study_id"])
    taken = {row.cells["study_id"] for row in rows.get("studies", ())} & set(studies)
    problems = [
        Problem(
            place("studies", row, "study_id"),
            f"{study!r} is already used in studies.csv, row {studies.index(study) + 2}",
            "a study_id that no other study has",
            "rename it if it is another study; else write the new rows in a form with adds_to",
        )
        for row in rows.get("studies", ())
        if (study := row.cells["study_id"]) in taken
    ]
    together: dict[str, list[TextRow]] = {}
    for table in TABLES:
        there = printed_rows(table, getattr(evidence, table))
        together[table] = [row._replace(origin=f"{table}.csv, row {row.number}") for row in there]
        # rows of a study that is there already would each be told again
        added = [row for row in rows.get(table, ()) if row.cells.get("study_id") not in taken]
        together[table] += [row._replace(cells=plain_cells(table, row.cells)) for row in added]
    return problems + key_problems(together)


def starter_form(study_id: str = "surname2026") -> str:
    """Return a commented form of an invented study, to be overwritten; it cannot be added before it is confirmed.

    Parameters
    ----------
    study_id
        Key of the study: lower-case letters, digits and underscores, a letter first.

    Raises
    ------
    EvidenceError
        For a key that the tables do not allow.
    """
    if not re.fullmatch(_STUDY_ID, study_id):
        likely = re.sub(r"[^a-z0-9]+", "_", study_id.lower()).strip("_")
        example = likely if re.fullmatch(_STUDY_ID, likely) else "surname2026"
        expected = "lower-case letters, digits and underscores, a letter first, 60 at most"
        raise EvidenceError("new form", Problem("study_id", f"is {study_id!r}", expected, f"for example {example!r}"))
    text = files("sciatrial.evidence").joinpath("starter_form.toml").read_text(encoding="utf-8")
    return text.replace("@STUDY@", study_id)


def _read_one(path: Path) -> FormRows:
    if path.is_dir():
        found = [path / f"{table}.csv" for table in TABLES if (path / f"{table}.csv").is_file()]
        if not found:
            expected = "one or more of " + ", ".join(f"{table}.csv" for table in TABLES)
            raise EvidenceError(str(path), Problem("folder", "holds none of the tables", expected, "check the path"))
        return _read_files(found)
    if path.suffix == ".csv":
        return _read_files([path])
    return read_toml_form(path)


def _read_files(paths: Sequence[Path]) -> FormRows:
    rows: dict[str, list[TextRow]] = {}
    problems: list[Problem] = []
    for path in paths:
        if path.stem not in TABLES or path.suffix != ".csv":
            problems.append(unknown_word(str(path), path.name, [f"{table}.csv" for table in TABLES], "table"))
            continue
        if path.stem in rows:
            problems.append(Problem(str(path), "is given twice", "each table once", "join the two files"))
            continue
        label = f"{path.parent.name}/{path.name}" if path.parent.name else path.name
        read, faults = text_rows(path.parent, path.stem, TABLES[path.stem])
        for fault in faults:
            where = label + fault.where.removeprefix(path.name)
            problems.append(Problem(where, fault.found, fault.expected, fault.next_step))
        rows[path.stem] = [row._replace(origin=f"{label}, row {row.number}") for row in read or ()]
    return FormRows(rows, problems, [], is_confirmed=True)
