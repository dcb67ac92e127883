"""Which arms count as one treatment, so that trials can be compared at all."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sciatrial.foundation import Intervention

PLACEBO_PROCEDURE = "placebo_procedure"
CELLS = Intervention.CELL_THERAPY.value
# assumption: a needle that brings nothing, or salt water, is one comparator; each trial keeps its own placebo response
_PLACEBO = (Intervention.SHAM, Intervention.SALINE)


class Level(StrEnum):
    """How finely treatments are told apart."""

    CLASS = "class"
    PRODUCT = "product"


def treatment_of(arm: Mapping[str, Any], level: Level | str = Level.CLASS) -> str:
    """Name the treatment of an arm.

    Sham and saline injections are one placebo procedure. Cells are one class, or told apart by `cell_type` at the level
    of products, where each product stays nested in its class. What has no word of its own (`other`) is never joined
    with another study's: it carries the arm's name.

    Parameters
    ----------
    arm
        With ``intervention, cell_type, arm_id``.
    level
        A word of `Level`.
    """
    intervention = Intervention(arm["intervention"])
    if intervention in _PLACEBO:
        return PLACEBO_PROCEDURE
    if intervention is Intervention.OTHER:
        return f"other: {arm['arm_id']}"
    if intervention is Intervention.CELL_THERAPY and Level(level) is Level.PRODUCT:
        return f"{CELLS}: {arm['cell_type']}"
    return intervention.value


def class_of(treatment: str) -> str:
    """Return the class of a treatment: that of a cell product is cell therapy, any other is its own."""
    return CELLS if treatment.startswith(f"{CELLS}:") else treatment
