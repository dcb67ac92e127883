import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sciatrial.engine import simulate
from sciatrial.engine.lower import Target
from sciatrial.engine.vector import target_here, vector_code, widest_target

CODE = """
import sys; sys.path.insert(0, {root!r})
import warnings
from sciatrial.engine import simulate
from tests.engine.conftest import assemble, State, Parameter, elimination, seen
rate = Parameter("elimination_rate", "1/day", "rate")
model = assemble("decay", [State("drug", "mg", "drug")], [rate], [seen], [elimination])
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    run = simulate(model, [[0.5]], [[1.0]], times_days=[1.0])
    run = simulate(model, [[0.5]], [[1.0]], times_days=[1.0])
print(len(caught), *sorted({{w.category.__name__ for w in caught}}), run.values[0, 0, 0].hex(), "numba" in sys.modules)
"""


def fresh_process(cache: Path) -> list[str]:
    root = str(Path(__file__).parents[2])
    environment = {"XDG_CACHE_HOME": str(cache), "PATH": str(Path(sys.executable).parent), "HOME": str(cache.parent)}
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(root=root)], capture_output=True, text=True, env=environment, check=True
    )
    return done.stdout.split()


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    return cache, fresh_process(cache)


@pytest.mark.skipif(target_here() is None, reason="this processor has no vector code")
class TestKeptCode:
    def test_the_next_process_uses_it(self, kept):
        cache, told = kept
        (code,) = cache.rglob("*.o")
        before = code.stat().st_mtime_ns
        assert fresh_process(cache) == told
        assert code.stat().st_mtime_ns == before

    def test_keeping_is_silent_and_needs_no_numba(self, kept):
        assert kept[1][0] == "0"
        assert kept[1][-1] == "False"

    def test_damaged_code_is_made_again_without_a_word(self, kept):
        cache, told = kept
        (code,) = cache.rglob("*.o")
        whole = code.read_bytes()
        code.write_bytes(whole[:-100] + bytes(100))
        assert fresh_process(cache) == told
        assert code.read_bytes() == whole

    def test_a_folder_that_cannot_be_used_is_one_warning_and_the_same_numbers(self, kept, tmp_path):
        blocker = tmp_path / "file"
        blocker.write_text("", encoding="utf-8")
        assert fresh_process(blocker) == ["1", "CompileCacheWarning", *kept[1][1:]]


@pytest.mark.parametrize(
    ("features", "machine", "lanes"),
    [
        ({"avx512f": True, "avx512dq": True, "avx512vl": True, "avx2": True, "fma": True}, "x86_64", 8),
        ({"avx512f": True, "avx2": True, "fma": True}, "x86_64", 4),
        ({"avx2": True, "fma": True}, "amd64", 4),
        ({}, "aarch64", 2),
        ({}, "arm64", 2),
    ],
)
def test_the_widest_registers_are_used(features, machine, lanes):
    assert widest_target(features, machine) == Target(lanes)
    assert widest_target(features, machine, is_double=False) == Target(2 * lanes, is_double=False)


@pytest.mark.parametrize(
    ("features", "machine"), [({"avx2": True}, "x86_64"), ({"avx": True}, "x86_64"), ({}, "ppc64")]
)
def test_a_processor_without_fused_arithmetic_has_no_target(features, machine):
    assert widest_target(features, machine) is None


def test_a_model_is_compiled_once_in_a_process(decay):
    here = target_here()
    assert here is not None
    assert vector_code(decay, here) is vector_code(decay, here)


def test_results_do_not_depend_on_the_number_of_lanes(mixed, monkeypatch):
    rng = np.random.default_rng(7)
    parameters = np.exp(rng.normal(0, 0.4, (50, 6)))
    initial = rng.uniform(0.05, 0.6, (50, 2))

    def run(lanes):
        monkeypatch.setattr("sciatrial.engine.solve.target_here", lambda is_double: Target(lanes, is_double=is_double))
        return simulate(mixed, parameters, initial, times_days=[0.0, 1.0, 4.0, 9.0], outputs=["x", "y"])

    one = run(1)
    for lanes in (2, 4, 8):
        many = run(lanes)
        assert np.array_equal(many.values, one.values)
        assert np.array_equal(many.steps, one.steps)
