"""The code for graphics processors, run on this one: a thread of the system plays each thread of the device.

The text is compiled as it is, but for its three questions to the hardware (which block, how many threads in one, which
of them), which Python answers. What this cannot show: that a real driver takes the PTX, and that a real device rounds
as promised.
"""

import ctypes
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import llvmlite.binding as llvm
import numpy as np

from sciatrial.engine import lanes
from sciatrial.engine.emit_llvm import emit_llvm
from sciatrial.engine.graphics import graphics_target
from sciatrial.engine.trace import trace
from sciatrial.engine.vector import machine_code

_QUESTIONS = ("ctaid", "ntid", "tid")
_C_TYPES = {"int": ctypes.c_int64, "float": ctypes.c_double}


class Kernel:
    """A model's code for graphics processors; called as CuPy's are."""

    def __init__(self, model, *, is_double=True):
        target = graphics_target(is_double=is_double)
        text = emit_llvm(trace(model), len(model.parameters), target).text
        assert "define ptx_kernel void @simulate(" in text
        text = text.replace(f'target triple = "{target.triple}"\n', "").replace("define ptx_kernel", "define")
        self.mine = threading.local()
        self.answers = []
        for word in _QUESTIONS:
            answer = ctypes.CFUNCTYPE(ctypes.c_int32)(lambda word=word: getattr(self.mine, word))
            self.answers.append(answer)
            asked = f"i32 @llvm.nvvm.read.ptx.sreg.{word}.x()"
            address = ctypes.cast(answer, ctypes.c_void_p).value
            assert text.count(f"declare {asked}") == 1
            text = text.replace(f"declare {asked}\n", "").replace(
                f"call {asked}", f"call i32 inttoptr (i64 {address} to ptr)()"
            )
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        machine = llvm.Target.from_default_triple().create_target_machine(
            cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten()
        )
        self.owner = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
        self.owner.add_object_file(llvm.ObjectFileRef.from_data(machine_code(text, machine)))
        self.owner.finalize_object()
        kinds = [_C_TYPES.get(kind, ctypes.c_void_p) for kind in lanes.DRIVE.takes.values()]
        self.entry = ctypes.CFUNCTYPE(None, *kinds)(self.owner.get_function_address("simulate"))

    def one_thread(self, block, threads, place, given):
        """Run one thread of the device in this thread of the system."""
        self.mine.ctaid, self.mine.ntid, self.mine.tid = block, threads, place
        self.entry(*(item.content.ctypes.data if isinstance(item, Array) else item for item in given))

    def __call__(self, blocks, threads, given):
        places = [(block, place) for block in range(blocks[0]) for place in range(threads[0])]
        together = threading.Barrier(len(places))

        def run(block, place):
            together.wait()  # so that none takes all patients before the others are there
            self.one_thread(block, threads[0], place, given)

        with ThreadPoolExecutor(len(places)) as pool:
            for done in [pool.submit(run, *place) for place in places]:
                done.result()


class Array:
    """An array that only the device can reach."""

    def __init__(self, content):
        self.content = np.array(content, order="C")

    def get(self):
        return self.content.copy()


class _Module:
    def __init__(self, kernel):
        self.kernel = kernel

    def load(self, code):
        assert b".entry simulate(" in code
        assert code.endswith(b"\0")

    def get_function(self, name):
        assert name == "simulate"
        return self.kernel


def fake_cupy(kernel, *, processors=1):
    """Return what the engine uses of CuPy, with one device whose code is a kernel."""

    def asarray(given):
        return given if isinstance(given, Array) else Array(given)

    def empty(size, kind):  # rubbish, as in memory that somebody used before
        return Array(np.full(size, -7, kind))

    return SimpleNamespace(
        asarray=asarray,
        empty=empty,
        cuda=SimpleNamespace(
            Device=lambda: SimpleNamespace(attributes={"MultiProcessorCount": processors}),
            function=SimpleNamespace(Module=lambda: _Module(kernel)),
            runtime=SimpleNamespace(getDeviceCount=lambda: 1),
        ),
    )
