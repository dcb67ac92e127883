"""The one unit registry, and the two conversions of time that every room needs."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pint

DAYS_PER_WEEK = 7.0
DAYS_PER_MONTH = 30.44
WEEKS_PER_MONTH = 4.348
DAYS_PER_YEAR = 365.25


@cache
def unit_registry() -> pint.UnitRegistry:
    """Return the registry that knows every unit in the vocabulary.

    `million_cells` is a dimension of its own, so that a number of cells cannot be taken for a fraction.
    """
    import pint

    registry = pint.UnitRegistry()
    registry.define("million_cells = [cells]")
    registry.define("nrs_point = [pain]")
    return registry
