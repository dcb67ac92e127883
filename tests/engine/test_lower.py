import math

import numpy as np
import pytest

from sciatrial.engine.lower import Lines, Signature, Target, double, function_text
from tests.engine.machine import compiled

ONE = Target(1)


def first_above(values, n, limit):
    found = -1
    for i in range(n):
        if values[i] <= limit:
            continue
        found = i
        break
    return found


def within(values, n, place):
    return 1 if place >= 0 and place < n and values[place] > 0.0 else 0


def neither(a, b):
    return 1 if not (a > 1.0 or b > 1.0) else 0


def mixture(a, n):
    total = 0
    for i in range(1, n):
        total += a * i
    return total - n / 4


def extremes(a, b):
    return max(min(a, b), abs(b)) + math.sqrt(a) + (1.0 if math.isfinite(b) else 0.0)


def scaled(values, n, factor):
    room = floats(SIZE)  # noqa: F821
    for i in range(n):
        room[i] = values[i] * factor
    for i in range(n):
        values[i] = room[i] + SHIFT  # noqa: F821


def vector_sum(x, y, out):
    a, b = x[0], y[0]
    out[0] = a + 2.0 * b if a <= b else -a


def test_loops_and_jumps_do_what_python_does():
    run = compiled(first_above, Signature({"values": "floats", "n": "int", "limit": "float"}, "int"), ONE)
    values = np.array([0.1, 0.5, 0.7, 0.9])
    for limit in (0.0, 0.4, 0.8, 2.0):
        assert run(values, 4, limit) == first_above(values, 4, limit)


def test_what_is_right_of_and_is_looked_at_only_when_it_matters():
    run = compiled(within, Signature({"values": "floats", "n": "int", "place": "int"}, "int"), ONE)
    values = np.array([1.0, -1.0])
    assert [run(values, 2, place) for place in (0, 1, 2, -1, 10**15)] == [1, 0, 0, 0, 0]


@pytest.mark.parametrize(("a", "b"), [(0.0, 0.0), (2.0, 0.0), (0.0, 2.0), (2.0, 2.0), (math.nan, 0.0)])
def test_not_and_or_are_those_of_python(a, b):
    assert compiled(neither, Signature({"a": "float", "b": "float"}, "int"), ONE)(a, b) == neither(a, b)


def test_a_name_takes_the_widest_kind_that_it_is_given():
    run = compiled(mixture, Signature({"a": "float", "n": "int"}, "float"), ONE)
    assert run(0.3, 7) == pytest.approx(mixture(0.3, 7), rel=1e-15)


@pytest.mark.parametrize(("a", "b"), [(4.0, 9.0), (9.0, -4.0), (1.0, math.inf)])
def test_functions_are_those_of_python(a, b):
    run = compiled(extremes, Signature({"a": "float", "b": "float"}, "float"), ONE)
    assert run(a, b) == extremes(a, b)


def test_arrays_of_its_own_and_constants_by_name():
    run = compiled(
        scaled, Signature({"values": "floats", "n": "int", "factor": "float"}), ONE, numbers={"SIZE": 4, "SHIFT": 0.5}
    )
    values = np.array([1.0, 2.0, 3.0])
    run(values, 3, 2.0)
    assert values.tolist() == [2.5, 4.5, 6.5]


@pytest.mark.parametrize("lanes", [1, 2, 4, 8])
def test_lanes_choose_each_for_itself(lanes):
    run = compiled(vector_sum, Signature({"x": "vectors", "y": "vectors", "out": "vectors"}), Target(lanes))
    room = np.zeros((3, 64))
    start = (-room.ctypes.data % 64) // 8
    x, y, out = (room[i].ravel()[start : start + lanes] for i in range(3)) if start + lanes <= 64 else (None,) * 3
    x[:], y[:] = np.arange(lanes), lanes / 2
    run(x, y, out)
    assert np.array_equal(out, np.where(x <= y, x + 2 * y, -x))


