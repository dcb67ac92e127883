import ast
import importlib
from pathlib import Path

import pytest

import sciatrial

PACKAGE = Path(sciatrial.__file__).parent
ROOMS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
PUBLIC = (Path(__file__).parent / "public_names.txt").read_text(encoding="utf-8").split()


def test_public_names_are_those_of_the_committed_list():
    assert sorted(sciatrial.__all__) == sorted(PUBLIC)


@pytest.mark.parametrize("name", [name for name in PUBLIC if name != "__version__"])
def test_a_public_name_can_be_had_and_says_what_it_is(name):
    thing = getattr(sciatrial, name)
    assert thing.__doc__
    assert name not in ROOMS, "a public name would hide a room"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="operating_charcteristics"):
        _ = sciatrial.operating_charcteristics


@pytest.mark.parametrize("room", ROOMS)
def test_a_front_door_says_what_the_room_takes_gives_and_never_does(room):
    door = importlib.import_module(f"sciatrial.{room}")
    assert "never" in door.__doc__.lower()
    assert door.__all__ == sorted(door.__all__, key=_door_order)
    assert all(hasattr(door, name) for name in door.__all__)


def _door_order(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions, each in the order of the alphabet."""
    kind = 0 if name.isupper() else 1 if name[0].isupper() else 2
    return kind, name


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_enters_other_rooms_by_the_front_door_only(path):
    own = path.relative_to(PACKAGE).parts[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sciatrial."):
            parts = node.module.split(".")
            assert len(parts) == 2 or parts[1] == own, f"line {node.lineno}: {node.module}"
