"""Make a run again from what it kept, and say whether every number is the same."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sciatrial.evidence import Evidence
from sciatrial.foundation import Problem, Progress, Record, StudyError, fingerprint, silent
from sciatrial.study import chain
from sciatrial.study.folder import read_run, writing
from sciatrial.study.read import read_study
from sciatrial.study.run import Tell, quietly, write_records
from sciatrial.study.stamp import differences, versions


@dataclass(frozen=True)
class Rerun:
    """What came of making a run again.

    ``changed`` names each record that differs with what differs in it; ``other_versions`` holds (name, kept, now).
    """

    folder: Path
    changed: Mapping[str, tuple[str, ...]]
    other_versions: tuple[tuple[str, str, str], ...]

    @property
    def is_identical(self) -> bool:
        """Whether every record has the kept fingerprint."""
        return not self.changed

    def __repr__(self) -> str:
        told = "identical, bit for bit" if self.is_identical else f"differs in {', '.join(self.changed)}"
        return f"Rerun: {self.folder}\n  {told}"


def rerun_study(folder: str | Path, *, force: bool = False, progress: Progress = silent, tell: Tell = quietly) -> Rerun:
    """Make a run again from its kept study, tables, posterior and seed, and compare every record.

    Nothing in the folder is touched, and nothing of it is reused but the study file, the tables and the posterior.

    Parameters
    ----------
    folder
        A run folder.
    force
        Go on under other versions of the programs.

    Raises
    ------
    StudyError
        When the folder is no run, or was made by other versions and `force` is not set; names each difference.
    """
    folder = Path(folder)
    kept = read_run(folder)
    other = differences(kept["versions"], versions())
    if other and not force:
        raise StudyError(
            str(folder),
            [
                Problem(name, f"the run was made with {was}, this is {now}", was, "install that, or go on with --force")
                for name, was, now in other
            ],
        )
    posterior = chain.kept_posterior(folder / "posterior")
    inputs = chain.read_inputs(
        read_study(folder / "study.toml"),
        evidence=Evidence.load(folder / "evidence"),
        posterior=posterior,
        population=None if posterior is None else chain.compared_beside(folder / "posterior", posterior),
    )
    with tempfile.TemporaryDirectory(prefix="sciatrial-rerun-") as temporary, writing(Path(temporary)):
        records = write_records(inputs, Path(temporary), progress=progress, tell=tell)
    changed = {}
    for name, record in records.items():
        if record.fingerprint() != kept["fingerprints"][name]:
            changed[name] = _what_differs(type(record).load(folder / name), record)
    if fingerprint(inputs.prior.rows) != kept["fingerprints"]["prior"]:
        changed["prior"] = ("the prior table is another one",)
    return Rerun(folder, changed, tuple(other))


def _what_differs(kept: Record, now: Record) -> tuple[str, ...]:
    """Return one sentence for each field of a record that differs."""
    told = []
    for name, before in vars(kept).items():
        after = getattr(now, name)
        if fingerprint(before) == fingerprint(after):
            continue
        if isinstance(before, pd.DataFrame) and before.shape == after.shape:
            columns = [(column, before[column].to_numpy(), after[column].to_numpy()) for column in before.columns]
            told += [
                f"{name}.{column}: {_distance(old, new)}"
                for column, old, new in columns
                if fingerprint(old) != fingerprint(new)
            ]
        elif isinstance(before, np.ndarray) and before.shape == after.shape:
            told.append(f"{name}: {_distance(before.ravel(), after.ravel())}")
        else:
            told.append(f"{name}: another size or other words")
    return tuple(told)


def _distance(before: np.ndarray, after: np.ndarray) -> str:
    if before.dtype.kind not in "fiub":
        return f"{int((before != after).sum())} of {len(before)} entries differ"
    away = np.abs(before.astype(float) - after.astype(float))
    differ = (before != after) & ~(np.isnan(before.astype(float)) & np.isnan(after.astype(float)))
    largest = np.nanmax(away) if np.isfinite(away).any() else np.nan
    return f"{int(differ.sum())} of {len(before)} numbers differ, by {largest:.3g} at most"
