import llvmlite.binding as llvm
import pytest

from sciatrial.engine.emit_llvm import emit_llvm
from sciatrial.engine.lower import Target
from sciatrial.engine.trace import trace
from sciatrial.model import sciatica_model

ELSEWHERE = {
    "AVX-512": Target(8, triple="x86_64-unknown-linux-gnu", cpu="icelake-server"),
    "AVX2": Target(4, triple="x86_64-unknown-linux-gnu", cpu="haswell"),
    "AVX2, single": Target(8, is_double=False, triple="x86_64-unknown-linux-gnu", cpu="haswell"),
    "NEON": Target(2, triple="aarch64-unknown-linux-gnu", cpu="neoverse-n1"),
    "NEON, single": Target(4, is_double=False, triple="aarch64-unknown-linux-gnu", cpu="neoverse-n1"),
    "Apple": Target(2, triple="arm64-apple-darwin", cpu="apple-m1"),
}
REGISTERS = {
    "AVX-512": "zmm",
    "AVX2": "ymm",
    "AVX2, single": "ymm",
    "NEON": ".2d",
    "NEON, single": ".4s",
    "Apple": ".2d",
}


def assembly(model, target):
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    module = llvm.parse_assembly(emit_llvm(trace(model), len(model.parameters), target).text)
    module.verify()
    machine = llvm.Target.from_triple(target.triple).create_target_machine(cpu=target.cpu, opt=1)
    return machine.emit_assembly(module)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_code_for_other_processors_is_made_and_uses_their_registers(mixed, name):
    code = assembly(mixed, ELSEWHERE[name])
    assert REGISTERS[name] in code
    # the C library's functions would be called for one lane at a time, and round in their own way
    for word in ("exp", "log", "pow", "fma", "sqrt"):
        assert f"call\t{word}" not in code
        assert f"callq\t{word}" not in code
        assert f"bl\t{word}" not in code


def test_every_product_that_is_added_once_is_fused(mixed):
    target = Target(8)
    text = emit_llvm(trace(mixed), len(mixed.parameters), target).text
    assert "llvm.fma.v8f64" in text
    assert "fast" not in text.replace("fastest", "")  # nothing may be rounded in an order of the compiler's choice
    assert "contract" not in text


def test_the_whole_model_becomes_a_text_of_known_size():
    model = sciatica_model()
    module = emit_llvm(trace(model), len(model.parameters), Target(8))
    assert (module.sizes.states, module.sizes.parameters) == (len(model.states), len(model.parameters))
    # counted work of one step: a change here is a change in speed
    body = {part.split("(")[0]: part for part in module.text.split("define internal void @")[1:]}
    counted = {name: body[name].count("llvm.fma") + body[name].count("fmul") for name in ("factorise", "stage")}
    assert counted["factorise"] <= 1260
    assert counted["stage"] <= 560


def test_single_precision_flushes_and_restores_on_x86(decay):
    text = emit_llvm(trace(decay), 1, Target(16, is_double=False, triple="x86_64-unknown-linux-gnu")).text
    assert text.count("call void @llvm.x86.sse.ldmxcsr") == 2
    assert "ldmxcsr" not in emit_llvm(trace(decay), 1, Target(8, triple="x86_64-unknown-linux-gnu")).text
    assert "ldmxcsr" not in emit_llvm(trace(decay), 1, Target(4, is_double=False, triple="aarch64-linux-gnu")).text
