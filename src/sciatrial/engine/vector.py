"""Model → vector code on this machine: several patients side by side in each core's widest registers."""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import llvmlite
import llvmlite.binding as llvm
import numpy as np

from sciatrial.engine import lanes
from sciatrial.engine.cache import keep, read_kept
from sciatrial.engine.emit_llvm import Sizes, emit_llvm
from sciatrial.engine.lower import Target
from sciatrial.engine.trace import trace
from sciatrial.model import Model

_OPTIMISE = 2
_C_TYPES = {"int": ctypes.c_int64, "float": ctypes.c_double}  # all else is an address


@dataclass(frozen=True)
class VectorCode:
    """A model ready to run: the compiled driver, the sizes of its arrays, and the names of its formula outputs."""

    entry: Any
    sizes: Sizes
    target: Target
    output_names: tuple[str, ...]
    owner: Any  # the machine code lives as long as this

    def run(self, arguments: Mapping[str, Any]) -> None:
        """Call the driver, outside Python's lock, with numbers and arrays by the names of `lanes.DRIVE`."""
        given = [arguments[name] for name in lanes.DRIVE.takes]
        self.entry(*(item.ctypes.data if isinstance(item, np.ndarray) else item for item in given))


def widest_target(features: Mapping[str, bool], machine: str, *, is_double: bool = True) -> Target | None:
    """Return the widest target that a processor has registers for, None where no fused arithmetic is at hand.

    Parameters
    ----------
    features
        What the processor can do, by LLVM's words.
    machine
        Its family: ``x86_64``, ``aarch64``, …
    """
    narrower = 1 if is_double else 2
    if machine in ("x86_64", "amd64"):
        if all(features.get(word) for word in ("avx512f", "avx512dq", "avx512vl")):
            return Target(8 * narrower, is_double=is_double)
        if features.get("avx2") and features.get("fma"):
            return Target(4 * narrower, is_double=is_double)
        return None
    if machine in ("aarch64", "arm64"):
        return Target(2 * narrower, is_double=is_double)
    return None


@cache
def target_here(*, is_double: bool = True) -> Target | None:
    """Return the widest target of this machine."""
    machine = llvm.get_process_triple().split("-")[0].lower()
    return widest_target(llvm.get_host_cpu_features(), machine, is_double=is_double)


@lru_cache(maxsize=16)
def vector_code(model: Model, target: Target) -> VectorCode:
    """Trace, differentiate and compile a model for this machine; from disk where the same code was compiled before.

    Warns
    -----
    CompileCacheWarning
        When the cache folder cannot be used.
    """
    traces = trace(model)
    module = emit_llvm(traces, len(model.parameters), target)
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=_OPTIMISE
    )
    versions = (llvmlite.__version__, llvm.llvm_version_info, llvm.get_host_cpu_name(), machine.triple)
    name = hashlib.sha256(repr((module.text, versions, sorted(llvm.get_host_cpu_features().items()))).encode())
    kept = f"{name.hexdigest()[:20]}.o"
    code = read_kept(kept)
    if code is None:
        code = machine_code(module.text, machine)
        keep(kept, code)
    owner = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    owner.add_object_file(llvm.ObjectFileRef.from_data(code))
    owner.finalize_object()
    prototype = ctypes.CFUNCTYPE(None, *(_C_TYPES.get(kind, ctypes.c_void_p) for kind in lanes.DRIVE.takes.values()))
    entry = prototype(owner.get_function_address("simulate"))
    return VectorCode(entry, module.sizes, target, traces.output_names, (owner, machine))


def machine_code(text: str, machine: Any) -> bytes:
    """Return LLVM text as an object file for a machine."""
    return machine.emit_object(optimised(text, machine))


def optimised(text: str, machine: Any) -> Any:
    """Return LLVM text as a module, improved for a machine."""
    module = llvm.parse_assembly(f'target datalayout = "{machine.target_data}"\n{text}')
    options = llvm.create_pipeline_tuning_options(speed_level=_OPTIMISE)
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return module
