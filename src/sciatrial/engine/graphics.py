"""The same code on a graphics processor: each thread is one lane, and takes patients from one counter.

The text is what ``emit_llvm.py`` writes for one lane. LLVM turns it into PTX, and the processor's driver turns that
into machine code; CuPy finds the processor, holds the arrays and starts the threads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

import llvmlite.binding as llvm
import numpy as np

from sciatrial.engine import lanes
from sciatrial.engine.emit_llvm import emit_llvm
from sciatrial.engine.lower import Target
from sciatrial.engine.trace import trace
from sciatrial.engine.vector import optimised
from sciatrial.foundation import Problem, Progress, SolverError, how_to_install
from sciatrial.model import Model

_TRIPLE, _CPU, _FEATURES = "nvptx64-nvidia-cuda", "sm_70", "+ptx63"  # drivers translate for whatever came later
_OPTIMISE = 2
# a thread takes nearly all the registers that it may have, so that no more than four such blocks find room
_THREADS_IN_BLOCK, _BLOCKS = 64, 4
# few enough to tell progress, and to share the processor with a screen
_PATIENTS_OF_THREAD = 4
_BYTES_AT_ONCE = 2**29

_OF_PATIENTS = ("parameters", "initial", "times")
_OF_EVENTS = ("event_day", "event_state", "event_factor", "event_amount")
_RESULTS = ("values", "final", "status", "stopped_day", "steps", "largest_error", "triggered")
_NUMBERS = {"int": np.int64, "float": np.float64}  # all else is an array


class NoGraphicsError(Exception):
    """No graphics processor can be used; the message says what is missing, and what does the work instead."""

    def __init__(self, missing: str, hint: str) -> None:
        instead = "The main processor does the work instead, more slowly, with the same results to rounding."
        super().__init__(f"no graphics processor can be used: {missing}. {instead} {hint}")


@dataclass(frozen=True)
class GraphicsCode:
    """A model ready to run on a graphics processor.

    ``arrays`` is CuPy; ``most_threads`` is how many threads find room at one time.
    """

    arrays: Any
    kernel: Any
    most_threads: int
    output_names: tuple[str, ...]
    is_double: bool


def graphics_target(*, is_double: bool = True) -> Target:
    """Return the oldest graphics processor that the code is written for."""
    return Target(1, is_double=is_double, triple=_TRIPLE, cpu=_CPU, features=_FEATURES)


def graphics_text(model: Model, *, is_double: bool = True) -> str:
    """Return everything that simulates a model as PTX, whose entry is ``simulate``.

    Raises
    ------
    NoGraphicsError
        When llvmlite writes no PTX.
    """
    target = graphics_target(is_double=is_double)
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    try:
        family = llvm.Target.from_triple(target.triple)
    except RuntimeError as error:
        hint = "Install another llvmlite: pip install --upgrade llvmlite"
        raise NoGraphicsError(f"llvmlite writes no code for it ({error})", hint) from error
    machine = family.create_target_machine(cpu=target.cpu, features=target.features, opt=_OPTIMISE)
    text = emit_llvm(trace(model), len(model.parameters), target).text
    return machine.emit_assembly(optimised(text, machine))


@lru_cache(maxsize=16)
def graphics_code(model: Model, *, is_double: bool) -> GraphicsCode:
    """Trace, differentiate and compile a model for the graphics processor of this machine.

    Raises
    ------
    NoGraphicsError
        When CuPy, a processor, its driver or LLVM's code for it is missing.
    """
    arrays = _arrays_on_device()
    text = graphics_text(model, is_double=is_double)
    module = arrays.cuda.function.Module()
    try:
        module.load(text.encode() + b"\0")
        kernel = module.get_function("simulate")
    except RuntimeError as error:  # all of CuPy's errors of a driver
        hint = "It takes an NVIDIA processor of compute capability 7.0 or later, and a driver of CUDA 12."
        raise NoGraphicsError(f"its driver refuses the code ({error})", hint) from error
    threads = arrays.cuda.Device().attributes["MultiProcessorCount"] * _BLOCKS * _THREADS_IN_BLOCK
    return GraphicsCode(arrays, kernel, threads, trace(model).output_names, is_double)


def _arrays_on_device() -> Any:
    """Return CuPy, where it finds a graphics processor."""
    try:
        arrays = import_module("cupy")
    except ImportError as error:
        reason = str(error).strip().partition("\n")[0]
        hint = f"Install it, {how_to_install('graphics')}"
        raise NoGraphicsError(f"CuPy cannot be imported ({reason})", hint) from error
    hint = "`nvidia-smi` lists those that its driver knows, and says whether the driver is of CUDA 12 or later."
    try:
        n_devices = arrays.cuda.runtime.getDeviceCount()
    except RuntimeError as error:
        raise NoGraphicsError(f"CuPy finds no device ({error})", hint) from error
    if n_devices == 0:
        raise NoGraphicsError("CuPy finds no device", hint)
    return arrays


def run_on_graphics(code: GraphicsCode, arguments: Mapping[str, Any], progress: Progress) -> None:
    """Solve some patients at a time, so that memory is bounded and `progress` may stop in between.

    Parameters
    ----------
    arguments
        What `lanes.DRIVE` takes by name, less the counters and the arrays that a thread writes on.

    Raises
    ------
    SolverError
        When the processor stops.
    KeyboardInterrupt
        When `progress` asks to stop.
    """
    n = arguments["n_patients"]
    bytes_of_patient = (
        sum(arguments[name].nbytes for name in (*_OF_PATIENTS, *_RESULTS, "rule_threshold")) // max(n, 1) + 1
    )
    at_once = max(1, min(_PATIENTS_OF_THREAD * code.most_threads, _BYTES_AT_ONCE // bytes_of_patient))
    progress.start("patients simulated", n)
    for low in range(0, n, at_once):
        high = min(low + at_once, n)
        try:
            _run_part(code, part_of(arguments, low, high))
        except (RuntimeError, MemoryError) as error:  # all of CuPy's
            expected = "a run to the end"
            problem = Problem(f"patients {low} to {high - 1}", f"{error}", expected, "ask for processor='vector'")
            raise SolverError("graphics processor", [problem]) from error
        if not progress.advance(high - low):
            raise KeyboardInterrupt
    progress.finish()


def part_of(arguments: Mapping[str, Any], low: int, high: int) -> dict[str, Any]:
    """Return what the driver takes for patients `low` to `high` − 1; their results are views of those of all."""
    starts = arguments["event_start"]
    part = {**arguments, "n_patients": high - low}
    part |= {name: arguments[name][low:high] for name in (*_OF_PATIENTS, *_RESULTS)}
    part |= {name: arguments[name][starts[low] : starts[high]] for name in _OF_EVENTS}
    part["event_start"] = starts[low : high + 1] - starts[low]
    part["rule_threshold"] = np.ascontiguousarray(arguments["rule_threshold"][:, low:high])  # (rule, patient, visit)
    return part


def _run_part(code: GraphicsCode, part: Mapping[str, Any]) -> None:
    """Copy arrays to the processor, run every thread, and copy results back."""
    arrays = code.arrays
    blocks = -(-min(part["n_patients"], code.most_threads) // _THREADS_IN_BLOCK)
    threads = blocks * _THREADS_IN_BLOCK
    given = dict(part)
    given |= {name: np.zeros(1, np.int64) for name in ("next_patient", "stop", "patients_done")}
    given["absolute"] = part["absolute"].astype(np.float64 if code.is_double else np.float32)
    # every thread's own part of these follows from its place (emit_llvm.py)
    given["waiting_day"] = arrays.empty(threads * part["most_waiting"] + 1, np.float64)
    given["waiting_effect"] = arrays.empty(threads * part["most_waiting"] + 1, np.int64)
    given["fired"] = arrays.empty(threads * part["n_rules"] + 1, np.int64)
    there = {
        name: _NUMBERS[kind](given[name]) if kind in _NUMBERS else arrays.asarray(given[name])
        for name, kind in lanes.DRIVE.takes.items()
    }
    code.kernel((blocks,), (_THREADS_IN_BLOCK,), tuple(there.values()))
    for name in _RESULTS:
        part[name][...] = there[name].get()
