"""A law as it is written: the tree of its arithmetic, from which formulas are printed and exported.

A law is called once with recording objects in place of numbers, so what is printed is the function that is solved.
Nothing is simplified or reordered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sciatrial.model.language import Formula, Mechanism

# kind → number of parts; a name holds its text, a number its value
KINDS = {
    "name": 1, "number": 1, "add": 2, "subtract": 2, "multiply": 2, "divide": 2, "negate": 1, "power": 2, "exp": 1,
    "log": 1, "positive_part": 1, "hill": 3,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Expression:
    """One node: its kind and its parts, which are nodes, or the text of a name, or the value of a number."""

    __array_ufunc__ = None  # numpy numbers then leave the arithmetic to this class

    kind: str
    parts: tuple[Any, ...]

    @staticmethod
    def of(value: Any) -> Expression:
        """Return an expression itself, or a number as one."""
        return value if isinstance(value, Expression) else Expression("number", (float(value),))

    @staticmethod
    def called(name: str) -> Expression:
        """Return a quantity by its name."""
        return Expression("name", (name,))

    def _with(self, kind: str, *parts: Any) -> Expression:
        return Expression(kind, tuple(Expression.of(part) for part in parts))

    def __add__(self, other: Any) -> Expression:
        return self._with("add", self, other)

    def __radd__(self, other: Any) -> Expression:
        return self._with("add", other, self)

    def __sub__(self, other: Any) -> Expression:
        return self._with("subtract", self, other)

    def __rsub__(self, other: Any) -> Expression:
        return self._with("subtract", other, self)

    def __mul__(self, other: Any) -> Expression:
        return self._with("multiply", self, other)

    def __rmul__(self, other: Any) -> Expression:
        return self._with("multiply", other, self)

    def __truediv__(self, other: Any) -> Expression:
        return self._with("divide", self, other)

    def __rtruediv__(self, other: Any) -> Expression:
        return self._with("divide", other, self)

    def __neg__(self) -> Expression:
        return self._with("negate", self)

    def __pow__(self, exponent: Any) -> Expression:
        return self._with("power", self, exponent)

    def __bool__(self) -> bool:
        raise TypeError("a law must not branch: use hill, positive_part or maximum")

    def exp(self) -> Expression:
        """Return e to the power of this."""
        return self._with("exp", self)

    def log(self) -> Expression:
        """Return the natural logarithm."""
        return self._with("log", self)

    def power(self, exponent: Any) -> Expression:
        """Return the positive part to a power."""
        return self._with("power", self.positive_part(), exponent)

    def positive_part(self) -> Expression:
        """Return this where it is above 0, else 0."""
        return self._with("positive_part", self)

    def hill(self, half: Any, steepness: Any) -> Expression:
        """Return x^n / (x^n + half^n)."""
        return self._with("hill", self, half, steepness)

    def spelled_out(self) -> Expression:
        """Return this node without `hill`: the same arithmetic as the law's own."""
        if self.kind != "hill":
            return self
        x, half, steepness = self.parts
        ratio = x / half
        if steepness.kind == "number":
            raised = ratio if steepness.parts[0] == 1 else ratio**steepness
        else:
            raised = ratio.power(steepness)
        return raised / (1 + raised)

    def value(self, numbers: dict[str, Any]) -> Any:
        """Return the value with these numbers for its names; floats or arrays."""
        if self.kind == "name":
            return numbers[self.parts[0]]
        if self.kind == "number":
            return self.parts[0]
        if self.kind == "hill":
            return self.spelled_out().value(numbers)
        return _VALUES[self.kind](*(part.value(numbers) for part in self.parts))


_VALUES: dict[str, Any] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "negate": lambda a: -a,
    "power": lambda a, b: a**b,
    "exp": np.exp,
    "log": np.log,
    "positive_part": lambda a: np.maximum(a, 0 * a),
}


def law_as_written(law: Formula | Mechanism) -> Expression:
    """Return the arithmetic of a formula or of a mechanism's rate."""
    function = law.value if isinstance(law, Formula) else law.rate
    return Expression.of(function(**{name: Expression.called(name) for name in law.needs}))
