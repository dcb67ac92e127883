"""What flows between rooms: frozen records that can be saved, loaded and fingerprinted.

A record is a frozen dataclass whose fields are plain values, numpy arrays, pandas frames or xarray datasets. It is
saved as a folder that other programs can read: ``record.json`` for plain values, one CSV for a frame, one netCDF file
for a dataset or an array. The fingerprint is a hash of the content, so equal numbers have equal fingerprints.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from sciatrial.foundation.errors import Problem, StudyError

if TYPE_CHECKING:
    import pandas as pd


def fingerprint(content: Any) -> str:
    """Return a short hash of `content`: plain values, mappings, arrays, frames, datasets or records."""
    digest = hashlib.blake2b(digest_size=16)
    _feed(digest, content)
    return digest.hexdigest()


def write_whole(text: str, path: Path) -> None:
    """Write a text file under another name and rename it when it is whole; what was there before stays until then.

    Raises
    ------
    OSError
        When it cannot be written; nothing is left then.
    """
    handle, temporary = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.", suffix=".partial")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _feed(digest: Any, content: Any) -> None:
    if isinstance(content, Record):
        _feed(digest, {f.name: getattr(content, f.name) for f in dataclasses.fields(content)})
    elif hasattr(content, "__dataclass_fields__"):
        _feed(digest, {f.name: getattr(content, f.name) for f in dataclasses.fields(content)})
    elif content is None or isinstance(content, (str, bool, int, Enum)):
        digest.update(f"{type(content).__name__ if not isinstance(content, Enum) else 'str'}:{content};".encode())
    elif isinstance(content, (float, np.floating)):
        digest.update(f"float:{float(content).hex()};".encode())
    elif isinstance(content, np.generic):
        _feed(digest, content.item())
    elif isinstance(content, Mapping):
        digest.update(b"{")
        for key in sorted(content, key=str):
            _feed(digest, str(key))
            _feed(digest, content[key])
        digest.update(b"}")
    elif isinstance(content, (list, tuple, set, frozenset)):
        digest.update(b"[")
        for item in sorted(content, key=str) if isinstance(content, (set, frozenset)) else content:
            _feed(digest, item)
        digest.update(b"]")
    elif isinstance(content, np.ndarray):
        if content.dtype.kind in "OUS":
            digest.update(json.dumps([str(item) for item in content.ravel().tolist()]).encode())
        else:
            plain = np.ascontiguousarray(content)
            if plain.dtype.kind == "f":  # a NaN of 0 / 0 has a sign, which no table keeps
                plain = np.where(np.isnan(plain), np.array(np.nan, plain.dtype), plain)
            digest.update(f"{plain.dtype.str}{plain.shape}".encode())
            digest.update(plain.tobytes())
    elif hasattr(content, "data_vars"):  # xarray.Dataset
        _feed(
            digest,
            {**{str(k): v for k, v in content.coords.items()}, **{str(k): v for k, v in content.data_vars.items()}},
        )
    elif hasattr(content, "dims"):  # xarray.DataArray
        _feed(digest, [list(content.dims), np.asarray(content.values)])
    elif hasattr(content, "columns"):  # pandas.DataFrame
        _feed(digest, {str(column): content[column].to_numpy() for column in content.columns})
    elif isinstance(content, Path):
        _feed(digest, content.as_posix())
    else:
        raise TypeError(f"no fingerprint for {type(content).__name__}")


@dataclasses.dataclass(frozen=True)
class Record:
    """Parent of every record: gives it `save`, `load` and `fingerprint`, and nothing else."""

    FORMAT: ClassVar[int] = 1

    def fingerprint(self) -> str:
        """Return the hash of the record's content."""
        return fingerprint(self)

    def save(self, folder: str | Path) -> Path:
        """Write the record into a new folder and return it.

        Raises
        ------
        StudyError
            When the folder already exists: nothing that was there is touched.
        """
        folder = Path(folder)
        if folder.exists():
            raise StudyError(
                str(folder), Problem("folder", "already exists", "a new folder", "choose another name or remove it")
            )
        folder.mkdir(parents=True)
        plain: dict[str, Any] = {}
        kinds: dict[str, str] = {}
        for field in dataclasses.fields(self):
            kinds[field.name], plain[field.name] = _write_field(folder, field.name, getattr(self, field.name))
        document = {
            "record": type(self).__name__,
            "format": self.FORMAT,
            "fingerprint": self.fingerprint(),
            "kinds": kinds,
            "values": plain,
        }
        (folder / "record.json").write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")
        return folder

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a record that `save` wrote and check its fingerprint.

        Raises
        ------
        StudyError
            When the folder holds no such record, or when its content was changed since.
        """
        folder = Path(folder)
        try:
            document = json.loads((folder / "record.json").read_text(encoding="utf-8"))
        except (OSError, json.JSONDecodeError) as error:
            raise StudyError(
                str(folder),
                Problem("record.json", f"cannot be read ({error})", f"a {cls.__name__} that was saved", "run again"),
            ) from error
        if document.get("record") != cls.__name__:
            raise StudyError(
                str(folder), Problem("record.json", f"holds a {document.get('record')}", f"a {cls.__name__}")
            )
        try:
            record = cls(
                **{
                    name: _read_field(folder, name, kind, document["values"].get(name))
                    for name, kind in document["kinds"].items()
                }
            )
        except (OSError, KeyError, ValueError, TypeError) as error:
            raise StudyError(
                str(folder),
                Problem("content", f"is damaged ({error})", f"a {cls.__name__} as it was saved", "run again"),
            ) from error
        if record.fingerprint() != document["fingerprint"]:
            raise StudyError(
                str(folder),
                Problem("fingerprint", "the content differs from what was saved", document["fingerprint"], "run again"),
            )
        return record


def _write_field(folder: Path, name: str, value: Any) -> tuple[str, Any]:
    if isinstance(value, np.ndarray):
        np.save(folder / f"{name}.npy", value, allow_pickle=False)
        return "array", None
    if hasattr(value, "data_vars"):
        value.to_netcdf(folder / f"{name}.nc", engine="h5netcdf")
        return "dataset", None
    if hasattr(value, "columns"):
        value.to_csv(folder / f"{name}.csv", index=False)
        return "frame", {str(column): str(dtype) for column, dtype in value.dtypes.items()}
    return "plain", _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _read_field(folder: Path, name: str, kind: str, value: Any) -> Any:
    if kind == "array":
        return np.load(folder / f"{name}.npy", allow_pickle=False)
    if kind == "dataset":
        import xarray as xr

        return xr.load_dataset(folder / f"{name}.nc", engine="h5netcdf")
    if kind == "frame":
        return read_frame(folder / f"{name}.csv", value)
    return _tuples(value)


def read_frame(path: Path, dtypes: Mapping[str, str]) -> pd.DataFrame:
    """Return a frame as it was saved, every number bit for bit."""
    import pandas as pd

    if not dtypes:  # a frame without columns leaves a file that pandas does not read
        return pd.DataFrame()
    text = pd.read_csv(path, dtype=str, keep_default_na=False)
    columns = {}
    for column, dtype in dtypes.items():
        cells = text[column]
        if dtype.startswith("float"):
            columns[column] = np.array([float(cell) if cell else np.nan for cell in cells], dtype=dtype)
        elif dtype.startswith(("int", "uint")):
            columns[column] = np.array([int(cell) for cell in cells], dtype=dtype)
        elif dtype == "bool":
            columns[column] = (cells == "True").to_numpy(dtype=bool)
        else:
            columns[column] = cells.to_numpy(dtype=object)
    return pd.DataFrame(columns)


def _tuples(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_tuples(item) for item in value)
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return value
