"""Names that later work builds on: a change here is a decision, and shows in the diff of ``frozen_names.txt``."""

import dataclasses
import inspect
from enum import StrEnum
from pathlib import Path

from sciatrial import engine, foundation
from sciatrial.model import sciatica_model

KEPT = Path(__file__).parent / "frozen_names.txt"


def names() -> list[str]:
    model = sciatica_model()
    lines = [f"state {item.name} [{item.unit}]" for item in model.states]
    lines += [f"parameter {item.name} [{item.unit}]" for item in model.parameters]
    lines += [f"output {item.name} [{item.unit}]" for item in model.formulas if item.is_output]
    for name in foundation.__all__:
        thing = getattr(foundation, name)
        if isinstance(thing, type) and issubclass(thing, StrEnum):
            lines += [f"word {name}.{word.value}" for word in thing]
    for name in engine.__all__:
        thing = getattr(engine, name)
        if dataclasses.is_dataclass(thing):
            lines += [f"engine {name}.{field.name}" for field in dataclasses.fields(thing)]
        elif inspect.isfunction(thing):
            lines += [f"engine {name}({argument})" for argument in inspect.signature(thing).parameters]
    return lines


def test_names_are_those_of_the_committed_list():
    # to change them on purpose: python -m tests.house.test_frozen
    assert names() == KEPT.read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    KEPT.write_text("\n".join(names()) + "\n", encoding="utf-8")
