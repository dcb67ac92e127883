import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from sciatrial.engine import CompileCacheWarning, simulate
from sciatrial.engine.scalar import scalar_code

CODE = """
import sys; sys.path.insert(0, {root!r})
import numpy as np, warnings
from sciatrial.engine import simulate
from tests.engine.conftest import assemble, State, Parameter, elimination, seen
rate = Parameter("elimination_rate", "1/day", "rate")
model = assemble("decay", [State("drug", "mg", "drug")], [rate], [seen], [elimination])
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    run = simulate(model, [[0.5]], [[1.0]], times_days=[1.0], processor="scalar")
    run = simulate(model, [[0.5]], [[1.0]], times_days=[1.0], processor="scalar")
print(len(caught), *sorted({{w.category.__name__ for w in caught}}), run.values[0, 0, 0].hex())
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


def test_compiled_code_is_kept_for_the_next_process(kept):
    cache, told = kept
    (module,) = cache.rglob("kernels.py")
    before = {path: path.stat().st_mtime_ns for path in module.parent.rglob("*.nb*")}
    assert before, "numba kept nothing"
    assert fresh_process(cache) == told
    assert before == {path: path.stat().st_mtime_ns for path in module.parent.rglob("*.nb*")}


def test_keeping_it_is_silent(kept):
    assert kept[1][0] == "0"


@pytest.mark.parametrize(
    ("pattern", "damage"), [("kernels.py", b"\x80\x04broken"), ("*.nbi", b"\x80\x04broken"), ("*.nbc", b"")]
)
def test_a_damaged_cache_is_made_again_without_a_word(kept, pattern, damage):
    cache, told = kept
    for path in cache.rglob(pattern):
        path.write_bytes(damage)
    assert fresh_process(cache) == told
    made_again = [path.read_bytes() for path in cache.rglob(pattern)]
    assert made_again
    assert damage not in made_again


def test_a_cache_that_cannot_be_used_is_one_warning_and_the_same_numbers(kept, tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("", encoding="utf-8")
    assert fresh_process(blocker) == ["1", "CompileCacheWarning", kept[1][-1]]


def test_the_warning_says_what_to_do(decay, tmp_path, monkeypatch):
    blocker = tmp_path / "file"
    blocker.write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocker))
    scalar_code.cache_clear()
    with pytest.warns(CompileCacheWarning, match="XDG_CACHE_HOME"):
        simulate(decay, [[0.5]], [[1.0]], times_days=[1.0], processor="scalar")
    scalar_code.cache_clear()


def test_a_model_is_compiled_once_in_a_process(decay):
    assert scalar_code(decay) is scalar_code(decay)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        simulate(decay, np.array([[0.5]]), [[1.0]], times_days=[1.0], processor="scalar")


def test_nothing_is_left_of_a_file_that_was_being_written(kept):
    assert not list(kept[0].rglob("*.partial"))
