"""How far the model looks ahead: five years, beyond which no law was checked."""

from __future__ import annotations

from collections.abc import Iterable

from sciatrial.foundation.errors import Problem

LONGEST_MONTHS = 60.0


def months_problem(where: str, months: Iterable[float]) -> Problem | None:
    """Return what is wrong with months at which the model is asked, or None.

    Parameters
    ----------
    where
        What the caller calls them.
    months
        Months after entry or randomisation; one or more, above 0 and up to `LONGEST_MONTHS`.
    """
    asked = list(months)
    if asked and all(0 < month <= LONGEST_MONTHS for month in asked):  # not a number is neither
        return None
    told = ", ".join(f"{month:g}" for month in asked)
    found = f"is {told}" if asked else "none is given"
    return Problem(where, found, f"above 0, up to {LONGEST_MONTHS:g}", "the model is made for five years at most")
