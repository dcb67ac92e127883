"""Analysis dataset → CDISC Dataset-JSON, version 1.1."""

from __future__ import annotations

import json
import math
from datetime import datetime
from pathlib import Path
from typing import Any

from sciatrial.exchange.datasets import AnalysisDataset, Variable

VERSION = "1.1.0"
_KINDS = {"text": "string", "integer": "integer", "float": "double"}


def to_dataset_json(
    dataset: AnalysisDataset, *, study: str, created: datetime, program: tuple[str, str], define: str = "define.xml"
) -> str:
    """Return a dataset as Dataset-JSON.

    Parameters
    ----------
    dataset
        What to write; a number that is missing becomes null, a text that is empty stays empty.
    study
        Name of the study.
    created
        When, with its time zone.
    program
        Name and version of the program.
    define
        File with the define metadata, beside it.

    Source
    ------
    CDISC Dataset-JSON 1.1, 2024.
    """
    columns = [_column(dataset, variable) for variable in dataset.variables]
    document = {
        "datasetJSONCreationDateTime": created.isoformat(timespec="seconds"),
        "datasetJSONVersion": VERSION,
        "fileOID": f"{study}/{dataset.name}",
        "originator": program[0],
        "sourceSystem": {"name": program[0], "version": program[1]},
        "studyOID": study_oid(study),
        "metaDataVersionOID": version_oid(study),
        "metaDataRef": define,
        "itemGroupOID": dataset_oid(dataset),
        "records": len(dataset.frame),
        "name": dataset.name,
        "label": dataset.label,
        "columns": columns,
        "rows": [
            [_value(variable, value) for variable, value in zip(dataset.variables, row, strict=True)]
            for row in dataset.frame.itertuples(index=False)
        ],
    }
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"


def write_dataset_json(
    dataset: AnalysisDataset, path: str | Path, *, study: str, created: datetime, program: tuple[str, str]
) -> None:
    """Write a dataset as Dataset-JSON; see `to_dataset_json`."""
    Path(path).write_text(to_dataset_json(dataset, study=study, created=created, program=program), encoding="utf-8")


def _column(dataset: AnalysisDataset, variable: Variable) -> dict[str, Any]:
    column: dict[str, Any] = {
        "itemOID": variable_oid(dataset, variable), "name": variable.name, "label": variable.label,
        "dataType": _KINDS[variable.kind],
    }  # fmt: skip
    if variable.kind == "text":
        column["length"] = text_length(dataset, variable)
    if variable.name in dataset.keys:
        column["keySequence"] = dataset.keys.index(variable.name) + 1
    return column


def _value(variable: Variable, value: Any) -> str | int | float | None:
    if variable.kind == "text":
        return str(value)
    if math.isnan(value):
        return None
    return int(value) if variable.kind == "integer" else float(value)


def text_length(dataset: AnalysisDataset, variable: Variable) -> int:
    """Return the length of the longest text of a variable, 1 at least."""
    return max([1, *(len(text) for text in dataset.frame[variable.name])])


def study_oid(study: str) -> str:
    """Return the identifier of a study."""
    return f"STDY.{study}"


def version_oid(study: str) -> str:
    """Return the identifier of a study's metadata."""
    return f"MDV.{study}.ADaM"


def dataset_oid(dataset: AnalysisDataset) -> str:
    """Return the identifier of a dataset."""
    return f"IG.{dataset.name}"


def variable_oid(dataset: AnalysisDataset, variable: Variable) -> str:
    """Return the identifier of a variable of a dataset."""
    return f"IT.{dataset.name}.{variable.name}"
