"""The reference: one patient at a time, compiled by numba. Where vector code cannot run, it does the work.

Compiled code is kept on disk, so that the next process starts at once.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import llvmlite
import numba

from sciatrial.engine import rosenbrock
from sciatrial.engine.cache import cache_folder, warn_of_no_cache
from sciatrial.engine.emit_numba import Kernels, emit
from sciatrial.engine.lower import source_of
from sciatrial.engine.trace import trace
from sciatrial.model import Model

_FILE = "kernels.py"

_HEAD = """import math

import numba
import numpy as np

def kernel(signature):
    return numba.njit(signature, nogil=True, error_model="numpy", cache={cache})

"""

_STEP = "f8(f8[::1], f8[::1], f8, b1, " + ", ".join(["f8[::1]"] * 11) + ", f8)"
_DRIVE = (
    "void(i8, i8, i8[::1], f8[:, ::1], f8[:, ::1], f8[:, ::1], "
    "i8[::1], f8[::1], i8[::1], f8[::1], f8[::1], "
    "i8[::1], f8[:, :, ::1], i8[::1], i8[::1], i8[::1], f8[::1], f8[::1], f8[::1], "
    "i8[::1], f8[::1], f8, i8, "
    "f8[:, :, ::1], f8[:, ::1], i8[::1], f8[::1], i8[::1], b1[:, :, ::1])"
)


@dataclass(frozen=True)
class ScalarCode:
    """A model ready to run.

    ``output_names`` are the formula outputs in the driver's order, ``arguments`` what the driver takes after the range
    of patients and the sizes.
    """

    drive: Callable[..., None]
    kernels: Kernels
    output_names: tuple[str, ...]
    arguments: tuple[str, ...]


@lru_cache(maxsize=8)
def scalar_code(model: Model) -> ScalarCode:
    """Trace, differentiate and compile a model; from disk where the same code was compiled before.

    Warns
    -----
    CompileCacheWarning
        Once, when the cache folder cannot be used.
    """
    traces = trace(model)
    kernels = emit(traces)
    drive = _load(kernels.source).drive
    return ScalarCode(drive, kernels, traces.output_names, tuple(inspect.signature(rosenbrock.drive).parameters)[3:])


def _source(kernels: str, *, cache: bool) -> str:
    """Join the head, the kernels and the driver's own text into one module."""
    tableau = "\n".join(f"{name} = {value!r}" for name, value in vars(rosenbrock).items() if name.isupper())
    step = f"@kernel({_STEP!r})\n{source_of(rosenbrock.step)}"
    drive = f"@kernel({_DRIVE!r})\n{source_of(rosenbrock.drive)}"
    return "\n\n".join([_HEAD.format(cache=cache), tableau, kernels, step, drive])


def _load(kernels: str) -> ModuleType:
    source = _source(kernels, cache=True)
    versions = (numba.__version__, llvmlite.__version__, sys.version)
    key = hashlib.sha256(repr((source, versions)).encode()).hexdigest()[:20]
    name = f"sciatrial_kernels_{key}"
    folder = cache_folder() / key
    try:
        _write_whole(folder, source)
        try:
            return _import(name, folder / _FILE)
        except Exception:  # noqa: BLE001 - whatever a damaged cache raises, compiling afresh answers it
            shutil.rmtree(folder)
            _write_whole(folder, source)
            return _import(name, folder / _FILE)
    except OSError as error:
        warn_of_no_cache(folder, error)
        return _in_memory(name, _source(kernels, cache=False))


def _write_whole(folder: Path, source: str) -> None:
    """Write the module unless it is there; under another name first, since two processes may do it at once."""
    path = folder / _FILE
    if path.exists() and path.read_bytes() == source.encode():
        return
    folder.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder, suffix=".partial")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(source)
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _import(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise OSError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # numba looks its cached functions up here
    spec.loader.exec_module(module)
    return module


def _in_memory(name: str, source: str) -> Any:
    module = ModuleType(name)
    sys.modules[name] = module
    exec(compile(source, f"<{name}>", "exec"), module.__dict__)
    return module