def outside(values):
    return [2 * value for value in values]


def unknown(a):
    return a + not_there  # noqa: F821


@pytest.mark.parametrize("function", [outside, unknown])
def test_what_is_outside_the_part_of_python_is_refused(function):
    name = next(iter(function.__code__.co_varnames))
    with pytest.raises(SyntaxError, match="outside the part of Python"):
        function_text(function, Signature({name: "float"}, "float"), ONE)


@pytest.mark.parametrize("value", [0.0, 0.1, -3e200, 1e-320, math.inf])
def test_numbers_lose_nothing(value):
    assert float.fromhex(value.hex()) == np.array([int(double(value), 16)], dtype=np.uint64).view(float)[0]


FUNCTIONS = {
    "exp": (np.exp, np.concatenate([np.linspace(-700, 700, 4001), np.linspace(-2, 2, 4001), [0.0]])),
    "log": (np.log, np.concatenate([np.geomspace(1e-300, 1e300, 4001), np.linspace(0.5, 2, 4001)])),
}


def mathematical(name, target, values):
    """Return a function of `Lines` at many values."""
    import ctypes

    import llvmlite.binding as llvm

    from sciatrial.engine.vector import machine_code

    body = Lines(target)
    reads = [body.load("%x", 0)] + ([body.load("%x", 1)] if name == "power" else [])
    body.store(getattr(body, name)(*reads), "%o", 0)
    vector = target.vector
    text = (
        f"declare {vector} @llvm.fma.{target.suffix}({vector}, {vector}, {vector})\n"
        "define void @run(ptr %x, ptr %o) {\nentry:\n" + "\n".join(body.lines) + "\n  ret void\n}"
    )
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten()
    )
    owner = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    owner.add_object_file(llvm.ObjectFileRef.from_data(machine_code(text, machine)))
    owner.finalize_object()
    run = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(owner.get_function_address("run"))
    kind = np.float64 if target.is_double else np.float32
    found = []
    for given in values:
        x = np.array(given, dtype=kind).reshape(-1)
        out = np.zeros(1, dtype=kind)
        run(x.ctypes.data, out.ctypes.data)
        found.append(out[0])
    return np.array(found)


@pytest.mark.parametrize("name", ["exp", "log"])
def test_exp_and_log_are_right_to_two_units_in_the_last_place(name):
    reference, values = FUNCTIONS[name]
    found, expected = mathematical(name, ONE, values), reference(values)
    assert np.abs(found - expected).max() <= 0 or (np.abs(found - expected) <= 2 * np.spacing(np.abs(expected))).all()


def test_the_edges_of_exp_log_and_power_are_honest():
    assert mathematical("exp", ONE, [-1e4, 0.0]).tolist() == [0.0, 1.0]
    assert np.isnan(mathematical("exp", ONE, [math.nan])).all()
    assert np.isnan(mathematical("log", ONE, [-1.0, 0.0, math.nan])).all()
    powers = mathematical("power", ONE, [(0.0, 0.5), (-3.0, 2.0), (2.0, 0.5), (9.0, 1.5)])
    assert powers[:2].tolist() == [0.0, 0.0]
    assert powers[2:] == pytest.approx([math.sqrt(2), 27.0], rel=1e-15)
    assert np.isnan(mathematical("power", ONE, [(math.nan, 2.0)])).all()


def test_single_precision_is_right_to_its_own_digits():
    single = Target(1, is_double=False)
    x = np.linspace(-80, 80, 801)
    assert mathematical("exp", single, x) == pytest.approx(np.exp(x.astype(np.float32).astype(float)), rel=4e-7)
    y = np.geomspace(1e-30, 1e30, 801)
    assert mathematical("log", single, y) == pytest.approx(
        np.log(y.astype(np.float32).astype(float)), rel=4e-7, abs=1e-7
    )
