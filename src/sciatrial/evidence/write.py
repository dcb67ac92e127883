"""`Evidence` → seven CSV files, whole or not at all: whatever fails, what was there before stays.

An update copies the old tables into a folder of their own first; `read_evidence` reads those for as long as that folder
is there, and the next update puts them back. So neither an error nor a power cut leaves half of an update.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from sciatrial.evidence.form import Addition
from sciatrial.evidence.keys import TextRow
from sciatrial.evidence.printed import as_first_printed, identity, printed_rows
from sciatrial.evidence.published import Evidence
from sciatrial.evidence.read import BEFORE_UPDATE, text_rows
from sciatrial.evidence.rows import TABLES
from sciatrial.foundation import EvidenceError, Problem

_NAMES = tuple(f"{table}.csv" for table in TABLES)
_STAGED = ".tables-new"
_DONE = ".tables-done"


def write_tables(evidence: Evidence, folder: str | Path, *, addition: Addition | None = None) -> Path:
    """Write the seven tables as CSV files: RFC 4180, columns in the order of the shipped files.

    Numbers that were read from the shipped tables, from the folder itself or from `addition` are spelt as they were
    there (``15.0`` stays ``15.0``), all others in the shortest way that reads back as the same number.

    Parameters
    ----------
    evidence
        Checked tables.
    folder
        A new folder, an empty one, or one with the seven tables, which is updated: all of its rows must be in
        `evidence`.
    addition
        A form whose rows are part of `evidence`.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    EvidenceError
        For the package's own tables, which are never written to; for a folder with other things; for a folder whose
        rows would be lost; for a folder that cannot be written to. What was there before is then still there.
    """
    folder = Path(folder)
    _refuse_package(folder)
    try:
        if folder.is_dir() and any(folder.iterdir()):
            undo_interrupted(folder)
            _refuse_other_folder(folder)
            kept = _rows_of(folder)
            _refuse_loss(evidence, folder, kept)
            _replace_all(folder, _texts(evidence, addition, kept))
        else:
            _write_new(folder, _texts(evidence, addition, {}))
    except OSError as error:
        problem = Problem(
            "folder",
            f"cannot be written ({error.strerror or error})",
            "a folder that you may write to, and room on the disk",
            "name another place; what was there is still there",
        )
        raise EvidenceError(str(folder), problem) from error
    return folder


def undo_interrupted(folder: Path) -> bool:
    """Put the old tables back where an update was cut off, and say whether one was."""
    before = folder / BEFORE_UPDATE
    if not before.is_dir():
        return False
    for name in _NAMES:
        shutil.copy2(before / name, folder / f".{name}.old")
        (folder / f".{name}.old").replace(folder / name)
    _finish(folder)
    return True


def _replace_all(folder: Path, texts: Mapping[str, str]) -> None:
    staged, before = folder / _STAGED, folder / BEFORE_UPDATE
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir()
    try:
        copies = staged / "before"
        copies.mkdir()
        for name in _NAMES:
            shutil.copy2(folder / name, copies / name)
            _write(staged / name, texts[name])
            shutil.copymode(folder / name, staged / name)
        copies.replace(before)  # from here on readers see the old tables, there
        try:
            for name in _NAMES:
                (staged / name).replace(folder / name)
        except BaseException:
            undo_interrupted(folder)
            raise
        _finish(folder)  # from here on readers see the new ones
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _finish(folder: Path) -> None:
    """End an update in one step: the copy of the old tables goes out of sight, then away."""
    shutil.rmtree(folder / _DONE, ignore_errors=True)
    (folder / BEFORE_UPDATE).replace(folder / _DONE)
    shutil.rmtree(folder / _DONE, ignore_errors=True)


def _write_new(folder: Path, texts: Mapping[str, str]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for name in _NAMES:
            _write(made / name, texts[name])
        made.chmod(0o755)
        if folder.is_dir():
            folder.rmdir()  # empty, as was seen above; a full one refuses
        made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _texts(evidence: Evidence, addition: Addition | None, kept: Mapping[str, Sequence[TextRow]]) -> dict[str, str]:
    shipped = _rows_of(Path(str(files("sciatrial.evidence").joinpath("tables"))))
    texts = {}
    for table, row_type in TABLES.items():
        added = addition.rows.get(table, ()) if addition is not None else ()
        known = [*kept.get(table, ()), *added, *shipped[table]]
        buffer = io.StringIO(newline="")
        writer = csv.DictWriter(buffer, list(row_type.model_fields), lineterminator="\n")
        writer.writeheader()
        writer.writerows(as_first_printed(table, printed_rows(table, getattr(evidence, table)), known))
        texts[f"{table}.csv"] = buffer.getvalue()
    return texts


def _rows_of(folder: Path) -> dict[str, list[TextRow]]:
    rows: dict[str, list[TextRow]] = {}
    problems: list[Problem] = []
    for table, row_type in TABLES.items():
        read, faults = text_rows(folder, table, row_type)
        rows[table] = read or []
        problems.extend(faults)
    if problems:
        raise EvidenceError(str(folder), problems)
    return rows


def _refuse_package(folder: Path) -> None:
    package = Path(str(files("sciatrial.evidence"))).resolve()
    if package in (place := folder.resolve()).parents or place == package:
        problem = Problem("folder", "is part of the package", "a folder of your own",
                          "name another folder; the shipped tables stay as they are")  # fmt: skip
        raise EvidenceError(str(folder), problem)


def _refuse_other_folder(folder: Path) -> None:
    missing = [name for name in _NAMES if not (folder / name).is_file()]
    if missing:
        found = f"holds other things and no {', '.join(missing)}"
        problem = Problem("folder", found, "a new folder, or one with all seven tables", "choose another name")
        raise EvidenceError(str(folder), problem)


def _refuse_loss(evidence: Evidence, folder: Path, kept: Mapping[str, Sequence[TextRow]]) -> None:
    problems = []
    for table, rows in kept.items():
        there = Counter(identity(table, row) for row in rows)
        lost = there - Counter(identity(table, row) for row in printed_rows(table, getattr(evidence, table)))
        if lost:
            count = lost.total()
            found = f"{count} row{'s' if count > 1 else ''} of it would be lost"
            problems.append(Problem(f"{table}.csv", found, "evidence that holds every row of the folder",
                                    "read the folder, add to that, or write into a new folder"))  # fmt: skip
    if problems:
        raise EvidenceError(str(folder), problems)
