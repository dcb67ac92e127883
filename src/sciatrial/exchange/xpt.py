"""Analysis dataset → SAS transport file, version 5."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sciatrial.exchange.datasets import AnalysisDataset
from sciatrial.foundation import Problem, StudyError, how_to_install

# of a variable's text, in a transport file of version 5
_LONGEST = 200


def xpt_problems(dataset: AnalysisDataset) -> list[Problem]:
    """Return the texts that a transport file of version 5 cannot hold: not ASCII, or longer than 200 characters."""
    problems = []
    for variable in dataset.variables:
        if variable.kind != "text":
            continue
        for text in sorted(set(dataset.frame[variable.name])):
            where = f"{dataset.name}.{variable.name}"
            hint = "rename it in the study file: the patients stay the same"
            if not text.isascii():
                problems.append(Problem(where, f"{text!r} is not ASCII", "letters without accents", hint))
            elif len(text) > _LONGEST:
                found = f"{text[:40]!r}… has {len(text)} characters"
                problems.append(Problem(where, found, f"{_LONGEST} or fewer", hint))
    return problems


def write_xpt(dataset: AnalysisDataset, path: str | Path) -> None:
    """Write a dataset as a SAS transport file of version 5.

    Parameters
    ----------
    dataset
        Its numbers keep their value to the last bit: those here are within the range of IBM's.
    path
        File to write.

    Raises
    ------
    StudyError
        When a text does not fit the format, or pyreadstat is not installed.

    Source
    ------
    SAS technical support TS-140: names of 8 characters, labels of 40, texts of 200.
    """
    problems = xpt_problems(dataset)
    if problems:
        raise StudyError(str(path), problems)
    pyreadstat_installed()
    from pyreadstat import write_xport

    frame: Any = dataset.frame  # its own word for a frame is not that of pandas
    write_xport(
        frame,
        str(path),
        file_label=dataset.label,
        column_labels=[variable.label for variable in dataset.variables],
        table_name=dataset.name,
        file_format_version=5,
    )


def pyreadstat_installed() -> None:
    """Raise a `StudyError` that says how to install it where pyreadstat is missing."""
    try:
        import pyreadstat  # noqa: F401
    except ImportError as error:
        what = Problem("pyreadstat", "is not installed", "an environment with it", how_to_install("exports"))
        raise StudyError("SAS transport files", what) from error
