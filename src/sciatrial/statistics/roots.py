"""Roots of functions of one number."""

from __future__ import annotations

from collections.abc import Callable

from scipy.optimize import root_scalar

from sciatrial.foundation import Problem, TrialError

_SECANT_STEPS = 30
_TOLERANCE = 1e-11


def root_between(miss: Callable[[float], float], low: float, high: float, *, error: float = 1e-12) -> float:
    """Return where a function changes its sign between two numbers, to an absolute `error` (above 0)."""
    return float(root_scalar(miss, bracket=(low, high), method="brentq", xtol=error).root)


def root_near(
    miss: Callable[[float], float], start: float, slope: float, limits: tuple[float, float], what: str
) -> float:
    """Return the root of a nearly straight function, by secant steps; between the limits when these do not settle.

    Parameters
    ----------
    miss
        Continuous function, 0 at the root; values below 1e-11 count as 0.
    start, slope
        First guess of the root, and of the slope there.
    limits
        Between them lies a change of sign.
    what
        Name of the number, for the error.

    Raises
    ------
    TrialError
        When there is no root between the limits.
    """
    earlier, before = start, miss(start)
    now = start - before / slope
    for _ in range(_SECANT_STEPS):
        if abs(before) < _TOLERANCE:
            return earlier
        if not limits[0] < now < limits[1]:
            break
        value = miss(now)
        if abs(value) < _TOLERANCE:
            return now
        if value == before:
            break
        earlier, before, now = now, value, now - value * (now - earlier) / (value - before)
    if not miss(limits[0]) * miss(limits[1]) <= 0:
        expected = "rules that one can meet"
        raise TrialError(
            "group-sequential design", Problem(what, f"none between {limits[0]:g} and {limits[1]:g} fits", expected)
        )
    return root_between(miss, *limits)
