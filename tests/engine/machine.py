"""Plain functions compiled for this machine, so that tests can call what `lower.py` writes."""

import ctypes

import llvmlite.binding as llvm

from sciatrial.engine.lower import function_text
from sciatrial.engine.vector import machine_code

_C_TYPES = {"int": ctypes.c_int64, "float": ctypes.c_double, "bool": ctypes.c_bool}


def compiled(function, signature, target, **more):
    """Return a function as Python calls it; arrays are given as numpy arrays."""
    text = function_text(function, signature, target, **more).replace("define internal", "define", 1)
    vector = target.vector
    head = "\n".join(
        f"declare {word} @llvm.{name}.{suffix}({', '.join([word] * count)})"
        for suffix, word in sorted({(target.suffix, vector), ("f64", "double")})
        for name, count in (("fma", 3), ("sqrt", 1), ("fabs", 1))
    )
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten()
    )
    owner = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    owner.add_object_file(llvm.ObjectFileRef.from_data(machine_code(f"{head}\n{text}", machine)))
    owner.finalize_object()
    kinds = [_C_TYPES.get(kind, ctypes.c_void_p) for kind in signature.takes.values()]
    entry = ctypes.CFUNCTYPE(_C_TYPES.get(signature.gives), *kinds)(owner.get_function_address(function.__name__))

    def call(*given, owner=owner):
        return entry(*(item.ctypes.data if hasattr(item, "ctypes") else item for item in given))

    return call
