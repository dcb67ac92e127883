"""What is missing is installed from the project's folder."""

import tomllib
from pathlib import Path

import pytest

from sciatrial.foundation import how_to_install

ROOT = Path(__file__).parents[2]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]


def test_the_command_names_the_folder_and_the_extra():
    assert how_to_install("jax").endswith("-m pip install -e '.[jax]'")
    assert how_to_install().endswith("-m pip install -e .")


@pytest.mark.parametrize("path", sorted((ROOT / "src").rglob("*.py")), ids=lambda path: path.stem)
def test_every_hint_names_an_extra_that_there_is_and_none_names_an_index(path):
    text = path.read_text(encoding="utf-8")
    assert "pip install 'sciatrial" not in text
    named = [piece.partition('"')[0] for piece in text.split('how_to_install("')[1:]]
    assert set(named) <= set(EXTRAS)
