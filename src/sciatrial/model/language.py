"""The words in which mechanisms are written: states, parameters, outputs, and a closed list of functions.

A mechanism is a plain function of named quantities that returns one rate. It is called with floats, numpy arrays,
pint quantities, sympy symbols or the tracing objects of a code generator, and must work for all of them: so no `if`,
and no function but those below. A tracing object offers the methods `exp`, `log`, `power` and `positive_part`, and may
offer `hill`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np


@dataclass(frozen=True)
class State:
    """A quantity that changes with time.

    `scale` is a typical size in `unit`, used for the solver's absolute tolerance; `ceiling` is the largest value that
    the equations allow (None: no fixed one). All states are 0 or more.
    """

    name: str
    unit: str
    meaning: str
    scale: float = 1.0
    ceiling: float | None = None


@dataclass(frozen=True)
class Parameter:
    """A number that a mechanism needs and that a row of the prior table gives."""

    name: str
    unit: str
    meaning: str


@dataclass(frozen=True)
class Output:
    """A quantity that is computed from the states: something felt, measured, or worth a look.

    `scale` is a typical size in `unit`: what an error is measured against where the quantity is small.
    """

    name: str
    unit: str
    meaning: str
    scale: float = 1.0


@dataclass(frozen=True)
class Mechanism:
    """One rate: the function, what it fills and drains, and where it comes from."""

    name: str
    rate: Callable[..., Any]
    changes: tuple[tuple[str, float], ...]
    sources: tuple[str, ...]
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Formula:
    """One algebraic quantity, computed from states, parameters and formulas before it."""

    name: str
    value: Callable[..., Any]
    unit: str
    meaning: str
    sources: tuple[str, ...]
    needs: tuple[str, ...]
    is_output: bool
    scale: float = 1.0


def mechanism(*, changes: Mapping[str, float], sources: tuple[str, ...]) -> Callable[[Callable[..., Any]], Mechanism]:
    """Turn a plain function into a `Mechanism`.

    Parameters
    ----------
    changes
        State name → factor: the state's rate of change gains factor × the function's value.
    sources
        Names of rows in the evidence tables, ``model:...`` for a section of the model's description, or
        ``assumption:...``.
    """

    def wrap(function: Callable[..., Any]) -> Mechanism:
        return Mechanism(
            function.__name__, function, tuple(changes.items()), sources, tuple(inspect.signature(function).parameters)
        )

    return wrap


def formula(unit: str, *, sources: tuple[str, ...] = ()) -> Callable[[Callable[..., Any]], Formula]:
    """Turn a plain function into a `Formula`: a quantity inside the model that mechanisms may use by its name."""

    def wrap(function: Callable[..., Any]) -> Formula:
        return _formula(function, unit, sources, is_output=False)

    return wrap


def output(unit: str, *, sources: tuple[str, ...] = (), scale: float = 1.0) -> Callable[[Callable[..., Any]], Formula]:
    """Turn a plain function into a `Formula` that is also reported to whoever simulates; `scale` as for `Output`."""

    def wrap(function: Callable[..., Any]) -> Formula:
        return replace(_formula(function, unit, sources, is_output=True), scale=scale)

    return wrap


def _formula(function: Callable[..., Any], unit: str, sources: tuple[str, ...], is_output: bool) -> Formula:
    meaning = (function.__doc__ or "").strip().split("\n")[0].rstrip(".")
    needs = tuple(inspect.signature(function).parameters)
    return Formula(function.__name__, function, unit, meaning, sources, needs, is_output)


def _is_sympy(x: Any) -> bool:
    return hasattr(x, "free_symbols")


def exp(x: Any) -> Any:
    """Return e to the power x."""
    if _is_sympy(x):
        import sympy

        return sympy.exp(x)
    return x.exp() if hasattr(x, "exp") else np.exp(x)


def log(x: Any) -> Any:
    """Return the natural logarithm of x > 0."""
    if _is_sympy(x):
        import sympy

        return sympy.log(x)
    return x.log() if hasattr(x, "log") else np.log(x)


def positive_part(x: Any) -> Any:
    """Return x where it is above zero, else zero."""
    if _is_sympy(x):
        import sympy

        return sympy.Max(x, 0)
    if hasattr(x, "positive_part"):
        return x.positive_part()
    return np.maximum(x, 0 * x)


def maximum(x: Any, y: Any) -> Any:
    """Return the larger of x and y."""
    return y + positive_part(x - y)


def power(x: Any, exponent: Any) -> Any:
    """Return the positive part of x to a power that need not be a whole number."""
    if _is_sympy(x) or _is_sympy(exponent):
        return positive_part(x) ** exponent
    if hasattr(x, "power"):
        return x.power(exponent)
    if hasattr(exponent, "power"):
        raise TypeError("power: trace the base as well as the exponent")
    return positive_part(x) ** exponent


def hill(x: Any, *, half: Any, steepness: Any = 1) -> Any:
    """Return x^n / (x^n + half^n): from 0 to 1, one half where x = half.

    `steepness` n is a whole number written in the equation, or a parameter.
    """
    if hasattr(x, "hill"):
        return x.hill(half, steepness)
    if isinstance(steepness, int):
        ratio = (x / half) ** steepness
    else:
        ratio = power(x / half, steepness)
    return ratio / (1 + ratio)
