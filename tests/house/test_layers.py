import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def lint_imports(folder: Path) -> subprocess.CompletedProcess:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    environment = {"PYTHONPATH": str(folder / "src"), "PATH": str(Path(sys.executable).parent)}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, check=False)


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_rooms_look_down_and_are_entered_by_their_doors():
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("evidence/read.py", "from sciatrial.engine import Status"),
        ("trial/run.py", "import matplotlib"),
        ("study/run.py", "from sciatrial.trial.conduct import allocate"),
        ("population/sample.py", "import numba"),
        ("utils/__init__.py", ""),
    ],
    ids=[
        "an upward import",
        "a room that draws",
        "a side door",
        "a solver outside the engine",
        "a room nobody planned",
    ],
)
def test_the_layer_rule_catches(copy, file, line):
    path = copy / "src" / "sciatrial" / file
    path.parent.mkdir(exist_ok=True)
    text = path.read_text(encoding="utf-8") if path.exists() else '"""Made for a test."""\n'
    path.write_text(text + f"\n{line}\n", encoding="utf-8")
    assert lint_imports(copy).returncode == 1
